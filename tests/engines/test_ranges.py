"""A calibration that was stopped or killed goes on where it ended, and ends as if it had not been."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from engines import precision, ranges
from tests.engines.check_model import clip_of
from tests.engines.test_precision import spectral_graph
from tutor.errors import Cancelled

CLIPS = [clip_of(samples, seed) * level for seed, (samples, level) in enumerate(
    ((16_000, 0.1), (40_000, 1.0), (9_000, 0.3), (24_000, 2.0), (12_000, 0.5))
)]  # fmt: skip


@pytest.fixture(scope="module")
def data() -> bytes:
    return bytes(spectral_graph().SerializeToString())


class Watched:
    """Counts the clips that were really heard; stops after ``most`` of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, most: int = 99, stop: type[BaseException] | None = None) -> None:
        self.heard = 0
        self._most, self._stop = most, stop
        prepare = ranges.acoustic_inputs

        def counted(clips: list[np.ndarray]) -> dict[str, np.ndarray]:
            self.heard += 1
            return prepare(clips)

        monkeypatch.setattr(ranges, "acoustic_inputs", counted)

    def __call__(self, label: str, done: int, total: int) -> bool:
        if self.heard == self._most and done < total:
            if self._stop is not None:
                raise self._stop
            return False
        return True


def made(data: bytes, folder: Path | None, method: str = "minmax", **others: object) -> bytes:
    return precision.variant(data, "int8", **{"clips": CLIPS, **others}, rest="fp32", method=method, folder=folder)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ranges.METHODS)
@pytest.mark.parametrize("stop", [None, KeyboardInterrupt])
def test_only_the_rest_is_heard_and_the_end_is_the_same(
    data: bytes, tmp_path: Path, method: str, stop: type[BaseException] | None
) -> None:
    whole = made(data, None, method)
    heard, found = [], b""
    while not found:
        with pytest.MonkeyPatch.context() as patch:
            watched = Watched(patch, 2, stop)
            try:
                found = made(data, tmp_path, method, progress=watched)
            except (Cancelled, KeyboardInterrupt) as error:
                assert type(error) is (stop or Cancelled)
            heard.append(watched.heard)
    assert found == whole
    # Histograms take a second pass.
    assert heard == ([2, 2, 1] if method == "minmax" else [2, 2, 2, 2, 2])
    with pytest.MonkeyPatch.context() as patch:
        watched = Watched(patch)
        assert made(data, tmp_path, method, progress=watched) == whole
        assert watched.heard == 0


def test_histograms_do_not_grow_with_the_loudness(data: bytes, tmp_path: Path) -> None:
    """A first clip ten thousand times quieter than the last."""
    quiet_first = [CLIPS[0] * np.float32(1e-4), *CLIPS[1:]]
    model = tmp_path / "model.onnx"
    model.write_bytes(data)
    for method, most in (("percentile", 2049), ("entropy", 513)):
        folder = tmp_path / method
        found = ranges.ranges_of(model, ("Conv", "MatMul"), quiet_first, method, folder=folder)
        assert all(np.isfinite(found[name].range_value).all() for name in found)
        for kept in folder.iterdir():
            with np.load(io.BytesIO(kept.read_bytes().partition(b"\n")[2])) as arrays:
                assert max(arrays[name].size for name in arrays.files) <= max(most, len(arrays["names"]))


def test_each_method_has_scales_of_its_own(data: bytes, tmp_path: Path) -> None:
    """One clap in 40,000 samples decides the extremes alone."""
    model = tmp_path / "model.onnx"
    model.write_bytes(data)
    clap = CLIPS[1].copy()
    clap[20_000:20_005] *= 30
    highest = {}
    for method in ranges.METHODS:
        found = ranges.ranges_of(model, ("Conv",), [*CLIPS[:1], clap], method, folder=tmp_path)
        highest[method] = {name: float(found[name].range_value[1].item()) for name in found}
    assert highest["entropy"]["bands"] < 0.8 * highest["minmax"]["bands"]
    assert 0.9 < highest["percentile"]["bands"] / highest["minmax"]["bands"] < 1


KILLED = """
import os, sys
from pathlib import Path
from engines import precision
from tests.engines.test_ranges import CLIPS

def progress(label, done, total):
    if done == 2:
        os.kill(os.getpid(), 9)
    return True

precision.variant(
    Path(sys.argv[1]).read_bytes(), "int8", clips=CLIPS, rest="fp32", folder=Path(sys.argv[2]), progress=progress
)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_a_killed_process_is_gone_on_with(data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.onnx").write_bytes(data)
    folder = tmp_path / "cache"
    command = [sys.executable, "-c", KILLED, str(tmp_path / "model.onnx"), str(folder)]
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run(command, cwd=root, check=False).returncode == -9
    watched = Watched(monkeypatch)
    assert made(data, folder, progress=watched) == made(data, None)
    assert watched.heard == len(CLIPS) - 2 + len(CLIPS)


def longer(content: bytes) -> bytes:
    return content + b"x"


def half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def nothing(content: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("spoil", [longer, half, flipped, nothing])
def test_a_damaged_file_is_begun_anew(
    data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[bytes], bytes]
) -> None:
    whole = made(data, tmp_path)
    [kept] = tmp_path.iterdir()
    kept.write_bytes(spoil(kept.read_bytes()))
    watched = Watched(monkeypatch)
    assert made(data, tmp_path) == whole
    assert watched.heard == len(CLIPS)
    assert made(data, tmp_path) == whole
    assert watched.heard == len(CLIPS)


def test_what_was_seen_belongs_to_one_model_one_set_and_one_method(
    data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(data, tmp_path)
    [kept] = tmp_path.iterdir()
    model = onnx.load_model_from_string(data)
    [weights] = [tensor for tensor in model.graph.initializer if tensor.name == "ctc"]
    weights.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weights) * np.float32(1.01), "ctc"))
    watched = Watched(monkeypatch)
    for changed in (
        {"data": bytes(model.SerializeToString())},
        {"data": data, "clips": CLIPS[:4]},
        {"data": data, "clips": [*CLIPS[:4], CLIPS[4] * np.float32(1.01)]},
        {"data": data, "method": "entropy"},
    ):
        before = watched.heard
        made(folder=tmp_path, **changed)  # type: ignore[arg-type]
        # Entropy finds the extremes known already, and hears everything once for its histograms.
        assert watched.heard == before + len(changed.get("clips", CLIPS))
    # Another's file under our name.
    others = [path for path in tmp_path.iterdir() if path != kept]
    kept.write_bytes(others[0].read_bytes())
    before = watched.heard
    assert made(data, tmp_path) == made(data, None)
    assert watched.heard == before + 2 * len(CLIPS)


def test_layers_left_alone_are_tried_without_hearing_again(
    data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = [("/blocks.0/entry/MatMul",), ("/ctc/MatMul",), ("/frame/MatMul",)]
    watched = Watched(monkeypatch)
    losses = precision.sensitivity(data, groups, CLIPS, len, folder=tmp_path)
    assert watched.heard == len(CLIPS)
    assert losses == precision.sensitivity(data, groups, CLIPS, len)
    assert watched.heard == (1 + len(groups)) * len(CLIPS)


def test_a_full_disk_does_not_stop_the_work(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert made(data, tmp_path / "file" / "folder") == made(data, None)
