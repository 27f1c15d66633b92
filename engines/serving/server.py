"""One Triton process: started on loopback, watched through its stubs, ended without leaving anything
behind.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engines.serving.environment import Environment
from tutor.errors import EngineError, InstallError

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    """Where the parts listen on loopback."""

    grpc: int
    http: int
    metrics: int


@dataclass(frozen=True)
class Stub:
    """One model instance: a process of its own that Triton feeds."""

    pid: int
    model: str
    shared_memory: str


def free_port() -> int:
    """A port of this machine that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


class TritonProcess:
    """The server and its stubs as one process group."""

    def __init__(self, environment: Environment, repository: Path, ports: Ports, log: Path) -> None:
        self._environment = environment
        self._repository = repository
        self._ports = ports
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._regions: set[str] = set()

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it; the models load meanwhile. ``InstallError`` where it cannot be started at all."""
        self.stop(grace_s=0)
        ports = self._ports
        command = [
            str(self._environment.server),
            f"--model-repository={self._repository}",
            f"--backend-directory={self._environment.backends}",
            "--model-control-mode=explicit",
            "--load-model=*",
            # A refused new version must not make the server look dead while the old one serves on.
            "--strict-readiness=false",
            f"--http-address={LOOPBACK}",
            f"--grpc-address={LOOPBACK}",
            f"--metrics-address={LOOPBACK}",
            f"--http-port={ports.http}",
            f"--grpc-port={ports.grpc}",
            f"--metrics-port={ports.metrics}",
            "--metrics-config=summary_latencies=true",
            "--metrics-interval-ms=1000",
            "--log-format=ISO8601",
            "--exit-timeout-secs=5",
        ]
        try:
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    command,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    stdin=subprocess.DEVNULL,
                    env=self._environment.variables(),
                    start_new_session=True,
                    preexec_fn=die_with_parent,
                )
        except OSError as error:
            raise InstallError(f"Triton cannot be started ({error}); run `tutor serve --repair`.") from error

    def wait_ready(self, timeout_s: float = 90) -> None:
        """Until every model is loaded; ``EngineError`` with the log's last error where that never happens."""
        import tritonclient.grpc as triton

        deadline = time.monotonic() + timeout_s
        with triton.InferenceServerClient(f"{LOOPBACK}:{self._ports.grpc}") as client:
            while time.monotonic() < deadline:
                if not self.alive:
                    raise EngineError(f"Triton ended while starting: {self.last_error()}; see {self._log}.")
                with contextlib.suppress(triton.InferenceServerException):
                    if client.is_server_ready(client_timeout=1):
                        self.stubs()
                        return
                time.sleep(0.1)
        raise EngineError(f"Triton was not ready after {timeout_s:.0f} s: {self.last_error()}; see {self._log}.")

    def stubs(self) -> list[Stub]:
        """The model processes that are alive (zombies are not)."""
        found = []
        for pid in _children(self.pid) if self.alive else ():
            with contextlib.suppress(OSError, IndexError):
                words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
                if words[0].endswith("triton_python_backend_stub"):
                    found.append(Stub(pid, words[1].split("/")[-3], words[2]))
        self._regions.update(stub.shared_memory for stub in found)
        return found

    def stop(self, grace_s: float = 8) -> None:
        """End the server, its stubs and their shared memory; answers under way are finished within
        ``grace_s``.
        """
        process, self._process = self._process, None
        if process is None:
            return
        if grace_s and process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(grace_s)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for region in self._regions:
            Path("/dev/shm", region).unlink(missing_ok=True)
        self._regions.clear()

    def last_error(self) -> str:
        """The newest error line of the log, or its last line."""
        try:
            lines = self._log.read_text(errors="replace").splitlines()[-200:]
        except OSError:
            return "no log"
        bad = [line for line in lines if " E " in line or "error" in line.lower()]
        return (bad or lines or ["no log"])[-1][-300:]


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(word) for word in task.read_text().split()]
    return found


def die_with_parent() -> None:
    """For ``preexec_fn``: the child is told to end when we are killed."""
    libc: Any = ctypes.CDLL(None)
    libc.prctl(1, signal.SIGTERM)
