"""One shape for progress everywhere: ``report(label, done, total)`` returns False to ask for a stop."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called from the working thread; must return quickly. ``total`` is 0 where it is not known."""

    def __call__(self, label: str, done: int, total: int) -> bool: ...


def silent(label: str, done: int, total: int) -> bool:
    """Report to nobody and never stop."""
    return True
