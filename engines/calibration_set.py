"""Recordings as learners make them: given speech in quiet rooms, classrooms, homes, streets and trains, at
many levels.

INT8 scales fit the recordings they were found on. Scales from quiet recordings alone cut off what noise
adds, so the set covers all the places where Tutor is used. Everything is synthesised from the clips given
and from a seed.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tutor.acoustic import Floats
from tutor.paths import write_atomic
from tutor.timebase import MAX_SAMPLES, MIN_SAMPLES, SAMPLE_RATE


@dataclass(frozen=True)
class Place:
    """``snr_db``: speech over noise, from – to; ``level_dbfs``: speech level; ``echo_s``: reverberation
    time.
    """

    name: str
    snr_db: tuple[float, float]
    level_dbfs: tuple[float, float]
    echo_s: tuple[float, float]


PLACES = (
    Place("quiet", (35.0, 50.0), (-32.0, -18.0), (0.15, 0.30)),
    Place("classroom", (5.0, 20.0), (-30.0, -14.0), (0.5, 0.9)),
    Place("home", (10.0, 25.0), (-34.0, -16.0), (0.3, 0.6)),
    Place("street", (0.0, 15.0), (-28.0, -10.0), (0.05, 0.15)),
    Place("subway", (0.0, 12.0), (-26.0, -8.0), (0.4, 0.8)),
)
QUIET = PLACES[:1]


def calibration_set(
    clips: Sequence[Floats], *, places: Sequence[Place] = PLACES, seed: int = 7, rounds: int = 1
) -> list[Floats]:
    """Every clip in every place, ``rounds`` times; float32, peak ≤ 1, the same for the same seed."""
    rng = np.random.default_rng(seed)
    made: list[Floats] = []
    for _ in range(rounds):
        for clip in clips:
            if MIN_SAMPLES <= len(clip) <= MAX_SAMPLES:
                made.extend(recorded(clip, place, clips, rng) for place in places)
    return made


def recorded(clip: Floats, place: Place, voices: Sequence[Floats], rng: np.random.Generator) -> Floats:
    """``clip`` as a microphone in ``place`` would hear it; ``voices`` make the babble behind it."""
    speech = _echoed(clip, rng.uniform(*place.echo_s), rng)
    speech = speech / max(_rms(speech), 1e-6) * 10 ** (rng.uniform(*place.level_dbfs) / 20)
    noise = noise_of(place.name, len(clip), voices, rng)
    noise = noise / max(_rms(noise), 1e-6) * _rms(speech) * 10 ** (-rng.uniform(*place.snr_db) / 20)
    return np.clip(speech + noise, -1, 1).astype(np.float32)


def noise_of(place: str, samples: int, voices: Sequence[Floats], rng: np.random.Generator) -> Floats:
    """float32 (samples,), level arbitrary. ``KeyError`` for an unknown place."""
    if place == "quiet":
        return _coloured(samples, -1.0, rng)
    if place == "classroom":
        return _babble(samples, voices, 8, rng) + np.float32(0.2) * _coloured(samples, -1.0, rng)
    if place == "home":
        return _hum(samples, rng) + np.float32(0.6) * _babble(samples, voices, 2, rng) + _knocks(samples, rng)
    if place == "street":
        return _coloured(samples, -1.6, rng) * _passing(samples, rng)
    if place == "subway":
        rumble = _coloured(samples, -2.0, rng) + np.float32(0.3) * _knocks(samples, rng)
        return np.asarray(rumble + np.float32(0.4) * _screech(samples, rng), np.float32)
    raise KeyError(place)


def save_set(path: Path, clips: Sequence[Floats], samples: int) -> None:
    """Write the .npz that ``calibrate.load_set`` reads: clips cut or zero-padded to ``samples``."""
    padded = np.zeros((len(clips), samples), np.float32)
    for row, clip in zip(padded, clips, strict=True):
        row[: min(samples, len(clip))] = clip[:samples]
    lengths = np.array([min(samples, len(clip)) for clip in clips], np.int32)
    stream = io.BytesIO()
    np.savez(stream, samples=padded, lengths=lengths)
    write_atomic(path, stream.getvalue())


def _echoed(clip: Floats, echo_s: float, rng: np.random.Generator) -> Floats:
    length = max(2, int(echo_s * SAMPLE_RATE))
    tail = rng.standard_normal(length) * 10 ** (-3 * np.arange(length) / length)
    tail *= 0.3 / max(float(np.sqrt((tail**2).sum())), 1e-9)
    tail[0] = 1.0
    size = len(clip) + length
    both = np.fft.irfft(np.fft.rfft(clip, size) * np.fft.rfft(tail, size), size)
    return both[: len(clip)].astype(np.float32)


def _coloured(samples: int, slope: float, rng: np.random.Generator) -> Floats:
    """Noise whose power falls with frequency to the power of ``slope``."""
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    frequencies = np.maximum(np.fft.rfftfreq(samples, 1 / SAMPLE_RATE), 20.0)
    noise = np.fft.irfft(spectrum * frequencies ** (slope / 2), samples)
    return (noise / max(_rms(noise), 1e-9)).astype(np.float32)


def _babble(samples: int, voices: Sequence[Floats], count: int, rng: np.random.Generator) -> Floats:
    total = np.zeros(samples, np.float32)
    for _ in range(count if voices else 0):
        voice = voices[int(rng.integers(len(voices)))]
        total += np.roll(np.resize(voice, samples), int(rng.integers(samples))) * rng.uniform(0.4, 1.0)
    return (total / max(_rms(total), 1e-6)).astype(np.float32)


def _hum(samples: int, rng: np.random.Generator) -> Floats:
    times = np.arange(samples) / SAMPLE_RATE
    mains_hz = float(rng.choice([50.0, 60.0]))
    tones = sum(np.sin(2 * np.pi * mains_hz * k * times + rng.uniform(0, 6)) / k for k in (1, 2, 3, 5))
    return np.asarray(np.asarray(tones) * 0.5 + 0.5 * _coloured(samples, -1.2, rng), np.float32)


def _knocks(samples: int, rng: np.random.Generator) -> Floats:
    noise = np.zeros(samples, np.float32)
    for _ in range(int(rng.integers(1, 4))):
        length = min(samples, int(rng.uniform(0.02, 0.12) * SAMPLE_RATE))
        start = int(rng.integers(0, max(1, samples - length)))
        burst = rng.standard_normal(length) * np.exp(-6 * np.arange(length) / length)
        noise[start : start + length] += (rng.uniform(1, 4) * burst).astype(np.float32)
    return noise


def _passing(samples: int, rng: np.random.Generator) -> Floats:
    """Loudness of cars going by."""
    times = np.arange(samples) / SAMPLE_RATE
    centre, width = rng.uniform(0, times[-1] + 0.1), rng.uniform(0.5, 2.0)
    return np.asarray(0.5 + 1.5 * np.exp(-(((times - centre) / width) ** 2)), np.float32)


def _screech(samples: int, rng: np.random.Generator) -> Floats:
    times = np.arange(samples) / SAMPLE_RATE
    pitch_hz = rng.uniform(1_500, 3_500) + 60 * np.sin(2 * np.pi * rng.uniform(2, 5) * times)
    swell = np.clip(np.sin(2 * np.pi * rng.uniform(0.2, 0.6) * times + rng.uniform(0, 6)), 0, 1)
    return np.asarray(np.sin(2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE) * swell, np.float32)


def _rms(samples: Floats | np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
