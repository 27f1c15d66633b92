"""A CTC phone model made elsewhere enters through a token map: here one with wav2vec2's shape."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from engines import foreign
from engines.choose import open_model
from engines.manifest import TokenMap, load_manifest, sha256_of
from engines.plain_scorer import PlainScorer
from tests.engines.check_model import clip_of
from tutor import phones, timebase
from tutor.acoustic import ScorerInput
from tutor.errors import EngineError, ModelError
from tutor.evidence import FEATURES

TOKENS = ["<blank>", "<ignored>", "<ignored>", "AA", "IY", "S", "S", "TH", "AH"]
"""As wav2vec2 vocabularies are: padding is the blank, some signs mean nothing here, two spell one phone."""


def wav2vec2_shaped(folder: Path, **changes: object) -> Path:
    """Waveform (1, n) → seven strided convolutions (400 samples wide, step 320) → logits (1, t, tokens)."""
    rng = np.random.default_rng(2)
    constants = {
        "axis1": np.array([1], np.int64),
        "head": rng.normal(0, 3, (16, len(TOKENS))).astype(np.float32),
    }
    nodes = [helper.make_node("Unsqueeze", ["input_values", "axis1"], ["x0"])]
    width = 1
    for index, (kernel, stride) in enumerate([(10, 5), (3, 2), (3, 2), (3, 2), (3, 2), (2, 2), (2, 2)]):
        weights = rng.normal(0, (width * kernel) ** -0.5, (16, width, kernel)).astype(np.float32)
        constants[f"w{index}"] = weights
        nodes.append(helper.make_node("Conv", [f"x{index}", f"w{index}"], [f"c{index}"], strides=[stride]))
        nodes.append(helper.make_node("Relu", [f"c{index}"], [f"x{index + 1}"]))
        width = 16
    nodes += [
        helper.make_node("Transpose", ["x7"], ["frames"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["frames", "head"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "wav2vec2",
        [helper.make_tensor_value_info("input_values", TensorProto.FLOAT, ["batch", "samples"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", "frames", len(TOKENS)])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8),
        str(folder / "model.onnx"),
    )
    token_map = {"tokens": TOKENS, "input": "input_values", "output": "logits", "normalise": True, **changes}
    manifest = {
        "schema": "tutor.model/1",
        "name": "elsewhere",
        "version": "7",
        "sample_rate": 16000,
        "acoustic": {
            "file": "model.onnx",
            "sha256": sha256_of(folder / "model.onnx"),
            "inputs": {"input_values": "float32[batch,samples]"},
            "outputs": {"logits": f"float32[batch,frames,{len(TOKENS)}]"},
            "token_map": token_map,
        },
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_it_listens_in_our_classes_on_our_frames(tmp_path: Path) -> None:
    model = open_model(str(wav2vec2_shaped(tmp_path / "model")), "onnx_cpu", threads=1)
    clips = [clip_of(samples, seed) for seed, samples in enumerate((4_800, 50_000, 240_000))]
    for clip, answer in zip(clips, model.listen(clips), strict=True):
        frames = timebase.frames_of(len(clip))
        assert answer.log_posteriors.shape == answer.frame_log_posteriors.shape == (frames, 40)
        assert answer.hidden.shape == (frames, 0)
        for logs in (answer.log_posteriors, answer.frame_log_posteriors):
            np.testing.assert_allclose(np.exp(logs).sum(axis=1), 1, atol=1e-4)
        unheard = phones.class_of("ZH")
        assert (answer.log_posteriors[:, unheard] < -20).all()
    assert model.info.model == "elsewhere 7"
    model.close()


def test_loudness_does_not_matter_where_it_is_normalised(tmp_path: Path) -> None:
    model = open_model(str(wav2vec2_shaped(tmp_path / "model")), "onnx_cpu", threads=1)
    clip = clip_of(30_000, 3)
    loud, soft = (model.listen([clip * np.float32(gain)])[0].log_posteriors for gain in (1.0, 0.1))
    np.testing.assert_allclose(loud, soft, atol=1e-2)
    plain = open_model(str(wav2vec2_shaped(tmp_path / "plain", normalise=False)), "onnx_cpu", threads=1)
    one, other = (plain.listen([clip * np.float32(gain)])[0].log_posteriors for gain in (1.0, 0.1))
    assert np.abs(one - other).max() > 0.1


def test_tokens_of_one_phone_add_up_and_ignored_ones_leave() -> None:
    token_map = TokenMap(("<blank>", "S", "S", "<ignored>"), "x", "y", False)
    logits = np.log(np.array([[[0.1, 0.2, 0.3, 0.4]]], np.float32))
    heard = foreign.heard({"y": logits}, 319, token_map)
    p = np.exp(heard.log_posteriors[0])
    assert p[phones.BLANK] == pytest.approx(0.1 / 0.6, abs=1e-4)
    assert p[phones.class_of("S")] == pytest.approx(0.5 / 0.6, abs=1e-4)


def test_frames_keep_their_places_in_time() -> None:
    token_map = TokenMap(("<blank>", "S", "IY"), "x", "y", False)
    spoken = np.array([1, 1, 1, 2, 2, 2, 2, 2, 2])
    logits = np.full((1, 9, 3), -8.0, np.float32)
    logits[0, np.arange(9), spoken] = 0
    best = foreign.heard({"y": logits}, 18 * 320, token_map).frame_log_posteriors.argmax(axis=1)
    assert list(best[:6]) == [phones.class_of("S")] * 6 and list(best[7:]) == [phones.class_of("IY")] * 12


def test_a_wrong_number_of_tokens_is_told() -> None:
    with pytest.raises(EngineError, match="token map"):
        foreign.heard(
            {"y": np.zeros((1, 5, 7), np.float32)}, 1_000, TokenMap(("<blank>", "S"), "x", "y", False)
        )


@pytest.mark.parametrize(
    "tokens",
    [["<blank>", "QQ"], ["S", "IY"], ["<blank>", "<blank>"]],
    ids=["unknown", "no blank", "two blanks"],
)
def test_bad_maps_are_refused(tmp_path: Path, tokens: list[str]) -> None:
    with pytest.raises(ModelError, match="garbles"):
        load_manifest(wav2vec2_shaped(tmp_path, tokens=tokens))


def test_without_a_scorer_rules_score() -> None:
    features = np.zeros((4, len(FEATURES)), np.float32)
    features[:, FEATURES.index("frame_ratio")] = np.array([1.0, 0.0, -0.75, -3.0])
    item = ScorerInput(
        np.arange(4, dtype=np.int32), np.array([0, 0, 1, 1], np.int32), features, np.zeros((4, 0), np.float32)
    )
    score = PlainScorer().score([item])[0]
    assert list(score.phone) == sorted(score.phone, reverse=True)
    assert score.phone[0] > 1.9 and score.phone[2] == pytest.approx(1.0) and score.phone[3] < 0.01
    assert score.word.shape == (2, 3) and score.word[0, 0] > score.word[1, 0]
    assert score.sentence[0] == pytest.approx(5 * score.phone.mean()) and score.sentence[3] == 7.5
