"""What batching, processes and shared memory bring on this machine: ``python -m engines.serving.bench
--model DIR``.

Each setting gets a server of its own; the figures behind ``policy.cpu_policy`` come from here.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from engines.manifest import Manifest, load_manifest
from engines.serving import loadtest, policy
from engines.serving.client import TritonModel
from engines.serving.environment import Environment, ensure_environment
from engines.serving.events import Events
from engines.serving.policy import NORMAL, Batching, Policy
from engines.serving.server import free_port
from engines.serving.service import Options, Service

_LEARNERS = 16
_ROUNDS = 40


def settings(cores: int) -> dict[str, Batching]:
    """The settings compared, by name."""
    normal = policy.cpu_policy(cores).normal
    return {
        "as chosen": normal,
        "one by one": replace(normal, max_batch=1, rows_at_once=1),
        "of sixteen, in fours": replace(normal, max_batch=16, preferred=(4,), rows_at_once=4),
        "of sixteen, whole, wait 5 ms": replace(normal, max_batch=16, preferred=(16,), queue_delay_us=5_000, rows_at_once=0),
        "a process a core": replace(normal, instances=cores, threads=1),
    }


def throughput(environment: Environment, manifest: Manifest, batching: Batching, seconds: float) -> dict[str, Any]:
    """Takes a second of sixteen learners who never pause, and what they waited."""
    cores = len(os.sched_getaffinity(0))
    chosen = Policy(batching, batching, policy.cpu_policy(cores).scorer)
    options = Options(port=free_port(), dashboard_port=free_port(), tier=NORMAL, policy=chosen)
    service = Service(environment, [manifest], options, Events(Path(os.devnull)))
    service.start()
    try:
        found = loadtest.play(
            lambda: TritonModel(service.address, shared_memory=False),
            learners=_LEARNERS,
            seconds=seconds,
            features=len(manifest.scorer.features) if manifest.scorer is not None else 0,
            ports=service.ports,
            every_s=(0.0, 0.0),
        )
    finally:
        service.stop()
    return {"takes_per_s": found.takes_per_s, "wait_ms": found.wait_ms, "mean_batch": found.mean_batch}


def shared_memory_gain(environment: Environment, manifest: Manifest) -> dict[str, dict[str, float]]:
    """Median milliseconds of one listening by sound length: through gRPC, and through shared memory."""
    service = Service(
        environment,
        [manifest],
        Options(port=free_port(), dashboard_port=free_port()),
        Events(Path(os.devnull)),
    )
    service.start()
    models = {name: TritonModel(service.address, shared_memory=name == "shared") for name in ("copied", "shared")}
    found: dict[str, dict[str, float]] = {}
    try:
        rng = np.random.default_rng(1)
        for seconds in (2, 5, 15):
            clip = loadtest.sound(seconds, rng)
            times: dict[str, list[float]] = {name: [] for name in models}
            for _ in range(_ROUNDS):
                # In turns, so that whatever else the machine does hits both alike.
                for name, model in models.items():
                    begin = time.perf_counter()
                    model.listen([clip])
                    times[name].append(1000 * (time.perf_counter() - begin))
            found[f"{seconds} s"] = {name: round(float(np.median(values)), 2) for name, values in times.items()}
    finally:
        for model in models.values():
            model.close()
        service.stop()
    return found


def main() -> int:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="a model folder")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--only", nargs="*", default=None, help="names of settings")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    environment, manifest = ensure_environment(), load_manifest(arguments.model)
    found: dict[str, Any] = {"model": manifest.title, "batching": {}}
    for name, batching in settings(len(os.sched_getaffinity(0))).items():
        if arguments.only is None or name in arguments.only:
            found["batching"][name] = throughput(environment, manifest, batching, arguments.seconds)
    found["listening_ms"] = shared_memory_gain(environment, manifest)
    text = json.dumps(found, indent=1)
    print(text)
    if arguments.json is not None:
        arguments.json.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
