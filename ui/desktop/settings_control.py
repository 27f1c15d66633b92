"""Settings: devices, look, engine and the learner's data; the microphone is listened to while the page is
open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog

from tutor.microphone import InputDevice, input_devices
from tutor.speak import voices
from ui.desktop.language import language, told, tr
from ui.desktop.practice_control import PracticeControl
from ui.desktop.recorder import Recorder
from ui.desktop.services import Services
from ui.desktop.theme import theme
from ui.desktop.views.settings import Choices, SettingsPage


class SettingsControl(QObject):
    """``engine_changed``: the model or engine to use was changed."""

    engine_changed = Signal()

    def __init__(
        self, services: Services, page: SettingsPage, meter: Recorder, practice: PracticeControl
    ) -> None:
        super().__init__()
        self._services, self._page, self._meter, self._practice = services, page, meter, practice
        page.changed.connect(self._change)
        page.rescan.connect(lambda: self._look(rescan=True))
        page.export.connect(self._export)
        page.delete_audio.connect(self._delete_audio)
        page.delete_all.connect(self._delete_all)
        meter.level.connect(page.show_level)
        # A recording in the page feeds the level meter alone: it is thrown away.
        meter.failed.connect(lambda error: page.show_fault(told(error)))
        meter.started.connect(lambda: page.show_fault(""))
        services.window.page_shown.connect(self._page_shown)
        page.show_preferences(services.store.now)

    def _page_shown(self, name: str) -> None:
        if name == "settings":
            self._page.show_preferences(self._services.store.now)
            self._look(rescan=False)
        else:
            self._meter.cancel()

    def _look(self, *, rescan: bool) -> None:
        self._meter.cancel()

        def found(answer: tuple[tuple[InputDevice, ...], tuple[str, ...]]) -> None:
            devices, speakers = answer
            self._page.show_choices(Choices(devices, tuple((name, name) for name in speakers)))
            self._listen()

        self._services.jobs.submit("sound", lambda: (input_devices(rescan=rescan), voices()), found)

    def _listen(self) -> None:
        if self._services.window.page == "settings":
            self._meter.start(self._services.store.now.microphone, auto_stop_s=None)

    def _change(self, name: str, value: Any) -> None:
        self._services.store.set(name, value)
        if name == "theme":
            theme.choose(value)
        elif name == "language":
            language.choose(value)
        elif name == "microphone":
            self._meter.cancel()
            self._listen()
        elif name in ("engine", "model"):
            self.engine_changed.emit()
        elif name in ("show_arpabet", "first_language"):
            self._practice.show_again()
        self._page.show_preferences(self._services.store.now)

    def _export(self) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self._services.window, tr("Export everything"), "tutor-history.zip", "*.zip"
        )
        if name:
            target = Path(name)
            self._services.records.ask(
                lambda history: history.export(target),
                lambda count: self._services.tell(
                    tr("{count} attempts saved: {path}", count=count, path=target)
                ),
            )

    def _delete_audio(self) -> None:
        self._services.records.ask(
            lambda history: history.delete_audio(),
            lambda _: self._services.tell(tr("All recordings were deleted.")),
        )

    def _delete_all(self) -> None:
        self._services.records.ask(
            lambda history: history.delete_all(), lambda _: self._services.tell(tr("Everything was deleted."))
        )
