"""What to do better: tips from the evidence, and how the mouth makes the sound in question."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from tutor import guide
from tutor.feedback import tip_text
from tutor.phones import ipa_of, strip_stress
from tutor.result import Assessment, Tip
from ui.desktop.icons import pixmap
from ui.desktop.language import language, mark, tr
from ui.desktop.parts.flow import Flow
from ui.desktop.parts.view import Card, View, Wrapped, clear, line, row, scrolling
from ui.desktop.theme import XS, M, S, colour

PAPER = "#f7f9fc"
"""The drawings' own background."""


class Drawing(QWidget):
    """An SVG file on a light tile, so that its colours hold in both themes."""

    def __init__(self, height_px: int = 150) -> None:
        super().__init__()
        self._renderer = QSvgRenderer()
        self._height_px = height_px
        self.setFixedHeight(height_px)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_file(self, path: Path | None, name: str = "") -> None:
        """None leaves the tile empty; ``name`` is for screen readers."""
        self._renderer = QSvgRenderer(str(path)) if path is not None and path.exists() else QSvgRenderer()
        self._renderer.setAspectRatioMode(Qt.AspectRatioMode.KeepAspectRatio)
        self.setAccessibleName(name)
        self.setVisible(self._renderer.isValid())
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, self._height_px)

    def paintEvent(self, event: Any) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour(PAPER))
        painter.drawRoundedRect(QRectF(self.rect()), 10, 10)
        if self._renderer.isValid():
            self._renderer.render(painter, QRectF(self.rect()).adjusted(8, 8, -8, -8))


class MouthPanel(View):
    """One sound: drawings, an example word and where tongue, lips and voice go."""

    def __init__(self) -> None:
        super().__init__()
        self._phone = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self._title = self.label(role="title", wrap=True)
        self._cue = self.label(role="muted", wrap=True)
        column.addWidget(self._title)
        column.addWidget(self._cue)
        self._side = Drawing()
        self._lips = Drawing()
        column.addLayout(row(self._side, self._lips))
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(M)
        self._grid.setVerticalSpacing(XS)
        self._grid.setColumnStretch(1, 1)
        self._values: list[QLabel] = []
        for number, title in enumerate((mark("Tongue"), mark("Lips"), mark("Voice"))):
            name = self.label(title, "overline")
            value = self.label(role="muted", wrap=True)
            self._grid.addWidget(name, number, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(value, number, 1, Qt.AlignmentFlag.AlignTop)
            self._values.append(value)
        column.addLayout(self._grid)

    def show_phone(self, arpabet: str) -> None:
        """ARPAbet, with or without stress; empty hides the panel."""
        self._phone = strip_stress(arpabet)
        self.refresh()

    def refresh(self) -> None:
        self.setVisible(bool(self._phone))
        if not self._phone:
            return
        entry = guide.phone_guide(self._phone)
        self._title.setText(tr("/{ipa}/ as in “{word}”", ipa=ipa_of(self._phone), word=entry.example))
        self._cue.setText(entry.cue.in_language(language.code))
        self._side.show_file(
            entry.drawing, tr("The mouth from the side for /{ipa}/", ipa=ipa_of(self._phone))
        )
        self._lips.show_file(entry.lips_drawing, tr("The lips for /{ipa}/", ipa=ipa_of(self._phone)))
        for label, text in zip(self._values, (entry.tongue, entry.lips, entry.voice), strict=True):
            label.setText(text.in_language(language.code))


class TipButton(QFrame):
    """A tip that can be chosen: its word and sound are then shown."""

    chosen = Signal()
    pair_chosen = Signal(str)

    def __init__(self, tip: Tip, first_language: str) -> None:
        super().__init__()
        self.setProperty("role", "inset")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(S + XS, S + XS, S + XS, S + XS)
        layout.setSpacing(S + XS)
        sign = QLabel()
        sign.setPixmap(pixmap("tip", 18, "accent"))
        layout.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(XS)
        text = Wrapped()
        told = tip_text(tip, language.code, first_language or None, with_pairs=False)
        text.setText(told)
        text.setTextFormat(Qt.TextFormat.PlainText)
        column.addWidget(text)
        pairs = guide.pairs_for(tip.phone, tip.heard) if tip.phone else ()
        if pairs:
            holder = Flow()
            for pair in pairs:
                button = QPushButton(" – ".join(pair))
                button.setProperty("kind", "chip")
                button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
                button.setToolTip(tr("Say this pair now"))
                button.clicked.connect(lambda _=False, words=pair: self.pair_chosen.emit(", ".join(words)))
                holder.add(button)
            column.addWidget(holder)
        layout.addLayout(column, 1)
        self.setAccessibleName(told)
        self.setToolTip(tr("Show this word and how its sound is made (Space)"))

    def mouseReleaseEvent(self, event: Any) -> None:
        self.chosen.emit()

    def keyPressEvent(self, event: Any) -> None:
        if event.key() == Qt.Key.Key_Space:
            self.chosen.emit()
        else:
            event.ignore()


class AdviceCard(View):
    """Tips of a take over the mouth panel of the sound they are about."""

    tip_chosen = Signal(object)
    pair_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._assessment: Assessment | None = None
        self._first_language = ""
        card = Card(spacing=M)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(card)
        card.body.addWidget(self.label(mark("What to work on"), "title"))
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, S, 0)
        column.setSpacing(M)
        self._praise = self.label(role="muted", wrap=True)
        column.addWidget(self._praise)
        self._tips = QVBoxLayout()
        self._tips.setSpacing(S)
        column.addLayout(self._tips)
        self._line = line()
        column.addWidget(self._line)
        self.mouth = MouthPanel()
        column.addWidget(self.mouth)
        column.addStretch(1)
        card.body.addWidget(scrolling(inner, least_px=240), 1)
        self.show_assessment(None)

    def show_assessment(self, assessment: Assessment | None, first_language: str = "") -> None:
        """None clears. ``first_language``: BCP 47 code for notes of its own, or empty."""
        self._assessment, self._first_language = assessment, first_language
        phone = next((tip.phone for tip in assessment.tips if tip.phone), "") if assessment else ""
        self.show_phone(phone or "")
        self.refresh()

    def show_phone(self, arpabet: str) -> None:
        """Show the mouth for a sound."""
        self.mouth.show_phone(arpabet)
        self._line.setVisible(bool(arpabet) and self._assessment is not None)

    def refresh(self) -> None:
        clear(self._tips)
        tips = self._assessment.tips if self._assessment else ()
        self._praise.setVisible(not tips)
        self._praise.setText(
            tr("Nothing stands out: well said. Go on with the next sentence.") if self._assessment else ""
        )
        for tip in tips:
            button = TipButton(tip, self._first_language)
            button.chosen.connect(lambda chosen=tip: self.tip_chosen.emit(chosen))
            button.pair_chosen.connect(self.pair_chosen)
            self._tips.addWidget(button)
