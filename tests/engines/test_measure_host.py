"""The half of the GPU measurements that runs beside PyTorch: preparation, the pipe to the worker, gate,
path, faults.
"""

from __future__ import annotations

import json
import os
import pickle
import stat
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from engines import plan
from engines.benchmark import speech_of
from engines.manifest import load_manifest
from engines.measure import gather, host, prepare, trt
from engines.onnx_cpu import OnnxModel
from engines.recordings import load_cases
from tests.engines.check_model import check_model
from tests.engines.test_measure import Bench
from tests.engines.tiny_model import write_tiny_model
from tutor.clip import clip_from_samples
from tutor.errors import EngineError

ROOT = Path(__file__).resolve().parent.parent.parent
WORKER = """\
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from engines.measure import serve
from tests.engines.test_measure import Bench
serve.Bench = lambda work: Bench(Path(work), "8.6.0")
sys.argv = ["serve", *sys.argv[3:]]
serve.main()
"""


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Models, a carry folder and a stand-in for the Python that has TensorRT."""
    for name in ("main", "light"):
        write_tiny_model(tmp_path / "models" / name)
    monkeypatch.setenv("TUTOR_MODELS", str(tmp_path / "models"))
    script = tmp_path / "worker.py"
    script.write_text(WORKER.format(root=str(ROOT)))
    launcher = tmp_path / "python3.9"
    launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$@"\n')
    launcher.chmod(launcher.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("TRT_PYTHON", str(launcher))
    monkeypatch.setattr(prepare, "export_random", lambda name, work: None)
    monkeypatch.setattr(gather, "load_cases", lambda: load_cases(limit=2))
    gather.gather(tmp_path / "carry", None)
    return tmp_path


@pytest.fixture
def assess(monkeypatch: pytest.MonkeyPatch) -> None:
    def assess(clip: Any, prompt: Any, model: Any) -> Any:
        answer = model.listen([clip.samples[:80_000]])[0]
        phones = tuple(SimpleNamespace(score=float(value)) for value in 50 + answer.log_posteriors[:4, 1])
        return SimpleNamespace(
            timing_ms={"acoustic": 1.0},
            words=(SimpleNamespace(phonemes=phones),),
            engine=model.info,
            scores=SimpleNamespace(overall=50.0),
        )

    module = ModuleType("tutor.assess")
    module.assess = assess  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tutor.assess", module)


def test_everything_from_gathering_to_the_killed_worker(work: Path, assess: None) -> None:
    if os.name == "nt":
        pytest.skip("the stand-in for Python 3.9 is a shell script")
    carry, made, out = work / "carry", work / "work", work / "out"
    out.mkdir()
    prepare.prepare(carry, made)
    assert {path.name for path in made.iterdir()} >= {
        "main.onnx",
        "main.keep.json",
        "main.reference.npz",
        "broad.npz",
    }
    prepare.quantise(carry, made, "main")
    bench = Bench(made, "8.6.0")
    assert trt.build(bench, "main", "int8qdq")["bytes"] > 1_000
    for kind in ("fp16", "int8"):
        trt.build(bench, "main", kind)
        assert trt.parity(bench, "main", kind)["alone"]["max_abs"] < 1e-4
        host.main(["gate", str(carry), str(made), str(out), "main", kind])
    gate = json.loads((out / "gate.json").read_text())
    assert gate["main fp16"]["failures"] == [] and gate["main int8"]["rank"] == pytest.approx(1)
    host.main(["path", str(carry), str(made), str(out)])
    path = json.loads((out / "path.json").read_text())
    story = path["faults"]["story"]
    assert [event["backend"] for event in story] == ["tensorrt", "onnx_cpu", "onnx_cpu", "tensorrt"]
    assert "worker has gone" in story[1]["notice"] and path["gpu"]["total"]["count"] == 100


def test_the_pipe_is_a_model_like_any_other(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The engine that is measured takes 10 s at most; a model must take 15.
    monkeypatch.setattr(trt, "SHAPES", (*trt.SHAPES[:1], plan.Shapes("batch", (1, 4, 8), (4_800, 64_000, 240_000))))
    made = work / "work"
    prepare.prepare(work / "carry", made)
    trt.build(Bench(made, "8.6.0"), "main", "fp32")
    manifest = load_manifest(work / "models" / "main")
    model = host.PipeModel(manifest, made, "main", "fp32")
    check_model(model)
    clip = speech_of(2.0)[0]
    expected = OnnxModel(manifest, threads=1).listen([clip])[0]
    np.testing.assert_allclose(model.listen([clip])[0].hidden, expected.hidden, atol=1e-5)
    model.kill()
    with pytest.raises(EngineError, match="worker has gone"):
        model.listen([clip])
    model.close()


def test_what_is_gathered_can_be_read_without_decoders(work: Path) -> None:
    clip, prompt = pickle.loads((work / "carry" / "take.pkl").read_bytes())
    assert isinstance(clip, type(clip_from_samples(clip.samples, 16_000))) and prompt.words
    with np.load(work / "carry" / "cases.npz") as stored:
        assert len(stored.files) == len(pickle.loads((work / "carry" / "cases.pkl").read_bytes())) >= 2


def test_own_sizes_and_figures_of_pytorch(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    bigger = prepare.network("m60")
    monkeypatch.delenv("TUTOR_MODELS")
    for name in ("light", "main"):
        own = prepare.network(name)
        count = sum(weight.numel() for weight in own.parameters())
        manifest = json.loads((prepare.manifest_of(name).folder / "manifest.json").read_text())
        assert count == manifest["acoustic"]["parameters"]
    assert 50e6 < sum(weight.numel() for weight in bigger.parameters()) < 75e6
    with torch.inference_mode():
        assert own(torch.zeros(1, 8_000), torch.tensor([8_000], dtype=torch.int32))[0].shape == (1, 26, 40)
    results = host.Results(work / "figures.json")
    results.put("a", {"b": 1})
    assert host.Results(work / "figures.json")._all == {"a": {"b": 1}}
