"""Build, verify, cache, choose and take over, on a fake device: the whole life of an engine."""

from __future__ import annotations

import importlib.machinery
import logging
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engines import choose as choose_module
from engines import cuda, engine_store, takeover
from engines.choose import choose, open_model
from engines.engine_build import BuildRequest, build_engine, key_for, verify_engine
from engines.engine_store import FAILED, PASSED, UNTRIED, StoredEngine
from engines.manifest import Manifest, load_manifest
from engines.tensorrt_model import open_engine
from engines.verify import Case
from tests.engines.check_model import check_model, clip_of
from tests.engines.fake_cuda import Code, FakeCuda
from tests.engines.fake_trt import make_trt
from tutor.acoustic import Model
from tutor.errors import Cancelled, DeviceLost, EngineError, InputError, InstallError, ModelError, OutOfMemory

CASES = [
    Case("a", clip_of(30_000, 1), "text"),
    Case("b", clip_of(50_000, 2), "text"),
    Case("c", clip_of(4_800, 3), "text"),
]


@pytest.fixture(autouse=True)
def noise_has_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    """No one can read a text out of these clips; the gate is given something to compare all the same."""

    def scores(model: Model, case: Case) -> Any:
        return np.exp(model.listen([case.samples])[0].log_posteriors).mean(axis=0) * 100

    monkeypatch.setattr("engines.verify.assessed_phones", scores)


class Machine:
    """A machine with one fake GPU and TensorRT."""

    def __init__(self, folder: Path, version: str) -> None:
        self.folder = folder
        self.cuda = FakeCuda()
        self.trt = make_trt(version, self.cuda)
        self.trt.__spec__ = importlib.machinery.ModuleSpec("tensorrt", None)
        self.manifest: Manifest = load_manifest(folder)

    def request(self, **fields: Any) -> BuildRequest:
        return BuildRequest(self.manifest, "tensorrt", **{"precision": "fp32", **fields})

    def built(self, **fields: Any) -> StoredEngine:
        stored = build_engine(self.request(**fields), clips=[case.samples for case in CASES])
        return verify_engine(self.manifest, stored, CASES)


@pytest.fixture
def machine(tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tiny_folder, "10.3.0")
    monkeypatch.setenv("TUTOR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("TUTOR_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setitem(sys.modules, "tensorrt", made.trt)
    monkeypatch.setitem(sys.modules, "tensorrt_rtx", None)
    monkeypatch.setattr(cuda, "runtime_module", lambda: made.cuda)
    monkeypatch.setattr(choose_module, "gpu_driver", lambda: "")
    monkeypatch.setattr(choose_module, "GPU_PRECISION", "fp32")
    monkeypatch.setattr(choose_module, "TENSORRT", ("tensorrt",))
    monkeypatch.setattr(choose_module, "_light_below", lambda manifest: None)
    return made


def test_build_verify_find_open(machine: Machine) -> None:
    stored = machine.built()
    assert stored.verdict == PASSED and stored.verification["max_abs"] < 1e-4
    assert stored.key.gpu == "Fake RTX sm89" and stored.key.driver == 13000
    assert engine_store.find(key_for(machine.request())) == stored
    model = open_engine(machine.manifest, stored, reason="test")
    check_model(model, tolerance=1e-5)
    assert model.info.backend == "tensorrt" and model.info.precision == "fp32"
    model.close()
    assert machine.cuda.live == 0


def test_progress_is_shown_and_stops_the_build(machine: Machine) -> None:
    steps: list[tuple[str, int, int]] = []

    def watch(*step: Any) -> bool:
        steps.append(step)
        return True

    build_engine(machine.request(), progress=watch)
    assert ("Building", 2, 3) in steps
    engine_store.clean()
    for label in ("fp32 model", "Building"):
        with pytest.raises(Cancelled):
            build_engine(machine.request(), progress=lambda *step, label=label: step[0] != label)
    assert engine_store.list_engines() == ([], [])


def test_profiles_by_name(machine: Machine) -> None:
    stored = build_engine(machine.request(profiles=("interactive",)))
    assert [profile[0] for profile in stored.key.profiles] == ["interactive"]
    with pytest.raises(ModelError, match="no profile 'huge'"):
        build_engine(machine.request(profiles=("huge",)))


@pytest.mark.parametrize(
    ("broken", "error"), [("Builder", EngineError), ("build", EngineError), ("Conv", EngineError)]
)
def test_builds_that_fail_say_why_and_keep_nothing(
    machine: Machine, broken: str, error: type[Exception]
) -> None:
    machine.trt.broken.add(broken)
    with pytest.raises(error) as caught:
        build_engine(machine.request())
    assert "\n" not in str(caught.value)
    assert engine_store.list_engines() == ([], [])


def test_no_gpu_or_old_driver(machine: Machine) -> None:
    machine.cuda.fail["cudaGetDeviceCount"] = [Code.cudaErrorInsufficientDriver, Code.cudaErrorNoDevice]
    for word in ("update the NVIDIA driver", "cudaErrorNoDevice"):
        with pytest.raises(DeviceLost, match=word):
            build_engine(machine.request())
    with pytest.raises(DeviceLost, match="device 3 of 1"):
        build_engine(machine.request(device=3))


def test_no_library(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    with pytest.raises(InstallError, match="pip install"):
        build_engine(machine.request())


def test_a_full_disk_is_told(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(engine_store, "save", full)
    with pytest.raises(EngineError, match="No space left"):
        build_engine(machine.request())


def test_int8_by_calibrator_and_its_scales_are_kept(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = make_trt("8.6.1", machine.cuda)
    monkeypatch.setitem(sys.modules, "tensorrt", old)
    clips = [case.samples for case in CASES]
    stored = build_engine(machine.request(precision="int8"), clips=clips)
    assert stored.key.precision == "int8" and ("calibrated", 4) in old.events
    before = len(old.events)
    build_engine(machine.request(precision="int8"), clips=clips)
    assert not any(kind == "calibrated" for kind, _ in old.events[before:])
    with pytest.raises(ModelError, match="INT8 needs recordings"):
        build_engine(machine.request(precision="int8"))
    assert machine.cuda.live == 0


def test_an_engine_that_misses_the_gate_is_never_used(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = build_engine(machine.request())
    with pytest.raises(ModelError, match="never verified"):
        open_engine(machine.manifest, stored, reason="test")
    monkeypatch.setattr("engines.verify.LIMITS", {"fp32": verify_limits(-1.0)})
    judged = verify_engine(machine.manifest, stored, CASES)
    assert judged.verdict == FAILED
    with pytest.raises(EngineError, match="max_abs of the posteriors"):
        open_engine(machine.manifest, judged, reason="test")
    # Nor is it built again at every start, with the same end.
    choice = choose(str(machine.folder), background=True)
    assert choice.engine == "onnx_cpu" and "max_abs" in choice.refusals[0].reason
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("build-")]
    choice.model.close()


@pytest.mark.parametrize("code", [Code.cudaErrorMemoryAllocation, Code.cudaErrorECCUncorrectable])
@pytest.mark.parametrize("call", ["cudaSetDevice", "cudaMalloc"])
def test_a_full_or_lost_gpu_is_no_verdict_on_the_engine(machine: Machine, call: str, code: Code) -> None:
    stored = build_engine(machine.request())
    machine.cuda.fail[call] = [code]
    with pytest.raises((OutOfMemory, DeviceLost)):
        verify_engine(machine.manifest, stored, CASES)
    assert engine_store.find(stored.key).verdict == UNTRIED
    assert verify_engine(machine.manifest, stored, CASES).verdict == PASSED


def test_an_engine_of_another_precision_serves_where_the_usual_one_does_not(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choose_module, "GPU_PRECISION", "fp16")

    def precision() -> str:
        model = choose(str(machine.folder)).model
        info = model.info
        model.close()
        return f"{info.backend} {info.precision}"

    monkeypatch.setattr("engines.precision.variant", lambda data, kind, **others: data)
    assert precision() == "onnx_cpu fp32"
    build_engine(machine.request(precision="int8"), clips=[case.samples for case in CASES])
    build_engine(machine.request(precision="fp32", profiles=("interactive",)))
    assert precision() == "onnx_cpu fp32"
    machine.built(precision="int8")
    assert precision() == "tensorrt int8"
    stored = machine.built(precision="fp16")
    assert precision() == "tensorrt fp16"
    engine_store.judge(stored, FAILED, {"failures": ["kl is 9"]})
    assert precision() == "tensorrt int8"


def taken_over(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> str:
    """The backend after background work on a machine whose builder builds nothing any more."""
    monkeypatch.setattr(takeover, "load_cases", lambda limit: CASES)
    monkeypatch.setattr(takeover, "noisy_cases", lambda cases: [])
    for library in (sys.modules["tensorrt"], sys.modules["tensorrt_rtx"]):
        if library is not None:
            library.broken.add("build")
    model = choose(str(machine.folder), background=True).model
    for thread in threading.enumerate():
        if thread.name.startswith("build-"):
            thread.join(20)
    model.listen([CASES[0].samples])
    backend = model.info.backend
    model.close()
    return backend


def test_an_engine_left_unverified_is_verified_not_built_again(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_engine(machine.request())
    assert taken_over(machine, monkeypatch) == "tensorrt"


@pytest.mark.parametrize(("generation", "backend"), [("sm89", "tensorrt_rtx"), ("sm86", "onnx_cpu")])
def test_an_engine_built_ahead_serves_a_gpu_of_its_generation(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, generation: str, backend: str
) -> None:
    rtx = make_trt("1.7.1", machine.cuda, rtx=True)
    rtx.__spec__ = importlib.machinery.ModuleSpec("tensorrt_rtx", None)
    monkeypatch.setitem(sys.modules, "tensorrt_rtx", rtx)
    monkeypatch.setattr(choose_module, "TENSORRT", ("tensorrt_rtx",))
    build_engine(BuildRequest(machine.manifest, "tensorrt_rtx", "fp32", target=generation))
    assert taken_over(machine, monkeypatch) == backend
    own, ahead = engine_store.list_engines()[0], [generation]
    assert [engine.verdict for engine in own if engine.key.target == "current"] == [PASSED] * (backend != "onnx_cpu")
    assert [engine.key.target for engine in own if engine.verdict == UNTRIED] == ahead


def verify_limits(max_abs: float) -> Any:
    from engines.verify import Limits

    return Limits(max_abs=max_abs, mean_abs=None, kl=None, shift=0.5, rank=0.9)


def test_an_engine_that_cannot_be_opened_fails_its_gate(machine: Machine) -> None:
    stored = build_engine(machine.request())
    machine.trt.broken.add("deserialize")
    judged = verify_engine(machine.manifest, stored, CASES)
    assert judged.verdict == FAILED and "kSERIALIZATION_VERSION" in judged.verification["failures"][0]


@pytest.mark.parametrize(
    "damage",
    [
        lambda stored: stored.path.write_bytes(stored.path.read_bytes()[:-100]),
        lambda stored: stored.path.write_bytes(b""),
        lambda stored: stored.sidecar.unlink(),
        lambda stored: stored.path.unlink(),
    ],
)
def test_damaged_engines_are_refused_and_rebuilt(
    machine: Machine, damage: Callable[[StoredEngine], object]
) -> None:
    damage(machine.built())
    choice = choose(str(machine.folder))
    assert choice.engine == "onnx_cpu" and len(choice.refusals) >= 1
    choice.model.close()
    machine.built()
    choice = choose(str(machine.folder))
    assert choice.engine == "tensorrt" and choice.refusals == ()
    choice.model.close()


def test_another_driver_means_another_engine(machine: Machine) -> None:
    machine.built()
    machine.cuda.driver = 13010
    choice = choose(str(machine.folder))
    assert choice.engine == "onnx_cpu" and "No engine is built" in choice.refusals[0].reason
    choice.model.close()


def test_by_flag(machine: Machine) -> None:
    with pytest.raises(InstallError, match="No engine is built"):
        open_model(str(machine.folder), "tensorrt")
    machine.built()
    model = open_model(str(machine.folder), "tensorrt")
    assert model.info.backend == "tensorrt"
    model.close()
    model = open_model(str(machine.folder), "onnx_cpu", threads=1)
    assert model.info.backend == "onnx_cpu" and model.info.reason == "asked for"
    model.close()
    with pytest.raises(InstallError, match="no CUDA"):
        open_model(str(machine.folder), "onnx_cuda")
    with pytest.raises(InputError):
        open_model(str(machine.folder), "tensorflow")


def test_a_gpu_by_its_index(machine: Machine) -> None:
    machine.built()
    model = open_model(str(machine.folder), "tensorrt:0")
    assert model.info.backend == "tensorrt"
    model.close()
    with pytest.raises(InstallError, match="device 1 of 1"):
        open_model(str(machine.folder), "tensorrt:1")
    with pytest.raises(EngineError, match="device 1 of 1"):
        choose_module.open_alone(str(machine.folder), "tensorrt:1")
    assert choose_module.indexed("auto:2") == ("auto", 2) and choose_module.indexed("auto") == ("auto", 0)
    for name in ("triton://a:8001", "onnx_cpu:1", "tensorrt:x"):
        assert choose_module.indexed(name) == (name, 0)


def test_a_take_that_dies_on_the_gpu_is_answered_by_the_cpu(machine: Machine) -> None:
    machine.built()
    model = choose(str(machine.folder)).model
    expected = model.listen([CASES[0].samples])[0]
    assert model.info.backend == "tensorrt"
    machine.cuda.fail["cudaStreamSynchronize"] = [Code.cudaErrorECCUncorrectable]
    found = model.listen([CASES[0].samples])[0]
    np.testing.assert_allclose(found.log_posteriors, expected.log_posteriors, atol=1e-4)
    assert model.info.backend == "onnx_cpu" and "cudaErrorECCUncorrectable" in model.take_notice()
    model.close()


def test_the_cpu_serves_until_the_gpu_engine_is_built_and_verified(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(takeover, "load_cases", lambda limit: CASES)
    monkeypatch.setattr(takeover, "noisy_cases", lambda cases: [])
    let_go = threading.Event()
    steps = []

    def progress(label: str, done: int, total: int) -> bool:
        steps.append(label)
        let_go.wait(10)
        return True

    model = choose(str(machine.folder), background=True, progress=progress).model
    assert model.listen([CASES[0].samples]) and model.info.backend == "onnx_cpu"
    let_go.set()
    thread = next(thread for thread in threading.enumerate() if thread.name == "build-tensorrt")
    thread.join(20)
    model.take_notice()
    model.listen([CASES[0].samples])
    assert model.info.backend == "tensorrt" and {"Building", "verify"} <= set(steps)
    model.close()
    assert machine.cuda.live == 0
    again = choose(str(machine.folder), background=True)
    assert again.engine == "tensorrt"
    again.model.close()


def test_closing_stops_the_background_build(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(takeover, "load_cases", lambda limit: CASES)
    reached, stopped = threading.Event(), threading.Event()

    def progress(label: str, done: int, total: int) -> bool:
        reached.set()
        return not stopped.wait(0.2)

    model = choose(str(machine.folder), background=True, progress=progress).model
    assert reached.wait(10)
    model.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("build-")]
    assert engine_store.list_engines() == ([], [])


def test_a_background_build_that_fails_leaves_the_cpu_serving(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(takeover, "load_cases", lambda limit: CASES)
    machine.trt.broken.add("build")
    with caplog.at_level(logging.WARNING):
        model = choose(str(machine.folder), background=True).model
        for thread in threading.enumerate():
            if thread.name.startswith("build-"):
                thread.join(10)
    assert "Could not find any implementation" in caplog.text
    model.listen([CASES[0].samples])
    assert model.info.backend == "onnx_cpu"
    model.close()


def test_without_a_driver_nothing_heavy_is_tried(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose_module, "gpu_driver", lambda: "no NVIDIA driver is installed")
    choice = choose(str(machine.folder), background=True)
    assert choice.engine == "onnx_cpu" and machine.cuda.calls == []
    assert {refusal.engine for refusal in choice.refusals} == {"tensorrt", "onnx_cuda"}
    assert choice.model.info.reason == "no NVIDIA driver is installed"
    choice.model.close()


def test_the_light_model_is_the_last_rung(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choose_module, "_light_below", lambda manifest: machine.folder)
    choice = choose(str(machine.folder), "onnx_cpu")
    assert [name for name, _ in choice.model.states()] == ["onnx_cpu", "onnx_cpu (light)"]
    choice.model.close()


def test_real_driver_probe_and_versions() -> None:
    assert choose_module.gpu_driver() in ("", "no NVIDIA driver is installed")
    assert choose_module.installed_version("numpy") == np.__version__
    assert choose_module.installed_version("no_such_package") == ""
