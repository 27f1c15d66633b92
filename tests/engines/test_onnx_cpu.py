from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from engines import onnx_cpu
from engines.batches import acoustic_inputs, scorer_inputs
from engines.canned import CannedModel
from engines.choose import open_model
from engines.manifest import Graph, load_manifest
from engines.onnx_cpu import OnnxGraph, OnnxModel, physical_cores
from tests.engines.check_model import check_model, clip_of, evidence_of
from tutor.errors import AudioError, EngineError, InputError, InstallError, ModelError, OutOfMemory


@pytest.fixture
def model(tiny_folder: Path) -> OnnxModel:
    return OnnxModel(load_manifest(tiny_folder), threads=1)


def test_obeys_the_contract(model: OnnxModel) -> None:
    check_model(model)


def test_canned_obeys_the_contract() -> None:
    check_model(CannedModel())


def test_answer_does_not_depend_on_the_batch_at_all(model: OnnxModel) -> None:
    clips = [clip_of(20_000, 1), clip_of(100_000, 2)]
    np.testing.assert_array_equal(
        model.listen(clips)[0].log_posteriors, model.listen(clips[:1])[0].log_posteriors
    )


def test_tiny_graph_masks_by_lengths(tiny_folder: Path) -> None:
    manifest = load_manifest(tiny_folder)
    graph = OnnxGraph(manifest.acoustic_path, manifest.acoustic, threads=1)
    clips = [clip_of(20_000, 1), clip_of(100_000, 2)]
    padded = graph.run(acoustic_inputs(clips))["log_posteriors"][0, :63]
    np.testing.assert_allclose(padded, graph.run(acoustic_inputs(clips[:1]))["log_posteriors"][0], atol=1e-5)


def test_tiny_scorer_masks_by_counts(tiny_folder: Path) -> None:
    manifest = load_manifest(tiny_folder)
    assert manifest.scorer is not None and manifest.scorer_path is not None
    graph = OnnxGraph(manifest.scorer_path, manifest.scorer, threads=1)
    evidence = [evidence_of(count, 3, 8, count) for count in (4, 20)]
    together, alone = graph.run(scorer_inputs(evidence)), graph.run(scorer_inputs(evidence[:1]))
    np.testing.assert_allclose(together["sentence"][0], alone["sentence"][0], atol=1e-5)


@pytest.mark.parametrize(
    "clip",
    [
        np.zeros(100, np.float32),
        np.zeros(240_001, np.float32),
        np.zeros(16_000, np.float64),
        np.zeros((1, 16_000), np.float32),
        np.full(16_000, np.nan, np.float32),
    ],
)
def test_refuses_other_clips(model: OnnxModel, clip: np.ndarray) -> None:
    with pytest.raises(AudioError):
        model.listen([clip])


def test_closed_model_says_so(model: OnnxModel) -> None:
    model.close()
    with pytest.raises(EngineError, match="closed"):
        model.listen([clip_of(16_000, 0)])


def test_scorer_refuses_other_features(model: OnnxModel) -> None:
    with pytest.raises(ModelError, match="3 features and was given 4"):
        model.score([evidence_of(5, 4, 8, 0)])


def test_runtime_failures_become_ours(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = load_manifest(tiny_folder)
    graph = OnnxGraph(manifest.acoustic_path, manifest.acoustic, threads=1)
    with pytest.raises(EngineError):
        graph.run({"samples": np.zeros((1, 16_000), np.float64), "lengths": np.array([16_000], np.int32)})

    class Full:
        def run(self, *_: object) -> None:
            raise RuntimeError("Failed to allocate memory for requested buffer of size 1")

    monkeypatch.setattr(graph, "_session", Full())
    with pytest.raises(OutOfMemory):
        graph.run(acoustic_inputs([clip_of(16_000, 0)]))


def test_damaged_graph_with_a_right_sum_is_a_model_error(tiny_folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes((tiny_folder / "acoustic.onnx").read_bytes()[:500])
    graph = load_manifest(tiny_folder).acoustic
    with pytest.raises(ModelError, match="cannot be opened"):
        OnnxGraph(broken, graph)


def test_graph_with_other_tensors_is_a_model_error(tiny_folder: Path) -> None:
    manifest = load_manifest(tiny_folder)
    given = manifest.acoustic
    for inputs, outputs in (
        ({"samples": "", "lengths": ""}, {"other": ""}),
        ({"samples": ""}, dict(given.outputs)),
    ):
        with pytest.raises(ModelError):
            OnnxGraph(manifest.acoustic_path, Graph(given.file, given.sha256, "fp32", inputs, outputs))


def test_missing_runtime_is_an_install_error(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(InstallError, match="reinstall"):
        OnnxModel(load_manifest(tiny_folder))
    assert onnx_cpu.available_providers() == ()


def test_open_model_by_folder_and_by_unknown_name(tiny_folder: Path, tmp_path: Path) -> None:
    model = open_model(str(tiny_folder), "onnx_cpu")
    assert model.info.backend == "onnx_cpu" and model.info.model == "tiny 0" and model.info.reason
    with pytest.raises(InputError, match="abacus"):
        open_model(str(tiny_folder), "abacus")
    with pytest.raises(ModelError, match=r"manifest\.json is missing"):
        open_model(str(tmp_path / "nowhere"))


def test_physical_cores_are_those_that_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)
    assert physical_cores() == 1
    monkeypatch.delattr(os, "sched_getaffinity")
    for logical, expected in ((12, 6), (64, 8), (1, 1), (None, 1)):
        monkeypatch.setattr(os, "cpu_count", lambda logical=logical: logical)
        assert physical_cores() == expected


def test_canned_hears_what_it_was_told() -> None:
    answer = CannedModel(("TH", "R", "IY")).listen([np.zeros(48_000, np.float32)])[0]
    best = answer.frame_log_posteriors.argmax(axis=1)
    from tutor import phones

    assert list(dict.fromkeys(best)) == [phones.class_of(name) for name in ("TH", "R", "IY")]


def test_tiny_model_is_seeded(tiny_folder: Path, tmp_path: Path) -> None:
    from tests.engines.tiny_model import write_tiny_model

    again = write_tiny_model(tmp_path / "again")
    assert (again / "acoustic.onnx").read_bytes() == (tiny_folder / "acoustic.onnx").read_bytes()
    shutil.rmtree(again)
