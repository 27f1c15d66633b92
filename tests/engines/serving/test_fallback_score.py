"""A server that goes between listening and scoring: the same model here finishes the take."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from engines.breaker import Backend, FallbackModel
from engines.manifest import load_manifest
from engines.onnx_cpu import OnnxModel
from tests.engines.check_model import clip_of, evidence_of
from tests.engines.serving.conftest import named_model
from tutor.acoustic import EngineInfo, ScorerInput, ScorerOutput
from tutor.errors import EngineError


class Leaving(OnnxModel):
    """Listens, but never scores."""

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("triton", super().info.model, "fp32", "server h:1, tier normal")

    def score(self, evidence: Sequence[ScorerInput]) -> list[ScorerOutput]:
        raise EngineError("the server went away")


def _ladder(server: Path, here: Path) -> FallbackModel:
    return FallbackModel(
        [
            Backend("triton", lambda: Leaving(load_manifest(server), threads=1)),
            Backend("onnx_cpu", lambda: OnnxModel(load_manifest(here), threads=1)),
        ]
    )


def test_the_same_model_here_scores_what_the_server_heard(tmp_path: Path) -> None:
    folder = named_model(tmp_path / "main", "main", seed=1)
    ladder = _ladder(folder, folder)
    hidden = ladder.listen([clip_of(8_000, 1)])[0].hidden
    assert len(ladder.score([evidence_of(4, 3, hidden.shape[1], 1)])) == 1
    assert "went away" in ladder.take_notice()
    ladder.listen([clip_of(8_000, 1)])
    assert ladder.info.backend == "onnx_cpu"
    ladder.close()


def test_another_version_must_not_read_foreign_hidden_states(tmp_path: Path) -> None:
    server = named_model(tmp_path / "server", "main", seed=1, version="2")
    ladder = _ladder(server, named_model(tmp_path / "here", "main", seed=1, version="1"))
    ladder.listen([clip_of(8_000, 1)])
    with pytest.raises(EngineError, match="went away"):
        ladder.score([evidence_of(4, 3, 8, 1)])
    ladder.listen([clip_of(8_000, 1)])
    assert ladder.score([evidence_of(4, 3, 8, 1)]), "listening again goes to the next backend"
    ladder.close()
