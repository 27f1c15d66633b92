"""All GPU figures in one go: ``python3 -m engines.measure.run CARRY WORK OUT --seconds 570 [--only a,b]``.

Steps stand in order of worth. Each runs in a process of its own under a time limit, and OUT/trt.json is
written after each, so that neither a crash nor a hang nor a lost machine takes what was measured. Steps that
are done are not repeated, failed ones are tried again, and a step whose engine was not built is left out.
Builds that need no quiet run at once. TRT_PYTHON and its TRT_LD_LIBRARY_PATH, TRT_PYTHONHOME, TRT_PYTHONPATH
name the Python that can load TensorRT.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engines.measure.host import trt_environment

_HOST = ("torch", "gate", "path")
_LEAST_S = 8.0


@dataclass(frozen=True)
class Step:
    """``words``: what to do, the model and the precision; it is ended after ``limit_s``."""

    words: str
    limit_s: int

    @property
    def needs(self) -> str:
        """File that must be there: the engine, or what it is built from; "" for none."""
        action, *rest = self.words.split()
        if action == "build":
            return f"{rest[0]}.int8qdq.onnx" if rest[1] == "int8qdq" else f"{rest[0]}.keep.json"
        if action in ("device", "torch"):
            return ""
        return "main.fp16.plan" if action == "path" else ".".join(rest) + ".plan"


STAGES: tuple[tuple[Step, ...], ...] = (
    (Step("device", 40),),
    (Step("build main fp16", 330),),
    (Step("parity main fp16", 40),),
    (Step("latency main fp16", 50),),
    (Step("load main fp16", 50),),
    (Step("offline main fp16", 30),),
    (Step("profile main fp16", 30),),
    (Step("layers main fp16", 30),),
    (Step("path", 45), Step("gate main fp16", 60), Step("build main alone16", 100)),
    (Step("parity main alone16", 40), Step("faults main fp16", 40)),
    (Step("torch eager", 120),),
    (Step("torch onnx", 90),),
    (
        Step("build main fp32", 220),
        Step("build main int8", 220),
        Step("build light fp16", 220),
    ),
    (Step("latency main fp32", 40),),
    (Step("load main fp32", 40),),
    (Step("latency main int8", 40),),
    (Step("load main int8", 40),),
    (Step("latency light fp16", 30),),
    (Step("load light fp16", 40),),
    (
        Step("parity main fp32", 40),
        Step("parity main int8", 40),
        Step("parity light fp16", 40),
        Step("gate main fp32", 60),
        Step("gate main int8", 60),
        Step("gate light fp16", 60),
    ),
    (
        Step("build m60 fp16", 220),
        Step("build m90 fp16", 220),
        Step("build main quick16", 220),
        Step("build light fp32", 220),
        Step("build light int8", 220),
        Step("build light int8quiet", 220),
        Step("build main int8qdq", 220),
        Step("torch warm", 220),
    ),
    (Step("load m60 fp16", 40),),
    (Step("latency m60 fp16", 30),),
    (Step("load m90 fp16", 40),),
    (Step("latency m90 fp16", 30),),
    (Step("latency main quick16", 30),),
    (Step("load main quick16", 40),),
    (Step("latency main int8qdq", 40),),
    (Step("load main int8qdq", 40),),
    (
        Step("parity main quick16", 40),
        Step("parity light fp32", 40),
        Step("parity light int8", 40),
        Step("parity light int8quiet", 40),
        Step("gate main int8qdq", 60),
        Step("gate light int8", 60),
    ),
    (Step("torch compile", 100),),
    (Step("build m200 fp16", 200),),
    (Step("load m200 fp16", 40),),
)


class Run:
    """The folders, the results so far, and the time that is left."""

    def __init__(self, carry: Path, work: Path, out: Path, seconds: float) -> None:
        self.carry, self.work, self.out = carry, work, out
        self._path = out / "trt.json"
        self._ends = time.monotonic() + seconds

    @property
    def left_s(self) -> float:
        return self._ends - time.monotonic()

    @property
    def results(self) -> dict[str, Any]:
        """What is known by now; read anew, since a second run may write beside this one."""
        found: dict[str, Any] = json.loads(self._path.read_text()) if self._path.is_file() else {}
        return found

    def stage(self, steps: Sequence[Step]) -> None:
        """Run the steps at once and keep what each found."""
        with ThreadPoolExecutor(len(steps)) as pool:
            running = {pool.submit(self._timed, step): step for step in steps}
            for future in as_completed(running):
                step, found = running[future], future.result()
                # A failure is kept under another name, so that a later run tries again.
                failed = f"failed: {step.words}"
                name = failed if "error" in found else step.words
                self.put(name, found, "" if name == failed else failed)
                print(name, json.dumps(found)[:300], flush=True)

    def waits(self, step: Step) -> bool:
        """Whether the step is still to be done, and can be."""
        return step.words not in self.results and (not step.needs or (self.work / step.needs).is_file())

    def _timed(self, step: Step) -> dict[str, Any]:
        began = time.monotonic()
        found = self.run(step, min(step.limit_s, self.left_s))
        return {**found, "step_s": round(time.monotonic() - began, 1)}

    def run(self, step: Step, limit_s: float) -> dict[str, Any]:
        """What the step's process printed, or ``error`` with the end of what it complained of."""
        action, *rest = step.words.split()
        folders = [str(self.carry), str(self.work), str(self.out)]
        if action in _HOST:
            command = [sys.executable, "-m", "engines.measure.host", action, *folders, *rest]
            environment = dict(os.environ)
        else:
            command = [os.environ["TRT_PYTHON"], "-m", "engines.measure.trt", str(self.work), action, *rest]
            environment = trt_environment()
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=limit_s, check=False, env=environment
            )
        except subprocess.TimeoutExpired as late:
            said = late.stderr or b""
            told = said.decode(errors="replace") if isinstance(said, bytes) else said
            return {"error": f"no end after {limit_s:.0f} s; {told[-300:]}"}
        for line in done.stdout.splitlines():
            if line.startswith("RESULT "):
                found: dict[str, Any] = json.loads(line[7:])
                return found
        if done.returncode == 0:
            return {}
        return {"error": (done.stderr.strip() or f"exit code {done.returncode}")[-1500:]}

    def put(self, name: str, figures: dict[str, Any], instead_of: str = "") -> None:
        """Write ``figures`` into OUT/trt.json, which is whole at every moment."""
        results = self.results
        results.pop(instead_of, None)
        results[name] = figures
        part = self._path.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(results, indent=1))
        os.replace(part, self._path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("carry", "work", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--seconds", type=float, default=570)
    parser.add_argument("--only", default="", help="steps that contain one of these words, comma-separated")
    options = parser.parse_args()
    run = Run(options.carry, options.work, options.out, options.seconds)
    counts = options.work / "work.json"
    if counts.is_file():
        run.put("work", json.loads(counts.read_text()))
    wanted = [word for word in options.only.split(",") if word]
    for steps in STAGES:
        chosen = [
            step
            for step in steps
            if run.waits(step) and (not wanted or any(word in step.words for word in wanted))
        ]
        if chosen and run.left_s >= _LEAST_S:
            run.stage(chosen)
    print("all done", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
