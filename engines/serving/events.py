"""Structured log of the service: one JSON object a line."""

from __future__ import annotations

import json
import sys
import threading
from datetime import datetime, timezone
from pathlib import Path
from typing import TextIO


class Events:
    """Lines ``{"time": …, "event": …, …}`` to a file or stderr; never recordings, texts or tokens."""

    def __init__(self, path: Path | None = None) -> None:
        """path: appended to; None writes to stderr. ``OSError`` where it cannot be opened."""
        self._stream: TextIO = sys.stderr if path is None else path.open("a", encoding="utf-8")
        self._lock = threading.Lock()

    def write(self, event: str, **fields: object) -> None:
        """One line, flushed."""
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        line = json.dumps({"time": now, "event": event, **fields}, default=str)
        with self._lock:
            self._stream.write(line + "\n")
            self._stream.flush()

    def close(self) -> None:
        if self._stream is not sys.stderr:
            self._stream.close()
