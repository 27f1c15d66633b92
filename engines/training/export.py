"""Trained weights → a model folder: acoustic.onnx, scorer.onnx, manifest.json.

``python -m engines.training.export OUT RUN[:MEMBERS] … --name main --version 3 --calibration CALIBRATION.pt``: the members of
all runs named (``runs/members:0,1,2,3 runs/pupils``) become one model.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from engines.training.calibrate import Calibration
from engines.training.committee import CommitteeScorer
from engines.training.network import config_dict, fold_norms, parameters_of
from engines.training.restore import calibration_of
from engines.training.train import Both, assembled
from tutor.evidence import FEATURES
from tutor.paths import write_atomic
from tutor.phones import CLASS_COUNT, ORDER
from tutor.timebase import FRAME_SAMPLES, MAX_SAMPLES, MIN_SAMPLES, SAMPLE_RATE

OPSET = 17


def packed(model: onnx.ModelProto, smallest: int = 4096) -> onnx.ModelProto:
    """Store big FP32 weights as INT8 with one FP32 scale a channel, behind Cast and Mul that engines fold at load.

    Constants of the front end and small tensors stay exact; the arithmetic stays FP32. A quarter of the size; what
    it costs in agreement is measured on the packed files, like every figure.
    """
    graph = model.graph
    multiplied = {name for node in graph.node if node.op_type == "MatMul" for name in node.input}
    nodes = []
    for tensor in list(graph.initializer):
        array = numpy_helper.to_array(tensor)
        # Constants (the front end's kernels, rotations) are named after the node that holds them, weights never are.
        exact = "Constant" in tensor.name
        if array.dtype != np.float32 or array.size < smallest or array.ndim < 2 or exact:
            continue
        # A matrix has its output channels on the last axis, a kernel on the first.
        others = (array.ndim - 2,) if tensor.name in multiplied or array.ndim == 2 else tuple(range(1, array.ndim))
        scale = np.maximum(np.abs(array).max(axis=others, keepdims=True) / 127, 1e-12).astype(np.float32)
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(np.round(array / scale).astype(np.int8), f"{name}_int8"))
        graph.initializer.append(numpy_helper.from_array(scale, f"{name}_scale"))
        nodes.append(helper.make_node("Cast", [f"{name}_int8"], [f"{name}_cast"], f"{name}_cast", to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Mul", [f"{name}_cast", f"{name}_scale"], [name], f"{name}_unpack"))
    for index, node in enumerate(nodes):
        graph.node.insert(index, node)
    return model


def traced(
    module: nn.Module, inputs: tuple[Tensor, ...], names: list[str], outputs: list[str], axes: dict[str, Any]
) -> onnx.ModelProto:
    """The module as an ONNX graph in which all that is constant is computed and nothing is computed twice."""
    import onnxruntime

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path, simple = Path(folder) / "graph.onnx", Path(folder) / "simple.onnx"
        torch.onnx.export(
            module, inputs, str(path), input_names=names, output_names=outputs, dynamic_axes=axes,
            opset_version=OPSET, dynamo=False, do_constant_folding=True,
        )  # fmt: skip
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(simple)
        options.log_severity_level = 4
        onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        model = onnx.load(str(simple))
    # The optimiser lists every domain it knows; only the standard one is used.
    standard = [domain for domain in model.opset_import if not domain.domain]
    del model.opset_import[:]
    model.opset_import.extend(standard)
    return model


def acoustic_graph(listener: nn.Module) -> onnx.ModelProto:
    """The acoustic model's graph for any batch and length."""
    return traced(
        listener, (torch.randn(2, 32000) * 0.1, torch.tensor([32000, 20000], dtype=torch.int32)), ["samples", "lengths"],
        ["log_posteriors", "frame_log_posteriors", "hidden"],
        {"samples": {0: "batch", 1: "samples"}, "lengths": {0: "batch"},
         **{key: {0: "batch", 1: "frames"} for key in ("log_posteriors", "frame_log_posteriors", "hidden")}},
    )  # fmt: skip


def _stored(model: onnx.ModelProto) -> bytes:
    model = packed(model)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def export(
    model: Both, out: Path, name: str, version: str, extra: dict[str, Any], calibration: Calibration | None = None
) -> None:
    """Write the model folder; ``extra`` adds metrics and parents to the manifest."""
    hidden = model.members * model.acoustic.config.hidden
    fold_norms(model)
    listener, judge = model.acoustic.float().eval(), CommitteeScorer(model.scorer, calibration).float().eval()
    acoustic = _stored(acoustic_graph(listener))
    phones = torch.randint(0, 39, (2, 12), dtype=torch.int32)
    words = torch.arange(12, dtype=torch.int32).div(3, rounding_mode="floor").expand(2, -1).contiguous()
    scorer = _stored(traced(
        judge,
        (phones, words, torch.tensor([12, 9], dtype=torch.int32), torch.rand(2, 12, len(FEATURES)), torch.rand(2, 12, hidden)),
        ["phones", "words", "counts", "features", "hidden"], ["phone", "phone_spread", "word", "sentence"],
        {"counts": {0: "batch"}, "sentence": {0: "batch"},
         **{key: {0: "batch", 1: "phone"} for key in ("phones", "words", "features", "hidden", "phone", "phone_spread", "word")}},
    ))  # fmt: skip
    for file, content in (("acoustic.onnx", acoustic), ("scorer.onnx", scorer)):
        write_atomic(out / file, content)
    manifest = {
        "schema": "tutor.model/1", "name": name, "version": version, "phones": list(ORDER), "sample_rate": SAMPLE_RATE,
        "frame_samples": FRAME_SAMPLES,
        "acoustic": {
            "file": "acoustic.onnx", "sha256": hashlib.sha256(acoustic).hexdigest(), "precision": "fp32",
            "parameters": parameters_of(listener),
            "network": {**config_dict(model.acoustic.config), "members": model.members},
            "inputs": {"samples": "float32[batch,samples]", "lengths": "int32[batch]"},
            "outputs": {"log_posteriors": f"float32[batch,frames,{CLASS_COUNT}]",
                        "frame_log_posteriors": f"float32[batch,frames,{CLASS_COUNT}]",
                        "hidden": f"float32[batch,frames,{hidden}]"},
        },
        "scorer": {
            "file": "scorer.onnx", "sha256": hashlib.sha256(scorer).hexdigest(), "features": list(FEATURES),
            "parameters": parameters_of(judge),
            "inputs": {"phones": "int32[batch,P]", "words": "int32[batch,P]", "counts": "int32[batch]",
                       "features": f"float32[batch,P,{len(FEATURES)}]", "hidden": f"float32[batch,P,{hidden}]"},
            "outputs": {"phone": "float32[batch,P]", "phone_spread": "float32[batch,P]", "word": "float32[batch,P,3]",
                        "sentence": "float32[batch,5]"},
        },
        "profiles": {
            "interactive": {"batch": [1, 1, 1], "samples": [MIN_SAMPLES, 80000, MAX_SAMPLES]},
            "batch": {"batch": [1, 16, 64], "samples": [MIN_SAMPLES, 64000, 96000]},
        },
        **extra,
    }  # fmt: skip
    write_atomic(out / "manifest.json", (json.dumps(manifest, indent=1) + "\n").encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "runs", nargs="+", help="folders of finished runs, each with :0,2 for some of its members only, A+B for the mean of two"
    )
    parser.add_argument("--name", default="main")
    parser.add_argument("--version", default="1")
    parser.add_argument("--calibration", type=Path, help="output of calibrate.py, or a model folder to take it from")
    parser.add_argument("--extra", type=Path, help="JSON with calibration, metrics, parents for the manifest")
    arguments = parser.parse_args()
    extra = json.loads(arguments.extra.read_text()) if arguments.extra else {"calibration": {}, "metrics": {}, "parents": []}
    calibration = None
    if arguments.calibration and arguments.calibration.is_dir():
        calibration = calibration_of(arguments.calibration)
    elif arguments.calibration:
        calibration = Calibration()
        calibration.load_state_dict(torch.load(arguments.calibration, weights_only=True))
    export(assembled(arguments.runs), arguments.out, arguments.name, arguments.version, extra, calibration)


if __name__ == "__main__":
    main()
