"""The end of speech, found while the blocks come in."""

import time

import numpy as np
import pytest

from tutor.endpoint import Endpoint
from tutor.errors import AudioError

RATE = 16_000


def babble(duration_s, rate_hz=RATE, level=0.2):
    clock = np.arange(round(duration_s * rate_hz)) / rate_hz
    phase = 2 * np.pi * np.cumsum(120 + 30 * np.sin(2 * np.pi * 0.7 * clock)) / rate_hz
    buzz = sum(np.sin(k * phase) / k for k in range(1, 25))
    return (level * buzz * (0.55 - 0.45 * np.cos(2 * np.pi * 4 * clock))).astype(np.float32)


def scene(*spans, total_s, rate_hz=RATE, noise=1e-3, level=0.2):
    sound = noise * np.random.default_rng(0).standard_normal(round(total_s * rate_hz))
    for start_s, end_s in spans:
        at = round(start_s * rate_hz)
        voice = babble(end_s - start_s, rate_hz, level)
        sound[at : at + len(voice)] += voice
    return sound.astype(np.float32)


def run(endpoint, sound, block):
    """Seconds of sound fed before the endpoint said that speech is over, or None."""
    for at in range(0, len(sound), block):
        if endpoint.feed(sound[at : at + block]):
            return min(at + block, len(sound))
    return None


@pytest.mark.parametrize("silence_s", [0.4, 1.0, 2.0])
@pytest.mark.parametrize("noise", [0.0, 1e-4, 3e-3, 2e-2])
def test_ends_after_the_silence_asked_for(silence_s, noise):
    endpoint = Endpoint(RATE, silence_s=silence_s)
    stopped = run(endpoint, scene((1.0, 3.0), total_s=7, noise=noise), 320)
    assert stopped is not None and endpoint.over
    assert stopped / RATE == pytest.approx(3.0 + silence_s, abs=0.25)
    assert endpoint.started_s == pytest.approx(1.0, abs=0.15)
    assert endpoint.ended_s == pytest.approx(3.0, abs=0.2)


@pytest.mark.parametrize("rate_hz", [8000, 44100, 48000])
def test_any_rate(rate_hz):
    endpoint = Endpoint(rate_hz, silence_s=0.8)
    stopped = run(endpoint, scene((0.5, 2.0), total_s=4, rate_hz=rate_hz), 1024)
    assert stopped is not None
    assert stopped / rate_hz == pytest.approx(2.8, abs=0.25)


def test_block_lengths_make_no_difference():
    sound = scene((1.0, 2.5), total_s=5)
    ends = []
    for block in (1, 37, 160, 4096, len(sound)):
        endpoint = Endpoint(RATE, silence_s=1.0)
        run(endpoint, sound, block)
        ends.append((endpoint.started_s, endpoint.ended_s))
    assert len(set(ends)) == 1 and ends[0][1] is not None


def test_pauses_shorter_than_the_silence_do_not_end_it():
    endpoint = Endpoint(RATE, silence_s=1.0)
    sound = scene((0.5, 1.5), (2.2, 3.0), (3.8, 4.5), total_s=8)
    stopped = run(endpoint, sound, 320)
    assert stopped is not None and stopped / RATE == pytest.approx(5.5, abs=0.25)


@pytest.mark.parametrize("noise", [0.0, 1e-3, 5e-2])
def test_nobody_speaking_never_ends(noise):
    endpoint = Endpoint(RATE, silence_s=0.5)
    sound = scene(total_s=6, noise=noise)
    sound[32000:32040] = 0.8
    assert run(endpoint, sound, 320) is None
    assert endpoint.started_s is None and endpoint.ended_s is None


def test_speaker_who_goes_on_is_not_cut_off():
    endpoint = Endpoint(RATE, silence_s=0.5)
    assert run(endpoint, scene((0.2, 10.0), total_s=10), 320) is None
    assert endpoint.started_s is not None


@pytest.mark.parametrize("level", [0.005, 0.02, 0.6])
def test_soft_and_loud_voices(level):
    endpoint = Endpoint(RATE, silence_s=0.7)
    stopped = run(endpoint, scene((0.5, 2.0), total_s=4, noise=level / 100, level=level), 320)
    assert stopped is not None and stopped / RATE == pytest.approx(2.7, abs=0.25)


def test_fast_enough_for_the_poll():
    endpoint = Endpoint(48_000, silence_s=30)
    sound = scene((0.5, 4.5), total_s=5, rate_hz=48_000)
    started = time.process_time()
    run(endpoint, sound, 480)
    assert time.process_time() - started < 1.0


def test_unusable_rate():
    with pytest.raises(AudioError, match="samples a second"):
        Endpoint(100)
