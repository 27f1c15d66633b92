"""Praat TextGrids: the long text form written, long and short text forms in any of Praat's encodings read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tutor.errors import CorpusError
from tutor.result import OMITTED, OTHER_TEXT, Assessment
from tutor.substitution import substitution

# Praat reads a text file as free-standing numbers, "strings" and <flags> and skips every other word.
_TOKEN = re.compile(r'"((?:[^"]|"")*)"|<(\w+)>|(?<!\S)([-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)(?!\S)')


@dataclass(frozen=True)
class Interval:
    """A labelled stretch, seconds from the start of the recording; a point has ``start_s == end_s``."""

    start_s: float
    end_s: float
    label: str


@dataclass(frozen=True)
class Tier:
    """A named row of intervals in time order that do not overlap."""

    name: str
    intervals: tuple[Interval, ...]


def textgrid(tiers: Sequence[Tier], end_s: float) -> str:
    """The long text form, from 0 to ``end_s``; gaps become empty intervals, as Praat wants."""
    lines = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "xmin = 0 ",
        f"xmax = {_number(end_s)} ",
        "tiers? <exists> ",
        f"size = {len(tiers)} ",
        "item []: ",
    ]
    for number, tier in enumerate(tiers, 1):
        intervals = _without_gaps(tier.intervals, end_s)
        lines += [
            f"    item [{number}]:",
            '        class = "IntervalTier" ',
            f'        name = "{_quoted(tier.name)}" ',
            "        xmin = 0 ",
            f"        xmax = {_number(end_s)} ",
            f"        intervals: size = {len(intervals)} ",
        ]
        for index, interval in enumerate(intervals, 1):
            lines += [
                f"        intervals [{index}]:",
                f"            xmin = {_number(interval.start_s)} ",
                f"            xmax = {_number(interval.end_s)} ",
                f'            text = "{_quoted(interval.label)}" ',
            ]
    return "\n".join(lines) + "\n"


def tiers_of(assessment: Assessment) -> tuple[Tier, ...]:
    """words, phones (ARPAbet), phones ipa, word scores, phone scores (0–100), heard instead (IPA).

    ``words`` and ``phones`` carry the names that MFA-style tools look for. What was read where another text
    was expected has no places: all tiers are empty then.
    """
    said = [word for word in assessment.words if word.status != OMITTED]
    words = said if assessment.verdict != OTHER_TEXT else []
    phones = [phone for word in words for phone in word.phonemes]
    return (
        _tier("words", [Interval(word.start, word.end, word.text) for word in words]),
        _tier("phones", [Interval(phone.start, phone.end, phone.arpabet) for phone in phones]),
        _tier("phones ipa", [Interval(phone.start, phone.end, phone.ipa) for phone in phones]),
        _tier("word scores", [Interval(word.start, word.end, f"{word.score:.0f}") for word in words]),
        _tier("phone scores", [Interval(phone.start, phone.end, f"{phone.score:.0f}") for phone in phones]),
        _tier(
            "heard instead",
            [
                Interval(phone.start, phone.end, heard.ipa)
                for phone in phones
                if (heard := substitution(phone)) is not None
            ],
        ),
    )


def read_textgrid(path: Path) -> tuple[Tier, ...]:
    """All tiers of a TextGrid; points become intervals without length. ``CorpusError`` when it is not one."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{path.name} cannot be read ({error.strerror}).") from error
    return parse_textgrid(_decoded(raw), path.name)


def parse_textgrid(text: str, name: str = "TextGrid") -> tuple[Tier, ...]:
    """The tiers of a TextGrid's text, long or short form. ``CorpusError`` when it is damaged."""
    try:
        return tuple(_tiers(_tokens(text)))
    except (StopIteration, RuntimeError, ValueError, TypeError) as error:
        raise CorpusError(
            f"{name} is not a complete TextGrid in Praat's text form; save it again."
        ) from error


def _tiers(tokens: Iterator[str | float]) -> list[Tier]:
    if (next(tokens), next(tokens)) != ("ooTextFile", "TextGrid"):
        raise ValueError("not a TextGrid")
    next(tokens), next(tokens), next(tokens)  # start, end, <exists>
    tiers = []
    for _ in range(_whole(next(tokens))):
        kind, name = next(tokens), next(tokens)
        next(tokens), next(tokens)  # start, end
        intervals = []
        for _ in range(_whole(next(tokens))):
            start_s = _seconds(next(tokens))
            end_s = _seconds(next(tokens)) if kind == "IntervalTier" else start_s
            label = next(tokens)
            if not isinstance(label, str):
                raise TypeError("label missing")
            intervals.append(Interval(start_s, end_s, label))
        tiers.append(Tier(str(name), tuple(intervals)))
    return tiers


def _tokens(text: str) -> Iterator[str | float]:
    for string, flag, number in _TOKEN.findall(_without_comments(text)):
        if number:
            yield float(number)
        else:
            yield flag or string.replace('""', '"')


def _without_comments(text: str) -> str:
    """Comments run from ! to the end of a line, but an exclamation mark in a label is a label."""
    return (
        text if "!" not in text else re.sub(r'("(?:[^"]|"")*")|![^\n]*', lambda found: found[1] or "", text)
    )


def _whole(value: str | float) -> int:
    if not isinstance(value, float) or value != int(value) or value < 0:
        raise ValueError("a count was expected")
    return int(value)


def _seconds(value: str | float) -> float:
    if not isinstance(value, float):
        raise TypeError("a time was expected")
    return value


def _decoded(raw: bytes) -> str:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _tier(name: str, intervals: Sequence[Interval]) -> Tier:
    """Praat wants lengths above zero and no overlap: what starts before its neighbour ends is cut."""
    kept: list[Interval] = []
    for interval in sorted(intervals, key=lambda item: (item.start_s, item.end_s)):
        start_s = max(interval.start_s, kept[-1].end_s if kept else 0.0)
        if interval.end_s > start_s:
            kept.append(Interval(start_s, interval.end_s, interval.label))
    return Tier(name, tuple(kept))


def _without_gaps(intervals: Sequence[Interval], end_s: float) -> list[Interval]:
    filled: list[Interval] = []
    now = 0.0
    for interval in intervals:
        if interval.start_s > now:
            filled.append(Interval(now, interval.start_s, ""))
        filled.append(interval)
        now = interval.end_s
    if now < end_s or not filled:
        filled.append(Interval(now, end_s, ""))
    return filled


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".") or "0"


def _quoted(text: str) -> str:
    return text.replace('"', '""').replace("\r", " ").replace("\n", " ")
