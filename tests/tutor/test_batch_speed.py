"""Batch against bare model: rates are counted right, whatever they are."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import soundfile
from readings import babble

from engines.canned import CannedModel
from tutor.batch import Settings
from tutor.batch_speed import converted, measure_speed
from tutor.errors import Cancelled, EngineError
from tutor.intake import Item, take_in

SETTINGS = Settings("canned", "canned", "", acoustics=False)


@pytest.fixture
def items(tmp_path: Path) -> tuple[Item, ...]:
    for number in range(8):
        audio = babble(tmp_path / "in" / f"{number}.wav", 1.0, 110.0 + number)
        audio.with_suffix(".txt").write_text("We call it bear", encoding="utf-8")
    return take_in(tmp_path / "in").items


def test_a_slow_model_is_nearly_all_of_the_batch(items: tuple[Item, ...], tmp_path: Path) -> None:
    opener = partial(CannedModel, delay_s=0.1)
    speed = measure_speed(items, opener, SETTINGS, tmp_path / "out", workers=1, rounds=1)
    assert speed.recordings == 8 and speed.audio_s == pytest.approx(8.0, abs=0.1)
    assert 5 < speed.bare <= 10, "1 s of sound takes 0.1 s of the model"
    assert 1 < speed.batch < 10 and speed.fed <= 1.05 * speed.bare
    assert 0 < speed.share < speed.fed_share < 1, "sleeping takes no processor time"


def test_copies_hold_the_same_recordings(items: tuple[Item, ...], tmp_path: Path) -> None:
    for kind in ("wav", "flac", "opus"):
        copies = converted(items, kind, tmp_path / kind)
        assert [copy.id for copy in copies] == [item.id for item in items]
        assert soundfile.info(copies[0].audio).frames == pytest.approx(soundfile.info(items[0].audio).frames, abs=400)


def test_it_stops_and_fails_clearly(items: tuple[Item, ...], tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        measure_speed(items, CannedModel, SETTINGS, tmp_path / "out", progress=lambda label, done, total: False)
    items[0].audio.write_bytes(b"no sound")
    with pytest.raises(EngineError, match="could not be measured"):
        measure_speed(items, CannedModel, SETTINGS, tmp_path / "out", workers=1, rounds=1)
