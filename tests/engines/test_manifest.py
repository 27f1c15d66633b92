from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engines.manifest import load_manifest, sha256_of
from tutor.errors import ModelError


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_folder, tmp_path / "model"))


def change(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "manifest.json"
    data = json.loads(path.read_text())
    edit(data)
    path.write_text(json.dumps(data))


def test_reads_what_was_written(folder: Path) -> None:
    manifest = load_manifest(folder)
    assert manifest.title == "tiny 0"
    assert manifest.acoustic_path == folder / "acoustic.onnx"
    assert manifest.profiles["batch"].batch == (1, 4, 8)
    assert manifest.scorer is not None and manifest.scorer.features == ("likelihood", "ratio", "duration")


@pytest.mark.parametrize("name", ["acoustic.onnx", "scorer.onnx"])
def test_missing_cut_and_changed_files(folder: Path, name: str) -> None:
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(ModelError, match="damaged"):
        load_manifest(folder)
    load_manifest(folder, check_files=False)
    (folder / name).unlink()
    with pytest.raises(ModelError, match="missing"):
        load_manifest(folder)


@pytest.mark.parametrize(
    "edit",
    [
        lambda data: data.update(schema="tutor.model/2"),
        lambda data: data.pop("name"),
        lambda data: data["phones"].reverse(),
        lambda data: data.update(sample_rate=8000),
        lambda data: data.update(frame_samples=160),
        lambda data: data["acoustic"]["outputs"].pop("hidden"),
        lambda data: data["acoustic"].update(file="../elsewhere.onnx"),
        lambda data: data["scorer"]["inputs"].pop("counts"),
        lambda data: data["profiles"]["batch"].update(batch=[4, 1, 8]),
        lambda data: data["profiles"]["batch"].update(samples=[1, 2]),
        lambda data: data.update(acoustic=[]),
    ],
)
def test_other_content_is_refused_in_one_line(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    change(folder, edit)
    with pytest.raises(ModelError) as caught:
        load_manifest(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["", "{", "[]", "\udcff"])
def test_garbage_is_refused(folder: Path, content: str) -> None:
    (folder / "manifest.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(ModelError):
        load_manifest(folder)


def test_default_profiles_when_none_are_given(folder: Path) -> None:
    change(folder, lambda data: data.pop("profiles"))
    assert load_manifest(folder).profiles["batch"].batch == (1, 16, 64)


def test_sha256_of(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    assert sha256_of(path).startswith("ba7816bf8f01cfea")
