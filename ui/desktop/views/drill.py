"""Weak sounds: what the history says needs work now, and a drill for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from tutor.phones import ipa_of
from tutor.practice import Card as PhoneCard
from ui.desktop.icons import pixmap
from ui.desktop.language import mark, tr
from ui.desktop.parts.figures import ScoreBar
from ui.desktop.parts.view import Card, View, clear, page_column, row
from ui.desktop.theme import L, M, S
from ui.desktop.views.advice import MouthPanel

MOST = 6


@dataclass(frozen=True)
class WeakSound:
    """A sound to drill: how it goes, how many sentences practise it, and whether it is due today."""

    card: PhoneCard
    sentences: int
    due: bool


class SoundCard(View):
    """One weak sound."""

    def __init__(self, sound: WeakSound) -> None:
        super().__init__()
        card = Card(spacing=S)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(card)
        title = self.label(role="figure")
        title.setText(f"/{ipa_of(sound.card.arpabet)}/")
        badge = self.label(mark("due today"), "badge")
        card.body.addLayout(row(title, None, badge))
        badge.setVisible(sound.due)
        bar = ScoreBar()
        bar.show_score(tr("said {count} times", count=sound.card.count), sound.card.score)
        card.body.addWidget(bar)
        heard = self.label(role="muted", wrap=True)
        heard.setText(
            tr("mostly heard as /{heard}/", heard=ipa_of(sound.card.heard))
            if sound.card.heard
            else tr("not always clear")
        )
        card.body.addWidget(heard)
        card.body.addStretch(1)
        self.show_how = self.button(mark("How to make it"), "info", tip=mark("Where tongue and lips go"))
        self.start = self.button(
            mark("Practise"), "mic", kind="primary", tip=mark("Say sentences with this sound")
        )
        self.start.setEnabled(sound.sentences > 0)
        card.body.addLayout(row(self.show_how, None, self.start))


class DrillPage(View):
    """``chosen``: ARPAbet of the sound to practise; ``all_chosen``: today's drill over all that are due."""

    chosen = Signal(str)
    all_chosen = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._sounds: tuple[WeakSound, ...] = ()
        self._across = 0
        column = page_column(self)
        self._today = self.button(
            mark("Today's drill"),
            "target",
            kind="primary",
            tip=mark("Ten sentences for the sounds that are due"),
        )
        self._today.clicked.connect(self.all_chosen)
        column.addLayout(row(self.label(mark("Weak sounds"), "heading"), None, self._today))
        column.addWidget(
            self.label(
                mark(
                    "Your latest recordings say these sounds deserve a few minutes. They come back until "
                    "they sit."
                ),
                "muted",
                wrap=True,
            )
        )
        self._empty = self._make_empty()
        column.addWidget(self._empty, 1)
        holder = QWidget()
        self._grid = QGridLayout(holder)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(M)
        column.addWidget(holder)
        self._mouth_card = Card(margin=L)
        self._mouth = MouthPanel()
        self._mouth_card.body.addWidget(self._mouth)
        column.addWidget(self._mouth_card)
        self._mouth_card.hide()
        column.addStretch(1)
        self.refresh()

    def _make_empty(self) -> QWidget:
        card = Card(margin=L, spacing=M)
        sign = self.label()
        sign.setPixmap(pixmap("target", 48, "accent"))
        sign.setAlignment(Qt.AlignmentFlag.AlignCenter)
        title = self.label(mark("Nothing to drill yet"), "title")
        text = self.label(
            mark("Say a few sentences on the Practice page; the sounds that need work will appear here."),
            "muted",
            wrap=True,
        )
        for label in (title, text):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        inner = QVBoxLayout()
        card.body.addStretch(1)
        for widget in (sign, title, text):
            inner.addWidget(widget)
        card.body.addLayout(inner)
        card.body.addStretch(1)
        return card

    def show_sounds(self, sounds: tuple[WeakSound, ...]) -> None:
        """The weakest first."""
        self._sounds = sounds[:MOST]
        self.refresh()

    def refresh(self) -> None:
        clear(self._grid)
        self._empty.setVisible(not self._sounds)
        self._today.setVisible(any(sound.due for sound in self._sounds))
        across = self._across = self._fitting()
        for number, sound in enumerate(self._sounds):
            card = SoundCard(sound)
            card.start.clicked.connect(lambda _=False, phone=sound.card.arpabet: self.chosen.emit(phone))
            card.show_how.clicked.connect(lambda _=False, phone=sound.card.arpabet: self._show_mouth(phone))
            self._grid.addWidget(card, number // across, number % across)
        for place in range(3):
            self._grid.setColumnStretch(place, 1 if place < across else 0)

    def _show_mouth(self, arpabet: str) -> None:
        self._mouth.show_phone(arpabet)
        self._mouth_card.show()

    def _fitting(self) -> int:
        return 3 if self.width() >= 1010 else 2 if self.width() >= 690 else 1

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        if self._fitting() != self._across:
            self.refresh()
