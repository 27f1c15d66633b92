"""The card at the top of the practice page: what to say, and the controls to hear and record it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from tutor.microphone import Level
from ui.desktop.language import mark, tr
from ui.desktop.parts.figures import LevelMeter, LiveWave
from ui.desktop.parts.ribbon import Ribbon, RibbonWord
from ui.desktop.parts.view import Card, View, row
from ui.desktop.shown import Sentence
from ui.desktop.theme import XS, M

TUNES = {
    "fall": mark("End with a falling voice ↘"),
    "rise": mark("End with a rising voice ↗"),
    "list": mark("Rise on each item, fall on the last ↗ ↗ ↘"),
    "contrast": mark("Lift your voice on the word that matters"),
}
IDLE, RECORDING, WORKING = "idle", "recording", "working"
NARROW_PX = 660


class SentenceCard(View):
    """Signals only; ``set_state`` says what is going on."""

    record = Signal()
    listen = Signal(bool)
    replay = Signal()
    following = Signal()
    previous = Signal()
    open_file = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._sentence = Sentence("")
        self._state = IDLE
        self._has_take = False
        self._narrow = False
        card = Card(margin=M, spacing=XS)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(card)
        self._place = self.label(role="muted")
        self._best = self.label(role="badge")
        self._back = self.button("", "previous", kind="ghost", tip=mark("Previous sentence (Shift+Enter)"))
        self._count = self.label(role="caption")
        self._forth = self.button("", "next", kind="ghost", tip=mark("Next sentence (Enter)"))
        self._tune = self.label(role="muted")
        card.body.addLayout(
            row(self._place, self._best, None, self._tune, None, self._back, self._count, self._forth)
        )
        self.ribbon = Ribbon()
        self.ribbon.tab_after = self._forth
        card.body.addWidget(self.ribbon)
        card.body.addWidget(self._make_middle())
        card.body.addLayout(self._make_controls())
        self._back.clicked.connect(self.previous)
        self._forth.clicked.connect(self.following)
        self.refresh()

    def _make_middle(self) -> QWidget:
        self._middle = QStackedWidget()
        hint = QLabel()
        hint.setProperty("role", "caption")
        hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        hint.setWordWrap(True)
        self.say(
            hint.setText,
            mark(
                "Space  record and stop   ·   L  listen   ·   R  replay yourself   ·   Enter  next   ·   ← "
                "→  words"
            ),
        )
        live = QWidget()
        column = QVBoxLayout(live)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(XS)
        self.wave = LiveWave()
        self.meter = LevelMeter()
        self._clock = QLabel("0.0 s")
        self._clock.setMinimumWidth(56)
        self._warning = QLabel()
        self._warning.setProperty("role", "caption")
        column.addWidget(self.wave)
        column.addLayout(row(self._clock, self.meter, self._warning, spacing=M))
        self._middle.addWidget(hint)
        self._middle.addWidget(live)
        self._middle.setFixedHeight(60)
        return self._middle

    def _make_controls(self) -> QHBoxLayout:
        self._listen = self.button(mark("Listen"), "listen", tip=mark("Hear the sentence (L)"))
        self._slow = self.button(mark("Slowly"), "slow", tip=mark("Hear the sentence slowly (Shift+L)"))
        self._record = QPushButton()
        self._record.setProperty("kind", "primary")
        self._record.setObjectName("record")
        self._record.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._record.setCursor(Qt.CursorShape.PointingHandCursor)
        self._record.setMinimumSize(QSize(168, 40))
        self._replay = self.button(mark("Replay"), "replay", tip=mark("Hear yourself again (R)"))
        self._open = self.button(
            mark("Open…"), "open", tip=mark("Score a sound file instead (or drop one here)")
        )
        self._named = (
            (self._listen, mark("Listen")),
            (self._slow, mark("Slowly")),
            (self._replay, mark("Replay")),
            (self._open, mark("Open…")),
        )
        self._listen.clicked.connect(lambda: self.listen.emit(False))
        self._slow.clicked.connect(lambda: self.listen.emit(True))
        self._record.clicked.connect(self.record)
        self._replay.clicked.connect(self.replay)
        self._open.clicked.connect(self.open_file)
        return row(None, self._listen, self._slow, self._record, self._replay, self._open, None)

    def show_sentence(self, sentence: Sentence) -> None:
        """A new sentence, unjudged."""
        self._sentence = sentence
        self.ribbon.show_words(tuple(RibbonWord(word) for word in sentence.text.split()))
        self.refresh()

    def show_best(self, score: float) -> None:
        """The best score so far at this sentence."""
        self._sentence = replace(self._sentence, best=score)
        self.refresh()

    def show_words(self, words: tuple[RibbonWord, ...]) -> None:
        """The judged words of the same sentence."""
        self.ribbon.show_words(words)

    def set_state(self, state: str, *, has_take: bool) -> None:
        """``idle``, ``recording`` or ``working``."""
        self._state, self._has_take = state, has_take
        if state == RECORDING:
            self.wave.clear()
            self.show_level(Level(0, 0, 0), 0.0)
            self.meter.clear()
        self.refresh()

    def show_level(self, level: Level, seconds: float) -> None:
        """The newest loudness while recording."""
        self.meter.show_peak(level.peak)
        self._clock.setText(f"{seconds:.1f} s")
        self._warning.setText(tr("Too loud: move back a little") if level.clipped > 20 else "")

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        if (event.size().width() < NARROW_PX) != self._narrow:
            self._narrow = not self._narrow
            self.refresh()

    def refresh(self) -> None:
        sentence = self._sentence
        self._place.setText(sentence.place or tr("Own text"))
        self._count.setText(f"{sentence.number} / {sentence.total}")
        self._best.setVisible(sentence.best is not None)
        if sentence.best is not None:
            self._best.setText(tr("best {score}", score=round(sentence.best)))
        self._tune.setText(tr(TUNES[sentence.tune]) if sentence.tune in TUNES else "")
        self._tune.setVisible(sentence.tune in TUNES)
        self._back.setEnabled(sentence.number > 1)
        self._forth.setEnabled(sentence.number < sentence.total)
        recording, working = self._state == RECORDING, self._state == WORKING
        self._middle.setCurrentIndex(1 if recording else 0)
        text = (
            tr("Stop")
            if recording
            else tr("Scoring…")
            if working
            else tr("Record again")
            if self._has_take
            else tr("Record")
        )
        self._record.setText(f" {text}")
        kind = "recording" if recording else "primary"
        if self._record.property("kind") != kind:
            self._record.setProperty("kind", kind)
            self._record.style().unpolish(self._record)
            self._record.style().polish(self._record)
        self._record.setAccessibleName(text)
        self._record.setToolTip(tr("Stop and score (Space)") if recording else tr("Record yourself (Space)"))
        self.set_icon(self._record, "stop" if recording else "mic", "on_accent")
        for button, name in self._named:
            button.setText("" if self._narrow else f" {tr(name)}")
        self._record.setMinimumWidth(120 if self._narrow else 168)
        ready = bool(sentence.text) and not recording
        for button in (self._listen, self._slow, self._open):
            button.setEnabled(ready)
        self._record.setEnabled(bool(sentence.text))
        self._replay.setEnabled(self._has_take and not recording)
