"""Which tier the server is in: up at once when it is loaded, down only after it has been calm for a while."""

from __future__ import annotations

from dataclasses import dataclass

from engines.serving.policy import EXTREME, NORMAL, PEAK, TIERS


@dataclass(frozen=True)
class Load:
    """What was measured since the last look: requests answered and refused, mean wait and whole time per
    request inside the server (milliseconds), and requests still waiting or running."""

    answered: int
    refused: int
    queue_ms: float
    latency_ms: float
    pending: int


@dataclass(frozen=True)
class Bounds:
    """When a tier is left. ``raise_*``: above it for ``raise_after_s`` goes one tier up; below half of every
    raising bound for ``lower_after_s`` goes one down, so the two never chase each other.

    peak_queue_ms: longest wait that normal allows. extreme_latency_ms: what a learner accepts to wait.
    refuse_wait_ms: estimated wait of a newcomer above which the answer is a polite refusal.
    """

    peak_queue_ms: float = 100
    extreme_latency_ms: float = 700
    refuse_wait_ms: float = 3_000
    raise_after_s: float = 1
    lower_after_s: float = 10


@dataclass(frozen=True)
class Verdict:
    """``retry_s``: what a learner is asked to wait, above 0 only while new takes are refused."""

    tier: str
    refusing: bool
    retry_s: float


class TierControl:
    """Feeds on ``Load`` at any pace; the clock is the caller's (seconds, monotonic)."""

    def __init__(self, bounds: Bounds | None = None, *, fixed: str | None = None) -> None:
        """fixed: stay in this tier whatever is measured (refusals still happen)."""
        self._bounds = bounds or Bounds()
        self._fixed = fixed
        self._tier = fixed or NORMAL
        self._hot_since: float | None = None
        self._calm_since: float | None = None
        self._patience_s = self._bounds.lower_after_s
        self._lowered_s: float | None = None
        self._service_ms = 0.0
        self._seen_at: float | None = None

    @property
    def tier(self) -> str:
        return self._tier

    def update(self, now_s: float, load: Load) -> Verdict:
        """The tier after this measurement."""
        wait_ms = self._estimated_wait_ms(now_s, load)
        refusing = wait_ms > self._bounds.refuse_wait_ms
        if self._fixed is None:
            self._move(now_s, load, refusing)
        return Verdict(self._tier, refusing, round(min(60.0, max(1.0, wait_ms / 1000)), 1) if refusing else 0.0)

    def _move(self, now_s: float, load: Load, refusing: bool) -> None:
        level = TIERS.index(self._tier)
        hot = level + 1 < len(TIERS) and (self._hot(TIERS[level + 1], load, 1.0) or refusing)
        calm = level > 0 and not self._hot(self._tier, load, 0.5) and not refusing
        self._hot_since = (self._hot_since if self._hot_since is not None else now_s) if hot else None
        self._calm_since = (self._calm_since if self._calm_since is not None else now_s) if calm else None
        if self._hot_since is not None and now_s - self._hot_since >= self._bounds.raise_after_s:
            self._learn(now_s)
            self._go(level + 1)
        elif self._calm_since is not None and now_s - self._calm_since >= self._patience_s:
            self._lowered_s = now_s
            self._go(level - 1)

    def _learn(self, now_s: float) -> None:
        """Going down was too early when the load is back at once: the light model's calm says nothing about
        the main model's strength, so each such trial doubles the wait for the next.
        """
        shortest = self._bounds.lower_after_s
        back = self._lowered_s is not None and now_s - self._lowered_s < 3 * shortest
        self._patience_s = min(2 * self._patience_s, 16 * shortest) if back else shortest

    def _hot(self, tier: str, load: Load, share: float) -> bool:
        """Whether the load is above ``share`` of what leads into ``tier``."""
        if load.refused or (load.pending and not load.answered):
            return True
        if tier == PEAK:
            return load.queue_ms > share * self._bounds.peak_queue_ms
        return tier == EXTREME and load.latency_ms > share * self._bounds.extreme_latency_ms

    def _go(self, level: int) -> None:
        self._tier = TIERS[level]
        self._hot_since = self._calm_since = None

    def _estimated_wait_ms(self, now_s: float, load: Load) -> float:
        """What a newcomer waits: those before it times the recent time between two answers."""
        if self._seen_at is not None and load.answered:
            gap_ms = (now_s - self._seen_at) * 1000 / load.answered
            self._service_ms = gap_ms if not self._service_ms else 0.7 * self._service_ms + 0.3 * gap_ms
        self._seen_at = now_s
        return load.pending * self._service_ms
