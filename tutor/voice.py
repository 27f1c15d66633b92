"""Where somebody speaks, and how far the voice stands above the noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tutor.errors import InstallError
from tutor.timebase import SAMPLE_RATE

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

HOP_SAMPLES = 160
"""Samples of one decision (10 ms)."""

HOP_S = HOP_SAMPLES / SAMPLE_RATE
MAX_SNR_DB = 60.0
_TARGET_PEAK = 0.5
# Gaps shorter than a stop consonant's closure belong to the word; bursts shorter than a vowel are clicks.
_FILL_HOPS, _MIN_HOPS = 15, 5
_BLOCK_HOPS = 500


class VoiceDetector:
    """WebRTC's voice activity detector over a stream of 10 ms hops; ``strictness`` 0 (lenient) to 3."""

    def __init__(self, strictness: int = 2) -> None:
        try:
            import webrtcvad
        except ImportError as error:
            raise InstallError("The package webrtcvad-wheels is missing; reinstall Tutor.") from error
        self._vad = webrtcvad.Vad(strictness)

    def is_voice(self, hop: Floats) -> bool:
        """One hop: float32 (160,), 16 kHz, within ±1."""
        return self.are_voice(hop[None])[0]

    def are_voice(self, hops: Floats) -> list[bool]:
        """Several in a row: float32 (hops, 160)."""
        whole = np.clip(hops * 32767, -32768, 32767).astype("<i2").tobytes()
        width = 2 * HOP_SAMPLES
        return [
            bool(self._vad.is_speech(whole[at : at + width], SAMPLE_RATE))
            for at in range(0, len(whole), width)
        ]


def voiced_hops(samples: Floats, strictness: int = 2) -> Flags:
    """Which whole hops of a recording, bool (n // 160,), belong to speech; short gaps filled, clicks dropped.

    The detector knows only loudness on an absolute scale, so the recording is brought to one level first.
    """
    hops = _hops(samples)
    if not len(hops):
        return np.zeros(0, bool)
    # Every seventh sample is enough to know the level.
    loud = float(np.quantile(np.abs(samples[::7]), 0.995))
    gain = np.float32(_TARGET_PEAK / max(loud, 1e-6))
    detector = VoiceDetector(strictness)
    power = np.convolve(hop_power(samples), np.ones(5) / 5, mode="same")[: len(hops)]
    raw = np.zeros(len(hops), bool)
    for at in range(0, len(hops), _BLOCK_HOPS):
        block = hops[at : at + _BLOCK_HOPS] * gain
        raw[at : at + len(block)] = detector.are_voice(block)
    if not raw.any():
        return raw
    # It takes early noise for a voice and runs on over silence: ask for energy, for more of it where a
    # stretch stands alone.
    loudness = float(np.quantile(power[raw], 0.9))
    raw &= power > max(1.6 * float(np.quantile(power, 0.1)), 2e-4 * loudness)
    flags = _smooth(raw)
    for start, end in runs(flags):
        if power[start:end].max() < 5e-3 * loudness:
            flags[start:end] = False
    return flags


def hop_power(samples: Floats) -> NDArray[np.float64]:
    """Mean square of each whole hop, float64 (n // 160,)."""
    hops = _hops(samples)
    return np.asarray(np.einsum("hs,hs->h", hops, hops), np.float64) / HOP_SAMPLES


def runs(flags: Flags) -> list[tuple[int, int]]:
    """Start and end (exclusive) of every stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def level_dbfs(samples: Floats, voiced: Flags) -> float:
    """Level of the speech, dB below full scale (a full-scale sine has −3)."""
    power = hop_power(samples)
    chosen = power[voiced] if voiced.any() else power
    return float(10 * np.log10(max(float(chosen.mean()) if chosen.size else 0.0, 1e-12)))


def snr_db(samples: Floats, voiced: Flags) -> float:
    """Speech level over noise floor, −10 to 60 dB.

    The floor is the median power between the words; where the speech leaves no gaps, the quietest
    twentieth of it stands in. Stretches of digital silence tell nothing of the room and are left out.
    """
    power = hop_power(samples)
    if not voiced.any():
        return 0.0
    alive = power > 1e-10
    idle = power[~voiced & alive]
    speech = float(power[voiced].mean())
    if idle.size >= 20:
        floor = float(np.median(idle))
    elif (voiced & alive).any() and idle.size == np.count_nonzero(~voiced):
        floor = float(np.quantile(power[voiced & alive], 0.05))
    else:
        floor = 0.0
    clean = max(speech - floor, 0.1 * floor)
    return float(np.clip(10 * np.log10(max(clean, 1e-12) / max(floor, 1e-12)), -10.0, MAX_SNR_DB))


def _hops(samples: Floats) -> Floats:
    count = len(samples) // HOP_SAMPLES
    return samples[: count * HOP_SAMPLES].reshape(count, HOP_SAMPLES)


def _smooth(flags: Flags) -> Flags:
    smoothed = flags.copy()
    for start, end in runs(~flags):
        if end - start < _FILL_HOPS and start > 0 and end < len(flags):
            smoothed[start:end] = True
    for start, end in runs(smoothed):
        if end - start < _MIN_HOPS:
            smoothed[start:end] = False
    return smoothed
