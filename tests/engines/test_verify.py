from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engines.manifest import load_manifest
from engines.onnx_cpu import OnnxModel
from engines.verify import Case, rank_correlation, verify
from tests.engines.check_model import clip_of
from tutor.acoustic import AcousticOutput, Floats, Model
from tutor.errors import Cancelled, CorpusError, DeviceLost, EngineError, OutOfMemory

CASES = [Case(f"case {seed}", clip_of(16_000 + 7_000 * seed, seed), "text") for seed in range(3)]


class Off(OnnxModel):
    """Answers ``difference`` off; ``when``: only for clips alone, or only in a batch."""

    difference = 0.0
    when = "always"

    def listen(self, clips: Sequence[Floats]) -> list[AcousticOutput]:
        answers = super().listen(clips)
        if self.when == "always" or (self.when == "batch") == (len(clips) > 1):
            answers = [
                replace(answer, log_posteriors=self.changed(answer.log_posteriors)) for answer in answers
            ]
        return answers

    def changed(self, logs: Floats) -> Floats:
        logs = logs.copy()
        logs[:, ::2] += np.float32(self.difference)
        return logs


def off(folder: Path, difference: float, when: str = "always") -> Off:
    model = Off(load_manifest(folder), threads=1)
    model.difference, model.when = difference, when
    return model


def scores_of(model: Model, case: Case) -> np.ndarray:
    return (50 + 10 * model.listen([case.samples])[0].log_posteriors[:, :3].ravel()).astype(np.float32)


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_the_same_model_passes(tiny_folder: Path, precision: str) -> None:
    reference = off(tiny_folder, 0)
    parity = verify(reference, off(tiny_folder, 0), CASES, precision, phone_scores=scores_of)
    assert parity.passed and parity.max_abs == 0 and parity.shift == 0 and parity.rank == pytest.approx(1)
    assert parity.to_json()["clips"] == 3 and parity.to_json()["failures"] == []


@pytest.mark.parametrize(
    ("precision", "difference", "word"),
    [("fp32", 0.02, "max_abs"), ("fp16", 0.04, "mean_abs"), ("int8", 0.8, "kl")],
)
@pytest.mark.parametrize("when", ["always", "batch", "alone"])
def test_each_limit_can_be_missed(
    tiny_folder: Path, precision: str, difference: float, word: str, when: str
) -> None:
    reference = off(tiny_folder, 0)

    def alike(model: Model, case: Case) -> np.ndarray:
        return np.arange(6, dtype=np.float32)

    parity = verify(reference, off(tiny_folder, difference, when), CASES, precision, phone_scores=alike)
    assert len(parity.failures) == 1 and word in parity.failures[0] and parity.shift == 0
    candidate = off(tiny_folder, difference / 20, when)
    assert verify(reference, candidate, CASES, precision, phone_scores=alike).passed


def test_nothing_passes_without_a_recording_to_score(tiny_folder: Path) -> None:
    cases = [replace(case, text="") for case in CASES]
    with pytest.raises(CorpusError, match="None of the 3 recordings could be scored"):
        verify(off(tiny_folder, 0), off(tiny_folder, 0), cases, "fp32")


def test_scores_decide_too(tiny_folder: Path) -> None:
    reference, candidate = off(tiny_folder, 0), off(tiny_folder, 0)

    def shifted(model: Model, case: Case) -> np.ndarray:
        return scores_of(model, case) + (0.6 if model is candidate else 0.0)

    parity = verify(reference, candidate, CASES, "fp16", phone_scores=shifted)
    assert len(parity.failures) == 1 and "shift by 0.60" in parity.failures[0]

    def shuffled(model: Model, case: Case) -> np.ndarray:
        scores = scores_of(model, case)
        return scores[::-1] if model is candidate else scores

    assert (
        "rank correlation" in verify(reference, candidate, CASES, "int8", phone_scores=shuffled).failures[0]
    )

    def other_words(model: Model, case: Case) -> np.ndarray:
        return scores_of(model, case)[: 5 if model is candidate else 6]

    assert "other words" in verify(reference, candidate, CASES, "int8", phone_scores=other_words).failures[0]


@pytest.mark.parametrize("when", ["alone", "batch"])
def test_a_candidate_that_fails_has_failed_unless_the_gpu_is_to_blame(tiny_folder: Path, when: str) -> None:
    problem: list[EngineError] = []

    class Broken(Off):
        def listen(self, clips: Sequence[Floats]) -> list[AcousticOutput]:
            if (when == "batch") == (len(clips) > 1):
                raise problem[0]
            return super().listen(clips)

    cases = [replace(case, text="") for case in CASES]
    candidate = Broken(load_manifest(tiny_folder), threads=1)
    problem[:] = [EngineError("a shape was refused")]
    parity = verify(off(tiny_folder, 0), candidate, cases, "fp32")
    assert not parity.passed and "a shape was refused" in parity.failures[0]
    for error in (DeviceLost("the GPU is gone"), OutOfMemory("the GPU is full")):
        problem[:] = [error]
        with pytest.raises(type(error)):
            verify(off(tiny_folder, 0), candidate, cases, "fp32")


def test_not_a_number_never_passes(tiny_folder: Path) -> None:
    parity = verify(off(tiny_folder, 0), off(tiny_folder, float("nan")), [replace(CASES[0], text="")], "int8")
    assert not parity.passed


def test_can_be_stopped(tiny_folder: Path) -> None:
    with pytest.raises(Cancelled):
        verify(off(tiny_folder, 0), off(tiny_folder, 0), CASES, "fp32", progress=lambda *_: False)


def test_rank_correlation_is_spearmans() -> None:
    assert rank_correlation(np.array([1, 2, 3, 4]), np.array([10, 20, 30, 5000])) == pytest.approx(1)
    assert rank_correlation(np.array([1, 2, 3, 4]), np.array([4, 3, 2, 1])) == pytest.approx(-1)
    # By hand: ranks 1.5 1.5 3 4 against 1 2 3 4.
    assert rank_correlation(np.array([7, 7, 8, 9]), np.array([1, 2, 3, 4])) == pytest.approx(
        4.5 / (4.5 * 5) ** 0.5
    )
    assert rank_correlation(np.array([5, 5]), np.array([1, 1])) == 1.0
    assert rank_correlation(np.array([5, 5]), np.array([1, 2])) == 0.0
