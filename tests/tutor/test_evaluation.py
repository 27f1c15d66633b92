"""Evaluation of a model that answers with the ratings themselves, and of one that errs in known ways."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from readings import ENGINE

from tutor import evaluation
from tutor.acoustic import AcousticOutput
from tutor.corpus import RatedSentence, RatedWord
from tutor.errors import EngineError
from tutor.evaluation import compare, find_errors, measure
from tutor.pairing import ScoredSentence, free_phones, pair_up
from tutor.phones import CLASS_COUNT, class_of


def corpus(count: int = 60) -> list[RatedSentence]:
    rng = np.random.default_rng(2)
    sentences = []
    for number in range(count):
        ratings = tuple(float(value) for value in rng.choice([0.0, 0.4, 1.2, 1.8, 2.0], 4))
        experts = tuple((round(value), value > 1, 2.0) for value in ratings)
        words = (
            RatedWord("we", ("W", "IY1"), *rng.uniform(3, 10, 3), (ratings[0], None), (experts[0], ())),
            RatedWord("call", ("K", "AO1", "L"), *rng.uniform(3, 10, 3), ratings[1:], experts[1:]),
        )
        scores = [float(value) for value in rng.uniform(2, 10, 5)]
        single = {"total": (scores[4], scores[4] + 1)}
        sentences.append(
            RatedSentence(
                f"{number:03d}", "we call", f"s{number % 6}", 20, "f", Path("x"), *scores, words, single
            )
        )
    return sentences


def perfect(sentence: RatedSentence) -> ScoredSentence:
    phones = [
        rating if rating is not None else 1.0 for word in sentence.words for rating in word.phone_ratings
    ]
    words = tuple((word.accuracy, word.stress, word.total) for word in sentence.words)
    overall = (sentence.accuracy, sentence.fluency, sentence.prosodic, sentence.completeness, sentence.total)
    return ScoredSentence(2.0, tuple(phones), words, overall, 1, "graded", ENGINE)


def test_ratings_as_answers_agree_fully() -> None:
    sentences = corpus()
    pairs = pair_up(sentences, {item.id: perfect(item) for item in sentences})
    assert list(pairs) == [
        "phone", "word accuracy", "word stress", "word total",
        "sentence accuracy", "sentence fluency", "sentence prosodic",
        "sentence completeness", "sentence total",
    ]  # fmt: skip
    for pair in pairs.values():
        found = measure(pair)
        assert (found.pearson, found.spearman, found.mse) == (pytest.approx(1), pytest.approx(1), 0)
        assert found.kappa == 1
    assert len(pairs["phone"].rated) == 4 * 60, "unrated phones are left out"
    assert len(pairs["word total"].rated) == 120
    assert measure(pairs["sentence total"]).ceiling == pytest.approx(1)
    assert math.isnan(measure(pairs["word total"]).ceiling), "words have no single ratings"


def test_errors_are_found_at_the_raters_limit() -> None:
    sentences = corpus()
    pairs = pair_up(sentences, {item.id: perfect(item) for item in sentences})
    finding = find_errors(pairs["phone"], 0.5)
    assert finding.fixed.f1 == 1 and finding.fixed.bad == int((pairs["phone"].rated < 0.5).sum()) > 50
    assert finding.at_recall is not None and finding.at_recall.precision == 1
    assert finding.name == "phone below 0.5 of 2" and finding.shown is None
    lenient = find_errors(pairs["phone"], 0.5, 1.5).shown
    assert lenient is not None and lenient.recall == 1 and lenient.precision < 1


def test_comparison_favours_the_better_and_refuses_other_recordings() -> None:
    sentences = corpus()
    rng = np.random.default_rng(0)
    good = {item.id: perfect(item) for item in sentences}
    poor = {}
    for name, answer in good.items():
        noise = rng.normal(0, 1, len(answer.phones))
        blurred = tuple(float(value) for value in np.array(answer.phones) + noise)
        poor[name] = ScoredSentence(2.0, blurred, answer.words, answer.sentence, 1, "graded", ENGINE)
    first, second = pair_up(sentences, good), pair_up(sentences, poor)
    changes = compare(first, second)
    assert changes["phone"].difference > 0.1 and changes["phone"].p < 0.05
    assert changes["word total"].difference == pytest.approx(0) and changes["word total"].p == 1
    with pytest.raises(EngineError, match="same recordings"):
        compare(first, pair_up(sentences[:-1], poor))


def test_free_phones_drop_silence_and_flickers() -> None:
    said = ["B", "B", "B", None, "B", "B", "AH", "AH", None, None, "T", "T"]
    classes = [0 if name is None else class_of(name) for name in said]
    posteriors = np.full((len(said), CLASS_COUNT), -9.0, np.float32)
    posteriors[np.arange(len(said)), classes] = -0.1
    posteriors[1] = np.log(1 / CLASS_COUNT)
    posteriors[1, class_of("P")] = -2.5
    empty = np.zeros((len(said), 0), np.float32)
    assert free_phones(AcousticOutput(np.zeros_like(posteriors), posteriors, empty)) == ["B", "B", "AH", "T"]


def test_json_has_no_nan(monkeypatch: pytest.MonkeyPatch) -> None:
    sentences = corpus(12)

    def scored(*_: object, **__: object) -> tuple[dict[str, ScoredSentence], dict[str, str]]:
        return {item.id: perfect(item) for item in sentences[:-1]}, {sentences[-1].id: "is silent"}

    monkeypatch.setattr(evaluation, "score_corpus", scored)
    found, _ = evaluation.evaluate(sentences, lambda: pytest.fail("not opened"))
    assert (found.sentences, found.speakers, found.failures) == (11, 6, (("011", "is silent"),))
    assert found.phone_error_rate == pytest.approx(1 / 5)
    assert {row.name for row in found.phones} == {"W", "K", "AO", "L"}
    data = json.loads(json.dumps(evaluation.as_json(found), allow_nan=False))
    assert data["schema"] == "tutor.agreement/1" and data["measures"][0]["pearson"] == pytest.approx(1)
