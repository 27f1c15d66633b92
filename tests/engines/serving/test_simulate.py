"""The queueing model against cases whose answer is known."""

from __future__ import annotations

import pytest

from engines.serving.simulate import Service, fewest, fit, play, servers_needed


def test_an_idle_server_answers_in_its_service_time() -> None:
    service = Service(fixed_ms=10, per_take_ms=30, max_batch=1, delay_ms=0, network_ms=5)
    outcome = play(1, 1, service, seconds=600)
    assert outcome.p50_ms == outcome.p99_ms == pytest.approx(45)
    assert outcome.stable and outcome.mean_batch == 1


def test_busy_share_is_arrival_rate_times_service_time() -> None:
    service = Service(fixed_ms=0, per_take_ms=50, max_batch=1, delay_ms=0, network_ms=0)
    outcome = play(150, 1, service, seconds=600)  # 10 takes a second
    assert outcome.busy == pytest.approx(0.5, abs=0.03)


def test_wait_is_that_of_a_queue_with_fixed_service_time() -> None:
    # M/D/1 at half load waits s * rho / (2 * (1 - rho)) = s / 2 on average, so the mean time is 1.5 s; its
    # median is
    # below, its p95 above that.
    service = Service(fixed_ms=0, per_take_ms=50, max_batch=1, delay_ms=0, network_ms=0)
    outcome = play(150, 1, service, seconds=1_200)
    assert 50 <= outcome.p50_ms < 75 < outcome.p95_ms < 250


def test_overload_is_not_called_stable() -> None:
    service = Service(fixed_ms=0, per_take_ms=100, max_batch=1, delay_ms=0)
    assert not play(300, 1, service).stable


def test_batches_carry_what_single_takes_cannot() -> None:
    alone = Service(fixed_ms=80, per_take_ms=5, max_batch=1, delay_ms=0)
    merged = Service(fixed_ms=80, per_take_ms=5, max_batch=16, delay_ms=0)
    assert not play(450, 1, alone).stable
    outcome = play(450, 1, merged)
    assert outcome.stable and outcome.mean_batch > 2


def test_enough_servers_are_found_and_no_more_than_needed() -> None:
    service = Service(fixed_ms=20, per_take_ms=20, max_batch=16)
    outcomes = servers_needed(3_000, service, seconds=60)
    needed = fewest(outcomes)
    assert needed is not None
    by_count = {outcome.servers: outcome for outcome in outcomes}
    assert by_count[needed].p95_ms <= 1_000
    assert needed - 1 not in by_count or by_count[needed - 1].p95_ms > 1_000 or not by_count[needed -
    1].stable


def test_fit_recovers_a_line_and_never_goes_below_zero() -> None:
    assert fit({1: 12.0, 4: 18.0, 8: 26.0}) == pytest.approx((10.0, 2.0))
    fixed, per_take = fit({1: 10.0, 2: 30.0})
    assert fixed == 0 and per_take > 0
    assert fit({4: 20.0}) == (0.0, 5.0)
