from __future__ import annotations

import sys

import numpy as np
import pytest
from fake_sound import FakeSound

import tutor.microphone
from tutor.errors import DeviceError, InstallError
from tutor.microphone import Microphone, input_devices


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> FakeSound:
    fake = FakeSound()
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    return fake


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(tutor.microphone.time, "monotonic", made)
    return made


NOISE = np.random.default_rng(1).normal(0, 0.1, 1600).astype(np.float32)


def test_records_what_the_device_sends(sound: FakeSound) -> None:
    microphone = Microphone()
    microphone.open()
    for part in np.split(NOISE, [7, 700]):
        sound.streams[0].feed(part)
    assert microphone.take().tolist() == NOISE.tolist()
    assert (microphone.rate_hz, microphone.seconds) == (16_000, 0.1)
    microphone.close()
    assert sound.streams[0].closed


def test_falls_back_to_the_device_rate(sound: FakeSound) -> None:
    sound.rates = (48_000,)
    microphone = Microphone()
    microphone.open()
    assert microphone.rate_hz == 48_000


def test_keeps_no_more_than_the_limit(sound: FakeSound) -> None:
    microphone = Microphone(max_s=0.05)
    microphone.open()
    sound.streams[0].feed(NOISE)
    assert microphone.is_full
    assert microphone.take().tolist() == NOISE[:800].tolist()


def test_counts_clipping_and_overflow(sound: FakeSound) -> None:
    microphone = Microphone()
    microphone.open()
    sound.streams[0].feed(np.array([0.1, 1.0, -1.0], np.float32), overflow=True)
    assert (microphone.clipped, microphone.overflows) == (2, 1)
    assert microphone.level().peak == 1.0


@pytest.mark.parametrize(
    ("names", "device", "words"),
    [((), None, "No microphone was found"), (("Built-in",), "USB", "“USB” is not connected")],
)
def test_missing_devices(sound: FakeSound, names: tuple[str, ...], device: str | None, words: str) -> None:
    sound.names = names
    with pytest.raises(DeviceError, match=words):
        Microphone().open(device)


def test_busy_device(sound: FakeSound) -> None:
    sound.busy = True
    with pytest.raises(DeviceError, match="Device unavailable"):
        Microphone().open()
    assert all(stream.closed for stream in sound.streams)


def test_names_each_silent_fault(sound: FakeSound, clock: Clock) -> None:
    microphone = Microphone()
    microphone.open()
    assert microphone.fault() == ""
    clock.now += 3.5
    assert "sends nothing" in microphone.fault()
    sound.streams[0].feed(NOISE)
    assert microphone.fault() == ""
    clock.now += 0.6
    assert "stopped sending" in microphone.fault()
    for _ in range(16):
        clock.now += 0.1
        sound.streams[0].feed(np.zeros(1600, np.float32))
    assert "went silent" in microphone.fault()
    sound.streams[0].options["finished_callback"]()
    assert "sound system ended" in microphone.fault()
    assert len(microphone.take()) == 17 * 1600
    microphone.close()
    assert microphone.fault() == ""


def test_lists_the_systems_choice_first(sound: FakeSound) -> None:
    sound.names = ("Built-in", "USB")
    assert [(device.name, device.is_default) for device in input_devices()] == [
        ("Built-in", True),
        ("USB", False),
    ]
    input_devices(rescan=True)
    assert sound.restarts == 1
    sound.names = ()
    assert input_devices() == ()


def test_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(InstallError, match="pip install sounddevice"):
        input_devices()
