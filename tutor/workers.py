"""Worker processes for long lists of jobs: one that dies costs one job, never the run.

Jobs go out one by one, so that a stop finishes what is in hand, and nothing is held for results not yet due.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

from tutor.errors import DeviceLost, EngineError, InstallError, OutputError, TutorError

Job = TypeVar("Job")
Result = TypeVar("Result")
Work = Callable[[Job], Result]

AHEAD = 2
"""Jobs sent to a worker before its first answer: the next one waits in the pipe, so no worker idles."""

ATTEMPTS = 2
POLL_S = 0.25
_BLAS_THREADS = "OPENBLAS_NUM_THREADS"


@dataclass(frozen=True)
class Outcome(Generic[Result]):
    """The answer to job number ``index``: a result, or the line that says what went wrong."""

    index: int
    result: Result | None
    error: str = ""


def run_jobs(
    jobs: Iterable[Job],
    open_work: Callable[[], Work[Job, Result]],
    workers: int,
    keep_going: Callable[[], bool] = lambda: True,
) -> Iterator[Outcome[Result]]:
    """Do all jobs and yield their outcomes as they come, in any order.

    ``open_work`` is called once in every worker (it must be picklable) and gives the function that does a
    job; with 0 workers all happens in this process. ``keep_going`` is asked several times a second; once it
    says False no new job is begun and the iterator ends when those in hand are done. A job during which its
    worker dies is tried once more and then reported as failed. Raises what ``open_work`` raises, and a job's
    ``OutputError`` or ``DeviceLost``.
    """
    numbered = enumerate(jobs)
    if workers == 0:
        work = open_work()
        for index, job in numbered:
            if not keep_going():
                return
            yield _attempt(work, index, job)
        return
    yield from _Crew(numbered, open_work, workers, keep_going).outcomes()


def _attempt(work: Work[Job, Result], index: int, job: Job) -> Outcome[Result]:
    try:
        return Outcome(index, work(job))
    except (OutputError, DeviceLost):
        # A full disk or a lost accelerator is nothing about this file: the next ones would fail alike.
        raise
    except TutorError as error:
        return Outcome(index, None, str(error))
    except MemoryError:
        return Outcome(index, None, "Not enough memory for this file; use fewer workers.")
    except Exception as error:
        # A fault of ours in one file must not end a run of thousands; the line says where to look.
        return Outcome(index, None, f"Internal error: {type(error).__name__}: {error}")


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    jobs: deque[tuple[int, Any]] = field(default_factory=deque)
    ready: bool = False


class _Crew(Generic[Job, Result]):
    """The parent's side: who works on what, and who has to be replaced."""

    def __init__(
        self,
        jobs: Iterator[tuple[int, Job]],
        open_work: Callable[[], Work[Job, Result]],
        workers: int,
        keep_going: Callable[[], bool],
    ) -> None:
        self._jobs = jobs
        self._open_work = open_work
        self._keep_going = keep_going
        self._again: deque[tuple[int, Job]] = deque()
        self._deaths: dict[int, int] = {}
        self._size = workers
        self._workers: list[_Worker] = []

    def outcomes(self) -> Iterator[Outcome[Result]]:
        try:
            for _ in range(self._size):
                self._start()
            while any(worker.jobs for worker in self._workers):
                going = self._keep_going()
                ready = wait([worker.pipe for worker in self._workers if worker.jobs], POLL_S)
                for worker in [worker for worker in self._workers if worker.pipe in ready]:
                    outcome = self._receive(worker, going)
                    if outcome is not None:
                        yield outcome
        finally:
            self._dismiss()

    def _start(self) -> None:
        """Add a worker, unless there is nothing left for it."""
        first = self._next()
        if first is None:
            return
        context = multiprocessing.get_context("spawn")
        mine, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(self._open_work, theirs), daemon=True)
        with _interrupts_held(), _one_blas_thread():
            process.start()
        theirs.close()
        worker = _Worker(process, mine)
        self._workers.append(worker)
        self._send(worker, first)
        for _ in range(AHEAD - 1):
            self._send(worker, self._next())

    def _next(self) -> tuple[int, Job] | None:
        return self._again.popleft() if self._again else next(self._jobs, None)

    def _send(self, worker: _Worker, task: tuple[int, Job] | None) -> None:
        if task is None:
            return
        worker.jobs.append(task)
        # A worker that died since its last answer is found out when its pipe is read.
        with contextlib.suppress(OSError):
            worker.pipe.send(task)

    def _receive(self, worker: _Worker, going: bool) -> Outcome[Result] | None:
        try:
            answer = worker.pipe.recv()
        except (EOFError, OSError):
            return self._bury(worker, going)
        if isinstance(answer, TutorError):
            raise answer
        if not worker.ready:
            worker.ready = True
            return None
        worker.jobs.popleft()
        if going:
            self._send(worker, self._next())
        outcome: Outcome[Result] = answer
        return outcome

    def _bury(self, worker: _Worker, going: bool) -> Outcome[Result] | None:
        worker.process.join()
        worker.pipe.close()
        self._workers.remove(worker)
        ending = _ending(worker.process.exitcode)
        if not worker.ready:
            raise EngineError(f"A worker process ended ({ending}) before its first file; try --jobs 1.")
        index, job = worker.jobs.popleft()
        self._again.extend(worker.jobs)
        self._deaths[index] = self._deaths.get(index, 0) + 1
        lost = self._deaths[index] >= ATTEMPTS
        if not lost:
            self._again.append((index, job))
        if going:
            self._start()
        message = f"The worker process ended ({ending}) while scoring this file, {ATTEMPTS} times."
        return Outcome(index, None, message) if lost else None

    def _dismiss(self) -> None:
        for worker in self._workers:
            worker.pipe.close()
        for worker in self._workers:
            worker.process.join(timeout=2)
            if worker.process.is_alive():
                worker.process.terminate()
                worker.process.join()


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """A child starts with interrupts blocked: Ctrl-C while it still imports would end it with a traceback."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _one_blas_thread() -> Iterator[None]:
    """A child starts without numpy's pool of threads, which would spin beside the other workers; it reads this when loaded."""
    before = os.environ.get(_BLAS_THREADS)
    os.environ[_BLAS_THREADS] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_BLAS_THREADS]
        else:
            os.environ[_BLAS_THREADS] = before


def _ending(code: int | None) -> str:
    return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"


def _serve(open_work: Callable[[], Work[Any, Any]], pipe: Connection) -> None:
    """A worker's life. Ctrl-C reaches the whole process group; only the parent decides what it means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        work = open_work()
    except TutorError as error:
        pipe.send(error)
        return
    except ImportError as error:
        pipe.send(InstallError(f"A worker cannot load a part of Tutor ({error}); reinstall it."))
        return
    pipe.send("ready")
    while True:
        try:
            index, job = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            answer: object = _attempt(work, index, job)
        except (OutputError, DeviceLost) as error:
            answer = error
        try:
            pipe.send(answer)
        except OSError:
            return
