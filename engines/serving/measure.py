"""What a running server needs for a batch, measured through its own statistics."""

from __future__ import annotations

import contextlib
import json
import urllib.request
from typing import Any

import numpy as np

from engines.serving.address import Address
from engines.serving.calls import Connection, Request, ServerRefused
from engines.serving.client import TritonModel
from engines.serving.loadtest import TAKE_S, sound
from engines.serving.server import LOOPBACK, Ports
from tutor.errors import EngineError


def batch_times(ports: Ports, *, rounds: int = 8, seed: int = 1) -> dict[int, float]:
    """Mean milliseconds that the normal acoustic graph computes for a batch, by batch size, takes of 2–8 s.

    Bursts of up to the largest batch are sent; Triton itself keeps the times. Sizes that never formed are
    left out.
    """
    model = TritonModel(Address(LOOPBACK, ports.grpc))
    try:
        name = model.status().routes[0].acoustic
    finally:
        model.close()
    before = _batches(ports, name)
    rng = np.random.default_rng(seed)
    connection = Connection(Address(LOOPBACK, ports.grpc), timeout_s=30)
    try:
        most = int(connection.ask("get_model_config", name).config.max_batch_size)
        for size in (1 << power for power in range(most.bit_length())):
            for _ in range(rounds):
                # Refused for want of time: what was answered counts all the same.
                with contextlib.suppress(ServerRefused):
                    connection.infer([_request(name, rng) for _ in range(size)])
    finally:
        connection.close()
    times = {}
    for size, (count, total_ns) in _batches(ports, name).items():
        old_count, old_ns = before.get(size, (0, 0))
        if count > old_count:
            times[size] = (total_ns - old_ns) / (count - old_count) / 1e6
    return times


def _request(name: str, rng: np.random.Generator) -> Request:
    clip = sound(rng.uniform(*TAKE_S), rng)
    return Request(name, {"samples": clip[None], "lengths": np.array([[len(clip)]], np.int32)})


def _batches(ports: Ports, name: str) -> dict[int, tuple[int, int]]:
    """Batch size → (batches so far, nanoseconds of computing)."""
    try:
        url = f"http://{LOOPBACK}:{ports.http}/v2/models/{name}/stats"
        with urllib.request.urlopen(url, timeout=5) as answer:
            data: dict[str, Any] = json.loads(answer.read())
    except (OSError, ValueError) as error:
        raise EngineError(f"The server's statistics cannot be read ({error}).") from error
    sums: dict[int, tuple[int, int]] = {}
    for version in data["model_stats"]:
        for item in version.get("batch_stats", ()):
            count, nanoseconds = sums.get(item["batch_size"], (0, 0))
            found = item["compute_infer"]
            sums[item["batch_size"]] = (count + int(found["count"]), nanoseconds + int(found["ns"]))
    return sums
