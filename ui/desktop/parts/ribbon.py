"""The sentence as a ribbon of words, each coloured and underlined by its score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from tutor.result import INSERTED, MISPRONOUNCED, OMITTED, REPEATED
from ui.desktop.language import mark, tr
from ui.desktop.parts.figures import tint_of
from ui.desktop.theme import DISPLAY, colour, font

STATUS_NAMES = {
    MISPRONOUNCED: mark("mispronounced"),
    OMITTED: mark("left out"),
    INSERTED: mark("extra word"),
    REPEATED: mark("repeated"),
}


@dataclass(frozen=True)
class RibbonWord:
    """One word as shown; ``score`` None before it was judged."""

    text: str
    score: float | None = None
    status: str = "ok"
    guessed: bool = False


class WordButton(QAbstractButton):
    """One word. Good: thin line; fair: waves; poor: thick line; left out: dots and brackets."""

    hovered = Signal(bool)

    def __init__(self, word: RibbonWord, size_px: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.word = word
        self._font = font(size_px, strong=False)
        self._lit = False
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setToolTip(self._description())
        self.setAccessibleName(self._description())

    def _description(self) -> str:
        if self.word.score is None:
            return self.word.text
        status = STATUS_NAMES.get(self.word.status)
        parts = [self.word.text, f"{self.word.score:.0f}"]
        if status:
            parts.append(tr(status))
        if self.word.guessed:
            parts.append(tr("pronunciation guessed from the spelling"))
        return " · ".join(parts)

    def sizeHint(self) -> QSize:
        metrics = QFontMetricsF(self._font)
        width = metrics.horizontalAdvance(self._shown()) + 12
        return QSize(int(width) + 1, int(metrics.height() + 14))

    def light(self, lit: bool) -> None:
        """Show whether the pointer is on this word's part elsewhere."""
        if lit != self._lit:
            self._lit = lit
            self.update()

    def enterEvent(self, event: Any) -> None:
        self.hovered.emit(True)
        super().enterEvent(event)

    def leaveEvent(self, event: Any) -> None:
        self.hovered.emit(False)
        super().leaveEvent(event)

    def keyPressEvent(self, event: Any) -> None:
        # Arrows and Enter belong to the page; only the space bar chooses a focused word.
        if event.key() == Qt.Key.Key_Space:
            super().keyPressEvent(event)
        else:
            event.ignore()

    def _shown(self) -> str:
        bracketed = self.word.status in (OMITTED, INSERTED) and not self.word.text.startswith("(")
        return f"({self.word.text})" if bracketed else self.word.text

    def paintEvent(self, event: Any) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        score = self.word.score
        if self.isChecked() or self._lit:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour("accent_soft"))
            painter.drawRoundedRect(area, 8, 8)
        if self.hasFocus():
            painter.setPen(QPen(colour("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area, 8, 8)
        tint = (
            colour("text")
            if score is None
            else colour("muted")
            if self.word.status == OMITTED
            else colour(self._level(score))
        )
        painter.setFont(self._font)
        painter.setPen(tint)
        metrics = QFontMetricsF(self._font)
        baseline = 5 + metrics.ascent()
        painter.drawText(QPointF(6, baseline), self._shown())
        if score is not None:
            self._underline(painter, score, 6, self.width() - 6, baseline + metrics.descent() + 1.5)

    def _level(self, score: float) -> str:
        level = tint_of(score)
        # One wrong sound hardly lowers a long word's score, but the word must not look faultless.
        return "fair" if level == "good" and self.word.status == MISPRONOUNCED else level

    def _underline(self, painter: QPainter, score: float, left: float, right: float, y: float) -> None:
        level = self._level(score)
        tint = colour(f"{level}_fill")
        if self.word.status == OMITTED:
            painter.setPen(QPen(colour("poor"), 2.5, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(left, y), QPointF(right, y))
        elif level == "good":
            painter.setPen(QPen(tint, 1.5))
            painter.drawLine(QPointF(left, y), QPointF(right, y))
        elif level == "fair":
            painter.setPen(
                QPen(tint, 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
            )
            count = max(2, int((right - left) / 5))
            step = (right - left) / count
            painter.drawPolyline(
                [QPointF(left + i * step, y + (1.8 if i % 2 else -1.8)) for i in range(count + 1)]
            )
        else:
            painter.setPen(QPen(tint, 4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
            painter.drawLine(QPointF(left, y), QPointF(right, y))


class Ribbon(QWidget):
    """The words of a sentence, centred, wrapped to the width."""

    chosen = Signal(int)
    hovered = Signal(int)
    painted = Signal()

    def __init__(self, size_px: int = DISPLAY, *, centred: bool = True) -> None:
        super().__init__()
        self._size_px = size_px
        self._centred = centred
        self._buttons: list[WordButton] = []
        self._chosen = -1
        self._fresh = False
        self.tab_after: QWidget | None = None
        """After which Tab comes to the words; else it comes to them last, since they are made last."""

        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_words(self, words: tuple[RibbonWord, ...]) -> None:
        """Replace the sentence; nothing is chosen afterwards."""
        for button in self._buttons:
            button.hide()
            button.deleteLater()
        self._buttons = []
        self._chosen = -1
        for index, word in enumerate(words):
            button = WordButton(word, self._size(words), self)
            button.clicked.connect(lambda _=False, at=index: self.choose(at))
            button.hovered.connect(lambda inside, at=index: self.hovered.emit(at if inside else -1))
            button.show()
            before = self._buttons[-1] if self._buttons else self.tab_after
            if before is not None:
                self.setTabOrder(before, button)
            self._buttons.append(button)
        self._fresh = True
        self._place()
        self.updateGeometry()
        self.update()

    def _size(self, words: tuple[RibbonWord, ...]) -> int:
        letters = sum(len(word.text) + 1 for word in words)
        return (
            self._size_px
            if letters <= 90
            else max(16, int(self._size_px * (0.75 if letters <= 220 else 0.58)))
        )

    @property
    def chosen_word(self) -> int:
        """Index of the chosen word, or −1."""
        return self._chosen

    def choose(self, index: int) -> None:
        """Choose a word (−1: none) and say so."""
        self._chosen = index
        for at, button in enumerate(self._buttons):
            button.setChecked(at == index)
        self.chosen.emit(index)

    def step(self, by: int) -> None:
        """Choose the next or previous word."""
        if self._buttons:
            self.choose(min(max(self._chosen + by, 0), len(self._buttons) - 1) if self._chosen >= 0 else 0)

    def light(self, index: int) -> None:
        """Light one word (−1: none)."""
        for at, button in enumerate(self._buttons):
            button.light(at == index)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._rows(width)[1]

    def sizeHint(self) -> QSize:
        width = self.width() if self.width() > 50 else 600
        return QSize(width, self._rows(width)[1])

    def minimumSizeHint(self) -> QSize:
        return QSize(200, self._rows(max(200, self.width()))[1])

    def resizeEvent(self, event: Any) -> None:
        self._place()
        self.updateGeometry()
        super().resizeEvent(event)

    def paintEvent(self, event: Any) -> None:
        if self._fresh:
            self._fresh = False
            self.painted.emit()

    def _rows(self, width: int) -> tuple[list[tuple[WordButton, QRect]], int]:
        rows: list[list[tuple[WordButton, QSize]]] = [[]]
        used = 0
        for button in self._buttons:
            size = button.sizeHint()
            if rows[-1] and used + size.width() > width:
                rows.append([])
                used = 0
            rows[-1].append((button, size))
            used += size.width()
        placed: list[tuple[WordButton, QRect]] = []
        top = 0
        for entries in rows:
            total = sum(size.width() for _, size in entries)
            left = max(0, (width - total) // 2) if self._centred else 0
            for button, size in entries:
                placed.append((button, QRect(left, top, size.width(), size.height())))
                left += size.width()
            top += max((size.height() for _, size in entries), default=self._size_px + 14) + 2
        return placed, top

    def _place(self) -> None:
        for button, area in self._rows(self.width())[0]:
            button.setGeometry(area)
