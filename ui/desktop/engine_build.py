"""A GPU engine built behind the CPU's back: what its builder tells, handed to the window's thread, and how it is
stopped."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, QTimer, Signal

POLL_MS = 100
"""Builders report far more often than anybody can read."""


@dataclass(frozen=True)
class BuildStep:
    """``done`` of ``total`` steps of the phase ``label``; ``total`` 0 where it is not known."""

    label: str
    done: int
    total: int


class EngineBuild(QObject):
    """``stepped`` brings the newest ``BuildStep`` now and then; ``ended`` None once the engine took over, else the error
    (``Cancelled`` where it was stopped). ``begin``, ``report`` and ``end`` may be called from any thread."""

    stepped = Signal(object)
    ended = Signal(object)
    _begun = Signal()
    _over = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._stop = threading.Event()
        self._newest: BuildStep | None = None
        self._shown: BuildStep | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._poll)
        self._begun.connect(self._watch, Qt.ConnectionType.QueuedConnection)
        self._over.connect(self._finish, Qt.ConnectionType.QueuedConnection)

    def begin(self) -> None:
        """Before a model is opened: what was stopped may be built again."""
        self._stop.clear()
        self._newest = None

    def cancel(self) -> None:
        """Stop at the builder's next report; nothing is kept."""
        self._stop.set()

    def report(self, label: str, done: int, total: int) -> bool:
        """See ``tutor.progress.Progress``."""
        first, self._newest = self._newest is None, BuildStep(label, done, total)
        if first:
            self._begun.emit()
        return not self._stop.is_set()

    def end(self, error: Exception | None) -> None:
        """The build is over."""
        self._over.emit(error)

    def _watch(self) -> None:
        self._timer.start()
        self._poll()

    def _poll(self) -> None:
        newest = self._newest
        if newest is not None and newest is not self._shown:
            self._shown = newest
            self.stepped.emit(newest)

    def _finish(self, error: Exception | None) -> None:
        self._timer.stop()
        self._newest = self._shown = None
        self.ended.emit(error)
