"""Faults against a real server while healthy learners go on: ``python -m tests.engines.serving.faults
--count 1000``.

Only loopback is spoken to; the number of faults and the time are bounded.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engines.breaker import Backend, FallbackModel
from engines.manifest import load_manifest
from engines.onnx_cpu import OnnxModel
from engines.serving.address import Address
from engines.serving.calls import Connection, Request
from engines.serving.client import TritonModel
from engines.serving.environment import find_environment
from engines.serving.events import Events
from engines.serving.loadtest import evidence_for, sound
from engines.serving.policy import ACOUSTIC, NORMAL, PEAK, STATUS, served_name
from engines.serving.server import LOOPBACK, free_port
from engines.serving.service import Options, Service
from tutor.errors import EngineError

WEIGHTS = {
    "client killed": 300,
    "connection cut": 300,
    "bad request": 300,
    "model process killed": 60,
    "server killed": 25,
    "front server killed": 15,
}
_HALF = b"POST /v2/models/light_acoustic/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + b"x" * 5_000
_KILLED = (
    "import os, signal, socket, sys\n"
    "link = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
    "link.sendall(bytes.fromhex(sys.argv[2]))\n"
    "os.kill(os.getpid(), signal.SIGKILL)\n"
)


@dataclass
class Tally:
    """What happened; ``lost`` must stay empty."""

    faults: Counter[str] = field(default_factory=Counter)
    scored: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    lost: list[str] = field(default_factory=list)
    longest_s: float = 0.0


def learn(service: Service, tally: Tally, stop: threading.Event, seed: int, pause_s: float) -> None:
    """A healthy learner: server first, this machine when it fails; a take whose scoring fails is asked
    again.
    """
    manifest = service._manifests[-1]
    ladder = FallbackModel(
        [
            Backend("triton", lambda: TritonModel(service.address, timeout_s=3)),
            Backend("onnx_cpu", lambda: OnnxModel(manifest, threads=1)),
        ],
        # Thirty times faster than life, so that the way back is taken hundreds of times too.
        clock=lambda: 30 * time.monotonic(),
    )
    features = len(manifest.scorer.features) if manifest.scorer is not None else 0
    rng = np.random.default_rng(seed)
    try:
        while not stop.wait(rng.uniform(0.5, 1.5) * pause_s):
            clip = sound(rng.uniform(1, 4), rng)
            begin = time.monotonic()
            for attempt in range(2):
                try:
                    ladder.score([evidence_for(ladder.listen([clip])[0], features, rng)])
                except EngineError as error:
                    if attempt:
                        tally.lost.append(str(error))
                    else:
                        tally.repeated += 1
                else:
                    tally.scored[ladder.info.backend] += 1
                    break
            tally.longest_s = max(tally.longest_s, time.monotonic() - begin)
    finally:
        ladder.close()


def inject(service: Service, count: int, *, seed: int = 1, learners: int = 4, pause_s: float = 0.5) -> Tally:
    """``count`` faults of mixed kinds, one after another, each while the server is up again."""
    rng = np.random.default_rng(seed)
    tally, stop = Tally(), threading.Event()
    names = [name for name, weight in WEIGHTS.items() for _ in range(max(1, round(weight * count / 1000)))]
    rng.shuffle(names)
    threads = [threading.Thread(target=learn, args=(service, tally, stop, seed, pause_s)) for seed in range(learners)]
    for thread in threads:
        thread.start()
    try:
        for name in names[:count]:
            _FAULTS[name](service, rng)
            tally.faults[name] += 1
            if "killed" in name and name != "client killed":
                _wait_until_whole(service)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return tally


def _kill_client(service: Service, rng: np.random.Generator) -> None:
    port = service.ports.http if rng.random() < 0.5 else service.ports.grpc
    part = _HALF if port == service.ports.http else b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + rng.bytes(200)
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        _KILLED,
        str(port),
        part[: rng.integers(20, len(part))].hex(),
    ]
    subprocess.run(command, check=False, stderr=subprocess.DEVNULL, timeout=20)


def _cut_connection(service: Service, rng: np.random.Generator) -> None:
    with (
        contextlib.suppress(OSError),
        socket.create_connection((LOOPBACK, service.ports.http), timeout=2) as link,
    ):
        link.sendall(_HALF)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _ask_badly(service: Service, rng: np.random.Generator) -> None:
    name = service._manifests[-1].name
    bad: list[Request] = [
        Request(
            f"{name}_acoustic",
            {"samples": np.zeros((1, 0), np.float32), "lengths": np.array([[0]], np.int32)},
        ),
        Request(f"{name}_acoustic", {"samples": np.zeros((1, 8_000), np.float32)}),
        Request(f"{name}_acoustic", {"samples": np.zeros((1, 9), np.int32), "lengths": np.array([[9]], np.int32)}),
        Request(
            f"{name}_acoustic",
            {"samples": np.full((1, 8_000), np.nan, np.float32), "lengths": np.array([[8_000]], np.int32)},
        ),
        Request(
            f"{name}_acoustic",
            {"samples": np.zeros((1, 4_800_000), np.float32), "lengths": np.array([[4_800_000]], np.int32)},
        ),
        Request("no_such_model", {"samples": np.zeros((1, 8_000), np.float32)}),
    ]
    connection = Connection(Address(LOOPBACK, service.ports.grpc), timeout_s=2)
    try:
        connection.infer([bad[rng.integers(len(bad))]])
    except EngineError:
        return
    finally:
        connection.close()
    raise AssertionError("a bad request was answered as if it were good")


def _kill_model(service: Service, rng: np.random.Generator) -> None:
    stubs = service.process.stubs()
    if stubs:
        with contextlib.suppress(ProcessLookupError):
            os.kill(stubs[rng.integers(len(stubs))].pid, signal.SIGKILL)


def _kill_server(service: Service, rng: np.random.Generator) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(service.process.pid, signal.SIGKILL)


def _kill_front(service: Service, rng: np.random.Generator) -> None:
    process = service._gateway._process if service._gateway is not None else None
    if process is not None:
        process.kill()


def _wait_until_whole(service: Service, seconds: float = 90) -> None:
    """Until every graph answers and has its process: a fault during the repair is another fault's
    business.
    """
    wanted = 3 * len(service._manifests) + 1
    deadline = time.monotonic() + seconds
    time.sleep(0.6)
    while len(service.process.stubs()) < wanted or not _answers(service):
        if time.monotonic() > deadline:
            raise AssertionError("the keeper did not bring the server back")
        time.sleep(0.2)


def _answers(service: Service) -> bool:
    model = TritonModel(service.address, timeout_s=3, shared_memory=False)
    clip = sound(0.5, np.random.default_rng(1))
    inputs = {"samples": clip[None], "lengths": np.array([[len(clip)]], np.int32)}
    try:
        for manifest in service._manifests:
            for tier in (NORMAL, PEAK):
                model._connection.infer([Request(served_name(manifest.name, ACOUSTIC, tier), inputs)])
        features = model.features()
        model.score([evidence_for(model.listen([clip])[0], features, np.random.default_rng(1))])
        model._connection.infer([Request(STATUS, {"ask": np.array([True])})])
    except EngineError:
        return False
    finally:
        model.close()
    return True


_FAULTS: dict[str, Callable[[Service, np.random.Generator], None]] = {
    "client killed": _kill_client,
    "connection cut": _cut_connection,
    "bad request": _ask_badly,
    "model process killed": _kill_model,
    "server killed": _kill_server,
    "front server killed": _kill_front,
}


def main() -> int:
    """Run and print one JSON object; exit code 1 where a take was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--model", type=Path, required=True, help="a model folder")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    environment = find_environment()
    if environment is None:
        parser.error("the server's environment is not made; run: tutor serve --setup")
    options = Options(port=free_port(), dashboard_port=free_port())
    service = Service(environment, [load_manifest(arguments.model)], options, Events())
    begin = time.monotonic()
    service.start()
    service.run_in_background()
    try:
        tally = inject(service, min(arguments.count, 2_000), seed=arguments.seed)
        rescues = service.keeper.rescues if service.keeper is not None else 0
    finally:
        service.stop()
    found: dict[str, Any] = {
        **vars(tally),
        "rescues": rescues,
        "seconds": round(time.monotonic() - begin, 1),
    }
    text = json.dumps(found, indent=1)
    print(text)
    if arguments.json is not None:
        arguments.json.write_text(text)
    return 1 if tally.lost else 0


if __name__ == "__main__":
    raise SystemExit(main())
