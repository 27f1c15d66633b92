"""The window's speed, measured in processes of its own: seconds from start to seen and to able to score, and
milliseconds from the end of a recording to its scores painted. Imports no Qt; ``ui.desktop.measure`` does the work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engines.benchmark import Spread, spread
from tutor.errors import Cancelled, InstallError
from tutor.progress import Progress, silent

LONGEST_START_S = 120
LONGEST_TAKE_S = 20


@dataclass(frozen=True)
class WindowReport:
    """``visible_s``, ``ready_s``: of each start, the very first (which still fills the caches) apart. ``stages``: of
    ``takes`` takes of ``audio_s`` s, by name, in order; ``total`` is end of recording → scores painted."""

    engine: dict[str, str]
    platform: str
    audio_s: float
    takes: int
    first_visible_s: float
    first_ready_s: float
    visible_s: tuple[float, ...]
    ready_s: tuple[float, ...]
    first_take_ms: float
    stages: dict[str, Spread]
    stall_ms: float


def bench_window(
    model: str = "main",
    engine: str = "auto",
    *,
    takes: int = 50,
    starts: int = 5,
    seconds: float = 5.0,
    progress: Progress = silent,
) -> WindowReport:
    """Start the window ``starts`` times and more, and score ``takes`` takes in one of them.

    Raises ``InstallError`` where the window cannot be opened, and ``Cancelled``.
    """
    platform = os.environ.get("QT_QPA_PLATFORM") or (
        "" if any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")) else "offscreen"
    )
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "QT_LOGGING_RULES": "default.warning=false"}
        environment.update(dict.fromkeys(("TUTOR_DATA_DIR", "TUTOR_CONFIG_DIR", "TUTOR_CACHE_DIR"), home))
        if platform:
            environment["QT_QPA_PLATFORM"] = platform
        found = []
        for number in range(starts + 2):
            if not progress("window", number, starts + 2):
                raise Cancelled("The measurement was stopped.")
            wanted = takes if number == starts + 1 else 0
            found.append(_one_start(environment, wanted, seconds, engine, model))
    first, again, last = found[0], found[1:], found[-1]
    measured = last["takes"]
    stages = {name: spread([take[name] / 1e3 for take in measured]) for name in (measured[0] if measured else ())}
    stages["total"] = spread([sum(take.values()) / 1e3 for take in measured])
    return WindowReport(
        engine=last["engine"],
        platform=platform or "the display",
        audio_s=last["audio_s"],
        takes=len(measured),
        first_visible_s=first["visible_s"],
        first_ready_s=first["ready_s"],
        visible_s=tuple(start["visible_s"] for start in again),
        ready_s=tuple(start["ready_s"] for start in again),
        first_take_ms=sum(last["first_take"].values()),
        stages=stages,
        stall_ms=last["stall_ms"],
    )


def _one_start(environment: dict[str, str], takes: int, seconds: float, engine: str, model: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "ui.desktop.measure", repr(time.time()), str(takes), str(seconds), engine, model]
    places = [str(Path(__file__).parents[1]), environment.get("PYTHONPATH", "")]
    try:
        done = subprocess.run(
            command,
            env={**environment, "PYTHONPATH": os.pathsep.join(filter(None, places))},
            capture_output=True,
            text=True,
            timeout=LONGEST_START_S + LONGEST_TAKE_S * takes,
        )
    except subprocess.TimeoutExpired as error:
        raise InstallError("The window did not finish its measurement; see whether `tutor` opens.") from error
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0 or not lines:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise InstallError(f"The window cannot be measured ({reason}); `tutor doctor` names what is missing.")
    report: dict[str, Any] = json.loads(lines[-1])
    return report
