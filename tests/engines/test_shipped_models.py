"""The models under assets/models, as they ship: whole, within their limits, and blind to who shares a batch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engines.manifest import load_manifest
from tutor.evidence import FEATURES
from tutor.paths import assets_dir
from tutor.timebase import frames_of

MODELS = assets_dir() / "models"


def _session(name: str, graph: str) -> Any:
    onnxruntime = pytest.importorskip("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(MODELS / name / graph), options, providers=["CPUExecutionProvider"])


def _noise(*lengths: int) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [(0.1 * rng.normal(size=length)).astype(np.float32) for length in lengths]


@pytest.mark.parametrize("name", ["main", "light"])
def test_manifest_and_files_agree(name: str) -> None:
    manifest = load_manifest(MODELS / name)
    assert manifest.scorer is not None and manifest.scorer.features == FEATURES
    data = json.loads((MODELS / name / "manifest.json").read_text("utf-8"))
    limit = {"main": 30_000_000, "light": 2_000_000}[name]
    assert data["acoustic"]["parameters"] <= limit
    assert data["metrics"]["phone_pearson"] > 0.5
    assert (MODELS / name / "CARD.md").read_text("utf-8").startswith("# ")


def test_all_weights_fit_sixty_megabytes() -> None:
    assert sum(path.stat().st_size for path in MODELS.rglob("*") if path.is_file()) <= 60e6


@pytest.mark.parametrize("name", ["main", "light"])
def test_a_padded_batch_answers_like_one_by_one(name: str) -> None:
    session = _session(name, "acoustic.onnx")
    clips = _noise(64_000, 4_800, 31_999)
    samples = np.zeros((3, 64_000), dtype=np.float32)
    for row, clip in zip(samples, clips, strict=True):
        row[: len(clip)] = clip
    together = session.run(None, {"samples": samples, "lengths": np.array([len(clip) for clip in clips], dtype=np.int32)})
    for index, clip in enumerate(clips):
        alone = session.run(None, {"samples": clip[None], "lengths": np.array([len(clip)], dtype=np.int32)})
        frames = frames_of(len(clip))
        for batched, single in zip(together, alone, strict=True):
            assert single.shape[1] == frames
            assert np.abs(batched[index, :frames] - single[0]).max() < 1e-4


def test_what_lies_past_the_length_is_not_heard() -> None:
    session = _session("light", "acoustic.onnx")
    [clip] = _noise(32_000)
    dirty = np.concatenate([clip, np.full(16_000, 0.9, dtype=np.float32)])[None]
    lengths = np.array([32_000], dtype=np.int32)
    clean = session.run(None, {"samples": clip[None], "lengths": lengths})[0]
    heard = session.run(None, {"samples": dirty, "lengths": lengths})[0]
    assert np.abs(heard[0, : clean.shape[1]] - clean[0]).max() < 1e-4


@pytest.mark.parametrize("name", ["main", "light"])
def test_posteriors_are_normalised_and_loudness_does_not_matter(name: str) -> None:
    session = _session(name, "acoustic.onnx")
    [clip] = _noise(32_000)
    lengths = np.array([32_000], dtype=np.int32)
    ctc, frame, _ = session.run(None, {"samples": clip[None], "lengths": lengths})
    assert np.allclose(np.exp(ctc).sum(axis=2), 1, atol=1e-4) and np.allclose(np.exp(frame).sum(axis=2), 1, atol=1e-4)
    quiet = session.run(None, {"samples": clip[None] * 0.5, "lengths": lengths})[1]
    assert np.abs(np.exp(quiet) - np.exp(frame)).max() < 0.05


@pytest.mark.parametrize("name", ["main", "light"])
def test_the_scorer_ignores_padding_and_keeps_to_the_scales(name: str) -> None:
    session = _session(name, "scorer.onnx")
    rng = np.random.default_rng(4)
    width = next(item for item in session.get_inputs() if item.name == "hidden").shape[2]
    inputs = {
        "phones": rng.integers(0, 39, (2, 9)).astype(np.int32),
        "words": np.array([[0, 0, 1, 1, 1, 2, 2, 3, 3]] * 2, dtype=np.int32),
        "counts": np.array([9, 5], dtype=np.int32),
        "features": rng.normal(-0.5, 0.3, (2, 9, len(FEATURES))).astype(np.float32),
        "hidden": rng.normal(size=(2, 9, width)).astype(np.float32),
    }
    names = [item.name for item in session.get_outputs()]
    both = dict(zip(names, session.run(None, inputs), strict=True))
    short = {key: value[1:, :5] if value.ndim > 1 else value[1:] for key, value in inputs.items()}
    alone = dict(zip(names, session.run(None, short), strict=True))
    assert np.allclose(both["phone"][1, :5], alone["phone"][0], atol=1e-4)
    assert np.allclose(both["word"][1, :2], alone["word"][0, :2], atol=1e-4)
    assert np.allclose(both["sentence"][1], alone["sentence"][0], atol=1e-4)
    assert both["phone"].min() >= 0 and both["phone"].max() <= 2
    assert both["sentence"].min() >= 0 and both["sentence"].max() <= 10


def test_cards_name_data_licences_and_misses() -> None:
    for name in ("main", "light"):
        card = (MODELS / name / "CARD.md").read_text("utf-8")
        for part in ("speechocean762", "CC BY 4.0", "CC0", "hours", "sha256", "H200"):
            assert part in card, f"{name}: {part}"


def test_no_weights_hide_elsewhere() -> None:
    root = assets_dir().parent
    tracked = [path for folder in ("tutor", "engines", "ui") for path in (root / folder).rglob("*")]
    assert not [path for path in tracked if isinstance(path, Path) and path.suffix in (".onnx", ".pt", ".pkl", ".npz")]
