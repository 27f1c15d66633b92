"""What every engine must do, whoever it is: shapes, order, independence of a clip from its batch."""

from __future__ import annotations

import numpy as np

from tutor import phones, timebase
from tutor.acoustic import Floats, Model, ScorerInput


def clip_of(samples: int, seed: int) -> Floats:
    """A seeded chirp in noise, float32 (samples,)."""
    rng = np.random.default_rng(seed)
    times = np.arange(samples) / timebase.SAMPLE_RATE
    tone = 0.3 * np.sin(2 * np.pi * (200 + 300 * times) * times)
    return (tone + 0.05 * rng.standard_normal(samples)).astype(np.float32)


def evidence_of(count: int, features: int, hidden: int, seed: int) -> ScorerInput:
    """Seeded evidence of ``count`` phones, three to a word."""
    rng = np.random.default_rng(seed)
    return ScorerInput(
        phones=rng.integers(0, phones.PHONE_COUNT, count).astype(np.int32),
        words=(np.arange(count) // 3).astype(np.int32),
        features=rng.normal(0, 1, (count, features)).astype(np.float32),
        hidden=rng.normal(0, 1, (count, hidden)).astype(np.float32),
    )


def check_model(model: Model, *, features: int = 3, hidden: int = 8, tolerance: float = 1e-4) -> None:
    """Assert the contract of ``tutor.acoustic.Model``."""
    clips = [clip_of(samples, seed) for seed, samples in enumerate((4_800, 80_000, 33_333, 240_000))]
    together = model.listen(clips)
    for clip, answer in zip(clips, together, strict=True):
        frames = timebase.frames_of(len(clip))
        assert answer.log_posteriors.shape == (frames, phones.CLASS_COUNT)
        assert answer.frame_log_posteriors.shape == (frames, phones.CLASS_COUNT)
        assert answer.hidden.shape == (frames, hidden)
        for array in (answer.log_posteriors, answer.frame_log_posteriors):
            assert array.dtype == np.float32
            np.testing.assert_allclose(np.exp(array).sum(axis=1), 1, atol=2e-3)
        alone = model.listen([clip])[0]
        np.testing.assert_allclose(alone.log_posteriors, answer.log_posteriors, atol=tolerance)
        np.testing.assert_allclose(alone.hidden, answer.hidden, atol=tolerance)
    evidence = [evidence_of(count, features, hidden, count) for count in (1, 7, 30)]
    scored = model.score(evidence)
    for item, score in zip(evidence, scored, strict=True):
        assert score.phone.shape == score.phone_spread.shape == (len(item.phones),)
        assert score.word.shape == (int(item.words[-1]) + 1, 3)
        assert score.sentence.shape == (5,)
        assert score.phone.min() >= 0 and score.phone.max() <= 2
        np.testing.assert_allclose(model.score([item])[0].phone, score.phone, atol=tolerance)
    assert model.info.backend and model.info.model and model.info.precision
