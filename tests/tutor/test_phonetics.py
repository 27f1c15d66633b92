"""Praat's measures on sounds whose pitch and formants are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from readings import phone, reading, think, vowel_sound, word

from tutor import phonetics
from tutor.errors import InstallError

FORMANTS_HZ = (500.0, 1500.0, 2500.0, 3500.0, 4500.0)

needs_praat = pytest.mark.skipif(
    not phonetics.installed(), reason="praat-parselmouth (linguist extra) is missing"
)


@needs_praat
@pytest.mark.parametrize(("f0_hz", "ceiling_hz"), [(110.0, 5000.0), (250.0, 5500.0)])
def test_known_vowel(f0_hz: float, ceiling_hz: float) -> None:
    sound = vowel_sound(f0_hz, FORMANTS_HZ, 1.0)
    measured, track = phonetics.measure(sound, reading(word("a", phone("AH1", 0.2, 0.8)), duration_s=1.0))
    assert measured.pitch_median_hz == pytest.approx(f0_hz, rel=0.02)
    assert measured.formant_ceiling_hz == ceiling_hz
    assert measured.formants[0] == pytest.approx((500, 1500, 2500), rel=0.1)
    assert measured.pitch_range_semitones < 0.5
    assert measured.voiced_share > 0.9
    assert np.diff(track.times_s) == pytest.approx(0.01)
    voiced = track.voiced
    assert track.semitones[voiced] == pytest.approx(12 * np.log2(track.hz[voiced] / 100))


@needs_praat
def test_formants_are_those_of_the_middle() -> None:
    other = (300.0, 2200.0, 2900.0, 3600.0, 4500.0)
    sound = np.concatenate([vowel_sound(120.0, FORMANTS_HZ, 1.0), vowel_sound(120.0, other, 1.0)])
    measured, _ = phonetics.measure(sound, reading(word("a", phone("AH1", 0.5, 1.9))))
    assert measured.formants[0] == pytest.approx(other[:3], rel=0.12)


@needs_praat
def test_formants_are_those_of_praat_over_the_whole_sound() -> None:
    import parselmouth

    sound = np.concatenate(
        [vowel_sound(120.0, FORMANTS_HZ, 0.5), vowel_sound(125.0, (400.0, 1900.0, 2700.0, 3500.0, 4500.0), 0.5)]
    )
    middles = np.array([0.01, 0.1, 0.2, 0.33, 0.48, 0.61, 0.77, 0.9])
    said = reading(word("a", *(phone("AH1", at - 0.01, at + 0.01) for at in middles)))
    measured, _ = phonetics.measure(sound, said)
    whole = parselmouth.Sound(sound.astype(np.float64), 16_000).to_formant_burg(time_step=0.0005, maximum_formant=5000.0)
    for at, found in zip(middles[1:], measured.formants[1:], strict=True):
        nearest = whole.xs()[np.argmin(np.abs(whole.xs() - at))]
        assert found == pytest.approx([whole.get_value_at_time(n, nearest) for n in (1, 2, 3)], rel=0.01)
    assert measured.formants[0] is not None


@needs_praat
def test_consonants_and_left_out_vowels_have_no_formants() -> None:
    sound = vowel_sound(120.0, FORMANTS_HZ, 2.0)
    measured, _ = phonetics.measure(sound, think())
    assert [found is None for found in measured.formants] == [False, True, False, True, True, True, True]


@needs_praat
def test_level_follows_the_sound_not_the_silence() -> None:
    sound = np.zeros(32_000, np.float32)
    sound[8_000:16_000] = 0.1 * np.sin(2 * np.pi * 200 * np.arange(8_000) / 16_000)
    measured, _ = phonetics.measure(sound, reading(word("a", phone("AH1", 0.5, 1.0))))
    assert measured.intensity_mean_db == pytest.approx(10 * math.log10(0.005 / 4e-10), abs=0.05)


@needs_praat
def test_silence_and_short_sounds_have_no_pitch() -> None:
    for samples in (np.zeros(16_000, np.float32), np.zeros(160, np.float32)):
        measured, track = phonetics.measure(samples, reading(word("a", phone("AH1", 0.0, 0.0))))
        assert math.isnan(measured.pitch_median_hz) and not track.voiced.any()
        assert math.isnan(measured.intensity_mean_db)


def test_without_praat_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "parselmouth", None)
    with pytest.raises(InstallError, match="linguist"):
        phonetics.measure(np.zeros(16_000, np.float32), think())
