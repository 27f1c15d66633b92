"""Recordings in bulk: a folder in, tables, TextGrids and a report out, resumable at any moment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLineEdit, QPlainTextEdit, QProgressBar, QPushButton

from ui.desktop.language import mark, tr
from ui.desktop.parts.view import Card, View, page_column, row
from ui.desktop.theme import M, S

OPTIONS = (
    ("textgrids", mark("TextGrids for Praat"), True),
    ("report", mark("Report as web page and PDF"), True),
    ("acoustics", mark("Pitch, intensity and formants"), True),
    ("tracks", mark("Pitch and intensity curves of every recording"), False),
)


@dataclass(frozen=True)
class BatchRequest:
    """What to run: paths as typed, and which outputs are wanted."""

    source: str
    target: str
    options: frozenset[str]


@dataclass(frozen=True)
class BatchState:
    """``done`` of ``total`` recordings (0: not known yet), ``per_s`` of them a second (0: not known yet); ``report``:
    file to open, or empty.
    """

    running: bool = False
    done: int = 0
    total: int = 0
    log: str = ""
    report: str = ""
    per_s: float = 0.0


class BatchPage(View):
    """``browse``: ``source``, ``table`` or ``target``."""

    browse = Signal(str)
    check = Signal(object)
    begin = Signal(object)
    stop = Signal()
    open_report = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAcceptDrops(True)
        self._state = BatchState()
        column = page_column(self)
        column.addWidget(self.label(mark("Recordings"), "heading"))
        column.addWidget(
            self.label(
                mark("Score a whole folder for research: sound files with a .txt, .lab or .TextGrid beside "
                    "each, or a table with the columns path and text."),
                "muted",
                wrap=True,
            )
        )  # fmt: skip
        card = Card(spacing=M)
        grid = QGridLayout()
        grid.setHorizontalSpacing(M)
        grid.setVerticalSpacing(S)
        grid.setColumnStretch(1, 1)
        self._source = self._path(
            grid, 0, mark("Recordings"), (("source", mark("Folder…")), ("table", mark("Table…")))
        )
        self._target = self._path(grid, 1, mark("Results"), (("target", mark("Folder…")),))
        card.body.addLayout(grid)
        self._options: dict[str, QCheckBox] = {}
        for name, title, chosen in OPTIONS:
            box = QCheckBox()
            self.say(box.setText, title)
            self.say(box.setToolTip, title)
            box.setChecked(chosen)
            self._options[name] = box
            card.body.addWidget(box)
        self._check = self.button(
            mark("Check the input"), "search", tip=mark("List what is wrong with the input, score nothing")
        )
        self._begin = self.button(
            mark("Score all"), "play", kind="primary", tip=mark("Begin, or go on with an unfinished run")
        )
        self._stop = self.button(
            mark("Stop"), "stop", tip=mark("Finish the files in hand; the next run goes on from there")
        )
        card.body.addLayout(row(self._check, None, self._stop, self._begin))
        column.addWidget(card)
        result = Card(spacing=M)
        self._count = self.label(role="title")
        self._open = self.button(mark("Open the report"), "open", tip=mark("Show report.html"))
        result.body.addLayout(row(self._count, None, self._open))
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        result.body.addWidget(self._bar)
        self._log = QPlainTextEdit()
        self._log.setReadOnly(True)
        self._log.setMinimumHeight(140)
        self.say(self._log.setAccessibleName, mark("Messages of the run"))
        self.say(self._log.setToolTip, mark("Messages of the run"))
        self.say(self._log.setPlaceholderText, mark("Messages of the run"))
        result.body.addWidget(self._log, 1)
        column.addWidget(result, 1)
        for path in (self._source, self._target):
            path.textChanged.connect(lambda _: self.refresh())
        self._check.clicked.connect(lambda: self.check.emit(self._request()))
        self._begin.clicked.connect(lambda: self.begin.emit(self._request()))
        self._stop.clicked.connect(self.stop)
        self._open.clicked.connect(lambda: self.open_report.emit(self._state.report))
        self.refresh()

    def _path(
        self, grid: QGridLayout, line: int, title: str, browsers: tuple[tuple[str, str], ...]
    ) -> QLineEdit:
        box = QLineEdit()
        self.say(box.setAccessibleName, title)
        self.say(box.setToolTip, title)
        label = self.label(title)
        label.setBuddy(box)
        buttons: list[QPushButton] = []
        for name, text in browsers:
            button = self.button(text, "folder", tip=mark("Choose with a dialog"))
            button.clicked.connect(lambda _=False, chosen=name: self.browse.emit(chosen))
            buttons.append(button)
        grid.addWidget(label, line, 0)
        grid.addWidget(box, line, 1)
        grid.addLayout(row(*buttons, None), line, 2)
        return box

    def show_path(self, name: str, path: str) -> None:
        """``name``: ``source`` or ``target``."""
        (self._target if name == "target" else self._source).setText(path)

    def show_state(self, state: BatchState) -> None:
        """How far the run is."""
        self._state = state
        if self._log.toPlainText() != state.log:
            self._log.setPlainText(state.log)
            self._log.verticalScrollBar().setValue(self._log.verticalScrollBar().maximum())
        self.refresh()

    def refresh(self) -> None:
        state, ready = self._state, bool(self._source.text().strip())
        self._check.setEnabled(ready and not state.running)
        self._begin.setEnabled(ready and bool(self._target.text().strip()) and not state.running)
        self._stop.setEnabled(state.running)
        self._open.setVisible(bool(state.report))
        self._bar.setRange(0, state.total if state.running or state.total else 1)
        self._bar.setValue(state.done)
        if state.total:
            text = tr("{done} of {total} recordings", done=state.done, total=state.total)
            if state.running and state.per_s > 0:
                left_s = round((state.total - state.done) / state.per_s)
                text += f" · {state.per_s:.1f}/s · −{left_s // 60}:{left_s % 60:02}"
        else:
            text = tr("Reading the input…") if state.running else tr("Nothing run yet")
        self._count.setText(text)

    def dragEnterEvent(self, event: Any) -> None:
        if self._dropped(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:
        if (path := self._dropped(event)) is not None:
            self._source.setText(str(path))
            if not self._target.text().strip():
                self._target.setText(str(path.with_name(f"{path.stem}-results")))

    def _dropped(self, event: Any) -> Path | None:
        """The folder or table that is dragged in, unless a run is on."""
        urls = event.mimeData().urls()
        if self._state.running or len(urls) != 1 or not urls[0].isLocalFile():
            return None
        path = Path(urls[0].toLocalFile())
        return path if path.suffix.lower() in (".csv", ".tsv") or path.is_dir() else None

    def _request(self) -> BatchRequest:
        chosen = frozenset(name for name, box in self._options.items() if box.isChecked())
        return BatchRequest(self._source.text().strip(), self._target.text().strip(), chosen)
