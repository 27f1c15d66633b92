"""Weak sounds come back soon, good ones late, and the drill holds the right items."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from tutor.attempt import PhoneScore
from tutor.lessons import Item, Lesson, load_lessons
from tutor.practice import LONGEST_INTERVAL_DAYS, Card, cards, drill, due_cards

TODAY = date(2026, 5, 20)
LESSONS = load_lessons()


def score(days_ago: int, value: float, arpabet: str = "TH", heard: str = "") -> PhoneScore:
    noon = datetime.combine(TODAY - timedelta(days=days_ago), datetime.min.time()) + timedelta(hours=12)
    return PhoneScore(noon.timestamp(), arpabet, heard, "word", value)


def history(*values: float, arpabet: str = "TH") -> list[PhoneScore]:
    """Three takes a day with these scores, the last day today."""
    days = range(len(values) - 1, -1, -1)
    return [score(day, value, arpabet) for day, value in zip(days, values, strict=True) for _ in range(3)]


def only(scores: list[PhoneScore]) -> Card:
    (card,) = cards(scores)
    return card


def test_good_days_make_the_wait_grow_and_a_poor_one_ends_it() -> None:
    waits = [only(history(*[90.0] * count)).interval_days for count in range(1, 8)]
    assert waits[0] == 1 and waits == sorted(waits) and waits[3] > 8
    assert only(history(90, 90, 90, 30)).interval_days == 0
    assert only(history(90, 90, 70)).interval_days < only(history(90, 90, 90)).interval_days
    assert only(history(*[95.0] * 30)).interval_days == LONGEST_INTERVAL_DAYS


def test_takes_of_one_day_are_one_repetition() -> None:
    one_day = [score(0, 90) for _ in range(10)]
    assert only(one_day).interval_days == 1
    assert only(one_day).count == 10


def test_the_score_follows_the_newest_days_and_order_of_rows_does_not_matter() -> None:
    improving = history(20, 50, 90)
    card = only(improving)
    assert 50 < card.score < 90
    assert only(improving[::-1]) == card


def test_the_usual_substitute_is_remembered() -> None:
    scores = [score(0, 20, heard=heard) for heard in ("S", "T", "S", "")]
    assert only(scores).heard == "S"
    assert only(history(90)).heard == ""


def test_due_cards_are_ordered_by_need() -> None:
    weak, fair = history(30, arpabet="R"), history(55, arpabet="L")
    waiting = history(90, 90, 90, arpabet="S")
    rare = [score(0, 10, "ZH")]
    found = due_cards(cards([*fair, *weak, *waiting, *rare]), TODAY)
    assert [card.arpabet for card in found] == ["R", "L"]
    later = due_cards(cards(waiting), TODAY + timedelta(days=30))
    assert [card.arpabet for card in later] == ["S"]


def test_an_overdue_card_is_more_urgent() -> None:
    card = only(history(90, 90))
    assert card.urgency(card.due - timedelta(days=1)) == 0
    assert 0 < card.urgency(card.due) < card.urgency(card.due + timedelta(days=9))


def test_the_drill_takes_turns_and_prefers_the_confusion() -> None:
    due = (Card("TH", 30, 9, "S", TODAY, 0), Card("R", 40, 9, "L", TODAY, 0))
    items = drill(LESSONS, due, {}, count=8)
    assert len(items) == 8 and len(set(items)) == 8
    assert {"TH", "S"} <= set(items[0].targets) and {"R", "L"} <= set(items[1].targets)


def test_items_said_well_come_later_and_levels_are_kept() -> None:
    due = (Card("TH", 30, 9, "S", TODAY, 0),)
    first = drill(LESSONS, due, {})[0]
    assert drill(LESSONS, due, {first.id: 95.0})[0] != first
    assert all(item.level in ("A1", "A2") for item in drill(LESSONS, due, {}, count=50, level="A2"))


@pytest.mark.parametrize("due", [(), (Card("AA", 30, 9, "", TODAY, 0),)])
def test_nothing_due_or_no_items_gives_an_empty_drill(due: tuple[Card, ...]) -> None:
    lesson = Lesson("x", "everyday", "A1", "t", "t", "a", "a", (Item("x-1", "See.", "A1", ("S",)),))
    assert drill((lesson,), due, {}) == ()


def test_an_item_for_two_due_phones_is_taken_once() -> None:
    item = Item("x-1", "This.", "A1", ("DH", "S"))
    lesson = Lesson("x", "everyday", "A1", "t", "t", "a", "a", (item,))
    due = (Card("DH", 30, 9, "", TODAY, 0), Card("S", 30, 9, "", TODAY, 0))
    assert drill((lesson, replace(lesson, id="y", items=())), due, {}) == (item,)
