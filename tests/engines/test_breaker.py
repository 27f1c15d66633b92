from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import pytest

from engines.breaker import (
    CLOSED,
    FIRST_WAIT_S,
    HALF_OPEN,
    LONGEST_WAIT_S,
    OPEN,
    Backend,
    Breaker,
    FallbackModel,
)
from engines.canned import CannedModel
from tests.engines.check_model import check_model, evidence_of
from tutor.acoustic import AcousticOutput, EngineInfo, Floats, ScorerInput, ScorerOutput
from tutor.errors import AudioError, DeviceLost, EngineError, InstallError, ModelError, OutOfMemory

CLIP = np.zeros(16_000, np.float32)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Moody(CannedModel):
    """Raises whatever lies in ``moods`` before it answers again."""

    def __init__(self, name: str, moods: list[Exception | None] | None = None) -> None:
        super().__init__()
        self._info = EngineInfo(name, name, "fp32", "")
        self.moods = moods if moods is not None else []
        self.heard = 0
        self.scored = 0
        self.closed = 0

    def listen(self, clips: Sequence[Floats]) -> list[AcousticOutput]:
        mood = self.moods.pop(0) if self.moods else None
        if mood is not None:
            raise mood
        self.heard += 1
        return super().listen(clips)

    def score(self, evidence: Sequence[ScorerInput]) -> list[ScorerOutput]:
        self.scored += 1
        return super().score(evidence)

    def close(self) -> None:
        self.closed += 1


def ladder(*models: Moody, clock: Clock | None = None) -> FallbackModel:
    backends = [Backend(model.info.backend, lambda model=model: model) for model in models]  # type: ignore[misc]
    return FallbackModel(backends, clock=clock or Clock())


def test_closed_open_half_open_closed() -> None:
    clock = Clock()
    breaker = Breaker(clock=clock)
    assert breaker.may_pass() and breaker.state == CLOSED
    breaker.failed()
    assert breaker.state == OPEN and not breaker.may_pass()
    clock.now = FIRST_WAIT_S - 1
    assert not breaker.may_pass()
    clock.now = FIRST_WAIT_S
    assert breaker.may_pass() and breaker.state == HALF_OPEN
    assert not breaker.may_pass()
    breaker.succeeded()
    assert breaker.state == CLOSED and breaker.may_pass() and breaker.may_pass()


def test_failed_trials_wait_longer_up_to_a_limit() -> None:
    clock = Clock()
    breaker = Breaker(clock=clock)
    breaker.failed()
    waits = []
    for _ in range(7):
        started = clock.now
        while not breaker.may_pass():
            clock.now += 1
        waits.append(clock.now - started)
        breaker.failed()
    assert waits == [30, 60, 120, 240, 480, 600, LONGEST_WAIT_S]
    clock.now += 600
    breaker.may_pass()
    breaker.succeeded()
    breaker.failed()
    clock.now += FIRST_WAIT_S
    assert breaker.may_pass()


def test_one_trial_among_many_threads() -> None:
    clock = Clock()
    breaker = Breaker(clock=clock)
    breaker.failed()
    clock.now = 100
    start, passed = threading.Barrier(8), []

    def ask() -> None:
        start.wait()
        if breaker.may_pass():
            passed.append(1)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == 1


def test_obeys_the_contract() -> None:
    check_model(ladder(Moody("gpu"), Moody("cpu")))


@pytest.mark.parametrize(
    "error", [OutOfMemory("full"), DeviceLost("gone"), EngineError("broken"), InstallError("old")]
)
def test_a_failing_take_is_answered_by_the_next_and_told_once(error: Exception) -> None:
    gpu, cpu = Moody("gpu", [error]), Moody("cpu")
    model = ladder(gpu, cpu)
    assert len(model.listen([CLIP])) == 1
    assert model.info.backend == "cpu" and gpu.closed == 1
    notice = model.take_notice()
    assert "gpu" in notice and str(error) in notice and "\n" not in notice
    assert model.take_notice() == ""
    assert model.states() == [("gpu", OPEN), ("cpu", CLOSED)]


def test_the_failed_one_rests_and_is_tried_again_later() -> None:
    clock = Clock()
    gpu, cpu = Moody("gpu", [DeviceLost("gone"), DeviceLost("still gone")]), Moody("cpu")
    model = ladder(gpu, cpu, clock=clock)
    for _ in range(3):
        model.listen([CLIP])
    assert (gpu.heard, cpu.heard) == (0, 3) and len(gpu.moods) == 1
    clock.now = 31
    model.listen([CLIP])
    assert cpu.heard == 4 and not gpu.moods
    clock.now = 60
    model.listen([CLIP])
    assert gpu.heard == 0
    clock.now = 31 + 60
    model.listen([CLIP])
    assert gpu.heard == 1 and model.info.backend == "gpu"


def test_scores_come_from_whoever_listened() -> None:
    gpu, cpu = Moody("gpu", [DeviceLost("gone")]), Moody("cpu")
    model = ladder(gpu, cpu)
    model.listen([CLIP])
    model.score([evidence_of(3, 3, 8, 0)])
    assert (gpu.scored, cpu.scored) == (0, 1)
    seen = []

    def other() -> None:
        model.score([evidence_of(3, 3, 8, 0)])
        seen.append(model.info.backend)

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert seen == ["gpu"] and gpu.scored == 1


def test_all_down_is_one_engine_error_and_recovers() -> None:
    clock = Clock()
    model = ladder(Moody("gpu", [DeviceLost("gone")]), Moody("cpu", [OutOfMemory("full")]), clock=clock)
    with pytest.raises(EngineError, match="No engine can answer now"):
        model.listen([CLIP])
    with pytest.raises(EngineError, match="set aside"):
        model.listen([CLIP])
    clock.now = 60
    assert len(model.listen([CLIP])) == 1


def test_a_bad_clip_is_nobodys_failure() -> None:
    model = ladder(Moody("gpu"), Moody("cpu"))
    with pytest.raises(AudioError):
        model.listen([np.zeros(10, np.float32)])
    assert model.states() == [("gpu", CLOSED), ("cpu", CLOSED)] and model.take_notice() == ""


def test_openers_that_fail_are_passed_over_and_reopened_later() -> None:
    clock, tries = Clock(), []

    def stubborn() -> Moody:
        tries.append(clock.now)
        if len(tries) == 1:
            raise ModelError("no engine is built")
        return Moody("gpu")

    model = FallbackModel([Backend("gpu", stubborn), Backend("cpu", lambda: Moody("cpu"))], clock=clock)
    assert model.info.backend == "cpu" and "no engine is built" in model.take_notice()
    model.listen([CLIP])
    assert tries == [0.0]
    clock.now = 40
    model.listen([CLIP])
    assert model.info.backend == "gpu"


def test_no_opener_that_works_raises_the_last_reason() -> None:
    def broken() -> Moody:
        raise ModelError("damaged")

    with pytest.raises(ModelError, match="damaged"):
        FallbackModel([Backend("cpu", broken)])
    with pytest.raises(EngineError):
        FallbackModel([])


def test_take_over_between_two_takes() -> None:
    cpu, gpu = Moody("cpu"), Moody("gpu")
    model = ladder(cpu)
    model.listen([CLIP])
    model.take_over(Backend("gpu", lambda: gpu), gpu)
    assert model.info.backend == "cpu"
    model.score([evidence_of(3, 3, 8, 0)])
    assert cpu.scored == 1
    model.listen([CLIP])
    assert model.info.backend == "gpu" and "gpu is ready" in model.take_notice()


def test_close_ends_background_work_first() -> None:
    order: list[str] = []
    cpu = Moody("cpu")
    model = ladder(cpu)
    model.on_close(lambda: order.append(f"closer, model closed {cpu.closed} times"))
    model.close()
    assert order == ["closer, model closed 0 times"] and cpu.closed == 1


def test_a_backend_that_cannot_even_be_closed() -> None:
    class Stuck(Moody):
        def close(self) -> None:
            raise DeviceLost("gone")

    model = ladder(Stuck("gpu", [DeviceLost("gone")]), Moody("cpu"))
    assert len(model.listen([CLIP])) == 1
