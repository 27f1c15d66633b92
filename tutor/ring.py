"""A ring of samples written by one thread and read by others without locks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Ring:
    """Keeps the newest ``capacity`` samples. Every sample is stored twice so that any window is one slice.

    One thread writes; any thread reads. A reader that asks for the very oldest samples while the ring is
    full may get some that were replaced meanwhile; everything else is stable.
    """

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"capacity {capacity} where at least 1 was expected")
        self.capacity = capacity
        self._samples = np.zeros(2 * capacity, np.float32)
        self._written = 0

    @property
    def written(self) -> int:
        """Samples written since the ring was made; only ever grows."""
        return self._written

    def write(self, block: Floats) -> None:
        """Append float32 (n,). Allocates nothing when n ≤ capacity; of a longer block the end is kept."""
        count = len(block)
        skipped = max(0, count - self.capacity)
        at = (self._written + skipped) % self.capacity
        rest = block[skipped:]
        first = min(len(rest), self.capacity - at)
        for base in (0, self.capacity):
            self._samples[base + at : base + at + first] = rest[:first]
            self._samples[base : base + len(rest) - first] = rest[first:]
        # Counted last: a reader never sees a count that covers samples not yet there.
        self._written += count

    def latest(self, count: int) -> Floats:
        """The newest samples, float32 (m,) with m = min(count, written, capacity); a copy."""
        written = self._written
        return self._window(written, min(count, written, self.capacity))

    def since(self, start: int) -> tuple[int, Floats]:
        """All samples from number ``start`` on that are still here, and the number of the first of them; a
        copy."""
        written = self._written
        count = min(max(0, written - start), written, self.capacity)
        return written - count, self._window(written, count)

    def _window(self, written: int, count: int) -> Floats:
        end = self.capacity + written % self.capacity
        return self._samples[end - count : end].copy()
