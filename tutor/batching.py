"""Clips of like length share a batch, none larger than the accelerator's memory bears."""

from __future__ import annotations

from collections.abc import Sequence

from tutor.acoustic import AcousticOutput, EngineInfo, Floats, Model, ScorerInput, ScorerOutput
from tutor.errors import OutOfMemory


class LengthBatches:
    """``tutor.acoustic.Model`` on top of one that answers batches: sorts by length, fills batches, halves them.

    A batch costs its clips times its longest clip, which is what padding makes of it. ``limit_samples`` bounds that
    cost; it starts from the model's batch profile and, when memory does not suffice, falls to half of what failed and
    stays there, because what else lives on the device rarely goes away during a run.
    """

    def __init__(self, model: Model, limit_samples: int) -> None:
        self._model = model
        self.limit_samples = limit_samples

    @property
    def info(self) -> EngineInfo:
        return self._model.info

    def listen(self, clips: Sequence[Floats]) -> list[AcousticOutput]:
        """See ``tutor.acoustic.Model``. ``OutOfMemory`` only when a single clip is too much."""
        answers: dict[int, AcousticOutput] = {}
        # The longest come first: what fails for want of memory fails at once, not an hour into a batch.
        waiting = sorted(range(len(clips)), key=lambda index: -len(clips[index]))
        while waiting:
            group = waiting[: self._fitting(len(clips[waiting[0]]))]
            try:
                found = self._model.listen([clips[index] for index in group])
            except OutOfMemory:
                if len(group) == 1:
                    raise
                self.limit_samples = len(group) * len(clips[group[0]]) // 2
                continue
            answers.update(zip(group, found, strict=True))
            waiting = waiting[len(group) :]
        return [answers[index] for index in range(len(clips))]

    def score(self, evidence: Sequence[ScorerInput]) -> list[ScorerOutput]:
        """See ``tutor.acoustic.Model``."""
        return self._model.score(evidence)

    def close(self) -> None:
        self._model.close()

    def _fitting(self, longest_samples: int) -> int:
        return max(1, self.limit_samples // max(1, longest_samples))
