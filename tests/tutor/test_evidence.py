"""Evidence features against their definitions, phone by phone."""

from __future__ import annotations

import numpy as np

from tests.tutor.spoken_model import output_of
from tutor.acoustic import AcousticOutput
from tutor.evidence import FEATURES, LOG_FLOOR, expected_phones, gather_evidence
from tutor.phones import class_of


def _random_output(frames: int = 60) -> AcousticOutput:
    rng = np.random.default_rng(5)

    def table() -> np.ndarray:
        logits = rng.normal(0, 4, (frames, 40))
        return (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32)

    return AcousticOutput(table(), table(), rng.normal(size=(frames, 8)).astype(np.float32))


def test_marks_of_place_and_stress() -> None:
    expected = expected_phones([["HH", "OW0", "T", "EH1", "L"], ["IH1", "Z"]])
    assert expected.words.tolist() == [0, 0, 0, 0, 0, 1, 1]
    assert expected.marks[:, 0].tolist() == [1, 0, 0, 0, 0, 1, 0]
    assert expected.marks[:, 1].tolist() == [0, 0, 0, 0, 1, 0, 1]
    # A word of one vowel has no stress to choose.
    assert expected.marks[:, 2].tolist() == [0, 0, 0, 1, 0, 0, 0]


def test_features_follow_their_definitions() -> None:
    output = _random_output()
    expected = expected_phones([["B", "EH1"], ["R"]])
    starts, ends = np.array([3, 10, 31], dtype=np.int32), np.array([10, 22, 60], dtype=np.int32)
    found = gather_evidence(output, expected, starts, ends)
    for row, (name, start, end) in enumerate(zip(("B", "EH", "R"), starts, ends, strict=True)):
        own = class_of(name)
        frame = np.maximum(output.frame_log_posteriors[start:end], LOG_FLOOR)
        ctc = np.maximum(output.log_posteriors[start:end], LOG_FLOOR)
        others = [index for index in range(1, 40) if index != own]
        value = dict(zip(FEATURES, found.features[row].tolist(), strict=True))
        assert np.isclose(4 * value["frame_mean"], frame[:, own].mean(), atol=1e-5)
        rival = frame[:, others].max(axis=1).mean()
        assert np.isclose(4 * value["frame_ratio"], frame[:, own].mean() - rival, atol=1e-5)
        assert np.isclose(4 * value["frame_max"], frame[:, own].max(), atol=1e-5)
        assert np.isclose(4 * value["ctc_max"], ctc[:, own].max(), atol=1e-5)
        assert np.isclose(4 * value["ctc_ratio"], ctc[:, own].max() - ctc[:, others].max(), atol=1e-5)
        assert np.isclose(value["log_duration"], np.log(end - start), atol=1e-6)
        assert np.isclose(value["mean_silence"], np.exp(frame[:, 0]).mean(), atol=1e-6)
        assert np.isclose(value[f"mean_{name}"], np.exp(frame[:, own]).mean(), atol=1e-6)
        assert np.isclose(value[f"peak_{name}"], np.exp(ctc[:, own]).max(), atol=1e-6)
        assert np.allclose(found.hidden[row], output.hidden[start:end].mean(axis=0), atol=1e-6)
    gaps = found.features[:, FEATURES.index("gap_after")]
    assert np.allclose(gaps, np.log1p([0, 9, 0]))
    assert np.allclose(found.features[:, FEATURES.index("gap_before")], np.log1p([0, 0, 9]))


def test_a_phone_may_end_with_the_clip() -> None:
    output = output_of(["B", "EH"])
    found = gather_evidence(output, expected_phones([["B", "EH1"]]), np.array([0, 5]), np.array([5, 10]))
    assert np.allclose(found.features[:, FEATURES.index("frame_mean")], np.log(0.9) / 4)
