"""Scores over time: points, and a line through their running mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QLocale, Qt
from PySide6.QtWidgets import QVBoxLayout

from tutor.attempt import FAIR, GOOD, local_day
from ui.desktop.language import language
from ui.desktop.parts.view import View
from ui.desktop.theme import CAPTION, colour, font

WINDOW = 5
MOST_TICKS = 6


class TrendPlot(View):
    """Shows (seconds since 1970, score 0–100) in order; equal steps, labelled by day."""

    def __init__(self) -> None:
        super().__init__()
        self._points: tuple[tuple[float, float], ...] = ()
        self._plot = pg.PlotWidget()
        self._plot.setFrameShape(self._plot.Shape.NoFrame)
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._plot.setMouseEnabled(x=False, y=False)
        self._plot.setMenuEnabled(False)
        self._plot.hideButtons()
        self._plot.setMinimumHeight(160)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._plot)
        self._bands = [
            pg.LinearRegionItem((low, high), orientation="horizontal", movable=False, pen=pg.mkPen(None))
            for low, high in ((0, FAIR), (FAIR, GOOD), (GOOD, 100))
        ]
        for band in self._bands:
            band.setZValue(-10)
            self._plot.addItem(band)
        self._dots = pg.ScatterPlotItem(size=8, pen=pg.mkPen(None))
        self._line = pg.PlotDataItem()
        self._plot.addItem(self._dots)
        self._plot.addItem(self._line)
        self.refresh()

    def show_points(self, points: Sequence[tuple[float, float]], name: str) -> None:
        """``name`` is what a screen reader says."""
        self._points = tuple(points)
        self.setAccessibleName(name)
        self.refresh()

    def refresh(self) -> None:
        self._plot.setBackground(colour("surface"))
        for band, tint in zip(self._bands, ("poor", "fair", "good"), strict=True):
            band.setBrush(colour(f"{tint}_fill", 0.07))
        for side in ("left", "bottom"):
            axis = self._plot.getAxis(side)
            axis.setPen(pg.mkPen(colour("border")))
            axis.setTextPen(pg.mkPen(colour("muted")))
            axis.setStyle(tickFont=font(CAPTION - 1), tickLength=0)
        self._plot.getAxis("left").setTicks([[(value, str(value)) for value in (0, 20, 40, 60, 80, 100)]])
        scores = np.array([score for _, score in self._points])
        places = np.arange(len(scores))
        self._dots.setBrush(colour("accent", 0.35))
        self._dots.setData(places, scores)
        self._line.setPen(pg.mkPen(colour("accent"), width=3 * self.devicePixelRatioF()))
        self._line.setData(places, running_mean(scores, WINDOW))
        self._plot.getAxis("bottom").setTicks([self._ticks()])
        self._plot.setYRange(0, 100, padding=0.02)
        self._plot.setXRange(-0.5, max(len(scores) - 0.5, 5), padding=0)

    def _ticks(self) -> list[tuple[float, str]]:
        locale = QLocale(language.code)
        ticks: list[tuple[float, str]] = []
        day = None
        for place, (when, _) in enumerate(self._points):
            if (today := local_day(when)) != day:
                day = today
                ticks.append((place, locale.toString(today, "d MMM" if language.code == "en" else "M月d日")))  # type: ignore[call-overload]
        return ticks[:: max(1, -(-len(ticks) // MOST_TICKS))]


def running_mean(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Mean of each value and up to ``window`` − 1 before it, float64 (n,)."""
    total = np.concatenate(([0.0], np.cumsum(values, dtype=np.float64)))
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(0, ends - window)
    return np.asarray((total[ends] - total[starts]) / np.maximum(1, ends - starts))
