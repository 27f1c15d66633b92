"""What Tutor asks of whoever runs its models: a batch of clips in, posteriors and hidden states out.

Engines implement these protocols; nothing here knows which engine answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


@dataclass(frozen=True)
class AcousticOutput:
    """Answer for one clip of n samples, T = ``timebase.frames_of(n)`` frames.

    log_posteriors: float32 (T, 40), natural log, class 0 the CTC blank, class i + 1 phone i of ``phones.ORDER``.
    frame_log_posteriors: float32 (T, 40), natural log, class 0 silence; which phone sounds in each frame.
    hidden: float32 (T, H), the encoder's last states (H from the manifest; 0 columns where a model has none).
    """

    log_posteriors: Floats
    frame_log_posteriors: Floats
    hidden: Floats


@dataclass(frozen=True)
class ScorerInput:
    """Evidence of one utterance with P phones.

    phones: int32 (P,), index in ``phones.ORDER``. words: int32 (P,), word number from 0, never falling.
    features: float32 (P, F), see ``evidence.FEATURES``. hidden: float32 (P, H), mean hidden state of the phone.
    """

    phones: Ints
    words: Ints
    features: Floats
    hidden: Floats


@dataclass(frozen=True)
class ScorerOutput:
    """Scores on the raters' scales for P phones in W words.

    phone: float32 (P,), 0–2. phone_spread: float32 (P,), expected error of it (standard deviation, 0–1).
    word: float32 (W, 3), 0–10: accuracy, stress, total. sentence: float32 (5,), 0–10: accuracy, fluency,
    prosody, completeness, total.
    """

    phone: Floats
    phone_spread: Floats
    word: Floats
    sentence: Floats


@dataclass(frozen=True)
class EngineInfo:
    """Who answered: ``backend`` (onnx_cpu, tensorrt, …), ``model`` name and version, ``precision``, ``reason`` of the choice."""

    backend: str
    model: str
    precision: str
    reason: str


class Model(Protocol):
    """An acoustic model and the scorer trained on it, run by one backend. Safe to use from one thread at a time.

    Both calls raise ``errors.EngineError`` when the backend fails.
    """

    @property
    def info(self) -> EngineInfo: ...

    def listen(self, clips: Sequence[Floats]) -> list[AcousticOutput]:
        """Clips: float32 (n,), 16 kHz mono, −1 to 1, ``MIN_SAMPLES`` ≤ n ≤ ``MAX_SAMPLES``; answers in the same order."""
        ...

    def score(self, evidence: Sequence[ScorerInput]) -> list[ScorerOutput]:
        """Scores of each utterance, in the same order."""
        ...

    def close(self) -> None:
        """Free what the backend holds; the model is not used again."""
        ...
