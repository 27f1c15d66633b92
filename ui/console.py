"""Progress and messages in the terminal, on stderr so that stdout stays machine-readable."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tutor.progress import Progress

if TYPE_CHECKING:
    from rich.console import Console


def console() -> Console:
    """A rich console on stderr; colours only on a terminal."""
    from rich.console import Console

    return Console(stderr=True)


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar for each work under way, with the time left, drawn only on a terminal; yields a
    ``tutor.progress.Progress``.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    target = console()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=target, disable=not target.is_terminal, transient=True) as bar:
        tasks: dict[str, int] = {}

        def report(label: str, done: int, total: int) -> bool:
            if label not in tasks:
                tasks[label] = bar.add_task(label, total=total or None)
            under_way = total == 0 or done < total
            bar.update(tasks[label], completed=done, total=total or None, visible=under_way)  # type: ignore[arg-type]
            return True

        yield report


@contextmanager
def stoppable(progress: Progress) -> Iterator[Progress]:
    """``progress`` that asks for a stop after Ctrl-C, for work inside a library that would lose a KeyboardInterrupt
    (TensorRT's builder logs it and goes on). Main thread only; a work that does not heed it ends in KeyboardInterrupt.
    """
    asked = threading.Event()
    before = signal.signal(signal.SIGINT, lambda number, frame: asked.set())

    def tell(label: str, done: int, total: int) -> bool:
        return progress(label, done, total) and not asked.is_set()

    try:
        yield tell
    finally:
        signal.signal(signal.SIGINT, before)
    if asked.is_set():
        raise KeyboardInterrupt
