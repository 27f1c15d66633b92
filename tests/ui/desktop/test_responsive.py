"""The window answers at any moment, opens fast, and does not grow."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from canned import canned_assess, voice_like
from PySide6.QtCore import QTimer

from ui.desktop.controller import Controller
from ui.desktop.shown import Sentence

# A coverage tracer doubles the window's own time.
STALL_S = 0.05 if sys.gettrace() is None else 0.1
ROUNDS = 10
TAKES = 200
GROWTH_MB = 12


class Heartbeat:
    """Longest time between two beats of a 5 ms timer, and in which part of the test it was."""

    def __init__(self) -> None:
        self.longest: dict[str, float] = {}
        self.part = ""
        self._last = 0.0
        self._timer = QTimer()
        self._timer.setInterval(5)
        self._timer.timeout.connect(self._beat)

    def _beat(self) -> None:
        now = time.perf_counter()
        self.longest[self.part] = max(self.longest.get(self.part, 0.0), now - self._last)
        self._last = now

    def start(self, part: str) -> None:
        self.part = part
        self._last = time.perf_counter()
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()


def busy_assess(clip: Any, prompt: Any, model: Any, progress: Any) -> Any:
    """As long and as hard on the processor as a real score."""
    until = time.perf_counter() + 0.3
    matrix = np.random.default_rng(0).normal(size=(300, 300))
    while time.perf_counter() < until:
        matrix = np.tanh(matrix @ matrix)
    return canned_assess(clip, prompt, model, progress)


def one_round(controller: Controller, qtbot: Any, microphone: Any, player: Any) -> dict[str, float]:
    heart = Heartbeat()
    played = len(player.played)
    microphone.sound = np.zeros(0, np.float32)
    voice = voice_like(2.0)
    heart.start("record")
    controller.practice.toggle_recording()
    qtbot.waitUntil(lambda: controller.recorder._microphone is not None, timeout=20_000)
    for start in range(0, len(voice), 1600):
        microphone.opened[-1].feed(voice[start : start + 1600])
        qtbot.wait(20)
    heart.part = "score"
    before = controller.practice.take
    controller.practice.toggle_recording()
    qtbot.waitUntil(lambda: controller.practice.take is not before, timeout=20_000)
    qtbot.waitUntil(lambda: controller.practice.page.pictures is not None, timeout=20_000)
    qtbot.wait(100)
    heart.part = "replay"
    controller.practice.replay()
    qtbot.waitUntil(lambda: len(player.played) > played, timeout=20_000)
    qtbot.wait(150)
    heart.part = "lessons"
    controller.lessons.start()
    qtbot.wait(300)
    heart.stop()
    return heart.longest


def test_no_stall_while_recording_scoring_replaying_or_loading(
    make_controller: Any, qtbot: Any, microphone: Any, player: Any
) -> None:
    controller = make_controller(assess=busy_assess)
    controller.practice.open_list([Sentence("I think this is it, and that is what it was.", item="i")])
    one_round(controller, qtbot, microphone, player)
    # Another program may take the processor away for a moment; a stall of our own making comes every time.
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        found = one_round(controller, qtbot, microphone, player)
        best = {part: min(stall, best.get(part, stall)) for part, stall in found.items()}
        if max(best.values()) <= STALL_S:
            break
    assert set(best) == {"record", "score", "replay", "lessons"}
    assert {part: round(stall, 3) for part, stall in best.items() if stall > STALL_S} == {}


def rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_memory_stays_flat_over_many_takes(controller: Controller, qtbot: Any, microphone: Any) -> None:
    sentences = [Sentence("I think this is it."), Sentence("That was very good.")]
    controller.practice.open_list(sentences)
    microphone.sound = voice_like(1.2)
    seen = []
    for number in range(TAKES):
        controller.practice.toggle_recording()
        qtbot.waitUntil(lambda: controller.recorder._microphone is not None, timeout=20_000)
        before = controller.practice.take
        controller.practice.toggle_recording()
        qtbot.waitUntil(lambda last=before: controller.practice.take is not last, timeout=20_000)
        microphone.opened.clear()
        if number % 10 == 9:
            qtbot.waitUntil(lambda: controller.practice.page.pictures is not None, timeout=20_000)
            controller.practice.step(1 if number % 20 == 9 else -1)
            qtbot.wait(10)
            gc.collect()
            seen.append(rss_mb())
    warm = seen[len(seen) // 2]
    assert max(seen[-3:]) - warm < GROWTH_MB, [round(value) for value in seen]


STARTER = """
import json, sys, time
began = time.perf_counter(), time.process_time()
sys.path[:0] = json.loads(sys.argv[1])
from canned import canned_assess
from engines.canned import CannedModel
from ui.desktop import app, preferences
application = app.make_application()
from ui.desktop.controller import Controller
controller = Controller(lambda name, engine: CannedModel(), canned_assess, preferences.Preferences())
controller.window.show()
application.processEvents()
wall_s, cpu_s = time.perf_counter() - began[0], time.process_time() - began[1]
print(json.dumps([wall_s, cpu_s, "pyqtgraph" in sys.modules]))
controller.start()
controller.close()
"""


def test_the_window_is_seen_soon(folders: Path) -> None:
    places = json.dumps([str(Path(__file__).parents[3]), str(Path(__file__).parent)])
    command = [sys.executable, "-c", STARTER, places]
    found = []
    for _ in range(3):
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        found.append(json.loads(done.stdout))
    # Processor time is what counts where other programs share the machine.
    assert min(cpu_s for _, cpu_s, _ in found) < 1.5, found
    assert not any(plots_loaded for *_, plots_loaded in found)
