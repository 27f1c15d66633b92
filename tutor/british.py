"""British pronunciations derived from American ones by rule, written with the same 39 phones.

After Wells, Accents of English (1982), part 2: R only before vowels, NURSE and lettER without R, LOT with a
rounded vowel, BATH with the vowel of PALM (assets/lexicon/uk_bath.txt), Y kept after T, D and N. What no rule
gives is listed in assets/lexicon/uk.txt.
"""

from __future__ import annotations

import re
from functools import lru_cache

from tutor import paths, phones
from tutor.errors import InstallError

Pronunciation = tuple[str, ...]

_INFLECTION = re.compile(r"(?:'s|s|es|ed|d|ing|er|ers|ly)$")
# After these consonants British speech keeps the glide of "new".
_YOD = {"T", "D", "N"}


def forms(word: str, american: Pronunciation) -> tuple[Pronunciation, ...]:
    """British forms of one American pronunciation, likeliest first (at most 4); a linking R is one of them.

    ``word`` is the lower-case spelling, which tells LOT from PALM and NEW from NOON.
    """
    base = _yod(word, american)
    rounded = _lot(word, base)
    result = [_without_r(_bath(word, rounded))]
    if rounded != base:
        result.append(_without_r(_bath(word, base)))
    if american[-1] in ("R", "ER0", "ER1", "ER2"):
        # "far away": the R is heard when the next word starts with a vowel.
        result.append((*result[0], "R"))
    return tuple(dict.fromkeys(result))


def _without_r(known: Pronunciation) -> Pronunciation:
    result: list[str] = []
    for at, phone in enumerate(known):
        bare = phones.strip_stress(phone)
        before_vowel = at + 1 < len(known) and phones.phone_of(known[at + 1]).is_vowel
        if bare == "ER":
            stress = phone[-1]
            result.append("AH0" if stress == "0" else ("AH" if before_vowel else "ER") + stress)
            if before_vowel:
                result.append("R")
        elif phone == "R" and result and _is_vowel(result[-1]) and not before_vowel:
            if phones.strip_stress(result[-1]) in ("IH", "IY", "UH", "UW", "AY", "AW"):
                result.append("AH0")
        else:
            result.append(phone)
    return tuple(result)


def _lot(word: str, known: Pronunciation) -> Pronunciation:
    if "o" not in word and "wa" not in word and "qua" not in word:
        return known
    return tuple(
        "AO" + phone[-1] if phones.strip_stress(phone) == "AA" and known[at + 1 : at + 2] != ("R",) else phone
        for at, phone in enumerate(known)
    )


def _bath(word: str, known: Pronunciation) -> Pronunciation:
    stem = word
    bath = _bath_words()
    while stem not in bath and (shorter := _INFLECTION.sub("", stem)) != stem:
        stem = shorter
    if stem not in bath and stem + "e" not in bath:
        return known
    result = list(known)
    for at in range(len(result) - 1, -1, -1):
        if result[at] in ("AE1", "AE2"):
            result[at] = "AA" + result[at][-1]
            break
    return tuple(result)


@lru_cache(maxsize=1)
def _bath_words() -> frozenset[str]:
    path = paths.assets_dir() / "lexicon" / "uk_bath.txt"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise InstallError("The word list {path} is missing or damaged; reinstall Tutor.", path=path) from error
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith(";;;"))


def _yod(word: str, known: Pronunciation) -> Pronunciation:
    if not re.search(r"[tdn](?:u|ew|eu)", word):
        return known
    result: list[str] = []
    for phone in known:
        if phones.strip_stress(phone) == "UW" and result and result[-1] in _YOD:
            result.append("Y")
        result.append(phone)
    return tuple(result)


def _is_vowel(name: str) -> bool:
    return phones.phone_of(name).is_vowel
