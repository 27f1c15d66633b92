from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from engines import calibration_report, engine_store, onnx_graph, plan, precision, ranges, trt_compat
from engines.batches import acoustic_inputs
from engines.calibration_report import _Answer, _compared
from engines.calibration_set import PLACES, QUIET, calibration_set
from engines.dynamic_int8 import dynamic_int8
from engines.engine_build import BuildRequest, _held, build_engine
from engines.export_variant import export_variant
from engines.manifest import load_manifest, note, sha256_of
from engines.onnx_cpu import OnnxBytes
from engines.recordings import load_cases
from engines.trt_compat import Library
from engines.verify import Case
from tests.engines.check_model import clip_of
from tests.engines.fake_cuda import FakeCuda
from tests.engines.fake_trt import make_trt
from tests.engines.tiny_model import write_manifest
from tutor.errors import EngineError, InstallError, ModelError
from tutor.paths import assets_dir

CLIPS = [clip_of(samples, seed) for seed, samples in enumerate((16_000, 40_000, 9_000))]
CLASSES, WIDTH = 40, 16


def spectral_graph() -> onnx.ModelProto:
    """A graph with everything the tools must see: a power front end with a logarithm, stored FP16, a mask,
    two heads.
    """
    rng = np.random.default_rng(5)
    half = rng.normal(0, 0.2, (32, WIDTH)).astype(np.float16)
    weights = {
        "bank": rng.normal(0, 1, (32, 1, 320)).astype(np.float32),
        "mel": np.abs(rng.normal(0, 1, (32, 32))).astype(np.float32),
        "floor": np.array(1e-7, np.float32),
        "scale": np.array(0.1, np.float32),
        "encoder_half": half,
        "ctc": rng.normal(0, 0.5, (WIDTH, CLASSES)).astype(np.float32),
        "frame": rng.normal(0, 0.5, (WIDTH, CLASSES)).astype(np.float32),
        "axis1": np.array([1], np.int64),
        "mask": np.array(-1e9, np.float32),
        "nothing": np.array(0, np.float32),
    }
    nodes = [
        helper.make_node("Cast", ["encoder_half"], ["encoder"], "encoder_cast", to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["samples", "axis1"], ["wave"], "/front/Unsqueeze"),
        helper.make_node("Conv", ["wave", "bank"], ["bands"], "/front/Conv", strides=[320], pads=[160, 160]),
        helper.make_node("Mul", ["bands", "bands"], ["power"], "/front/Mul"),
        helper.make_node("Transpose", ["power"], ["turned"], "/front/Transpose", perm=[0, 2, 1]),
        helper.make_node("MatMul", ["turned", "mel"], ["melodic"], "/front/MatMul"),
        helper.make_node("Add", ["melodic", "floor"], ["floored"], "/front/Add"),
        helper.make_node("Log", ["floored"], ["frames"], "/front/Log"),
        helper.make_node("Mul", ["frames", "scale"], ["scaled"], "/front/Mul_1"),
        helper.make_node("MatMul", ["scaled", "encoder"], ["encoded"], "/blocks.0/entry/MatMul"),
        helper.make_node("Tanh", ["encoded"], ["hidden"], ""),
        helper.make_node("Cast", ["lengths"], ["floats"], "/Cast", to=TensorProto.FLOAT),
        helper.make_node("Mul", ["floats", "nothing"], ["zeros"], "/Mul"),
        helper.make_node("Mul", ["zeros", "mask"], ["masked"], "/Mul_1"),
        helper.make_node("Unsqueeze", ["masked", "axis1"], ["rows"], "/Unsqueeze"),
        helper.make_node("Unsqueeze", ["rows", "axis1"], ["bias"], "/Unsqueeze_1"),
        helper.make_node("MatMul", ["hidden", "ctc"], ["ctc_logits"], "/ctc/MatMul"),
        helper.make_node("Add", ["ctc_logits", "bias"], ["ctc_biased"], "/ctc/Add"),
        helper.make_node("LogSoftmax", ["ctc_biased"], ["log_posteriors"], "/LogSoftmax", axis=-1),
        helper.make_node("MatMul", ["hidden", "frame"], ["frame_logits"], "/frame/MatMul"),
        helper.make_node("LogSoftmax", ["frame_logits"], ["frame_log_posteriors"], "/LogSoftmax_1", axis=-1),
    ]
    graph = helper.make_graph(
        nodes,
        "spectral",
        [
            helper.make_tensor_value_info("samples", TensorProto.FLOAT, ["batch", "samples"]),
            helper.make_tensor_value_info("lengths", TensorProto.INT32, ["batch"]),
        ],
        [
            helper.make_tensor_value_info("log_posteriors", TensorProto.FLOAT, ["batch", "frames", CLASSES]),
            helper.make_tensor_value_info(
                "frame_log_posteriors", TensorProto.FLOAT, ["batch", "frames", CLASSES]
            ),
            helper.make_tensor_value_info("hidden", TensorProto.FLOAT, ["batch", "frames", WIDTH]),
        ],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTOR_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def data() -> bytes:
    return bytes(spectral_graph().SerializeToString())


@pytest.fixture(scope="session")
def spectral_folder(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory, data: bytes) -> Path:
    folder = tmp_path_factory.mktemp("spectral")
    (folder / "acoustic.onnx").write_bytes(data)
    (folder / "scorer.onnx").write_bytes((tiny_folder / "scorer.onnx").read_bytes())
    write_manifest(folder, ("likelihood", "ratio", "duration"), 8)
    return folder


def answers(content: bytes) -> dict[str, np.ndarray]:
    return OnnxBytes(content, threads=1).run(acoustic_inputs([clip_of(32_000, 9)]))


def test_front_end_and_what_may_be_quantised(data: bytes) -> None:
    model = onnx_graph.unpacked(data)
    front = onnx_graph.front_end(model)
    assert (
        all(name.startswith("/front/") for name in front)
        and "/front/Log" in front
        and "/front/Mul_1" in front
    )
    assert onnx_graph.final_softmax(model) == ("/LogSoftmax", "/LogSoftmax_1")
    behind = model.graph.node.add()
    behind.CopyFrom(helper.make_node("Exp", ["log_posteriors"], ["posteriors"], "/Exp"))
    assert onnx_graph.final_softmax(model)[-1] == "/Exp"
    assert onnx_graph.quantisable(data) == ("/blocks.0/entry/MatMul", "/ctc/MatMul", "/frame/MatMul")
    assert set(precision.keep_fp32(data)) == {*front, "/LogSoftmax", "/LogSoftmax_1"}


def test_a_graph_without_a_logarithm_has_no_front_end(tiny_folder: Path) -> None:
    model = onnx_graph.unpacked((tiny_folder / "acoustic.onnx").read_bytes())
    assert onnx_graph.front_end(model) == ()


def test_unpacking_changes_no_answer(data: bytes) -> None:
    unpacked = precision.variant(data, "fp32")
    model = onnx.load_model_from_string(unpacked)
    assert all(tensor.data_type != TensorProto.FLOAT16 for tensor in model.graph.initializer)
    for name, array in answers(unpacked).items():
        np.testing.assert_array_equal(array, answers(data)[name])


def test_fp16_keeps_the_front_end_and_the_ends_in_fp32(data: bytes) -> None:
    made = precision.variant(data, "fp16")
    model = onnx.load_model_from_string(made)
    types = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    assert types["bank"] == TensorProto.FLOAT and types["encoder"] == TensorProto.FLOAT16
    assert types["ctc"] == TensorProto.FLOAT16
    assert all(value.type.tensor_type.elem_type == TensorProto.FLOAT for value in model.graph.output)
    found, expected = answers(made), answers(data)
    assert 0 < np.abs(found["log_posteriors"] - expected["log_posteriors"]).mean() < 0.01


def test_fp16_holds_no_constant_beyond_its_range(data: bytes) -> None:
    model = onnx.load_model_from_string(precision.variant(data, "fp16"))
    for tensor in model.graph.initializer:
        assert np.isfinite(numpy_helper.to_array(tensor)).all()
    assert all(np.isfinite(array).all() for array in answers(precision.variant(data, "fp16")).values())


@pytest.mark.parametrize("level", [1e-3, 1.0, 100.0])
def test_nothing_between_the_front_ends_nodes_goes_through_fp16(data: bytes, level: float) -> None:
    """Quiet or loud, powers lie far outside what FP16 can hold."""
    sound = acoustic_inputs([clip_of(32_000, 9) * np.float32(level)])
    expected = OnnxBytes(data).run(sound)
    found = OnnxBytes(precision.variant(data, "fp16")).run(sound)
    for name in expected:
        assert np.abs(found[name] - expected[name]).mean() < 0.01, name


def test_only_the_last_softmax_of_a_shipped_model_stays_fp32() -> None:
    for name in ("main", "light"):
        model = onnx_graph.unpacked(load_manifest(assets_dir() / "models" / name).acoustic_path.read_bytes())
        last = onnx_graph.final_softmax(model)
        assert last and not [node for node in last if "block" in node]
        attention = [node for node in model.graph.node if node.op_type == "Softmax" and "attention" in node.name]
        assert attention


@pytest.mark.parametrize("rest", ["fp16", "fp32"])
def test_int8_quantises_just_what_it_may(data: bytes, rest: str) -> None:
    made = precision.variant(data, "int8", clips=CLIPS, keep=("/ctc/MatMul",), rest=rest)
    model = onnx.load_model_from_string(made)
    count = sum(
        tensor.data_type == TensorProto.INT8 and len(tensor.dims) == 2 for tensor in model.graph.initializer
    )
    assert count == 2
    found, expected = answers(made), answers(data)
    error = np.abs(found["frame_log_posteriors"] - expected["frame_log_posteriors"]).mean()
    assert 1e-5 < error < 0.1


@pytest.mark.parametrize("keep", [(), ("/ctc/MatMul",)])
def test_beside_int8_the_front_end_stays_fp32_and_the_rest_is_fp16(data: bytes, keep: tuple[str, ...]) -> None:
    model = onnx.load_model_from_string(precision.variant(data, "int8", clips=CLIPS, keep=keep))
    stored = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    banks = [node.input[1] for node in model.graph.node if node.op_type == "Conv"]
    assert [stored[bank] for bank in banks] == [TensorProto.FLOAT] * 2
    scales = [stored[node.input[1]] for node in model.graph.node if node.op_type.endswith("equantizeLinear")]
    scales += [stored[node.input[1]] for node in model.graph.node if node.op_type == "QuantizeLinear"]
    assert scales and set(scales) == {TensorProto.FLOAT16}
    kept = next(node for node in model.graph.node if node.name == "/ctc/MatMul")
    assert (stored.get(kept.input[1]) == TensorProto.FLOAT16) == bool(keep)


def test_int8_without_recordings_and_unknown_precisions(data: bytes) -> None:
    with pytest.raises(ModelError, match="recordings"):
        precision.variant(data, "int8")
    with pytest.raises(ModelError, match="fp8"):
        precision.variant(data, "fp8")
    with pytest.raises(ModelError, match="cannot be made"):
        precision.variant(b"garbage", "fp16")


def test_without_onnx_the_extra_is_named(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(InstallError, match="onnx"):
        precision.variant(data, "fp32")


def test_sensitivity_finds_the_costly_layer(data: bytes) -> None:
    model = onnx.load_model_from_string(data)
    for tensor in model.graph.initializer:
        if tensor.name == "frame":
            # One huge weight a column takes the scale of all others: quantising them loses nearly everything.
            values = numpy_helper.to_array(tensor).copy()
            values[0] = 30.0
            tensor.CopyFrom(numpy_helper.from_array(values, "frame"))
    spoiled = bytes(model.SerializeToString())
    expected = answers(spoiled)

    def loss(content: bytes) -> float:
        found = answers(content)
        return float(
            sum(
                np.abs(np.exp(found[n]) - np.exp(expected[n])).mean()
                for n in ("log_posteriors", "frame_log_posteriors")
            )
        )

    groups = [("/blocks.0/entry/MatMul",), ("/ctc/MatMul",), ("/frame/MatMul",)]
    losses = precision.sensitivity(spoiled, groups, CLIPS, loss)
    assert losses[2] == max(losses) and losses[2] > 2 * losses[1]


def test_layer_groups() -> None:
    nodes = ("/blocks.0/first/x", "/blocks.11/first/x", "/blocks.0/out", "/entry/MatMul")
    assert calibration_report.layer_groups(nodes) == {
        "first/x": ("/blocks.0/first/x", "/blocks.11/first/x"),
        "out": ("/blocks.0/out",),
        "entry/MatMul": ("/entry/MatMul",),
    }


def test_scores_under_both_calibrations(monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = load_manifest(assets_dir() / "models" / "light")
    cases = load_cases(limit=2)
    monkeypatch.setattr(calibration_report, "HEARD", calibration_report.HEARD[:3])
    rows = calibration_report.compare_sets(manifest, cases)
    assert [row["heard in"] for row in rows] == ["quiet", "classroom, 20 dB", "classroom, 10 dB"] * 2
    assert {row["calibrated on"] for row in rows} == {"quiet only", "everywhere"}
    for row in rows:
        assert 0 < row["kl"] < 0.1 and row["lost"] in (0, 1)
    together = calibration_report.pooled([*rows, {**rows[1], "heard in": "street, 20 dB", "kl": 3 * rows[1]["kl"]}])
    assert [row["heard in"] for row in together[:3]] == ["quiet", "20 dB", "10 dB"]
    assert together[1]["kl"] == pytest.approx(2 * rows[1]["kl"])


def test_what_learners_would_see() -> None:
    """Two phones a recording; the second recording is taken for another text by INT8."""
    flat = np.full((5, CLASSES), -np.log(CLASSES), np.float32)
    one = [_Answer(flat, "graded", np.array(phones, np.float32), 60.0) for phones in ([50, 80], [20, 90])]
    other = [
        _Answer(flat, "graded", np.array([52, 76], np.float32), 57.0),
        _Answer(flat, "other_text", np.array([0, 0], np.float32), 0.0),
    ]
    found = _compared(one, other)
    assert found == {
        "kl": 0.0, "lost": 1.0, "shift": pytest.approx(-1), "mean_abs": pytest.approx(3), "rank": 1.0, "sentence": 3.0,
    }  # fmt: skip
    assert np.isnan(_compared(one[1:], other[1:])["shift"])


def test_sweep_lists_every_group_once(spectral_folder: Path) -> None:
    cases = [Case(str(seed), clip) for seed, clip in enumerate(CLIPS)]
    swept = calibration_report.sweep(load_manifest(spectral_folder), cases)
    assert [row["layers"] for row in sorted(swept, key=lambda row: row["layers"])] == [
        "ctc/MatMul",
        "entry/MatMul",
        "frame/MatMul",
    ]
    assert sum(row["share"] for row in swept) == pytest.approx(1)


def test_layers_are_kept_until_enough_is_left() -> None:
    losses, groups = {"a": 0.01, "b": 0.05, "c": 0.04}, {"a": ("/a",), "b": ("/b", "/b2"), "c": ("/c",)}
    rows = calibration_report.judged(losses, groups, 0.02)
    assert [(row["layers"], row["keep"]) for row in rows] == [("b", True), ("c", False), ("a", False)]
    assert rows[0]["nodes"] == ["/b", "/b2"] and "50% of it comes from here" in rows[0]["why"]
    assert "within 0.01" in rows[1]["why"]
    assert not any(row["keep"] for row in calibration_report.judged(losses, groups, 0.009))


def test_nodes_listed_in_the_manifest_stay_out_of_int8(
    spectral_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(spectral_folder, tmp_path / "model")
    asked: list[tuple[str, ...]] = []

    def variant(data: bytes, kind: str, *, keep: tuple[str, ...], **others: object) -> bytes:
        asked.append(keep)
        raise ModelError("seen enough")

    note(folder, "int8_keep", ["/ctc/MatMul"])
    manifest = load_manifest(folder)
    monkeypatch.setattr(precision, "variant", variant)
    request = BuildRequest(manifest, "tensorrt_rtx", precision="int8", target="sm89", keep=("/frame/MatMul",))
    monkeypatch.setattr(trt_compat, "load", lambda name: Library(make_trt("1.7.1", FakeCuda(), rtx=True), name))
    with pytest.raises(ModelError, match="seen enough"):
        build_engine(request, clips=CLIPS)
    assert asked == [("/frame/MatMul", "/ctc/MatMul")]
    assert _held(request, manifest.acoustic_path.read_bytes())[-2:] == asked[0]


def committee_graph(members: int = 3) -> onnx.ModelProto:
    """``spectral_graph`` with a product by a stack of matrices, one for each member, of very different sizes."""
    model = spectral_graph()
    graph = model.graph
    sizes = (4.0 ** np.arange(members)).reshape(members, 1, 1)
    stack = np.random.default_rng(6).normal(0, 0.3, (members, WIDTH, WIDTH)) * sizes
    for name, value in (("stack", stack), ("even", 1 / sizes[None]), ("one", np.array([1]))):
        kind = np.int64 if name == "one" else np.float32
        graph.initializer.append(numpy_helper.from_array(value.astype(kind), name))
    place = next(index for index, node in enumerate(graph.node) if node.output[0] == "hidden")
    graph.node[place].output[0] = "alone"
    added = [
        helper.make_node("Unsqueeze", ["alone", "one"], ["lifted"], "/lift"),
        helper.make_node("MatMul", ["lifted", "stack"], ["members"], "/members/MatMul"),
        helper.make_node("Mul", ["members", "even"], ["evened"], "/even"),
        helper.make_node("ReduceMean", ["evened"], ["hidden"], "/mean", axes=[1], keepdims=0),
    ]
    for offset, node in enumerate(added, 1):
        graph.node.insert(place + offset, node)
    return model


def test_members_side_by_side_are_scaled_column_by_column() -> None:
    data = bytes(committee_graph().SerializeToString())
    assert "/members/MatMul" in onnx_graph.quantisable(data)
    made = onnx.load_model_from_string(precision.variant(data, "int8", clips=CLIPS, rest="fp32"))
    [scaled] = [node for node in made.graph.node if node.op_type == "DequantizeLinear" and "stack" in node.input[0]]
    assert [attribute.i for attribute in scaled.attribute if attribute.name == "axis"] == [2]
    # On CPUs each member has scales of its own, or the smallest would be lost beside the largest.
    found, expected = answers(dynamic_int8(data)), answers(data)
    for name in expected:
        assert 1e-6 < np.abs(found[name] - expected[name]).mean() < 0.02, name


@pytest.mark.parametrize("method", ranges.METHODS)
def test_scales_by_every_method_and_the_front_end_only_when_asked(data: bytes, method: str) -> None:
    for front in (False, True):
        made = precision.variant(data, "int8", clips=CLIPS, rest="fp32", method=method, front=front)
        graph = onnx.load_model_from_string(made).graph
        [conv] = [node for node in graph.node if node.op_type == "Conv"]
        maker = {output: node.op_type for node in graph.node for output in node.output}
        assert (maker[conv.input[0]] == "DequantizeLinear") == front


def test_export_as_a_model_folder(spectral_folder: Path, tmp_path: Path) -> None:
    made = export_variant(spectral_folder, tmp_path / "int8", "int8", clips=CLIPS)
    parent = load_manifest(spectral_folder)
    assert made.parents == (parent.acoustic.sha256,) and made.version == "0-int8"
    assert made.acoustic.precision == "int8" and made.metrics == {}
    assert made.acoustic.sha256 == sha256_of(tmp_path / "int8" / "acoustic.onnx")
    assert made.calibration["int8"]["clips"] == len(CLIPS) * len(PLACES)
    with pytest.raises(ModelError, match="not empty"):
        export_variant(spectral_folder, tmp_path / "int8", "fp16")


needs_rtx = pytest.mark.skipif(
    importlib.util.find_spec("tensorrt_rtx") is None, reason="tensorrt-rtx is not installed"
)


@needs_rtx
@pytest.mark.parametrize(
    ("target", "kind"),
    [
        *(("sm75", "fp16"), ("sm75", "int8"), ("sm80", "fp32"), ("sm86", "fp16")),
        *(("sm89", "int8"), ("sm120", "fp16"), ("sm120", "int8")),
    ],
)
def test_real_engines_for_every_rtx_generation(
    spectral_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, kind: str
) -> None:
    monkeypatch.setenv("TUTOR_CACHE_DIR", str(tmp_path))
    manifest = load_manifest(spectral_folder)
    seen: list[str] = []

    def progress(label: str, done: int, total: int) -> bool:
        seen.append(label)
        return True

    # One of the INT8 engines keeps a layer out of INT8.
    keep = ("/ctc/MatMul",) if (target, kind) == ("sm120", "int8") else ()
    request = BuildRequest(manifest, "tensorrt_rtx", precision=kind, target=target, keep=keep)
    stored = build_engine(request, clips=CLIPS, progress=progress)
    assert stored.size_bytes > 10_000 and engine_store.find(stored.key) == stored
    assert stored.key.gpu == "" and stored.verdict == engine_store.UNTRIED
    assert len(set(seen)) > 2


@needs_rtx
def test_bindings_and_types_of_a_real_engine(data: bytes) -> None:
    library = trt_compat.load("tensorrt_rtx")
    shapes = (plan.Shapes("interactive", (1, 1, 1), (4_800, 80_000, 240_000)),)
    committee = bytes(committee_graph().SerializeToString())
    plan.build(library, precision.variant(committee, "int8", clips=CLIPS), plan.BuildOptions(shapes, "int8", target="sm89"))
    built = plan.build(
        library, precision.variant(data, "fp16"), plan.BuildOptions(shapes, "fp16", target="sm89")
    )
    assert [(tensor.name, tensor.dtype, tensor.shape) for tensor in built.inputs] == [
        ("samples", "float", (-1, -1)),
        ("lengths", "int32", (-1,)),
    ]
    assert [(tensor.name, tensor.dtype, tensor.shape[2]) for tensor in built.outputs] == [
        ("log_posteriors", "float", CLASSES),
        ("frame_log_posteriors", "float", CLASSES),
        ("hidden", "float", WIDTH),
    ]


@needs_rtx
def test_real_failures_of_a_real_builder(data: bytes, spectral_folder: Path) -> None:
    library = trt_compat.load("tensorrt_rtx")
    shapes = (plan.Shapes("interactive", (1, 1, 1), (4_800, 80_000, 240_000)),)
    model = onnx.load_model_from_string(data)
    for node in model.graph.node:
        if node.op_type in ("Tanh", "LogSoftmax"):
            node.op_type = "No" + node.op_type
    with pytest.raises(plan.BuildFailed) as caught:
        plan.build(library, bytes(model.SerializeToString()), plan.BuildOptions(shapes, target="sm89"))
    assert "/LogSoftmax (NoLogSoftmax)" in str(caught.value) and "/LogSoftmax_1" in str(caught.value)
    with pytest.raises(plan.BuildStopped):
        plan.build(
            library, data, plan.BuildOptions(shapes, target="sm89"), report=lambda *step: step[0] == "parse"
        )
    request = BuildRequest(load_manifest(spectral_folder), "tensorrt_rtx", precision="fp32", target="sm75")
    with pytest.raises(InstallError, match="sm75"):
        build_engine(request)


@needs_rtx
def test_a_real_engine_cannot_be_opened_without_a_gpu_and_says_so(data: bytes) -> None:
    from engines import cuda, trt_runtime
    from engines.choose import gpu_driver
    from engines.tensorrt_model import border

    if not gpu_driver():
        pytest.skip("this machine has an NVIDIA driver")
    library = trt_compat.load("tensorrt_rtx")
    shapes = (plan.Shapes("interactive", (1, 1, 1), (4_800, 80_000, 240_000)),)
    built = plan.build(library, data, plan.BuildOptions(shapes, target="sm89"))
    with pytest.raises(EngineError, match="GPU cannot be used"), border():
        trt_runtime.TrtEngine(library, cuda.Cuda(0), built.data)


def test_calibration_sets_are_seeded_bounded_and_broad() -> None:
    one, same, other = (calibration_set(CLIPS, seed=seed) for seed in (7, 7, 8))
    assert len(one) == len(CLIPS) * len(PLACES)
    for a, b, c in zip(one, same, other, strict=True):
        assert a.dtype == np.float32 and np.abs(a).max() <= 1
        np.testing.assert_array_equal(a, b)
        assert not np.array_equal(a, c)
    assert len(calibration_set(CLIPS, places=QUIET, rounds=3)) == 9
    assert calibration_set([np.zeros(100, np.float32)]) == []


def test_noisy_places_are_noisier_than_quiet_ones() -> None:
    from engines.calibration_set import recorded

    gap = np.concatenate([CLIPS[0], np.zeros(16_000, np.float32)])
    floors = {}
    for place in PLACES:
        rng = np.random.default_rng(3)
        heard = [recorded(gap, place, CLIPS, rng) for _ in range(6)]
        floors[place.name] = np.mean(
            [np.sqrt((clip[-6_000:] ** 2).mean() / (clip[:16_000] ** 2).mean()) for clip in heard]
        )
    assert floors["quiet"] < 0.03
    assert all(floors[name] > 3 * floors["quiet"] for name in ("classroom", "street", "subway"))
    with pytest.raises(KeyError):
        from engines.calibration_set import noise_of

        noise_of("moon", 10, CLIPS, np.random.default_rng(0))


def test_manifest_of_the_export_is_json(spectral_folder: Path, tmp_path: Path) -> None:
    export_variant(spectral_folder, tmp_path / "fp16", "fp16")
    data = json.loads((tmp_path / "fp16" / "manifest.json").read_text())
    assert data["acoustic"]["precision"] == "fp16"
