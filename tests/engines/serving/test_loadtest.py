"""The load test's own arithmetic, against a model that is not a server."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import pytest

from engines.canned import CannedModel
from engines.serving import loadtest
from engines.serving.loadtest import Take
from tutor.acoustic import AcousticOutput, EngineInfo, Floats
from tutor.errors import EngineError

NORMAL = EngineInfo("triton", "main 1.0", "fp32", "load test, server h:1, tier normal")
QUICK = EngineInfo("triton", "light 1.0", "fp32", "load test, server h:1, tier extreme, quick score")


def test_report_counts_waits_and_who_made_them() -> None:
    takes = [Take(0, 2, wait, NORMAL) for wait in range(1, 100)] + [Take(0, 2, 500, QUICK)]
    takes.append(Take(0, 2, 9_999, None, "EngineError: gone"))
    found = loadtest.report(takes, learners=3, seconds=50, mean_batch=1.5, memory_mb=(10, 11))
    assert (found.takes, found.failed, found.takes_per_s) == (101, 1, 2.0)
    assert found.wait_ms["p50"] == pytest.approx(50.5) and found.wait_ms["max"] == 500
    assert found.by == {"triton main 1.0, normal": 99, "triton light 1.0, extreme": 1}
    assert found.failures == {"EngineError: gone": 1}
    labels = [label for label, _ in loadtest.rows(found)]
    assert "failed" in labels and "wait, p50 / p95 / p99" in labels


class Flaky(CannedModel):
    """Every third listening fails."""

    count = 0
    lock = threading.Lock()

    def listen(self, clips: Sequence[Floats]) -> list[AcousticOutput]:
        with Flaky.lock:
            Flaky.count += 1
            failing = Flaky.count % 3 == 0
        if failing:
            raise EngineError("every third")
        return super().listen(clips)


def test_learners_take_turns_and_failures_are_counted_not_raised() -> None:
    Flaky.count = 0
    found = loadtest.play(Flaky, learners=4, seconds=1.2, features=3, every_s=(0.05, 0.1))
    assert found.takes > 8 and found.failed == pytest.approx(found.takes / 3, abs=1)
    assert list(found.failures) == ["EngineError: every third"]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("learner-")]


def test_stop_ends_it_early() -> None:
    found = loadtest.play(CannedModel, learners=2, seconds=60, features=3, progress=lambda *_: False)
    assert found.seconds < 10


def test_sound_has_the_length_of_a_take() -> None:
    clip = loadtest.sound(2.5, np.random.default_rng(1))
    assert clip.dtype == np.float32 and len(clip) == 40_000 and 0.01 < np.abs(clip).max() < 1
