"""A model folder must become the network again that was exported, calibration too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch", reason="PyTorch comes with the training extra")

from engines.training.calibrate import Calibration  # noqa: E402
from engines.training.committee import CommitteeScorer  # noqa: E402
from engines.training.export import export  # noqa: E402
from engines.training.network import AcousticConfig, ScorerConfig  # noqa: E402
from engines.training.restore import calibration_of, fill  # noqa: E402
from engines.training.train import Both, assembled  # noqa: E402
from tutor.evidence import FEATURES  # noqa: E402

SMALL = AcousticConfig(hidden=64, layers=2, heads=4, feed_forward=96, kernel=5, channels=8, dropout=0.0)
EXTRA = {"calibration": {}, "metrics": {}, "parents": []}


def exported(folder: Path, members: int) -> Calibration:
    torch.manual_seed(4)
    model = Both(SMALL, ScorerConfig(hidden=64, width=32, layers=2, dropout=0.0), members)
    for name, value in model.named_parameters():
        if "norm" in name or "after" in name or ".0." in name:
            torch.nn.init.uniform_(value, 0.5, 1.5)
    calibration = Calibration()
    calibration.word.data, calibration.sentence.data = torch.rand(3, 2) + 0.1, torch.rand(5, 2) + 0.1
    export(model.eval(), folder, "small", "1", EXTRA, calibration.eval())
    return calibration


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")
@pytest.mark.parametrize("members", [1, 2])
def test_what_was_exported_answers_as_its_file_does(tmp_path: Path, members: int) -> None:
    calibration = exported(tmp_path, members)
    model = assembled([str(tmp_path)])
    rng = np.random.default_rng(1)
    samples = (0.1 * rng.standard_normal((2, 16000))).astype(np.float32)
    lengths = np.array([16000, 12000], np.int32)
    want = onnxruntime.InferenceSession(str(tmp_path / "acoustic.onnx")).run(None, {"samples": samples, "lengths": lengths})
    with torch.no_grad():
        have = model.acoustic(torch.from_numpy(samples), torch.from_numpy(lengths))
    for one, other in zip(want, have, strict=True):
        np.testing.assert_allclose(one[:, :37], other.numpy()[:, :37], atol=2e-3)

    evidence = {
        "phones": rng.integers(0, 39, (2, 6)).astype(np.int32), "words": np.arange(6, dtype=np.int32)[None].repeat(2, 0) // 2,
        "counts": np.array([6, 4], np.int32), "features": rng.random((2, 6, len(FEATURES)), np.float32),
        "hidden": rng.standard_normal((2, 6, 64 * members)).astype(np.float32),
    }  # fmt: skip
    want = onnxruntime.InferenceSession(str(tmp_path / "scorer.onnx")).run(None, evidence)
    with torch.no_grad():
        have = CommitteeScorer(model.scorer, calibration_of(tmp_path))(*map(torch.from_numpy, evidence.values()))
    for one, other in zip(want, have, strict=True):
        np.testing.assert_allclose(one[0], other.numpy()[0], atol=2e-3)
    assert torch.allclose(calibration_of(tmp_path).sentence, calibration.sentence)


def test_weights_that_are_not_there_are_told(tmp_path: Path) -> None:
    exported(tmp_path, 1)
    other = Both(AcousticConfig(hidden=32, layers=2, heads=2, feed_forward=48, kernel=5, channels=4), ScorerConfig(hidden=32))
    with pytest.raises(ValueError, match=r"first\.weight: the graph has no weights of \(1, 4, 1, 3, 3\)"):
        fill(other.acoustic, (tmp_path / "acoustic.onnx").read_bytes())
