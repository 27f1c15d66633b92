"""Melody, loudness and timing: pitch, energy, pauses, rate, final intonation, weight of syllables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutor.errors import InstallError
from tutor.phones import phone_of
from tutor.result import INSERTED, OMITTED, WordResult
from tutor.timebase import SAMPLE_RATE

Floats = NDArray[np.float32]

LOWEST_HZ, HIGHEST_HZ = 60.0, 500.0
"""Pitch range searched: low creaky male voices to high child voices."""

VOICED_CONFIDENCE = 0.5
MIN_PAUSE_S = 0.25
"""Shorter gaps between words are closures of stops, not pauses."""

ENERGY_STEP_S = 0.01
ENERGY_WINDOW_S = 0.025
FLOOR_DB = -80.0
_MIN_RUN_FRAMES = 3
_PYIN_HOP_SAMPLES = 256
_ANCHOR_STEP_S = 1e-3


@dataclass(frozen=True)
class PitchTrack:
    """Fundamental frequency over time, n frames 16 ms apart.

    times_s: float32 (n,), centre of each frame, from the start of the recording. hz: float32 (n,), NaN where
    unvoiced. voiced: bool (n,). confidence: float32 (n,), 0–1 that the frame is voiced.
    """

    times_s: Floats
    hz: Floats
    voiced: NDArray[np.bool_]
    confidence: Floats

    @property
    def median_hz(self) -> float:
        """The speaker's middle pitch; NaN where nothing is voiced."""
        return float(np.median(self.hz[self.voiced])) if self.voiced.any() else float("nan")


@dataclass(frozen=True)
class EnergyTrack:
    """times_s: float32 (n,), 10 ms apart; level_db: float32 (n,), dB of full scale, not below −80."""

    times_s: Floats
    level_db: Floats


@dataclass(frozen=True)
class Pause:
    """Silence between word ``after`` (index) and the next word said; ``at_mark``: at punctuation."""

    after: int
    start_s: float
    end_s: float
    at_mark: bool


@dataclass(frozen=True)
class Prosody:
    """What melody and timing say about one recording.

    range_semitones: distance between the 5th and 95th percentile of voiced pitch, NaN with too little.
    final_semitones: how far pitch moves from the last stressed vowel to the end (rise positive), NaN if too
    little of it is voiced. articulation_rate: syllables per second of speech, pauses left out, or NaN.
    strongest: per word the index of the syllable that stands out most, None without a clear winner.
    """

    pitch: PitchTrack
    energy: EnergyTrack
    range_semitones: float
    final_semitones: float
    articulation_rate: float
    pauses: tuple[Pause, ...]
    strongest: tuple[int | None, ...]


def pitch_track(samples: Floats) -> PitchTrack:
    """Pitch of float32 (n,) samples, 16 kHz mono: swift-f0, or librosa's pYIN where that is missing.

    Raises ``InstallError`` where neither is installed. About 60 ms (pYIN: 700 ms) for 5 s on one core.
    """
    if len(samples) == 0:
        return _track(np.zeros(0), np.zeros(0), np.zeros(0))
    try:
        return _track(*_swift_f0(samples))
    except ImportError:
        pass
    try:
        return _track(*_pyin(samples))
    except ImportError as error:
        raise InstallError("no pitch tracker found, swift-f0 was expected: pip install swift-f0") from error


def semitones(track: PitchTrack, reference_hz: float | None = None) -> Floats:
    """float32 (n,): semitones above ``reference_hz`` (default: the speaker's median), NaN where unvoiced."""
    reference = track.median_hz if reference_hz is None else reference_hz
    return np.asarray(12 * np.log2(track.hz / reference), dtype=np.float32)


def energy_track(samples: Floats) -> EnergyTrack:
    """Level of float32 (n,) samples, 16 kHz mono, in windows of 25 ms every 10 ms."""
    half = int(ENERGY_WINDOW_S * SAMPLE_RATE / 2)
    centres = np.arange(0, len(samples), int(ENERGY_STEP_S * SAMPLE_RATE))
    total = np.concatenate(([0.0], np.cumsum(np.square(samples, dtype=np.float64))))
    first, last = np.maximum(centres - half, 0), np.minimum(centres + half, len(samples))
    power = (total[last] - total[first]) / np.maximum(last - first, 1)
    level = 10 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10)))
    return EnergyTrack((centres / SAMPLE_RATE).astype(np.float32), level.astype(np.float32))


def measure(samples: Floats, words: Sequence[WordResult], text: str = "") -> Prosody:
    """Prosody of a recording: float32 (n,) samples at 16 kHz, words with times of the same recording."""
    pitch, energy = pitch_track(samples), energy_track(samples)
    return Prosody(
        pitch=pitch,
        energy=energy,
        range_semitones=pitch_range(pitch),
        final_semitones=final_movement(pitch, words),
        articulation_rate=articulation_rate(words),
        pauses=find_pauses(words, text),
        strongest=tuple(strongest_syllable(word, pitch, energy) for word in words),
    )


def find_pauses(words: Sequence[WordResult], text: str = "") -> tuple[Pause, ...]:
    """Silences of at least 0.25 s between words that were said; ``text`` shows where marks allow one."""
    said = [index for index, word in enumerate(words) if word.end > word.start]
    marks = _marked(words, text)
    return tuple(
        Pause(left, words[left].end, words[right].start, any(index in marks for index in range(left, right)))
        for left, right in pairwise(said)
        if words[right].start - words[left].end >= MIN_PAUSE_S
    )


def articulation_rate(words: Sequence[WordResult]) -> float:
    """Syllables per second while speaking, pauses left out; NaN where no syllable was said."""
    said = [word for word in words if word.status not in (OMITTED, INSERTED) and word.end > word.start]
    syllables = sum(phone_of(phone.arpabet).is_vowel for word in said for phone in word.phonemes)
    if not syllables:
        return float("nan")
    inner_gaps_s = sum(max(0.0, b.start - a.end) for a, b in pairwise(said) if b.start - a.end < MIN_PAUSE_S)
    return syllables / (sum(word.end - word.start for word in said) + inner_gaps_s)


def pitch_range(track: PitchTrack) -> float:
    """Semitones between the 5th and 95th percentile of voiced pitch; NaN with less than 0.5 s of voice."""
    values = semitones(track)[track.voiced]
    if len(values) * _step_s(track) < 0.5:
        return float("nan")
    low, high = np.percentile(values, [5, 95])
    return float(high - low)


def final_movement(track: PitchTrack, words: Sequence[WordResult]) -> float:
    """Semitones that pitch moves from the last stressed vowel to the end of what was said; rise positive.

    The median of all pairwise slopes (Theil–Sen) of the frames without octave slips. NaN with fewer than 5
    voiced frames.
    """
    said = [word for word in words if word.status != OMITTED and word.end > word.start]
    if not said:
        return float("nan")
    vowels = [phone for word in said[-2:] for phone in word.phonemes if phone_of(phone.arpabet).is_vowel]
    stressed = [vowel for vowel in vowels if vowel.arpabet.endswith("1")]
    start_s = max((stressed or vowels)[-1].start if vowels else said[-1].start, said[-1].end - 0.8)
    inside = track.voiced & (track.times_s >= start_s) & (track.times_s <= said[-1].end + 0.05)
    if np.count_nonzero(inside) < 5:
        return float("nan")
    values = semitones(track)[inside]
    near = np.abs(values - np.median(values)) < 9
    times, values = track.times_s[inside][near], values[near]
    first, second = np.triu_indices(len(times), k=1)
    slope = float(np.median((values[second] - values[first]) / (times[second] - times[first])))
    return slope * float(times[-1] - times[0])


def strongest_syllable(word: WordResult, pitch: PitchTrack, energy: EnergyTrack) -> int | None:
    """Which syllable stands out by length, loudness and pitch together; None for one or a close call."""
    vowels = [phone for phone in word.phonemes if phone_of(phone.arpabet).is_vowel]
    if len(vowels) < 2:
        return None
    cues = []
    for vowel in vowels:
        loud = energy.level_db[(energy.times_s >= vowel.start) & (energy.times_s <= vowel.end)]
        tone = semitones(pitch)[(pitch.times_s >= vowel.start) & (pitch.times_s <= vowel.end) & pitch.voiced]
        cues.append(
            (
                np.log2(max(vowel.end - vowel.start, 0.01)),
                float(loud.max()) / 6 if len(loud) else FLOOR_DB / 6,
                float(tone.max()) / 4 if len(tone) else np.nan,
            )
        )
    table = np.array(cues, dtype=np.float64)  # syllables × cues, each in units of a clearly audible step
    voiceless = np.isnan(table[:, 2])
    table[voiceless, 2] = np.median(table[~voiceless, 2]) if (~voiceless).any() else 0.0
    weight = table.sum(axis=1)
    order = np.argsort(weight)
    return int(order[-1]) if weight[order[-1]] - weight[order[-2]] >= 0.5 else None


def align_contours(
    reference: PitchTrack,
    reference_words: Sequence[tuple[float, float]],
    learner_words: Sequence[tuple[float, float]],
) -> PitchTrack:
    """The reference contour moved to the learner's time: each word's span is stretched onto the learner's.

    Both lists hold (start_s, end_s) of the same words in order; a word that one side lacks has start == end
    and anchors nothing. Outside the words time runs on unstretched. ``ValueError`` for unequal lengths.
    """
    if len(reference_words) != len(learner_words):
        raise ValueError(f"{len(reference_words)} reference words for {len(learner_words)} learner words")
    anchors: list[tuple[float, float]] = []
    for (ref_start, ref_end), (own_start, own_end) in zip(reference_words, learner_words, strict=True):
        if ref_end <= ref_start or own_end <= own_start:
            continue
        for source, target in ((ref_start, own_start), (ref_end, own_end)):
            last = anchors[-1] if anchors else (-np.inf, -np.inf)
            anchors.append((max(source, last[0] + _ANCHOR_STEP_S), max(target, last[1] + _ANCHOR_STEP_S)))
    if not anchors:
        return reference
    sources, targets = np.array(anchors).T
    sources = np.concatenate(([sources[0] - 1.0], sources, [sources[-1] + 1.0]))
    targets = np.concatenate(([targets[0] - 1.0], targets, [targets[-1] + 1.0]))
    inside = np.clip(reference.times_s, sources[0], sources[-1])
    moved = np.interp(inside, sources, targets) + (reference.times_s - inside)
    return PitchTrack(moved.astype(np.float32), reference.hz, reference.voiced, reference.confidence)


def _swift_f0(samples: Floats) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    found = _swift_detector().detect(samples, SAMPLE_RATE, fmin=LOWEST_HZ, fmax=HIGHEST_HZ)
    return found.timestamps, found.pitch_hz, found.confidence


@lru_cache(maxsize=1)
def _swift_detector() -> Any:
    from swift_f0 import SwiftF0

    return SwiftF0(threads=2, spin=False)


def _pyin(samples: Floats) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    import librosa  # type: ignore[import-not-found, unused-ignore]

    limits = {"fmin": LOWEST_HZ, "fmax": HIGHEST_HZ, "sr": SAMPLE_RATE}
    hz, voiced, _ = librosa.pyin(samples, hop_length=_PYIN_HOP_SAMPLES, fill_na=LOWEST_HZ, **limits)
    return np.arange(len(hz)) * _PYIN_HOP_SAMPLES / SAMPLE_RATE, hz, np.where(voiced, 1.0, 0.0)


def _track(times_s: NDArray[Any], hz: NDArray[Any], confidence: NDArray[Any]) -> PitchTrack:
    voiced = np.asarray(confidence >= VOICED_CONFIDENCE)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], voiced.astype(np.int8), [0]))))
    for start, end in edges.reshape(-1, 2):
        if end - start < _MIN_RUN_FRAMES:
            voiced[start:end] = False
    return PitchTrack(
        times_s.astype(np.float32),
        np.where(voiced, hz, np.nan).astype(np.float32),
        voiced,
        confidence.astype(np.float32),
    )


def _step_s(track: PitchTrack) -> float:
    return float(np.median(np.diff(track.times_s))) if len(track.times_s) > 1 else 0.0


def _marked(words: Sequence[WordResult], text: str) -> set[int]:
    """Indices of words followed by punctuation in ``text``."""
    marks, position, lower = set(), 0, text.lower()
    for index, word in enumerate(words):
        if word.status == INSERTED:
            continue
        found = lower.find(word.text.lower(), position)
        if found < 0:
            continue
        position = found + len(word.text)
        if re.match(r"[\"'”’)]*[.,;:!?…—–-]", text[position:]):
            marks.add(index)
    return marks
