"""What the timeline is drawn with: a view that moves along time only, the waveform, the marks of words and
phones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPen, QPolygonF

from tutor.timebase import SAMPLE_RATE
from ui.desktop.plots.pictures import envelope_of
from ui.desktop.plots.span import Span
from ui.desktop.theme import CAPTION, colour, font

LABEL_PX = 16


class TimeView(pg.ViewBox):  # type: ignore[misc]
    """Zooms and moves along time only; a left drag marks a part."""

    clicked = Signal(float)
    marked = Signal(float, float, bool)
    pointed = Signal(float)

    def __init__(self) -> None:
        super().__init__(enableMenu=False, defaultPadding=0)
        self.setMouseEnabled(x=True, y=False)

    def mouseDragEvent(self, event: Any, axis: int | None = None) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            event.accept()
            first = self.mapToView(event.buttonDownPos()).x()
            now = self.mapToView(event.pos()).x()
            self.marked.emit(min(first, now), max(first, now), event.isFinish())
            return
        # Any other button moves; pyqtgraph would scale with the right one.
        event.accept()
        shift = self.mapToView(event.lastPos()).x() - self.mapToView(event.pos()).x()
        self.translateBy(x=shift)

    def mouseClickEvent(self, event: Any) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            event.accept()
            if event.double():
                self.clicked.emit(-1.0)
            else:
                self.clicked.emit(self.mapToView(event.pos()).x())

    def wheelEvent(self, event: Any, axis: int | None = None) -> None:
        centre = self.mapSceneToView(event.scenePos())
        steps = event.delta() / 120
        self.scaleBy(x=0.85**steps, center=centre)
        event.accept()


class Wave(pg.GraphicsObject):  # type: ignore[misc]
    """The waveform as a filled min/max envelope with one column per pixel: constant cost at any length."""

    def __init__(self) -> None:
        super().__init__()
        self._samples = np.zeros(1, np.float32)
        self._peak = 1.0

    def show_samples(self, samples: Any) -> None:
        self.prepareGeometryChange()
        self._samples = samples
        self._peak = max(1e-3, float(np.abs(samples).max(initial=0.0)))
        self.update()

    def boundingRect(self) -> QRectF:
        return QRectF(0, -1, max(len(self._samples), 1) / SAMPLE_RATE, 2)

    def viewRangeChanged(self) -> None:
        self.update()

    def paint(self, painter: QPainter, option: Any, widget: Any = None) -> None:
        view = self.getViewBox()
        (left, right), _ = view.viewRange()
        first = max(0, int(left * SAMPLE_RATE))
        last = min(len(self._samples), int(right * SAMPLE_RATE) + 1)
        if last - first < 2:
            return
        low, high = envelope_of(self._samples[first:last], max(2, int(view.width())))
        xs = np.linspace(first, last, len(low)) / SAMPLE_RATE
        thin = 0.006
        upper = [
            QPointF(x, y)
            for x, y in zip(xs.tolist(), np.maximum(high / self._peak * 0.94, thin).tolist(), strict=True)
        ]
        lower = [
            QPointF(x, y)
            for x, y in zip(xs.tolist(), np.minimum(low / self._peak * 0.94, -thin).tolist(), strict=True)
        ]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour("accent"))
        painter.drawPolygon(QPolygonF(upper + lower[::-1]))


class Marks(pg.GraphicsObject):  # type: ignore[misc]
    """Word boundaries over the full height, word names at the top and phone names at the bottom."""

    def __init__(self, *, labels: bool) -> None:
        super().__init__()
        self._labels = labels
        self._words: tuple[Span, ...] = ()
        self._phones: tuple[Span, ...] = ()

    def show_spans(self, words: tuple[Span, ...], phones: tuple[Span, ...]) -> None:
        self._words, self._phones = words, phones
        self.update()

    def boundingRect(self) -> QRectF:
        view = self.getViewBox()
        return QRectF() if view is None else view.viewRect()

    def viewRangeChanged(self) -> None:
        self.prepareGeometryChange()
        self.update()

    def paint(self, painter: QPainter, option: Any, widget: Any = None) -> None:
        view = self.getViewBox()
        to_pixel = painter.worldTransform()
        painter.save()
        painter.resetTransform()
        top, bottom = (
            to_pixel.map(view.viewRect().bottomLeft()).y(),
            to_pixel.map(view.viewRect().topLeft()).y(),
        )
        top, bottom = min(top, bottom), max(top, bottom)
        painter.setFont(font(CAPTION))
        painter.setPen(QPen(colour("strong_border"), 1, Qt.PenStyle.DashLine))
        edges = dict.fromkeys(edge for word in self._words for edge in (word.start_s, word.end_s))
        across = [to_pixel.map(QPointF(edge, 0)).x() for edge in edges]
        painter.drawLines([QLineF(x, top, x, bottom) for x in across])
        if self._labels:
            self._write(painter, to_pixel, self._words, top + 1)
            self._write(painter, to_pixel, self._phones, bottom - LABEL_PX - 1, ticks=True)
        painter.restore()

    @staticmethod
    def _write(
        painter: QPainter,
        to_pixel: Any,
        spans: tuple[Span, ...],
        top: float,
        *,
        ticks: bool = False,
    ) -> None:
        metrics = painter.fontMetrics()
        places = [
            (to_pixel.map(QPointF(span.start_s, 0)).x(), to_pixel.map(QPointF(span.end_s, 0)).x()) for span in spans
        ]
        if ticks:
            painter.setPen(QPen(colour("strong_border"), 1))
            painter.drawLines([QLineF(left, top + LABEL_PX * 0.3, left, top + LABEL_PX) for left, _ in places])
        for span, (left, right) in zip(spans, places, strict=True):
            if metrics.horizontalAdvance(span.label) <= right - left - 1:
                painter.setPen(colour(span.tint))
                painter.drawText(
                    QRectF(left - 4, top, right - left + 8, LABEL_PX), Qt.AlignmentFlag.AlignCenter, span.label
                )
