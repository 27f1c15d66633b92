"""The record of a long run: one JSON line per finished recording, whole after any crash, read by line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tutor.errors import InputError, OutputError

SYNC_EVERY = 32
"""Lines between two calls that force the file to disk: a power cut costs at most these."""


@dataclass(frozen=True)
class Entry:
    """Where a record stands in the file, the ``key`` of the input it answers, and whether it is a failure."""

    key: str
    offset: int
    failed: bool


class Journal:
    """Append-only; opening drops a last line that was cut by a crash. Not to be opened twice at a time."""

    def __init__(self, path: Path) -> None:
        """Raises ``OutputError`` when the folder cannot be written, ``InputError`` when another run has it
        open.
        """
        self._path = path
        self._unsynced = 0
        self.entries: dict[str, Entry] = {}
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            _lock(self._file, path)
            with writing(path):
                self._size = self._index()
                os.ftruncate(self._file, self._size)
        except BaseException:
            os.close(self._file)
            raise

    def append(self, record: dict[str, Any]) -> None:
        """Add a record with at least ``id`` and ``key``. ``OutputError`` when the disk is full; nothing is
        lost then.
        """
        line = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        with writing(self._path):
            try:
                _write_all(self._file, line)
            except OSError:
                os.ftruncate(self._file, self._size)
                raise
            self._unsynced += 1
            if self._unsynced >= SYNC_EVERY:
                self.sync()
        self.entries[record["id"]] = Entry(record["key"], self._size, "error" in record)
        self._size += len(line)

    def sync(self) -> None:
        """Force what was appended to disk."""
        os.fsync(self._file)
        self._unsynced = 0

    def read(self, name: str) -> dict[str, Any]:
        """The last record of an id; ``KeyError`` for one that has none."""
        with self._path.open("rb") as stream:
            stream.seek(self.entries[name].offset)
            record: dict[str, Any] = json.loads(stream.readline())
        return record

    def close(self) -> None:
        """Sync and let others open the file."""
        with writing(self._path):
            self.sync()
        os.close(self._file)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _index(self) -> int:
        """Fill ``entries`` and return where the whole lines end."""
        end = 0
        with self._path.open("rb") as stream:
            for line in stream:
                if not line.endswith(b"\n"):
                    break
                # A line damaged in the middle of the file is skipped: its recording is done again.
                try:
                    record = json.loads(line)
                    self.entries[record["id"]] = Entry(record["key"], end, "error" in record)
                except (ValueError, KeyError, TypeError):
                    pass
                end += len(line)
        return end


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns the system's refusals to write into ``OutputError`` with what to do about them."""
    try:
        yield
    except OSError as error:
        advice = "free some space or choose another folder with --out; what is finished is kept"
        raise OutputError(f"{path} cannot be written ({error.strerror or error}); {advice}.") from error


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _lock(file: int, path: Path) -> None:
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise InputError(
            f"{path.parent} is in use by another run; wait for it or choose another --out."
        ) from error
    except OSError:
        # Some network folders know no locks; the run is then as safe as before locks were asked for.
        return
