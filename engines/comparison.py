"""Two models side by side on the same recordings: scores, latency, memory."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engines.manifest import load_manifest
from engines.onnx_cpu import OnnxModel
from engines.verify import Case, PhoneScores, assessed_phones, rank_correlation, scored
from tutor.errors import Cancelled, TutorError
from tutor.progress import Progress, silent

_PEAK = (
    "import json,resource,sys;from pathlib import Path;import numpy as np;"
    "from engines.manifest import load_manifest;from engines.onnx_cpu import OnnxModel;"
    "m=OnnxModel(load_manifest(Path(sys.argv[1])));m.listen([np.zeros(80000,np.float32)]);"
    "print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/1024))"
)


@dataclass(frozen=True)
class Comparison:
    """``candidate`` against the model in use on the same recordings.

    shift: mean change of phone scores (of 100); rank: Spearman correlation between both; latencies: median
    ms of a clip; memory: peak MiB of a process that heard one 5 s clip; against: sha256 of the model in use.
    """

    candidate: str
    current: str
    against: str
    recordings: int
    shift: float
    rank: float
    candidate_ms: float
    current_ms: float
    latency_ratio: float
    candidate_mb: float
    current_mb: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def compare(
    candidate: Path,
    current: Path,
    cases: Sequence[Case],
    *,
    phone_scores: PhoneScores | None = None,
    progress: Progress = silent,
) -> Comparison:
    """Run both model folders on every case with a text. Raises ``ModelError`` for an unusable folder."""
    score = assessed_phones if phone_scores is None else phone_scores
    manifests = [load_manifest(folder) for folder in (candidate, current)]
    models = [OnnxModel(manifest) for manifest in manifests]
    scores: list[list[np.ndarray[Any, Any]]] = [[], []]
    times: list[list[float]] = [[], []]
    told = [case for case in cases if case.text]
    for index, case in enumerate(told):
        if not progress("compare", index, len(told)):
            raise Cancelled("The comparison was stopped; nothing was kept.")
        pair: list[np.ndarray[Any, Any]] = []
        for model, taken in zip(models, times, strict=True):
            model.listen([case.samples])
            started = time.perf_counter()
            model.listen([case.samples])
            taken.append(time.perf_counter() - started)
            values = scored(score, model, case)
            if values is not None:
                pair.append(values)
        if len(pair) == 2 and len(pair[0]) == len(pair[1]):
            for column, values in zip(scores, pair, strict=True):
                column.append(values)
    for model in models:
        model.close()
    joined = [np.concatenate(column) if column else np.zeros(0, np.float32) for column in scores]
    medians = [float(np.median(taken)) * 1e3 if taken else float("nan") for taken in times]
    return Comparison(
        candidate=manifests[0].title,
        current=manifests[1].title,
        against=manifests[1].acoustic.sha256,
        recordings=len(told),
        shift=float((joined[0] - joined[1]).mean()) if len(joined[0]) else float("nan"),
        rank=rank_correlation(joined[0], joined[1]) if len(joined[0]) else float("nan"),
        candidate_ms=medians[0],
        current_ms=medians[1],
        latency_ratio=medians[0] / medians[1],
        candidate_mb=peak_mb(candidate),
        current_mb=peak_mb(current),
    )


def peak_mb(folder: Path) -> float:
    """Peak memory (MiB) of a fresh process that opens a model and hears 5 s; NaN where the system cannot
    tell.
    """
    done = subprocess.run(
        [sys.executable, "-c", _PEAK, str(folder)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=Path(__file__).resolve().parent.parent,
    )
    try:
        return float(json.loads(done.stdout))
    except ValueError:
        if sys.platform == "win32":
            return float("nan")
        raise TutorError(f"The memory of {folder} cannot be measured: {done.stderr.strip()[-200:]}") from None
