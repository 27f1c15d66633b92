"""What the recording shows about each expected phone: one feature vector and one mean hidden state a phone.

Features follow the goodness-of-pronunciation tradition (Witt & Young 2000; Hu et al. 2015): posteriors of the
expected phone against its best rival, in two views (frame head, CTC), the whole mean posterior, and timing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tutor.acoustic import AcousticOutput, Floats, Ints, ScorerInput
from tutor.phones import CLASS_COUNT, ORDER, index_of, phone_of, stress_of

LOG_FLOOR = -12.0
SCALARS = (
    "frame_mean",  # mean log posterior of the expected phone over its frames, / 4
    "frame_ratio",  # the same less the best other phone's, / 4
    "frame_max",  # best frame, / 4
    "ctc_max",  # CTC peak of the expected phone, / 4
    "ctc_ratio",  # the same less the highest other phone's peak, / 4
    "log_duration",  # natural log of its frames
    "gap_before",  # log(1 + frames of silence before it)
    "gap_after",
    "word_start",  # 1 for the first phone of a word
    "word_end",
    "stressed",  # 1 for the vowel with main stress in a word of several vowels
)
FEATURES: tuple[str, ...] = (
    *SCALARS,
    "mean_silence",
    *(f"mean_{name}" for name in ORDER),
    *(f"peak_{name}" for name in ORDER),
)


@dataclass(frozen=True)
class Expected:
    """Expected phones of one utterance in order, P in all.

    classes: int32 (P,), class in the acoustic outputs (1–39). words: int32 (P,), word number from 0.
    marks: float32 (P, 3), the features word_start, word_end and stressed.
    """

    classes: Ints
    words: Ints
    marks: Floats


def expected_phones(pronunciations: Sequence[Sequence[str]]) -> Expected:
    """One pronunciation (ARPAbet with or without stress) a word → ``Expected``."""
    classes, words, marks = [], [], []
    for number, phones in enumerate(pronunciations):
        vowels = sum(phone_of(phone).is_vowel for phone in phones)
        for place, phone in enumerate(phones):
            classes.append(index_of(phone) + 1)
            words.append(number)
            marks.append((place == 0, place == len(phones) - 1, vowels > 1 and stress_of(phone) == 1))
    return Expected(
        np.array(classes, dtype=np.int32), np.array(words, dtype=np.int32), np.array(marks, dtype=np.float32).reshape(-1, 3)
    )


def gather_evidence(output: AcousticOutput, expected: Expected, starts: Ints, ends: Ints) -> ScorerInput:
    """Evidence of P phones whose frames are [starts, ends) — int32 (P,), each at least one frame, 0 ≤ start < end ≤ T."""
    count = len(expected.classes)
    # One row past the end, so that a phone may end with the clip: reduceat wants every cut inside the array.
    frame = _extended(np.maximum(output.frame_log_posteriors, LOG_FLOOR))
    ctc = _extended(np.maximum(output.log_posteriors, LOG_FLOOR))
    lengths = (ends - starts).astype(np.float32)
    cuts = np.stack([starts, ends], axis=1).ravel()
    own = frame[:, expected.classes]  # (T, P)
    rows = np.arange(count)
    rival = _without(frame[:, 1:], expected.classes - 1)  # (T, P)
    mean_own = _mean(own, cuts, lengths)[rows, rows]
    mean_rival = _mean(rival, cuts, lengths)[rows, rows]
    mean_shares = _mean(np.exp(frame), cuts, lengths)  # (P, 40)
    peaks = np.maximum.reduceat(ctc, cuts, axis=0)[::2]  # (P, 40)
    peak_own = peaks[rows, expected.classes]
    others = peaks.copy()
    others[rows, expected.classes] = LOG_FLOOR
    gaps = np.concatenate([[0], np.maximum(starts[1:] - ends[:-1], 0), [0]]).astype(np.float32)
    scalars = np.stack(
        [
            mean_own / 4,
            (mean_own - mean_rival) / 4,
            np.maximum.reduceat(own, cuts, axis=0)[::2][rows, rows] / 4,
            peak_own / 4,
            (peak_own - others[:, 1:].max(axis=1)) / 4,
            np.log(lengths),
            np.log1p(gaps[:-1]),
            np.log1p(gaps[1:]),
        ],
        axis=1,
    )
    features = np.concatenate([scalars, expected.marks, mean_shares, np.exp(peaks[:, 1:])], axis=1)
    return ScorerInput(
        phones=(expected.classes - 1).astype(np.int32),
        words=expected.words,
        features=features.astype(np.float32),
        hidden=_mean(_extended(output.hidden), cuts, lengths),
    )


def _extended(values: Floats) -> Floats:
    return np.concatenate([values, values[-1:]])


def _mean(values: Floats, cuts: Ints, lengths: Floats) -> Floats:
    return (np.add.reduceat(values, cuts, axis=0)[::2] / lengths[:, None]).astype(np.float32)


def _without(values: Floats, columns: Ints) -> Floats:
    """For each of P columns the highest other column: (T, 39), (P,) → (T, P)."""
    best = values.argmax(axis=1)
    rows = np.arange(len(values))
    first = values[rows, best]
    rest = values.copy()
    rest[rows, best] = -np.inf
    result: Floats = np.where(best[:, None] == columns[None, :], rest.max(axis=1)[:, None], first[:, None])
    return result


assert len(FEATURES) == len(SCALARS) + 2 * CLASS_COUNT - 1
