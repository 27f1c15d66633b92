"""Melody and timing are found again in sounds that were made with known ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tutor import prosody
from tutor.errors import InstallError
from tutor.phones import ipa_of
from tutor.prosody import EnergyTrack, PitchTrack
from tutor.result import INSERTED, OMITTED, PhoneResult, WordResult
from tutor.timebase import SAMPLE_RATE

Floats = NDArray[np.float32]


def buzz(hz: NDArray[np.float64], rng: np.random.Generator, level: float = 0.3) -> Floats:
    """A voice-like sound (12 falling harmonics) whose pitch follows ``hz``, one value a sample."""
    phase = 2 * np.pi * np.cumsum(hz) / SAMPLE_RATE
    wave = sum(np.sin(number * phase) / number for number in range(1, 13))
    return (level * wave / 3 + 1e-4 * rng.standard_normal(len(hz))).astype(np.float32)


def glide(start_hz: float, end_hz: float, duration_s: float) -> NDArray[np.float64]:
    count = int(duration_s * SAMPLE_RATE)
    return np.geomspace(start_hz, end_hz, count)


def track(times_s: list[float] | Floats, hz: list[float] | Floats) -> PitchTrack:
    values = np.asarray(hz, dtype=np.float32)
    voiced = ~np.isnan(values)
    return PitchTrack(np.asarray(times_s, dtype=np.float32), values, voiced, voiced.astype(np.float32))


def word(text: str, start: float, end: float, *phones: str, status: str = "ok") -> WordResult:
    width = (end - start) / max(len(phones), 1)
    sounds = tuple(
        PhoneResult(name, ipa_of(name), start + width * n, start + width * (n + 1), 90.0, 1.8, 0.9)
        for n, name in enumerate(phones)
    )
    return WordResult(text, start, end, 90.0, 90.0, 90.0, status, 0.9, phonemes=sounds)


@pytest.mark.parametrize(("start_hz", "end_hz"), [(120.0, 120.0), (110.0, 220.0), (300.0, 180.0)])
def test_pitch_of_a_glide_is_within_half_a_semitone(start_hz: float, end_hz: float) -> None:
    pytest.importorskip("swift_f0", reason="swift-f0 or its onnxruntime is not installed")
    rng = np.random.default_rng(1)
    true_hz = glide(start_hz, end_hz, 1.0)
    silence = (1e-4 * rng.standard_normal(SAMPLE_RATE // 2)).astype(np.float32)
    found = prosody.pitch_track(np.concatenate([silence, buzz(true_hz, rng), silence]))
    inside = (found.times_s > 0.55) & (found.times_s < 1.45)
    expected = true_hz[((found.times_s[inside] - 0.5) * SAMPLE_RATE).astype(int)]
    assert found.voiced[inside].mean() > 0.95
    errors = np.abs(12 * np.log2(found.hz[inside] / expected))
    assert np.nanmedian(errors) < 0.2 and np.nanmax(errors) < 1.0
    outside = (found.times_s < 0.4) | (found.times_s > 1.6)
    assert not found.voiced[outside].any()
    assert np.isnan(found.hz[outside]).all()


def test_no_samples_have_no_pitch() -> None:
    found = prosody.pitch_track(np.zeros(0, dtype=np.float32))
    assert len(found.times_s) == 0 and np.isnan(found.median_hz)


def test_without_swift_f0_pyin_answers_and_without_both_there_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(_: Floats) -> None:
        raise ImportError("not installed")

    def answer(_: Floats) -> tuple[Floats, Floats, Floats]:
        return np.arange(5, dtype=np.float32), np.full(5, 100, np.float32), np.ones(5, np.float32)

    samples = np.zeros(1600, dtype=np.float32)
    monkeypatch.setattr(prosody, "_swift_f0", missing)
    monkeypatch.setattr(prosody, "_pyin", answer)
    assert prosody.pitch_track(samples).median_hz == 100
    monkeypatch.setattr(prosody, "_pyin", missing)
    with pytest.raises(InstallError, match="swift-f0"):
        prosody.pitch_track(samples)


def test_short_voiced_blips_are_dropped() -> None:
    confidence = np.array([0, 1, 1, 0, 1, 1, 1, 1, 0, 1], dtype=np.float32)
    found = prosody._track(np.arange(10) * 0.016, np.full(10, 100.0), confidence)
    assert found.voiced.tolist() == [False] * 4 + [True] * 4 + [False] * 2


def test_semitones_count_from_the_median() -> None:
    found = prosody.semitones(track([0, 1, 2, 3], [100, 200, 400, float("nan")]))
    np.testing.assert_allclose(found[:3], [-12, 0, 12], atol=1e-4)
    assert np.isnan(found[3])
    np.testing.assert_allclose(prosody.semitones(track([0], [200]), 100.0), [12], atol=1e-4)


def test_energy_is_the_level_in_decibels() -> None:
    times = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    tone = (np.sin(2 * np.pi * 200 * times)).astype(np.float32)
    silence = np.zeros(SAMPLE_RATE, dtype=np.float32)
    found = prosody.energy_track(np.concatenate([tone, 0.1 * tone, silence]))
    levels = [found.level_db[np.searchsorted(found.times_s, at)] for at in (0.5, 1.5, 2.5)]
    np.testing.assert_allclose(levels, [-3.01, -23.01, -80.0], atol=0.1)
    assert len(prosody.energy_track(np.zeros(0, dtype=np.float32)).times_s) == 0


def test_range_leaves_outliers_out_and_needs_enough_voice() -> None:
    times = np.arange(200) * 0.016
    hz = np.geomspace(100, 200, 200)
    hz[50] = 490
    assert prosody.pitch_range(track(times, hz)) == pytest.approx(0.9 * 12, abs=0.4)
    assert np.isnan(prosody.pitch_range(track(times[:20], hz[:20])))


WORDS = (word("are", 0.0, 0.3, "AA1", "R"), word("ready", 0.3, 0.9, "R", "EH1", "D", "IY0"))


@pytest.mark.parametrize("moved", [-6.0, 0.0, 6.0])
def test_final_movement_is_measured_from_the_last_stressed_vowel(moved: float) -> None:
    times = np.arange(0, 0.96, 0.016)
    share = np.clip((times - 0.45) / 0.45, 0, 1)
    hz = 150 * 2 ** (moved * share / 12)
    hz[len(hz) - 6] *= 2
    assert prosody.final_movement(track(times, hz), WORDS) == pytest.approx(moved, abs=0.6)


def test_final_movement_needs_voice_and_words() -> None:
    times = np.arange(0, 0.96, 0.016)
    hz = np.where(times > 0.5, np.nan, 150.0)
    assert np.isnan(prosody.final_movement(track(times, hz), WORDS))
    assert np.isnan(prosody.final_movement(track(times, hz), ()))


def test_pauses_know_their_place_and_the_punctuation() -> None:
    words = (
        word("well", 0.0, 0.3),
        word("i", 0.7, 0.8),
        word("um", 0.8, 0.9, status=INSERTED),
        word("the", 0.9, 0.9, status=OMITTED),
        word("think", 1.4, 1.8),
        word("so", 1.9, 2.1),
    )
    found = prosody.find_pauses(words, "Well, I the think so.")
    assert [(pause.after, pause.at_mark) for pause in found] == [(0, True), (2, False)]
    assert found[1].end_s - found[1].start_s == pytest.approx(0.5)


def test_rate_counts_syllables_and_leaves_pauses_out() -> None:
    words = (
        word("ready", 0.0, 0.4, "R", "EH1", "D", "IY0"),
        word("go", 0.45, 0.75, "G", "OW1"),
        word("now", 2.0, 2.25, "N", "AW1"),
        word("later", 3.0, 3.0, "L", "EY1", "T", "ER0", status=OMITTED),
    )
    assert prosody.articulation_rate(words) == pytest.approx(4 / (0.4 + 0.3 + 0.25 + 0.05))
    assert np.isnan(prosody.articulation_rate(()))


@pytest.mark.parametrize("strong", [0, 1])
@pytest.mark.parametrize("cue", ["length", "level", "pitch"])
def test_each_cue_marks_the_strongest_syllable(cue: str, strong: int) -> None:
    spans = [[0.1, 0.2], [0.3, 0.4]]
    if cue == "length":
        spans[strong][1] += 0.09
    times = np.arange(0, 0.6, 0.01, dtype=np.float32)
    here = (times >= spans[strong][0]) & (times <= spans[strong][1])
    hz = np.where(here & (cue == "pitch"), 150.0, 110.0)
    level = np.where(here & (cue == "level"), -10.0, -20.0).astype(np.float32)
    sounds = [
        PhoneResult(name, "", start, end, 90.0, 1.8, 0.9)
        for name, (start, end) in zip(("AH1", "AH0"), spans, strict=True)
    ]
    made = replace(word("x", 0.1, 0.5), phonemes=tuple(sounds))
    assert prosody.strongest_syllable(made, track(times, hz), EnergyTrack(times, level)) == strong


def test_equal_or_single_syllables_have_no_winner() -> None:
    times = np.arange(0, 1, 0.01, dtype=np.float32)
    flat = EnergyTrack(times, np.full(100, -20, dtype=np.float32))
    pitch = track(times, np.full(100, np.nan))
    assert prosody.strongest_syllable(word("x", 0.1, 0.5, "AH1", "AH0"), pitch, flat) is None
    assert prosody.strongest_syllable(word("x", 0.1, 0.5, "AH1", "T"), pitch, flat) is None


def test_the_reference_is_stretched_word_by_word() -> None:
    reference = track([0.5, 1.0, 1.5, 2.0, 2.5, 3.0], [100.0] * 6)
    moved = prosody.align_contours(reference, [(1.0, 1.5), (1.5, 2.5)], [(2.0, 3.0), (3.5, 4.0)])
    np.testing.assert_allclose(moved.times_s, [1.5, 2.0, 3.0, 3.75, 4.0, 4.5], atol=0.01)
    assert moved.hz is reference.hz


def test_words_missing_on_either_side_anchor_nothing() -> None:
    reference = track([1.0, 2.0, 3.0], [100.0] * 3)
    times = [(1.0, 1.5), (2.0, 2.0), (2.5, 3.0)]
    own = [(2.0, 2.5), (9.0, 9.5), (3.5, 4.0)]
    np.testing.assert_allclose(
        prosody.align_contours(reference, times, own).times_s, [2.0, 3.0, 4.0], atol=1e-5
    )
    assert prosody.align_contours(reference, [(1.0, 1.0)], [(2.0, 3.0)]) is reference
    with pytest.raises(ValueError, match="2 reference words"):
        prosody.align_contours(reference, times[:2], own)


def test_measure_puts_it_all_together() -> None:
    pytest.importorskip("swift_f0", reason="swift-f0 or its onnxruntime is not installed")
    rng = np.random.default_rng(2)
    hz = np.concatenate([glide(150, 150, 0.45), glide(150, 90, 0.45)])
    found = prosody.measure(buzz(hz, rng), WORDS, "Are ready.")
    assert found.final_semitones < -6
    assert found.range_semitones > 5
    assert found.articulation_rate == pytest.approx(3 / 0.9)
    assert found.pauses == () and len(found.strongest) == 2
