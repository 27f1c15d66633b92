"""The only maker of threads: named workers with one thread each, whose results arrive in the window's
thread."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QObject, Qt, Signal, Slot

from tutor.errors import Cancelled

Result = TypeVar("Result")
log = logging.getLogger(__name__)


class Job(Generic[Result]):
    """A piece of work under way. ``cancel`` keeps its outcome from arriving and tells the work to stop."""

    def __init__(
        self,
        work: Callable[[], Result],
        done: Callable[[Result], None] | None,
        failed: Callable[[BaseException], None] | None,
    ) -> None:
        self._work: Callable[[], Result] | None = work
        self._done, self._failed = done, failed
        self.cancelled = threading.Event()
        self.finished = threading.Event()
        self._result: Result | None = None
        self._error: BaseException | None = None

    def cancel(self) -> None:
        """Its outcome is of no interest any more."""
        self.cancelled.set()

    @property
    def result(self) -> Result | None:
        """What the work of a cancelled job returned all the same; None before it is finished."""
        return self._result

    def run(self) -> None:
        """Do the work; on the worker's thread."""
        work, self._work = self._work, None
        if work is not None and not self.cancelled.is_set():
            try:
                self._result = work()
            except BaseException as error:
                self._error = error
        self.finished.set()

    def deliver(self, default_failed: Callable[[BaseException], None]) -> None:
        """Hand over the outcome and keep nothing of it; in the window's thread."""
        done, failed = self._done, self._failed
        self._done = self._failed = None
        if self.cancelled.is_set() or isinstance(self._error, Cancelled):
            return
        result, self._result = self._result, None
        if self._error is not None:
            (failed or default_failed)(self._error)
        elif done is not None:
            done(result)  # type: ignore[arg-type]


class _Worker:
    """One daemon thread: a sound device that hangs for ever must not keep the program from ending."""

    def __init__(self, name: str, arrived: Callable[[Job[Any]], None]) -> None:
        self.jobs: queue.SimpleQueue[Job[Any] | None] = queue.SimpleQueue()
        self.current: Job[Any] | None = None
        self._arrived = arrived
        self.thread = threading.Thread(target=self._run, name=f"tutor-{name}", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        while (job := self.jobs.get()) is not None:
            self.current = job
            job.run()
            self.current = None
            try:
                self._arrived(job)
            except RuntimeError:
                log.debug("the window closed before a job's outcome arrived")


class Jobs(QObject):
    """The workers by name. ``failed`` takes errors of jobs that were given no handler of their own."""

    failed = Signal(object)
    _arrived = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._workers: dict[str, _Worker] = {}
        self._closed = False
        self._arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def submit(
        self,
        worker: str,
        work: Callable[[], Result],
        done: Callable[[Result], None] | None = None,
        failed: Callable[[BaseException], None] | None = None,
    ) -> Job[Result]:
        """Queue ``work`` on the named worker; ``done`` or ``failed`` is called in the window's thread."""
        job = Job(work, done, failed)
        if self._closed:
            job.cancel()
            return job
        if worker not in self._workers:
            self._workers[worker] = _Worker(worker, self._arrived.emit)
        self._workers[worker].jobs.put(job)
        return job

    def replace(self, worker: str) -> None:
        """Give up on a worker whose job hangs: later jobs run on a new thread, the old one ends when it
        can."""
        stuck = self._workers.pop(worker, None)
        if stuck is not None:
            stuck.jobs.put(None)

    def close(self, wait_s: float = 2.0) -> bool:
        """Let queued jobs finish for at most ``wait_s`` each; whether all threads ended. Nothing arrives any
        more."""
        self._closed = True
        for worker in self._workers.values():
            worker.jobs.put(None)
        ended = True
        for worker in self._workers.values():
            worker.thread.join(wait_s)
            ended = ended and not worker.thread.is_alive()
        self._workers.clear()
        return ended

    @Slot(object)
    def _deliver(self, job: Job[Any]) -> None:
        if not self._closed:
            job.deliver(self.failed.emit)
