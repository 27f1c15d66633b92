"""The class's screen: one sentence in large type, who is speaking, and two takes side by side.

Nothing on it is smaller than 28 px on a screen of 1080 lines; other heights scale alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout

from tutor.attempt import heard_instead
from tutor.microphone import Level
from tutor.phones import ipa_of
from tutor.result import GRADED, OMITTED
from ui.desktop.icons import pixmap
from ui.desktop.language import mark, tr
from ui.desktop.parts.figures import LevelMeter, ScoreRing
from ui.desktop.parts.ribbon import Ribbon, RibbonWord
from ui.desktop.parts.view import Card, View
from ui.desktop.shown import Sentence, Take
from ui.desktop.theme import BODY, DISPLAY, HEADING, PROJECTOR, TITLE
from ui.desktop.views.sentence import IDLE, RECORDING, WORKING
from ui.desktop.views.verdict import why_not_graded

LINES = 1080
HEARD_SHOWN = 3


@dataclass(frozen=True)
class Shown:
    """A take with the name of who said it."""

    name: str
    take: Take


class _TakePanel(View):
    play = Signal()

    def __init__(self, title: str, scale: float) -> None:
        super().__init__()
        card = Card(margin=round(24 * scale), spacing=round(12 * scale))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(card)
        head = QHBoxLayout()
        self._title = self.label(title)
        self._name = QLabel()
        self._play = self.button(mark("Replay"), "play", tip=mark("Hear this take"))
        self._play.clicked.connect(self.play)
        head.addWidget(self._title)
        head.addWidget(self._name)
        head.addStretch(1)
        head.addWidget(self._play)
        card.body.addLayout(head)
        line = QHBoxLayout()
        line.setSpacing(round(24 * scale))
        self._ring = ScoreRing(round(180 * scale))
        self._ribbon = Ribbon(round(PROJECTOR[HEADING] * scale), centred=False)
        line.addWidget(self._ring)
        line.addWidget(self._ribbon, 1)
        card.body.addLayout(line, 1)
        self._heard = QLabel()
        self._heard.setWordWrap(True)
        card.body.addWidget(self._heard)

    def show_take(self, shown: Shown | None) -> None:
        self.setVisible(shown is not None)
        if shown is None:
            return
        assessment = shown.take.assessment
        self._name.setText(f"·  {shown.name}" if shown.name else "")
        graded = assessment.verdict == GRADED
        self._ring.show_score(assessment.scores.overall if graded else None, tr("Overall score"))
        self._ribbon.show_words(shown.take.ribbon)
        if not graded:
            self._heard.setText(why_not_graded(assessment))
            return
        pairs = dict.fromkeys(
            (phone.ipa, ipa_of(heard_instead(phone)))
            for word in assessment.words
            for phone in word.phonemes
            if heard_instead(phone)
        )
        said = [
            tr("/{heard}/ for /{expected}/", heard=heard, expected=ipa)
            for ipa, heard in list(pairs)[:HEARD_SHOWN]
        ]
        left_out = [word.text for word in assessment.words if word.status == OMITTED]
        parts = [tr("Heard {sounds}", sounds=", ".join(said))] if said else []
        if left_out:
            parts.append(tr("Left out: {words}", words=", ".join(left_out)))
        self._heard.setText("   ".join(parts) or tr("All sounds clear"))


class Projector(View):
    """A window of its own; the controller shows it full screen. ``learner_stepped``: −1 or +1."""

    record = Signal()
    listen = Signal(bool)
    replay = Signal()
    replay_earlier = Signal()
    following = Signal()
    previous = Signal()
    learner_stepped = Signal(int)
    closed = Signal()

    def __init__(self, screen_lines: int = LINES) -> None:
        super().__init__()
        scale = self._scale = screen_lines / LINES
        self._state = IDLE
        self.setProperty("role", "page")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.say(self.setWindowTitle, mark("Tutor – class"))
        self.setObjectName("projector")
        large, larger = round(PROJECTOR[BODY] * scale), round(PROJECTOR[TITLE] * scale)
        icon = round(32 * scale)
        # Object names outrank the application's style sheet.
        self.setStyleSheet(
            f"#projector QLabel, #projector QPushButton {{ font-size: {large}px; }}"
            f"#projector QLabel#learner {{ font-size: {larger}px; font-weight: 600; }}"
            "#projector QPushButton "
            f"{{ min-height: {round(44 * scale)}px; padding: {round(8 * scale)}px {round(22 * scale)}px; }}"
        )
        column = QVBoxLayout(self)
        margin = round(48 * scale)
        column.setContentsMargins(margin, round(32 * scale), margin, round(32 * scale))
        column.setSpacing(round(24 * scale))
        column.addLayout(self._make_head())
        self.ribbon = Ribbon(round(PROJECTOR[DISPLAY] * scale))
        self.ribbon.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        column.addStretch(1)
        column.addWidget(self.ribbon)
        column.addStretch(1)
        panels = QHBoxLayout()
        panels.setSpacing(round(24 * scale))
        self._earlier, self._latest = _TakePanel(mark("Before"), scale), _TakePanel(mark("Now"), scale)
        self._earlier.play.connect(self.replay_earlier)
        self._latest.play.connect(self.replay)
        panels.addWidget(self._earlier, 1)
        panels.addWidget(self._latest, 1)
        column.addLayout(panels)
        self._notice = QFrame()
        self._notice.setProperty("role", "banner")
        self._notice.setProperty("tone", "error")
        self._message = self.label(wrap=True)
        QVBoxLayout(self._notice).addWidget(self._message)
        self._notice.hide()
        column.addWidget(self._notice)
        self._meter = LevelMeter()
        self._meter.setMaximumHeight(round(28 * scale))
        self._meter.setMinimumHeight(round(28 * scale))
        column.addWidget(self._meter)
        column.addLayout(self._make_controls())
        for button in self.findChildren(QPushButton):
            button.setIconSize(pixmap("mic", icon).deviceIndependentSize().toSize())
        self.show_takes(None, None)
        self.set_state(IDLE)

    def _make_head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setSpacing(round(16 * self._scale))
        self._learner_back = self.button(
            mark("Previous learner"), "previous", tip=mark("Previous learner (Page up)")
        )
        self._learner = QLabel()
        self._learner.setObjectName("learner")
        self._learner_forth = self.button(mark("Next learner"), "next", tip=mark("Next learner (Page down)"))
        self._place = QLabel()
        close = self.button(mark("Close"), "close", tip=mark("Back to the window (Esc)"))
        for widget in (self._learner_back, self._learner, self._learner_forth):
            head.addWidget(widget)
        head.addStretch(1)
        head.addWidget(self._place)
        head.addWidget(close)
        self._learner_back.clicked.connect(lambda: self.learner_stepped.emit(-1))
        self._learner_forth.clicked.connect(lambda: self.learner_stepped.emit(1))
        close.clicked.connect(self.close)
        return head

    def _make_controls(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(round(16 * self._scale))
        back = self.button(mark("Back"), "previous", tip=mark("Previous sentence (Shift+Enter)"))
        listen = self.button(mark("Listen"), "listen", tip=mark("Hear the sentence (L)"))
        self._record = self.button(mark("Record"), "mic", kind="primary", tip=mark("Record or stop (Space)"))
        forth = self.button(mark("Next"), "next", tip=mark("Next sentence (Enter)"))
        back.clicked.connect(self.previous)
        listen.clicked.connect(lambda: self.listen.emit(False))
        self._record.clicked.connect(self.record)
        forth.clicked.connect(self.following)
        line.addStretch(1)
        for button in (back, listen, self._record, forth):
            line.addWidget(button)
        line.addStretch(1)
        return line

    def show_sentence(self, sentence: Sentence) -> None:
        self.ribbon.show_words(tuple(RibbonWord(word) for word in sentence.text.split()))
        self._place.setText(f"{sentence.place}   {sentence.number} / {sentence.total}")
        self.show_takes(None, None)

    def show_learner(self, name: str, *, several: bool) -> None:
        """Who is speaking (a number where names are hidden)."""
        self._learner.setText(name)
        for button in (self._learner_back, self._learner_forth):
            button.setVisible(several)

    def show_takes(self, earlier: Shown | None, latest: Shown | None) -> None:
        """Two takes of the sentence side by side; None for those there are not yet."""
        self._earlier.show_take(earlier)
        self._latest.show_take(latest)
        if latest is not None:
            self.ribbon.show_words(latest.take.ribbon)

    def set_state(self, state: str) -> None:
        """``idle``, ``recording`` or ``working``."""
        self._state = state
        self.refresh()

    def show_message(self, text: str) -> None:
        """What the window behind has to say, such as a microphone that is gone; empty: nothing any more."""
        self._message.setText(text)
        self._notice.setVisible(bool(text))

    def show_level(self, level: Level, seconds: float) -> None:
        self._meter.show_peak(level.peak)

    def refresh(self) -> None:
        recording = self._state == RECORDING
        self._record.setText(
            " " + (tr("Stop") if recording else tr("Scoring…") if self._state == WORKING else tr("Record"))
        )
        self.set_icon(self._record, "stop" if recording else "mic", "on_accent")
        if not recording:
            self._meter.clear()

    def keyPressEvent(self, event: Any) -> None:
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        actions = {
            Qt.Key.Key_Space: self.record.emit,
            Qt.Key.Key_Return: (self.previous if shift else self.following).emit,
            Qt.Key.Key_Enter: (self.previous if shift else self.following).emit,
            Qt.Key.Key_R: self.replay.emit,
            Qt.Key.Key_L: lambda: self.listen.emit(shift),
            Qt.Key.Key_PageUp: lambda: self.learner_stepped.emit(-1),
            Qt.Key.Key_PageDown: lambda: self.learner_stepped.emit(1),
            Qt.Key.Key_Escape: self.close,
        }
        action = actions.get(event.key())
        if action is None or event.isAutoRepeat():
            super().keyPressEvent(event)
        else:
            action()

    def closeEvent(self, event: Any) -> None:
        self.closed.emit()
        super().closeEvent(event)
