"""The served graph without Triton: padding, masking, order, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engines import batches
from engines.manifest import load_manifest
from engines.serving import policy, repository
from engines.serving.policy import ACOUSTIC, SCORER, Batching
from engines.serving.served_model import Settings, open_session, refusal, run_batch
from tests.engines.check_model import clip_of, evidence_of

LENGTHS = (4_800, 80_000, 16_001, 33_333, 240_000)


def _settings(folder: Path, role: str, **changes: Any) -> Settings:
    batching = Batching(8, (), 0, 8, 0, **changes)
    return repository._settings(repository._graph(load_manifest(folder), role), role, batching)


def _clip_request(samples: int, seed: int = 1) -> dict[str, np.ndarray]:
    return {"samples": clip_of(samples, seed)[None], "lengths": np.array([samples], np.int32)}


@pytest.mark.parametrize("changes", [{}, {"rows_at_once": 2}, {"fixed": True, "step": 32_000}])
def test_answers_do_not_depend_on_company(tiny_folder: Path, changes: dict[str, Any]) -> None:
    settings = _settings(tiny_folder, ACOUSTIC, **changes)
    session = open_session(str(tiny_folder / "acoustic.onnx"), 1)
    requests = [_clip_request(samples, seed) for seed, samples in enumerate(LENGTHS)]
    together = run_batch(session, requests, settings)
    for request, answer in zip(requests, together, strict=True):
        alone = run_batch(session, [request], _settings(tiny_folder, ACOUSTIC))[0]
        for name in ("log_posteriors", "frame_log_posteriors", "hidden"):
            assert answer[name].shape == alone[name].shape
            np.testing.assert_allclose(answer[name], alone[name], atol=1e-4)


def test_scorer_rows_are_cut_to_their_phones(tiny_folder: Path) -> None:
    session = open_session(str(tiny_folder / "scorer.onnx"), 1)
    evidence = [evidence_of(count, 3, 8, count) for count in (3, 40, 1)]
    answers = run_batch(session, [batches.scorer_inputs([item]) for item in evidence], _settings(tiny_folder, SCORER))
    for item, answer in zip(evidence, answers, strict=True):
        alone = run_batch(session, [batches.scorer_inputs([item])], _settings(tiny_folder, SCORER))[0]
        assert answer["phone"].shape == (1, len(item.phones)) and answer["sentence"].shape == (1, 5)
        np.testing.assert_allclose(answer["sentence"], alone["sentence"], atol=1e-4)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"lengths": np.array([0], np.int32), "samples": np.zeros((1, 0), np.float32)}, "lengths is 0"),
        ({"lengths": np.array([9_600_000], np.int32)}, "9600000"),
        ({"lengths": np.array([90_000], np.int32)}, "has shape"),
        ({"lengths": np.array([5_000, 5_000], np.int32)}, "one clip"),
        ({"samples": np.full((1, 80_000), np.nan, np.float32)}, "not numbers"),
        ({"samples": np.zeros((2, 80_000), np.float32)}, "has shape"),
        ({"samples": np.zeros((1, 9_600_000), np.float32)}, "has shape"),
    ],
)
def test_bad_requests_are_told_why(tiny_folder: Path, change: dict[str, np.ndarray], told: str) -> None:
    request = {**_clip_request(80_000), **change}
    assert told in refusal(request, _settings(tiny_folder, ACOUSTIC))


def test_padding_behind_the_length_may_be_anything(tiny_folder: Path) -> None:
    settings = _settings(tiny_folder, ACOUSTIC)
    request = _clip_request(80_000)
    dirty = {
        **request,
        "samples": np.concatenate([request["samples"], np.full((1, 300), np.nan, np.float32)], 1),
    }
    assert refusal(dirty, settings) == ""
    session = open_session(str(tiny_folder / "acoustic.onnx"), 1)
    first, second = run_batch(session, [request, dirty], settings)
    np.testing.assert_allclose(first["hidden"], second["hidden"], atol=1e-4)


def test_limits_are_those_of_the_model_contract(tiny_folder: Path) -> None:
    settings = _settings(tiny_folder, ACOUSTIC)
    assert refusal(_clip_request(4_800), settings) == refusal(_clip_request(240_000), settings) == ""
    assert refusal(_clip_request(4_799), settings) and refusal(_clip_request(240_001), settings)
    assert _settings(tiny_folder, SCORER).most == policy.MOST_PHONES
