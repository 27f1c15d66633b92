from __future__ import annotations

import sys

import numpy as np
import pytest
from fake_sound import FakeSound

import tutor.playback
from tutor.errors import DeviceError
from tutor.playback import Player, faded


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> FakeSound:
    fake = FakeSound()
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    return fake


def test_plays_the_part_asked_for_and_then_silence(sound: FakeSound) -> None:
    player = Player()
    tone = np.linspace(0.1, 0.9, 16_000, dtype=np.float32)
    player.play(tone, 16_000, start_s=0.25, end_s=0.5)
    heard = np.concatenate([sound.streams[0].pull(300) for _ in range(20)])
    assert heard[100:3900].tolist() == tone[4100:7900].tolist()
    assert not heard[4000:].any()
    assert player.position_s == 0.25
    assert not player.is_playing


def test_position_lags_by_the_latency(sound: FakeSound) -> None:
    player = Player()
    player.play(np.ones(16_000, np.float32), 16_000)
    sound.streams[0].pull(1600)
    assert player.position_s == pytest.approx(0.08)
    assert player.is_playing


def test_a_new_sound_replaces_the_old(sound: FakeSound) -> None:
    player = Player()
    player.play(np.ones(100, np.float32), 16_000)
    player.play(np.ones(100, np.float32), 16_000)
    assert [stream.closed for stream in sound.streams] == [True, False]


def test_a_stalled_device_counts_as_ended(sound: FakeSound, monkeypatch: pytest.MonkeyPatch) -> None:
    player = Player()
    player.play(np.ones(16_000, np.float32), 16_000)
    sound.streams[0].pull(10)
    later = tutor.playback.time.monotonic() + 0.6
    monkeypatch.setattr(tutor.playback.time, "monotonic", lambda: later)
    assert not player.is_playing


def test_no_loudspeaker(sound: FakeSound) -> None:
    sound.busy = True
    with pytest.raises(DeviceError, match="No loudspeaker can be used"):
        Player().play(np.ones(10, np.float32), 16_000)


def test_fades_both_ends_of_even_the_shortest() -> None:
    assert faded(np.ones(1, np.float32), 16_000).tolist() == [1]
    ends = faded(np.ones(400, np.float32), 16_000)
    assert (ends[0], ends[-1], ends[200]) == (0, 0, 1)
