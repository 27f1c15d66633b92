"""Waveform, pitch, energy and spectrogram of one take over one time axis.

Wheel: zoom. Drag: choose a part and hear it. Click: hear the word. Right or middle drag: move. Double click:
all.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt, QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout

from ui.desktop.language import mark, tr
from ui.desktop.parts.view import View
from ui.desktop.plots.graphics import Marks, TimeView, Wave
from ui.desktop.plots.pictures import Pictures
from ui.desktop.plots.span import Span
from ui.desktop.theme import CAPTION, colour, font

ROWS = (mark("Wave"), mark("Pitch (st)"), mark("Energy (dB)"), mark("Hz"))
STRETCH = (5, 5, 3, 5)
AXIS_WIDTH = 44
LANE_PX = 18
AIR_S = 0.25


class Timeline(View):
    """``play`` asks to hear a part (seconds); ``word_pointed`` is the word under the pointer, or −1."""

    play = Signal(float, float)
    word_pointed = Signal(int)
    word_chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._pictures: Pictures | None = None
        self._words: tuple[Span, ...] = ()
        self._phones: tuple[Span, ...] = ()
        self._graphics = pg.GraphicsLayoutWidget()
        self._graphics.setFrameShape(self._graphics.Shape.NoFrame)
        self._graphics.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._graphics.ci.layout.setContentsMargins(0, 0, 0, 0)
        self._graphics.ci.layout.setVerticalSpacing(4)
        self._graphics.viewport().setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents, False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._graphics)
        self._plots: list[pg.PlotItem] = []
        self._views: list[TimeView] = []
        for number in range(len(ROWS)):
            self._add_row(number)
        self._wave = Wave()
        self._plots[0].addItem(self._wave)
        self._reference = pg.PlotDataItem(connect="finite")
        self._pitch = pg.PlotDataItem(connect="finite")
        self._energy = pg.PlotDataItem()
        self._image = pg.ImageItem(axisOrder="col-major")
        self._plots[1].addItem(self._reference)
        self._plots[1].addItem(self._pitch)
        self._plots[2].addItem(self._energy)
        self._plots[3].addItem(self._image)
        self._marks = [Marks(labels=number == 0) for number in range(len(ROWS))]
        self._bands = [self._band("accent", 0.16) for _ in ROWS]
        self._selection = [self._band("accent", 0.28) for _ in ROWS]
        self._cursors = [pg.InfiniteLine(angle=90, movable=False) for _ in ROWS]
        for plot, *items in zip(
            self._plots, self._marks, self._bands, self._selection, self._cursors, strict=True
        ):
            for item in items:
                plot.addItem(item, ignoreBounds=True)
        for cursor in self._cursors:
            cursor.setVisible(False)
        self._graphics.scene().sigMouseMoved.connect(self._point)
        self.say(self.setAccessibleName, mark("Waveform, pitch, energy and spectrum of the recording"))
        self.refresh()

    def _add_row(self, number: int) -> None:
        view = TimeView()
        plot = self._graphics.addPlot(row=number, col=0, viewBox=view)
        plot.hideButtons()
        plot.setMenuEnabled(False)
        plot.getAxis("left").setWidth(AXIS_WIDTH)
        plot.getAxis("bottom").setStyle(showValues=number == len(ROWS) - 1, tickLength=0)
        plot.getAxis("left").setStyle(tickLength=0)
        if number:
            plot.setXLink(self._plots[0])
        view.clicked.connect(self._click)
        view.marked.connect(self._mark)
        self._graphics.ci.layout.setRowStretchFactor(number, STRETCH[number])
        self._plots.append(plot)
        self._views.append(view)

    @staticmethod
    def _band(tint: str, alpha: float) -> pg.LinearRegionItem:
        band = pg.LinearRegionItem(movable=False, pen=pg.mkPen(None))
        band.setZValue(-5)
        band.setVisible(False)
        return band

    def show_take(
        self, pictures: Pictures | None, words: tuple[Span, ...] = (), phones: tuple[Span, ...] = ()
    ) -> None:
        """Draw a take; None clears."""
        same = (
            pictures is not None and self._pictures is not None and pictures.samples is self._pictures.samples
        )
        self._pictures, self._words, self._phones = pictures, words, phones
        if not same:
            for band in self._bands + self._selection:
                band.setVisible(False)
        self._draw()
        if not same:
            self.show_all()
            spoken = [word for word in words if word.end_s > word.start_s]
            if spoken:
                # The silence around the speech would only make it small.
                first_s, last_s = spoken[0].start_s - AIR_S, spoken[-1].end_s + AIR_S
                self._views[0].setXRange(first_s, last_s, padding=0)
        # pyqtgraph applies new ranges while it paints, and then has to paint again.
        self._graphics.scene().prepareForPaint()

    @property
    def pictures(self) -> Pictures | None:
        """What is drawn."""
        return self._pictures

    def show_rows(self, *, energy: bool, spectrum: bool) -> None:
        """Which of the lower plots are seen."""
        for number, seen in ((2, energy), (3, spectrum)):
            self._plots[number].setVisible(seen)
            self._graphics.ci.layout.setRowStretchFactor(number, STRETCH[number] if seen else 0)
            self._graphics.ci.layout.setRowMaximumHeight(number, 16777215 if seen else 0)
        last = 3 if spectrum else 2 if energy else 1
        for number, plot in enumerate(self._plots):
            plot.getAxis("bottom").setStyle(showValues=number == last)

    def show_all(self) -> None:
        """Zoom out to the whole take."""
        duration_s = self._pictures.duration_s if self._pictures else 1.0
        for view in self._views:
            view.setLimits(xMin=0, xMax=duration_s, minXRange=0.05)
        self._views[0].setXRange(0, duration_s, padding=0)

    def zoom(self, factor: float) -> None:
        """Zoom around the middle: below 1 nearer."""
        self._views[0].scaleBy(x=factor)

    def show_part(self, start_s: float, end_s: float) -> None:
        """Zoom to a part with some air."""
        air = 0.4 * (end_s - start_s) + 0.1
        self._views[0].setXRange(start_s - air, end_s + air, padding=0)

    def light(self, index: int) -> None:
        """Light a word's part in every plot (−1: none)."""
        for band in self._bands:
            band.setVisible(0 <= index < len(self._words))
            if 0 <= index < len(self._words):
                band.setRegion((self._words[index].start_s, self._words[index].end_s))

    def show_cursor(self, time_s: float | None) -> None:
        """The playing position; None hides it."""
        for cursor in self._cursors:
            cursor.setVisible(time_s is not None)
            if time_s is not None:
                cursor.setPos(time_s)

    def refresh(self) -> None:
        self._graphics.setBackground(colour("surface"))
        for number, plot in enumerate(self._plots):
            for side in ("left", "bottom"):
                axis = plot.getAxis(side)
                axis.setPen(pg.mkPen(colour("border")))
                axis.setTextPen(pg.mkPen(colour("muted")))
                axis.setStyle(tickFont=font(CAPTION - 1))
            plot.getAxis("left").setLabel(
                tr(ROWS[number]), **{"font-size": f"{CAPTION - 1}px", "color": colour("muted").name()}
            )
        self._plots[0].getAxis("left").setTicks([[]])
        self._plots[1].getAxis("left").setTicks(
            [[(value, f"{value:+d}" if value else "0") for value in (-8, -4, 0, 4, 8)]]
        )
        self._plots[2].getAxis("left").setTicks([[(-40, "−40"), (0, "0")]])
        self._plots[3].getAxis("left").setTicks([[(2000, "2k"), (4000, "4k"), (6000, "6k")]])
        # Lines of plots are as wide as told in the screen's own pixels.
        ratio = self.devicePixelRatioF()
        self._pitch.setPen(pg.mkPen(colour("accent"), width=3 * ratio))
        self._reference.setPen(pg.mkPen(colour("muted"), width=2 * ratio, style=Qt.PenStyle.DashLine))
        self._energy.setPen(pg.mkPen(colour("accent"), width=1.5 * ratio))
        self._energy.setFillLevel(-60)
        self._energy.setBrush(pg.mkBrush(colour("accent", 0.15)))
        for bands, alpha in ((self._bands, 0.16), (self._selection, 0.30)):
            for band in bands:
                band.setBrush(colour("accent", alpha))
        for cursor in self._cursors:
            cursor.setPen(pg.mkPen(colour("record"), width=2 * ratio))
        # From the card's own colour to the text's: the picture sits in the theme.
        dark, accent, bright = colour("surface"), colour("accent"), colour("text")
        self._image.setColorMap(pg.ColorMap([0.0, 0.35, 0.75, 1.0], [dark, dark, accent, bright]))
        self._draw()

    def _draw(self) -> None:
        pictures = self._pictures
        for marks in self._marks:
            marks.show_spans(self._words if pictures else (), self._phones if pictures else ())
        if pictures is None:
            self._wave.show_samples(np.zeros(1, np.float32))
            for item in (self._pitch, self._reference, self._energy):
                item.setData([], [])
            self._image.clear()
        else:
            self._wave.show_samples(pictures.samples)
            self._pitch.setData(pictures.pitch.times_s, pictures.pitch.values)
            self._reference.setData(pictures.reference.times_s, pictures.reference.values)
            self._energy.setData(pictures.energy.times_s, pictures.energy.values)
            self._image.setImage(pictures.spectrogram, autoLevels=False, levels=(0, 255))
            self._image.setRect(QRectF(0, 0, pictures.duration_s, 8000))
        self._fit_lanes()
        self._views[1].setYRange(-10, 10, padding=0)
        self._views[2].setYRange(-60, 4, padding=0)
        self._views[3].setYRange(0, 8000, padding=0)

    def _fit_lanes(self) -> None:
        """Keep a line of letters free above and below the wave, at any height."""
        height = max(60.0, self._views[0].height())
        reach = height / (height - 2 * LANE_PX)
        self._views[0].setYRange(-reach, reach, padding=0)

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        QTimer.singleShot(0, self, self._fit_lanes)

    def _word_at(self, time_s: float) -> int:
        return next((at for at, word in enumerate(self._words) if word.start_s <= time_s < word.end_s), -1)

    def _click(self, time_s: float) -> None:
        for band in self._selection:
            band.setVisible(False)
        if time_s < 0:
            self.show_all()
            return
        at = self._word_at(time_s)
        if at >= 0:
            self.word_chosen.emit(at)
            self.play.emit(self._words[at].start_s, self._words[at].end_s)

    def _mark(self, start_s: float, end_s: float, finished: bool) -> None:
        for band in self._selection:
            band.setRegion((start_s, end_s))
            band.setVisible(True)
        if finished and end_s - start_s > 0.02:
            self.play.emit(max(0.0, start_s), end_s)

    def _point(self, position: Any) -> None:
        for view in self._views:
            if view.sceneBoundingRect().contains(position):
                self.word_pointed.emit(self._word_at(view.mapSceneToView(position).x()))
                return
        self.word_pointed.emit(-1)

    def leaveEvent(self, event: Any) -> None:
        self.word_pointed.emit(-1)
        super().leaveEvent(event)
