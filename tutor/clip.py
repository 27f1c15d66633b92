"""One recording ready to be scored: 16 kHz mono, its quality, where the speech is, and how to cut it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from tutor import voice
from tutor.decode import Decoded, decode, resample
from tutor.errors import AudioError, Message
from tutor.result import AudioInfo
from tutor.timebase import MAX_SAMPLES, MIN_SAMPLES, SAMPLE_RATE, samples_of, seconds_of

Floats = NDArray[np.float32]

MAX_S = 600.0
MIN_SPEECH_S = 0.1
_MARGIN_S = 0.2
_SILENCE_DBFS = -70.0
# A pause is judged over this stretch, about the shortest break between phrases.
_PAUSE_HOPS = 20
_MIN_PIECE_SAMPLES = 5 * SAMPLE_RATE


@dataclass(frozen=True)
class Clip:
    """``samples``: float32 (n,), 16 kHz mono, within ±1; ``speech``: its start and end in seconds."""

    samples: Floats
    info: AudioInfo
    speech: tuple[float, float]


def read_clip(source: Path | BinaryIO, *, max_s: float = MAX_S) -> Clip:
    """Read wav, flac, ogg/opus or mp3 of any rate, width and channels; channels are averaged.

    Raises ``AudioError`` for what is missing, empty, cut short, not sound, longer than ``max_s``, silent,
    or has no voice in it.
    """
    name = source.name if isinstance(source, Path) else Message("The audio stream")
    return _clip(decode(source, max_s), name)


def clip_from_samples(samples: NDArray[Any], rate_hz: int) -> Clip:
    """A clip of samples in memory: (n,) or (n, channels), floats within ±1 or integers.

    Raises ``AudioError`` as ``read_clip`` does.
    """
    return _clip(resample(np.asarray(samples), rate_hz), Message("The recording"))


def pieces(clip: Clip) -> list[tuple[int, int]]:
    """Sample ranges of 0.3 to 15 s that hold all speech of the clip, in order, without overlap.

    One range when the speech fits in 15 s; else cut at the deepest pauses, with long silences left out.
    """
    count = len(clip.samples)
    first = max(0, samples_of(clip.speech[0] - _MARGIN_S))
    last = min(count, samples_of(clip.speech[1] + _MARGIN_S))
    if samples_of(clip.speech[1] - clip.speech[0]) <= MAX_SAMPLES < last - first:
        first, last = samples_of(clip.speech[0]), samples_of(clip.speech[1])
        return [(first, min(last, first + MAX_SAMPLES))]
    if last - first <= MAX_SAMPLES:
        return [_widened(first, last, count)]
    ranges = []
    for start, end in _phrases(clip, first, last):
        ranges.extend(_cut(clip.samples, start, end))
    return _without_slivers(ranges, count)


def _clip(decoded: Decoded, name: str) -> Clip:
    samples = decoded.samples
    if len(samples) < MIN_SAMPLES:
        raise AudioError(
            "{name} lasts {seconds:.2f} s; at least 0.3 s are needed to hear a word.",
            name=name,
            seconds=seconds_of(len(samples)),
        )
    heard_dbfs = _decibels(float(np.square(samples, dtype=np.float64).mean()))
    if heard_dbfs < _SILENCE_DBFS:
        if _decibels(decoded.power) > _SILENCE_DBFS + 20:
            raise AudioError(
                "{name} has sound only above the range of speech; check the microphone and its driver.",
                name=name,
            )
        raise AudioError(
            "{name} is silent; check that the right microphone is chosen and not muted.",
            name=name,
        )
    voiced = voice.voiced_hops(samples)
    if not voiced.any():
        voiced = voice.voiced_hops(samples, strictness=0)
    spans = voice.runs(voiced)
    if not spans or np.count_nonzero(voiced) * voice.HOP_S < MIN_SPEECH_S:
        raise AudioError(
            "{name} holds no speech that can be found; speak closer to the microphone and record again.",
            name=name,
        )
    duration_s = seconds_of(len(samples))
    info = AudioInfo(
        duration_s, voice.snr_db(samples, voiced), voice.level_dbfs(samples, voiced), decoded.clipped
    )
    return Clip(samples, info, (spans[0][0] * voice.HOP_S, min(duration_s, spans[-1][1] * voice.HOP_S)))


def _decibels(power: float) -> float:
    return 10 * float(np.log10(max(power, 1e-20)))


def _phrases(clip: Clip, first: int, last: int) -> list[tuple[int, int]]:
    """Stretches of speech with margins, joined where the silence between them is under a second."""
    hop = voice.HOP_SAMPLES
    margin = samples_of(_MARGIN_S)
    joined: list[tuple[int, int]] = []
    for start, end in voice.runs(voice.voiced_hops(clip.samples)):
        start, end = max(first, start * hop - margin), min(last, end * hop + margin)
        if joined and start - joined[-1][1] < SAMPLE_RATE:
            joined[-1] = (joined[-1][0], end)
        elif end > start:
            joined.append((start, end))
    return joined or [(first, last)]


def _cut(samples: Floats, start: int, end: int) -> list[tuple[int, int]]:
    ranges = []
    while end - start > MAX_SAMPLES:
        low = start + _MIN_PIECE_SAMPLES
        high = min(start + MAX_SAMPLES, end - MIN_SAMPLES)
        middle = low + _quietest(samples[low:high])
        ranges.append((start, middle))
        start = middle
    ranges.append((start, end))
    return ranges


def _quietest(samples: Floats) -> int:
    """Sample in the middle of the stretch with the least energy (200 ms judged at a time)."""
    power = voice.hop_power(samples)
    smooth = np.convolve(power, np.ones(_PAUSE_HOPS) / _PAUSE_HOPS, mode="valid")
    return (int(np.argmin(smooth)) + _PAUSE_HOPS // 2) * voice.HOP_SAMPLES


def _widened(start: int, end: int, count: int) -> tuple[int, int]:
    lack = MIN_SAMPLES - (end - start)
    if lack > 0:
        start = max(0, min(start - lack // 2, count - MIN_SAMPLES))
        end = start + MIN_SAMPLES
    return start, end


def _without_slivers(ranges: list[tuple[int, int]], count: int) -> list[tuple[int, int]]:
    return [_widened(start, end, count) for start, end in ranges]
