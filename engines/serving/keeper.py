"""Keeps one server healthy: measures it, says the tier, and brings back what has died.

Triton's readiness stays 200 when a model's process has died, so the processes are counted and real
inferences made.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from engines.serving import metrics, policy
from engines.serving.address import Address
from engines.serving.calls import Connection, Request
from engines.serving.events import Events
from engines.serving.gateway import Gateway
from engines.serving.local_memory import PREFIX
from engines.serving.policy import TIERS, Route
from engines.serving.repository import state_file
from engines.serving.server import LOOPBACK, Ports, TritonProcess
from engines.serving.tiers import TierControl, Verdict
from tutor import timebase
from tutor.errors import EngineError, TutorError
from tutor.paths import write_atomic

LOOK_S = 0.25
"""Pause between two looks at the processes; a dead one is being replaced half a second later."""

_MEASURE_S = 0.5
_PROBE_S = 5.0
_SWEEP_S = 10.0
_RELOAD_S = 20.0


class Keeper:
    """One loop in one thread; ``run`` returns when ``stop`` is set."""

    def __init__(
        self,
        process: TritonProcess,
        repository: Path,
        ports: Ports,
        routes: Sequence[Route],
        control: TierControl,
        events: Events,
        gateway: Gateway | None = None,
    ) -> None:
        self._process = process
        self._repository = repository
        self._state = state_file(repository)
        self._metrics = f"http://{LOOPBACK}:{ports.metrics}/metrics"
        self._routes = tuple(routes)
        self._control = control
        self._events = events
        self._gateway = gateway
        self._connection = Connection(Address(LOOPBACK, ports.grpc), timeout_s=3)
        self._before = metrics.Totals()
        self._written = b""
        self._missing: Counter[str] = Counter()
        self._answered: dict[str, float] = {}
        self._due = dict.fromkeys(("measure", "probe", "sweep"), 0.0)
        self.rescues = 0

    def run(self, stop: threading.Event) -> None:
        """Look, measure and mend until told to stop; a failed look is logged and tried again."""
        failures = 0
        while not stop.wait(LOOK_S * min(20, 1 + failures)):
            try:
                self.look(time.monotonic())
                failures = 0
            except TutorError as error:
                failures += 1
                self._events.write("keeper_failed", reason=str(error))
        self._connection.close()

    def publish(self, verdict: Verdict) -> None:
        """Write the tier where ``tutor_status`` reads it; clients see it with their next take."""
        level = TIERS.index(verdict.tier)
        state = {
            "tier": verdict.tier,
            "retry_s": verdict.retry_s,
            "routes": [asdict(route) for route in self._ordered(level)],
            "gauges": {
                "tutor_tier": level,
                "tutor_refusing": int(verdict.refusing),
                "tutor_retry_seconds": verdict.retry_s,
                "tutor_rescues": self.rescues,
            },
        }
        text = json.dumps(state).encode()
        if text != self._written:
            write_atomic(self._state, text)
            self._written = text
            self._events.write("tier", tier=verdict.tier, refusing=verdict.refusing, retry_s=verdict.retry_s)

    def look(self, now_s: float) -> None:
        """One round; ``TutorError`` when something cannot be brought back this time (the rest is done
        first).
        """
        if not self._process.alive:
            self._restart()
        self._replace_dead_models()
        if self._is_due("measure", now_s, _MEASURE_S):
            self._measure(now_s)
        if self._is_due("probe", now_s, _PROBE_S):
            self._probe()
        if self._is_due("sweep", now_s, _SWEEP_S):
            self._sweep()
        if self._gateway is not None and not self._gateway.alive:
            self.rescues += 1
            self._events.write("front_server_restarted")
            self._gateway.start()

    def _ordered(self, level: int) -> list[Route]:
        """The tier's route first, then the lighter ones a refused take falls through to."""
        return list(self._routes[level:])

    def _is_due(self, what: str, now_s: float, every_s: float) -> bool:
        if now_s < self._due[what]:
            return False
        self._due[what] = now_s + every_s
        return True

    def _restart(self) -> None:
        self.rescues += 1
        self._events.write("server_restarted")
        self._process.start()
        self._process.wait_ready()
        # The old channel would wait before it tries again.
        self._connection.close()
        self._before = metrics.Totals()
        self._events.write("server_ready")

    def _replace_dead_models(self) -> None:
        """Reload a model that has fewer processes than loaded versions, seen twice in a row."""
        running = Counter(stub.model for stub in self._process.stubs())
        index = self._connection.ask("get_model_repository_index")
        ready = Counter(model.name for model in index.models if model.state == "READY")
        missing = {name for name, count in ready.items() if running[name] < count}
        for name in missing:
            self._missing[name] += 1
            if self._missing[name] >= 2:
                self._reload(name)
        for name in set(self._missing) - missing:
            del self._missing[name]

    def _reload(self, name: str) -> None:
        self.rescues += 1
        self._events.write("model_reloaded", model=name)
        # Triton starts new processes only for model files that look changed on disk.
        for program in (self._repository / name).glob("*/model.py"):
            program.touch()
        try:
            self._connection.ask("load_model", name, client_timeout=_RELOAD_S)
        except EngineError as error:
            # Once in a few hundred deaths Triton never finishes unloading a dead process; only a new server
            # helps.
            self._events.write("reload_failed", model=name, reason=str(error))
            self._restart()
        self._missing.pop(name, None)

    def _measure(self, now_s: float) -> None:
        samples = metrics.fetch(self._metrics)
        listening = {route.acoustic for route in self._routes}
        totals = metrics.totals(samples, listening.__contains__)
        verdict = self._control.update(now_s, totals.since(self._before))
        self._before = totals
        self.publish(verdict)

    def _probe(self) -> None:
        """A real inference on every graph; a process that neither answers nor gets anything done is ended,
        and replaced at the next look."""
        self._connection.infer([Request(policy.STATUS, {"ask": np.array([True])})])
        samples = metrics.fetch(self._metrics)
        clip = np.zeros((1, timebase.MIN_SAMPLES), np.float32)
        inputs = {"samples": clip, "lengths": np.array([[timebase.MIN_SAMPLES]], np.int32)}
        for name in {route.acoustic for route in self._routes}:
            done = metrics.totals(samples, name.__eq__).answered
            try:
                self._connection.infer([Request(name, inputs)])
            except EngineError as error:
                now = metrics.totals(metrics.fetch(self._metrics), name.__eq__).answered
                if now == done:
                    self._events.write("model_stuck", model=name, reason=str(error))
                    self._end_stubs(name)

    def _end_stubs(self, name: str) -> None:
        for stub in self._process.stubs():
            if stub.model == name:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(stub.pid, signal.SIGKILL)

    def _sweep(self) -> None:
        """Shared memory of clients that were killed: unregistered and unlinked, so no recording outlives
        them.
        """
        status = self._connection.ask("get_system_shared_memory_status")
        for name in status.regions:
            owner = name.removeprefix(PREFIX).partition("_")[0]
            if name.startswith(PREFIX) and owner.isdigit() and not Path("/proc", owner).exists():
                self._connection.ask("unregister_system_shared_memory", name)
        for region in Path("/dev/shm").glob(f"{PREFIX}[0-9]*_*"):
            owner = region.name.removeprefix(PREFIX).partition("_")[0]
            if not Path("/proc", owner).exists():
                region.unlink(missing_ok=True)
