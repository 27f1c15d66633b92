"""Every lesson item has its reading at two speeds, with word times that fit; damage is named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tutor import reference
from tutor.errors import InstallError
from tutor.lessons import load_lessons
from tutor.paths import assets_dir

ITEMS = [item for lesson in load_lessons() for item in lesson.items]
INDEX = json.loads((assets_dir() / "voice" / "index.json").read_text(encoding="utf-8"))["items"]


def test_every_item_is_recorded_with_its_present_text() -> None:
    assert {key: entry["text"] for key, entry in INDEX.items()} == {item.id: item.text for item in ITEMS}
    assert all(reference.has_reference(item.id) for item in ITEMS)
    assert not reference.has_reference("no-such-item")


def test_no_stray_files_and_about_five_megabytes() -> None:
    folder = assets_dir() / "voice"
    listed = {entry[speed]["file"] for entry in INDEX.values() for speed in reference.SPEEDS}
    assert {path.name for path in folder.glob("*.opus")} == listed
    assert sum(path.stat().st_size for path in folder.glob("*.opus")) < 6e6


@pytest.mark.parametrize("speed", reference.SPEEDS)
def test_word_times_are_in_order_and_inside(speed: str) -> None:
    for key, entry in INDEX.items():
        recording = entry[speed]
        assert len(recording["words"]) == len(reference.words_of(entry["text"])), key
        edges = [edge for span in recording["words"] for edge in span]
        assert edges == sorted(edges), key
        assert edges[0] >= 0 and edges[-1] <= recording["duration"] + 0.01, key


def test_slow_is_slower() -> None:
    assert all(entry["slow"]["duration"] > 1.15 * entry["normal"]["duration"] for entry in INDEX.values())


@pytest.mark.parametrize("speed", reference.SPEEDS)
def test_a_reading_is_heard_where_its_words_are(speed: str) -> None:
    spoken = reference.reference("hello-02", speed)
    assert [word.text for word in spoken.words] == ["Nice", "to", "meet", "you"]
    assert spoken.samples.dtype == np.float32 and spoken.samples.ndim == 1
    assert len(spoken.samples) / spoken.rate_hz == pytest.approx(
        INDEX["hello-02"][speed]["duration"], abs=0.03
    )
    level = [
        float(
            np.abs(
                spoken.samples[int(word.start_s * spoken.rate_hz) : int(word.end_s * spoken.rate_hz)]
            ).max()
        )
        for word in spoken.words
    ]
    assert min(level) > 0.05 and max(level) <= 1.0


def test_an_unknown_item_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        reference.reference("no-such-item")


@pytest.mark.parametrize("index", [None, "not json", "[]", '{"schema": "other"}'])
def test_a_damaged_index_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, index: str | None) -> None:
    monkeypatch.setattr(reference, "assets_dir", lambda: tmp_path)
    (tmp_path / "voice").mkdir()
    if index is not None:
        (tmp_path / "voice" / "index.json").write_text(index)
    with pytest.raises(InstallError, match=r"index\.json"):
        reference.reference("hello-01")


@pytest.mark.parametrize("content", [None, b"", b"OggS nothing"])
def test_a_damaged_recording_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    monkeypatch.setattr(reference, "assets_dir", lambda: tmp_path)
    (tmp_path / "voice").mkdir()
    entry = {"text": "Hello.", "normal": {"file": "x.opus", "words": [[0, 1]]}}
    data = {"schema": reference.SCHEMA, "voice": "v", "items": {"x": entry}}
    (tmp_path / "voice" / "index.json").write_text(json.dumps(data))
    if content is not None:
        (tmp_path / "voice" / "x.opus").write_bytes(content)
    with pytest.raises(InstallError, match=r"x\.opus"):
        reference.reference("x")
