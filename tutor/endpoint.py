"""Whether the speaker has begun and has finished, told while the recording runs."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from tutor.decode import Resampler
from tutor.voice import HOP_S, HOP_SAMPLES, VoiceDetector

Floats = NDArray[np.float32]

MIN_SILENCE_S = 0.2
# Speech is declared when this many of the last hops are voiced; a click is shorter, a vowel longer.
_VOICED_HOPS, _RECENT_HOPS = 6, 10
_FLOOR_HOPS = 300
_QUIETEST = 1e-7
_TARGET_POWER = 0.01


class Endpoint:
    """Fed with the microphone's blocks, tells when speech started and when ``silence_s`` have passed since.

    ``rate_hz``: of the blocks fed. ``started_s`` and ``ended_s`` count from the first sample fed; None until
    known; ``ended_s`` is where the speech stopped, not where the silence after it ran out.
    """

    def __init__(self, rate_hz: int = 16_000, *, silence_s: float = 1.0) -> None:
        self._silence_hops = round(max(silence_s, MIN_SILENCE_S) / HOP_S)
        self._resampler = Resampler(rate_hz)
        self._detector = VoiceDetector()
        self._rest: Floats = np.zeros(0, np.float32)
        self._recent: deque[bool] = deque(maxlen=_RECENT_HOPS)
        self._powers: deque[float] = deque(maxlen=_FLOOR_HOPS)
        self._loudest = _QUIETEST
        self._hops = 0
        self._last_voiced = 0
        self._over = False
        self.started_s: float | None = None
        self.ended_s: float | None = None

    @property
    def over(self) -> bool:
        """True once the speaker has finished; it stays so."""
        return self._over

    def feed(self, samples: Floats) -> bool:
        """Take the next block, float32 (n,), any n; returns ``over``. Costs some 20 ms a second of sound."""
        self._rest = np.concatenate([self._rest, self._resampler.feed(samples)])
        whole = len(self._rest) // HOP_SAMPLES * HOP_SAMPLES
        for at in range(0, whole, HOP_SAMPLES):
            self._take(self._rest[at : at + HOP_SAMPLES])
        self._rest = self._rest[whole:]
        return self._over

    def _take(self, hop: Floats) -> None:
        self._hops += 1
        self._recent.append(self._is_voiced(hop))
        if sum(self._recent) >= _VOICED_HOPS:
            self._last_voiced = self._hops
            if self.started_s is None:
                self.started_s = (self._hops - len(self._recent)) * HOP_S
        elif (
            self.started_s is not None
            and self._hops - self._last_voiced >= self._silence_hops
            and not self._over
        ):
            self._over = True
            self.ended_s = self._last_voiced * HOP_S

    def _is_voiced(self, hop: Floats) -> bool:
        self._powers.append(float(np.square(hop, dtype=np.float64).mean()))
        power = float(np.mean(list(self._powers)[-5:]))
        # A loudness that fades over half a minute, so that a knock at the start does not deafen the rest.
        self._loudest = max(power, 0.9998 * self._loudest)
        levelled = hop * np.float32(np.sqrt(_TARGET_POWER / max(self._loudest, _QUIETEST)))
        spoken = self._detector.is_voice(levelled)
        floor = float(np.quantile(np.fromiter(self._powers, np.float64), 0.1))
        return spoken and power > max(2.5 * floor, 1e-3 * self._loudest, _QUIETEST)
