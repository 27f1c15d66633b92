"""How many servers a city's schools need: learners, queues and batches played out from measured service
times.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass

import numpy as np

from engines.serving.loadtest import EVERY_S

_WARM_S = 20.0


@dataclass(frozen=True)
class Service:
    """One server: a batch of b takes takes ``fixed_ms + b * per_take_ms``; it waits ``delay_ms`` for company
    and merges at most ``max_batch``. ``network_ms`` is added to every take.
    """

    fixed_ms: float
    per_take_ms: float
    max_batch: int = 32
    delay_ms: float = 20.0
    network_ms: float = 20.0

    def batch_ms(self, takes: int) -> float:
        return self.fixed_ms + takes * self.per_take_ms

    @property
    def takes_per_s(self) -> float:
        """What it can do at most."""
        return 1000 * self.max_batch / self.batch_ms(self.max_batch)


@dataclass(frozen=True)
class Outcome:
    """Waits in ms (p50, p95, p99), share of the time a server works (0–1), mean batch; ``stable`` is False
    where the queue only grows.
    """

    servers: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    busy: float
    mean_batch: float
    stable: bool


def fit(batches_ms: dict[int, float]) -> tuple[float, float]:
    """fixed_ms and per_take_ms (neither below 0) through measured (batch size → ms of one batch) by least
    squares.
    """
    sizes = np.array(sorted(batches_ms), float)
    times = np.array([batches_ms[int(size)] for size in sizes])
    if len(sizes) == 1:
        return 0.0, float(times[0] / sizes[0])
    per_take, fixed = np.polyfit(sizes, times, 1)
    if fixed < 0:
        return 0.0, float((times @ sizes) / (sizes @ sizes))
    return float(fixed), max(0.0, float(per_take))


def play(learners: int, servers: int, service: Service, *, seconds: float = 120, seed: int = 1) -> Outcome:
    """Learners take turns as in the load test; each take goes to the server with the shortest queue."""
    rng = np.random.default_rng(seed)
    every = np.mean(EVERY_S)
    arrivals = np.sort(rng.uniform(0, seconds, rng.poisson(learners * seconds / every)))
    waiting: list[deque[float]] = [deque() for _ in range(servers)]
    running = [0] * servers
    busy_s = 0.0
    waits: list[float] = []
    sizes: list[int] = []
    events: list[tuple[float, int, int]] = []  # time, server, batch size that ends (0: time to start one)

    def start(now: float, server: int) -> None:
        nonlocal busy_s
        queue = waiting[server]
        if running[server] or not queue:
            return
        ripe = queue[0] + service.delay_ms / 1000
        if len(queue) < service.max_batch and now < ripe - 1e-9:
            heapq.heappush(events, (ripe, server, 0))
            return
        size = min(len(queue), service.max_batch)
        end = now + service.batch_ms(size) / 1000
        for _ in range(size):
            arrived = queue.popleft()
            if arrived > _WARM_S:
                waits.append((end - arrived) * 1000 + service.network_ms)
        running[server] = size
        sizes.append(size)
        busy_s += end - now
        heapq.heappush(events, (end, server, size))

    def run_until(now: float) -> None:
        while events and events[0][0] <= now:
            at, server, size = heapq.heappop(events)
            if size:
                running[server] = 0
            start(at, server)

    for arrival in arrivals:
        run_until(arrival)
        server = min(range(servers), key=lambda index: len(waiting[index]) + running[index])
        waiting[server].append(float(arrival))
        start(float(arrival), server)
    left = sum(map(len, waiting))
    run_until(float("inf"))
    quantiles = np.percentile(waits or [0.0], (50, 95, 99))
    offered = learners / every
    return Outcome(
        servers=servers,
        p50_ms=round(float(quantiles[0]), 1),
        p95_ms=round(float(quantiles[1]), 1),
        p99_ms=round(float(quantiles[2]), 1),
        busy=round(min(1.0, busy_s / seconds / servers), 3),
        mean_batch=round(float(np.mean(sizes or [0])), 2),
        stable=bool(offered < servers * service.takes_per_s and left < offered * 2 + 1),
    )


def servers_needed(learners: int, service: Service, *, p95_ms: float = 1000, seconds: float = 120) -> list[Outcome]:
    """Outcomes from one server fewer than needed (where there is one) to one more; the fewest whose p95 holds
    ``p95_ms`` is the first stable one that meets it.
    """
    least = max(1, int(np.ceil(learners / np.mean(EVERY_S) / service.takes_per_s)))
    found: list[Outcome] = []
    for count in range(max(1, least - 1), least * 2 + 4):
        found.append(play(learners, count, service, seconds=seconds))
        if len(found) > 1 and _meets(found[-2], p95_ms):
            break
    return found


def fewest(outcomes: list[Outcome], p95_ms: float = 1000) -> int | None:
    """Servers of the first outcome that meets the bar."""
    return next((outcome.servers for outcome in outcomes if _meets(outcome, p95_ms)), None)


def _meets(outcome: Outcome, p95_ms: float) -> bool:
    return outcome.stable and outcome.p95_ms <= p95_ms
