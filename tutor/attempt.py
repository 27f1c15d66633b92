"""One try at saying something, as it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from tutor.phones import strip_stress
from tutor.result import GRADED, Assessment, PhoneResult

Floats = NDArray[np.float32]

FAIR, GOOD = 60.0, 80.0
"""Scores from which a sound, word or sentence counts as fair and as good."""


@dataclass(frozen=True)
class Attempt:
    """``when``: seconds since 1970; ``item``: id of the lesson item, empty for own text; ``samples``:
    float32 (n,) 16 kHz, or None where the learner keeps no audio. ``id`` is 0 until it is stored."""

    learner: str
    item: str
    when: float
    assessment: Assessment
    samples: Floats | None = None
    id: int = 0

    @property
    def text(self) -> str:
        return self.assessment.text


@dataclass(frozen=True)
class Summary:
    """An attempt in a list: its scores 0–100 and whether there is a recording."""

    id: int
    learner: str
    item: str
    text: str
    when: float
    overall: float
    accuracy: float
    fluency: float
    prosody: float
    completeness: float
    has_audio: bool | int


@dataclass(frozen=True)
class PhoneScore:
    """One phone of one attempt: ``arpabet`` without stress, ``heard`` the phone said instead or empty."""

    when: float
    arpabet: str
    heard: str
    word: str
    score: float


@dataclass(frozen=True)
class PhoneMean:
    """How well a phone goes: the mean of the newest ``count`` scores, and what is mostly heard instead (or
    empty)."""

    arpabet: str
    score: float
    count: int
    heard: str


def phone_scores(assessment: Assessment, when: float) -> list[PhoneScore]:
    """Every judged phone of a graded assessment; none where something else was read."""
    if assessment.verdict != GRADED:
        return []
    return [
        PhoneScore(
            when, strip_stress(phone.arpabet), strip_stress(heard_instead(phone)), word.text, phone.score
        )
        for word in assessment.words
        for phone in word.phonemes
    ]


def heard_instead(phone: PhoneResult) -> str:
    """ARPAbet of the likeliest other phone, or empty where the expected one is the likeliest."""
    likeliest = max(phone.heard, key=lambda candidate: candidate.p, default=None)
    if likeliest is None or strip_stress(likeliest.arpabet) == strip_stress(phone.arpabet):
        return ""
    return likeliest.arpabet


def streak_days(days: set[date], today: date) -> int:
    """Days in a row with practice, up to today or yesterday (today may still be practised)."""
    day = today if today in days else today - timedelta(days=1)
    count = 0
    while day in days:
        count += 1
        day -= timedelta(days=1)
    return count


def local_day(when: float) -> date:
    """The calendar day, here, of a moment in seconds since 1970."""
    return datetime.fromtimestamp(when).date()
