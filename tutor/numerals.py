"""Which numbers stand in a text and how they are read: dates, times, money, measures, fractions."""

from __future__ import annotations

import re
from collections.abc import Callable

from tutor.numberwords import cardinal, one_by_one, ordinal, plural, year

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
_MONTH = (
    "(?P<month>"
    + "|".join(rf"{m}|{m[:3]}\b\.?" + (r"|Sept\b\.?" if m == "September" else "") for m in MONTHS)
    + ")"
)
_CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "sen", "sen"),
}
_SCALES = {"k": "thousand", "m": "million", "bn": "billion", "b": "billion"}
_UNITS = {
    "km": "kilometers", "m": "meters", "cm": "centimeters", "mm": "millimeters", "kg": "kilograms",
    "g": "grams", "mg": "milligrams", "lb": "pounds", "lbs": "pounds", "oz": "ounces", "mi": "miles",
    "ml": "milliliters", "l": "liters", "hr": "hours", "hrs": "hours", "min": "minutes", "mins": "minutes",
    "sec": "seconds", "secs": "seconds", "ms": "milliseconds", "yd": "yards", "ft": "feet",
    "in.": "inches", "gb": "gigabytes", "mb": "megabytes", "kb": "kilobytes", "tb": "terabytes",
    "hz": "hertz", "khz": "kilohertz", "mhz": "megahertz", "ghz": "gigahertz", "w": "watts",
    "kw": "kilowatts", "v": "volts", "mph": "miles per hour", "kph": "kilometers per hour",
    "km/h": "kilometers per hour", "m/s": "meters per second",
}  # fmt: skip
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_SINGULARS = {"feet": "foot", "inches": "inch", "hertz": "hertz", "kilohertz": "kilohertz",
              "megahertz": "megahertz", "gigahertz": "gigahertz"}  # fmt: skip
_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_HALF_DAY = r"(?:\s?(?P<half>[ap])\.?m(?:\b\.?|\.))"
_YEAR_BEFORE = re.compile(
    r"(?:\b(?:in|since|by|from|until|till|to|before|after|year|during|of|around|about|and|late|early|mid)"
    rf"|(?:{'|'.join(MONTHS)}),?)\s+$",
    re.IGNORECASE,
)
_COUNTED_AFTER = re.compile(r"\s+[a-z]+s\b|\s+(?:people|men|women|children)\b")
_PART_BEFORE = re.compile(
    r"\b(?:chapter|part|volume|act|scene|section|war|book|phase|type|class|level|stage)\s+$", re.IGNORECASE
)
_RULER_BEFORE = re.compile(
    r"\b(?:Henry|Elizabeth|Louis|George|Edward|Charles|James|William|Richard|Philip|Peter|Pius|Paul)\s+$"
)
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10}

Reader = Callable[["re.Match[str]", str], list[str]]


def read(text: str, at: int, accent: str) -> tuple[int, list[str]] | None:
    """The number form that starts at ``at`` as (end, spoken words); None where none starts."""
    if at and (text[at - 1].isdigit() or (text[at - 1].isalpha() and not text[at].isdigit())):
        return None
    for pattern, reader in _FORMS:
        match = pattern.match(text, at)
        if match and (words := reader(match, accent)):
            return match.end(), words
    return None


def _date(month: int, day: str, year_digits: str | None, accent: str) -> list[str]:
    """Words of a day, ``month`` 1–12; the order of the spoken words is the accent's."""
    if not (1 <= month <= 12 and 1 <= int(day) <= 31):
        return []
    name, number = MONTHS[month - 1], ordinal(day, accent)
    words = [name, *number] if accent == "us" else ["the", *number, "of", name]
    return [*words, *(_year(year_digits, accent) if year_digits else [])]


def _year(digits: str, accent: str) -> list[str]:
    if len(digits) == 2:
        return (["oh"] if digits[0] == "0" else []) + cardinal(str(int(digits)))
    return year(int(digits), accent) if 1000 <= int(digits) <= 2999 else cardinal(digits, accent)


def _month_number(match: re.Match[str]) -> int:
    return next(at for at, name in enumerate(MONTHS, 1) if name[:3] == match["month"][:3])


def _iso_date(match: re.Match[str], accent: str) -> list[str]:
    return _date(int(match[2]), match[3], match[1], accent)


def _slashed_date(match: re.Match[str], accent: str) -> list[str]:
    first, second = int(match[1]), int(match[2])
    month, day = (first, second) if accent == "us" else (second, first)
    if month > 12:
        month, day = day, month
    return _date(month, str(day), match[3], accent)


def _month_day(match: re.Match[str], accent: str) -> list[str]:
    if not 1 <= int(match["day"]) <= 31:
        return []
    the = [] if accent == "us" else ["the"]
    tail = _year(match["year"], accent) if match["year"] else []
    return [MONTHS[_month_number(match) - 1], *the, *ordinal(match["day"], accent), *tail]


def _day_month(match: re.Match[str], accent: str) -> list[str]:
    if not 1 <= int(match["day"]) <= 31:
        return []
    name = MONTHS[_month_number(match) - 1]
    between = ["of"] if match["of"] or not match["suffix"] else []
    the = [] if match["suffix"] else ["the"]
    tail = _year(match["year"], accent) if match["year"] else []
    return [*the, *ordinal(match["day"], accent), *between, name, *tail]


def _time(match: re.Match[str], accent: str) -> list[str]:
    hour, minute = int(match["hour"]), match["minute"]
    if hour > 24:
        return []
    half = [f"{match['half'].lower()}.m."] if match["half"] else []
    words = cardinal(str(hour))
    if match["second"]:
        return [*words, *cardinal(str(int(minute))), *cardinal(str(int(match["second"]))), *half]
    if minute == "00":
        return [*words, *(half or (["o'clock"] if hour <= 12 else ["hundred"]))]
    return [*words, *(["oh"] if minute[0] == "0" else []), *cardinal(str(int(minute))), *half]


def _hour(match: re.Match[str], accent: str) -> list[str]:
    return [*cardinal(match["hour"]), f"{match['half'].lower()}.m."]


def _money(match: re.Match[str], accent: str) -> list[str]:
    one, many, small_one, small_many = _CURRENCIES[match["sign"]]
    amount = match["amount"].replace(",", "")
    if match["scale"]:
        scale = match["scale"].strip().lower()
        return [*cardinal(amount, accent), _SCALES.get(scale, scale), many]
    whole, _, cents = amount.partition(".")
    if len(cents) != 2:
        return [*cardinal(amount, accent), one if amount == "1" else many]
    words = (
        [*cardinal(whole, accent), one if int(whole) == 1 else many] if int(whole) or not int(cents) else []
    )
    return words + (
        [*cardinal(str(int(cents))), small_one if int(cents) == 1 else small_many] if int(cents) else []
    )


def _decade(match: re.Match[str], accent: str) -> list[str]:
    digits = match[1]
    return plural(year(int(digits), accent) if len(digits) == 4 else cardinal(digits))


def _percent(match: re.Match[str], accent: str) -> list[str]:
    return [*_signed(match["number"], accent), "percent"]


def _degrees(match: re.Match[str], accent: str) -> list[str]:
    scale = {"C": ["Celsius"], "F": ["Fahrenheit"]}.get((match["scale"] or "").upper(), [])
    return [*_signed(match["number"], accent), "degree" if match["number"] == "1" else "degrees", *scale]


def _measure(match: re.Match[str], accent: str) -> list[str]:
    name = _UNITS[match["unit"].lower()]
    if accent == "uk":
        name = name.replace("meter", "metre").replace("liter", "litre")
    first, *rest = name.split()
    if match["number"] == "1" or match["joint"] == "-":
        first = _SINGULARS.get(first, first.removesuffix("s"))
    return [*_signed(match["number"], accent), first, *rest]


def _signed(number: str, accent: str) -> list[str]:
    return ["minus", *cardinal(number[1:], accent)] if number[0] == "-" else cardinal(number, accent)


def _telephone(match: re.Match[str], accent: str) -> list[str]:
    return one_by_one(re.sub(r"\D", "", match[0]))


def _fraction(match: re.Match[str], accent: str) -> list[str]:
    top, bottom = int(match["top"]), int(match["bottom"])
    whole = [*cardinal(match["whole"], accent), "and"] if match["whole"] else []
    if not 0 < top < bottom:
        return [*whole, *cardinal(match["top"], accent), *cardinal(match["bottom"], accent)]
    name = {2: ["half"], 4: ["quarter"]}.get(bottom) or ordinal(match["bottom"], accent)
    if top > 1:
        name = ["halves"] if bottom == 2 else plural(name)
    if top == 1 and bottom in (2, 4):
        return [*whole, "a", *name] if whole else ["one", *name]
    return [*whole, *cardinal(match["top"], accent), *name]


def _range(match: re.Match[str], accent: str) -> list[str]:
    first, second = match[1], match[2]
    if len(first) == 4 and len(second) in (2, 4) and 1100 <= int(first) <= 2099:
        return [*_year(first, accent), "to", *_year(second, accent)]
    return [*cardinal(first, accent), "to", *cardinal(second, accent)]


def _ordinal(match: re.Match[str], accent: str) -> list[str]:
    return ordinal(match[1], accent)


def _sign(match: re.Match[str], accent: str) -> list[str]:
    return ["minus" if match["sign"] == "-" else "plus", *cardinal(match["number"], accent)]


def _numbered(match: re.Match[str], accent: str) -> list[str]:
    return ["number", *cardinal(match[1], accent)]


def _plain(match: re.Match[str], accent: str) -> list[str]:
    digits = match["number"]
    words = cardinal(digits, accent)
    if len(digits) == 4 and digits.isdigit() and 1000 <= int(digits) <= 2099:
        announced = _YEAR_BEFORE.search(match.string, max(0, match.start() - 20), match.start())
        counted = _COUNTED_AFTER.match(match.string, match.end())
        if (announced or int(digits) >= 1900) and not counted:
            words = year(int(digits), accent)
    return plural(words) if match["plural"] else words


def _point(match: re.Match[str], accent: str) -> list[str]:
    return ["point", *one_by_one(match[1])]


def _roman(match: re.Match[str], accent: str) -> list[str]:
    before = match.string[max(0, match.start() - 20) : match.start()]
    digits = [_ROMAN_VALUES[letter] for letter in match[0]]
    value = sum(-d if any(later > d for later in digits[at + 1 :]) else d for at, d in enumerate(digits))
    if _RULER_BEFORE.search(before):
        return ["the", *ordinal(str(value), accent)]
    return cardinal(str(value), accent) if _PART_BEFORE.search(before) else []


_FORMS: tuple[tuple[re.Pattern[str], Reader], ...] = tuple(
    (re.compile(pattern, re.ASCII), reader)
    for pattern, reader in (
        (r"(\d{4})-(\d{2})-(\d{2})\b", _iso_date),
        (r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})\b", _slashed_date),
        (
            rf"{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?!:)(?:,?\s+(?P<year>[12]\d{{3}})\b)?",
            _month_day,
        ),
        (
            rf"(?P<day>\d{{1,2}})(?P<suffix>st|nd|rd|th)?\s+(?P<of>of\s+)?{_MONTH}(?![a-z])"
            r"(?:,?\s+(?P<year>[12]\d{3})\b)?",
            _day_month,
        ),
        (rf"(?P<hour>\d{{1,2}}):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?(?!\d){_HALF_DAY}?", _time),
        (rf"(?P<hour>1[0-2]|[1-9]){_HALF_DAY}", _hour),
        (
            rf"(?P<sign>[$£€¥])\s?(?P<amount>{_NUMBER})"
            r"(?P<scale>\s(?:thousand|million|billion|trillion)\b|(?:k|K|m|M|bn|B)\b)?",
            _money,
        ),
        (rf"(?P<amount>{_NUMBER})\s?(?P<sign>[£€¥])(?P<scale>(?!))?", _money),
        (r"'?((?:1\d|20)?\d0)'?s\b", _decade),
        (rf"(?P<number>-?{_NUMBER})\s?%", _percent),
        (rf"(?P<number>-?{_NUMBER})\s?°\s?(?P<scale>[CcFf]\b)?", _degrees),
        (rf"(?P<number>-?{_NUMBER})(?P<joint>[\s-]?)(?P<unit>(?i:{_UNIT}))(?![A-Za-z0-9'/])", _measure),
        (
            r"0\d{2,4}[ -]\d{3,4}[ -]\d{3,4}\b"
            r"|\+?(?:\d{1,3}[ -])?\(?\d{3}\)?[ -]\d{3}[ -]\d{4}\b|\d{3}-\d{4}\b",
            _telephone,
        ),
        (r"(?:(?P<whole>\d+)\s+)?(?P<top>\d{1,6})/(?P<bottom>\d{1,6})\b", _fraction),
        (r"(\d+)\s?-\s?(\d+)\b(?!-)", _range),
        (r"(\d{1,3}(?:,\d{3})+|\d+)(?:st|nd|rd|th)\b", _ordinal),
        (rf"(?P<sign>[-+])(?P<number>{_NUMBER})", _sign),
        (rf"#\s?({_NUMBER})", _numbered),
        (rf"(?P<number>{_NUMBER})(?P<plural>'?s\b)?", _plain),
        (r"\.(\d+)", _point),
        (r"[IVX]{1,6}\b", _roman),
    )
)
