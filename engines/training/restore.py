"""Weights of a shipped model folder as a network again, so that training can go on from it and it can teach.

The exporter keeps the module path in every node's name; what it folded (scale and shift of normalisations that only
feed a linear map) stays folded, which computes the same. INT8 storage costs what it cost when the model was shipped.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from engines.manifest import FILE as MANIFEST
from engines.onnx_graph import unpacked
from engines.training.calibrate import Calibration
from engines.training.network import AcousticConfig, AcousticModel, Convolve, Linear, Norm, Scorer, ScorerConfig


def restored(folder: Path) -> tuple[AcousticModel, Scorer]:
    """The two networks of a model folder that ``export.py`` wrote, ready to answer; calibration is not part of them."""
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    sizes = dict(manifest["acoustic"]["network"])
    members = sizes.pop("members", 1)
    acoustic = AcousticModel(AcousticConfig(**sizes), members)
    fill(acoustic, (folder / manifest["acoustic"]["file"]).read_bytes())
    data = (folder / manifest["scorer"]["file"]).read_bytes()
    stored = {tensor.name: tensor for tensor in onnx.load_model_from_string(data).graph.initializer}
    layers = len({name.split(".")[2] for name in stored if name.startswith("scorer.blocks.")})
    width = stored["scorer.features.bias"].dims[-1]
    scorer = Scorer(ScorerConfig(hidden=sizes["hidden"], width=width, layers=layers), members)
    fill(scorer, data)
    return acoustic.eval(), scorer.eval()


def calibration_of(folder: Path) -> Calibration:
    """The lines of words and sentences in a model folder's scorer; its marks must be unbent, as pupils' are."""
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    model = onnx.load_model_from_string((folder / manifest["scorer"]["file"]).read_bytes())
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    maker = {output: node for node in model.graph.node for output in node.output}
    found = Calibration()
    for name, lines in (("word", found.word), ("sentence", found.sentence)):
        node = maker[name]
        given: dict[str, Any] = {}
        while not {"Mul", "Add"} <= set(given):
            given[node.op_type] = next((stored[value] for value in node.input if value in stored), None)
            node = next(maker[value] for value in node.input if value in maker)
        lines.data = torch.tensor(np.stack([given["Add"], given["Mul"]], axis=1))
    return found.eval()


@torch.no_grad()
def fill(network: nn.Module, data: bytes) -> None:
    """Put the weights of an exported graph into ``network``; every parameter must be found or be folded away."""
    model = unpacked(data)
    stored = {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in model.graph.initializer}
    found: dict[str, list[Tensor]] = {}
    for node in model.graph.node:
        path = node.name.strip("/").removeprefix("scorer/").split("/")[:-1]
        # A sequence's part is named after the sequence twice: blocks.0/first/first.1.
        parts = [part for at, part in enumerate(path) if not (at + 1 < len(path) and path[at + 1].startswith(f"{part}."))]
        given = [stored[name] for name in node.input if name in stored]
        if given and node.op_type in ("MatMul", "Conv", "LayerNormalization", "Mul", "Add"):
            found.setdefault(".".join(parts), []).extend(given)
    for path, module in network.named_modules():
        if not isinstance(module, Linear | Convolve | Norm):
            continue
        for name, parameter in module.named_parameters(recurse=False):
            exact = next((value for key, value in stored.items() if key.removeprefix("scorer.") == f"{path}.{name}"), None)
            if isinstance(module, Norm):
                scales = [value for value in found.get(path, []) if value.numel() == parameter.numel()]
                default = torch.ones_like(parameter) if name == "weight" else torch.zeros_like(parameter)
                value = exact if exact is not None else scales[name == "bias"] if len(scales) == 2 else default
            else:
                like = [item for item in found.get(path, []) if item.numel() == parameter.numel()]
                if exact is None and not like:
                    raise ValueError(f"{path}.{name}: the graph has no weights of {tuple(parameter.shape)} for it")
                value = exact if exact is not None else like[0]
            parameter.copy_(value.reshape(parameter.shape))
    if isinstance(network, Scorer):
        looked_up = [stored[node.input[0]] for node in model.graph.node if node.op_type == "Gather" and node.input[0] in stored]
        embedding = next(value for value in looked_up if value.numel() == network.phone_embedding.numel())
        network.phone_embedding.copy_(embedding.reshape(network.phone_embedding.shape))
