from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from engines import cpu_choice
from engines.cpu_choice import QUICK_FILE, quicken
from engines.dynamic_int8 import dynamic_int8, sharing
from engines.manifest import load_manifest
from engines.onnx_cpu import OnnxModel
from engines.verify import Case
from tests.engines.check_model import check_model, clip_of
from tests.engines.tiny_model import write_tiny_model
from tutor.acoustic import Model
from tutor.errors import ModelError

CASES = [Case("a", clip_of(30_000, 1), "text"), Case("b", clip_of(20_000, 2), "text")]


def alike(model: Model, case: Case) -> np.ndarray:
    """No one can read a text out of these clips; what is not about scores is given equal ones."""
    return np.arange(6, dtype=np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tiny_model(tmp_path / "tiny")


def times(monkeypatch: pytest.MonkeyPatch, fp32_ms: float, int8_ms: float) -> None:
    monkeypatch.setattr(cpu_choice, "_cpu_ms", lambda models, clip: [fp32_ms, int8_ms])


def test_fast_and_good_enough_is_taken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times(monkeypatch, 30.0, 15.0)
    choice = quicken(folder, CASES, phone_scores=alike)
    assert choice.chosen and choice.speedup == 2.0 and 0 < choice.parity.kl < 0.05
    manifest = load_manifest(folder)
    assert manifest.acoustic_cpu is not None and manifest.acoustic_cpu.precision == "int8"
    quick, exact = OnnxModel(manifest, threads=1), OnnxModel(manifest, threads=1, exact=True)
    assert quick.info.precision == "int8" and exact.info.precision == "fp32"
    one, other = (model.listen([CASES[0].samples])[0].log_posteriors for model in (quick, exact))
    assert 0 < np.abs(one - other).max() < 1
    check_model(quick)
    (folder / QUICK_FILE).write_bytes(b"cut")
    with pytest.raises(ModelError, match="damaged"):
        load_manifest(folder)


def test_too_slow_or_too_different_keeps_fp32(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times(monkeypatch, 30.0, 15.0)
    assert quicken(folder, CASES, phone_scores=alike).chosen
    times(monkeypatch, 20.0, 15.0)
    choice = quicken(folder, CASES, phone_scores=alike)
    assert not choice.chosen and "1.33 times as fast" in choice.reasons[0]
    assert load_manifest(folder).acoustic_cpu is None and not (folder / QUICK_FILE).exists()
    times(monkeypatch, 30.0, 15.0)

    def apart(model: Any, case: Case) -> np.ndarray:
        return np.array([1.0, 2.0, 3.0]) if model.info.precision == "int8" else np.array([3.0, 2.0, 1.0])

    choice = quicken(folder, CASES, phone_scores=apart)
    assert not choice.chosen and "rank correlation" in choice.reasons[0]
    kept = json.loads((folder / "manifest.json").read_text())
    assert kept["calibration"]["cpu_choice"]["chosen"] is False and "acoustic_cpu" not in kept


def test_speed_is_really_measured(folder: Path) -> None:
    choice = quicken(folder, CASES, phone_scores=alike)
    assert choice.fp32_ms > 0 and choice.int8_ms > 0


def test_weights_stored_as_int8_are_not_stored_twice(tmp_path: Path) -> None:
    """The product's INT8 weights lie in both graphs; the second reads them from the first."""
    rng = np.random.default_rng(1)
    quantised = rng.integers(-127, 128, (320, 64)).astype(np.int8)
    quantised[0] = 127
    scale = rng.uniform(0.001, 0.01, (1, 64)).astype(np.float32)
    constants = {"stored": quantised, "scale": scale, "axis": np.array([2], np.int64)}
    nodes = [
        helper.make_node("Cast", ["stored"], ["cast"], "cast", to=TensorProto.FLOAT),
        helper.make_node("Mul", ["cast", "scale"], ["weights"], "unpack"),
        helper.make_node("MatMul", ["frames", "weights"], ["answer"], "product"),
    ]
    graph = helper.make_graph(
        nodes,
        "packed",
        [helper.make_tensor_value_info("frames", TensorProto.FLOAT, ["n", 320])],
        [helper.make_tensor_value_info("answer", TensorProto.FLOAT, ["n", 64])],
        [numpy_helper.from_array(value, name) for name, value in constants.items() if name != "axis"],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    stored = bytes(model.SerializeToString())
    quick = dynamic_int8(stored)
    shared = sharing(quick, stored, "packed.onnx")
    assert len(shared) < len(quick) - quantised.size // 2
    (tmp_path / "packed.onnx").write_bytes(stored)
    (tmp_path / "quick.onnx").write_bytes(shared)
    session = onnxruntime.InferenceSession(str(tmp_path / "quick.onnx"), providers=["CPUExecutionProvider"])
    frames = rng.normal(0, 1, (5, 320)).astype(np.float32)
    expected = frames @ (quantised * scale)
    found = session.run(None, {"frames": frames})[0]
    assert np.abs(found - expected).mean() < 0.02 * np.abs(expected).mean()
