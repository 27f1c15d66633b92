"""Small painted figures: the ring with the overall score, score bars, the level meter, the live waveform."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from tutor.attempt import FAIR, GOOD
from ui.desktop.theme import BODY, CAPTION, colour, font

Floats = NDArray[np.float32]


def tint_of(score: float) -> str:
    """Field name of a score's colour."""
    # Judged as it is shown: 79.6 reads 80 and so is good.
    return "good" if round(score) >= GOOD else "fair" if round(score) >= FAIR else "poor"


class ScoreRing(QWidget):
    """The overall score as a number in a ring; a dash where there is none."""

    def __init__(self, size_px: int = 104) -> None:
        super().__init__()
        self._score: float | None = None
        self.setFixedSize(size_px, size_px)

    def show_score(self, score: float | None, name: str = "") -> None:
        """``name`` is what a screen reader says."""
        self._score = score
        self.setAccessibleName(f"{name} {score:.0f}" if score is not None else name)
        self.update()

    def paintEvent(self, event: Any) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = self.width() * 0.085
        area = QRectF(self.rect()).adjusted(width, width, -width, -width)
        painter.setPen(QPen(colour("inset"), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawEllipse(area)
        text = "–"
        if self._score is not None:
            text = f"{self._score:.0f}"
            painter.setPen(
                QPen(
                    colour(f"{tint_of(self._score)}_fill"),
                    width,
                    Qt.PenStyle.SolidLine,
                    Qt.PenCapStyle.RoundCap,
                )
            )
            painter.drawArc(area, 90 * 16, -round(self._score / 100 * 360 * 16))
        painter.setPen(colour("text"))
        painter.setFont(font(round(self.height() * 0.32), strong=True))
        painter.drawText(QRectF(self.rect()), Qt.AlignmentFlag.AlignCenter, text)


class ScoreBar(QWidget):
    """A labelled bar 0–100; three lengths of hatching tell good, fair and poor apart without colour."""

    def __init__(self, size_px: int = BODY) -> None:
        super().__init__()
        self._size_px = size_px
        self._name = ""
        self._score: float | None = None
        self.setMinimumHeight(size_px * 2 + 4)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(160, self._size_px * 2 + 4)

    def show_score(self, name: str, score: float | None) -> None:
        self._name, self._score = name, score
        self.setAccessibleName(f"{name} {score:.0f}" if score is not None else name)
        self.update()

    def paintEvent(self, event: Any) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        text_area = QRectF(0, 0, self.width(), self._size_px * 1.4)
        painter.setFont(font(max(CAPTION, self._size_px - 1)))
        painter.setPen(colour("muted"))
        painter.drawText(text_area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self._name)
        painter.setFont(font(max(CAPTION, self._size_px - 1), strong=True))
        painter.setPen(colour("text"))
        shown = "–" if self._score is None else f"{self._score:.0f}"
        painter.drawText(text_area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, shown)
        top = self._size_px * 1.4 + 2
        paint_bar(painter, QRectF(0, top, self.width(), max(5.0, self._size_px * 0.42)), self._score)


def paint_bar(painter: QPainter, area: QRectF, score: float | None) -> None:
    """A rounded bar filled up to ``score`` (0–100, None: empty)."""
    radius = area.height() / 2
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour("inset"))
    painter.drawRoundedRect(area, radius, radius)
    if score is not None:
        filled = QRectF(area)
        filled.setWidth(max(area.height(), area.width() * score / 100))
        painter.setBrush(colour(f"{tint_of(score)}_fill"))
        painter.drawRoundedRect(filled, radius, radius)


class LevelMeter(QWidget):
    """Loudness as a row of cells; the last ones warn of clipping."""

    CELLS = 24

    def __init__(self) -> None:
        super().__init__()
        self._peak = 0.0
        self._held = 0.0
        self.setMinimumSize(120, 12)
        self.setMaximumHeight(14)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_peak(self, peak: float) -> None:
        """``peak``: 0–1 of full scale."""
        self._peak = peak
        self._held = max(peak, self._held * 0.94)
        self.update()

    def clear(self) -> None:
        """Nothing is heard, and nothing was."""
        self._peak = self._held = 0.0
        self.update()

    def paintEvent(self, event: Any) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        step = self.width() / self.CELLS
        lit = _decibel_share(self._peak) * self.CELLS
        held = int(_decibel_share(self._held) * self.CELLS)
        for cell in range(self.CELLS):
            share = (cell + 1) / self.CELLS
            tint = "record" if share > 0.97 else "fair_fill" if share > 0.86 else "good_fill"
            on = cell < lit or (cell == held and held > 0)
            painter.setBrush(colour(tint) if on else colour("inset"))
            painter.drawRoundedRect(QRectF(cell * step, 0, step - 2, self.height()), 2, 2)


def _decibel_share(level: float) -> float:
    # −50 dB to full scale over the whole width.
    return float(np.clip(1 + 20 * np.log10(max(level, 1e-6)) / 50, 0.0, 1.0))


class LiveWave(QWidget):
    """The newest seconds of a recording, scrolling; drawn from a min/max envelope."""

    SPAN_S = 5.0
    COLUMNS = 250

    def __init__(self) -> None:
        super().__init__()
        self._low: Floats = np.zeros(self.COLUMNS, np.float32)
        self._high: Floats = np.zeros(self.COLUMNS, np.float32)
        self._pending: Floats = np.zeros(0, np.float32)
        self.setMinimumHeight(36)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def clear(self) -> None:
        self._low[:] = self._high[:] = 0
        self._pending = np.zeros(0, np.float32)
        self.update()

    def add(self, samples: Floats, rate_hz: int) -> None:
        """Append new samples, float32 (n,)."""
        per_column = int(self.SPAN_S * rate_hz / self.COLUMNS)
        joined = np.concatenate((self._pending, samples))[-per_column * self.COLUMNS :]
        count = len(joined) // per_column
        self._pending = joined[count * per_column :]
        if count:
            blocks = joined[: count * per_column].reshape(count, per_column)
            self._low = np.concatenate((self._low[count:], blocks.min(axis=1)))
            self._high = np.concatenate((self._high[count:], blocks.max(axis=1)))
            self.update()

    def paintEvent(self, event: Any) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2
        painter.setPen(QPen(colour("border"), 1))
        painter.drawLine(QPointF(0, middle), QPointF(self.width(), middle))
        xs = np.linspace(0, self.width(), self.COLUMNS)
        # Quiet voices should still be seen to move.
        gain = middle / max(0.25, float(np.abs(self._high).max()), float(np.abs(self._low).max()))
        upper = [
            QPointF(float(x), middle - max(0.6, float(v) * gain)) for x, v in zip(xs, self._high, strict=True)
        ]
        lower = [
            QPointF(float(x), middle - min(-0.6, float(v) * gain)) for x, v in zip(xs, self._low, strict=True)
        ]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour("accent"))
        painter.drawPolygon(QPolygonF(upper + lower[::-1]))
