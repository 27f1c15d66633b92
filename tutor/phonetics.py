"""Pitch, intensity and formants by Praat's own algorithms (praat-parselmouth, the ``linguist`` extra)."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from math import log2, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutor.errors import InstallError
from tutor.phones import phone_of
from tutor.result import OMITTED, OTHER_TEXT, Assessment
from tutor.timebase import SAMPLE_RATE

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

PITCH_FLOOR_HZ, PITCH_CEILING_HZ = 75.0, 600.0
STEP_S = 0.01
SEMITONE_BASE_HZ = 100.0
FORMANTS = 5
FORMANT_CEILING_LOW_HZ, FORMANT_CEILING_HIGH_HZ = 5000.0, 5500.0
FORMANT_HALF_S = 0.03
"""Half of what is cut out for one vowel's formants: Praat's window of 50 ms and room for its resampling."""

LOW_VOICE_HZ = 155.0
"""A median pitch below this takes Praat's formant ceiling for men, above it that for women."""


@dataclass(frozen=True)
class Tracks:
    """Pitch and intensity every 10 ms, arrays float64 (n,).

    ``hz`` and ``semitones`` (re 100 Hz) are NaN where unvoiced; ``intensity_db`` is relative to 2·10⁻⁵ for
    full scale 1, uncalibrated, NaN at the very edges.
    """

    times_s: Doubles
    hz: Doubles
    semitones: Doubles
    intensity_db: Doubles

    @property
    def voiced(self) -> NDArray[np.bool_]:
        return ~np.isnan(self.hz)


@dataclass(frozen=True)
class Phonetics:
    """One recording seen by Praat.

    ``formants``: F1, F2, F3 in Hz at the middle of every phone in order, None for consonants, omitted vowels
    and where Praat finds none. The rest sums up the tracks; NaN without voice.
    """

    formants: tuple[tuple[float, float, float] | None, ...]
    formant_ceiling_hz: float
    pitch_median_hz: float
    pitch_low_hz: float
    pitch_high_hz: float
    pitch_range_semitones: float
    voiced_share: float
    intensity_mean_db: float


def installed() -> bool:
    """Whether praat-parselmouth is there."""
    return find_spec("parselmouth") is not None


def measure(samples: Floats, assessment: Assessment) -> tuple[Phonetics, Tracks]:
    """Measures of a recording (float32 (n,), 16 kHz) whose phones are placed. ``InstallError`` without Praat."""
    praat = _praat()
    sound = praat.Sound(samples.astype(np.float64), SAMPLE_RATE)
    track = _tracks(praat, sound)
    heard = track.hz[track.voiced]
    median_hz = float(np.median(heard)) if len(heard) else nan
    low, high = np.percentile(heard, [5, 95]) if len(heard) else (nan, nan)
    ceiling_hz = FORMANT_CEILING_LOW_HZ if median_hz < LOW_VOICE_HZ else FORMANT_CEILING_HIGH_HZ
    summary = Phonetics(
        formants=_formants(sound, assessment, ceiling_hz),
        formant_ceiling_hz=ceiling_hz,
        pitch_median_hz=median_hz,
        pitch_low_hz=float(low),
        pitch_high_hz=float(high),
        pitch_range_semitones=12 * log2(high / low) if len(heard) else nan,
        voiced_share=float(track.voiced.mean()) if len(track.hz) else 0.0,
        intensity_mean_db=_mean_level(samples, assessment),
    )
    return summary, track


def _praat() -> Any:
    try:
        import parselmouth
    except ImportError as error:
        raise InstallError(
            "praat-parselmouth is missing; install it with: python3 -m pip install '.[linguist]'"
        ) from error
    return parselmouth


def _tracks(praat: Any, sound: Any) -> Tracks:
    # Praat refuses a sound shorter than three periods of the floor.
    try:
        pitch = sound.to_pitch_ac(
            time_step=STEP_S, pitch_floor=PITCH_FLOOR_HZ, pitch_ceiling=PITCH_CEILING_HZ
        )
        intensity = sound.to_intensity(minimum_pitch=PITCH_FLOOR_HZ, time_step=STEP_S)
    except praat.PraatError:
        empty = np.zeros(0)
        return Tracks(empty, empty, empty, empty)
    hz = np.array(pitch.selected_array["frequency"], np.float64)
    hz[hz == 0] = nan
    times_s = np.asarray(pitch.xs(), np.float64)
    levels = np.interp(times_s, intensity.xs(), intensity.values[0], left=nan, right=nan)
    return Tracks(times_s, hz, 12 * np.log2(hz / SEMITONE_BASE_HZ), levels)


def _formants(
    sound: Any, assessment: Assessment, ceiling_hz: float
) -> tuple[tuple[float, float, float] | None, ...]:
    last_s = sound.get_total_duration() - FORMANT_HALF_S
    found: list[tuple[float, float, float] | None] = []
    for word in assessment.words:
        for phone in word.phonemes:
            said = word.status != OMITTED and phone.end > phone.start and assessment.verdict != OTHER_TEXT
            if not said or not phone_of(phone.arpabet).is_vowel:
                found.append(None)
                continue
            # One analysis window around the middle, not thousands over the file: the same formants for a tenth of the work.
            middle_s = min(max((phone.start + phone.end) / 2, FORMANT_HALF_S), last_s)
            part = sound.extract_part(middle_s - FORMANT_HALF_S, middle_s + FORMANT_HALF_S)
            track = part.to_formant_burg(
                time_step=1.0, max_number_of_formants=FORMANTS, maximum_formant=ceiling_hz
            )
            values = tuple(float(track.get_value_at_time(number, track.x1)) for number in (1, 2, 3))
            found.append((values[0], values[1], values[2]) if not np.isnan(values).any() else None)
    return tuple(found)


def _mean_level(samples: Floats, assessment: Assessment) -> float:
    """Mean intensity over the words, as Praat's energy mean: dB of the mean square, not the mean of dB."""
    spoken = [
        samples[int(word.start * SAMPLE_RATE) : int(word.end * SAMPLE_RATE)].astype(np.float64)
        for word in assessment.words
    ]
    joined = np.concatenate(spoken) if spoken else np.zeros(0)
    power = float(np.mean(joined**2)) if len(joined) else 0.0
    return 10 * float(np.log10(power / 4e-10)) if power > 0 else nan
