"""When a learner hears that another phone was said."""

from __future__ import annotations

import pytest

from tutor.calibration import is_replaced, is_wrong
from tutor.result import Heard, PhoneResult


@pytest.mark.parametrize(
    ("rating", "likely", "replaced", "wrong"),
    [
        (1.5, 0.95, True, True),  # raters would let it pass, but it is clearly another phone
        (1.7, 0.95, False, False),
        (1.3, 0.7, True, True),
        (1.3, 0.5, False, False),
        (1.45, 0.7, False, False),
        (0.7, 0.3, False, True),
        (0.7, 0.0, False, True),
    ],
)
def test_another_phone_counts_by_how_clear_it_is_and_how_weak_the_mark(
    rating: float, likely: float, replaced: bool, wrong: bool
) -> None:
    heard = (Heard("T", "t", likely),) if likely else ()
    phone = PhoneResult("TH", "θ", 0.1, 0.2, 50 * rating, rating, 0.9, heard)
    assert (is_replaced(phone), is_wrong(phone)) == (replaced, wrong)


@pytest.mark.parametrize(("expected", "heard", "replaced"), [("AE0", "IH", False), ("AE1", "IH", True), ("AE0", "N", True)])
def test_an_unstressed_vowel_may_sound_like_another(expected: str, heard: str, replaced: bool) -> None:
    phone = PhoneResult(expected, "æ", 0.1, 0.2, 60.0, 1.2, 0.9, (Heard(heard, "", 0.9),))
    assert is_replaced(phone) is replaced
