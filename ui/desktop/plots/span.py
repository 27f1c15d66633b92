"""A stretch of a take, as the plots mark it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """A stretch of the take: a word or a phone."""

    start_s: float
    end_s: float
    label: str
    tint: str = "muted"
