"""Recordings in: every format, every way of being unusable, and cutting of long ones."""

import io
import os
import subprocess
import sys
import tracemalloc
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tutor import voice
from tutor.clip import Clip, clip_from_samples, pieces, read_clip
from tutor.errors import AudioError
from tutor.timebase import MAX_SAMPLES, MIN_SAMPLES, SAMPLE_RATE


def babble(duration_s, rate_hz=SAMPLE_RATE, seed=0):
    """Something a voice detector takes for speech: a gliding buzz of harmonics in syllables, 4 a second."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(duration_s * rate_hz)) / rate_hz
    phase = 2 * np.pi * np.cumsum(120 + 30 * np.sin(2 * np.pi * 0.7 * time)) / rate_hz
    buzz = sum(np.sin(k * phase) / k for k in range(1, 25) if k * 150 < rate_hz / 2)
    envelope = 0.55 - 0.45 * np.cos(2 * np.pi * 4 * time)
    return (0.12 * buzz * envelope + 1e-4 * rng.standard_normal(len(time))).astype(np.float32)


def silence(duration_s, rate_hz=SAMPLE_RATE, level=1e-4, seed=1):
    rng = np.random.default_rng(seed)
    return (level * rng.standard_normal(round(duration_s * rate_hz))).astype(np.float32)


def encoded(samples, rate_hz=SAMPLE_RATE, form="WAV", subtype=None):
    target = io.BytesIO()
    soundfile.write(target, samples, rate_hz, format=form, subtype=subtype)
    target.seek(0)
    return target


@pytest.mark.parametrize(
    ("form", "subtype"),
    [
        ("WAV", "PCM_U8"), ("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "PCM_32"), ("WAV", "FLOAT"),
        ("WAV", "DOUBLE"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("rate_hz", "channels"), [(8000, 1), (16000, 2), (48000, 1)])
def test_all_formats_come_out_as_the_same_sound(form, subtype, rate_hz, channels):
    sound = babble(1.5, rate_hz)
    clip = read_clip(encoded(np.stack([sound] * channels, axis=1), rate_hz, form, subtype))
    expected = babble(1.5)
    assert clip.samples.dtype == np.float32
    assert clip.info.duration_s == pytest.approx(1.5, abs=0.1)
    count = min(len(clip.samples), len(expected))
    # Codecs shift by a few hundred samples, so compare loudness over time.
    ours = voice.hop_power(clip.samples[:count]).reshape(-1, 5).mean(axis=1)
    reference = voice.hop_power(expected[:count]).reshape(-1, 5).mean(axis=1)
    assert np.corrcoef(ours[: len(reference)], reference[: len(ours)])[0, 1] > 0.9


def test_resampling_keeps_frequency_and_level():
    time = np.arange(44100) / 44100
    tone = (0.25 * np.sin(2 * np.pi * 1000 * time)).astype(np.float32)
    samples = read_clip(encoded(np.concatenate([babble(1, 44100), tone]), 44100, subtype="FLOAT")).samples
    spectrum = np.abs(np.fft.rfft(samples[-8000:] * np.hanning(8000)))
    assert np.argmax(spectrum) * 2 == 1000
    assert np.sqrt(2 * np.mean(samples[-8000:-1000] ** 2)) == pytest.approx(0.25, rel=0.02)


def test_channels_are_averaged_and_offset_removed():
    sound = babble(1)
    stereo = np.stack([sound + 0.1, 0.2 * sound + 0.1], axis=1)
    clip = clip_from_samples(stereo, SAMPLE_RATE)
    assert np.allclose(clip.samples, 0.6 * (sound - sound.mean()), atol=2e-3)


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.uint8, np.float64])
def test_samples_of_any_type(dtype):
    sound = babble(1).astype(np.float64)
    if dtype == np.uint8:
        given = np.round(sound * 127 + 128).astype(dtype)
    elif np.issubdtype(dtype, np.integer):
        given = np.round(sound * np.iinfo(dtype).max).astype(dtype)
    else:
        given = sound
    clip = clip_from_samples(given, SAMPLE_RATE)
    assert np.allclose(clip.samples, sound - sound.mean(), atol=0.01)


def test_integers_stored_as_floats_are_scaled():
    sound = babble(1)
    clip = read_clip(encoded(sound * 32768, subtype="FLOAT"))
    assert np.abs(clip.samples).max() == pytest.approx(1)
    assert clip.info.clipped == 0
    assert np.corrcoef(clip.samples, sound)[0, 1] > 0.999


def test_speech_bounds_and_quality_are_those_of_the_recording():
    voiced = babble(2)
    noise = silence(4, level=float(np.sqrt(np.mean(voiced**2))) / 10, seed=3)
    noise[SAMPLE_RATE : 3 * SAMPLE_RATE] += voiced
    clip = clip_from_samples(noise, SAMPLE_RATE)
    assert clip.speech == pytest.approx((1.0, 3.0), abs=0.15)
    assert clip.info.snr_db == pytest.approx(20, abs=1.5)
    assert clip.info.level_dbfs == pytest.approx(10 * np.log10(np.mean(voiced**2)), abs=1)


@pytest.mark.parametrize("snr_db", [0, 5, 10, 20, 30, 40])
def test_signal_to_noise_ratio_is_the_one_mixed_in(snr_db):
    voiced = babble(2)
    level = float(np.sqrt(np.mean(voiced**2) / 10 ** (snr_db / 10)))
    sound = np.concatenate([np.zeros(8000, np.float32), voiced, np.zeros(8000, np.float32)])
    clip = clip_from_samples(sound + silence(3, level=level, seed=4), SAMPLE_RATE)
    assert clip.info.snr_db == pytest.approx(snr_db, abs=3)


def test_clipping_is_measured():
    hot = np.clip(babble(1) * 8, -1, 1)
    expected = float(np.mean(np.abs(hot) >= 0.99))
    assert read_clip(encoded(hot, subtype="PCM_16")).info.clipped == pytest.approx(expected, abs=0.002)
    assert read_clip(encoded(babble(1))).info.clipped == 0


def test_quiet_speech_is_found():
    clip = clip_from_samples(
        np.concatenate([silence(0.5, level=1e-6), 0.01 * babble(1), silence(0.5, level=1e-6)]), SAMPLE_RATE
    )
    assert clip.speech == pytest.approx((0.5, 1.5), abs=0.15)


def test_noises_before_and_after_are_no_speech():
    knock = 0.03 * babble(0.1)
    parts = [silence(0.3), knock, silence(0.4), babble(1.5), silence(0.4), knock, silence(0.2)]
    clip = clip_from_samples(np.concatenate(parts), SAMPLE_RATE)
    assert clip.speech == pytest.approx((0.8, 2.3), abs=0.1)


def test_room_noise_at_the_start_is_no_speech():
    room = silence(3, level=3e-3, seed=8)
    room[:8000] *= np.linspace(2, 1, 8000, dtype=np.float32)
    room[24000:40000] += babble(1)
    clip = clip_from_samples(room, SAMPLE_RATE)
    assert clip.speech == pytest.approx((1.5, 2.5), abs=0.1)


def test_closures_of_stops_do_not_split_speech():
    sound = np.concatenate([silence(0.5), babble(0.5), silence(0.1), babble(0.5), silence(0.3), babble(0.5)])
    found = voice.runs(voice.voiced_hops(sound))
    assert [(round(a / 100, 1), round(b / 100, 1)) for a, b in found] == [(0.5, 1.6), (1.9, 2.4)]


def message(source, **options):
    with pytest.raises(AudioError) as caught:
        read_clip(source, **options)
    text = str(caught.value)
    assert "\n" not in text and len(text) < 250
    return text


def test_missing_folder_and_fifo(tmp_path):
    assert "does not exist" in message(tmp_path / "none.wav")
    assert "is a folder" in message(tmp_path)
    assert "cannot be read" in message(Path("bad\0name.wav"))
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.wav")
        assert "not a regular file" in message(tmp_path / "pipe.wav")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty"),
        (b"We call it bear\n" * 50, "holds text"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, "not sound"),
        (b"RIFF\x24\x00\x00\x00WAVE", "not sound"),
        (b"\x00" * 4000, "not sound"),
    ],
)
def test_files_that_are_no_sound(tmp_path, content, expected):
    path = tmp_path / "me.wav"
    path.write_bytes(content)
    assert expected in message(path)
    assert expected in message(io.BytesIO(content))


@pytest.mark.parametrize("form", ["WAV", "FLAC"])
def test_cut_short(tmp_path, form):
    data = encoded(babble(2), form=form).getvalue()
    path = tmp_path / f"me.{form.lower()}"
    path.write_bytes(data[: len(data) // 2])
    assert any(reason in message(path) for reason in ("cut short", "flac decoder lost sync"))


def test_mp3_that_ends_before_its_header_says():
    data = encoded(babble(4), form="MP3").getvalue()
    assert "of 4." in message(io.BytesIO(data[: len(data) // 2]))


def test_wav_of_unknown_length_from_a_pipe():
    data = bytearray(encoded(babble(1)).getvalue())
    at = data.index(b"data") + 4
    data[4:8] = data[at : at + 4] = b"\xff\xff\xff\xff"
    assert read_clip(io.BytesIO(bytes(data))).info.duration_s == pytest.approx(1)


def test_stream_that_cannot_seek():
    code = "import sys; from tutor.clip import read_clip; print(read_clip(sys.stdin.buffer).info.duration_s)"
    done = subprocess.run(
        [sys.executable, "-c", code], input=encoded(babble(1), form="FLAC").getvalue(), capture_output=True,
        timeout=60, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert done.stdout.strip() == b"1.0", done.stderr


@pytest.mark.parametrize(
    ("samples", "rate_hz", "expected"),
    [
        (np.zeros(0, np.float32), 16000, "no samples"),
        (np.zeros(32000, np.float32), 16000, "silent"),
        (np.full(32000, 0.5, np.float32), 16000, "silent"),
        (np.full(32000, np.nan, np.float32), 16000, "not numbers"),
        (np.concatenate([babble(1), np.full(9, np.inf, np.float32)]), 16000, "not numbers"),
        (np.full(32000, 3e38, np.float32), 16000, "no sound"),
        (
            0.5 * np.sin(2 * np.pi * 20000 * np.arange(96000) / 48000).astype(np.float32),
            48000,
            "above the range",
        ),
        (babble(0.2), 16000, "0.20 s"),
        (silence(2, level=0.05), 16000, "no speech"),
        (np.eye(1, 32000, 16000, dtype=np.float32)[0], 16000, "no speech"),
        (babble(1, 2000), 2000, "samples a second"),
    ],
)
def test_unusable_sound(tmp_path, samples, rate_hz, expected):
    soundfile.write(tmp_path / "me.wav", samples, rate_hz, subtype="FLOAT")
    assert expected in message(tmp_path / "me.wav")
    with pytest.raises(AudioError, match=expected):
        clip_from_samples(samples, rate_hz)


@pytest.mark.parametrize(
    "samples", [np.zeros((2, 2, 2), np.float32), np.zeros(16000, complex), np.zeros((16000, 0))]
)
def test_arrays_that_are_no_samples(samples):
    with pytest.raises(AudioError):
        clip_from_samples(samples, SAMPLE_RATE)


def test_long_recordings_are_refused_without_reading_them(tmp_path):
    path = tmp_path / "three hours.flac"
    with soundfile.SoundFile(path, "w", 8000, 1, format="FLAC", subtype="PCM_16") as sound:
        block = np.zeros(8000 * 60, np.int16)
        for _ in range(180):
            sound.write(block)
    tracemalloc.start()
    assert "180.0 min" in message(path)
    # The length in the header may also be unknown: then reading stops at the limit.
    data = bytearray(path.read_bytes())
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    assert "10 min" in message(io.BytesIO(bytes(data)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6
    assert "at most 0.01 min" in message(encoded(babble(2)), max_s=0.6)


def test_damaged_mp3_leaves_stderr_quiet(capfd):
    data = bytearray(encoded(babble(2), form="MP3").getvalue())
    for at in range(400, len(data), 97):
        data[at] ^= 0x55
    try:
        read_clip(io.BytesIO(bytes(data)))
    except AudioError as error:
        assert str(error)
    assert capfd.readouterr().err == ""


def test_short_speech_makes_one_piece_of_legal_length():
    for clip in (
        clip_from_samples(babble(0.31), SAMPLE_RATE),
        clip_from_samples(np.concatenate([silence(1), babble(0.25), silence(1)]), SAMPLE_RATE),
    ):
        ((start, end),) = pieces(clip)
        assert MIN_SAMPLES <= end - start <= MAX_SAMPLES
        assert start >= 0 and end <= len(clip.samples)


def test_fifteen_seconds_stay_whole_and_margins_are_cut_first():
    clip = clip_from_samples(np.concatenate([silence(1), babble(14.95), silence(1)]), SAMPLE_RATE)
    ((start, end),) = pieces(clip)
    assert end - start <= MAX_SAMPLES
    assert start / SAMPLE_RATE <= 1.02 and end / SAMPLE_RATE >= 15.9


def test_long_clips_are_cut_in_pauses():
    parts, pauses, at = [], [], 0.0
    for number, duration_s in enumerate((7.0, 5.5, 6.0, 8.0, 4.0, 7.5, 3.0)):
        parts += [babble(duration_s, seed=number), silence(0.5, seed=number)]
        at += duration_s
        pauses.append((at, at + 0.5))
        at += 0.5
    clip = clip_from_samples(np.concatenate(parts), SAMPLE_RATE)
    ranges = pieces(clip)
    assert all(MIN_SAMPLES <= end - start <= MAX_SAMPLES for start, end in ranges)
    assert all(before[1] <= after[0] for before, after in pairwise(ranges))
    for (_, end), _next in pairwise(ranges):
        assert any(first <= end / SAMPLE_RATE <= last + 0.05 for first, last in pauses), end / SAMPLE_RATE
    covered = np.zeros(len(clip.samples), bool)
    for start, end in ranges:
        covered[start:end] = True
    assert not (voice.hop_power(clip.samples)[~covered[::160][: len(clip.samples) // 160]] > 1e-6).any()


def test_a_short_word_before_a_long_silence_makes_a_legal_piece():
    clip = clip_from_samples(np.concatenate([babble(0.09), silence(3), babble(14)]), SAMPLE_RATE)
    ranges = pieces(clip)
    assert ranges[0][0] == 0 and len(ranges) == 2
    assert all(MIN_SAMPLES <= end - start <= MAX_SAMPLES for start, end in ranges)


def test_long_silences_belong_to_no_piece():
    clip = clip_from_samples(np.concatenate([babble(10), silence(40), babble(10)]), SAMPLE_RATE)
    ranges = pieces(clip)
    assert len(ranges) == 2
    assert ranges[0][1] / SAMPLE_RATE == pytest.approx(10.2, abs=0.2)
    assert ranges[1][0] / SAMPLE_RATE == pytest.approx(49.8, abs=0.2)


def test_speech_without_pauses_is_cut_all_the_same():
    clip = clip_from_samples(babble(100), SAMPLE_RATE)
    ranges = pieces(clip)
    assert all(MIN_SAMPLES <= end - start <= MAX_SAMPLES for start, end in ranges)
    assert sum(end - start for start, end in ranges) >= 99.5 * SAMPLE_RATE


def test_clip_is_frozen():
    clip = clip_from_samples(babble(1), SAMPLE_RATE)
    assert isinstance(clip, Clip)
    with pytest.raises(AttributeError):
        clip.speech = (0.0, 1.0)
