"""What the model says of itself reaches the learner."""

from __future__ import annotations

from typing import Any

from canned import canned_assess, voice_like

from engines.canned import CannedModel
from ui.desktop.job import Jobs
from ui.desktop.scorer import Scorer


class TakenOver(CannedModel):
    """A model with one thing to say, once."""

    _notice = "TensorRT has taken over."

    def take_notice(self) -> str:
        notice, self._notice = self._notice, ""
        return notice


def test_a_notice_is_passed_on_once(qtbot: Any) -> None:
    jobs = Jobs()
    scorer = Scorer(jobs, lambda name, engine: TakenOver(reason="test"), canned_assess)
    heard: list[str] = []
    scorer.noticed.connect(heard.append)
    for _ in range(2):
        with qtbot.waitSignal(scorer.scored, timeout=10_000):
            scorer.score((voice_like(1.5), 16_000), "We call it bear", "us")
    assert heard == ["TensorRT has taken over."]
    scorer.close()
    jobs.close()
