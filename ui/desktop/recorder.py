"""Recording in the window: opens the microphone on a worker, watches it by timer, hands over the take.

The window's thread never opens, stops or closes a stream: those calls can hang for ever on a faulty device.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from tutor.endpoint import Endpoint
from tutor.errors import DeviceError
from tutor.microphone import Microphone
from ui.desktop.job import Job, Jobs

Floats = NDArray[np.float32]
POLL_MS = 33
OPEN_S = 8.0
CLOSE_S = 2.0
"""A device that takes longer than this to open or close is given up."""


@dataclass(frozen=True)
class Recording:
    """``samples``: float32 (n,) at ``rate_hz``; ``fault``: empty, or what happened to the device; ``ended_s``:
    clock (``perf_counter``) when it was over."""

    samples: Floats
    rate_hz: int
    fault: str
    ended_s: float


class Recorder(QObject):
    """One recording at a time. ``ended`` brings the take, also when the device failed half way."""

    started = Signal()
    failed = Signal(object)
    heard = Signal(object, int)
    level = Signal(object, float)
    ended = Signal(object)

    def __init__(self, jobs: Jobs, make_microphone: Callable[[], Microphone] = Microphone) -> None:
        super().__init__()
        self._jobs = jobs
        self._make_microphone = make_microphone
        self._microphone: Microphone | None = None
        self._opening: Job[Microphone] | None = None
        self._seen = 0
        self._endpoint: Endpoint | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._poll)

    @property
    def is_recording(self) -> bool:
        """Whether a recording was asked for and has not ended."""
        return self._opening is not None or self._microphone is not None

    def start(self, device: str, *, auto_stop_s: float | None) -> None:
        """Begin; ``started`` or ``failed`` follows. ``device`` empty: the system's choice."""
        if self.is_recording:
            return
        microphone = self._make_microphone()

        def work() -> Microphone:
            microphone.open(device or None)
            return microphone

        self._auto_stop_s = auto_stop_s
        opening = self._opening = self._jobs.submit("sound", work, self._opened, self._not_opened)
        QTimer.singleShot(int(OPEN_S * 1000), self, lambda: self._give_up(opening))

    def stop(self) -> None:
        """End and hand over what was recorded."""
        if self._opening is not None:
            self._opening.cancel()
            self._jobs.submit("sound", _closer(self._opening))
            self._opening = None
            self.ended.emit(Recording(np.zeros(0, np.float32), 16_000, "", time.perf_counter()))
        elif self._microphone is not None:
            self._finish("")

    def cancel(self) -> None:
        """End and forget."""
        if self._opening is not None:
            self._opening.cancel()
            self._jobs.submit("sound", _closer(self._opening))
            self._opening = None
        elif self._microphone is not None:
            self._let_go()

    def _opened(self, microphone: Microphone) -> None:
        self._opening = None
        self._microphone = microphone
        self._seen = 0
        self._endpoint = None
        if self._auto_stop_s is not None:
            self._endpoint = Endpoint(microphone.rate_hz, silence_s=self._auto_stop_s)
        self._timer.start()
        self.started.emit()

    def _give_up(self, opening: Job[Microphone]) -> None:
        if self._opening is opening and not opening.finished.is_set():
            opening.cancel()
            self._jobs.replace("sound")
            self._not_opened(DeviceError("The microphone does not answer; choose another one in Settings."))

    def _not_opened(self, error: BaseException) -> None:
        self._opening = None
        self.failed.emit(error)

    def _poll(self) -> None:
        microphone = self._microphone
        if microphone is None:
            return
        _, fresh = microphone.since(self._seen)
        self._seen += len(fresh)
        if len(fresh):
            self.heard.emit(fresh, microphone.rate_hz)
            self._listen_for_end(fresh)
        self.level.emit(microphone.level(), microphone.seconds)
        fault = microphone.fault()
        if self._microphone is microphone and (fault or microphone.is_full):
            self._finish(fault)

    def _listen_for_end(self, fresh: Floats) -> None:
        endpoint = self._endpoint
        if endpoint is not None:
            self._jobs.submit("endpoint", lambda: endpoint.feed(fresh), self._maybe_end)

    def _maybe_end(self, over: bool) -> None:
        if over and self._microphone is not None:
            self._finish("")

    def _finish(self, fault: str) -> None:
        microphone = self._microphone
        if microphone is not None:
            ended_s = time.perf_counter()
            recording = Recording(microphone.take(), microphone.rate_hz, fault, ended_s)
            self._let_go()
            self.ended.emit(recording)

    def _let_go(self) -> None:
        self._timer.stop()
        microphone, self._microphone, self._endpoint = self._microphone, None, None
        if microphone is None:
            return
        closing = self._jobs.submit("sound", microphone.close)
        QTimer.singleShot(
            int(CLOSE_S * 1000),
            self,
            lambda: None if closing.finished.is_set() else self._jobs.replace("sound"),
        )


def _closer(opening: Job[Microphone]) -> Callable[[], None]:
    def work() -> None:
        if opening.result is not None:
            opening.result.close()

    return work
