"""The GPU measurements' own code, run on the stand-ins; and that it can run where Python 3.9 and numpy are
all there is.
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engines import precision
from engines.batches import acoustic_inputs
from engines.calibration_set import calibration_set, save_set
from engines.cuda import Cuda
from engines.manifest import load_manifest
from engines.measure import trt
from engines.measure.prepare import work_of
from engines.measure.run import STAGES as STAGES_REAL
from engines.measure.run import Run, Step, main
from engines.onnx_cpu import OnnxBytes
from engines.trt_compat import FULL, Library
from tests.engines.check_model import clip_of
from tests.engines.fake_cuda import FakeCuda
from tests.engines.fake_trt import make_trt
from tutor.evidence import LOG_FLOOR

ENGINES = Path(trt.__file__).resolve().parent.parent
ALONE = ("trt_compat", "cuda", "plan", "calibrate", "trt_lane", "trt_runtime", "measure/trt", "measure/serve")
ALLOWED = {
    "collections", "ctypes", "dataclasses", "hashlib", "importlib", "itertools", "json", "numpy", "os",
    "sys", "tempfile", "threading", "time", "types", "typing", "weakref", "__future__",
}  # fmt: skip


@pytest.mark.parametrize("name", ALONE)
def test_tensorrt_files_stand_alone_on_python_3_9(name: str) -> None:
    source = (ENGINES / f"{name}.py").read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 9))
    own = {part.split("/")[-1] for part in ALONE}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert {alias.name.split(".")[0] for alias in node.names} <= ALLOWED
        if isinstance(node, ast.ImportFrom):
            if node.level:
                names = {node.module} if node.module else {alias.name for alias in node.names}
                assert names <= own
            else:
                assert str(node.module).split(".")[0] in ALLOWED
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "zip":
            assert not node.keywords, "zip(strict=) came with Python 3.10"
    assert "from __future__ import annotations" in source


class Bench(trt.Bench):
    def __init__(self, work: Path, version: str) -> None:
        self.work = str(work)
        fake = FakeCuda()
        self.library = Library(make_trt(version, fake), FULL)
        self.cuda = Cuda(0, fake)


@pytest.fixture
def work(tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    data = precision.variant(load_manifest(tiny_folder).acoustic_path.read_bytes(), "fp32")
    (tmp_path / "light.onnx").write_bytes(data)
    (tmp_path / "light.keep.json").write_text("[]")
    cases = [clip_of(length, length) for length in (20_000, 30_000)]
    np.savez(
        tmp_path / "cases.npz",
        **{f"{i:03d}": (case * 32768).astype(np.int16) for i, case in enumerate(cases)},
    )
    graph = OnnxBytes(data, threads=1)
    answers: dict[str, Any] = {}
    with np.load(tmp_path / "cases.npz") as stored:
        for index, name in enumerate(sorted(stored.files)):
            found = graph.run(acoustic_inputs([stored[name].astype(np.float32) / 32768]))
            answers.update({f"{index:03d}.{key}": value[0] for key, value in found.items()})
    np.savez(tmp_path / "light.reference.npz", **answers)
    for name in ("broad", "quiet"):
        save_set(tmp_path / f"{name}.npz", calibration_set(cases), 64_000)
    monkeypatch.setattr(trt, "SPEAKERS_BRIEFLY", (1, 4))
    monkeypatch.setattr(trt, "LENGTHS_S", (1,))
    monkeypatch.setattr(trt, "WARM_S", 0.05)
    monkeypatch.setattr(trt, "LOAD_S", 0.1)
    return tmp_path


@pytest.mark.parametrize("version", ["8.6.0", "10.3.0"])
def test_every_step_gives_figures(work: Path, version: str) -> None:
    bench = Bench(work, version)
    assert trt.device(bench)["name"] == "Fake RTX"
    for kind in ("fp32", "int8quiet") if version[0] == "8" else ("fp32",):
        assert trt.build(bench, "light", kind)["bytes"] > 1_000
        figures = trt.parity(bench, "light", kind)
        assert figures["alone"]["max_abs"] < 1e-4 and figures["batch"]["max_abs"] < 1e-4
    times = trt.latency(bench, "light", "fp32")
    assert times["graphs 1 s"]["count"] == 200 and times["plain 1 s"]["p50_ms"] > 0
    crowd = trt.load(bench, "light", "fp32")
    assert crowd["4"]["takes_per_s"] > 0 and crowd["4"]["problems"] == [] and crowd["1"]["mean_batch"] == 1
    parts = trt.profile(bench, "light", "fp32")["16 x 4 s"]
    assert parts["kernels"] == 1.5 and parts["submit"] > 0


def test_positions_below_the_floor_do_not_count() -> None:
    assert trt.FLOOR == LOG_FLOOR


STAGES = (
    (Step("device", 10),),
    (Step("build a fp16", 10), Step("build b fp16", 10), Step("build c fp16", 10)),
    (Step("load a fp16", 10),),
    (Step("load c fp16", 10),),
    (Step("gate a fp16", 10),),
)


@pytest.fixture
def ran(work: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The steps that were run; building a makes its engine, building b fails."""
    done: list[str] = []

    def run(self: Run, step: Step, limit_s: float) -> dict[str, Any]:
        done.append(step.words)
        assert limit_s <= step.limit_s
        if step.words == "build a fp16":
            (work / "a.fp16.plan").touch()
        return {"error": "no kernel image"} if step.words == "build b fp16" else {"figure": 1}

    monkeypatch.setattr("engines.measure.run.STAGES", STAGES)
    monkeypatch.setattr(Run, "run", run)
    (work / "work.json").write_text('{"light": {}}')
    for name in "ab":
        (work / f"{name}.keep.json").touch()
    return done


def test_steps_are_kept_resumed_and_limited(
    work: Path, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = ["run", str(work), str(work), str(work)]
    monkeypatch.setattr("sys.argv", [*folders, "--only", "device"])
    assert main() == 0 and ran == ["device"]
    monkeypatch.setattr("sys.argv", [*folders, "--seconds", "1"])
    assert main() == 0 and ran == ["device"]
    monkeypatch.setattr("sys.argv", folders)
    assert main() == 0
    # c was never exported, so nothing asks for its figures.
    assert set(ran) == {"device", "build a fp16", "build b fp16", "load a fp16", "gate a fp16"}
    results = json.loads((work / "trt.json").read_text())
    assert results["load a fp16"]["figure"] == 1 and results["work"] == {"light": {}}
    assert "no kernel image" in results["failed: build b fp16"]["error"]
    ran.clear()
    assert main() == 0 and ran == ["build b fp16"]


def test_a_step_that_crashes_or_hangs_is_told(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRT_PYTHON", sys.executable)
    run = Run(work, work, work, 100)
    assert "error" in run.run(Step("nothing of the kind", 60), 60)
    assert "no end after" in run.run(Step("device", 60), 0.01)["error"]
    assert "error" in run.run(Step("gate main fp16", 60), 60)


def test_every_step_is_one_that_exists() -> None:
    words = [step.words.split()[0] for steps in STAGES_REAL for step in steps]
    assert {word for word in words if not hasattr(trt, word)} == {"torch", "gate", "path"}
    built = {step.words[6:] for steps in STAGES_REAL for step in steps if step.words.startswith("build")}
    for steps in STAGES_REAL:
        for step in steps:
            assert not step.needs.endswith(".plan") or step.needs[:-5].replace(".", " ") in built


def test_operations_are_counted() -> None:
    """A product of (2, 3) by (3, 4): 2·2·3·4 operations; a convolution of 5 outputs, 2 channels, 3 taps."""
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    helper = onnx.helper
    values = {"samples": (1, 1, 7), "kernel": (2, 1, 3), "matrix": (5, 4)}
    nodes = [
        helper.make_node("Unsqueeze", ["samples", "axis"], ["wide"]),
        helper.make_node("Conv", ["wide", "kernel"], ["log_posteriors"]),
        helper.make_node("MatMul", ["log_posteriors", "matrix"], ["frame_log_posteriors"]),
        helper.make_node("Cast", ["lengths"], ["hidden"], to=1),
    ]
    constants = [
        onnx.numpy_helper.from_array(np.ones(values[name], np.float32), name) for name in ("kernel", "matrix")
    ]
    constants.append(onnx.numpy_helper.from_array(np.array([1]), "axis"))
    inputs = [
        helper.make_tensor_value_info("samples", 1, ["batch", 7]),
        helper.make_tensor_value_info("lengths", 6, ["batch"]),
    ]
    outputs = [helper.make_tensor_value_info(name, 1, None) for name in trt.OUTPUTS]
    graph = helper.make_graph(nodes, "g", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    found = work_of(model.SerializeToString(), 3, 7)
    assert found["flops"] == 3 * (2 * (2 * 5) * 3 + 2 * (2 * 4) * 5)
    assert found["weights"] == 6 + 20 + 1 and found["values_io"] == 3 * (7 + 1 + 2 * 5 + 2 * 4 + 1)
