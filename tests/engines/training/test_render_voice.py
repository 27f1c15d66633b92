"""The renderer reads lists word by word and cuts the silence around a reading."""

from __future__ import annotations

import numpy as np

from engines.training import render_voice
from tutor.lessons import Item, load_lessons

ITEMS = {item.id: item for lesson in load_lessons() for item in lesson.items}


def test_lists_are_read_word_by_word_and_sentences_in_one_go() -> None:
    assert render_voice._parts(Item("x", "ship, sheep", "A1", ("IH",))) == ["ship.", "sheep."]
    assert render_voice._parts(Item("x", "Yes, I am.", "A1", ("IH",))) == ["Yes, I am."]


def test_overrides_belong_to_items_and_keep_their_other_words() -> None:
    for key, said in render_voice.OVERRIDES.items():
        kept = [word for word in said.replace(",", "").split() if word.isalpha()]
        assert "[[" in said and all(word in ITEMS[key].text for word in kept if word.isascii())


def test_a_change_of_text_or_speed_asks_for_a_new_reading() -> None:
    item = ITEMS["hello-01"]
    keys = {
        render_voice._key(item, "normal"),
        render_voice._key(item, "slow"),
        render_voice._key(ITEMS["hello-02"], "slow"),
    }
    assert len(keys) == 3


def test_silence_is_trimmed_to_lead_and_tail() -> None:
    rate = 22_050
    tone = 0.5 * np.sin(np.arange(rate) * 2 * np.pi * 150 / rate)
    silence = np.zeros(rate)
    trimmed = render_voice._trimmed(np.concatenate([silence, tone, silence]).astype(np.float32), rate)
    expected_s = 1.0 + render_voice.LEAD_S + render_voice.TAIL_S
    assert abs(len(trimmed) / rate - expected_s) < 0.03
    assert trimmed[0] == trimmed[-1] == 0


def test_the_finished_level_is_the_agreed_peak() -> None:
    tone = (0.1 * np.sin(np.arange(22_050) * 2 * np.pi * 150 / 22_050)).astype(np.float32)
    finished = render_voice._finished(tone, 22_050)
    assert np.isclose(np.abs(finished).max(), render_voice.PEAK, atol=1e-3)
    assert abs(len(finished) - render_voice.RATE_HZ) <= 2
