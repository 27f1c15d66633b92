"""British pronunciations derived from American ones by rule, written with the same 39 phones.

After Wells, Accents of English (1982), part 2: R only before vowels, NURSE and lettER without R, LOT with a
rounded vowel, BATH with the vowel of PALM (word list), Y kept after T, D and N. What no rule gives is listed in
assets/lexicon/uk.txt.
"""

from __future__ import annotations

import re

from tutor import phones

Pronunciation = tuple[str, ...]

BATH = frozenset(
    """advance advantage after afternoon afterwards answer ask aunt banana basket bastard bath blast branch brass broadcast
    calf calve can't cast castle caster chance chancellor chant clasp class classroom command commander contrast craft daft dance
    dancer demand disaster draft draught enchant example fast fasten flask france gasp ghastly giraffe glance glass
    grant graph grasp grass half halve lance last lather laugh laughter lance mask mast master mastermind nasty outcast overcast
    pass passage past pastor pasture path photograph plant plaster prance raft rafter rasp rather ranch sample shaft
    shan't slander slant staff stanza surpass task telegraph trance transplant vantage vast villa""".split()
) - {"passage", "villa", "stanza", "lather"}
_INFLECTION = re.compile(r"(?:'s|s|es|ed|d|ing|er|ers|ly)$")
# After these consonants British speech keeps the glide of "new".
_YOD = {"T", "D", "N"}


def forms(word: str, american: Pronunciation) -> tuple[Pronunciation, ...]:
    """British forms of one American pronunciation, likeliest first (at most 4); a linking R is one of them.

    ``word`` is the lower-case spelling, which tells LOT from PALM and NEW from NOON.
    """
    base = _bath(word, _yod(word, american))
    result = [_without_r(base)]
    rounded = _lot(word, base)
    if rounded != base:
        result.insert(0, _without_r(rounded))
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
    while stem not in BATH and (shorter := _INFLECTION.sub("", stem)) != stem:
        stem = shorter
    if stem not in BATH and stem + "e" not in BATH:
        return known
    result = list(known)
    for at in range(len(result) - 1, -1, -1):
        if result[at] in ("AE1", "AE2"):
            result[at] = "AA" + result[at][-1]
            break
    return tuple(result)


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
