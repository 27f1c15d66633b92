"""Worker processes: everything done once, deaths and faults cost one job, a stop finishes what is in hand."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tutor.errors import EngineError, ModelError, OutputError, TextError
from tutor.workers import run_jobs


def open_square() -> Callable[[int], int]:
    return square


def square(job: int) -> int:
    if job == 13:
        raise TextError("thirteen is not wanted")
    if job == 14:
        raise ZeroDivisionError("oops")
    return job * job


def open_deadly(marks: Path) -> Callable[[int], int]:
    return partial(deadly, marks)


def deadly(marks: Path, job: int) -> int:
    if job == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    if job == 5 and not (marks / "once").exists():
        (marks / "once").touch()
        os._exit(7)
    return job


def open_broken() -> Callable[[int], int]:
    raise ModelError("no model here")


def open_dying() -> Callable[[int], int]:
    os._exit(9)


def open_asking() -> Callable[[int], bool]:
    blocked = signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    return lambda job: blocked


def open_full() -> Callable[[int], int]:
    return full


def full(job: int) -> int:
    raise OutputError("no space left")


def open_slow() -> Callable[[int], int]:
    return slow


def slow(job: int) -> int:
    time.sleep(0.05)
    return job


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_every_job_is_answered_once(workers: int) -> None:
    outcomes = {outcome.index: outcome for outcome in run_jobs(range(20), open_square, workers)}
    assert sorted(outcomes) == list(range(20))
    good = [index for index in range(20) if index not in (13, 14)]
    assert [outcomes[index].result for index in good] == [index * index for index in good]
    assert outcomes[13].error == "thirteen is not wanted"
    assert outcomes[14].error == "Internal error: ZeroDivisionError: oops"


def test_a_killed_worker_costs_one_job(tmp_path: Path) -> None:
    outcomes = {item.index: item for item in run_jobs(range(12), partial(open_deadly, tmp_path), 2)}
    assert sorted(outcomes) == list(range(12))
    assert "signal 9" in outcomes[3].error and "2 times" in outcomes[3].error
    assert outcomes[5].result == 5, "tried again after the first death"
    assert all(outcomes[index].result == index for index in range(12) if index != 3)


def test_more_workers_than_jobs() -> None:
    assert [outcome.result for outcome in run_jobs([4], open_square, 5)] == [16]
    assert list(run_jobs([], open_square, 2)) == []


@pytest.mark.parametrize("workers", [0, 1])
def test_what_opening_raises_ends_the_run(workers: int) -> None:
    with pytest.raises(ModelError, match="no model here"):
        list(run_jobs([1, 2], open_broken, workers))


def test_workers_that_die_while_opening_end_the_run() -> None:
    with pytest.raises(EngineError, match="before its first file"):
        list(run_jobs([1, 2], open_dying, 1))


@pytest.mark.parametrize("workers", [0, 2])
def test_a_full_disk_ends_the_run(workers: int) -> None:
    with pytest.raises(OutputError, match="no space left"):
        list(run_jobs(range(9), open_full, workers))


@pytest.mark.parametrize("workers", [0, 2])
def test_a_stop_finishes_what_is_in_hand(workers: int) -> None:
    done: list[int] = []
    for outcome in run_jobs(range(100), open_slow, workers, lambda: len(done) < 5):
        assert outcome.result == outcome.index
        done.append(outcome.index)
    assert 5 <= len(done) <= 12
    assert sorted(done) == list(range(len(done))), "no gap: jobs go out in order"


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="no signal masks on this system")
def test_interrupts_cannot_reach_a_worker_while_it_starts() -> None:
    assert [outcome.result for outcome in run_jobs([1], open_asking, 1)] == [True]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_leaving_early_leaves_no_process() -> None:
    import multiprocessing

    for _ in run_jobs(range(100), open_slow, 2):
        break
    assert multiprocessing.active_children() == []


def blas_threads() -> object:
    return lambda job: os.environ.get("OPENBLAS_NUM_THREADS")


def test_workers_start_without_a_pool_of_blas_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    for before in ("7", None):
        if before is None:
            monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
        else:
            monkeypatch.setenv("OPENBLAS_NUM_THREADS", before)
        assert [outcome.result for outcome in run_jobs([1], blas_threads, 1)] == ["1"]
        assert os.environ.get("OPENBLAS_NUM_THREADS") == before
