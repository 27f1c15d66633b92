"""The lesson library is complete, readable and says what is wrong with a broken file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tutor.errors import InstallError
from tutor.lessons import KINDS, LEVELS, items_for, load_lessons
from tutor.lexicon import lookup
from tutor.phones import ORDER, strip_stress

LESSONS = load_lessons()
ITEMS = [item for lesson in LESSONS for item in lesson.items]
GOOD = """
kind = "everyday"
level = "A1"
title = "Title"
title_zh = "题目"
about = "About."
about_zh = "说明。"
targets = ["S"]
items = [{ id = "one", text = "See it." }]
"""


def pronunciations(word: str) -> list[tuple[str, ...]]:
    return [tuple(map(strip_stress, sounds)) for sounds in lookup(word.lower())]


def words_in(text: str) -> list[str]:
    return re.findall(r"[A-Za-z']+", text)


def test_there_are_enough_items_of_every_kind_and_level() -> None:
    assert len(ITEMS) >= 300
    assert {lesson.kind for lesson in LESSONS} == set(KINDS)
    assert {item.level for item in ITEMS} == set(LEVELS)


def test_ids_and_texts_are_unique() -> None:
    assert len({item.id for item in ITEMS}) == len(ITEMS)
    assert len({item.text.lower() for item in ITEMS}) == len(ITEMS)


def test_every_phone_has_minimal_pairs() -> None:
    pairs = {
        phone
        for lesson in LESSONS
        if lesson.kind == "minimal_pairs"
        for item in lesson.items
        for phone in item.targets
    }
    assert pairs == set(ORDER)


def test_every_word_is_in_the_dictionary() -> None:
    unknown = {word for item in ITEMS for word in words_in(item.text) if not pronunciations(word)}
    assert not unknown


def test_every_item_holds_the_phones_it_practises() -> None:
    for item in ITEMS:
        sounds = {
            sound for word in words_in(item.text) for variant in pronunciations(word) for sound in variant
        }
        assert set(item.targets) <= sounds, item.id


def test_accent_passages_hold_all_phones() -> None:
    for item in ITEMS:
        if item.id.startswith("accent-"):
            sounds = {sound for word in words_in(item.text) for sound in pronunciations(word)[0]}
            assert sounds == set(ORDER), item.id


def test_texts_are_plain_english_and_of_readable_length() -> None:
    for item in ITEMS:
        assert re.fullmatch(r"[A-Za-z',.;?! ]+", item.text), item.id
        assert len(words_in(item.text)) <= 90, item.id


def test_questions_that_should_rise_are_questions() -> None:
    assert all(item.text.endswith("?") for item in ITEMS if item.tune == "rise")


def test_items_for_a_phone_begin_with_minimal_pairs() -> None:
    found = items_for(LESSONS, "TH")
    assert len(found) >= 20
    assert all("TH" in item.targets for item in found)
    kind_of = {item.id: lesson.kind for lesson in LESSONS for item in lesson.items}
    is_pair = [kind_of[item.id] == "minimal_pairs" for item in found]
    assert is_pair == sorted(is_pair, reverse=True)


def write(folder: Path, text: str, name: str = "mine.toml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_good_file_loads_with_its_defaults(tmp_path: Path) -> None:
    (lesson,) = load_lessons(write(tmp_path, GOOD))
    assert (lesson.id, lesson.items[0].level, lesson.items[0].targets, lesson.items[0].tune) == (
        "mine",
        "A1",
        ("S",),
        "",
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('kind = "everyday"', 'kind = "weekly"', "everyday"),
        ('level = "A1"', 'level = "D1"', "A1"),
        ('level = "A1"', "", "level"),
        ('title = "Title"', "", "title"),
        ('["S"]', '["XX"]', "ARPAbet"),
        ('id = "one", ', "", "item 1"),
        ('text = "See it."', 'text = "  "', "item 1"),
        ('[{ id = "one", text = "See it." }]', "[]", "no items"),
        ('[{ id = "one", text = "See it." }]', '["See it."]', "item 1"),
        ('[{ id = "one", text = "See it." }]', '[{ id = "one", text = "See it.", tune = "up" }]', "tune"),
        ("items =", "items = =", "TOML"),
    ],
)
def test_a_broken_file_is_named_with_its_fault(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(InstallError, match=message) as caught:
        load_lessons(write(tmp_path, GOOD.replace(old, new)))
    assert "mine.toml" in str(caught.value)


def test_two_items_of_one_id_are_refused(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    with pytest.raises(InstallError, match="'one'"):
        load_lessons(write(tmp_path, GOOD, "yours.toml"))


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="no lessons"):
        load_lessons(tmp_path)
