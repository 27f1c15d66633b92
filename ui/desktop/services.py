"""What every part of the controller needs: workers, history, preferences, window, and one place for
failures."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal

from tutor.errors import TutorError
from ui.desktop import preferences
from ui.desktop.job import Jobs
from ui.desktop.language import told, tr
from ui.desktop.preferences import Preferences
from ui.desktop.records import Records
from ui.desktop.window import Window

log = logging.getLogger(__name__)


class Store(QObject):
    """The preferences in force; ``changed`` names the one that changed. Saved on the worker for files."""

    changed = Signal(str)

    def __init__(self, jobs: Jobs, stored: Preferences) -> None:
        super().__init__()
        self._jobs = jobs
        self.now = stored

    def set(self, name: str, value: Any) -> None:
        """Change one preference and store them all."""
        if getattr(self.now, name) != value:
            stored = self.now = preferences.changed(self.now, name, value)
            self._jobs.submit("files", lambda: preferences.save(stored))
            self.changed.emit(name)


@dataclass(frozen=True)
class Services:
    """Shared by the controllers."""

    jobs: Jobs
    records: Records
    store: Store
    window: Window

    def tell(self, text: str) -> None:
        """A friendly message that goes by itself."""
        self.window.banner.show_message(text, "info")

    def tell_error_text(self, text: str) -> None:
        """A failure in words; stays until it is closed."""
        self.window.banner.show_message(text)

    def tell_error(self, error: object) -> None:
        """Show a failure; one that nobody expected is also written to the log."""
        if isinstance(error, TutorError):
            self.window.banner.show_message(told(error))
            return
        log.error("unexpected", exc_info=error if isinstance(error, BaseException) else None)
        message = tr(
            "Something went wrong inside Tutor ({error}). Your work is kept; go on, or restart if it "
            "happens again.",
            error=f"{type(error).__name__}: {error}",
        )
        self.window.banner.show_message(message)
