"""Playing in the window: one sound at a time, opened and closed on a worker, followed by timer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from tutor.playback import Player
from ui.desktop.job import Job, Jobs

Floats = NDArray[np.float32]
POLL_MS = 33
GIVE_UP_S = 4.0


class Speaker(QObject):
    """``position``: seconds in the sound now heard, or a negative number once it ended; ``failed`` brings
    errors."""

    position = Signal(float)
    failed = Signal(object)

    def __init__(self, jobs: Jobs, make_player: Callable[[], Player] = Player) -> None:
        super().__init__()
        self._jobs = jobs
        self._make_player = make_player
        self._player = make_player()
        self._start_s = 0.0
        self._starting: Job[None] | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._poll)

    def play(self, samples: Floats, rate_hz: int, start_s: float = 0.0, end_s: float | None = None) -> None:
        """Play from ``start_s`` to ``end_s`` of float32 (n,); replaces what is playing."""
        if self._starting is not None:
            self._starting.cancel()
        player = self._player
        self._start_s = start_s
        starting = self._starting = self._jobs.submit(
            "sound",
            lambda: player.play(samples, rate_hz, start_s=start_s, end_s=end_s),
            self._started,
            self._not_started,
        )
        QTimer.singleShot(int(GIVE_UP_S * 1000), self, lambda: self._check(starting))

    def stop(self) -> None:
        """Be silent."""
        if self._starting is not None:
            self._starting.cancel()
            self._starting = None
        if self._timer.isActive():
            self._timer.stop()
            self.position.emit(-1.0)
        player = self._player
        self._jobs.submit("sound", player.close)

    def _started(self, _: None) -> None:
        self._starting = None
        self._timer.start()

    def _not_started(self, error: BaseException) -> None:
        self._starting = None
        self.failed.emit(error)

    def _check(self, starting: Job[None]) -> None:
        if self._starting is starting and not starting.finished.is_set():
            # The old player stays with the thread that hangs in it.
            self._jobs.replace("sound")
            self._player = self._make_player()
            self._starting = None

    def _poll(self) -> None:
        if self._player.is_playing:
            self.position.emit(self._start_s + self._player.position_s)
        else:
            self.stop()
