"""Clips and evidence as padded arrays for a graph, and the graph's answers cut back to each clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutor import phones, timebase
from tutor.acoustic import AcousticOutput, Floats, ScorerInput, ScorerOutput
from tutor.errors import AudioError, EngineError

Arrays = dict[str, NDArray[Any]]


def check_clips(clips: Sequence[Floats]) -> None:
    """Refuse with ``AudioError`` what would fail deep inside a device: other types, shapes, lengths, NaN."""
    for clip in clips:
        if clip.ndim != 1 or clip.dtype != np.float32:
            raise AudioError(
                "A clip is {kind}{shape} where float32[samples] was expected.",
                kind=clip.dtype,
                shape=list(clip.shape),
            )
        if not timebase.MIN_SAMPLES <= len(clip) <= timebase.MAX_SAMPLES:
            seconds = timebase.seconds_of(len(clip))
            raise AudioError(
                "A clip lasts {seconds:.2f} s; the model takes 0.3 to 15 s in one piece.",
                seconds=seconds,
            )
        if not np.isfinite(clip).all():
            raise AudioError("A clip holds samples that are not numbers; record it again.")


def acoustic_inputs(clips: Sequence[Floats]) -> Arrays:
    """``samples`` float32 (B, longest), zero-padded, and ``lengths`` int32 (B,)."""
    lengths = np.array([len(clip) for clip in clips], np.int32)
    samples = np.zeros((len(clips), int(lengths.max())), np.float32)
    for row, clip in zip(samples, clips, strict=True):
        row[: len(clip)] = clip
    return {"samples": samples, "lengths": lengths}


def acoustic_outputs(arrays: Mapping[str, NDArray[Any]], lengths: Sequence[int]) -> list[AcousticOutput]:
    """One answer per clip, cut to its own frames; ``EngineError`` for other shapes or NaN.

    The answers are views of ``arrays``: whoever reuses that memory hands over a copy. One copy of a batch takes
    a fifth of the time that a copy of each row takes, most of which goes into getting memory.
    """
    answers = []
    for row, length in enumerate(lengths):
        frames = timebase.frames_of(int(length))
        posteriors, frame_posteriors, hidden = (
            np.asarray(arrays[name][row, :frames], np.float32)
            for name in ("log_posteriors", "frame_log_posteriors", "hidden")
        )
        for array in (posteriors, frame_posteriors):
            if array.shape != (frames, phones.CLASS_COUNT):
                expected = [frames, phones.CLASS_COUNT]
                raise EngineError(
                    "The engine answered {found} where {expected} was expected; rebuild it.",
                    found=list(array.shape),
                    expected=expected,
                )
        # Both heads are functions of the hidden states: what is wrong there shows here, in a fifth of the
        # numbers.
        if not (np.isfinite(posteriors).all() and np.isfinite(frame_posteriors).all()):
            raise EngineError(
                "The engine answered values that are not numbers; rebuild it or use another engine."
            )
        answers.append(AcousticOutput(posteriors, frame_posteriors, hidden))
    return answers


def scorer_inputs(evidence: Sequence[ScorerInput]) -> Arrays:
    """The five padded tensors of the scorer graph for B utterances of up to P phones."""
    counts = np.array([len(item.phones) for item in evidence], np.int32)
    rows, most = len(evidence), int(counts.max())
    feature_count, hidden_count = evidence[0].features.shape[1], evidence[0].hidden.shape[1]
    arrays: Arrays = {
        "phones": np.zeros((rows, most), np.int32),
        "words": np.zeros((rows, most), np.int32),
        "counts": counts,
        "features": np.zeros((rows, most, feature_count), np.float32),
        "hidden": np.zeros((rows, most, hidden_count), np.float32),
    }
    for row, item in enumerate(evidence):
        for name in ("phones", "words", "features", "hidden"):
            arrays[name][row, : counts[row]] = getattr(item, name)
    return arrays


def scorer_outputs(arrays: Mapping[str, NDArray[Any]], evidence: Sequence[ScorerInput]) -> list[ScorerOutput]:
    """One answer per utterance, cut to its own phones and words."""
    answers = []
    for row, item in enumerate(evidence):
        count, words = len(item.phones), int(item.words[-1]) + 1
        answer = ScorerOutput(
            phone=np.array(arrays["phone"][row, :count], np.float32),
            phone_spread=np.array(arrays["phone_spread"][row, :count], np.float32),
            word=np.array(arrays["word"][row, :words], np.float32),
            sentence=np.array(arrays["sentence"][row], np.float32),
        )
        if not all(
            np.isfinite(part).all()
            for part in (answer.phone, answer.phone_spread, answer.word, answer.sentence)
        ):
            raise EngineError("The scorer answered values that are not numbers; reinstall the model.")
        answers.append(answer)
    return answers
