"""N learners at once: takes of 2–8 s, one every 10–20 s, each heard and scored; what they waited, as one
table.

A take is two requests, listening and scoring. The alignment between them runs on the learner's own machine
and is left out here, as eighty laptops would not share this one's cores.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engines.serving import metrics
from engines.serving.server import LOOPBACK, Ports
from tutor import phones, timebase
from tutor.acoustic import AcousticOutput, EngineInfo, Floats, Model, ScorerInput
from tutor.errors import TutorError
from tutor.progress import Progress, silent

TAKE_S = (2.0, 8.0)
EVERY_S = (10.0, 20.0)
_PHONES_PER_S = 10


@dataclass(frozen=True)
class Take:
    """One scored or failed take: when it began (seconds into the test), its sound (s), the wait (ms), who
    made it.
    """

    at_s: float
    sound_s: float
    wait_ms: float
    engine: EngineInfo | None
    failure: str = ""


@dataclass(frozen=True)
class LoadReport:
    """``wait_ms``: p50, p95, p99, max over scored takes. ``by``: takes by model and tier. ``memory_mb``:
    resident memory of the server and its models after a fifth of the time, when all is warm, and at the end,
    where it runs on this machine.
    """

    learners: int
    seconds: float
    takes: int
    failed: int
    takes_per_s: float
    wait_ms: dict[str, float]
    by: dict[str, int]
    mean_batch: float
    memory_mb: tuple[float, float]
    failures: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def play(
    open_model: Callable[[], Model],
    *,
    learners: int,
    seconds: float,
    features: int,
    ports: Ports | None = None,
    server_pid: int = 0,
    seed: int = 1,
    every_s: tuple[float, float] = EVERY_S,
    progress: Progress = silent,
) -> LoadReport:
    """Play the class against models of ``open_model`` (one a learner, each with its own connection).

    ports, server_pid: of a server on this machine, for batch sizes and memory.
    """
    stop = threading.Event()
    begin = time.monotonic()
    taken: list[list[Take]] = [[] for _ in range(learners)]
    threads = [
        threading.Thread(
            target=_learn,
            args=(open_model, taken[index], stop, begin, begin + seconds, features, every_s, (seed, index)),
            name=f"learner-{index}",
        )
        for index in range(learners)
    ]
    before = _totals(ports)
    warm_mb = 0.0
    for thread in threads:
        thread.start()
    try:
        while (passed := time.monotonic() - begin) < seconds:
            if not warm_mb and passed > seconds / 5:
                warm_mb = resident_mb(server_pid)
            done = sum(map(len, taken))
            if not progress(f"{learners} learners, {done} takes", int(passed), int(seconds)):
                break
            time.sleep(0.5)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    passed = time.monotonic() - begin
    after = _totals(ports)
    takes = [take for part in taken for take in part]
    batches = after.batches - before.batches
    return report(
        takes,
        learners=learners,
        seconds=passed,
        mean_batch=(after.answered - before.answered) / batches if batches else 0.0,
        memory_mb=(warm_mb, resident_mb(server_pid)),
    )


def report(
    takes: Sequence[Take], *, learners: int, seconds: float, mean_batch: float, memory_mb: tuple[float, float]
) -> LoadReport:
    """The table's figures."""
    scored = [take for take in takes if not take.failure]
    waits = np.array([take.wait_ms for take in scored] or [0.0])
    wait_ms = {f"p{share}": round(float(np.percentile(waits, share)), 1) for share in (50, 95, 99)}
    by = Counter(_made_by(take.engine) for take in scored if take.engine is not None)
    return LoadReport(
        learners=learners,
        seconds=round(seconds, 1),
        takes=len(takes),
        failed=len(takes) - len(scored),
        takes_per_s=round(len(scored) / max(seconds, 1e-9), 2),
        wait_ms={**wait_ms, "max": round(float(waits.max()), 1)},
        by=dict(by),
        mean_batch=round(mean_batch, 2),
        memory_mb=memory_mb,
        failures=dict(Counter(take.failure for take in takes if take.failure)),
    )


def rows(found: LoadReport) -> list[tuple[str, str]]:
    """The table, label and value."""
    wait = found.wait_ms
    return [
        ("learners", str(found.learners)),
        ("takes", f"{found.takes} in {found.seconds:.0f} s ({found.takes_per_s:.2f} a second)"),
        (
            "failed",
            str(found.failed) + "".join(f"; {count} × {text}" for text, count in found.failures.items()),
        ),
        ("wait, p50 / p95 / p99", f"{wait['p50']:.0f} / {wait['p95']:.0f} / {wait['p99']:.0f} ms"),
        ("longest wait", f"{wait['max']:.0f} ms"),
        ("made by", ", ".join(f"{name}: {count}" for name, count in sorted(found.by.items()))),
        ("mean batch", f"{found.mean_batch:.2f}"),
        (
            "server memory",
            f"{found.memory_mb[0]:.0f} MB after a fifth of the time, {found.memory_mb[1]:.0f} MB at last",
        ),
    ]


def evidence_for(answer: AcousticOutput, features: int, rng: np.random.Generator) -> ScorerInput:
    """Evidence of the right shapes for a take: about ten phones a second at equal distances."""
    frames = len(answer.hidden)
    count = max(3, int(frames * timebase.FRAME_S * _PHONES_PER_S))
    cuts = np.linspace(0, frames - 1, count).astype(int)
    return ScorerInput(
        phones=rng.integers(0, phones.PHONE_COUNT, count).astype(np.int32),
        words=(np.arange(count) // 4).astype(np.int32),
        features=rng.normal(0, 1, (count, features)).astype(np.float32),
        hidden=np.ascontiguousarray(answer.hidden[cuts]),
    )


def sound(seconds: float, rng: np.random.Generator) -> Floats:
    """Noise that rises and falls like syllables, float32 (n,); what it says does not change the work."""
    count = timebase.samples_of(seconds)
    envelope = 0.5 + 0.5 * np.sin(2 * np.pi * 4 * np.arange(count) / timebase.SAMPLE_RATE)
    return (0.1 * envelope * rng.standard_normal(count)).astype(np.float32)


def resident_mb(pid: int) -> float:
    """Resident memory of a process and its children (shared pages counted once each), 0 where there is
    none.
    """
    if not pid:
        return 0.0
    pids = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        pids += [int(word) for word in task.read_text().split()]
    total = 0
    for each in pids:
        try:
            text = Path(f"/proc/{each}/smaps_rollup").read_text()
        except OSError:
            continue
        total += next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return round(total / 1024, 1)


def _learn(
    open_model: Callable[[], Model],
    taken: list[Take],
    stop: threading.Event,
    begin_s: float,
    end_s: float,
    features: int,
    every_s: tuple[float, float],
    seed: tuple[int, int],
) -> None:
    rng = np.random.default_rng(seed)
    model = open_model()
    due = time.monotonic() + rng.uniform(0, every_s[1])
    try:
        while due < end_s and not stop.wait(max(0.0, due - time.monotonic())):
            clip = sound(rng.uniform(*TAKE_S), rng)
            begin = time.monotonic()
            engine, failure = None, ""
            try:
                model.score([evidence_for(model.listen([clip])[0], features, rng)])
                engine = model.info
            except TutorError as error:
                failure = f"{type(error).__name__}: {error}"
            end = time.monotonic()
            taken.append(Take(begin - begin_s, timebase.seconds_of(len(clip)), (end - begin) * 1000, engine, failure))
            due = max(end, begin + rng.uniform(*every_s))
    finally:
        model.close()


def _made_by(engine: EngineInfo) -> str:
    tier = engine.reason.partition("tier ")[2].partition(",")[0]
    return f"{engine.backend} {engine.model}" + (f", {tier}" if tier else "")


def _totals(ports: Ports | None) -> metrics.Totals:
    if ports is None:
        return metrics.Totals()
    samples = metrics.fetch(f"http://{LOOPBACK}:{ports.metrics}/metrics")
    return metrics.totals(samples, lambda name: "_acoustic" in name)
