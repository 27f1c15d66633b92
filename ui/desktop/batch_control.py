"""Runs ``tutor batch`` in a process of its own: it may take hours, use all cores and outlive any fault of
the window.

How far it is shows in the run's journal, one line per finished recording.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, QTimer, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from ui.desktop.language import tr
from ui.desktop.services import Services
from ui.desktop.views.batch import BatchPage, BatchRequest, BatchState

JOURNAL = "journal.jsonl"
POLL_MS = 700
_TOTAL = re.compile(r"([\d,]+) recordings to score")


class BatchControl(QObject):
    """One run at a time."""

    def __init__(self, services: Services, page: BatchPage) -> None:
        super().__init__()
        self._services, self._page = services, page
        self._process: QProcess | None = None
        self._target = Path()
        self._total = self._done = self._read_bytes = self._first = 0
        self._since_s = 0.0
        self._log = ""
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._count)
        page.browse.connect(self._browse)
        page.check.connect(lambda request: self.run(request, check=True))
        page.begin.connect(lambda request: self.run(request, check=False))
        page.stop.connect(self.stop)
        page.open_report.connect(lambda path: QDesktopServices.openUrl(QUrl.fromLocalFile(path)))

    @property
    def is_running(self) -> bool:
        return self._process is not None

    def run(self, request: BatchRequest, *, check: bool) -> None:
        """Start; messages and progress appear on the page."""
        if self._process is not None:
            return
        self._target, self._total, self._done, self._log = Path(request.target), 0, 0, ""
        self._read_bytes, self._first, self._since_s = 0, -1, 0.0
        process = self._process = QProcess(self)
        process.setProcessChannelMode(QProcess.ProcessChannelMode.MergedChannels)
        process.readyRead.connect(self._read)
        process.finished.connect(self._finished)
        process.errorOccurred.connect(self._not_started)
        process.start(sys.executable, ["-m", "ui.cli", *self.arguments(request, check=check)])
        self._timer.start()
        self._show()

    def arguments(self, request: BatchRequest, *, check: bool) -> list[str]:
        """The command line of a request."""
        wanted = self._services.store.now
        made = ["batch", request.source, "--model", wanted.model, "--accent", wanted.accent]
        if wanted.engine != "auto":
            made += ["--engine", wanted.engine]
        if check:
            return [*made, "--check"]
        made += ["--out", request.target]
        refusals = {"textgrids": "--no-textgrids", "report": "--no-report", "acoustics": "--no-acoustics"}
        made += [flag for name, flag in refusals.items() if name not in request.options]
        return [*made, "--tracks"] if "tracks" in request.options else made

    def stop(self) -> None:
        """Ask the run to finish the files in hand."""
        if self._process is None:
            return
        if sys.platform == "win32":
            self._process.kill()
        else:
            os.kill(self._process.processId(), signal.SIGINT)

    def close(self) -> None:
        """End a run with the window; what is finished stays in the journal."""
        if self._process is not None:
            self._process.finished.disconnect(self._finished)
            self._process.kill()
            self._process.waitForFinished(2000)
            self._process = None

    def _browse(self, name: str) -> None:
        window = self._services.window
        if name == "table":
            path, _ = QFileDialog.getOpenFileName(window, tr("Choose a table"), "", "*.csv *.tsv;;*")
        else:
            path = QFileDialog.getExistingDirectory(window, tr("Choose a folder"))
        if path:
            self._page.show_path(name, path)

    def _read(self) -> None:
        if self._process is not None:
            self._log += (
                bytes(self._process.readAll().data()).decode("utf-8", "replace").replace("\r\n", "\n")
            )
            if found := _TOTAL.search(self._log):
                self._total = int(found[1].replace(",", ""))
            self._show()

    def _count(self) -> None:
        journal, start = self._target / JOURNAL, self._read_bytes

        def lines() -> tuple[int, int, int]:
            """Start and end of what was read now, and the lines in it."""
            if not journal.is_file():
                return start, start, 0
            with journal.open("rb") as stream:
                stream.seek(start)
                new = stream.read()
            return start, start + len(new), new.count(b"\n")

        if self._total:
            self._services.jobs.submit("files", lines, self._counted)

    def _counted(self, found: tuple[int, int, int]) -> None:
        start, end, lines = found
        if start != self._read_bytes:
            return
        self._read_bytes = end
        self._done = min(self._done + lines, self._total)
        if self._first < 0:
            # What earlier runs finished says nothing of this one's speed.
            self._first, self._since_s = self._done, time.monotonic()
        self._show()

    def _finished(self) -> None:
        self._read()
        self._process = None
        self._timer.stop()
        self._count()
        self._show()

    def _not_started(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._process = None
            self._timer.stop()
            self._services.tell_error_text(tr("The scoring process could not be started."))
            self._show()

    def _show(self) -> None:
        report = self._target / "report.html"
        found = not self.is_running and self._total > 0 and "report.html" in self._log
        passed_s = time.monotonic() - self._since_s
        per_s = (self._done - self._first) / passed_s if self._first >= 0 and passed_s > 0 else 0.0
        self._page.show_state(
            BatchState(self.is_running, self._done, self._total, self._log, str(report) if found else "", per_s)
        )
