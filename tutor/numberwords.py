"""The words of a number. Spelling is a library's (icu-rbnf, or inflect); years are read as people do."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from tutor.errors import InstallError

_MAX_DIGITS = 15
"""Longer numbers are read digit by digit, as nobody knows the names."""

_NAMES = {"thousand", "million", "billion", "trillion"}
_SCALES = _NAMES | {name + "th" for name in _NAMES}


def cardinal(digits: str, accent: str = "us") -> list[str]:
    """Words of a whole or decimal number without sign, commas allowed; with leading zeros digit by digit."""
    whole, _, fraction = digits.replace(",", "").partition(".")
    if len(whole) > _MAX_DIGITS or (len(whole) > 1 and whole[0] == "0"):
        words = one_by_one(whole)
    else:
        words = _split(_speller()[0](int(whole or "0")), accent)
    return [*words, "point", *one_by_one(fraction)] if fraction else words


def ordinal(digits: str, accent: str = "us") -> list[str]:
    """Words of the ``digits``-th; beyond a million billion the plain digits."""
    plain = digits.replace(",", "")
    if len(plain) > _MAX_DIGITS:
        return one_by_one(plain)
    return _split(_speller()[1](int(plain)), accent)


def year(number: int, accent: str = "us") -> list[str]:
    """A year from 1000 to 2999: nineteen ninety-nine, nineteen oh five, two thousand (and) five."""
    century, rest = divmod(number, 100)
    if number % 1000 < 10:
        return cardinal(str(number), accent)
    if rest == 0:
        return [*cardinal(str(century)), "hundred"]
    return [*cardinal(str(century)), *(["oh"] if rest < 10 else []), *cardinal(str(rest))]


def one_by_one(digits: str) -> list[str]:
    """Each digit by its name."""
    return [_digit_name(digit) for digit in digits]


def plural(words: list[str]) -> list[str]:
    """The last word in the plural: thirds, nineties, sixes."""
    last = words[-1]
    if last.endswith("y"):
        last = last[:-1] + "ies"
    else:
        last += "es" if last.endswith(("x", "s", "ch")) else "s"
    return [*words[:-1], last]


@lru_cache(maxsize=10)
def _digit_name(digit: str) -> str:
    return _speller()[0](int(digit))


def _split(spelled: str, accent: str) -> list[str]:
    words = spelled.replace("-", " ").split()
    if accent == "us":
        return words
    result: list[str] = []
    for at, word in enumerate(words):
        rest = words[at + 1 :]
        result.append(word)
        hundreds_end = word == "hundred" and rest and rest[0] not in _SCALES
        gap = word in _NAMES and rest and not {"hundred", "hundredth", *_SCALES}.intersection(rest)
        if hundreds_end or gap:
            result.append("and")
    return result


@lru_cache(maxsize=1)
def _speller() -> tuple[Callable[[int], str], Callable[[int], str]]:
    """Cardinals and ordinals without "and". ICU's package is quick and exists for Linux only; inflect runs
    anywhere and takes seconds to import."""
    try:
        import icu_rbnf
    except ImportError:
        try:
            import inflect
        except ImportError as error:
            raise InstallError("The package icu-rbnf (or inflect) is missing; reinstall Tutor.") from error
        engine = inflect.engine()

        def spell(number: int) -> str:
            return str(engine.number_to_words(number, andword="", comma=""))

        def spell_ordinal(number: int) -> str:
            return str(engine.number_to_words(engine.ordinal(number), andword="", comma=""))

        return spell, spell_ordinal
    return (lambda number: icu_rbnf.spellout(number, "en_US")), (
        lambda number: icu_rbnf.spellout_ordinal(number, "en_US")
    )
