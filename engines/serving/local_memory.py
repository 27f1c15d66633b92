"""Same machine: sound and posteriors pass through shared memory instead of being copied through gRPC."""

from __future__ import annotations

import contextlib
import itertools
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engines.serving.calls import Connection, Reply, Request, Shared
from tutor import phones, timebase
from tutor.errors import EngineError

PREFIX = "tutor_"
"""Region names: prefix, process number, running number; so that the server can sweep up after the dead."""

_numbers = itertools.count()
_FLOAT_BYTES = 4
_SLACK = 1.5


class LocalMemory:
    """One region with a place per clip: samples first, its three answers behind them; unlinked on
    ``close``.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._region: Any = None
        self._name = ""
        self._bytes = 0
        self._unusable = False

    def infer(self, requests: Sequence[Request], hidden: int) -> list[Reply] | None:
        """Replies as ``Connection.infer`` gives them, or None where the server takes no shared memory."""
        places, end = [], 0
        for request in requests:
            place = _place(request, hidden, end)
            places.append(place)
            end = place.end
        if self._unusable or not self._ensure(end):
            return None
        from tritonclient.utils import shared_memory

        try:
            for request, place in zip(requests, places, strict=True):
                offset, _ = place.shared(self._name).inputs["samples"]
                shared_memory.set_shared_memory_region(self._region, [request.inputs["samples"]], offset)
            replies = self._connection.infer(
                [replace(request, shared=place.shared(self._name)) for request, place in zip(requests, places, strict=True)]
            )
            return [self._read(reply, place) for reply, place in zip(replies, places, strict=True)]
        except BaseException:
            # A late answer may still be written into the region: it is never used again.
            self.close()
            raise

    def close(self) -> None:
        """Unregister and unlink; a later call makes a new region."""
        region, self._region, self._bytes = self._region, None, 0
        if region is None:
            return
        from tritonclient.utils import shared_memory

        with contextlib.suppress(EngineError):
            self._connection.ask("unregister_system_shared_memory", self._name, client_timeout=1)
        with contextlib.suppress(shared_memory.SharedMemoryException, BufferError):
            shared_memory.destroy_shared_memory_region(region)

    def _ensure(self, size: int) -> bool:
        if self._region is not None and size <= self._bytes:
            return True
        self.close()
        from tritonclient.utils import shared_memory

        self._name = f"{PREFIX}{os.getpid()}_{next(_numbers)}"
        self._bytes = int(size * _SLACK)
        try:
            self._region = shared_memory.create_shared_memory_region(self._name, f"/{self._name}", self._bytes)
            self._connection.ask("register_system_shared_memory", self._name, f"/{self._name}", self._bytes)
        except (EngineError, shared_memory.SharedMemoryException):
            # A container or a full /dev/shm: copies do as well.
            self._unusable = True
            self.close()
            return False
        return True

    def _read(self, reply: Reply, place: _Place) -> Reply:
        from tritonclient.utils import shared_memory

        shared = place.shared(self._name)
        outputs = {
            name: np.array(shared_memory.get_contents_as_numpy(self._region, np.float32, list(place.shapes[name]), offset))
            for name, (offset, _) in shared.outputs.items()
        }
        return Reply(outputs, reply.version)


@dataclass(frozen=True)
class _Place:
    """Where one clip and its answers lie, in bytes from the start of the region."""

    start: int
    samples: int
    shapes: dict[str, tuple[int, int, int]]

    @property
    def end(self) -> int:
        return self.start + _FLOAT_BYTES * (self.samples + sum(map(math.prod, self.shapes.values())))

    def shared(self, region: str) -> Shared:
        offset = self.start + _FLOAT_BYTES * self.samples
        outputs = {}
        for name, shape in self.shapes.items():
            size = _FLOAT_BYTES * math.prod(shape)
            outputs[name] = (offset, size)
            offset += size
        return Shared(region, {"samples": (self.start, _FLOAT_BYTES * self.samples)}, outputs)


def _place(request: Request, hidden: int, start: int) -> _Place:
    samples = int(request.inputs["samples"].shape[1])
    frames = timebase.frames_of(samples)
    widths = {
        "log_posteriors": phones.CLASS_COUNT,
        "frame_log_posteriors": phones.CLASS_COUNT,
        "hidden": hidden,
    }
    return _Place(start, samples, {name: (1, frames, width) for name, width in widths.items()})
