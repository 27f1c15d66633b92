from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from engines import engine_store
from engines.engine_store import FAILED, PASSED, UNTRIED, EngineKey
from engines.manifest import Profile, load_manifest
from tutor.errors import ModelError


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TUTOR_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def key(tiny_folder: Path) -> EngineKey:
    return engine_store.key_of(
        load_manifest(tiny_folder), "tensorrt 10.3.0", "fp16", gpu="Fake RTX sm89", driver=13000
    )


def test_a_saved_engine_is_found_with_its_verdict(key: EngineKey) -> None:
    stored = engine_store.save(key, b"plan", 1.5)
    assert engine_store.find(key) == stored and stored.verdict == UNTRIED and stored.size_bytes == 4
    judged = engine_store.judge(stored, PASSED, {"kl": 0.1})
    assert engine_store.find(key) == judged
    assert engine_store.list_engines() == ([judged], [])


def test_everything_it_depends_on_changes_the_name(key: EngineKey) -> None:
    others = [
        replace(key, model_sha256="0" * 64),
        replace(key, library="tensorrt 10.4.0"),
        replace(key, gpu="Other"),
        replace(key, driver=12080),
        replace(key, precision="int8"),
        replace(key, target="sm89"),
        replace(key, profiles=key.profiles[:1]),
    ]
    assert len({item.stem for item in (key, *others)}) == 8
    engine_store.save(key, b"plan", 1.0)
    for other in others:
        with pytest.raises(ModelError, match="No engine is built"):
            engine_store.find(other)


def test_targets_ahead_of_time_belong_to_no_machine(tiny_folder: Path) -> None:
    manifest = load_manifest(tiny_folder)
    one = engine_store.key_of(manifest, "tensorrt_rtx 1.7", "fp16", target="sm89", gpu="A", driver=1)
    other = engine_store.key_of(manifest, "tensorrt_rtx 1.7", "fp16", target="sm89", gpu="B", driver=2)
    assert one == other
    fewer = {"interactive": Profile((1, 1, 1), (4_800, 80_000, 240_000))}
    assert engine_store.key_of(manifest, "tensorrt_rtx 1.7", "fp16", target="sm89", profiles=fewer) != one
    assert engine_store.key_of(manifest, "tensorrt_rtx 1.7", "fp16", target="sm89", kept=("/blocks.0/MatMul",)) != one


@pytest.mark.parametrize("content", [b"", b"pla", b"plan!", b"PLAN"])
def test_a_changed_engine_is_refused(key: EngineKey, content: bytes) -> None:
    stored = engine_store.save(key, b"plan", 1.0)
    stored.path.write_bytes(content)
    with pytest.raises(ModelError, match="damaged"):
        engine_store.find(key)
    engines, refused = engine_store.list_engines()
    assert not engines and refused[0][0] == stored.path and "damaged" in refused[0][1]


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"schema": "tutor.engine/9"}', None])
def test_a_lost_or_garbled_sidecar_is_refused(key: EngineKey, content: str | None) -> None:
    stored = engine_store.save(key, b"plan", 1.0)
    if content is None:
        stored.sidecar.unlink()
    else:
        stored.sidecar.write_text(content)
    with pytest.raises(ModelError, match="garbled"):
        engine_store.find(key)


def test_an_engine_under_anothers_name_is_refused(key: EngineKey) -> None:
    stored = engine_store.save(replace(key, gpu="Other"), b"plan", 1.0)
    for path in (stored.path, stored.sidecar):
        path.rename(path.with_name(key.stem + path.suffix))
    with pytest.raises(ModelError, match="was built for"):
        engine_store.find(key)


def test_a_build_that_dies_between_the_two_files_leaves_no_usable_engine(
    key: EngineKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine_store.save(key, b"old plan", 1.0)

    def died(engine: engine_store.StoredEngine) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(engine_store, "_write_sidecar", died)
    with pytest.raises(OSError, match="disk full"):
        engine_store.save(key, b"new plan", 1.0)
    with pytest.raises(ModelError):
        engine_store.find(key)


def test_unreadable_engines_are_refused(key: EngineKey) -> None:
    stored = engine_store.save(key, b"plan", 1.0)
    stored.path.unlink()
    stored.path.mkdir()
    with pytest.raises(ModelError, match="cannot be read"):
        engine_store.check_whole(stored)


def test_clean_frees_all_but_what_is_kept(key: EngineKey, cache: Path) -> None:
    engine_store.save(key, b"plan", 1.0)
    other = replace(key, precision="int8")
    engine_store.judge(engine_store.save(other, b"12345", 1.0), FAILED, {"failures": ["kl"]})
    (cache / "engines" / "timing-1.cache").write_bytes(b"kept")
    assert engine_store.clean(keep=(key,)) > 5
    assert engine_store.find(key).size_bytes == 4
    engine_store.clean()
    assert [path.name for path in (cache / "engines").iterdir()] == ["timing-1.cache"]


def test_sidecar_is_readable_json(key: EngineKey) -> None:
    stored = engine_store.save(key, b"plan", 1.0)
    data = json.loads(stored.sidecar.read_text())
    assert data["schema"] == "tutor.engine/1" and data["key"]["gpu"] == "Fake RTX sm89"
    assert "Fake RTX sm89" in engine_store.describe(key)
