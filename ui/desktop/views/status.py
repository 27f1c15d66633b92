"""The line at the bottom: who scores, how fast it was, and that nothing leaves the machine."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout

from ui.desktop.icons import pixmap
from ui.desktop.language import mark, told, tr
from ui.desktop.parts.view import View
from ui.desktop.shown import Status
from ui.desktop.theme import XS, M, S

STAGES = {
    "hand over": mark("to the engine"),
    "clip": mark("finding the voice"),
    "acoustic": mark("listening"),
    "align": mark("placing the sounds"),
    "evidence": mark("gathering evidence"),
    "scorer": mark("scoring"),
    "feedback": mark("tips"),
    "rest": mark("other work"),
    "hand back": mark("back to the window"),
    "show": mark("filling the page"),
    "paint": mark("painting"),
}
"""What the stages of a take are called."""


class StatusLine(View):
    """Shows a ``Status``."""

    def __init__(self) -> None:
        super().__init__()
        self._status = Status()
        frame = QFrame()
        frame.setProperty("role", "status")
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(frame)
        line = QHBoxLayout(frame)
        line.setContentsMargins(M, XS, M, XS)
        line.setSpacing(S)
        self._engine_sign, self._engine = QLabel(), self.label(role="caption")
        self._latency_sign, self._latency = QLabel(), self.label(role="caption")
        self._lock_sign = QLabel()
        self._lock = self.label(mark("Your voice stays on this computer"), "caption")
        line.addWidget(self._engine_sign)
        line.addWidget(self._engine)
        line.addSpacing(M)
        line.addWidget(self._latency_sign)
        line.addWidget(self._latency)
        line.addStretch(1)
        line.addWidget(self._lock_sign)
        line.addWidget(self._lock)
        self._engine.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self.refresh()

    def show_status(self, status: Status) -> None:
        self._status = status
        self.refresh()

    def refresh(self) -> None:
        status = self._status
        self._engine_sign.setPixmap(pixmap("engine", 16, "good" if status.ready else "fair"))
        self._engine.setText(status.engine or tr("The model is loading…"))
        self._engine.setToolTip(told(status.detail))
        self._latency_sign.setPixmap(pixmap("clock", 16, "muted"))
        known = status.latency is not None
        self._latency_sign.setVisible(known)
        self._latency.setVisible(known)
        if status.latency is not None:
            self._latency.setText(tr("scores after {ms} ms", ms=round(status.latency.total_ms)))
            spent = [f"{tr(STAGES.get(name, name))}  {ms:.0f} ms" for name, ms in status.latency.stages_ms.items()]
            title = tr("From the end of your recording to the scores on the screen")
            self._latency.setToolTip("\n".join([title, "", *spent]))
        self._lock_sign.setPixmap(pixmap("lock", 16, "muted"))
