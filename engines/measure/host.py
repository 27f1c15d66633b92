"""The other half of the GPU figures, on Python 3.12 with PyTorch: baseline, gate, whole path.

``python3 -m engines.measure.host ACTION CARRY WORK OUT …`` where ACTION is

- ``torch … eager`` or ``compile`` (or ``warm``, which times nothing): PyTorch's latency, load, memory;
  ``onnx``: the same of ONNX Runtime's CUDA, where it is installed;
- ``gate … main fp16``: the parity gate with phone scores for an engine in WORK;
- ``path …``: samples → scores with the GPU engine, and with its worker killed midway.

CARRY is written by ``measure.gather``, WORK by ``measure.prepare`` and ``measure.trt``. Results go to
OUT/torch.json, gate.json and path.json, written after every figure.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from engines.batches import acoustic_inputs
from engines.breaker import Backend, FallbackModel
from engines.manifest import Manifest
from engines.measure.prepare import cases_in, manifest_of, network
from engines.measure.trt import LENGTHS_S, RATE, SPEAKERS, SPEAKERS_BRIEFLY, crowd, kind_of, percentiles
from engines.onnx_cpu import OnnxModel, OnnxScorer
from engines.verify import Case, verify
from tutor.acoustic import AcousticOutput, EngineInfo, Floats, Model, ScorerInput, ScorerOutput
from tutor.errors import EngineError

EAGER = ("main eager fp32", "m60 eager fp32", "main eager fp16", "light eager fp32", "main eager tf32")
COMPILED = ("main compile fp32", "main compile fp16")
ONNX = "main onnxruntime fp32"


def baseline(out: Path, modes: Sequence[str]) -> None:
    """PyTorch as it is commonly written: pad, copy to the GPU, run, copy back."""
    import torch

    results = Results(out / "torch.json")
    results.put("device", {"name": torch.cuda.get_device_name(), "torch": torch.__version__})
    for label in modes:
        try:
            results.put(label, _torch_figures(label))
        except Exception as error:
            # One mode that this PyTorch cannot run must not cost the others.
            results.put(label, {"error": " ".join(str(error).split())[:300]})
        torch.cuda.empty_cache()


def warm(modes: Sequence[str]) -> None:
    """Compile without timing, while others use the GPU; PyTorch keeps what it compiled on disk."""
    for label in modes:
        infer = _inference(label)[0]
        for length_s in LENGTHS_S:
            infer([np.zeros(length_s * RATE, np.float32)])


def _inference(label: str) -> tuple[Callable[[Sequence[Floats]], list[list[Any]]], int]:
    """What runs clips as ``label`` says, and the number of trained values."""
    import torch

    if label == ONNX:
        # PyTorch has loaded the CUDA libraries that ONNX Runtime then finds.
        from engines.onnx_cuda import open_cuda

        engine = open_cuda(manifest_of("main"))
        return lambda clips: [[item.log_posteriors, item.hidden] for item in engine.listen(clips)], 0
    name, mode = label.split(" ", 1)
    torch.set_float32_matmul_precision("high" if "tf32" in mode else "highest")
    torch.backends.cudnn.allow_tf32 = "tf32" in mode
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

    return infer, sum(weight.numel() for weight in model.parameters())


def _torch_figures(label: str) -> dict[str, Any]:
    import torch

    free = torch.cuda.mem_get_info()[0]
    infer, parameters = _inference(label)
    rng = np.random.default_rng(1)
    figures: dict[str, Any] = {"parameters": parameters}
    for length_s in LENGTHS_S:
        clip = (0.1 * rng.standard_normal(length_s * RATE)).astype(np.float32)
        figures[f"{length_s} s"] = percentiles(_timed(lambda clip=clip: infer([clip]), 50))  # type: ignore[misc]
    clips = [
        (0.1 * rng.standard_normal(int(n))).astype(np.float32) for n in rng.integers(48_000, 80_001, 256)
    ]
    if "compile" not in label:
        for speakers in SPEAKERS if label == "main eager fp32" else SPEAKERS_BRIEFLY:
            figures[f"{speakers} speakers"] = crowd(infer, clips, speakers, workers=2)
    figures["memory_mb"] = (free - torch.cuda.mem_get_info()[0]) >> 20
    return figures


def gate(carry: Path, work: Path, out: Path, name: str, kind: str) -> None:
    """``verify`` on recordings with texts, whole path included, through the pipe: clips one by one."""
    from tutor.assess import assess

    stored = pickle.loads((carry / "cases.pkl").read_bytes())
    prompts = {
        label: (replace(clip, samples=heard), prompt)
        for (label, clip, prompt), heard in zip(stored, cases_in(carry), strict=True)
    }
    cases = [Case(label, clip.samples, prompt.text) for label, (clip, prompt) in prompts.items()]

    def phone_scores(model: Model, case: Case) -> Any:
        result = assess(*prompts[case.name], model)
        return np.array([phone.score for word in result.words for phone in word.phonemes], np.float32)

    manifest = manifest_of(name)
    candidate = PipeModel(manifest, work, name, kind)
    reference = OnnxModel(manifest, threads=8, exact=True)
    parity = verify(reference, candidate, cases, kind_of(kind), phone_scores=phone_scores)
    Results(out / "gate.json").put(f"{name} {kind}", parity.to_json())
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


def trt_environment() -> dict[str, str]:
    """Variables of the Python that can load TensorRT: TRT_LD_LIBRARY_PATH stands for LD_LIBRARY_PATH there,
    and so on.
    """
    environment = dict(os.environ)
    for name in ("LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH"):
        environment[name] = os.environ.get(f"TRT_{name}", environment.get(name, ""))
    return environment


class PipeModel:
    """``tutor.acoustic.Model`` answered by ``measure.serve`` in the Python that can load TensorRT."""

    def __init__(self, manifest: Manifest, work: Path, model: str, kind: str) -> None:
        command = [os.environ["TRT_PYTHON"], "-m", "engines.measure.serve", str(work), model, kind]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=trt_environment(), pipesize=1 << 20
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
    action, carry, work, out, *words = arguments
    if words == ["warm"]:
        warm(COMPILED)
    elif action == "torch":
        baseline(Path(out), {"compile": COMPILED, "onnx": (ONNX,)}.get(words[0], EAGER))
    elif action == "gate":
        gate(Path(carry), Path(work), Path(out), *words)
    else:
        whole_path(Path(carry), Path(work), Path(out))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
