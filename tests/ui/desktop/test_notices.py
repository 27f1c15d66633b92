"""What the model says of itself reaches the learner."""

from __future__ import annotations

from typing import Any

from canned import canned_assess, voice_like

from engines.canned import CannedModel
from ui.desktop import app
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


def test_a_model_is_tried_once_it_is_open_and_no_fault_of_that_is_told(qtbot: Any) -> None:
    jobs, tried = Jobs(), []

    def rehearse(model: Any) -> None:
        tried.append(model)
        raise RuntimeError("no sample")

    scorer = Scorer(jobs, lambda name, engine: CannedModel(reason="test"), canned_assess, rehearse)
    failures: list[object] = []
    jobs.failed.connect(failures.append)
    scorer.failed.connect(failures.append)
    with qtbot.waitSignal(scorer.ready, timeout=10_000):
        scorer.load("main", "auto")
    qtbot.waitUntil(lambda: bool(tried), timeout=10_000)
    with qtbot.waitSignal(scorer.scored, timeout=10_000):
        scorer.score((voice_like(1.5), 16_000), "We call it bear", "us")
    assert len(tried) == 1 and failures == []
    scorer.close()
    jobs.close()


def test_the_rehearsal_is_a_whole_score() -> None:
    heard: list[int] = []

    class Counting(CannedModel):
        def listen(self, clips: Any) -> Any:
            heard.append(len(clips))
            return super().listen(clips)

    app.rehearse(Counting(reason="test"))
    assert heard == [1]
