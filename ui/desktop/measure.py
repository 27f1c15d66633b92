"""The real window measured from inside: when it is seen, when it can score, how long each take takes.

``python -m ui.desktop.measure BEGAN TAKES SECONDS ENGINE MODEL`` is one start in a process of its own (``tutor bench
--window`` starts it); it prints one JSON object. The microphone is a stand-in that hears a shipped reading, the last
second of it in real time; everything else is what a learner gets.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QTimer

from tutor.decode import resample
from tutor.lessons import Item, load_lessons
from tutor.microphone import Microphone
from tutor.playback import Player
from tutor.reference import has_reference, reference
from tutor.timebase import SAMPLE_RATE, samples_of, seconds_of
from ui.desktop import app
from ui.desktop.controller import Controller
from ui.desktop.recorder import Floats
from ui.desktop.shown import Latency, Sentence

WARM_UP = 3
WATCHED = 5
"""Takes at the end during which the longest standstill of the window's thread is measured."""

BEAT_MS = 5
LIVE_S = 1.0
THINK_MS = 800
"""A learner looks at the scores; the plots are drawn meanwhile."""

AIR_S = 0.2
BLOCK_SAMPLES = 320


def reading_of(seconds: float) -> tuple[Item, Floats]:
    """The lesson item whose shipped reading lasts nearest to ``seconds`` with a little silence around, float32 (n,)."""
    best: tuple[Item, Floats] | None = None
    wanted = samples_of(seconds)
    for lesson in load_lessons():
        for item in lesson.items:
            if not has_reference(item.id):
                continue
            spoken = reference(item.id)
            samples = resample(spoken.samples, spoken.rate_hz).samples
            air = np.zeros(samples_of(AIR_S), np.float32)
            padded = np.concatenate((air, samples, air))
            if best is None or abs(len(padded) - wanted) < abs(len(best[1]) - wanted):
                best = item, padded
    if best is None:
        raise SystemExit("no readings are shipped")
    noise = np.random.default_rng(0).normal(0, 1e-3, len(best[1])).astype(np.float32)
    return best[0], best[1] + noise


class _Status:
    input_overflow = False


class ReplayedMicrophone(Microphone):
    """Hears ``sound`` (float32 (n,), 16 kHz): all but the last second at once, the rest as time goes by."""

    sound: Floats = np.zeros(0, np.float32)

    def open(self, device: str | None = None) -> None:
        self._reset(SAMPLE_RATE)
        self._stream = None
        self._heard = 0
        self._opened_at = time.monotonic()
        self._hear(max(0, len(self.sound) - samples_of(LIVE_S)))

    def since(self, start: int) -> tuple[int, Floats]:
        elapsed = samples_of(time.monotonic() - self._opened_at)
        self._hear(min(len(self.sound), max(0, len(self.sound) - samples_of(LIVE_S)) + elapsed))
        return super().since(start)

    def fault(self) -> str:
        return ""

    def close(self) -> None:
        """Nothing to let go."""

    def _hear(self, until: int) -> None:
        while self._heard < until:
            block = self.sound[self._heard : min(until, self._heard + BLOCK_SAMPLES)]
            self._take_block(block[:, None], len(block), None, _Status())
            self._heard += len(block)


class SilentPlayer(Player):
    """Plays nothing and ends at once."""

    def play(self, samples: Any, rate_hz: int, *, start_s: float = 0.0, end_s: float | None = None) -> None:
        pass

    @property
    def is_playing(self) -> bool:
        return False

    def close(self) -> None:
        """Nothing to let go."""


class Measurement(QObject):
    """Drives one window: waits until it can score, then records ``takes`` takes and quits."""

    def __init__(self, controller: Controller, began_s: float, takes: int, seconds: float) -> None:
        super().__init__()
        self._controller = controller
        self._began_s, self._takes, self._seconds = began_s, takes, seconds
        self.visible_s = self.ready_s = self.audio_s = self.stall_ms = 0.0
        self.engine: dict[str, str] = {}
        self.takes: list[Latency] = []
        self._beat_s = 0.0
        self._heart = QTimer(self)
        self._heart.setInterval(BEAT_MS)
        self._heart.timeout.connect(self._beat)
        controller.window.seen.connect(self._seen)
        controller.practice.sentence_shown.connect(self._can_practise)
        controller.scorer.ready.connect(self._ready)
        controller.practice.latency.connect(self._painted)
        controller.recorder.started.connect(lambda: QTimer.singleShot(int(LIVE_S * 1000), self._toggle))

    def _seen(self) -> None:
        self.visible_s = time.time() - self._began_s

    def _ready(self, info: Any) -> None:
        if not self.engine:
            self.engine = {name: getattr(info, name) for name in ("backend", "model", "precision", "reason")}
            self._can_practise()

    def _can_practise(self) -> None:
        if self.engine and self._controller.practice.sentence.text and not self.ready_s:
            self.ready_s = -1.0
            # Behind what else waits for the engine: the first sentence is looked up there.
            self._controller.jobs.submit("engine", lambda: None, lambda _: self._can_score())

    def _can_score(self) -> None:
        self.ready_s = time.time() - self._began_s
        self._controller.jobs.submit("files", lambda: reading_of(self._seconds), self._practise)

    def _practise(self, found: tuple[Item, Floats]) -> None:
        item, sound = found
        ReplayedMicrophone.sound = sound
        self.audio_s = seconds_of(len(sound))
        self._controller.practice.open_list([Sentence(item.text, "", item=item.id)])
        QTimer.singleShot(THINK_MS, self._toggle if self._takes else self._controller.window.close)

    def _toggle(self) -> None:
        self._controller.practice.toggle_recording()

    def _painted(self, latency: Latency) -> None:
        self.takes.append(latency)
        if len(self.takes) == WARM_UP + self._takes:
            # A beat of its own would slow down what it watches, so the last takes are watched alone.
            self._beat_s = time.perf_counter()
            self._heart.start()
        again = len(self.takes) < WARM_UP + self._takes + WATCHED
        QTimer.singleShot(THINK_MS, self._toggle if again else self._controller.window.close)

    def _beat(self) -> None:
        now_s = time.perf_counter()
        self.stall_ms = max(self.stall_ms, 1000 * (now_s - self._beat_s) - BEAT_MS)
        self._beat_s = now_s


def main(arguments: list[str]) -> int:
    """See the module's text."""
    began_s, takes, seconds, engine, model = arguments
    application, controller = app.open_window(
        app.Options(engine, model), make_microphone=ReplayedMicrophone, make_player=SilentPlayer
    )
    measured = Measurement(controller, float(began_s), int(takes), float(seconds))
    controller.window.seen.connect(controller.start)
    application.exec()
    controller.close()
    report = {
        "engine": measured.engine,
        "audio_s": measured.audio_s,
        "visible_s": measured.visible_s,
        "ready_s": measured.ready_s,
        "first_take": measured.takes[0].stages_ms if measured.takes else {},
        "takes": [take.stages_ms for take in measured.takes[WARM_UP : WARM_UP + int(takes)]],
        "stall_ms": measured.stall_ms,
    }
    print(json.dumps(report))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
