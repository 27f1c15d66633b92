"""Settings: sound, look, speech, engine and privacy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QLabel,
    QMessageBox,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from engines.choose import ENGINES
from tutor.guide import first_languages
from tutor.microphone import InputDevice, Level
from ui.desktop.language import NAMES, language, mark, told, tr
from ui.desktop.parts.figures import LevelMeter
from ui.desktop.parts.view import Card, Columns, View, page_column, row
from ui.desktop.preferences import Preferences
from ui.desktop.theme import XS, M, S

SHORTEST_STOP_S, LONGEST_STOP_S = 0.4, 3.0


@dataclass(frozen=True)
class Choices:
    """What there is to choose from on this machine. ``voices``: (id, name)."""

    microphones: tuple[InputDevice, ...] = ()
    voices: tuple[tuple[str, str], ...] = ()


class SettingsPage(View):
    """``changed``: name of a preference and its new value."""

    changed = Signal(str, object)
    rescan = Signal()
    export = Signal()
    delete_audio = Signal()
    delete_all = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._engine_seen = "", ""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._preferences = Preferences()
        self._choices = Choices()
        self._boxes: dict[str, QComboBox] = {}
        self._checks: dict[str, QCheckBox] = {}
        column = page_column(self)
        column.addWidget(self.label(mark("Settings"), "heading"))
        columns = Columns(760)
        for cards in ((self._sound(), self._privacy()), (self._look(), self._speech(), self._engine())):
            holder = QWidget()
            stack = QVBoxLayout(holder)
            stack.setContentsMargins(0, 0, 0, 0)
            stack.setSpacing(M)
            for card in cards:
                stack.addWidget(card)
            stack.addStretch(1)
            columns.box.addWidget(holder, 1)
        column.addWidget(columns)
        column.addStretch(1)
        self.refresh()

    def _card(self, title: str) -> tuple[Card, QGridLayout]:
        card = Card(spacing=M)
        card.body.addWidget(self.label(title, "title"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(M)
        grid.setVerticalSpacing(S + XS)
        grid.setColumnStretch(1, 1)
        grid.setColumnMinimumWidth(0, 112)
        card.body.addLayout(grid)
        return card, grid

    def _choice(self, grid: QGridLayout, name: str, title: str) -> QComboBox:
        box = QComboBox()
        box.setMinimumWidth(140)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMaxVisibleItems(14)
        label = self.label(title)
        label.setBuddy(box)
        self.say(box.setAccessibleName, title)
        self.say(box.setToolTip, title)
        line = grid.rowCount()
        grid.addWidget(label, line, 0)
        grid.addWidget(box, line, 1)
        box.activated.connect(lambda _: self.changed.emit(name, box.currentData()))
        self._boxes[name] = box
        return box

    def _check(self, name: str, title: str) -> QCheckBox:
        box = QCheckBox()
        self.say(box.setText, title)
        self.say(box.setToolTip, title)
        box.toggled.connect(lambda on: self.changed.emit(name, on))
        self._checks[name] = box
        return box

    def _sound(self) -> QWidget:
        card, grid = self._card(mark("Microphone"))
        self._choice(grid, "microphone", mark("Device"))
        again = self.button(
            mark("Look again"), "refresh", tip=mark("Find devices that were plugged in later")
        )
        again.clicked.connect(self.rescan)
        self._meter = LevelMeter()
        self._loud = self.label(role="caption")
        self._loud.setMinimumWidth(72)
        level = self.label(mark("Level"))
        grid.addWidget(level, grid.rowCount(), 0)
        grid.addLayout(row(self._meter, self._loud), grid.rowCount() - 1, 1)
        self._fault = self.label(role="muted", wrap=True)
        self._fault.hide()
        card.body.addWidget(self._fault)
        card.body.addLayout(row(again, None))
        card.body.addWidget(self._check("auto_stop", mark("Stop by itself when I have finished")))
        self._stop = QSlider(Qt.Orientation.Horizontal)
        self._stop.setRange(int(SHORTEST_STOP_S * 10), int(LONGEST_STOP_S * 10))
        self._stop.setPageStep(2)
        self.say(self._stop.setAccessibleName, mark("Silence after which recording stops"))
        self.say(self._stop.setToolTip, mark("Silence after which recording stops"))
        self._stop_text = QLabel()
        self._stop.valueChanged.connect(lambda value: self.changed.emit("auto_stop_s", value / 10))
        card.body.addLayout(row(self.label(mark("after a silence of")), self._stop, self._stop_text))
        return card

    def _look(self) -> QWidget:
        card, grid = self._card(mark("Appearance"))
        self._choice(grid, "theme", mark("Theme"))
        self._choice(grid, "language", mark("Language"))
        card.body.addWidget(self._check("show_arpabet", mark("Show sounds in ARPAbet instead of IPA")))
        return card

    def _speech(self) -> QWidget:
        card, grid = self._card(mark("Speech"))
        self._choice(grid, "accent", mark("Accent"))
        self._choice(grid, "first_language", mark("My first language"))
        self._choice(grid, "voice", mark("Reference voice"))
        return card

    def _engine(self) -> QWidget:
        card, grid = self._card(mark("Engine"))
        self._choice(grid, "model", mark("Model"))
        self._choice(grid, "engine", mark("Runs on"))
        self._engine_text = self.label(role="caption", wrap=True)
        card.body.addWidget(self._engine_text)
        return card

    def _privacy(self) -> QWidget:
        card, _ = self._card(mark("My data"))
        card.body.addWidget(
            self.label(
                mark(
                    "Your voice never leaves this computer. Scores are kept in one file here; recordings "
                    "only if you agree."
                ),
                "muted",
                wrap=True,
            )
        )
        card.body.addWidget(
            self._check("keep_audio", mark("Keep my recordings, so that I can hear them later"))
        )
        export = self.button(
            mark("Export everything…"), "save", tip=mark("Save all scores and recordings as a ZIP file")
        )
        audio = self.button(
            mark("Delete recordings…"), "trash", kind="danger", tip=mark("Delete all sound; the scores stay")
        )
        everything = self.button(
            mark("Delete everything…"), "trash", kind="danger", tip=mark("Delete all scores and recordings")
        )
        export.clicked.connect(self.export)
        audio.clicked.connect(
            lambda: self._ask(tr("Delete all recordings? The scores stay."), self.delete_audio.emit)
        )
        everything.clicked.connect(
            lambda: self._ask(
                tr("Delete all scores and recordings of all learners? This cannot be undone."),
                self.delete_all.emit,
            )
        )
        card.body.addLayout(row(export, None))
        card.body.addLayout(row(audio, everything, None))
        return card

    def _ask(self, question: str, action: Any) -> None:
        box = QMessageBox(
            QMessageBox.Icon.Question, "Tutor", question, QMessageBox.StandardButton.NoButton, self
        )
        delete = box.addButton(tr("Delete"), QMessageBox.ButtonRole.DestructiveRole)
        keep = box.addButton(tr("Keep"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)
        box.exec()
        if box.clickedButton() is delete:
            action()

    def show_preferences(self, preferences: Preferences) -> None:
        self._preferences = preferences
        self.refresh()

    def show_choices(self, choices: Choices) -> None:
        """The devices and voices found."""
        self._choices = choices
        self.refresh()

    def show_fault(self, text: str) -> None:
        """Why the chosen microphone cannot be listened to; empty while it can."""
        self._fault.setText(text)
        self._fault.setVisible(bool(text))

    def show_engine(self, engine: str, reason: str) -> None:
        """Which engine answers and why."""
        self._engine_seen = engine, reason
        self._show_engine()

    def _show_engine(self) -> None:
        engine, reason = self._engine_seen
        self._engine_text.setText("\n".join(filter(None, (engine, told(reason)))))

    def show_level(self, level: Level, _seconds: float = 0.0) -> None:
        """The newest loudness of the chosen microphone."""
        self._meter.show_peak(level.peak)
        self._loud.setText(
            tr("too loud") if level.peak >= 0.985 else tr("good") if level.peak > 0.05 else tr("quiet")
        )

    def _microphones(self) -> list[str]:
        return [device.name for device in self._choices.microphones]

    def refresh(self) -> None:
        self._show_engine()
        chosen = self._preferences
        system = tr("As the system")
        fills: dict[str, list[tuple[str, str]]] = {
            "microphone": [("", tr("The system's choice")), *((name, name) for name in self._microphones())],
            "theme": [("system", system), ("light", tr("Light")), ("dark", tr("Dark"))],
            "language": [("system", system), *NAMES.items()],
            "accent": [("us", tr("American")), ("uk", tr("British"))],
            "first_language": [("", tr("Not given")), *_languages()],
            "voice": [("", tr("The best there is")), *self._choices.voices],
            "model": [("main", tr("Accurate")), ("light", tr("Light and fast"))],
            "engine": [
                (name, tr("The fastest there is") if name == "auto" else name)
                for name in ENGINES
                if name != "canned"
            ],
        }
        for name, entries in fills.items():
            box = self._boxes[name]
            value = getattr(chosen, name)
            if value not in dict(entries):
                entries.append((value, value))
            box.clear()
            for key, text in entries:
                box.addItem(text, key)
            box.setCurrentIndex(box.findData(value))
        for name, check in self._checks.items():
            check.blockSignals(True)
            check.setChecked(getattr(chosen, name))
            check.blockSignals(False)
        self._stop.blockSignals(True)
        self._stop.setValue(round(chosen.auto_stop_s * 10))
        self._stop.blockSignals(False)
        self._stop.setEnabled(chosen.auto_stop)
        self._stop_text.setText(tr("{seconds} s", seconds=f"{chosen.auto_stop_s:.1f}"))


def _languages() -> list[tuple[str, str]]:
    return [(entry.code, entry.name.in_language(language.code)) for entry in first_languages()]
