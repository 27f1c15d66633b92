"""The parity gate: an engine may answer learners only if it agrees with ONNX Runtime in FP32 on what they
say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutor.acoustic import AcousticOutput, Floats, Model
from tutor.errors import Cancelled, CorpusError, DeviceLost, InputError, OutOfMemory, TutorError
from tutor.evidence import LOG_FLOOR
from tutor.progress import Progress, silent


@dataclass(frozen=True)
class Case:
    """A recording (float32, 16 kHz) with the text that is read in it; "" leaves its scores out of the
    comparison.
    """

    name: str
    samples: Floats
    text: str = ""


@dataclass(frozen=True)
class Limits:
    """What an engine of one precision may differ by; None: not asked of this precision.

    max_abs, mean_abs: of the log posteriors, floored as ``evidence`` floors them. kl: mean per frame, nats.
    shift: mean change of phone scores, of 100.
    rank: least Spearman correlation of phone scores.
    """

    max_abs: float | None
    mean_abs: float | None
    kl: float | None
    shift: float
    rank: float


LIMITS = {
    "fp32": Limits(max_abs=1e-2, mean_abs=None, kl=None, shift=0.5, rank=0.995),
    "fp16": Limits(max_abs=None, mean_abs=1e-2, kl=None, shift=0.5, rank=0.995),
    "int8": Limits(max_abs=None, mean_abs=None, kl=0.05, shift=0.5, rank=0.99),
}


@dataclass(frozen=True)
class Parity:
    """Figures of one comparison and every limit that was missed; ``shift`` and ``rank`` are None where nothing
    was scored because the posteriors already differ too much.
    """

    clips: int
    max_abs: float
    mean_abs: float
    kl: float
    shift: float | None
    rank: float | None
    failures: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.failures

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "failures": list(self.failures)}


PhoneScores = Callable[[Model, Case], NDArray[np.float32]]


def verify(
    reference: Model,
    candidate: Model,
    cases: Sequence[Case],
    precision: str,
    *,
    phone_scores: PhoneScores | None = None,
    progress: Progress = silent,
) -> Parity:
    """Compare ``candidate`` with ``reference``: each case alone, then all cases in one ragged batch.

    phone_scores: 0–100 for each phone of a case by one model; None takes ``assessed_phones``. A candidate
    that raises has failed, unless its GPU is full or gone: ``OutOfMemory``, ``DeviceLost`` and all errors of the
    reference propagate. Raises ``CorpusError`` where no case has a text that can be scored, since nothing is
    proved then, and ``Cancelled`` when ``progress`` says stop.
    """
    limits = LIMITS[precision]
    score = assessed_phones if phone_scores is None else phone_scores
    differences = _Differences()
    scores: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []
    expected = []
    for index, case in enumerate(cases):
        if not progress("verify", index, len(cases) + 1):
            raise Cancelled("The verification was stopped; the engine is not used until it is complete.")
        expected += reference.listen([case.samples])
        wanted = scored(score, reference, case)
        try:
            differences.add("alone", expected[-1], candidate.listen([case.samples])[0])
            if wanted is not None:
                scores.append((wanted, score(candidate, case)))
        except (OutOfMemory, DeviceLost):
            raise
        except TutorError as error:
            return _broken(len(cases), f"{case.name}: {error}")
    try:
        together = candidate.listen([case.samples for case in cases])
    except (OutOfMemory, DeviceLost):
        raise
    except TutorError as error:
        return _broken(len(cases), f"all cases in one batch: {error}")
    for one, other in zip(expected, together, strict=True):
        differences.add("batch", one, other)
    progress("verify", len(cases) + 1, len(cases) + 1)
    return _judged(len(cases), differences, scores, limits)


def scored(score: PhoneScores, model: Model, case: Case) -> NDArray[np.float32] | None:
    """Phone scores of a case; None without a text, or for a recording too poor to be scored by anyone."""
    try:
        return score(model, case) if case.text else None
    except InputError:
        return None


def assessed_phones(model: Model, case: Case) -> NDArray[np.float32]:
    """Scores (0–100) of all phones of a case, by the whole path of ``tutor.assess``."""
    from tutor.assess import assess
    from tutor.clip import clip_from_samples
    from tutor.prompts import make_prompt
    from tutor.timebase import SAMPLE_RATE

    result = assess(clip_from_samples(case.samples, SAMPLE_RATE), make_prompt(case.text), model)
    return np.array([phone.score for word in result.words for phone in word.phonemes], np.float32)


def rank_correlation(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Spearman's, ties sharing their mean rank; 1.0 where both are constant."""
    ranks = [_ranks(np.asarray(values, np.float64)) for values in (one, other)]
    deviations = [values - values.mean() for values in ranks]
    norm = float(np.sqrt((deviations[0] ** 2).sum() * (deviations[1] ** 2).sum()))
    if norm == 0:
        return 1.0 if np.array_equal(ranks[0], ranks[1]) else 0.0
    return float((deviations[0] * deviations[1]).sum() / norm)


class _Differences:
    """Sums over frames, apart for each head, and for clips alone and in a batch; the worst of the four
    counts.
    """

    def __init__(self) -> None:
        self.max_abs = 0.0
        self._sums: dict[tuple[str, str], NDArray[np.float64]] = {}

    def add(self, mode: str, expected: AcousticOutput, found: AcousticOutput) -> None:
        for head in ("log_posteriors", "frame_log_posteriors"):
            one, other = getattr(expected, head), getattr(found, head)
            # Nothing downstream looks below the floor, where FP16 cannot tell one impossible phone from
            # another.
            difference = np.abs(np.maximum(one, LOG_FLOOR) - np.maximum(other, LOG_FLOOR))
            # Kept from falling below zero where the engine's posteriors do not sum to one.
            divergence = np.exp(one) * (one - other) - np.exp(one) + np.exp(other)
            self.max_abs = float(np.maximum(self.max_abs, difference.max()))
            sums = np.array([difference.mean(axis=1).sum(), divergence.sum(), len(one)], np.float64)
            self._sums[mode, head] = self._sums.get((mode, head), np.zeros(3)) + sums

    @property
    def mean_abs(self) -> float:
        return self._worst(0)

    @property
    def kl(self) -> float:
        return self._worst(1)

    def _worst(self, index: int) -> float:
        return float(np.max([sums[index] / sums[2] for sums in self._sums.values()]))


def _judged(
    clips: int,
    differences: _Differences,
    scores: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]],
    limits: Limits,
) -> Parity:
    failures = []
    for name in ("max_abs", "mean_abs", "kl"):
        limit, found = getattr(limits, name), getattr(differences, name)
        if limit is not None and not found <= limit:
            failures.append(f"{name} of the posteriors is {found:.4g} where at most {limit:g} was expected")
    shift = rank = None
    if not scores and not failures:
        raise CorpusError(
            "None of the {count} recordings could be scored, so what learners see was not compared; "
            "name a folder with recordings and their texts.",
            count=clips,
        )
    if scores:
        pairs = [pair for pair in scores if len(pair[0]) == len(pair[1])]
        if len(pairs) < len(scores):
            failures.append(f"{len(scores) - len(pairs)} recordings were read as other words")
        if pairs:
            one, other = (np.concatenate(column) for column in zip(*pairs, strict=True))
            shift, rank = float(abs((other - one).mean())), rank_correlation(one, other)
            if not shift <= limits.shift:
                failures.append(
                    f"phone scores shift by {shift:.2f} of 100 where at most {limits.shift:g} was expected"
                )
            if not rank >= limits.rank:
                failures.append(
                    f"phone scores' rank correlation is {rank:.4f} where {limits.rank:g} was expected"
                )
    return Parity(
        clips, differences.max_abs, differences.mean_abs, differences.kl, shift, rank, tuple(failures)
    )


def _broken(clips: int, reason: str) -> Parity:
    nothing = float("nan")
    return Parity(clips, nothing, nothing, nothing, None, None, (reason,))


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    mean_ranks: NDArray[np.float64] = (last - (counts - 1) / 2)[inverse]
    return mean_ranks
