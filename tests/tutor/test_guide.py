"""The guides cover every phone, and their word pairs differ by just the sound they teach."""

from __future__ import annotations

import pytest

from tutor import guide
from tutor.lexicon import lookup
from tutor.phones import ORDER, PHONES, strip_stress

CONFUSIONS = guide.confusions()
GROUPS = {("NG", "K"), ("L", "OW"), ("ER", "AO"), ("ZH", "SH")}
"""Confusions without words that differ by the one sound only; a neighbouring sound differs too."""


def sounds(word: str) -> list[tuple[str, ...]]:
    return [tuple(map(strip_stress, names)) for names in lookup(word.lower())]


def chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


@pytest.mark.parametrize("name", ORDER)
def test_every_phone_has_a_guide_and_drawings(name: str) -> None:
    found = guide.phone_guide(name + "1")
    assert any(name in variant for variant in sounds(found.example))
    for text in (found.cue, found.tongue, found.lips, found.voice):
        assert text.en.endswith((".", "!", "”")) and chinese(text.zh)
    for drawing in (found.drawing, found.lips_drawing):
        assert drawing is None or drawing.read_text(encoding="utf-8").startswith("<svg")
    assert guide.pairs_for(name)


def test_vowels_have_a_view_of_the_lips() -> None:
    assert all(
        (guide.phone_guide(phone.arpabet).lips_drawing is not None) == phone.is_vowel for phone in PHONES
    )


def test_drawings_are_distinct() -> None:
    shapes = {guide.phone_guide(name).drawing.read_text(encoding="utf-8") for name in ORDER}
    assert len(shapes) == len(ORDER)


@pytest.mark.parametrize("key", [key for key in CONFUSIONS if key not in GROUPS])
def test_pairs_differ_by_the_one_sound(key: tuple[str, str]) -> None:
    for first, second in CONFUSIONS[key].pairs:
        differences = [
            [(one, other) for one, other in zip(left, right, strict=True) if one != other]
            for left in sounds(first)
            for right in sounds(second)
            if len(left) == len(right)
        ]
        assert [key] in differences, (first, second)


@pytest.mark.parametrize("key", sorted(GROUPS))
def test_other_pairs_hold_the_sounds_they_are_for(key: tuple[str, str]) -> None:
    for first, second in CONFUSIONS[key].pairs:
        assert any(key[0] in variant for variant in sounds(first))
        assert any(key[1] in variant for variant in sounds(second))


def test_pairs_of_a_confusion_come_before_others() -> None:
    assert guide.pairs_for("TH", "F")[0] == ("three", "free")
    assert guide.pairs_for("TH0", "NG") == guide.pairs_for("TH")


def test_eight_first_languages_have_notes_in_both_languages() -> None:
    languages = guide.first_languages()
    assert {language.code for language in languages} >= {"zh", "es", "ja", "ko", "ar", "hi", "de", "fr"}
    for language in languages:
        assert len(language.notes) >= 7 and chinese(language.name.zh)
        for note in language.notes:
            assert set(note.phones) | set(note.heard) <= set(ORDER)
            assert chinese(note.text.zh) and not chinese(note.text.en)


def test_a_note_must_fit_what_was_heard() -> None:
    note = guide.language_note("de", "W", "V")
    assert note is not None and "wine" in note.text.en
    assert guide.language_note("de", "W", "S") is None
    assert guide.language_note("xx", "W", "V") is None


def test_text_falls_back_to_english() -> None:
    text = guide.Text("one", "一")
    assert [text.in_language(code) for code in ("en", "zh", "zh_CN", "fr")] == ["one", "一", "一", "one"]
