"""Trained weights → a model folder: acoustic.onnx, scorer.onnx, manifest.json.

``python -m engines.training.export RUN OUT --name main --version 1``. Weights are stored as FP16 with casts back to
FP32 (half the download; engines fold the casts when they load), arithmetic stays FP32.
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

from engines.training.network import Scorer, expectation
from engines.training.train import Both, load_weights
from tutor.evidence import FEATURES
from tutor.paths import write_atomic
from tutor.phones import CLASS_COUNT, ORDER
from tutor.timebase import FRAME_SAMPLES, MAX_SAMPLES, MIN_SAMPLES, SAMPLE_RATE

OPSET = 17


class ScorerGraph(nn.Module):
    """The scorer with its expectation taken: what the engines run."""

    def __init__(self, scorer: Scorer) -> None:
        super().__init__()
        self.scorer = scorer

    def forward(self, phones: Tensor, words: Tensor, counts: Tensor, features: Tensor, hidden: Tensor) -> tuple[Tensor, ...]:
        phone, word, sentence = self.scorer(phones, words, counts, features, hidden)
        mean, spread = expectation(phone)
        return mean, spread, word.clamp(0, 10), sentence.clamp(0, 10)


def halved(model: onnx.ModelProto, smallest: int = 4096) -> onnx.ModelProto:
    """Store big FP32 weights as FP16 behind a Cast; constants of the front end and small tensors stay exact."""
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        array = numpy_helper.to_array(tensor)
        exact = tensor.name.endswith(("front.kernel", "front.mel", ".cos", ".sin"))
        if array.dtype != np.float32 or array.size < smallest or exact:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(array.astype(np.float16), f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], f"{name}_cast", to=TensorProto.FLOAT))
    for index, node in enumerate(casts):
        graph.node.insert(index, node)
    return model


def _traced(module: nn.Module, inputs: tuple[Tensor, ...], names: list[str], outputs: list[str], axes: dict[str, Any]) -> bytes:
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "graph.onnx"
        torch.onnx.export(
            module, inputs, str(path), input_names=names, output_names=outputs, dynamic_axes=axes,
            opset_version=OPSET, dynamo=False, do_constant_folding=True,
        )  # fmt: skip
        model = onnx.load(str(path))
    model = halved(model)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def export(model: Both, out: Path, name: str, version: str, extra: dict[str, Any]) -> None:
    """Write the model folder; ``extra`` adds calibration, metrics and parents to the manifest."""
    model = model.float().eval().cpu()
    hidden = model.acoustic.config.hidden
    samples = torch.randn(2, 32000) * 0.1
    acoustic = _traced(
        model.acoustic, (samples, torch.tensor([32000, 20000], dtype=torch.int32)), ["samples", "lengths"],
        ["log_posteriors", "frame_log_posteriors", "hidden"],
        {"samples": {0: "batch", 1: "samples"}, "lengths": {0: "batch"},
         **{key: {0: "batch", 1: "frames"} for key in ("log_posteriors", "frame_log_posteriors", "hidden")}},
    )  # fmt: skip
    phones = torch.randint(0, 39, (2, 12), dtype=torch.int32)
    words = torch.arange(12, dtype=torch.int32).div(3, rounding_mode="floor").expand(2, -1).contiguous()
    scorer = _traced(
        ScorerGraph(model.scorer),
        (phones, words, torch.tensor([12, 9], dtype=torch.int32), torch.rand(2, 12, len(FEATURES)), torch.rand(2, 12, hidden)),
        ["phones", "words", "counts", "features", "hidden"], ["phone", "phone_spread", "word", "sentence"],
        {"counts": {0: "batch"}, "sentence": {0: "batch"},
         **{key: {0: "batch", 1: "phone"} for key in ("phones", "words", "features", "hidden", "phone", "phone_spread", "word")}},
    )  # fmt: skip
    for file, content in (("acoustic.onnx", acoustic), ("scorer.onnx", scorer)):
        write_atomic(out / file, content)
    manifest = {
        "schema": "tutor.model/1", "name": name, "version": version, "phones": list(ORDER), "sample_rate": SAMPLE_RATE,
        "frame_samples": FRAME_SAMPLES,
        "acoustic": {
            "file": "acoustic.onnx", "sha256": hashlib.sha256(acoustic).hexdigest(), "precision": "fp32",
            "parameters": sum(p.numel() for p in model.acoustic.parameters()),
            "inputs": {"samples": "float32[batch,samples]", "lengths": "int32[batch]"},
            "outputs": {"log_posteriors": f"float32[batch,frames,{CLASS_COUNT}]",
                        "frame_log_posteriors": f"float32[batch,frames,{CLASS_COUNT}]",
                        "hidden": f"float32[batch,frames,{hidden}]"},
        },
        "scorer": {
            "file": "scorer.onnx", "sha256": hashlib.sha256(scorer).hexdigest(), "features": list(FEATURES),
            "parameters": sum(p.numel() for p in model.scorer.parameters()),
            "inputs": {"phones": "int32[batch,P]", "words": "int32[batch,P]", "counts": "int32[batch]",
                       "features": f"float32[batch,P,{len(FEATURES)}]", "hidden": f"float32[batch,P,{hidden}]"},
            "outputs": {"phone": "float32[batch,P]", "phone_spread": "float32[batch,P]", "word": "float32[batch,P,3]",
                        "sentence": "float32[batch,5]"},
        },
        "profiles": {
            "interactive": {"batch": [1, 1, 1], "samples": [MIN_SAMPLES, 80000, MAX_SAMPLES]},
            "batch": {"batch": [1, 16, 64], "samples": [MIN_SAMPLES, 64000, MAX_SAMPLES]},
        },
        **extra,
    }  # fmt: skip
    write_atomic(out / "manifest.json", (json.dumps(manifest, indent=1) + "\n").encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--name", default="main")
    parser.add_argument("--version", default="1")
    parser.add_argument("--extra", type=Path, help="JSON with calibration, metrics, parents for the manifest")
    arguments = parser.parse_args()
    extra = json.loads(arguments.extra.read_text()) if arguments.extra else {"calibration": {}, "metrics": {}, "parents": []}
    export(load_weights(arguments.run / "weights.pt"), arguments.out, arguments.name, arguments.version, extra)


if __name__ == "__main__":
    main()
