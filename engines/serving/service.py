"""``tutor serve`` as an object: environment, repository, Triton, front server and keeper, started and
stopped.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from engines.manifest import Manifest
from engines.serving import policy
from engines.serving.address import Address
from engines.serving.environment import Environment
from engines.serving.events import Events
from engines.serving.gateway import Certificate, Front, Gateway, Limits, configuration, lan_address
from engines.serving.keeper import Keeper
from engines.serving.policy import Policy
from engines.serving.repository import write_repository
from engines.serving.server import LOOPBACK, Ports, TritonProcess, free_port
from engines.serving.tiers import Bounds, TierControl, Verdict
from tutor.errors import EngineError, InputError, InstallError
from tutor.paths import cache_dir, write_atomic
from tutor.progress import Progress, silent


@dataclass(frozen=True)
class Options:
    """What the teacher asked for. ``host``: empty serves this machine only; else learners join over TLS with
    one of ``tokens``. ``tier``: auto or a fixed one."""

    port: int = 8001
    host: str = ""
    dashboard_port: int = 8003
    tier: str = "auto"
    tokens: tuple[str, ...] = ()
    certificate: Certificate | None = None
    limits: Limits = field(default_factory=Limits)
    bounds: Bounds = field(default_factory=Bounds)
    policy: Policy | None = None
    gpu: bool = False


def run_dir(port: int) -> Path:
    """Where a service on ``port`` keeps its repository, logs and state."""
    return cache_dir() / "serving" / f"run-{port}"


class Service:
    """A running service; ``start`` returns when takes are answered, ``stop`` leaves nothing behind."""

    def __init__(self, environment: Environment, manifests: Sequence[Manifest], options: Options, events: Events) -> None:
        """manifests: from the best model to the lightest. Raises ``InputError`` for options that do not
        fit.
        """
        if options.tier not in ("auto", *policy.TIERS):
            raise InputError(f"No tier is called {options.tier!r}; choose auto, normal or peak.")
        self._options = options
        self._events = events
        self._folder = run_dir(options.port)
        self._repository = self._folder / "models"
        self._manifests = tuple(manifests)
        self._environment = environment
        grpc_port = free_port() if options.host else options.port
        self.ports = Ports(grpc=grpc_port, http=free_port(), metrics=free_port())
        self.process = TritonProcess(environment, self._repository, self.ports, self._folder / "triton.log")
        self.keeper: Keeper | None = None
        self._gateway: Gateway | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def address(self) -> Address:
        """Where learners find it, with all they need to be let in."""
        options = self._options
        if not options.host:
            return Address(LOOPBACK, options.port)
        host = lan_address() if options.host in ("0.0.0.0", "::") else options.host
        pin = options.certificate.pin if options.certificate is not None else ""
        return Address(host, options.port, tls=True, token=options.tokens[0] if options.tokens else "", pin=pin)

    @property
    def titles(self) -> str:
        return ", ".join(manifest.title for manifest in self._manifests)

    def start(self, progress: Progress = silent) -> None:
        """Raises ``InputError`` for a taken port, ``InstallError`` or ``EngineError`` where the server
        cannot run.
        """
        self._claim()
        progress("Starting the server", 0, 3)
        shutil.rmtree(self._repository, ignore_errors=True)
        write_repository(self._repository, self._manifests, self._options.policy or _policy(self._options.gpu))
        fixed = None if self._options.tier == "auto" else self._options.tier
        routes = policy.routes(tuple(manifest.name for manifest in self._manifests))
        control = TierControl(self._options.bounds, fixed=fixed)
        self._gateway = self._front()
        self.keeper = Keeper(self.process, self._repository, self.ports, routes, control, self._events, self._gateway)
        self.keeper.publish(Verdict(control.tier, False, 0.0))
        try:
            self._gateway.start()
            progress("Starting the server", 1, 3)
            self.process.start()
            self.process.wait_ready()
            progress("Starting the server", 2, 3)
            self._warm()
        except BaseException:
            self.stop()
            raise
        progress("Starting the server", 3, 3)
        self._events.write("ready", port=self._options.port, models=self.titles, pid=self.process.pid)

    def run(self) -> None:
        """Watch over it until ``stop`` is called from elsewhere."""
        assert self.keeper is not None
        self.keeper.run(self._stop)

    def run_in_background(self) -> None:
        """The same in a thread, which ``stop`` ends."""
        self._thread = threading.Thread(target=self.run, name="serving-keeper")
        self._thread.start()

    def end(self) -> None:
        """Ask ``run`` to return; safe in a signal handler."""
        self._stop.set()

    def stop(self) -> None:
        """End everything; answers under way are finished first."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._gateway is not None:
            self._gateway.stop()
        self.process.stop()
        (self._folder / "server.json").unlink(missing_ok=True)
        self._events.write("stopped", port=self._options.port)

    def _claim(self) -> None:
        """One service a port: its folder says who runs it."""
        running = running_ports(self._options.port)
        if running is not None:
            raise InputError(f"A Tutor server runs on port {self._options.port} already; choose another --port.")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            note = {"pid": os.getpid(), "gpu": int(self._options.gpu), **asdict(self.ports)}
            write_atomic(self._folder / "server.json", json.dumps(note).encode())
        except OSError as error:
            raise InstallError(f"{self._folder} cannot be written ({error}); set TUTOR_CACHE_DIR.") from error

    def _front(self) -> Gateway:
        options = self._options
        text = configuration(
            self._folder / "front",
            self.ports,
            Front(options.dashboard_port, options.host, options.port),
            certificate=options.certificate,
            tokens=options.tokens,
            limits=options.limits,
        )
        return Gateway(self._environment, self._folder / "front", text)

    def _warm(self) -> None:
        """The first inference of a graph is slow; learners do not pay for it."""
        from engines.serving.client import TritonModel

        model = TritonModel(Address(LOOPBACK, self.ports.grpc), timeout_s=30, shared_memory=False)
        try:
            model.probe()
        except EngineError as error:
            raise EngineError(f"The server started but does not score ({error}); see {self._folder}.") from error
        finally:
            model.close()


def running_ports(port: int) -> Ports | None:
    """The inner ports of the service on ``port`` of this machine, None where none runs."""
    note = _note(port)
    return Ports(note["grpc"], note["http"], note["metrics"]) if note is not None else None


def running_pid(port: int) -> int:
    """The Triton process of the service on ``port``, 0 where none runs."""
    note = _note(port)
    if note is None:
        return 0
    for task in Path(f"/proc/{note['pid']}/task").glob("*/children"):
        for child in task.read_text().split():
            if "tritonserver" in Path(f"/proc/{child}/cmdline").read_text():
                return int(child)
    return 0


def running_policy(port: int) -> Policy:
    """How the service on ``port`` batches, for a version that joins it."""
    note = _note(port)
    return _policy(bool(note and note["gpu"]))


def _policy(gpu: bool) -> Policy:
    return policy.gpu_policy() if gpu else policy.cpu_policy(len(os.sched_getaffinity(0)))


def _note(port: int) -> dict[str, int] | None:
    try:
        note: dict[str, int] = json.loads((run_dir(port) / "server.json").read_text())
        os.kill(note["pid"], 0)
        return {name: int(note[name]) for name in ("pid", "gpu", "grpc", "http", "metrics")}
    except (OSError, ValueError, KeyError, TypeError):
        return None
