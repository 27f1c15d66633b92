"""The words of a number. Spelling comes from ICU's rules (icu-rbnf); years are read as people do."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from tutor.errors import InstallError

_MAX_DIGITS = 15
"""Longer numbers are read digit by digit, as nobody knows the names."""


_SCALES = {"thousand", "million", "billion", "trillion"}


def cardinal(digits: str, accent: str = "us") -> list[str]:
    """Words of a whole or decimal number without sign, commas allowed; with leading zeros digit by digit."""
    whole, _, fraction = digits.replace(",", "").partition(".")
    if len(whole) > _MAX_DIGITS or (len(whole) > 1 and whole[0] == "0"):
        words = one_by_one(whole)
    else:
        words = _split(_icu().spellout(int(whole or "0"), "en_US"), accent)
    return [*words, "point", *one_by_one(fraction)] if fraction else words


def ordinal(digits: str, accent: str = "us") -> list[str]:
    """Words of the ``digits``-th; beyond a million billion the plain digits."""
    plain = digits.replace(",", "")
    if len(plain) > _MAX_DIGITS:
        return one_by_one(plain)
    return _split(_icu().spellout_ordinal(int(plain), "en_US"), accent)


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
    return str(_icu().spellout(int(digit), "en_US"))


def _split(spelled: str, accent: str) -> list[str]:
    words = spelled.replace("-", " ").split()
    if accent == "us":
        return words
    result: list[str] = []
    for at, word in enumerate(words):
        rest = words[at + 1 :]
        result.append(word)
        if (
            rest
            and rest[0] not in _SCALES
            and (
                word == "hundred" or (word in _SCALES and not {"hundred", "hundredth", *_SCALES} & set(rest))
            )
        ):
            result.append("and")
    return result


def _icu() -> Any:
    try:
        import icu_rbnf
    except ImportError as error:
        raise InstallError("The package icu-rbnf is missing; reinstall Tutor.") from error
    return icu_rbnf
