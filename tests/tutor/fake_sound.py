"""A stand-in for the sounddevice module: devices as told, blocks handed over by the test."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np


class PortAudioError(Exception):
    pass


class Stream:
    def __init__(self, sound: FakeSound, **options: Any) -> None:
        self.options, self._sound = options, sound
        self.latency = 0.02
        self.started = self.closed = False

    def start(self) -> None:
        if self._sound.busy:
            raise PortAudioError("Device unavailable [PaErrorCode -9985]")
        self.started = True

    def abort(self, ignore_errors: bool = True) -> None:
        self.started = False
        if self._sound.on_abort is not None:
            self._sound.on_abort()

    def close(self, ignore_errors: bool = True) -> None:
        self.closed = True

    def feed(self, samples: np.ndarray, *, overflow: bool = False) -> None:
        self.options["callback"](
            samples[:, None], len(samples), None, SimpleNamespace(input_overflow=overflow)
        )

    def pull(self, frames: int) -> np.ndarray:
        block = np.full((frames, 1), np.nan, np.float32)
        self.options["callback"](block, frames, None, SimpleNamespace())
        return block[:, 0]


class FakeSound:
    """``rates``: those its devices accept; ``busy``: starting a stream fails."""

    PortAudioError = PortAudioError

    def __init__(
        self, rates: tuple[int, ...] = (16_000, 48_000), names: tuple[str, ...] = ("Built-in",)
    ) -> None:
        self.rates, self.names, self.busy = rates, names, False
        self.streams: list[Stream] = []
        self.restarts = 0
        self.on_abort: Callable[[], None] | None = None

    def query_devices(self, device: str | None = None, kind: str | None = None) -> Any:
        entries = [
            {"name": name, "index": at, "max_input_channels": 1, "default_samplerate": float(self.rates[-1])}
            for at, name in enumerate(self.names)
        ]
        if kind is None and device is None:
            return [
                *entries,
                {"name": "Speakers", "index": 9, "max_input_channels": 0, "default_samplerate": 48e3},
            ]
        found = [entry for entry in entries if device in (None, entry["name"])]
        if not found:
            raise PortAudioError("Error querying device -1")
        return found[0]

    def _stream(self, **options: Any) -> Stream:
        if options["samplerate"] not in self.rates:
            raise PortAudioError("Invalid sample rate [PaErrorCode -9997]")
        self.streams.append(Stream(self, **options))
        return self.streams[-1]

    InputStream = _stream
    OutputStream = _stream

    def _terminate(self) -> None:
        self.restarts += 1

    def _initialize(self) -> None:
        pass
