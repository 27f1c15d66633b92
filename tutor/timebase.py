"""One clock for everything: samples at 16 kHz, frames of 20 ms, seconds; all conversions derive from here."""

from __future__ import annotations

SAMPLE_RATE = 16_000
"""Samples per second of every clip inside Tutor."""

FRAME_SAMPLES = 320
"""Samples from one frame of the acoustic model to the next (20 ms)."""

FRAME_S = FRAME_SAMPLES / SAMPLE_RATE

MIN_SAMPLES = int(0.3 * SAMPLE_RATE)
MAX_SAMPLES = 15 * SAMPLE_RATE
"""What the acoustic model takes in one piece (0.3 to 15 s)."""


def frames_of(samples: int) -> int:
    """Number of frames the acoustic graph answers for ``samples`` samples; frame i is centred on i·320."""
    return samples // FRAME_SAMPLES + 1


def seconds_of_frame(frame: float) -> float:
    """Time of the boundary before ``frame``: a frame reaches half a step to either side of its centre."""
    return max(0.0, (frame - 0.5) * FRAME_S)


def frame_at(time_s: float) -> int:
    """The frame whose span holds ``time_s``."""
    return int(time_s / FRAME_S + 0.5)


def samples_of(time_s: float) -> int:
    """Seconds to the nearest sample."""
    return round(time_s * SAMPLE_RATE)


def seconds_of(samples: int) -> float:
    """Samples to seconds."""
    return samples / SAMPLE_RATE
