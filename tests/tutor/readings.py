"""Made-up assessments for tests of tables, TextGrids, rhythm and reports."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tutor.acoustic import EngineInfo
from tutor.phones import ipa_of
from tutor.result import (
    GRADED,
    MISPRONOUNCED,
    OK,
    OMITTED,
    Assessment,
    AudioInfo,
    Heard,
    PhoneResult,
    Scores,
    WordResult,
)
from tutor.timebase import SAMPLE_RATE

ENGINE = EngineInfo("canned", "canned 1", "fp32", "")


def phone(arpabet: str, start: float, end: float, score: float = 90.0, heard: str = "") -> PhoneResult:
    instead = (Heard(heard, ipa_of(heard), 0.6),) if heard else ()
    return PhoneResult(arpabet, ipa_of(arpabet), start, end, score, score / 50, 0.9, instead)


def word(text: str, *phones: PhoneResult, status: str = OK) -> WordResult:
    score = float(np.mean([item.score for item in phones]))
    start, end = phones[0].start, phones[-1].end
    return WordResult(text, start, end, score, score, 95.0, status, 0.9, False, phones)


def reading(*words: WordResult, verdict: str = GRADED, duration_s: float = 2.0) -> Assessment:
    text = " ".join(item.text for item in words)
    scores = Scores(80.0, 82.0, 75.0, 70.0, 100.0)
    info = AudioInfo(duration_s, 25.0, -20.0, 0.0)
    return Assessment(text, info, ENGINE, {}, scores, words, verdict=verdict)


def think() -> Assessment:
    """“I "think" so”: θ said as s, so left out, a pause of 0.4 s after I."""
    return reading(
        word("I", phone("AY1", 0.2, 0.5)),
        word(
            '"think"',
            phone("TH", 0.9, 1.0, 30.0, "S"),
            phone("IH1", 1.0, 1.1),
            phone("NG", 1.1, 1.2),
            phone("K", 1.2, 1.3),
            status=MISPRONOUNCED,
        ),
        word("so", phone("S", 1.3, 1.3, 0.0), phone("OW1", 1.3, 1.3, 0.0), status=OMITTED),
    )


def vowel_sound(f0_hz: float, formants_hz: tuple[float, ...], seconds: float) -> np.ndarray:
    """A synthetic vowel: a pulse train through resonators at known formants, float32, 16 kHz."""
    count = int(seconds * SAMPLE_RATE)
    phase = np.floor(np.arange(count) * f0_hz / SAMPLE_RATE)
    # A voice falls by 6 dB an octave against a pulse train, as Praat expects.
    pulses = np.diff(phase, prepend=0.0)
    sound = np.convolve(pulses, 0.99 ** np.arange(400))[:count]
    for formant_hz in formants_hz:
        radius = np.exp(-np.pi * 80 / SAMPLE_RATE)
        a1, a2 = -2 * radius * np.cos(2 * np.pi * formant_hz / SAMPLE_RATE), radius**2
        shaped = np.zeros(count + 2)
        for index in range(count):
            shaped[index + 2] = sound[index] - a1 * shaped[index + 1] - a2 * shaped[index]
        sound = shaped[2:]
    return (0.3 * sound / np.abs(sound).max()).astype(np.float32)


def babble(path: Path, seconds: float = 1.5, f0_hz: float = 120.0, pause_s: float = 0.0) -> Path:
    """A wav file that passes for speech: syllables of a synthetic vowel, perhaps with a pause in the middle."""
    import soundfile

    sound = vowel_sound(f0_hz, (600.0, 1400.0, 2500.0, 3500.0, 4500.0), seconds)
    time = np.arange(len(sound)) / SAMPLE_RATE
    sound = sound * (0.55 - 0.45 * np.cos(2 * np.pi * 4 * time)).astype(np.float32)
    half = len(sound) // 2
    gap = np.zeros(int(pause_s * SAMPLE_RATE), np.float32)
    noise = 1e-4 * np.random.default_rng(0).standard_normal(len(sound) + len(gap)).astype(np.float32)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.concatenate([sound[:half], gap, sound[half:]]) + noise, SAMPLE_RATE)
    return path
