"""The loudspeaker: plays one piece of sound at a time and says where it is."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutor.errors import DeviceError
from tutor.microphone import STALL_S, load_portaudio

Floats = NDArray[np.float32]

FADE_S = 0.005
"""Parts are cut anywhere in the wave; a short fade keeps the cut from clicking."""


class Player:
    """Plays float32 mono. ``play`` and ``close`` may block and belong on a worker; the properties are
    instant."""

    def __init__(self) -> None:
        self._stream: Any = None
        self._samples: Floats = np.zeros(0, np.float32)
        self._rate_hz = 16_000
        self._next = 0
        self._last_block_at = 0.0
        self._latency_s = 0.0

    def play(
        self, samples: Floats, rate_hz: int, *, start_s: float = 0.0, end_s: float | None = None
    ) -> None:
        """Play from ``start_s`` to ``end_s`` (the end where None); what was playing stops.

        Raises ``DeviceError`` where there is no usable loudspeaker, ``InstallError`` without PortAudio.
        """
        self.close()
        sd = load_portaudio()
        first = max(0, round(start_s * rate_hz))
        last = len(samples) if end_s is None else min(len(samples), round(end_s * rate_hz))
        self._samples = faded(samples[first:last], rate_hz)
        self._rate_hz = rate_hz
        self._next = 0
        self._last_block_at = time.monotonic()
        try:
            self._stream = sd.OutputStream(
                samplerate=rate_hz, channels=1, dtype="float32", latency="low", callback=self._give_block
            )
            self._stream.start()
            self._latency_s = float(self._stream.latency)
        except (sd.PortAudioError, ValueError) as error:
            self._stream = None
            reason = str(error).splitlines()[0]
            raise DeviceError(
                "No loudspeaker can be used ({reason}); connect one and try again.",
                reason=reason,
            ) from error

    @property
    def is_playing(self) -> bool:
        """Whether sound is still coming out; False soon after the end and when the device stalls or
        leaves."""
        if self._stream is None or time.monotonic() - self._last_block_at > STALL_S + self._latency_s:
            return False
        return self._next < len(self._samples) + self._latency_s * self._rate_hz

    @property
    def position_s(self) -> float:
        """Seconds of the piece already heard."""
        heard = self._next / self._rate_hz - self._latency_s
        return min(max(0.0, heard), len(self._samples) / self._rate_hz)

    def close(self) -> None:
        """Stop and let the device go; may hang on a stalled device."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.abort(ignore_errors=True)
            stream.close(ignore_errors=True)

    def _give_block(self, block: Floats, frames: int, times: Any, status: Any) -> None:
        piece = self._samples[self._next : self._next + frames]
        block[: len(piece), 0] = piece
        block[len(piece) :, 0] = 0.0
        self._next += frames
        self._last_block_at = time.monotonic()


def faded(samples: Floats, rate_hz: int) -> Floats:
    """A copy of float32 (n,) with ``FADE_S`` of linear fade at both ends (less where n is shorter)."""
    result = np.array(samples, np.float32)
    count = min(int(FADE_S * rate_hz), len(result) // 2)
    if count:
        ramp = np.linspace(0.0, 1.0, count, dtype=np.float32)
        result[:count] *= ramp
        result[-count:] *= ramp[::-1]
    return result
