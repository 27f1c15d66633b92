"""The GPU measurements' own code, run on the stand-ins; and that it can run where Python 3.9 and numpy are
all there is.
"""

from __future__ import annotations

import ast
import json
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
from engines.onnx_cpu import OnnxBytes
from engines.trt_compat import FULL, Library
from tests.engines.check_model import clip_of
from tests.engines.fake_cuda import FakeCuda
from tests.engines.fake_trt import make_trt

ENGINES = Path(trt.__file__).resolve().parent.parent
ALONE = ("trt_compat", "cuda", "plan", "calibrate", "trt_lane", "trt_runtime", "measure/trt", "measure/serve")
ALLOWED = {
    "argparse", "collections", "ctypes", "dataclasses", "hashlib", "importlib", "json", "numpy", "os", "subprocess",
    "sys", "tempfile", "threading", "time", "types", "typing", "__future__",
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
    def __init__(self, work: Path, out: Path, version: str) -> None:
        self.work, self.out = str(work), str(out)
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
    monkeypatch.setattr(trt, "SPEAKERS", (1, 4))
    monkeypatch.setattr(trt, "LENGTHS_S", (1,))
    monkeypatch.setattr(trt, "WARM_S", 0.05)
    monkeypatch.setattr(trt, "LOAD_S", 0.1)
    return tmp_path


@pytest.mark.parametrize("version", ["8.6.0", "10.3.0"])
def test_every_step_gives_figures(work: Path, version: str) -> None:
    bench = Bench(work, work, version)
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


def test_steps_are_kept_resumed_and_limited(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def run(folder: str, out: str, step: str, limit_s: float) -> dict[str, Any]:
        ran.append(step)
        return {"error": "no kernel image"} if step == "b" else {"figure": 1}

    monkeypatch.setattr(trt, "STEPS", (("a", 10), ("b", 10), ("c d", 10)))
    monkeypatch.setattr(trt, "_run", run)
    monkeypatch.setattr("sys.argv", ["trt", str(work), str(work), "--seconds", "100"])
    assert trt.main() == 0 and ran == ["a", "b", "c d"]
    results = json.loads((work / "trt.json").read_text())
    assert results["a"]["figure"] == 1 and "no kernel image" in results["failed: b"]["error"]
    assert trt.main() == 0 and ran == ["a", "b", "c d", "b"]
    monkeypatch.setattr("sys.argv", ["trt", str(work), str(work), "--seconds", "1"])
    assert trt.main() == 0 and len(ran) == 4
    (work / "trt.json").unlink()
    monkeypatch.setattr("sys.argv", ["trt", str(work), str(work), "--only", "c d"])
    assert trt.main() == 0 and ran[-1] == "c d" and len(ran) == 5


def test_a_step_that_crashes_or_hangs_is_told(work: Path) -> None:
    crashed = trt._run(str(work), str(work), "nothing of the kind", 60)
    assert "error" in crashed
    assert "no end after" in trt._run(str(work), str(work), "device", 0.01)["error"]
