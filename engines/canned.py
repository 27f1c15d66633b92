"""Fixed answers without a model: for tests and for showing the window where no model is installed."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engines import batches
from tutor import phones, timebase
from tutor.acoustic import AcousticOutput, EngineInfo, Floats, ScorerInput, ScorerOutput
from tutor.errors import EngineError

SAID = ("W", "IY", "K", "AO", "L", "IH", "T", "B", "EH", "R")
"""“We call it bear”, spread evenly over whatever clip comes."""

HIDDEN = 8
_LIKELY, _RATING, _WEAK_RATING = 0.95, 1.8, 0.6


class CannedModel:
    """Hears ``said`` in every clip, evenly spread; rates every phone 1.8 of 2 except the ``weak`` ones (0.6).

    delay_s: how long each ``listen`` takes, for tests of waiting and cancelling.
    """

    def __init__(
        self,
        said: Sequence[str] = SAID,
        *,
        weak: Sequence[str] = ("TH", "DH"),
        delay_s: float = 0.0,
        reason: str = "",
    ) -> None:
        self._said = [phones.class_of(phone) for phone in said]
        self._weak = [phones.index_of(phone) for phone in weak]
        self._delay_s = delay_s
        self._closed = False
        self._info = EngineInfo("canned", "canned 1", "fp32", reason)

    @property
    def info(self) -> EngineInfo:
        return self._info

    def listen(self, clips: Sequence[Floats]) -> list[AcousticOutput]:
        """See ``tutor.acoustic.Model``."""
        batches.check_clips(clips)
        if self._closed:
            raise EngineError("The model was closed; open it again.")
        time.sleep(self._delay_s)
        return [self._heard(len(clip)) for clip in clips]

    def score(self, evidence: Sequence[ScorerInput]) -> list[ScorerOutput]:
        """See ``tutor.acoustic.Model``."""
        return [self._scored(item) for item in evidence]

    def close(self) -> None:
        self._closed = True

    def _heard(self, samples: int) -> AcousticOutput:
        frames = timebase.frames_of(samples)
        spoken = np.zeros(frames, int)
        spikes = np.zeros(frames, int)
        edges = np.linspace(0, frames, len(self._said) + 1).astype(int)
        for phone, start, end in zip(self._said, edges[:-1], edges[1:], strict=True):
            spoken[start:end] = phone
            spikes[start : start + max(1, (end - start) // 2)] = phone
        hidden = np.repeat(spoken[:, None] / phones.CLASS_COUNT, HIDDEN, axis=1).astype(np.float32)
        return AcousticOutput(_certain(spikes), _certain(spoken), hidden)

    def _scored(self, item: ScorerInput) -> ScorerOutput:
        phone = np.where(np.isin(item.phones, self._weak), _WEAK_RATING, _RATING).astype(np.float32)
        words = int(item.words[-1]) + 1
        totals = np.bincount(item.words, phone, words) / np.maximum(
            np.bincount(item.words, minlength=words), 1
        )
        word = np.stack([5 * totals, np.full(words, 9.0), 5 * totals], axis=1).astype(np.float32)
        accuracy = 5 * float(phone.mean())
        sentence = np.array([accuracy, 8.0, 7.5, 9.5, 0.7 * accuracy + 2.4], np.float32)
        return ScorerOutput(phone, np.full(len(phone), 0.2, np.float32), word, sentence)


def _certain(classes: NDArray[np.int_]) -> Floats:
    rest = (1 - _LIKELY) / (phones.CLASS_COUNT - 1)
    answer = np.full((len(classes), phones.CLASS_COUNT), np.log(rest), np.float32)
    answer[np.arange(len(classes)), classes] = np.log(_LIKELY)
    return answer
