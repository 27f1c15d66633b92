"""A window without a display, a microphone or a model: canned answers, fed samples, folders of its own."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("PySide6", reason="PySide6 is not installed")
pytest.importorskip("pytestqt", reason="pytest-qt is not installed")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from canned import canned_assess
from PySide6.QtWidgets import QApplication

from engines.canned import CannedModel
from tutor.errors import DeviceError
from tutor.microphone import Microphone
from tutor.playback import Player
from ui.desktop import app
from ui.desktop.controller import Controller
from ui.desktop.language import language
from ui.desktop.preferences import Preferences
from ui.desktop.theme import theme

FOLDERS = ("TUTOR_DATA_DIR", "TUTOR_CONFIG_DIR", "TUTOR_CACHE_DIR")


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in FOLDERS:
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    return tmp_path


@pytest.fixture(scope="session")
def qapp(tmp_path_factory: pytest.TempPathFactory) -> QApplication:
    os.environ["TUTOR_CONFIG_DIR"] = str(tmp_path_factory.mktemp("config"))
    return app.make_application()


@pytest.fixture(autouse=True)
def english_and_light(qapp: QApplication) -> Iterator[None]:
    # Switching restyles every widget there is, so only where a test left something else.
    if theme.choice != "light":
        theme.choose("light")
    if language.code != "en":
        language.choose("en")
    yield
    if language.code != "en":
        language.choose("en")


@pytest.fixture(autouse=True)
def no_thread_outlives_its_test() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        if thread.name.startswith("tutor-"):
            thread.join(3)
            assert not thread.is_alive(), f"{thread.name} is still running"


class FedMicrophone(Microphone):
    """Records whatever ``sounds`` holds, all at once or when the test says so."""

    sound: np.ndarray = np.zeros(0, np.float32)
    refusal: str = ""
    trouble: str = ""
    opened: list[FedMicrophone]

    def __init__(self) -> None:
        super().__init__(max_s=30)

    def open(self, device: str | None = None) -> None:
        if type(self).refusal:
            raise DeviceError(type(self).refusal)
        self._reset(16_000)
        self._stream = self
        self.feed(type(self).sound)
        type(self).opened.append(self)

    def feed(self, samples: np.ndarray) -> None:
        class Status:
            input_overflow = False

        for start in range(0, len(samples), 800):
            piece = samples[start : start + 800]
            self._take_block(piece[:, None], len(piece), None, Status())

    def fault(self) -> str:
        return type(self).trouble

    def close(self) -> None:
        self._stream = None


class SilentPlayer(Player):
    """Notes what it was asked to play; ends at once."""

    played: list[tuple[int, int, float, float | None]]

    def play(self, samples: Any, rate_hz: int, *, start_s: float = 0.0, end_s: float | None = None) -> None:
        type(self).played.append((len(samples), rate_hz, start_s, end_s))

    @property
    def is_playing(self) -> bool:
        return False

    def close(self) -> None:
        pass


@pytest.fixture
def microphone() -> type[FedMicrophone]:
    FedMicrophone.sound = np.zeros(0, np.float32)
    FedMicrophone.refusal = FedMicrophone.trouble = ""
    FedMicrophone.opened = []
    return FedMicrophone


@pytest.fixture
def player() -> type[SilentPlayer]:
    SilentPlayer.played = []
    return SilentPlayer


MakeController = Callable[..., Controller]


@pytest.fixture
def make_controller(
    qapp: QApplication, qtbot: Any, microphone: type[FedMicrophone], player: type[SilentPlayer]
) -> Iterator[MakeController]:
    made: list[Controller] = []

    def make(preferences: Preferences | None = None, **options: Any) -> Controller:
        options.setdefault("open_model", lambda name, engine: CannedModel(reason="test"))
        options.setdefault("assess", canned_assess)
        controller = Controller(
            options.pop("open_model"),
            options.pop("assess"),
            preferences or Preferences(auto_stop=False),
            make_microphone=microphone,
            make_player=player,
            **options,
        )
        made.append(controller)
        controller.window.show()
        with qtbot.waitSignal(controller.built, timeout=20_000):
            controller.start()
        return controller

    yield make
    for controller in made:
        controller.window.close()
        controller.close()
        controller.window.deleteLater()


@pytest.fixture
def controller(make_controller: MakeController, qtbot: Any) -> Controller:
    made = make_controller()
    qtbot.waitUntil(lambda: bool(made.lessons.lessons) and bool(made.practice.sentence.text), timeout=20_000)
    return made
