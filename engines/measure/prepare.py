"""What the GPU figures start from, made on the CPU of the machine that measures:
``python3 -m engines.measure.prepare CARRY WORK``, ``… --sizes m60,m90 WORK``, ``… --quantise main CARRY WORK``.

WORK then holds the models with FP32 weights, ONNX Runtime's answers to the
recordings in CARRY (see ``measure.gather``), calibration sets, and each model's count of operations. Larger
Conformers have random weights: they serve for speed and memory only. TUTOR_MODELS names the folder of main/
and light/ (default: the shipped ones).
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from engines import precision
from engines.batches import acoustic_inputs
from engines.calibration_set import PLACES, QUIET, calibration_set, save_set
from engines.manifest import FILE as MANIFEST
from engines.manifest import Manifest, load_manifest
from engines.measure.trt import OUTPUTS
from engines.onnx_cpu import OnnxBytes
from tutor.acoustic import Floats
from tutor.paths import assets_dir

CALIBRATION_SAMPLES = 64_000
SIZES = {
    "m60": {"hidden": 512, "layers": 10, "heads": 8, "feed_forward": 2048},
    "m90": {"hidden": 512, "layers": 15, "heads": 8, "feed_forward": 2048},
    "m200": {"hidden": 768, "layers": 15, "heads": 12, "feed_forward": 3072},
    "m400": {"hidden": 1024, "layers": 17, "heads": 16, "feed_forward": 4096},
}
"""Conformers with random weights, for speed and memory only."""


def prepare(carry: Path, work: Path) -> None:
    """Everything that TensorRT's side reads from WORK."""
    work.mkdir(parents=True, exist_ok=True)
    cases = cases_in(carry)
    (work / "cases.npz").write_bytes((carry / "cases.npz").read_bytes())
    with np.load(carry / "voices.npz") as stored:
        voices = [stored[name].astype(np.float32) / 32768 for name in sorted(stored.files)]
    save_set(work / "broad.npz", calibration_set(voices, places=PLACES), CALIBRATION_SAMPLES)
    save_set(
        work / "quiet.npz", calibration_set(voices, places=QUIET, rounds=len(PLACES)), CALIBRATION_SAMPLES
    )
    counts: dict[str, Any] = {}
    for name in sorted(path.parent.name for path in _models().glob(f"*/{MANIFEST}")):
        data = precision.variant(manifest_of(name).acoustic_path.read_bytes(), "fp32")
        (work / f"{name}.onnx").write_bytes(data)
        (work / f"{name}.keep.json").write_text(json.dumps(precision.keep_fp32(data)))
        graph = OnnxBytes(data, threads=os.cpu_count() or 1)
        answers = {}
        for index, case in enumerate(cases):
            found = graph.run(acoustic_inputs([case]))
            answers.update({f"{index:03d}.{output}": found[output][0] for output in OUTPUTS[:2]})
        np.savez(work / f"{name}.reference.npz", **answers)
        shapes = {"1 x 5 s": (1, 80_000), "16 x 4 s": (16, 64_000)}
        counts[name] = {label: work_of(data, *shape) for label, shape in shapes.items()}
        print("prepared", name, len(data), counts[name], flush=True)
    (work / "work.json").write_text(json.dumps(counts))


def quantise(carry: Path, work: Path, name: str) -> None:
    """WORK/NAME.int8qdq.onnx: INT8 that the ONNX file carries, for a TensorRT whose calibrator fails."""
    with np.load(carry / "voices.npz") as stored:
        voices = [stored[key].astype(np.float32) / 32768 for key in sorted(stored.files)][::4]
    clips = calibration_set(voices, places=PLACES)
    source = (work / f"{name}.onnx").read_bytes()
    made = precision.variant(source, "int8", clips=clips, rest="fp32", paired=True)
    part = work / f"{name}.int8qdq.part"
    part.write_bytes(made)
    os.replace(part, work / f"{name}.int8qdq.onnx")
    print("quantised", name, len(made), flush=True)


def export_sizes(work: Path, names: str) -> None:
    """Write the random Conformers of a comma-separated list, unless they are there."""
    for name in names.split(","):
        if not (work / f"{name}.keep.json").is_file():
            export_random(name, work)
        print("prepared", name, flush=True)


def cases_in(folder: Path) -> list[Floats]:
    """The clips of FOLDER/cases.npz."""
    with np.load(folder / "cases.npz") as stored:
        return [stored[name].astype(np.float32) / 32768 for name in sorted(stored.files)]


def export_random(name: str, work: Path) -> None:
    """An untrained Conformer of one of ``SIZES`` as WORK/NAME.onnx."""
    export = importlib.import_module("engines.training.export")
    data = bytes(export.acoustic_graph(network(name).eval()).SerializeToString())
    (work / f"{name}.onnx").write_bytes(data)
    (work / f"{name}.keep.json").write_text(json.dumps(precision.keep_fp32(data)))


def network(name: str) -> Any:
    """The project's own network: trained sizes (main, light) or one of ``SIZES``; weights are random."""
    recipe = importlib.import_module("engines.training.network")
    if name in SIZES:
        sizes = dict(SIZES[name])
    else:
        sizes = json.loads((manifest_of(name).folder / MANIFEST).read_text())["acoustic"]["network"]
    members = sizes.pop("members", 1)
    return recipe.AcousticModel(recipe.AcousticConfig(**sizes), members)


def work_of(data: bytes, batch: int, samples: int) -> dict[str, int]:
    """``flops``: operations of all products and convolutions; ``weights``: trained and constant values;
    ``values_io``: values that must come in and go out.
    """
    import onnx

    model = onnx.load_model_from_string(data)
    known = {value.name for value in model.graph.output}
    for node in model.graph.node:
        if node.op_type in ("MatMul", "Gemm", "Conv"):
            names = [*node.output, node.input[0]]
            model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in known)
            known.update(names)
    clip = np.random.default_rng(1).standard_normal(samples).astype(np.float32)
    arrays = acoustic_inputs([0.1 * clip] * batch)
    found = {**OnnxBytes(model.SerializeToString(), threads=os.cpu_count() or 1).run(arrays), **arrays}
    weights = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    flops = 0
    for node in model.graph.node:
        if node.op_type in ("MatMul", "Gemm"):
            flops += 2 * found[node.output[0]].size * found[node.input[0]].shape[-1]
        elif node.op_type == "Conv":
            flops += 2 * found[node.output[0]].size * int(np.prod(weights[node.input[1]][1:]))
    moved = sum(found[name].size for name in (*OUTPUTS, "samples", "lengths"))
    held = sum(int(np.prod(shape)) for shape in weights.values())
    return {"flops": int(flops), "weights": held, "values_io": int(moved)}


def manifest_of(name: str) -> Manifest:
    """Manifest of main, light or another folder under TUTOR_MODELS or the shipped models."""
    return load_manifest(_models() / name)


def _models() -> Path:
    return Path(os.environ.get("TUTOR_MODELS") or assets_dir() / "models")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--sizes", default="", help="random Conformers to write into the one folder given")
    parser.add_argument("--quantise", default="", help="a model to be written with Q/DQ nodes")
    arguments = parser.parse_args()
    if arguments.quantise:
        quantise(arguments.folders[0], arguments.folders[1], arguments.quantise)
    elif arguments.sizes:
        export_sizes(arguments.folders[0], arguments.sizes)
    else:
        prepare(*arguments.folders)


if __name__ == "__main__":
    main()
