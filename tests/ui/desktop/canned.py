"""Assessments and recordings made up for tests: plausible, fixed, no model needed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tutor.acoustic import EngineInfo, Model
from tutor.clip import Clip
from tutor.feedback import tips
from tutor.phones import ipa_of
from tutor.progress import Progress
from tutor.prompts import Prompt
from tutor.result import MISPRONOUNCED, OMITTED, Assessment, AudioInfo, Heard, PhoneResult, Scores, WordResult
from tutor.timebase import SAMPLE_RATE

WRONG = {"TH": "S", "DH": "D", "R": "L", "IH": "IY", "V": "W"}


def voice_like(seconds: float, *, hz: float = 130.0) -> NDArray[np.float32]:
    """float32 (n,), 16 kHz: a pulse train through two resonances, in syllables of 0.25 s, with silence
    around."""
    time_s = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    pitch = hz * (1.15 - 0.25 * time_s / max(seconds, 0.1) + 0.06 * np.sin(2 * np.pi * 1.3 * time_s))
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
    wave = sum(
        np.sin(n * phase) * np.exp(-(((n * pitch - f) / 180) ** 2)) for n in range(1, 25) for f in (550, 1500)
    )
    beat = np.clip(np.sin(2 * np.pi * time_s / 0.5) * 1.6 + 0.5, 0, 1)
    edge = np.clip(np.minimum(time_s - 0.25, seconds - 0.25 - time_s) * 20, 0, 1)
    noise = np.random.default_rng(7).normal(0, 0.002, len(time_s))
    return (0.25 * wave * beat * edge + noise).astype(np.float32)


def canned_assess(clip: Clip, prompt: Prompt, model: Model, progress: Progress) -> Assessment:
    """An assessment of any clip: phones of ``WRONG`` are said wrongly, all times evenly spread."""
    return made_up(prompt, len(clip.samples) / SAMPLE_RATE, model.info)


def made_up(
    prompt: Prompt, seconds: float, info: EngineInfo | None = None, *, left_out: int = -1
) -> Assessment:
    """An assessment of a prompt read in ``seconds``; ``left_out``: index of a word not said."""
    phones = sum(len(word.pronunciations[0]) for word in prompt.words)
    step = (seconds - 0.6) / max(1, phones)
    at = 0.3
    words: list[WordResult] = []
    for number, word in enumerate(prompt.words):
        results = []
        for place, name in enumerate(word.pronunciations[0]):
            bare = name.rstrip("012")
            wrong = WRONG.get(bare) if (number + place) % 2 == 0 else None
            score = (
                31.0 if wrong else 68.0 if (number * 3 + place) % 7 == 0 else 84.0 + (place * 5 + number) % 15
            )
            heard = (Heard(wrong, ipa_of(wrong), 0.71), Heard(bare, ipa_of(bare), 0.2)) if wrong else ()
            results.append(PhoneResult(name, ipa_of(name), at, at + step, score, score / 50, 0.9, heard))
            at += step
        score = 0.0 if number == left_out else float(np.mean([phone.score for phone in results]))
        status = OMITTED if number == left_out else MISPRONOUNCED if score < 60 else "ok"
        words.append(
            WordResult(
                word.text,
                results[0].start,
                results[-1].end,
                score,
                score,
                82.0,
                status,
                0.9,
                word.guessed,
                tuple(results),
            )
        )
    overall = float(np.mean([word.score for word in words]))
    untold = Assessment(
        text=prompt.text,
        audio=AudioInfo(seconds, 32.0, -21.0, 0.0),
        engine=info or EngineInfo("canned", "canned 1", "fp32", "asked for"),
        timing_ms={"acoustic": 60.0, "total": 90.0},
        scores=Scores(overall, overall + 2, 88.0, 64.0, 100.0),
        words=tuple(words),
    )
    return replace(untold, tips=tips(untold))
