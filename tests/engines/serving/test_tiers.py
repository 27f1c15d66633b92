"""Tiers go up fast, come down slowly, and never flutter."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, strategies

from engines.serving.policy import EXTREME, NORMAL, PEAK, TIERS
from engines.serving.tiers import Load, TierControl

CALM = Load(answered=10, refused=0, queue_ms=5, latency_ms=60, pending=0)
QUEUED = Load(answered=10, refused=0, queue_ms=150, latency_ms=220, pending=2)
SLOW = Load(answered=10, refused=0, queue_ms=900, latency_ms=1_000, pending=4)


def _feed(control: TierControl, load: Load, start_s: float, seconds: float) -> list[str]:
    return [control.update(start_s + step / 2, load).tier for step in range(int(seconds * 2) + 1)]


def test_up_one_tier_a_second_and_down_after_ten() -> None:
    control = TierControl()
    assert set(_feed(control, CALM, 0, 30)) == {NORMAL}
    up = _feed(control, SLOW, 31, 4)
    assert up[0] == NORMAL and up[-1] == EXTREME and PEAK in up
    down = _feed(control, CALM, 40, 30)
    assert down[18] == EXTREME, "nine calm seconds are not enough"
    assert down[-1] == NORMAL and PEAK in down


def test_queue_alone_leads_to_peak_only() -> None:
    assert _feed(TierControl(), QUEUED, 0, 60)[-1] == PEAK


def test_load_between_the_two_bounds_keeps_the_tier() -> None:
    control = TierControl()
    _feed(control, QUEUED, 0, 3)
    between = Load(answered=10, refused=0, queue_ms=70, latency_ms=120, pending=0)
    assert set(_feed(control, between, 4, 120)) == {PEAK}
    assert set(_feed(TierControl(), between, 0, 120)) == {NORMAL}


def test_refusals_and_a_standstill_count_as_hot() -> None:
    refused = Load(answered=5, refused=1, queue_ms=0, latency_ms=10, pending=0)
    standing = Load(answered=0, refused=0, queue_ms=0, latency_ms=0, pending=3)
    for load in (refused, standing):
        assert _feed(TierControl(), load, 0, 5)[-1] == EXTREME


def test_refuses_politely_with_the_time_the_queue_needs() -> None:
    control = TierControl()
    # 10 answers in each half second: 50 ms apart; 100 waiting need about 5 s.
    flooded = Load(answered=10, refused=0, queue_ms=2_000, latency_ms=2_100, pending=100)
    verdicts = [control.update(step / 2, flooded) for step in range(10)]
    assert verdicts[-1].refusing and 4 < verdicts[-1].retry_s < 6
    assert not control.update(6, CALM).refusing


def test_trials_grow_rare_while_the_main_model_stays_too_weak() -> None:
    control = TierControl()
    trials, was = 0, NORMAL
    for step in range(2 * 600):
        # Calm as long as the light model answers, too slow as soon as the main model does.
        now = control.update(step / 2, CALM if control.tier == EXTREME else SLOW).tier
        trials += was == EXTREME and now != EXTREME
        was = now
    assert 3 <= trials <= 7, "ten minutes with a trial every ten seconds would be fifty"


def test_fixed_tier_stays() -> None:
    assert set(_feed(TierControl(fixed=PEAK), SLOW, 0, 30)) == {PEAK}


@given(strategies.lists(strategies.sampled_from([CALM, QUEUED, SLOW]), min_size=1, max_size=200))
def test_never_two_downs_within_ten_seconds_and_never_a_jump(loads: list[Load]) -> None:
    control = TierControl()
    levels = [TIERS.index(control.update(step / 2, load).tier) for step, load in enumerate(loads)]
    moves = [(step / 2, after - before) for step, (before, after) in enumerate(pairwise(levels))]
    assert all(abs(change) <= 1 for _, change in moves)
    downs = [at for at, change in moves if change < 0]
    assert all(later - earlier >= 10 for earlier, later in pairwise(downs))
