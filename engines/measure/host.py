"""The other half of the GPU figures, on Python 3.12 with PyTorch: preparation, baseline, gate, whole path.

``python3 -m engines.measure.host ACTION …`` where ACTION is

- ``prepare CARRY WORK``: models, references and calibration sets for ``measure.trt``;
- ``sizes WORK m200,m300``: larger Conformers with random weights;
- ``torch WORK OUT``: PyTorch eager and compiled: latency, load, memory;
- ``gate CARRY WORK OUT``: the parity gate with phone scores for every engine in WORK;
- ``path CARRY WORK OUT``: samples → scores with the GPU engine, and with its worker killed midway.

CARRY is written by ``engines.measure.gather``. TUTOR_MODELS names the folder of main/ and light/ (default:
the shipped ones). Results go to OUT/torch.json, gate.json and path.json, written after every step.
"""

from __future__ import annotations

import importlib
import json
import os
import pickle
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from engines import precision
from engines.batches import acoustic_inputs
from engines.breaker import Backend, FallbackModel
from engines.calibration_set import PLACES, QUIET, calibration_set, save_set
from engines.manifest import Manifest, load_manifest
from engines.measure.trt import LENGTHS_S, OUTPUTS, RATE, SPEAKERS, crowd, percentiles
from engines.onnx_cpu import OnnxBytes, OnnxModel, OnnxScorer
from engines.verify import Case, verify
from tutor.acoustic import AcousticOutput, EngineInfo, Floats, Model, ScorerInput, ScorerOutput
from tutor.errors import EngineError
from tutor.paths import assets_dir

CALIBRATION_SAMPLES = 64_000
SIZES = {
    "m60": {"hidden": 512, "layers": 10, "heads": 8, "feed_forward": 2048},
    "m90": {"hidden": 512, "layers": 15, "heads": 8, "feed_forward": 2048},
    "m200": {"hidden": 768, "layers": 15, "heads": 12, "feed_forward": 3072},
    "m300": {"hidden": 896, "layers": 17, "heads": 14, "feed_forward": 3584},
}
"""Conformers with random weights, for speed and memory only."""


def prepare(carry: Path, work: Path) -> None:
    """Everything that TensorRT's side reads from WORK."""
    work.mkdir(parents=True, exist_ok=True)
    cases = _cases(carry)
    (work / "cases.npz").write_bytes((carry / "cases.npz").read_bytes())
    with np.load(carry / "voices.npz") as stored:
        voices = [stored[name].astype(np.float32) / 32768 for name in sorted(stored.files)]
    save_set(work / "broad.npz", calibration_set(voices, places=PLACES), CALIBRATION_SAMPLES)
    save_set(
        work / "quiet.npz", calibration_set(voices, places=QUIET, rounds=len(PLACES)), CALIBRATION_SAMPLES
    )
    for name in ("light", "main"):
        data = folded(manifest_of(name).acoustic_path.read_bytes(), work / f"{name}.onnx")
        (work / f"{name}.keep.json").write_text(json.dumps(precision.keep_fp32(data)))
        graph = OnnxBytes(data, threads=os.cpu_count() or 1)
        answers = {}
        for index, case in enumerate(cases):
            for output, array in graph.run(acoustic_inputs([case])).items():
                answers[f"{index:03d}.{output}"] = array[0]
        np.savez(work / f"{name}.reference.npz", **answers)
        print("prepared", name, len(data), flush=True)
    export_sizes(work, "m90")


def export_sizes(work: Path, names: str) -> None:
    """Write the random Conformers of a comma-separated list, unless they are there."""
    for name in names.split(","):
        if not (work / f"{name}.keep.json").is_file():
            export_random(name, work)
        print("prepared", name, flush=True)


def _cases(carry: Path) -> list[Floats]:
    with np.load(carry / "cases.npz") as stored:
        return [stored[name].astype(np.float32) / 32768 for name in sorted(stored.files)]


def folded(data: bytes, target: Path) -> bytes:
    """Write ``data`` with FP32 weights and everything constant computed (ONNX Runtime's basic level), for
    old parsers.
    """
    import onnxruntime

    plain = target.with_suffix(".plain.onnx")
    plain.write_bytes(precision.variant(data, "fp32"))
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(target)
    options.log_severity_level = 4
    onnxruntime.InferenceSession(str(plain), options, providers=["CPUExecutionProvider"])
    plain.unlink()
    return target.read_bytes()


def export_random(name: str, work: Path) -> None:
    """An untrained Conformer of one of ``SIZES`` as WORK/NAME.onnx."""
    import onnx
    import torch

    model = network(name).eval()
    path = work / f"{name}.onnx"
    axes: dict[str, dict[int, str]] = {"samples": {0: "batch", 1: "samples"}, "lengths": {0: "batch"}}
    axes.update({output: {0: "batch", 1: "frames"} for output in OUTPUTS})
    inputs = (torch.randn(2, 32_000) * 0.1, torch.tensor([32_000, 20_000], dtype=torch.int32))
    with torch.no_grad():
        torch.onnx.export(
            model,
            inputs,
            str(path),
            input_names=["samples", "lengths"],
            output_names=list(OUTPUTS),
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )
    graph = onnx.load(str(path))
    keep = precision.front_end(graph) + precision.final_softmax(graph)
    (work / f"{name}.keep.json").write_text(json.dumps(keep))


def network(name: str) -> Any:
    """The project's own network: trained sizes (main, light) or one of ``SIZES``; weights are random."""
    recipe = importlib.import_module("engines.training.network")
    if name in SIZES:
        return recipe.AcousticModel(recipe.AcousticConfig(**SIZES[name]))
    members = [recipe.MAIN if layers == recipe.MAIN.layers else recipe.LIGHT for layers in _layers(name)]
    both = importlib.import_module("engines.training.train").Both
    committee = importlib.import_module("engines.training.committee").CommitteeAcoustic
    return committee([both(member) for member in members])


def _layers(name: str) -> list[int]:
    """Number of Conformer blocks of each member of a model, read off its weights' names."""
    import onnx

    graph = onnx.load_model_from_string(manifest_of(name).acoustic_path.read_bytes()).graph
    blocks: dict[str, set[str]] = {}
    for tensor in graph.initializer:
        found = re.match(r"(?:encoders\.(\d+)\.)?blocks\.(\d+)\.", tensor.name)
        if found:
            blocks.setdefault(found[1] or "0", set()).add(found[2])
    return [len(blocks[member]) for member in sorted(blocks)]


def baseline(out: Path, seconds: float) -> None:
    """PyTorch as it is commonly written: pad, copy to the GPU, run, copy back."""
    import torch

    started = time.monotonic()
    results = Results(out / "torch.json")
    results.put("device", {"name": torch.cuda.get_device_name(), "torch": torch.__version__})
    plans: tuple[tuple[str, str], ...] = (
        ("main", "eager fp32"),
        ("m60", "eager fp32"),
        ("main", "eager fp16"),
        ("main", "eager tf32"),
        ("light", "eager fp32"),
        ("main", "compile fp32"),
    )
    for name, mode in plans:
        if time.monotonic() - started > seconds:
            break
        try:
            results.put(f"{name} {mode}", _torch_figures(name, mode))
        except Exception as error:
            # One mode that this PyTorch cannot run must not cost the others.
            results.put(f"{name} {mode}", {"error": " ".join(str(error).split())[:300]})
        torch.cuda.empty_cache()


def _torch_figures(name: str, mode: str) -> dict[str, Any]:
    import torch

    torch.set_float32_matmul_precision("high" if "tf32" in mode else "highest")
    torch.backends.cudnn.allow_tf32 = "tf32" in mode
    free = torch.cuda.mem_get_info()[0]
    model = network(name).eval().cuda()
    if "compile" in mode:
        model = torch.compile(model, dynamic=True)

    def infer(clips: Sequence[Floats]) -> list[list[Any]]:
        arrays = acoustic_inputs(clips)
        with torch.inference_mode(), torch.autocast("cuda", torch.float16, enabled="fp16" in mode):
            samples = torch.from_numpy(arrays["samples"]).cuda()
            outputs = model(samples, torch.from_numpy(arrays["lengths"]).cuda())
            answers = [output.float().cpu().numpy() for output in outputs]
        return [[answer[row].copy() for answer in answers] for row in range(len(clips))]

    rng = np.random.default_rng(1)
    figures: dict[str, Any] = {"parameters": sum(weight.numel() for weight in model.parameters())}
    for length_s in LENGTHS_S:
        clip = (0.1 * rng.standard_normal(length_s * RATE)).astype(np.float32)
        figures[f"{length_s} s"] = percentiles(_timed(lambda clip=clip: infer([clip]), 60))  # type: ignore[misc]
    clips = [
        (0.1 * rng.standard_normal(int(n))).astype(np.float32) for n in rng.integers(48_000, 80_001, 256)
    ]
    if "compile" not in mode:
        for speakers in SPEAKERS:
            figures[f"{speakers} speakers"] = crowd(infer, clips, speakers, workers=2, duration_s=1.5)
    figures["memory_mb"] = (free - torch.cuda.mem_get_info()[0]) >> 20
    return figures


def gate(carry: Path, work: Path, out: Path) -> None:
    """``verify`` on recordings with texts, whole path included, through the pipe: clips one by one."""
    from tutor.assess import assess

    stored = pickle.loads((carry / "cases.pkl").read_bytes())
    samples = _cases(carry)
    takes = [
        (name, replace(clip, samples=heard), prompt)
        for (name, clip, prompt), heard in zip(stored, samples, strict=True)
    ]
    cases = [Case(name, clip.samples, prompt.text) for name, clip, prompt in takes]
    prompts = {name: (clip, prompt) for name, clip, prompt in takes}

    def phone_scores(model: Model, case: Case) -> Any:
        result = assess(*prompts[case.name], model)
        return np.array([phone.score for word in result.words for phone in word.phonemes], np.float32)

    results = Results(out / "gate.json")
    for path in sorted(work.glob("*.plan")):
        name, kind = path.stem.split(".")
        if name not in ("main", "light"):
            continue
        manifest = manifest_of(name)
        candidate = PipeModel(manifest, work, name, kind)
        reference = OnnxModel(manifest, threads=8, exact=True)
        limits = "int8" if kind.startswith("int8") else kind
        parity = verify(reference, candidate, cases, limits, phone_scores=phone_scores)
        results.put(f"{name} {kind}", parity.to_json())
        candidate.close()


def whole_path(carry: Path, work: Path, out: Path) -> None:
    """One 5 s take, samples → scores, with the GPU engine; then with its worker killed under way."""
    from tutor.assess import assess

    clip, prompt = pickle.loads((carry / "take.pkl").read_bytes())
    results = Results(out / "path.json")
    manifest = manifest_of("main")
    gpu = PipeModel(manifest, work, "main", "fp16")
    results.put("gpu", _path_figures(lambda: assess(clip, prompt, gpu)))
    gpu.close()
    cpu = OnnxModel(manifest)
    results.put("cpu", _path_figures(lambda: assess(clip, prompt, cpu), count=20))
    opened: list[PipeModel] = []

    def opener() -> Model:
        opened.append(PipeModel(manifest, work, "main", "fp16"))
        return opened[-1]

    now = [0.0]
    ladder = FallbackModel(
        [Backend("tensorrt", opener), Backend("onnx_cpu", lambda: OnnxModel(manifest))], clock=lambda: now[0]
    )
    story = []
    for event in ("at first", "worker killed", "while set aside", "after the wait"):
        if event == "worker killed":
            opened[-1].kill()
        if event == "after the wait":
            now[0] += 60
        started = time.perf_counter()
        answer = assess(clip, prompt, ladder)
        took_ms = (time.perf_counter() - started) * 1e3
        story.append(
            {
                "event": event,
                "backend": answer.engine.backend,
                "overall": answer.scores.overall,
                "ms": took_ms,
                "notice": ladder.take_notice(),
            }
        )
    ladder.close()
    results.put("faults", {"story": story})


def _path_figures(action: Callable[[], Any], count: int = 100) -> dict[str, Any]:
    for _ in range(5):
        action()
    totals, stages = [], []
    for _ in range(count):
        started = time.perf_counter()
        answer = action()
        totals.append(time.perf_counter() - started)
        stages.append(answer.timing_ms)
    medians = {name: float(np.median([stage[name] for stage in stages])) for name in stages[0]}
    return {"total": percentiles(totals), "stages_ms": medians}


class PipeModel:
    """``tutor.acoustic.Model`` answered by ``measure.serve`` in the Python that can load TensorRT."""

    def __init__(self, manifest: Manifest, work: Path, model: str, kind: str) -> None:
        environment = dict(os.environ)
        for name in ("LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH"):
            environment[name] = os.environ.get(f"TRT_{name}", environment.get(name, ""))
        command = [os.environ["TRT_PYTHON"], "-m", "engines.measure.serve", str(work), model, kind]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        self._scorer = OnnxScorer(manifest)
        self.info = EngineInfo("tensorrt", manifest.title, kind, "measured")

    def listen(self, clips: Sequence[Floats]) -> list[AcousticOutput]:
        return [self._listen(clip) for clip in clips]

    def score(self, evidence: Sequence[ScorerInput]) -> list[ScorerOutput]:
        return self._scorer.score(evidence)

    def kill(self) -> None:
        """End the worker as a crash would."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        self.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()

    def _listen(self, clip: Floats) -> AcousticOutput:
        source, target = self._process.stdout, self._process.stdin
        assert source is not None and target is not None
        try:
            target.write(np.array([len(clip)], np.int32).tobytes() + clip.tobytes())
            target.flush()
            frames, hidden = np.frombuffer(source.read(8), np.int32)
            parts = [
                np.frombuffer(source.read(4 * int(frames) * width), np.float32).reshape(int(frames), width)
                for width in (40, 40, int(hidden))
            ]
        except (OSError, ValueError) as error:
            raise EngineError(f"The TensorRT worker has gone ({error}); another engine answers.") from error
        return AcousticOutput(parts[0], parts[1], parts[2])


class Results:
    """A JSON file that is whole after every ``put``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._all: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}

    def put(self, name: str, figures: dict[str, Any]) -> None:
        self._all[name] = figures
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps(self._all, indent=1))
        os.replace(part, self._path)
        print(name, json.dumps(figures)[:400], flush=True)


def manifest_of(name: str) -> Manifest:
    """Manifest of main or light under TUTOR_MODELS or the shipped models."""
    return load_manifest(Path(os.environ.get("TUTOR_MODELS") or assets_dir() / "models") / name)


def _timed(action: Callable[[], Any], count: int) -> list[float]:
    for _ in range(8):
        action()
    times = []
    for _ in range(count):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return times


def main(arguments: Sequence[str]) -> int:
    action, *folders = arguments
    paths = [Path(folder) for folder in folders]
    if action == "prepare":
        prepare(*paths)
    elif action == "sizes":
        export_sizes(paths[0], folders[1])
    elif action == "torch":
        baseline(paths[1], float(os.environ.get("TUTOR_SECONDS", "150")))
    elif action == "gate":
        gate(*paths)
    else:
        whole_path(*paths)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
