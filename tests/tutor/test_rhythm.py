"""Rhythm measures worked out by hand."""

from __future__ import annotations

import math

import pytest
from readings import phone, reading, think, word

from tutor.result import OMITTED, OTHER_TEXT
from tutor.rhythm import rhythm


def test_known_intervals() -> None:
    # B AA T | pause | IH T AH: vowels 200, 100, 300 ms; consonants 100, 100, 150 ms.
    measured = rhythm(
        reading(
            word("bot", phone("B", 0.1, 0.2), phone("AA1", 0.2, 0.4), phone("T", 0.4, 0.5)),
            word("itta", phone("IH1", 1.0, 1.1), phone("T", 1.1, 1.25), phone("AH0", 1.25, 1.55)),
        )
    )
    assert measured.syllables == 3
    assert measured.speech_s == pytest.approx(1.45)
    assert measured.speech_rate == pytest.approx(3 / 1.45)
    assert measured.pauses == 1
    assert measured.pause_total_s == pytest.approx(0.5)
    assert measured.articulation_rate == pytest.approx(3 / 0.95)
    assert measured.pause_share == pytest.approx(0.5 / 1.45)
    assert measured.npvi_v == pytest.approx(100 * 0.2 / 0.2), "only neighbours with no pause between them"
    assert measured.rpvi_c == pytest.approx(0), "B and T of the first stretch alone are neighbours"
    assert measured.pct_v == pytest.approx(100 * 0.6 / 0.95)
    assert measured.delta_v_ms == pytest.approx(100)
    assert measured.delta_c_ms == pytest.approx(math.sqrt((2 * 16.6667**2 + 33.3333**2) / 2), rel=1e-4)
    assert measured.varco_c == pytest.approx(100 * measured.delta_c_ms / (350 / 3))


def test_neighbouring_vowels_and_consonants_are_one_interval() -> None:
    measured = rhythm(
        reading(
            word(
                "x", phone("S", 0, 0.1), phone("T", 0.1, 0.2), phone("IY1", 0.2, 0.3), phone("AH0", 0.3, 0.5)
            )
        )
    )
    assert measured.syllables == 2
    assert math.isnan(measured.delta_v_ms) and math.isnan(measured.npvi_v), "one vocalic interval"
    assert measured.pct_v == pytest.approx(60)


def test_left_out_words_do_not_count() -> None:
    measured = rhythm(think())
    assert measured.syllables == 2
    assert (measured.pauses, measured.pause_mean_s) == (1, pytest.approx(0.4))


def test_a_word_marked_as_left_out_does_not_count_whatever_its_times() -> None:
    gone = word("a", phone("AH0", 0.5, 0.8), status=OMITTED)
    assert rhythm(reading(word("b", phone("IY1", 0.1, 0.3)), gone)).syllables == 1


def test_nothing_said() -> None:
    measured = rhythm(reading(word("a", phone("AH0", 0.1, 0.3)), verdict=OTHER_TEXT))
    assert measured.syllables == 0 and math.isnan(measured.speech_rate)
