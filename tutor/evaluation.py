"""A model against human raters on a whole corpus: score every recording, then count agreement."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tutor import agreement
from tutor.acoustic import AcousticOutput, EngineInfo, Floats, Model, ScorerInput, ScorerOutput
from tutor.agreement import Comparison, Detection
from tutor.batch import introduced, same_engine
from tutor.calibration import LIMITS
from tutor.corpus import RatedSentence
from tutor.errors import Cancelled, EngineError
from tutor.pairing import Paired, ScoredSentence, in_raters_form, pair_up
from tutor.phones import strip_stress
from tutor.progress import Progress, silent
from tutor.workers import run_jobs

SCHEMA = "tutor.agreement/1"
PHONE_ERROR = 0.5
"""A phone whose mean rating (0–2) is below this is an error."""

WORD_ERROR = 5.0
"""A word whose total rating (0–10) is below this is a bad one."""

WORD_RECALL = 0.6
OpenModel = Callable[[], Model]


@dataclass(frozen=True)
class Measure:
    """Agreement of one kind of score: correlation with its 95 % interval by speaker, and the human ceiling.

    ``mse`` and ``kappa`` are on the raters' scale. ``ceiling``: mean correlation of one expert with the mean
    of the others; ``one_expert``: of the model with one expert. NaN where the corpus has no single ratings.
    """

    name: str
    count: int
    pearson: float
    low: float
    high: float
    spearman: float
    mse: float
    kappa: float
    ceiling: float
    one_expert: float


@dataclass(frozen=True)
class ErrorFinding:
    """Finding the bad ones, by several thresholds.

    ``fixed`` at the raters' own limit, ``shown`` at the limit below which Tutor calls it bad (None: it has
    none), ``best`` on this data, ``held_out_f1`` with the threshold from other speakers, ``at_recall`` where
    recall reaches 0.6, and ``curve`` thinned to 200 points.
    """

    name: str
    fixed: Detection
    shown: Detection | None
    low: float
    high: float
    best: Detection
    held_out_f1: float
    at_recall: Detection | None
    average_precision: float
    curve: tuple[Detection, ...]


@dataclass(frozen=True)
class Row:
    """One phone's or speaker's line: how many, mean rating, mean prediction (raters' scale), correlation."""

    name: str
    count: int
    rated: float
    predicted: float
    pearson: float


@dataclass(frozen=True)
class Evaluation:
    """Everything ``tutor evaluate`` says about one model."""

    engine: EngineInfo
    sentences: int
    speakers: int
    audio_s: float
    wall_s: float
    phone_error_rate: float
    measures: tuple[Measure, ...]
    phone_errors: ErrorFinding
    word_errors: ErrorFinding
    phones: tuple[Row, ...]
    speakers_table: tuple[Row, ...]
    verdicts: dict[str, int]
    failures: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class OpenScorer:
    """Opens a model in a worker process and gives the function that scores one rated sentence."""

    open_model: OpenModel

    def __call__(self) -> Callable[[RatedSentence], ScoredSentence]:
        from tutor.assess import assess
        from tutor.clip import read_clip

        model = _Overheard(self.open_model())
        chosen = introduced(model)

        def score(sentence: RatedSentence) -> ScoredSentence:
            model.heard.clear()
            assessment = assess(read_clip(sentence.audio), sentence.prompt(), model)
            same_engine(chosen, assessment)
            return in_raters_form(sentence, assessment, model.heard)

        return score


class _Overheard:
    """A model whose acoustic answers are kept for a look: free recognition then costs no second pass."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.heard: list[AcousticOutput] = []

    @property
    def info(self) -> EngineInfo:
        return self._model.info

    def listen(self, clips: Sequence[Floats]) -> list[AcousticOutput]:
        outputs = self._model.listen(clips)
        self.heard.extend(outputs)
        return outputs

    def score(self, evidence: Sequence[ScorerInput]) -> list[ScorerOutput]:
        return self._model.score(evidence)

    def close(self) -> None:
        self._model.close()


def score_corpus(
    sentences: Sequence[RatedSentence],
    open_model: OpenModel,
    *,
    workers: int = 2,
    progress: Progress = silent,
) -> tuple[dict[str, ScoredSentence], dict[str, str]]:
    """Score every sentence; answers by id, and one line for each that could not be scored.

    Raises ``Cancelled`` when progress asks to stop.
    """
    scored: dict[str, ScoredSentence] = {}
    failed: dict[str, str] = {}

    def keep_going() -> bool:
        return progress("scoring", len(scored) + len(failed), len(sentences))

    for outcome in run_jobs(sentences, OpenScorer(open_model), workers, keep_going):
        name = sentences[outcome.index].id
        if outcome.result is None:
            failed[name] = outcome.error
        else:
            scored[name] = outcome.result
    if len(scored) + len(failed) < len(sentences):
        raise Cancelled("The evaluation was stopped; no figures were made.")
    if not scored:
        raise EngineError(f"No recording could be scored; the first failure: {next(iter(failed.values()))}")
    return scored, failed


def evaluate(
    sentences: Sequence[RatedSentence],
    open_model: OpenModel,
    *,
    workers: int = 2,
    progress: Progress = silent,
) -> tuple[Evaluation, dict[str, Paired]]:
    """Agreement of a model with the raters of ``sentences``, and the paired scores behind it by name."""
    started = time.perf_counter()
    scored, failed = score_corpus(sentences, open_model, workers=workers, progress=progress)
    wall_s = time.perf_counter() - started
    kept = [sentence for sentence in sentences if sentence.id in scored]
    pairs = pair_up(kept, scored)
    answers = [scored[sentence.id] for sentence in kept]
    phone, word = pairs["phone"], pairs["word total"]
    given = sum(len(answer.phones) for answer in answers)
    verdicts = [answer.verdict for answer in answers]
    evaluation = Evaluation(
        engine=answers[0].engine,
        sentences=len(kept),
        speakers=len({sentence.speaker for sentence in kept}),
        audio_s=sum(answer.duration_s for answer in answers),
        wall_s=wall_s,
        phone_error_rate=sum(answer.phone_errors for answer in answers) / given,
        measures=tuple(measure(pair) for pair in pairs.values()),
        phone_errors=find_errors(phone, PHONE_ERROR, LIMITS.wrong_phone),
        word_errors=find_errors(word, WORD_ERROR),
        phones=_rows(phone, _phone_names(kept)),
        speakers_table=_rows(pairs["sentence total"], [sentence.speaker for sentence in kept]),
        verdicts={name: verdicts.count(name) for name in sorted(set(verdicts))},
        failures=tuple(sorted(failed.items())),
    )
    return evaluation, pairs


def measure(pair: Paired) -> Measure:
    """All figures of agreement for one kind of score."""
    low, high = agreement.pearson_interval(pair.predicted, pair.rated, pair.groups)
    return Measure(
        name=pair.name,
        count=len(pair.rated),
        pearson=agreement.pearson(pair.predicted, pair.rated),
        low=low,
        high=high,
        spearman=agreement.spearman(pair.predicted, pair.rated),
        mse=agreement.mean_squared_error(pair.predicted, pair.rated),
        kappa=agreement.quadratic_kappa(pair.predicted, pair.rated, pair.top),
        ceiling=agreement.human_ceiling(pair.experts),
        one_expert=agreement.against_single_experts(pair.predicted, pair.experts),
    )


def find_errors(pair: Paired, limit: float, shown: float | None = None) -> ErrorFinding:
    """How well what the raters put below ``limit`` is found by low predictions."""
    bad = pair.rated < limit
    curve = agreement.detection_curve(pair.predicted, bad)
    low, high = agreement.f1_interval(pair.predicted, bad, limit, pair.groups)
    return ErrorFinding(
        name=f"{pair.name} below {limit:g} of {pair.top}",
        fixed=agreement.detect(pair.predicted, bad, limit),
        shown=None if shown is None else agreement.detect(pair.predicted, bad, shown),
        low=low,
        high=high,
        best=agreement.best_f1(curve),
        held_out_f1=agreement.held_out_f1(pair.predicted, bad, pair.groups),
        at_recall=agreement.at_recall(curve, WORD_RECALL),
        average_precision=agreement.average_precision(curve),
        curve=tuple(curve[:: max(1, len(curve) // 200)]),
    )


def compare(first: dict[str, Paired], second: dict[str, Paired]) -> dict[str, Comparison]:
    """Correlation of the first model minus that of the second, on the same items, for every kind of score."""
    compared = {}
    for name, a in first.items():
        b = second[name]
        if len(a.rated) != len(b.rated) or not np.array_equal(a.rated, b.rated):
            raise EngineError(
                f"The two models did not score the same recordings ({name}); see their failures."
            )
        compared[name] = agreement.compare_pearson(a.predicted, b.predicted, a.rated, a.groups)
    return compared


def as_json(
    evaluation: Evaluation, compared: tuple[Evaluation, dict[str, Comparison]] | None = None
) -> dict[str, Any]:
    """Plain dicts and lists under schema ``tutor.agreement/1``; NaN becomes null."""
    from dataclasses import asdict

    data: dict[str, Any] = {"schema": SCHEMA, **asdict(evaluation)}
    data["times_real_time"] = evaluation.audio_s / evaluation.wall_s
    if compared is not None:
        data["compared_with"] = asdict(compared[0])
        data["differences"] = {name: asdict(item) for name, item in compared[1].items()}
    cleaned: dict[str, Any] = _finite(data)
    return cleaned


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6) if np.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def _phone_names(sentences: Sequence[RatedSentence]) -> list[str]:
    return [
        strip_stress(phone)
        for sentence in sentences
        for word in sentence.words
        for phone, rating in zip(word.phones, word.phone_ratings, strict=True)
        if rating is not None
    ]


def _rows(pair: Paired, names: Sequence[str]) -> tuple[Row, ...]:
    labels = np.array(names)
    rows = []
    for name in sorted(set(names)):
        mine = labels == name
        predicted, rated = pair.predicted[mine], pair.rated[mine]
        rows.append(
            Row(
                name,
                int(mine.sum()),
                float(rated.mean()),
                float(predicted.mean()),
                agreement.pearson(predicted, rated),
            )
        )
    return tuple(rows)
