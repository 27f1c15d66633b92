"""Which sounds to practise today: spaced repetition of weak phones, and the lesson items that drill them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import zip_longest
from statistics import fmean

from tutor.attempt import FAIR, GOOD, PhoneScore, local_day
from tutor.lessons import LEVELS, Item, Lesson, items_for

FIRST_INTERVAL_DAYS = 1.0
GOOD_FACTOR, FAIR_FACTOR = 2.2, 1.2
"""How much longer to wait after a day that went well or fairly; a poor day starts again at once."""

LONGEST_INTERVAL_DAYS = 60.0
RECENT_WEIGHT = 0.4
"""Share of the newest day in the running score."""

MIN_COUNT = 3
"""Phones judged fewer times than this are not called weak yet."""


@dataclass(frozen=True)
class Card:
    """Where the learner stands with one phone (ARPAbet without stress).

    ``score``: 0–100, newer days weigh more. ``count``: times judged. ``heard``: what is mostly said instead,
    or empty. ``interval_days`` after ``last`` it is due again.
    """

    arpabet: str
    score: float
    count: int
    heard: str
    last: date
    interval_days: float

    @property
    def due(self) -> date:
        return self.last + timedelta(days=round(self.interval_days))

    def urgency(self, today: date) -> float:
        """Above 0 when due: weak phones and long overdue ones first."""
        if self.due > today or self.count < MIN_COUNT:
            return 0.0
        overdue = (today - self.due).days / max(self.interval_days, 1.0)
        return (101 - self.score) * (1 + min(overdue, 3.0) / 3)


def cards(scores: Iterable[PhoneScore]) -> tuple[Card, ...]:
    """One card per phone from all its scores so far (any order); all takes of one day are one repetition."""
    days: dict[str, dict[date, list[PhoneScore]]] = defaultdict(lambda: defaultdict(list))
    for score in scores:
        days[score.arpabet][local_day(score.when)].append(score)
    return tuple(_card(arpabet, by_day) for arpabet, by_day in sorted(days.items()))


def due_cards(found: Iterable[Card], today: date) -> tuple[Card, ...]:
    """The cards to practise today, the most urgent first."""
    due = [card for card in found if card.urgency(today) > 0]
    return tuple(sorted(due, key=lambda card: (-card.urgency(today), card.arpabet)))


def drill(
    lessons: Sequence[Lesson],
    due: Sequence[Card],
    best: Mapping[str, float],
    *,
    count: int = 10,
    phones: int = 3,
    level: str = "C1",
) -> tuple[Item, ...]:
    """Up to ``count`` items for the first ``phones`` due cards, taking turns between the phones.

    ``best``: best overall score so far by item id. Items with the usual confusion come first, then those not
    yet said well, then the easier ones; none above ``level``.
    """
    allowed = LEVELS[: LEVELS.index(level) + 1]
    queues = []
    for card in due[:phones]:
        items = [item for item in items_for(lessons, card.arpabet) if item.level in allowed]
        queues.append(
            sorted(items, key=lambda item: (card.heard not in item.targets, best.get(item.id, 0.0) >= GOOD))
        )
    mixed = [item for turn in zip_longest(*queues) for item in turn if item is not None]
    return tuple(dict.fromkeys(mixed))[:count]


def _card(arpabet: str, by_day: Mapping[date, Sequence[PhoneScore]]) -> Card:
    ordered = sorted(by_day)
    running, interval_days = 0.0, 0.0
    for place, day in enumerate(ordered):
        mean = fmean(score.score for score in by_day[day])
        running = mean if place == 0 else running + RECENT_WEIGHT * (mean - running)
        interval_days = _next_interval(interval_days, mean)
    substitutes = [score.heard for day in ordered[-5:] for score in by_day[day] if score.heard]
    return Card(
        arpabet=arpabet,
        score=running,
        count=sum(len(scores) for scores in by_day.values()),
        heard=max(sorted(set(substitutes)), key=substitutes.count, default=""),
        last=ordered[-1],
        interval_days=interval_days,
    )


def _next_interval(interval_days: float, score: float) -> float:
    if score < FAIR:
        return 0.0
    factor = GOOD_FACTOR if score >= GOOD else FAIR_FACTOR
    return min(max(FIRST_INTERVAL_DAYS, interval_days * factor), LONGEST_INTERVAL_DAYS)
