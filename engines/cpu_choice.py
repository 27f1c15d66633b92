"""FP32 or INT8 on CPUs: decided by measuring speed and by the parity gate, and written into the model
folder.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from engines.dynamic_int8 import dynamic_int8, sharing
from engines.manifest import FILE, Graph, load_manifest
from engines.onnx_cpu import OnnxModel
from engines.verify import Case, Parity, PhoneScores, verify
from tutor.acoustic import Floats
from tutor.paths import write_atomic
from tutor.progress import Progress, silent
from tutor.timebase import MAX_SAMPLES, MIN_SAMPLES

QUICK_FILE = "acoustic.int8.onnx"
LEAST_SPEEDUP = 1.5
"""INT8 must be this much faster before it may cost any accuracy at all."""

_ROUNDS = 12


@dataclass(frozen=True)
class Choice:
    """Median CPU time (ms, one thread) of a clip near 5 s, the gate's figures, and why INT8 was not
    chosen.
    """

    fp32_ms: float
    int8_ms: float
    parity: Parity
    reasons: tuple[str, ...]

    @property
    def chosen(self) -> bool:
        return not self.reasons

    @property
    def speedup(self) -> float:
        return self.fp32_ms / self.int8_ms

    def to_json(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "parity": self.parity.to_json(),
            "speedup": self.speedup,
            "chosen": self.chosen,
        }


def quicken(
    folder: Path,
    cases: Sequence[Case],
    *,
    phone_scores: PhoneScores | None = None,
    progress: Progress = silent,
) -> Choice:
    """Try INT8 on ``cases``; put it into the folder and its manifest if it is fast and good enough, else
    take it out.

    CPU time of one thread is compared, clip by clip in turn, so that other work on the machine weighs on
    both alike. Raises ``ModelError`` for an unusable folder, ``Cancelled`` when ``progress`` says stop.
    """
    manifest = replace(load_manifest(folder), acoustic_cpu=None)
    stored = manifest.acoustic_path.read_bytes()
    quick = sharing(dynamic_int8(stored), stored, manifest.acoustic.file)
    write_atomic(folder / QUICK_FILE, quick)
    graph = Graph(
        file=QUICK_FILE,
        sha256=hashlib.sha256(quick).hexdigest(),
        precision="int8",
        inputs=manifest.acoustic.inputs,
        outputs=manifest.acoustic.outputs,
    )
    exact = OnnxModel(manifest, threads=1, exact=True)
    candidate = OnnxModel(replace(manifest, acoustic_cpu=graph), threads=1)
    try:
        fp32_ms, int8_ms = _cpu_ms((exact, candidate), _near_five_seconds(cases))
        parity = verify(exact, candidate, cases, "int8", phone_scores=phone_scores, progress=progress)
    finally:
        exact.close()
        candidate.close()
    reasons = list(parity.failures)
    if fp32_ms < LEAST_SPEEDUP * int8_ms:
        reasons.append(f"it is {fp32_ms / int8_ms:.2f} times as fast where {LEAST_SPEEDUP} was expected")
    choice = Choice(fp32_ms, int8_ms, parity, tuple(reasons))
    _record(folder, graph if choice.chosen else None, choice)
    return choice


def _record(folder: Path, graph: Graph | None, choice: Choice) -> None:
    data = json.loads((folder / FILE).read_text(encoding="utf-8"))
    data.pop("acoustic_cpu", None)
    if graph is not None:
        entry = {"file": graph.file, "sha256": graph.sha256, "precision": graph.precision}
        data["acoustic_cpu"] = {**entry, "inputs": dict(graph.inputs), "outputs": dict(graph.outputs)}
    data.setdefault("calibration", {})["cpu_choice"] = choice.to_json()
    write_atomic(folder / FILE, (json.dumps(data, indent=1) + "\n").encode())
    if graph is None:
        (folder / QUICK_FILE).unlink(missing_ok=True)


def _cpu_ms(models: Sequence[OnnxModel], clip: Floats) -> list[float]:
    taken: list[list[float]] = [[] for _ in models]
    for _ in range(_ROUNDS):
        for model, times in zip(models, taken, strict=True):
            started = time.process_time()
            model.listen([clip])
            times.append((time.process_time() - started) * 1e3)
    return [float(np.median(times[2:])) for times in taken]


def _near_five_seconds(cases: Sequence[Case]) -> Floats:
    joined = np.concatenate([case.samples for case in cases])
    return np.ascontiguousarray(np.resize(joined, min(max(80_000, MIN_SAMPLES), MAX_SAMPLES)))
