"""The drawings are those of the generator, stay inside their frame and show what the phone needs."""

from __future__ import annotations

import re

import pytest

from engines.training.draw_mouth import FLOW, FRONT_VIEW, MARK, PROFILE_VIEW, VOICE, draw, draw_lips
from engines.training.mouth_shapes import DRAWINGS
from tutor.paths import assets_dir
from tutor.phones import ORDER, phone_of

VOWELS = [name for name in ORDER if phone_of(name).is_vowel]


def points(svg: str) -> list[tuple[float, float]]:
    numbers = [float(n) for d in re.findall(r' d="([^"]+)"', svg) for n in re.findall(r"-?\d+(?:\.\d+)?", d)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def test_every_phone_is_drawn() -> None:
    assert set(DRAWINGS) == set(ORDER)


@pytest.mark.parametrize("name", ORDER)
def test_the_shipped_drawings_are_the_generators(name: str) -> None:
    shipped = assets_dir() / "phones" / f"{name}.svg"
    assert shipped.read_text(encoding="utf-8") == draw(DRAWINGS[name])
    if name in VOWELS:
        lips = assets_dir() / "phones" / f"{name}-lips.svg"
        assert lips.read_text(encoding="utf-8") == draw_lips(DRAWINGS[name])


@pytest.mark.parametrize("name", ORDER)
def test_nothing_reaches_outside_the_frame(name: str) -> None:
    pictures = [(draw(DRAWINGS[name]), PROFILE_VIEW)]
    if name in VOWELS:
        pictures.append((draw_lips(DRAWINGS[name]), FRONT_VIEW))
    for svg, (left, top, width, height) in pictures:
        assert all(
            left - 2 <= x <= left + width + 2 and top - 2 <= y <= top + height + 2 for x, y in points(svg)
        )


@pytest.mark.parametrize("name", ORDER)
def test_signs_follow_the_phone(name: str) -> None:
    phone, svg, mouth = phone_of(name), draw(DRAWINGS[name]), DRAWINGS[name].mouth
    assert (VOICE in svg) == phone.voiced
    assert mouth.velum_down == (phone.manner == "nasal")
    assert (DRAWINGS[name].then is not None) == (
        phone.manner in ("diphthong", "affricate") or name in ("EY", "OW", "W", "Y")
    )
    assert (MARK in svg) == (
        (phone.manner in ("stop", "fricative", "affricate", "nasal") and name != "HH") or name == "L"
    )
    assert (FLOW in svg) or phone.voiced


def test_lips_differ_where_vowels_differ() -> None:
    assert DRAWINGS["IY"].mouth.lips.width > 2 * DRAWINGS["UW"].mouth.lips.width
    assert DRAWINGS["AA"].mouth.lips.height > 2 * DRAWINGS["IH"].mouth.lips.height
    assert DRAWINGS["F"].mouth.lips.on_teeth and not DRAWINGS["W"].mouth.lips.on_teeth
