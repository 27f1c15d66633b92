from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutor.ring import Ring


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 40), st.lists(st.integers(0, 100), max_size=12), st.integers(0, 60), st.integers(0, 300)
)
def test_behaves_like_the_end_of_a_list(capacity: int, blocks: list[int], count: int, start: int) -> None:
    ring, everything = Ring(capacity), np.zeros(0, np.float32)
    for size in blocks:
        block = np.arange(len(everything), len(everything) + size, dtype=np.float32)
        ring.write(block)
        everything = np.concatenate((everything, block))
    assert ring.written == len(everything)
    kept = everything[-capacity:]
    assert ring.latest(count).tolist() == (kept[-count:].tolist() if count else [])
    first, rest = ring.since(start)
    assert rest.tolist() == kept[max(0, start - (len(everything) - len(kept))) :].tolist()
    assert not len(rest) or rest[0] == first


def test_windows_are_copies() -> None:
    ring = Ring(4)
    ring.write(np.ones(3, np.float32))
    window = ring.latest(3)
    ring.write(np.zeros(3, np.float32))
    assert window.tolist() == [1, 1, 1]


def test_refuses_no_capacity() -> None:
    with pytest.raises(ValueError, match="capacity 0"):
        Ring(0)
