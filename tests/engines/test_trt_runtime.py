from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engines import cuda as cuda_module
from engines import plan
from engines.cuda import (
    CaptureFailed,
    Cuda,
    CudaError,
    DeviceBuffer,
    DeviceGone,
    DeviceMemoryFull,
    DriverTooOld,
    Event,
    NoDevice,
    PinnedBuffer,
    Stream,
)
from engines.manifest import load_manifest
from engines.onnx_cpu import OnnxModel
from engines.tensorrt_model import TensorRTModel, grouped
from engines.trt_compat import FULL, Library
from engines.trt_lane import RunFailed, RunOptions
from engines.trt_runtime import TrtEngine
from tests.engines.check_model import check_model, clip_of
from tests.engines.fake_cuda import Code, FakeCuda
from tests.engines.fake_trt import make_trt
from tests.engines.test_trt_build import SHAPES
from tutor.errors import DeviceLost, EngineError, OutOfMemory


class Rig:
    """A fake device with a built engine of the tiny model."""

    def __init__(self, folder: Path, options: RunOptions | None = None, version: str = "10.3.0") -> None:
        self.cuda = FakeCuda()
        self.library = Library(make_trt(version, self.cuda), FULL)
        self.manifest = load_manifest(folder)
        self.data = plan.build(
            self.library, self.manifest.acoustic_path.read_bytes(), plan.BuildOptions(SHAPES)
        ).data
        self.engine = TrtEngine(self.library, Cuda(0, self.cuda), self.data, options)
        self.model = TensorRTModel(
            self.manifest, self.engine, backend="tensorrt", precision="fp32", reason="test"
        )


@pytest.fixture
def rig(tiny_folder: Path) -> Rig:
    return Rig(tiny_folder)


def clips_of(*lengths: int) -> list[Any]:
    return [clip_of(length, seed) for seed, length in enumerate(lengths)]


def hidden_of(rig: Rig, *lengths: int) -> Any:
    return rig.engine.infer(clips_of(*lengths))["hidden"]


def test_obeys_the_contract_and_frees_everything(rig: Rig) -> None:
    check_model(rig.model, tolerance=1e-5)
    rig.model.close()
    assert rig.cuda.live == 0
    with pytest.raises(EngineError, match="closed"):
        rig.model.listen([clip_of(16_000, 0)])


@pytest.mark.parametrize(
    "options", [RunOptions(), RunOptions(bucket_samples=1, graph_batch=0), RunOptions(graph_count=1)]
)
def test_agrees_with_onnx_runtime(tiny_folder: Path, options: RunOptions) -> None:
    rig = Rig(tiny_folder, options)
    reference = OnnxModel(rig.manifest, threads=1)
    clips = [
        clip_of(length, seed) for seed, length in enumerate((30_000, 31_000, 90_000, 31_500, 240_000, 30_000))
    ]
    for _ in range(3):
        for one, other in zip(reference.listen(clips), rig.model.listen(clips), strict=True):
            np.testing.assert_allclose(one.log_posteriors, other.log_posteriors, atol=1e-5)
        for clip in clips:
            alone = rig.model.listen([clip])[0]
            np.testing.assert_allclose(alone.hidden, reference.listen([clip])[0].hidden, atol=1e-5)
    del one, other, alone  # answers of batches are held by whoever has them
    rig.model.close()
    assert rig.cuda.live == 0


def test_answers_stay_when_the_lane_is_used_again(rig: Rig) -> None:
    for lengths in ((16_000,), (16_000, 20_000)):
        for _ in range(3):
            answer = rig.engine.infer(clips_of(*lengths))
            kept = {name: array.copy() for name, array in answer.items()}
            rig.engine.infer([np.zeros(length, np.float32) for length in lengths])
            for name, array in answer.items():
                np.testing.assert_array_equal(array, kept[name])


def test_a_batch_is_answered_in_a_block_that_comes_back(rig: Rig) -> None:
    clips = clips_of(16_000, 20_000)
    allocations = []
    for _ in range(4):
        answer = rig.engine.infer(clips)
        row = answer["hidden"][1, :4]
        del answer
        allocations.append(rig.cuda.calls.count("cudaHostAlloc"))
    assert allocations[1] == allocations[2] == allocations[3], "the last answer is still looked at, the others are free"
    rig.engine.close()
    assert rig.cuda.live == 1
    assert np.isfinite(row).all()
    del row
    assert rig.cuda.live == 0


def test_whoever_hoards_answers_is_given_copies(tiny_folder: Path) -> None:
    rig = Rig(tiny_folder, RunOptions(lend_bytes=3 << 20))
    clips = clips_of(16_000, 20_000)
    expected = rig.engine.infer(clips)["hidden"].copy()
    hoard = [rig.engine.infer(clips)["hidden"] for _ in range(12)]
    for hidden in hoard:
        np.testing.assert_allclose(hidden, expected, atol=1e-6)
    rig.engine.close()
    assert 0 < rig.cuda.live <= 3
    hoard.clear()
    del hidden
    assert rig.cuda.live == 0


def test_a_graph_replaces_the_launch_from_the_second_take_of_a_bucket_on(rig: Rig) -> None:
    for length in (30_000, 31_000, 32_000, 29_000):
        hidden_of(rig, length)
    assert rig.cuda.calls.count("cudaStreamBeginCapture") == 1
    assert rig.cuda.calls.count("cudaGraphLaunch") == 3


def test_a_growing_buffer_throws_its_graphs_away(rig: Rig) -> None:
    expected = hidden_of(rig, 30_000)
    hidden_of(rig, 30_000)
    hidden_of(rig, 200_000)
    hidden_of(rig, 30_000)
    np.testing.assert_allclose(hidden_of(rig, 30_000), expected, atol=1e-6)
    rig.engine.close()
    assert rig.cuda.live == 0


def test_what_cannot_be_captured_runs_without_a_graph(rig: Rig) -> None:
    rig.cuda.fail["cudaStreamEndCapture"] = [Code.cudaErrorStreamCaptureUnsupported]
    expected = hidden_of(rig, 30_000)
    for _ in range(3):
        np.testing.assert_allclose(hidden_of(rig, 30_000), expected, atol=1e-6)
    assert "cudaGraphLaunch" not in rig.cuda.calls


def test_graph_count_is_bounded(tiny_folder: Path) -> None:
    rig = Rig(tiny_folder, RunOptions(graph_count=2))
    for _ in range(2):
        for length in (8_000, 16_000, 24_000, 32_000):
            hidden_of(rig, length)
    destroyed = rig.cuda.calls.count("cudaGraphExecDestroy")
    assert rig.cuda.calls.count("cudaGraphInstantiate") - destroyed <= 2
    rig.engine.close()
    assert rig.cuda.live == 0


def test_threads_have_lanes_of_their_own(rig: Rig) -> None:
    reference = OnnxModel(rig.manifest, threads=1)
    problems: list[str] = []

    def work(seed: int) -> None:
        clip = clip_of(20_000 + 1_000 * seed, seed)
        expected = reference.listen([clip])[0].hidden
        for _ in range(5):
            if not np.allclose(rig.model.listen([clip])[0].hidden, expected, atol=1e-5):
                problems.append(f"thread {seed}")

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems


def test_stream_keeps_order_with_two_lanes(rig: Rig) -> None:
    lengths = ((20_000, 22_000), (50_000, 40_000, 30_000), (20_000, 21_000), (90_000, 9_000))
    groups = [clips_of(*group) for group in lengths]
    answers = list(rig.engine.stream(groups))
    assert [len(answer["hidden"]) for answer in answers] == [2, 3, 2, 2]
    for clips, answer in zip(groups, answers, strict=True):
        np.testing.assert_allclose(answer["hidden"], rig.engine.infer(clips)["hidden"], atol=1e-6)


def test_a_reader_that_stops_loses_no_lane(rig: Rig) -> None:
    stream = rig.engine.stream(clips_of(20_000, 22_000) for _ in range(3))
    next(stream)
    stream.close()
    hidden_of(rig, 20_000)
    rig.engine.close()
    assert rig.cuda.live == 0


def test_shapes_outside_every_profile(rig: Rig) -> None:
    with pytest.raises(RunFailed, match="no profile"):
        hidden_of(rig, 1_000)
    with pytest.raises(RunFailed, match="no profile"):
        hidden_of(rig, *[80_000] * 9)
    assert rig.engine.padded(1, 239_999) == 240_000 and rig.engine.padded(1, 8_001) == 16_000


CALLS = (
    "cudaSetDevice",
    "cudaStreamCreateWithFlags",
    "cudaHostAlloc",
    "cudaMalloc",
    "cudaMemcpyAsync",
    "cudaStreamSynchronize",
)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (Code.cudaErrorMemoryAllocation, OutOfMemory),
        (Code.cudaErrorECCUncorrectable, DeviceLost),
        (Code.cudaErrorLaunchFailure, DeviceLost),
        (Code.cudaErrorInvalidValue, EngineError),
    ],
)
def test_every_call_that_fails_becomes_ours_and_the_next_take_works(
    rig: Rig, call: str, code: Code, expected: type[EngineError]
) -> None:
    rig.cuda.fail[call] = [code]
    with pytest.raises(expected) as caught:
        rig.model.listen([clip_of(30_000, 0)])
    assert "\n" not in str(caught.value) and type(caught.value).__module__ == "tutor.errors"
    rig.model.listen([clip_of(30_000, 0)])
    rig.model.close()
    assert rig.cuda.live == 0


def lived_through(rig: Rig) -> list[str]:
    """A short life: two takes of a length (the second a graph), a longer one, a stream of two batches, the end."""
    outcomes = []
    lives = [[clip_of(30_000, 0)], [clip_of(30_000, 0)], [clip_of(200_000, 1)], [*clips_of(20_000, 90_000)]]
    for clips in lives:
        try:
            answers = rig.model.listen(clips)
            assert [len(answer.hidden) for answer in answers] == [len(clip) // 320 + 1 for clip in clips]
            outcomes.append("ok")
        except EngineError as error:
            assert "\n" not in str(error)
            outcomes.append(type(error).__name__)
    rig.model.close()
    return outcomes


def test_every_single_call_of_a_life_may_fail(tiny_folder: Path) -> None:
    """One call after the other is made to fail; at most that take is lost (to the next backend), nothing else."""
    whole = Rig(tiny_folder)
    before = len(whole.cuda.calls)
    assert lived_through(whole) == ["ok"] * 4
    calls = whole.cuda.calls[before:]
    assert len(calls) > 60 and {"cudaGraphLaunch", "cudaFreeHost", "cudaGraphExecDestroy"} <= set(calls)
    for index, call in enumerate(calls):
        rig = Rig(tiny_folder)
        rig.cuda.fail[call] = [*[None] * calls[:index].count(call), Code.cudaErrorInvalidValue]
        outcomes = lived_through(rig)
        assert outcomes.count("ok") >= 3, f"call {index}, {call}: {outcomes}"
        # What CUDA refuses to free stays; all else must be gone.
        assert rig.cuda.live <= (call.endswith(("Destroy", "Free", "FreeHost")) and 1), f"call {index}, {call}"


@pytest.mark.parametrize(
    "call", ["cudaStreamBeginCapture", "cudaGraphInstantiate", "cudaGraphLaunch", "cudaGraphDestroy"]
)
def test_failing_graphs_never_lose_a_later_take(rig: Rig, call: str) -> None:
    rig.cuda.fail[call] = [Code.cudaErrorInvalidValue]
    outcomes = []
    for _ in range(4):
        try:
            rig.model.listen([clip_of(30_000, 0)])
            outcomes.append("ok")
        except EngineError:
            outcomes.append("failed")
    assert outcomes.count("ok") >= 3 and outcomes[-1] == "ok"


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("context", OutOfMemory),
        ("profile", EngineError),
        ("shape", EngineError),
        ("address", EngineError),
        ("execute", EngineError),
    ],
)
def test_every_refusal_of_tensorrt_becomes_ours(rig: Rig, part: str, expected: type[EngineError]) -> None:
    rig.library.module.broken.add(part)
    for clips in ([clip_of(30_000, 0)], [clip_of(30_000, 0), clip_of(90_000, 1)]):
        with pytest.raises(expected):
            rig.model.listen(clips)
    rig.library.module.broken.clear()
    rig.model.listen([clip_of(30_000, 0)])
    rig.model.close()
    assert rig.cuda.live == 0


def test_foreign_and_cut_plans_are_refused(rig: Rig) -> None:
    cuda = Cuda(0, rig.cuda)
    with pytest.raises(RunFailed, match="kSERIALIZATION_VERSION"):
        TrtEngine(rig.library, cuda, b"another version")
    rig.library.module.broken.add("Runtime")
    with pytest.raises(RunFailed, match="cannot start"):
        TrtEngine(rig.library, cuda, rig.data)


@pytest.mark.parametrize("version", ["8.6.0", "11.0.0"])
def test_other_versions_run_too(tiny_folder: Path, version: str) -> None:
    rig = Rig(tiny_folder, version=version)
    check_model(rig.model, tolerance=1e-5)
    assert [(tensor.name, tensor.is_input) for tensor in rig.engine.tensors][:2] == [
        ("samples", True),
        ("lengths", True),
    ]


def test_closing_a_lost_device_is_quiet(rig: Rig) -> None:
    rig.model.listen([clip_of(30_000, 0)])
    rig.cuda.fail["cudaFree"] = [Code.cudaErrorLaunchFailure] * 9
    rig.cuda.fail["cudaStreamDestroy"] = [Code.cudaErrorLaunchFailure]
    rig.model.close()


def test_clips_are_grouped_by_length() -> None:
    groups = grouped([80_000, 5_000, 82_000, 81_000, 5_200, 240_000], lambda samples: 2)
    assert groups == [[1, 4], [0, 3], [2], [5]]
    assert grouped([], lambda samples: 4) == []


def test_clips_longer_than_the_batch_profile_go_one_by_one() -> None:
    groups = grouped([90_000, 99_000, 98_000, 95_000], lambda samples: 8 if samples <= 96_000 else 1)
    assert groups == [[0, 3], [2], [1]]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (Code.cudaErrorMemoryAllocation, DeviceMemoryFull),
        (Code.cudaErrorInsufficientDriver, DriverTooOld),
        (Code.cudaErrorNoDevice, NoDevice),
        (Code.cudaErrorECCUncorrectable, DeviceGone),
        (Code.cudaErrorStreamCaptureUnsupported, CaptureFailed),
        (Code.cudaErrorInvalidValue, CudaError),
    ],
)
def test_cuda_errors_by_name(code: Code, kind: type[CudaError]) -> None:
    fake = FakeCuda()
    fake.fail["cudaMalloc"] = [code]
    with pytest.raises(kind) as caught:
        DeviceBuffer(Cuda(0, fake), 10)
    assert type(caught.value) is kind and caught.value.call == "cudaMalloc" and caught.value.name == code.name


def test_device_facts_and_indices() -> None:
    info = Cuda(0, FakeCuda()).info()
    assert info.name == "Fake RTX" and info.capability == (8, 9) and info.driver == 13000
    assert Cuda(1, FakeCuda(devices=2)).info().device == 1
    with pytest.raises(NoDevice, match="device 1 of 1"):
        Cuda(1, FakeCuda()).info()
    assert Cuda(0, FakeCuda()).memory() == (4 << 30, 8 << 30)


def test_events_buffers_and_streams() -> None:
    fake = FakeCuda()
    cuda = Cuda(0, fake)
    with Stream(cuda) as stream:
        first, second = Event(cuda), Event(cuda)
        first.record(stream)
        second.record(stream)
        assert second.ms_since(first) == 1.5
        first.close()
        second.close()
    pinned = PinnedBuffer(cuda, 16)
    pinned.view((2, 2), np.float32)[:] = 3
    assert pinned.array.view(np.float32).tolist() == [3, 3, 3, 3]
    pinned.close()
    pinned.close()
    cuda.synchronize()
    assert fake.live == 0


def test_without_libcuda_the_runtime_raises_instead_of_answering() -> None:
    class Absent(FakeCuda):
        def cudaGetDeviceCount(self) -> int:
            raise RuntimeError("Failed to dlopen libcuda.so.1")

    with pytest.raises(NoDevice, match="no NVIDIA driver"):
        Cuda(0, Absent()).count()


def test_both_layouts_of_cuda_python(monkeypatch: pytest.MonkeyPatch) -> None:
    modules = __import__("sys").modules
    new, old = object(), object()
    monkeypatch.setitem(modules, "cuda", object())
    monkeypatch.setitem(modules, "cuda.bindings", object())
    monkeypatch.setitem(modules, "cuda.bindings.runtime", new)
    monkeypatch.setitem(modules, "cuda.cudart", old)
    assert cuda_module.runtime_module() is new
    monkeypatch.setitem(modules, "cuda.bindings.runtime", None)
    assert cuda_module.runtime_module() is old
    monkeypatch.setitem(modules, "cuda.cudart", None)
    with pytest.raises(NoDevice, match="cuda-python"):
        Cuda()
