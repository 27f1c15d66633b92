"""Scores by rule for models that bring no scorer of their own: the posterior of what was expected against
its best rival.

Goodness of pronunciation (Witt & Young, 2000) bent onto the raters' scales. No rater ever saw these scores,
so their spread is wide; stress, fluency and prosody, which posteriors do not show, get the middle of what
raters give.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tutor.acoustic import ScorerInput, ScorerOutput
from tutor.evidence import FEATURES

_RATIO = FEATURES.index("frame_ratio")
_UNIT = 4.0
"""``frame_ratio`` is stored in quarters of a natural logarithm."""

_EVEN = -3.0
"""Log ratio at which a phone is as likely right as wrong."""

_UNSEEN = 7.5
_SPREAD = 0.5


class PlainScorer:
    """Stands in for ``onnx_cpu.OnnxScorer``."""

    def score(self, evidence: Sequence[ScorerInput]) -> list[ScorerOutput]:
        """See ``tutor.acoustic.Model``."""
        return [self._scored(item) for item in evidence]

    def _scored(self, item: ScorerInput) -> ScorerOutput:
        ratio = np.clip(_UNIT * item.features[:, _RATIO], -30, 30)
        phone = (2 / (1 + np.exp(_EVEN - ratio))).astype(np.float32)
        words = int(item.words[-1]) + 1
        accuracy = (
            5
            * np.bincount(item.words, phone, words)
            / np.maximum(np.bincount(item.words, minlength=words), 1)
        )
        word = np.stack([accuracy, np.full(words, _UNSEEN), accuracy], axis=1).astype(np.float32)
        overall = 5 * float(phone.mean())
        complete = 10 * float((phone > 0.3).mean())
        sentence = np.array([overall, _UNSEEN, _UNSEEN, complete, overall], np.float32)
        return ScorerOutput(phone, np.full(len(phone), _SPREAD, np.float32), word, sentence)
