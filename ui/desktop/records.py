"""The history in the window: one connection that lives on the worker for files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from tutor.attempt import Attempt, streak_days
from tutor.history import History
from ui.desktop.job import Jobs
from ui.desktop.shown import Progress

Result = TypeVar("Result")
SERIES_LENGTH = 200


class Records(QObject):
    """``failed`` brings errors; ``set_aside`` the path of a history file that was damaged."""

    failed = Signal(object)
    set_aside = Signal(object)

    def __init__(self, jobs: Jobs, path: Path) -> None:
        super().__init__()
        self._jobs = jobs
        self._path = path
        # Touched by the files' worker alone: SQLite connections belong to one thread.
        self._history: History | None = None

    def ask(
        self, question: Callable[[History], Result], answer: Callable[[Result], None] | None = None
    ) -> None:
        """Run ``question`` on the worker; ``answer`` is called with its result in the window's thread."""
        self._jobs.submit("files", lambda: question(self._open()), answer, self.failed.emit)

    def add(self, attempt: Attempt, answer: Callable[[int], None] | None = None) -> None:
        """Store an attempt."""
        self.ask(lambda history: history.add(attempt), answer)

    def close(self) -> None:
        """Close the file once queued work is done."""
        self._jobs.submit("files", self._close)

    def _open(self) -> History:
        if self._history is None:
            self._history = History(self._path)
            if self._history.set_aside is not None:
                self.set_aside.emit(self._history.set_aside)
        return self._history

    def _close(self) -> None:
        if self._history is not None:
            self._history.close()
            self._history = None


def progress_of(history: History, learner: str) -> Progress:
    """Everything the progress page shows of one learner."""
    series: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for score in history.phone_scores(learner):
        series[score.arpabet].append((score.when, score.score))
    days = history.days(learner)
    return Progress(
        summaries=tuple(history.summaries(learner)),
        phones=tuple(history.phone_means(learner)),
        phone_series={phone: tuple(points[-SERIES_LENGTH:]) for phone, points in series.items()},
        streak_days=streak_days(days, date.today()),
        days=len(days),
    )
