"""The microphone: which there are, and one recording from one of them.

The audio callback only copies and counts. PortAudio tells little: a lost sound server ends the stream
without an exception, a removed source goes silent, a stalled one just stops calling. ``Microphone.fault``
names each of these from the counts; it is cheap and meant to be polled.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tutor.errors import DeviceError, InstallError
from tutor.ring import Ring
from tutor.timebase import SAMPLE_RATE

if TYPE_CHECKING:
    from types import ModuleType

Floats = NDArray[np.float32]

STALL_S = 0.5
"""A healthy stream calls several times in this span."""

FIRST_BLOCK_S = 3.0
"""Sound servers that were asleep need up to two seconds for the first block."""

DEAD_S = 1.5
"""Digital silence of this length never comes from a working microphone."""

CLIP_LEVEL = 0.985

@dataclass(frozen=True)
class InputDevice:
    """One microphone: ``name`` is what is remembered between runs; ``rate_hz`` its own sample rate."""

    name: str
    rate_hz: int
    is_default: bool


@dataclass(frozen=True)
class Level:
    """Loudness of the newest samples: ``peak`` and ``rms`` 0–1; ``clipped``: samples at full scale since the
    start."""

    peak: float
    rms: float
    clipped: int


def load_portaudio() -> ModuleType:
    """The sounddevice module. Raises ``InstallError`` where it or the PortAudio library is missing."""
    try:
        import sounddevice
    except ImportError as error:
        raise InstallError(
            "sounddevice is missing ({error}); install it: pip install sounddevice",
            error=error,
        ) from error
    except OSError as error:
        raise InstallError(
            "The PortAudio library cannot be loaded ({error}); on Debian or Ubuntu: sudo apt install "
            "libportaudio2",
            error=error,
        ) from error
    module: ModuleType = sounddevice
    return module


def input_devices(*, rescan: bool = False) -> tuple[InputDevice, ...]:
    """The microphones, the system's choice first; empty where there is none.

    ``rescan`` restarts PortAudio, which alone finds devices plugged in later; every open stream dies with it.
    """
    sd = load_portaudio()
    if rescan:
        sd._terminate()
        sd._initialize()
    try:
        default = sd.query_devices(kind="input")["name"]
    except (sd.PortAudioError, ValueError):
        default = None
    found: dict[str, InputDevice] = {}
    for entry in sd.query_devices():
        if entry["max_input_channels"] > 0:
            name = str(entry["name"])
            found.setdefault(name, InputDevice(name, int(entry["default_samplerate"]), name == default))
    return tuple(sorted(found.values(), key=lambda device: not device.is_default))


class Microphone:
    """One recording. ``open`` and ``close`` may block for long and belong on a worker; all else is
    instant."""

    def __init__(self, *, max_s: float = 60.0) -> None:
        self.max_s = max_s
        self.rate_hz = SAMPLE_RATE
        self.overflows = 0
        self.clipped = 0
        self._ring = Ring(1)
        self._stream: Any = None
        self._opened_at = 0.0
        self._last_block_at = 0.0
        self._last_sound_at = 0.0
        self._finished = False

    def open(self, device: str | None = None) -> None:
        """Start recording from ``device`` (the system's choice where None), at 16 kHz or else at the
        device's rate.

        Raises ``DeviceError`` (none there, busy, no usable rate) and ``InstallError``.
        """
        sd = load_portaudio()
        try:
            entry = sd.query_devices(device, kind="input")
        except (sd.PortAudioError, ValueError) as error:
            if device is not None:
                raise DeviceError(
                    "The microphone “{device}” is not connected; connect it or choose another one in Settings.",
                    device=device,
                ) from error
            raise DeviceError(
                "No microphone was found; connect one (or allow access to it) and choose Look again in Settings."
            ) from error
        refusals = []
        for rate_hz in dict.fromkeys((SAMPLE_RATE, int(entry["default_samplerate"]), 48_000, 44_100)):
            self._reset(rate_hz)
            try:
                self._stream = sd.InputStream(
                    samplerate=rate_hz,
                    device=entry["index"],
                    channels=1,
                    dtype="float32",
                    latency="low",
                    callback=self._take_block,
                    finished_callback=self._note_end,
                )
                self._stream.start()
            except (sd.PortAudioError, ValueError) as error:
                refusals.append(str(error).splitlines()[0])
                self._discard()
                continue
            self._opened_at = time.monotonic()
            return
        raise DeviceError(
            "The microphone “{device}” cannot be used ({reason}); close other programs that record, or choose "
            "another microphone in Settings.",
            device=entry["name"],
            reason=refusals[0],
        )

    @property
    def samples(self) -> int:
        """Samples recorded so far, at ``rate_hz``."""
        return min(self._ring.written, self._ring.capacity)

    @property
    def seconds(self) -> float:
        return self.samples / self.rate_hz

    @property
    def is_full(self) -> bool:
        """Whether ``max_s`` is reached: what comes now is not kept."""
        return self._ring.written >= self._ring.capacity

    def take(self) -> Floats:
        """What was recorded so far, float32 (n,) at ``rate_hz``; a copy, safe even when the stream hangs."""
        return self._ring.latest(self._ring.capacity)

    def since(self, start: int) -> tuple[int, Floats]:
        """Samples from number ``start`` on and the number of the first; see ``Ring.since``."""
        return self._ring.since(start)

    def level(self, window_s: float = 0.05) -> Level:
        """Loudness of the newest ``window_s`` seconds."""
        newest = self._ring.latest(max(1, int(window_s * self.rate_hz)))
        if not len(newest):
            return Level(0.0, 0.0, 0)
        return Level(float(np.abs(newest).max()), float(np.sqrt(np.mean(newest**2))), self.clipped)

    def fault(self) -> str:
        """Empty while all is well, else one line saying what went wrong with the device."""
        if self._stream is None:
            return ""
        now = time.monotonic()
        if self._finished:
            return "The sound system ended the recording; check the plug. What was recorded is kept."
        if not self._last_block_at:
            waited_s = now - self._opened_at
            return (
                "The microphone sends nothing; choose another one in Settings."
                if waited_s > FIRST_BLOCK_S
                else ""
            )
        if now - self._last_block_at > STALL_S:
            return "The microphone stopped sending; check its plug. What was recorded is kept."
        if self._last_block_at - self._last_sound_at > DEAD_S:
            return "The microphone went silent: it is muted or unplugged. What was recorded is kept."
        return ""

    def close(self) -> None:
        """Let the device go. May hang for ever on a stalled device, so never call it from a window's
        thread."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.abort(ignore_errors=True)
            stream.close(ignore_errors=True)

    def _reset(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self.overflows = self.clipped = 0
        self._ring = Ring(int(self.max_s * rate_hz))
        self._last_block_at = self._last_sound_at = 0.0
        self._finished = False

    def _discard(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close(ignore_errors=True)

    def _take_block(self, block: Floats, frames: int, times: Any, status: Any) -> None:
        now = time.monotonic()
        samples = block[:, 0]
        room = self._ring.capacity - self._ring.written
        if room > 0:
            self._ring.write(samples[:room])
        peak = float(np.abs(samples).max(initial=0.0))
        if peak > 0.0 or not self._last_sound_at:
            self._last_sound_at = now
        if peak >= CLIP_LEVEL:
            self.clipped += int(np.count_nonzero(np.abs(samples) >= CLIP_LEVEL))
        self.overflows += bool(status.input_overflow)
        self._last_block_at = now

    def _note_end(self) -> None:
        # PortAudio also reports the end we asked for; by then ``close`` has dropped the stream.
        self._finished = True
