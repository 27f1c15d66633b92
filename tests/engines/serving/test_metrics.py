"""Prometheus text in, load out."""

from __future__ import annotations

import pytest

from engines.serving import metrics
from tutor.errors import EngineError

TEXT = """# HELP nv_inference_request_success Number of successful requests
# TYPE nv_inference_request_success counter
nv_inference_request_success{model="main_acoustic",version="1"} 40
nv_inference_request_success{model="main_acoustic",version="2"} 10
nv_inference_request_success{model="main_scorer",version="1"} 999
nv_inference_request_failure{model="main_acoustic",reason="REJECTED",version="1"} 3
nv_inference_request_failure{model="main_acoustic",reason="BACKEND",version="1"} 2
nv_inference_exec_count{model="main_acoustic",version="1"} 25
nv_inference_request_duration_us{model="main_acoustic",version="1"} 5e+06
nv_inference_queue_duration_us{model="main_acoustic",version="1"} 1000000
nv_inference_pending_request_count{model="main_acoustic",version="1"} 7
nv_cpu_utilization 0.5
"""


def test_sums_over_versions_of_the_wanted_models() -> None:
    found = metrics.totals(metrics.parse(TEXT), "main_acoustic".__eq__)
    assert (found.answered, found.refused, found.failed, found.batches, found.pending) == (50, 3, 2, 25, 7)


def test_load_is_what_happened_in_between() -> None:
    now = metrics.totals(metrics.parse(TEXT), "main_acoustic".__eq__)
    load = now.since(metrics.Totals(answered=30, refused=1, queue_us=900_000, total_us=4_000_000))
    assert (load.answered, load.refused, load.pending) == (20, 2, 7)
    assert load.queue_ms == pytest.approx(5) and load.latency_ms == pytest.approx(50)


def test_a_restarted_server_counts_from_zero() -> None:
    now = metrics.Totals(answered=4, queue_us=8_000)
    load = now.since(metrics.Totals(answered=1_000, queue_us=1e9))
    assert load.answered == 4 and load.queue_ms == pytest.approx(2)


def test_nobody_there_is_an_engine_error() -> None:
    with pytest.raises(EngineError):
        metrics.fetch("http://127.0.0.1:9/metrics", timeout_s=0.5)
