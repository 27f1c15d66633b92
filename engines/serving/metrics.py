"""Triton's Prometheus text, read for the keeper and for the load test's table."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engines.serving.tiers import Load
from tutor.errors import EngineError

_LINE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
_LABEL = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True)
class Sample:
    """One line of the text: metric name, labels, value."""

    name: str
    labels: Mapping[str, str]
    value: float


def parse(text: str) -> list[Sample]:
    """Every sample line; comments and lines of another form are left out."""
    found = (_LINE.match(line) for line in text.splitlines() if not line.startswith("#"))
    return [Sample(m[1], dict(_LABEL.findall(m[2] or "")), float(m[3])) for m in found if m]


def fetch(url: str, timeout_s: float = 2) -> list[Sample]:
    """The samples at ``url``; ``EngineError`` where nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=timeout_s) as answer:
            return parse(answer.read().decode())
    except (OSError, ValueError, urllib.error.URLError) as error:
        raise EngineError(f"The server's metrics cannot be read ({error}); it may be starting or gone.") from error


@dataclass(frozen=True)
class Totals:
    """Running sums over the served acoustic graphs since the server started (microseconds, requests)."""

    answered: float = 0
    batches: float = 0
    queue_us: float = 0
    total_us: float = 0
    refused: float = 0
    failed: float = 0
    pending: float = 0

    def since(self, before: Totals) -> Load:
        """What happened between two looks; a restarted server counts from zero again."""
        answered = self.answered - before.answered
        if answered < 0:
            return self.since(Totals())
        count = max(1.0, answered)
        return Load(
            answered=int(answered),
            refused=int(max(0.0, self.refused - before.refused)),
            queue_ms=(self.queue_us - before.queue_us) / count / 1000,
            latency_ms=(self.total_us - before.total_us) / count / 1000,
            pending=int(self.pending),
        )


def totals(samples: list[Sample], wanted: Callable[[str], bool]) -> Totals:
    """Sums over the models that ``wanted`` accepts."""
    sums: dict[str, float] = {}
    for sample in samples:
        if wanted(sample.labels.get("model", "")):
            key = sample.name + (f".{sample.labels['reason']}" if "reason" in sample.labels else "")
            sums[key] = sums.get(key, 0) + sample.value
    return Totals(
        answered=sums.get("nv_inference_request_success", 0),
        batches=sums.get("nv_inference_exec_count", 0),
        queue_us=sums.get("nv_inference_queue_duration_us", 0),
        total_us=sums.get("nv_inference_request_duration_us", 0),
        refused=sums.get("nv_inference_request_failure.REJECTED", 0),
        failed=sums.get("nv_inference_request_failure.BACKEND", 0),
        pending=sums.get("nv_inference_pending_request_count", 0),
    )
