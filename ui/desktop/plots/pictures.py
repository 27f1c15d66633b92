"""What the plots draw of one take, computed on a worker: envelope, energy, spectrogram, pitch in
semitones."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tutor.prosody import PitchTrack, energy_track, semitones
from tutor.timebase import SAMPLE_RATE

Floats = NDArray[np.float32]

HOP_SAMPLES = 160
_WINDOW = 512
_TOP_HZ = 8000
_RANGE_DB = 70.0
LEAP_SEMITONES = 5.0
SHORTEST_PIECE_FRAMES = 4
"""Voices neither leap further from one frame to the next nor touch a pitch for so short a time."""


@dataclass(frozen=True)
class Curve:
    """``times_s`` and ``values``, float32 (n,); NaN where there is nothing to draw."""

    times_s: Floats
    values: Floats


NO_CURVE = Curve(np.zeros(0, np.float32), np.zeros(0, np.float32))


@dataclass(frozen=True)
class Pictures:
    """``samples``: float32 (n,), 16 kHz. ``energy``: dB below the loudest. ``spectrogram``: uint8 (frames,
    bins), one frame per 10 ms, bins from 0 to 8 kHz. ``pitch``, ``reference``: semitones around each voice's
    own median, the reference already warped onto the take's time axis."""

    samples: Floats
    energy: Curve
    spectrogram: NDArray[np.uint8]
    pitch: Curve = NO_CURVE
    reference: Curve = NO_CURVE

    @property
    def duration_s(self) -> float:
        return len(self.samples) / SAMPLE_RATE


def pictures_of(samples: Floats, *, pitch: PitchTrack | None = None) -> Pictures:
    """All that can be drawn of float32 (n,) at 16 kHz."""
    energy = energy_track(samples)
    level = energy.level_db - energy.level_db.max(initial=-80.0)
    return Pictures(
        samples, Curve(energy.times_s, np.maximum(level, -60.0)), spectrogram_of(samples), _contour(pitch)
    )


def with_reference(pictures: Pictures, reference: PitchTrack) -> Pictures:
    """The same with the reference's contour, which is already on the take's time axis."""
    return replace(pictures, reference=_contour(reference))


def _contour(track: PitchTrack | None) -> Curve:
    if track is None or not track.voiced.any():
        return NO_CURVE
    return Curve(track.times_s, without_slips(semitones(track)))


def without_slips(values: Floats) -> Floats:
    """A copy of a contour in semitones, cut (NaN) where it leaps, without the short pieces that octave
    errors leave."""
    kept = np.array(values, np.float32)
    leaps = np.abs(np.diff(kept, prepend=np.nan)) > LEAP_SEMITONES
    pieces = np.cumsum(np.isnan(kept) | leaps)
    for piece in np.unique(pieces):
        inside = (pieces == piece) & np.isfinite(kept)
        if inside.sum() < SHORTEST_PIECE_FRAMES:
            kept[inside] = np.nan
    kept[leaps] = np.nan
    return kept


def envelope_of(samples: Floats, columns: int) -> tuple[Floats, Floats]:
    """Lowest and highest sample of each of ``columns`` equal stretches, float32 (columns,) each (fewer for
    few samples)."""
    columns = max(1, min(columns, len(samples)))
    if not len(samples):
        return np.zeros(1, np.float32), np.zeros(1, np.float32)
    starts = (np.arange(columns) * len(samples) / columns).astype(int)
    return np.minimum.reduceat(samples, starts), np.maximum.reduceat(samples, starts)


def spectrogram_of(samples: Floats) -> NDArray[np.uint8]:
    """Magnitudes of 32 ms windows every 10 ms, uint8 (frames, 257): 255 the loudest, 0 at −70 dB."""
    padded = np.pad(samples, _WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::HOP_SAMPLES]
    # Speech falls by about 6 dB per octave; without lifting the highs fricatives hardly show.
    emphasised = np.diff(frames, axis=1, prepend=frames[:, :1]) * np.hanning(_WINDOW).astype(np.float32)
    magnitudes = np.abs(np.fft.rfft(emphasised, axis=1))
    decibels = 20 * np.log10(magnitudes + 1e-9)
    scaled = 1 + (decibels - decibels.max()) / _RANGE_DB
    return np.asarray(np.clip(scaled, 0, 1) * 255, np.uint8)
