"""A strip above the status line while a GPU engine is being built: phase, bar, and a way to stop it."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout

from ui.desktop.engine_build import BuildStep
from ui.desktop.icons import pixmap
from ui.desktop.language import mark, tr
from ui.desktop.parts.view import View
from ui.desktop.theme import L, M, S

PHASES = {
    "fp16 model": mark("converting the model"),
    "int8 model": mark("converting the model"),
    "calibrating": mark("calibrating"),
    "choosing kernels": mark("choosing kernels"),
    "verify": mark("checking it against the CPU"),
}
"""Phases by the name the builder gives them; the library's own are shown as they are."""

SHOW_MS = 600
"""What is over sooner is not worth a look."""


class BuildStrip(View):
    """``cancelled`` when the learner wants no GPU engine now."""

    cancelled = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._step: BuildStep | None = None
        self._stopping = False
        outer = QVBoxLayout(self)
        outer.setContentsMargins(L, 0, L, M)
        frame = QFrame()
        frame.setProperty("role", "banner")
        frame.setProperty("tone", "info")
        outer.addWidget(frame)
        line = QHBoxLayout(frame)
        line.setContentsMargins(M, S, S, S)
        line.setSpacing(M)
        self._sign = QLabel()
        self._text = self.label(wrap=True)
        self._phase = self.label(role="caption", wrap=True)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setMinimumWidth(80)
        self._stop = self.button(
            mark("Cancel"), tip=mark("Stop building; the CPU goes on scoring and nothing is lost")
        )
        self._stop.clicked.connect(self._cancel)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._text)
        words.addWidget(self._phase)
        line.addWidget(self._sign)
        line.addLayout(words, 3)
        line.addWidget(self._bar, 2)
        line.addWidget(self._stop)
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(SHOW_MS)
        self._wait.timeout.connect(self.show)
        self.hide()

    def show_step(self, step: BuildStep | None) -> None:
        """Where the build is; None once it is over."""
        self._step = step
        if step is None:
            self._wait.stop()
            self._stopping = False
            self.hide()
        elif self.isHidden() and not self._wait.isActive():
            self._wait.start()
        self.refresh()

    def _cancel(self) -> None:
        self._stopping = True
        self.refresh()
        self.cancelled.emit()

    def refresh(self) -> None:
        self._sign.setPixmap(pixmap("engine", 20, "accent"))
        step = self._step
        self._stop.setEnabled(not self._stopping)
        if step is None:
            return
        self._text.setText(
            tr("Stopping the graphics engine's build…")
            if self._stopping
            else tr("Preparing the graphics engine; go on practising meanwhile")
        )
        phase = PHASES.get(step.label)
        self._phase.setText(tr(phase) if phase is not None else step.label)
        self._bar.setRange(0, step.total)
        self._bar.setValue(step.done)
        self._bar.setAccessibleName(f"{self._text.text()}: {self._phase.text()}")
