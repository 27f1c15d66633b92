"""The real window, driven from outside: tells on stdout, one JSON object a line, what a test needs to know.

Arguments: text to say, engine, model, seconds of silence that end a recording (0: never by itself).
"""

from __future__ import annotations

import json
import sys
from typing import Any

from PySide6.QtCore import QTimer

from ui.desktop import app, preferences
from ui.desktop import controller as controllers
from ui.desktop.preferences import Preferences
from ui.desktop.shown import Sentence

TEXT, ENGINE, MODEL, STOP_S = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])


def tell(event: str, **fields: Any) -> None:
    print(json.dumps({"event": event, **fields}), flush=True)


class Told(controllers.Controller):
    def start(self) -> None:
        super().start()
        self.practice.state_changed.connect(lambda state: tell("state", state=state))
        self.practice.take_scored.connect(lambda take: tell("scored", **take.assessment.to_json()))
        self.practice.latency.connect(lambda latency: tell("latency", ms=latency.total_ms))
        self.recorder.level.connect(self._level)
        self.scorer.ready.connect(lambda info: tell("ready", backend=info.backend))
        self._watch = QTimer(self)
        self._watch.setInterval(100)
        self._watch.timeout.connect(self._message)
        self._watch.start()
        self._last_message = ""
        self._loud = False
        QTimer.singleShot(400, self._begin)

    def _begin(self) -> None:
        self.practice.open_list([Sentence(TEXT, "Test", item="test")])
        button = self.practice.page.sentence._record
        centre = button.mapToGlobal(button.rect().center())
        tell("button", x=centre.x(), y=centre.y())

    def _level(self, level: Any, seconds: float) -> None:
        if level.peak > 0.02 and not self._loud:
            self._loud = True
            tell("loud")

    def _message(self) -> None:
        text = self.window.banner.text
        if text != self._last_message:
            self._last_message = text
            tell("message", text=text)


preferences.save(
    Preferences(theme="light", language="en", auto_stop=STOP_S > 0, auto_stop_s=STOP_S or 1.0, model=MODEL)
)
app.Controller = Told
raise SystemExit(app.run(app.Options(engine=ENGINE, model=MODEL)))
