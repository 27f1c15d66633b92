"""A model folder that obeys the whole contract and is a few kilobytes large, with random weights.

``write_tiny_model(tmp_path / "tiny")``, then ``open_model(str(folder))``. Padded batches answer as clips
alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from engines.manifest import sha256_of
from tutor import phones, timebase

_OPSET = [helper.make_opsetid("", 17)]
_FLOAT, _INT = TensorProto.FLOAT, TensorProto.INT32


def write_tiny_model(
    folder: Path,
    *,
    features: Sequence[str] = ("likelihood", "ratio", "duration"),
    hidden: int = 8,
    seed: int = 7,
) -> Path:
    """Write acoustic.onnx, scorer.onnx and manifest.json into ``folder`` and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    onnx.save(acoustic_graph(rng, hidden), str(folder / "acoustic.onnx"))
    onnx.save(scorer_graph(rng, len(features), hidden), str(folder / "scorer.onnx"))
    write_manifest(folder, features, hidden)
    return folder


def write_manifest(folder: Path, features: Sequence[str], hidden: int) -> None:
    """manifest.json for the two graphs that lie in ``folder``."""
    classes = phones.CLASS_COUNT
    manifest = {
        "schema": "tutor.model/1",
        "name": "tiny",
        "version": "0",
        "phones": list(phones.ORDER),
        "sample_rate": timebase.SAMPLE_RATE,
        "frame_samples": timebase.FRAME_SAMPLES,
        "acoustic": {
            "file": "acoustic.onnx",
            "sha256": sha256_of(folder / "acoustic.onnx"),
            "precision": "fp32",
            "inputs": {"samples": "float32[batch,samples]", "lengths": "int32[batch]"},
            "outputs": {
                "log_posteriors": f"float32[batch,frames,{classes}]",
                "frame_log_posteriors": f"float32[batch,frames,{classes}]",
                "hidden": f"float32[batch,frames,{hidden}]",
            },
        },
        "scorer": {
            "file": "scorer.onnx",
            "sha256": sha256_of(folder / "scorer.onnx"),
            "features": list(features),
            "inputs": {
                "phones": "int32[batch,P]",
                "words": "int32[batch,P]",
                "counts": "int32[batch]",
                "features": f"float32[batch,P,{len(features)}]",
                "hidden": f"float32[batch,P,{hidden}]",
            },
            "outputs": {
                "phone": "float32[batch,P]",
                "phone_spread": "float32[batch,P]",
                "word": "float32[batch,P,3]",
                "sentence": "float32[batch,5]",
            },
        },
        "profiles": {
            "interactive": {"batch": [1, 1, 1], "samples": [4800, 80000, 240000]},
            "batch": {"batch": [1, 4, 8], "samples": [4800, 64000, 240000]},
        },
        "calibration": {},
        "metrics": {},
        "parents": [],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def acoustic_graph(rng: np.random.Generator, hidden: int) -> onnx.ModelProto:
    """samples, lengths → one strided convolution, tanh, two linear heads with log-softmax."""
    step = timebase.FRAME_SAMPLES
    constants = {
        "filters": rng.normal(0, 0.3, (hidden, 1, step)).astype(np.float32),
        "ctc": rng.normal(0, 1.5, (hidden, phones.CLASS_COUNT)).astype(np.float32),
        "frame": rng.normal(0, 1.5, (hidden, phones.CLASS_COUNT)).astype(np.float32),
        "one": np.array(1, np.int64),
        "zero": np.array(0, np.int64),
        "axis1": np.array([1], np.int64),
        "silence": np.array(0, np.float32),
        "samples_axis": np.array(1, np.int64),
    }
    nodes = [
        helper.make_node("Shape", ["samples"], ["shape"]),
        helper.make_node("Gather", ["shape", "samples_axis"], ["longest"]),
        helper.make_node("Range", ["zero", "longest", "one"], ["positions"]),
        helper.make_node("Cast", ["lengths"], ["lengths64"], to=TensorProto.INT64),
        helper.make_node("Unsqueeze", ["lengths64", "axis1"], ["limits"]),
        helper.make_node("Less", ["positions", "limits"], ["inside"]),
        helper.make_node("Where", ["inside", "samples", "silence"], ["masked"]),
        helper.make_node("Unsqueeze", ["masked", "axis1"], ["wave"]),
        helper.make_node(
            "Conv", ["wave", "filters"], ["filtered"], strides=[step], pads=[step // 2, step // 2]
        ),
        helper.make_node("Tanh", ["filtered"], ["bounded"]),
        helper.make_node("Transpose", ["bounded"], ["hidden"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["hidden", "ctc"], ["ctc_logits"]),
        helper.make_node("LogSoftmax", ["ctc_logits"], ["log_posteriors"], axis=-1),
        helper.make_node("MatMul", ["hidden", "frame"], ["frame_logits"]),
        helper.make_node("LogSoftmax", ["frame_logits"], ["frame_log_posteriors"], axis=-1),
    ]
    classes = phones.CLASS_COUNT
    return _model(
        nodes,
        "acoustic",
        [("samples", _FLOAT, ["batch", "samples"]), ("lengths", _INT, ["batch"])],
        [
            ("log_posteriors", _FLOAT, ["batch", "frames", classes]),
            ("frame_log_posteriors", _FLOAT, ["batch", "frames", classes]),
            ("hidden", _FLOAT, ["batch", "frames", hidden]),
        ],
        constants,
    )


def scorer_graph(rng: np.random.Generator, features: int, hidden: int) -> onnx.ModelProto:
    """features → phone scores by a sigmoid; the sentence's are a mean over the counted phones."""
    constants = {
        "weights": rng.normal(0, 1, (features, 5)).astype(np.float32),
        "hidden_weights": rng.normal(0, 0.1, (hidden, 5)).astype(np.float32),
        "two": np.array(2, np.float32),
        "ten": np.array(10, np.float32),
        "first": np.array([0], np.int64),
        "axis1": np.array([1], np.int64),
        "axis2": np.array([2], np.int64),
        "second": np.array([1], np.int64),
        "fifth": np.array([5], np.int64),
        "zero": np.array(0, np.int64),
        "one": np.array(1, np.int64),
        "phone_axis": np.array(1, np.int64),
        "scale": np.array(0.01, np.float32),
    }
    nodes = [
        helper.make_node("MatMul", ["features", "weights"], ["from_features"]),
        helper.make_node("MatMul", ["hidden", "hidden_weights"], ["from_hidden"]),
        helper.make_node("Add", ["from_features", "from_hidden"], ["summed"]),
        helper.make_node("Add", ["phones", "words"], ["ids"]),
        helper.make_node("Cast", ["ids"], ["id_floats"], to=_FLOAT),
        helper.make_node("Mul", ["id_floats", "scale"], ["id_small"]),
        helper.make_node("Unsqueeze", ["id_small", "axis2"], ["id_column"]),
        helper.make_node("Add", ["summed", "id_column"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], ["unit"]),
        helper.make_node("Slice", ["unit", "first", "second", "axis2"], ["phone_column"]),
        helper.make_node("Squeeze", ["phone_column", "axis2"], ["phone_unit"]),
        helper.make_node("Mul", ["phone_unit", "two"], ["phone"]),
        helper.make_node("Slice", ["unit", "second", "two_index", "axis2"], ["spread_column"]),
        helper.make_node("Squeeze", ["spread_column", "axis2"], ["phone_spread"]),
        helper.make_node("Slice", ["unit", "two_index", "fifth", "axis2"], ["word_unit"]),
        helper.make_node("Mul", ["word_unit", "ten"], ["word"]),
        helper.make_node("Shape", ["phones"], ["shape"]),
        helper.make_node("Gather", ["shape", "phone_axis"], ["most"]),
        helper.make_node("Range", ["zero", "most", "one"], ["positions"]),
        helper.make_node("Cast", ["counts"], ["counts64"], to=TensorProto.INT64),
        helper.make_node("Unsqueeze", ["counts64", "axis1"], ["limits"]),
        helper.make_node("Less", ["positions", "limits"], ["inside"]),
        helper.make_node("Cast", ["inside"], ["mask"], to=_FLOAT),
        helper.make_node("Unsqueeze", ["mask", "axis2"], ["mask_column"]),
        helper.make_node("Mul", ["unit", "mask_column"], ["counted"]),
        helper.make_node("ReduceSum", ["counted", "axis1"], ["totals"], keepdims=0),
        helper.make_node("Cast", ["limits"], ["limit_floats"], to=_FLOAT),
        helper.make_node("Div", ["totals", "limit_floats"], ["mean"]),
        helper.make_node("Mul", ["mean", "ten"], ["sentence"]),
    ]
    constants["two_index"] = np.array([2], np.int64)
    return _model(
        nodes,
        "scorer",
        [
            ("phones", _INT, ["batch", "P"]),
            ("words", _INT, ["batch", "P"]),
            ("counts", _INT, ["batch"]),
            ("features", _FLOAT, ["batch", "P", features]),
            ("hidden", _FLOAT, ["batch", "P", hidden]),
        ],
        [
            ("phone", _FLOAT, ["batch", "P"]),
            ("phone_spread", _FLOAT, ["batch", "P"]),
            ("word", _FLOAT, ["batch", "P", 3]),
            ("sentence", _FLOAT, ["batch", 5]),
        ],
        constants,
    )


def _model(
    nodes: list[onnx.NodeProto],
    name: str,
    inputs: Sequence[tuple[str, int, list[object]]],
    outputs: Sequence[tuple[str, int, list[object]]],
    constants: dict[str, np.ndarray],
) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info(*item) for item in inputs],
        [helper.make_tensor_value_info(*item) for item in outputs],
        [numpy_helper.from_array(value, key) for key, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=_OPSET, ir_version=8)
    onnx.checker.check_model(model)
    return model
