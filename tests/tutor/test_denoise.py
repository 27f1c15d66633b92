"""Noise reduction: less noise, the same speech, in step."""

import numpy as np
import pytest

from tutor.timebase import SAMPLE_RATE

pytest.importorskip("webrtc_noise_gain", reason="the extra 'denoise' is not installed")

from tutor.denoise import STRENGTHS, denoise


def scene(noise, seed=0):
    """1 s of noise, 2 s of harmonics in syllables over it, 1 s of noise; and the same without noise."""
    clock = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    buzz = sum(np.sin(2 * np.pi * 140 * k * clock) / k for k in range(1, 25))
    voice = np.zeros(4 * SAMPLE_RATE)
    voice[SAMPLE_RATE : 3 * SAMPLE_RATE] = 0.15 * buzz * (0.55 - 0.45 * np.cos(8 * np.pi * clock))
    rough = noise * np.random.default_rng(seed).standard_normal(len(voice))
    return (voice + rough).astype(np.float32), voice.astype(np.float32)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_noise_falls_and_speech_stays(strength):
    noisy, _ = scene(0.02)
    cleaned = denoise(noisy, strength)
    assert cleaned.dtype == np.float32 and cleaned.shape == noisy.shape
    for part in (slice(0, SAMPLE_RATE - 800), slice(3 * SAMPLE_RATE + 4800, 4 * SAMPLE_RATE)):
        assert np.std(cleaned[part]) < 0.6 * np.std(noisy[part])
    voiced = slice(SAMPLE_RATE, 3 * SAMPLE_RATE)
    assert np.std(cleaned[voiced]) == pytest.approx(np.std(noisy[voiced]), rel=0.3)


def test_output_is_in_step_with_the_input():
    noisy, voice = scene(1e-3)
    cleaned = denoise(noisy, 1)
    lags = range(-40, 41)
    alike = [float(np.dot(voice[4000:-4000], cleaned[4000 + lag : len(voice) - 4000 + lag])) for lag in lags]
    assert abs(lags[int(np.argmax(alike))]) <= 16


@pytest.mark.parametrize("count", [0, 1, 159, 160, 4800, 16001])
def test_any_length(count):
    assert denoise(np.full(count, 0.01, np.float32)).shape == (count,)


def test_unknown_strength():
    with pytest.raises(ValueError, match="strength"):
        denoise(np.zeros(160, np.float32), 9)
