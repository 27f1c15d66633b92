"""CTC phone models made elsewhere (wav2vec2 and the like), heard through the token map of their manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.manifest import BLANK, IGNORED, TokenMap
from tutor import phones, timebase
from tutor.acoustic import AcousticOutput, Floats
from tutor.errors import EngineError

_FLOOR = np.float32(-30.0)
"""Log probability of a phone for which the foreign model has no token."""


def inputs(clip: Floats, token_map: TokenMap) -> dict[str, NDArray[Any]]:
    """The waveform float32 (1, n) under the model's own input name."""
    samples = clip
    if token_map.normalise:
        samples = (clip - clip.mean()) / np.sqrt(clip.var() + np.float32(1e-7))
    return {token_map.input: samples[None].astype(np.float32)}


def heard(arrays: Mapping[str, NDArray[Any]], samples: int, token_map: TokenMap) -> AcousticOutput:
    """Logits (1, t, tokens) of a clip of ``samples`` samples as Tutor's 40 classes on Tutor's frames.

    Tokens of the same phone are added up, ignored ones leave and the rest is normalised. A foreign model has
    no frame head: which phone sounds is taken from its CTC posteriors without the blank.
    """
    logits = np.asarray(arrays[token_map.output], np.float32)
    if logits.ndim != 3 or logits.shape[2] != len(token_map.tokens):
        expected = f"[1, frames, {len(token_map.tokens)}]"
        raise EngineError(
            "The model answered {found} where {expected} was expected; mend its token map.",
            found=list(logits.shape),
            expected=expected,
        )
    classes = _classes(logits[0], token_map)
    frames = timebase.frames_of(samples)
    nearest = np.minimum((np.arange(frames) + 0.5) * len(classes) / frames, len(classes) - 1).astype(int)
    posteriors = _normalised(classes[nearest])
    voiced = posteriors.copy()
    # A CTC spike lasts a frame or two; between spikes the best phone is the better guess.
    voiced[:, phones.BLANK] = np.minimum(voiced[:, phones.BLANK], voiced[:, 1:].max(axis=1))
    return AcousticOutput(posteriors, _normalised(voiced), np.zeros((frames, 0), np.float32))


def _classes(logits: NDArray[np.float32], token_map: TokenMap) -> NDArray[np.float32]:
    scores = np.full((len(logits), phones.CLASS_COUNT), _FLOOR, np.float32)
    logs = _normalised(logits)
    for index, token in enumerate(token_map.tokens):
        if token == IGNORED:
            continue
        column = phones.BLANK if token == BLANK else phones.class_of(token)
        scores[:, column] = np.logaddexp(scores[:, column], logs[:, index])
    return scores


def _normalised(logs: NDArray[np.float32]) -> NDArray[np.float32]:
    shifted = logs - logs.max(axis=-1, keepdims=True)
    answer: NDArray[np.float32] = (shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))).astype(
        np.float32
    )
    return answer
