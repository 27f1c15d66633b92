from __future__ import annotations

import threading
from typing import Any

import pytest

from tutor.errors import Cancelled
from ui.desktop.job import Jobs


@pytest.fixture
def jobs(qapp: Any) -> Any:
    made = Jobs()
    yield made
    made.close()


def test_outcomes_arrive_in_the_windows_thread_and_in_order(jobs: Jobs, qtbot: Any) -> None:
    arrived: list[tuple[int, bool]] = []
    workers = set()

    def work(number: int) -> int:
        workers.add(threading.current_thread().name)
        return number

    def done(number: int) -> None:
        arrived.append((number, threading.current_thread() is threading.main_thread()))

    for number in range(20):
        jobs.submit("a", lambda n=number: work(n), done)
    qtbot.waitUntil(lambda: len(arrived) == 20)
    assert arrived == [(number, True) for number in range(20)]
    assert workers == {"tutor-a"}


def test_failures_go_to_the_handler_or_to_all(jobs: Jobs, qtbot: Any) -> None:
    own: list[BaseException] = []
    common: list[BaseException] = []
    jobs.failed.connect(common.append)

    def fail(error: BaseException) -> None:
        raise error

    jobs.submit("a", lambda: fail(ValueError("own")), failed=own.append)
    jobs.submit("a", lambda: fail(ValueError("common")))
    jobs.submit("a", lambda: fail(Cancelled("nobody")))
    qtbot.waitUntil(lambda: bool(own and common))
    qtbot.wait(20)
    assert [str(error) for error in own + common] == ["own", "common"]


def test_cancelled_work_never_arrives_and_waiting_work_never_starts(jobs: Jobs, qtbot: Any) -> None:
    gate, started, arrived = threading.Event(), threading.Event(), []

    def first() -> str:
        started.set()
        gate.wait(5)
        return "first"

    running = jobs.submit("a", first, arrived.append)
    ran = []
    waiting = jobs.submit("a", lambda: ran.append("second"), arrived.append)
    assert started.wait(5)
    running.cancel()
    waiting.cancel()
    gate.set()
    jobs.submit("a", lambda: "third", arrived.append)
    qtbot.waitUntil(lambda: bool(arrived))
    assert (arrived, ran) == (["third"], [])


def test_a_stuck_worker_is_replaced(jobs: Jobs, qtbot: Any) -> None:
    gate, arrived = threading.Event(), []
    jobs.submit("sound", lambda: gate.wait(20), arrived.append)
    jobs.replace("sound")
    jobs.submit("sound", lambda: "next", arrived.append)
    qtbot.waitUntil(lambda: arrived == ["next"])
    gate.set()


def test_nothing_arrives_after_closing(qapp: Any, qtbot: Any) -> None:
    jobs, arrived = Jobs(), []
    jobs.submit("a", lambda: 1, arrived.append)
    assert jobs.close()
    assert jobs.submit("a", lambda: 2, arrived.append).cancelled.is_set()
    qtbot.wait(30)
    assert arrived == []
