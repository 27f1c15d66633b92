"""What a report says about a whole corpus, counted recording by recording so that memory stays flat."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tutor.intake import Item, Problem
from tutor.phones import phone_of, strip_stress
from tutor.result import GRADED, INSERTED, OMITTED, OTHER_TEXT, REPEATED, UNCLEAR, Assessment
from tutor.rhythm import rhythm
from tutor.substitution import substitution

SCORES = ("overall", "accuracy", "fluency", "prosody", "completeness")
TIMING = ("speech_rate", "articulation_rate", "pause_share", "npvi_v", "pct_v", "delta_c_ms", "varco_c")
MAX_GROUPS = 12
WORST_SHOWN = 12
_WORST_KEPT = 400
_SURE = 0.5
_MAX_VALUES = 200
_RANGES = 4
_VERDICTS = {OTHER_TEXT: "something else than the text was read", UNCLEAR: "too poor to judge"}

Groups = dict[str, dict[str, list[float]]]
"""Overall scores by value of a column and by speaker."""


@dataclass
class Spread:
    """Count, mean and standard deviation of values that come one by one (Welford)."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, value: float) -> None:
        """Count one value; NaN is not one."""
        if math.isnan(value):
            return
        self.count += 1
        step = value - self.mean
        self.mean += step / self.count
        self.squares += step * (value - self.mean)

    @property
    def deviation(self) -> float:
        """Standard deviation of the sample; NaN below two values."""
        return math.sqrt(self.squares / (self.count - 1)) if self.count > 1 else math.nan


@dataclass
class Plane:
    """Mean and covariance of points (x, y) that come one by one."""

    count: int = 0
    x: float = 0.0
    y: float = 0.0
    xx: float = 0.0
    yy: float = 0.0
    xy: float = 0.0

    def add(self, x: float, y: float) -> None:
        """Count one point."""
        self.count += 1
        dx, dy = x - self.x, y - self.y
        self.x += dx / self.count
        self.y += dy / self.count
        self.xx += dx * (x - self.x)
        self.yy += dy * (y - self.y)
        self.xy += dx * (y - self.y)


@dataclass(frozen=True, order=True)
class WorstPhone:
    """A badly scored phone: where it is and what was heard. Orders from best to worst, ties by place."""

    badness: float
    utterance: str
    start_s: float
    end_s: float = field(compare=False)
    word: str = field(compare=False)
    ipa: str = field(compare=False)
    heard_ipa: str = field(compare=False)
    word_start_s: float = field(compare=False)
    word_end_s: float = field(compare=False)
    speaker: str = field(compare=False)
    item: Item = field(compare=False)


class Tally:
    """Counts over a corpus; ``add`` every recording once, in any order."""

    def __init__(self) -> None:
        self.verdicts: Counter[str] = Counter()
        self.failed = 0
        self.audio_s = 0.0
        self.scores: dict[str, list[float]] = {name: [] for name in SCORES}
        self.word_scores: Counter[int] = Counter()
        self.phone_scores: Counter[int] = Counter()
        self.statuses: Counter[str] = Counter()
        self.timing: dict[str, Spread] = {name: Spread() for name in TIMING}
        self.phones: dict[str, Spread] = {}
        self.confusions: dict[str, Counter[str]] = {}
        self.speakers: dict[str, dict[str, Spread]] = {}
        self.groups: dict[str, Groups] = {}
        self.flagged: list[Problem] = []
        self.vowels: dict[str, Plane] = {}
        self._worst: list[WorstPhone] = []

    def add(self, item: Item, assessment: Assessment | None, error: str = "") -> None:
        """Count one recording; None and the ``error`` for one that could not be scored."""
        if assessment is None:
            self.failed += 1
            self.flagged.append(Problem(item.id, error, "not scored"))
            return
        self.verdicts[assessment.verdict] += 1
        self.audio_s += assessment.audio.duration_s
        if assessment.verdict != GRADED:
            self.flagged.append(Problem(item.id, _VERDICTS[assessment.verdict], "not graded"))
            return
        self._add_scores(item, assessment)
        self._add_phones(item, assessment)

    def add_vowels(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Count the vowels of phone rows (see ``columns.PHONES``) that have normalised formants."""
        for row in rows:
            if row.get("f1_lobanov") is not None and row["manner"] == "vowel":
                self.vowels.setdefault(row["arpabet"], Plane()).add(row["f2_lobanov"], row["f1_lobanov"])

    def worst(self) -> list[WorstPhone]:
        """The worst phones, at most two of a kind and two of a speaker."""
        kinds: Counter[str] = Counter()
        speakers: Counter[str] = Counter()
        chosen = []
        for phone in sorted(self._worst, reverse=True):
            if kinds[phone.ipa] < 2 and (speakers[phone.speaker] < 2 or not phone.speaker):
                kinds[phone.ipa] += 1
                speakers[phone.speaker] += 1
                chosen.append(phone)
        return chosen[:WORST_SHOWN]

    def _add_scores(self, item: Item, assessment: Assessment) -> None:
        scores = asdict(assessment.scores)
        for name in SCORES:
            self.scores[name].append(scores[name])
        times = asdict(rhythm(assessment))
        for name in TIMING:
            self.timing[name].add(times[name])
        mine = self.speakers.setdefault(item.speaker, {name: Spread() for name in (*SCORES, *TIMING)})
        for name, value in {**scores, **{name: times[name] for name in TIMING}}.items():
            mine[name].add(value)
        for kind, value in item.fields:
            groups = self.groups.setdefault(kind, {})
            # A column with a new value in every row is no grouping; one value too many marks it as such.
            if value in groups or len(groups) <= _MAX_VALUES:
                groups.setdefault(value, {}).setdefault(item.speaker, []).append(scores["overall"])

    def _add_phones(self, item: Item, assessment: Assessment) -> None:
        for word in assessment.words:
            self.statuses[word.status] += 1
            if word.status not in (INSERTED, REPEATED):
                self.word_scores[int(word.score // 5)] += 1
            for phone in word.phonemes:
                name = strip_stress(phone.arpabet)
                self.phone_scores[int(phone.score // 5)] += 1
                self.phones.setdefault(name, Spread()).add(phone.score)
                heard = substitution(phone)
                said = strip_stress(heard.arpabet) if heard else name
                self.confusions.setdefault(name, Counter())[said] += 1
                if (
                    word.status != OMITTED
                    and phone.confidence >= _SURE
                    and heard is not None
                    and said != name
                ):
                    entry = WorstPhone(
                        round(100 - phone.score, 3),
                        item.id,
                        phone.start,
                        phone.end,
                        word.text,
                        phone_of(phone.arpabet).ipa,
                        heard.ipa,
                        word.start,
                        word.end,
                        item.speaker,
                        item,
                    )
                    if len(self._worst) < _WORST_KEPT:
                        heapq.heappush(self._worst, entry)
                    else:
                        heapq.heappushpop(self._worst, entry)


def groupings(tally: Tally) -> dict[str, Groups]:
    """The input's columns that divide the corpus into 2 to 12 groups; numbers with more values into four
    ranges.
    """
    kinds: dict[str, Groups] = {}
    for kind, groups in sorted(tally.groups.items()):
        fewer = _ranges(groups) if MAX_GROUPS < len(groups) <= _MAX_VALUES else groups
        if 2 <= len(fewer) <= MAX_GROUPS:
            kinds[kind] = fewer if fewer is not groups else dict(sorted(groups.items()))
    return kinds


def _ranges(groups: Groups) -> Groups:
    """Numeric values merged into ranges of about as many recordings each; other values as they are."""
    try:
        ordered = sorted((value for value in groups if value), key=float)
    except ValueError:
        return groups
    counts = [sum(map(len, groups[value].values())) for value in ordered]
    merged: Groups = {}
    before = 0
    ranges: list[list[str]] = [[] for _ in range(_RANGES)]
    for value, count in zip(ordered, counts, strict=True):
        ranges[min(_RANGES - 1, before * _RANGES // sum(counts))].append(value)
        before += count
    for values in ranges:
        if not values:
            continue
        name = values[0] if len(values) == 1 else f"{values[0]}–{values[-1]}"
        target = merged.setdefault(name, {})
        for value in values:
            for speaker, scores in groups[value].items():
                target.setdefault(speaker, []).extend(scores)
    if "" in groups:
        merged[""] = groups[""]
    return merged
