"""Own sentences: what speaks, what is refused, and that the second time costs no voice."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from tutor import speak
from tutor.errors import InstallError, TextError

RATE_HZ = 22_050


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TUTOR_CACHE_DIR", str(tmp_path))
    return tmp_path / "spoken"


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """Both voices replaced by a tone; what they were asked to say."""
    calls: list[tuple[str, str, str]] = []

    def voice(name: str) -> object:
        def say(text: str, speed: str) -> tuple[np.ndarray, int]:
            calls.append((name, text, speed))
            times = np.arange(RATE_HZ) / RATE_HZ
            return (0.01 * np.sin(2 * np.pi * 200 * times)).astype(np.float32), RATE_HZ

        return say

    monkeypatch.setattr(speak, "_by_piper", voice("piper"))
    monkeypatch.setattr(speak, "_by_espeak", voice("espeak-ng"))
    return calls


def test_a_sentence_is_spoken_once_and_then_read_from_the_cache(
    said: list[tuple[str, str, str]], own_cache: Path
) -> None:
    first = speak.speak("  Good \n morning. ", voice="espeak-ng")
    second = speak.speak("Good morning.", voice="espeak-ng")
    assert said == [("espeak-ng", "Good morning.", "normal")]
    assert second.rate_hz == first.rate_hz == RATE_HZ
    np.testing.assert_allclose(first.samples, second.samples, atol=1e-4)
    assert float(np.abs(first.samples).max()) == pytest.approx(0.8, abs=0.01)
    assert len(list(own_cache.iterdir())) == 1


def test_speed_and_voice_are_cached_apart(said: list[tuple[str, str, str]]) -> None:
    for speed in ("normal", "slow"):
        for voice in ("piper", "espeak-ng"):
            assert speak.speak("Good morning.", speed, voice=voice).voice == voice
    assert len(said) == 4


def test_a_damaged_cache_file_is_replaced(said: list[tuple[str, str, str]], own_cache: Path) -> None:
    speak.speak("Good morning.", voice="piper")
    (file,) = own_cache.iterdir()
    file.write_bytes(b"fLaC broken")
    assert len(speak.speak("Good morning.", voice="piper").samples) == RATE_HZ
    assert len(said) == 2 and file.stat().st_size > 100


def test_the_oldest_sentences_are_dropped(
    said: list[tuple[str, str, str]], own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speak, "MAX_CACHED_FILES", 3)
    for number in range(5):
        speak.speak(f"Sentence {number}.", voice="piper")
    assert len(list(own_cache.iterdir())) == 3
    assert len(said) == 5


def test_a_cache_that_cannot_be_written_does_not_stop_the_voice(
    said: list[tuple[str, str, str]], own_cache: Path
) -> None:
    own_cache.write_text("a file where the folder should be")
    assert len(speak.speak("Good morning.", voice="piper").samples) == RATE_HZ


@pytest.mark.parametrize("text", ["", "  \n ", "?!… —", "a" * 2001])
def test_text_that_cannot_be_spoken_is_refused(said: list[tuple[str, str, str]], text: str) -> None:
    with pytest.raises(TextError):
        speak.speak(text, voice="piper")
    assert said == []


def test_an_unknown_speed_is_refused() -> None:
    with pytest.raises(ValueError, match="slow"):
        speak.speak("Good morning.", "fast")


def test_no_voice_at_all_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speak, "find_spec", lambda name: None)
    monkeypatch.setattr(speak.shutil, "which", lambda name: None)
    assert speak.voices() == ()
    with pytest.raises(InstallError, match=r"tutor\[voice\].*espeak-ng"):
        speak.speak("Good morning.")


def test_piper_comes_first(monkeypatch: pytest.MonkeyPatch, said: list[tuple[str, str, str]]) -> None:
    monkeypatch.setattr(speak, "find_spec", lambda name: object())
    monkeypatch.setattr(speak.shutil, "which", lambda name: "/bin/espeak-ng")
    assert speak.voices() == ("piper", "espeak-ng")
    assert speak.speak("Good morning.").voice == "piper"


def test_an_espeak_that_fails_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object, **__: object) -> None:
        raise subprocess.CalledProcessError(1, "espeak-ng")

    monkeypatch.setattr(speak.shutil, "which", lambda name: "/bin/espeak-ng")
    monkeypatch.setattr(speak.subprocess, "run", failing)
    with pytest.raises(InstallError, match="espeak-ng"):
        speak.speak("Good morning.", voice="espeak-ng")


@pytest.mark.skipif(speak._espeak() is None, reason="espeak-ng is not installed")
def test_espeak_speaks_slower_when_asked() -> None:
    normal = speak.speak("-x Good morning, my friends.", voice="espeak-ng")
    slow = speak.speak("-x Good morning, my friends.", "slow", voice="espeak-ng")
    assert len(slow.samples) / slow.rate_hz > 1.15 * len(normal.samples) / normal.rate_hz > 1.0


@pytest.mark.skipif("piper" not in speak.voices(), reason="the voice extra (piper-tts) is not installed")
def test_piper_speaks_slower_when_asked() -> None:
    normal = speak.speak("Good morning, my [[ friends.", voice="piper")
    slow = speak.speak("Good morning, my [[ friends.", "slow", voice="piper")
    assert len(slow.samples) / slow.rate_hz > 1.15 * len(normal.samples) / normal.rate_hz > 0.8
