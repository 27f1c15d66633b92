from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from engines import calibrate, plan, trt_compat
from engines.cuda import Cuda
from engines.trt_compat import FULL, RTX, Library, LibraryProblem
from tests.engines.fake_cuda import Code, FakeCuda
from tests.engines.fake_trt import make_trt

VERSIONS = [("8.6.0", False), ("10.3.0", False), ("11.0.0", False), ("1.7.1.116", True)]
SHAPES = (
    plan.Shapes("interactive", (1, 1, 1), (4_800, 80_000, 240_000)),
    plan.Shapes("batch", (1, 4, 8), (4_800, 64_000, 240_000)),
)


@pytest.fixture(params=VERSIONS, ids=lambda value: ("rtx " if value[1] else "") + value[0])
def library(request: pytest.FixtureRequest) -> Library:
    version, rtx = request.param
    return Library(make_trt(version, FakeCuda(), rtx=rtx), RTX if rtx else FULL)


@pytest.fixture
def onnx_bytes(tiny_folder: Path) -> bytes:
    return (tiny_folder / "acoustic.onnx").read_bytes()


def named(onnx_bytes: bytes) -> bytes:
    model = onnx.load_model_from_string(onnx_bytes)
    for index, node in enumerate(model.graph.node):
        node.name = f"/node{index}"
    return bytes(model.SerializeToString())


def test_every_version_builds_what_the_profiles_take(library: Library, onnx_bytes: bytes) -> None:
    built = plan.build(library, onnx_bytes, plan.BuildOptions(SHAPES))
    many = not library.version.startswith("8.")
    assert (b'"samples": [[1, 4800], [1, 80000], [1, 240000]]' in built.data) is many
    assert [tensor.name for tensor in built.inputs] == ["samples", "lengths"]
    assert built.inputs[0].shape == (-1, -1) and built.outputs[0].shape == (-1, -1, 40)
    assert built.warnings == ("a warning",) and built.layers == 15
    assert b'"samples": [[1, 4800], [4, 64000], [8, 240000]]' in built.data
    assert b'"lengths": [[1], [4], [8]]' in built.data


def test_one_profile_takes_all_lengths_and_no_more_memory() -> None:
    batch = plan.Shapes("batch", (1, 16, 64), (6_400, 64_000, 96_000))
    assert plan.in_one((SHAPES[0], batch)) == plan.Shapes("all", (1, 10, 10), (4_800, 64_000, 240_000))
    assert plan.in_one((batch,)) == plan.Shapes("all", (1, 16, 64), (6_400, 64_000, 96_000))
    assert plan.in_one(SHAPES[:1]).batch == (1, 1, 1)


def test_each_version_is_given_what_the_table_says(library: Library, onnx_bytes: bytes) -> None:
    calibrator: Any = None
    if library.has_calibrator:
        clips = calibrate.CalibrationSet(
            np.ones((3, 8_000), np.float32), np.array([8_000, 5_000, 100], np.int32)
        )
        calibrator = calibrate.entropy_calibrator(
            library, Cuda(0, FakeCuda()), clips, SHAPES[1], "", "model", plan.never_stop
        )
    plan.build(
        library,
        named(onnx_bytes),
        plan.BuildOptions(SHAPES, precision="int8", keep_fp32=("/node8",)),
        calibrator=calibrator,
    )
    events = library.module.events
    flags = [value for kind, value in events if kind == "flag"]
    if library.version.startswith("8."):
        assert ("network", 1) in events and ("preview", "PROFILE_SHARING_0806") in events
        assert flags == ["FP16", "INT8", "PREFER_PRECISION_CONSTRAINTS"]
        assert ("calibrated", 1) in events and ("calibration profile", [4, 64_000]) in events
    else:
        assert ("network", 2) in events and flags == []
    assert [value for kind, value in events if kind == "target"] == (["CURRENT"] if library.is_rtx else [])
    assert ("workspace", 2 << 30) in events and ("cleared", "TF32") in events


def test_layers_kept_fp32_by_flags(onnx_bytes: bytes) -> None:
    library = Library(make_trt("8.6.1", FakeCuda()), FULL)
    options = plan.BuildOptions(SHAPES, precision="fp16", keep_fp32=("/node8", "/node0"))
    built = plan.build(library, named(onnx_bytes), options)
    # /node0 is a shape computation, whose precision must not be touched.
    assert built.held_fp32 == ("/node8",)


def test_the_parsers_own_layers_go_with_their_node() -> None:
    names = ["(Unnamed Layer* 0) [Shuffle]", "/a", "/a_4", "/b [Cast]", "/c", "ONNXTRT_Broadcast_3", "/d", "/d_log"]
    nodes = ["/a", "/b", "/c", "/d"]
    assert trt_compat._with_helpers(names, nodes, ("/a", "/b")) == {0, 1, 2, 3}
    assert trt_compat._with_helpers(names, nodes, ("/d",)) == {5, 6, 7}
    assert trt_compat._with_helpers(names, nodes, ()) == set()


def test_stubbed_libraries_lose_their_tactics(onnx_bytes: bytes) -> None:
    library = Library(make_trt("8.6.0", FakeCuda()), FULL)
    plan.build(library, onnx_bytes, plan.BuildOptions(SHAPES, stubbed_libraries=True))
    assert ("tactics", 0b11000) in library.module.events


def test_all_parser_errors_with_node_names(library: Library, onnx_bytes: bytes) -> None:
    library.module.broken |= {"Conv", "LogSoftmax"}
    with pytest.raises(plan.BuildFailed) as caught:
        plan.build(library, named(onnx_bytes), plan.BuildOptions(SHAPES))
    message = str(caught.value)
    assert all(f"/node{index}" in message for index in (8, 12, 14)) and "\n" not in message
    assert "Conv" in message and "LogSoftmax" in message


def test_garbage_and_foreign_inputs(library: Library, tiny_folder: Path) -> None:
    with pytest.raises(plan.BuildFailed, match="parse"):
        plan.build(library, b"garbage", plan.BuildOptions(SHAPES))
    with pytest.raises(plan.BuildFailed, match="samples and lengths were expected"):
        plan.build(library, (tiny_folder / "scorer.onnx").read_bytes(), plan.BuildOptions(SHAPES))
    with pytest.raises(plan.BuildFailed, match="profile"):
        plan.build(library, b"", plan.BuildOptions(()))


def test_builder_failures_give_the_builders_reason(library: Library, onnx_bytes: bytes) -> None:
    library.module.broken.add("build")
    with pytest.raises(plan.BuildFailed, match=r"/blocks\.0/MatMul"):
        plan.build(library, onnx_bytes, plan.BuildOptions(SHAPES))
    library.module.broken = {"Builder"}
    with pytest.raises(plan.BuildFailed, match="error: 35"):
        plan.build(library, onnx_bytes, plan.BuildOptions(SHAPES))


def test_progress_and_cancel(library: Library, onnx_bytes: bytes) -> None:
    seen: list[tuple[str, int, int]] = []

    def report(label: str, done: int, total: int) -> bool:
        seen.append((label, done, total))
        return True

    plan.build(library, onnx_bytes, plan.BuildOptions(SHAPES), report=report)
    wanted = ("Building", 3, 3) if library.has_monitor else ("choosing kernels", 40, 0)
    assert ("parse", 1, 1) in seen and wanted in seen
    with pytest.raises(plan.BuildStopped):
        plan.build(library, onnx_bytes, plan.BuildOptions(SHAPES), report=lambda *step: step[0] == "parse")


def test_timing_cache_is_kept_and_a_foreign_one_replaced(
    library: Library, onnx_bytes: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "caches" / "timing"
    options = plan.BuildOptions(SHAPES, timing_cache=str(path))
    plan.build(library, onnx_bytes, options)
    if library.is_rtx:
        assert not path.exists() and not any(kind == "timing cache" for kind, _ in library.module.events)
        return
    assert path.read_bytes() == b"timings"
    plan.build(library, onnx_bytes, options)
    path.write_bytes(b"of another version")
    plan.build(library, onnx_bytes, options)
    offered = [value for kind, value in library.module.events if kind == "timing cache"]
    assert offered == [b"", b"timings", b"of another version", b""]
    assert [item.name for item in path.parent.iterdir()] == ["timing"]


@pytest.mark.parametrize("version", ["7.2.3", "8.4.0", "9.1.0", "12.0.0"])
def test_unsupported_versions_are_refused(version: str) -> None:
    with pytest.raises(LibraryProblem, match="not supported"):
        Library(make_trt(version, FakeCuda()), FULL)


def test_impossible_wishes_are_refused(library: Library) -> None:
    with pytest.raises(LibraryProblem):
        library.check("bf16", "current")
    with pytest.raises(LibraryProblem):
        library.check("fp16", "sm42")
    if library.is_rtx:
        with pytest.raises(LibraryProblem, match="sm75"):
            library.check("fp32", "sm75")
        library.check("fp16", "sm75")
    else:
        with pytest.raises(LibraryProblem, match="this machine only"):
            library.check("fp16", "sm89")


def test_int8_without_calibrator_or_scales(onnx_bytes: bytes) -> None:
    library = Library(make_trt("8.6.0", FakeCuda()), FULL)
    with pytest.raises(plan.BuildFailed, match="calibrator"):
        plan.build(library, onnx_bytes, plan.BuildOptions(SHAPES, precision="int8"))


def test_missing_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "tensorrt_rtx", None)
    with pytest.raises(LibraryProblem, match=r"\.\[rtx\]"):
        trt_compat.load(RTX)
    monkeypatch.setitem(__import__("sys").modules, "tensorrt", None)
    with pytest.raises(LibraryProblem, match=r"\.\[gpu\]"):
        trt_compat.load(FULL)


def test_load_gives_a_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "tensorrt", make_trt("10.3.0", FakeCuda()))
    library = trt_compat.load(FULL)
    assert library.title == "tensorrt 10.3.0" and not library.typed_by_flags
    assert not trt_compat.libraries_are_stubs(library)


def test_small_cublas_beside_tensorrt_is_a_stub(tmp_path: Path) -> None:
    module = make_trt("8.6.0", FakeCuda())
    module.__file__ = str(tmp_path / "__init__.py")
    (tmp_path / "libcublas.so.12").write_bytes(b"x" * 17_000)
    assert trt_compat.libraries_are_stubs(Library(module, FULL))


def calibration(cuda: FakeCuda, cache: str, report: plan.Report = plan.never_stop) -> tuple[Library, Any]:
    library = Library(make_trt("8.6.0", cuda), FULL)
    rng = np.random.default_rng(1)
    clips = calibrate.CalibrationSet(
        rng.normal(0, 0.1, (10, 70_000)).astype(np.float32), np.full(10, 70_000, np.int32)
    )
    return library, calibrate.entropy_calibrator(
        library, Cuda(0, cuda), clips, SHAPES[1], cache, "model", report
    )


def test_calibration_feeds_whole_batches_and_is_not_done_twice(onnx_bytes: bytes, tmp_path: Path) -> None:
    cuda, cache = FakeCuda(), str(tmp_path / "scales")
    options = plan.BuildOptions(SHAPES, precision="int8")
    for expected in ([3], []):
        library, calibrator = calibration(cuda, cache)
        assert calibrator.get_batch_size() == 4
        plan.build(library, onnx_bytes, options, calibrator=calibrator)
        calibrator.close()
        assert [value for kind, value in library.module.events if kind == "calibrated"] == expected
    assert cuda.live == 0


def foreign(kept: bytes) -> bytes:
    return calibrate.sealed(b"another model, set or version", b"scales")


def cut(kept: bytes) -> bytes:
    return kept[:-1]


def changed(kept: bytes) -> bytes:
    return kept.replace(b"scales", b"scalez")


@pytest.mark.parametrize("spoil", [foreign, cut, changed, lambda kept: b""])
def test_scales_that_are_damaged_or_foreign_are_found_anew(
    onnx_bytes: bytes, tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    cache, options = tmp_path / "scales", plan.BuildOptions(SHAPES, precision="int8")
    library, calibrator = calibration(FakeCuda(), str(cache))
    plan.build(library, onnx_bytes, options, calibrator=calibrator)
    whole = cache.read_bytes()
    cache.write_bytes(spoil(whole))
    library, calibrator = calibration(FakeCuda(), str(cache))
    plan.build(library, onnx_bytes, options, calibrator=calibrator)
    assert ("calibrated", 3) in library.module.events and cache.read_bytes() == whole


def test_a_build_that_dies_among_the_kernels_has_kept_its_scales(onnx_bytes: bytes, tmp_path: Path) -> None:
    class Killed(BaseException):
        """Not an error that anything could handle on its way."""

    def die(label: str, done: int, total: int) -> bool:
        if label == "choosing kernels":
            raise Killed
        return True

    cache, options = str(tmp_path / "scales"), plan.BuildOptions(SHAPES, precision="int8")
    library, calibrator = calibration(FakeCuda(), cache)
    with pytest.raises(Killed):
        plan.build(library, onnx_bytes, options, calibrator=calibrator, report=die)
    assert ("calibrated", 3) in library.module.events
    library, calibrator = calibration(FakeCuda(), cache)
    plan.build(library, onnx_bytes, options, calibrator=calibrator)
    assert not any(kind == "calibrated" for kind, _ in library.module.events)


def test_calibration_that_fails_or_is_stopped_keeps_nothing(onnx_bytes: bytes, tmp_path: Path) -> None:
    cache = tmp_path / "scales"
    cuda = FakeCuda()
    cuda.fail["cudaMemcpy"] = [None, Code.cudaErrorLaunchFailure]
    library, calibrator = calibration(cuda, str(cache))
    with pytest.raises(plan.BuildFailed, match="LaunchFailure"):
        plan.build(library, onnx_bytes, plan.BuildOptions(SHAPES, precision="int8"), calibrator=calibrator)
    assert not cache.exists()
    library, calibrator = calibration(FakeCuda(), str(cache), lambda *step: step[1] < 1)
    with pytest.raises(plan.BuildStopped):
        plan.build(library, onnx_bytes, plan.BuildOptions(SHAPES, precision="int8"), calibrator=calibrator)
    assert not cache.exists()


def test_calibrators_only_where_they_exist() -> None:
    library = Library(make_trt("11.0.0", FakeCuda()), FULL)
    clips = calibrate.CalibrationSet(np.ones((1, 10), np.float32), np.array([10], np.int32))
    with pytest.raises(LibraryProblem, match="Q/DQ"):
        calibrate.entropy_calibrator(library, Cuda(0, FakeCuda()), clips, SHAPES[0], "", "", plan.never_stop)


@pytest.mark.parametrize(
    ("samples", "lengths"),
    [
        (np.ones(10), [10]),
        (np.ones((2, 10)), [10]),
        (np.ones((1, 10)), [11]),
        (np.ones((1, 10)), [0]),
        (np.full((1, 10), np.nan), [10]),
        (np.ones((0, 10)), []),
    ],
)
def test_calibration_sets_are_checked(tmp_path: Path, samples: np.ndarray, lengths: list[int]) -> None:
    path = tmp_path / "set.npz"
    np.savez(path, samples=samples, lengths=np.array(lengths, np.int32))
    with pytest.raises(LibraryProblem, match="cannot be used"):
        calibrate.load_set(str(path))


def test_calibration_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "set.npz").write_bytes(b"PK nothing")
    with pytest.raises(LibraryProblem):
        calibrate.load_set(str(tmp_path / "set.npz"))


def test_the_rtx_stand_in_promises_nothing_that_rtx_lacks() -> None:
    if importlib.util.find_spec("tensorrt_rtx") is None:
        pytest.skip("tensorrt-rtx is not installed")
    import tensorrt_rtx as real

    fake = make_trt("1.7.1", FakeCuda(), rtx=True)
    for name in (
        "Builder",
        "OnnxParser",
        "Runtime",
        "IProgressMonitor",
        "ILogger",
        "DataType",
        "MemoryPoolType",
    ):
        assert hasattr(real, name)
    for name in ("NetworkDefinitionCreationFlag", "TacticSource", "ComputeCapability"):
        assert set(getattr(fake, name).__members__) <= set(getattr(real, name).__members__)
    assert "FP16" not in real.BuilderFlag.__members__
    for kind, methods in {
        "IBuilderConfig": (
            "set_memory_pool_limit",
            "set_compute_capability",
            "create_timing_cache",
            "set_timing_cache",
        ),
        "ICudaEngine": (
            "get_tensor_profile_shape",
            "get_tensor_mode",
            "get_device_memory_size_for_profile_v2",
        ),
        "IExecutionContext": ("set_input_shape", "execute_async_v3", "set_device_memory"),
        "ExecutionContextAllocationStrategy": ("USER_MANAGED",),
        "ParserError": ("node_name", "node_operator", "desc"),
    }.items():
        assert all(hasattr(getattr(real, kind), method) for method in methods)
