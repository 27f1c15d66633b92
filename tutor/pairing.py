"""A model's answers beside the raters' own: one pair of arrays for each kind of score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tutor.acoustic import AcousticOutput, EngineInfo
from tutor.agreement import Array, edit_distance
from tutor.corpus import SENTENCE_RATINGS, WORD_RATINGS, RatedSentence
from tutor.errors import EngineError
from tutor.phones import BLANK, ORDER, strip_stress
from tutor.result import INSERTED, REPEATED, Assessment

_FLOOR = -12.0
_CHANGE_COST = 1.5
"""Natural-log cost of going from one phone to another in free recognition."""


@dataclass(frozen=True)
class ScoredSentence:
    """A model's answer in the raters' form: phones 0–2, words (accuracy, stress, total) and sentence 0–10.

    ``sentence`` follows ``corpus.SENTENCE_RATINGS``; ``phone_errors`` is the edit distance between the phones
    the acoustic model hears without knowing the text and the given ones.
    """

    duration_s: float
    phones: tuple[float, ...]
    words: tuple[tuple[float, float, float], ...]
    sentence: tuple[float, ...]
    phone_errors: int
    verdict: str
    engine: EngineInfo


@dataclass(frozen=True)
class Paired:
    """One kind of score, item by item: predictions and ratings float64 (n,), speaker number int64 (n,)."""

    name: str
    top: int
    predicted: Array
    rated: Array
    groups: NDArray[np.int64]
    experts: tuple[tuple[float | None, ...], ...]


def in_raters_form(
    sentence: RatedSentence, assessment: Assessment, heard: Sequence[AcousticOutput]
) -> ScoredSentence:
    """An assessment of a rated sentence in the raters' form; ``heard``: the acoustic answers behind it.

    Raises ``EngineError`` when words or phones are not those that were rated.
    """
    words = [word for word in assessment.words if word.status not in (INSERTED, REPEATED)]
    if [len(word.phonemes) for word in words] != [len(word.phones) for word in sentence.words]:
        raise EngineError(f"{sentence.id}: the scored words and phones are not the rated ones.")
    scores = assessment.scores
    given = [strip_stress(phone) for word in sentence.words for phone in word.phones]
    said = [phone for output in heard for phone in free_phones(output)]
    return ScoredSentence(
        duration_s=assessment.audio.duration_s,
        phones=tuple(phone.rating for word in words for phone in word.phonemes),
        words=tuple((word.accuracy / 10, word.stress / 10, word.score / 10) for word in words),
        sentence=tuple(
            value / 10
            for value in (
                scores.accuracy,
                scores.fluency,
                scores.prosody,
                scores.completeness,
                scores.overall,
            )
        ),
        phone_errors=edit_distance(given, said),
        verdict=assessment.verdict,
        engine=assessment.engine,
    )


def pair_up(sentences: Sequence[RatedSentence], scored: dict[str, ScoredSentence]) -> dict[str, Paired]:
    """Predictions beside ratings: phone, word accuracy/stress/total, sentence accuracy … total, in that
    order.
    """
    speakers = {name: number for number, name in enumerate(sorted({item.speaker for item in sentences}))}
    collected: dict[str, list[tuple[float, float, int, tuple[float | None, ...]]]] = {}

    def add(
        name: str, predicted: float, rated: float, speaker: int, experts: tuple[float | None, ...]
    ) -> None:
        collected.setdefault(name, []).append((predicted, rated, speaker, experts))

    for sentence in sentences:
        answer, speaker = scored[sentence.id], speakers[sentence.speaker]
        guesses = iter(answer.phones)
        for word in sentence.words:
            experts = word.phone_experts or ((),) * len(word.phones)
            for rating, single, guess in zip(word.phone_ratings, experts, guesses, strict=False):
                if rating is not None:
                    add("phone", guess, rating, speaker, single)
        for position, name in enumerate(WORD_RATINGS):
            for word, numbers in zip(sentence.words, answer.words, strict=True):
                add(f"word {name}", numbers[position], getattr(word, name), speaker, ())
        for name, number in zip(SENTENCE_RATINGS, answer.sentence, strict=True):
            add(f"sentence {name}", number, getattr(sentence, name), speaker, sentence.experts.get(name, ()))
    return {name: _paired(name, items) for name, items in collected.items()}


def free_phones(output: AcousticOutput) -> list[str]:
    """The phones heard without knowing the text: Viterbi over a loop of all classes on the frame head.

    Its posteriors last as long as the phones; the CTC head's short peaks fall on other frames in each member of a
    committee, and their mean loses them.
    """
    emissions = np.maximum(output.frame_log_posteriors, _FLOOR)
    score, same = emissions[0].copy(), np.arange(emissions.shape[1])
    came_from = np.empty(emissions.shape, dtype=np.int64)
    for frame, emitted in enumerate(emissions[1:], 1):
        best = int(score.argmax())
        entered = score[best] - _CHANGE_COST
        came_from[frame] = np.where(score >= entered, same, best)
        score = np.maximum(score, entered) + emitted
    path = [int(score.argmax())]
    for pointers in came_from[:0:-1]:
        path.append(int(pointers[path[-1]]))
    heard = np.array(path[::-1])
    return [ORDER[index - 1] for index in heard[np.append(True, heard[1:] != heard[:-1])] if index != BLANK]


def _paired(name: str, items: Sequence[tuple[float, float, int, tuple[float | None, ...]]]) -> Paired:
    predicted, rated, groups, experts = zip(*items, strict=True)
    return Paired(
        name,
        2 if name == "phone" else 10,
        np.array(predicted, np.float64),
        np.array(rated, np.float64),
        np.array(groups, np.int64),
        experts if all(experts) else (),
    )
