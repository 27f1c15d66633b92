"""Lists of two-line rows with a badge and a score at the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from ui.desktop.parts.figures import tint_of
from ui.desktop.theme import BODY, CAPTION, M, S, colour, font

_ROW = Qt.ItemDataRole.UserRole


@dataclass(frozen=True)
class Row:
    """``key`` is handed back when the row is chosen; ``score`` 0–100 or None."""

    key: str
    title: str
    detail: str = ""
    badge: str = ""
    score: float | None = None


class RowList(QListWidget):
    """``picked``: a row became current; ``opened``: double click or Enter on it."""

    picked = Signal(str)
    opened = Signal(str)

    def __init__(self, *, tall: bool = True) -> None:
        super().__init__()
        self.setItemDelegate(_Painter(54 if tall else 40))
        self.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.currentItemChanged.connect(self._pick)
        self.itemActivated.connect(lambda item: self.opened.emit(item.data(_ROW).key))

    def show_rows(self, rows: Sequence[Row], chosen: str = "") -> None:
        """Replace all rows and make ``chosen`` (or none) current without telling."""
        self.blockSignals(True)
        self.clear()
        for entry in rows:
            item = QListWidgetItem()
            item.setData(_ROW, entry)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{entry.title}. {entry.detail} {entry.badge}")
            item.setToolTip(entry.title)
            self.addItem(item)
            if entry.key == chosen:
                self.setCurrentItem(item)
        self.blockSignals(False)

    @property
    def chosen(self) -> str:
        """Key of the current row, or empty."""
        item = self.currentItem()
        return str(item.data(_ROW).key) if item is not None else ""

    def keyPressEvent(self, event: Any) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentItem() is not None:
            self.opened.emit(self.chosen)
        else:
            super().keyPressEvent(event)

    def _pick(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.picked.emit(item.data(_ROW).key)


class _Painter(QStyledItemDelegate):
    def __init__(self, height_px: int) -> None:
        super().__init__()
        self._height_px = height_px

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(120, self._height_px)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        entry: Row = index.data(_ROW)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(option.rect).adjusted(1, 1, -1, -1)
        state = option.state
        if state & QStyle.StateFlag.State_Selected or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour("accent_soft" if state & QStyle.StateFlag.State_Selected else "inset"))
            painter.drawRoundedRect(area, 8, 8)
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(colour("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area, 8, 8)
        inner = area.adjusted(S + 4, 0, -S - 4, 0)
        right = self._paint_right(painter, entry, inner)
        text = QRectF(inner.left(), inner.top(), right - inner.left() - S, inner.height())
        middle = Qt.AlignmentFlag.AlignVCenter
        title = text.adjusted(0, 6, 0, -text.height() / 2 + 3) if entry.detail else text
        painter.setPen(colour("text"))
        painter.setFont(font(BODY))
        painter.drawText(title, middle, _cut(painter, entry.title, title.width()))
        if entry.detail:
            painter.setPen(colour("muted"))
            painter.setFont(font(CAPTION))
            below = text.adjusted(0, text.height() / 2 - 1, 0, -5)
            painter.drawText(below, middle, _cut(painter, entry.detail, below.width()))
        painter.restore()

    @staticmethod
    def _paint_right(painter: QPainter, entry: Row, area: QRectF) -> float:
        """Score, then badge, from the right; returns where the free space ends."""
        right = area.right()
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        if entry.score is not None:
            painter.setFont(font(BODY, strong=True))
            painter.setPen(colour(tint_of(entry.score)))
            painter.drawText(QRectF(right - 36, area.top(), 36, area.height()), middle, f"{entry.score:.0f}")
            right -= 36 + S
        if entry.badge:
            letters = font(CAPTION, strong=True)
            width = QFontMetricsF(letters).horizontalAdvance(entry.badge) + M
            box = QRectF(right - width, area.center().y() - 10, width, 20)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour("accent_soft"))
            painter.drawRoundedRect(box, 9, 9)
            painter.setPen(colour("accent"))
            painter.setFont(letters)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, entry.badge)
            right -= width + S
        return right


def _cut(painter: QPainter, text: str, width: float) -> str:
    return painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(width))
