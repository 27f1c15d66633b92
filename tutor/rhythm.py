"""Rate, pauses and rhythm of one reading, counted from its phone times alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from math import nan

import numpy as np

from tutor.phones import phone_of
from tutor.result import OMITTED, OTHER_TEXT, Assessment, PhoneResult

MIN_PAUSE_S = 0.25
"""Shorter silences are closures of stops, not pauses (the limit most used in fluency research)."""


@dataclass(frozen=True)
class Rhythm:
    """Measures of one reading; NaN where there is too little speech.

    Vowels and consonants are counted by intervals: neighbouring vowels (or consonants) without a pause
    between them are one. speech_rate: syllables per second from first to last sound; articulation_rate: the
    same without the pauses. npvi_v (percent), rpvi_c (ms): Grabe & Low (2002). pct_v, delta_v_ms, delta_c_ms:
    Ramus, Nespor & Mehler (1999). varco_c (percent): Dellwo (2006).
    """

    syllables: int
    speech_s: float
    speech_rate: float
    articulation_rate: float
    pauses: int
    pause_total_s: float
    pause_mean_s: float
    pause_share: float
    npvi_v: float
    rpvi_c: float
    pct_v: float
    delta_v_ms: float
    delta_c_ms: float
    varco_c: float


def rhythm(assessment: Assessment) -> Rhythm:
    """Rates, pauses and rhythm of a scored recording; a reading of another text has none."""
    words = [word for word in assessment.words if word.status != OMITTED]
    phones = [phone for word in words for phone in word.phonemes if phone.end > phone.start]
    if assessment.verdict == OTHER_TEXT or not phones:
        return Rhythm(0, 0.0, nan, nan, 0, 0.0, nan, nan, nan, nan, nan, nan, nan, nan)
    phones.sort(key=lambda phone: phone.start)
    gaps = [after.start - before.end for before, after in pairwise(phones)]
    pauses = [gap for gap in gaps if gap >= MIN_PAUSE_S]
    span_s = phones[-1].end - phones[0].start
    spoken_s = span_s - sum(pauses)
    syllables = sum(phone_of(phone.arpabet).is_vowel for phone in phones)
    stretches = [_intervals(stretch) for stretch in _between_pauses(phones)]
    vowels = [[length for vowel, length in stretch if vowel] for stretch in stretches]
    consonants = [[length for vowel, length in stretch if not vowel] for stretch in stretches]
    all_vowels, all_consonants = list(chain(*vowels)), list(chain(*consonants))
    total_s = sum(all_vowels) + sum(all_consonants)
    delta_c = _deviation(all_consonants)
    return Rhythm(
        syllables=syllables,
        speech_s=span_s,
        speech_rate=syllables / span_s,
        articulation_rate=syllables / spoken_s if spoken_s > 0 else nan,
        pauses=len(pauses),
        pause_total_s=float(sum(pauses)),
        pause_mean_s=float(np.mean(pauses)) if pauses else nan,
        pause_share=sum(pauses) / span_s,
        npvi_v=100 * _mean([abs(a - b) / ((a + b) / 2) for run in vowels for a, b in pairwise(run)]),
        rpvi_c=1000 * _mean([abs(a - b) for run in consonants for a, b in pairwise(run)]),
        pct_v=100 * sum(all_vowels) / total_s,
        delta_v_ms=1000 * _deviation(all_vowels),
        delta_c_ms=1000 * delta_c,
        varco_c=100 * delta_c / _mean(all_consonants) if all_consonants else nan,
    )


def _between_pauses(phones: Sequence[PhoneResult]) -> list[list[PhoneResult]]:
    stretches = [[phones[0]]]
    for before, after in pairwise(phones):
        if after.start - before.end >= MIN_PAUSE_S:
            stretches.append([])
        stretches[-1].append(after)
    return stretches


def _intervals(phones: Sequence[PhoneResult]) -> list[tuple[bool, float]]:
    """(is vowel, length in seconds) of each run of vowels or consonants; small gaps belong to no interval."""
    runs: list[tuple[bool, float]] = []
    for phone in phones:
        vowel, length = phone_of(phone.arpabet).is_vowel, phone.end - phone.start
        if runs and runs[-1][0] == vowel:
            runs[-1] = (vowel, runs[-1][1] + length)
        else:
            runs.append((vowel, length))
    return runs


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else nan


def _deviation(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else nan
