"""An engine asked for by name stands alone: no other answers for it."""

from __future__ import annotations

import numpy as np
import pytest

from engines import choose
from engines.breaker import FallbackModel
from engines.choose import open_alone
from engines.onnx_cpu import OnnxModel
from tutor.batching import LengthBatches
from tutor.errors import EngineError, InputError, InstallError, OutOfMemory

CLIP = np.zeros(8_000, np.float32)


def test_the_cpu_alone() -> None:
    model = open_alone("light", "onnx_cpu", threads=1)
    assert isinstance(model, OnnxModel) and not isinstance(model, FallbackModel)
    assert len(model.listen([CLIP])) == 1
    model.close()
    with pytest.raises(EngineError, match="closed"):
        model.listen([CLIP])


def test_without_a_driver_a_gpu_engine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "gpu_driver", lambda: "no NVIDIA driver is installed")
    for engine in choose.TENSORRT:
        with pytest.raises(InstallError, match="no NVIDIA driver"):
            open_alone("light", engine)


def test_memory_that_runs_out_reaches_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    from engines.canned import CannedModel

    class Full(CannedModel):
        def listen(self, clips):  # type: ignore[no-untyped-def]
            if len(clips) > 2:
                raise OutOfMemory("full")
            return super().listen(clips)

    monkeypatch.setattr(choose, "gpu_driver", lambda: "")
    monkeypatch.setattr(choose, "_opener", lambda manifest, engine, device: Full)
    model = open_alone("light", "tensorrt_rtx")
    with pytest.raises(OutOfMemory):
        model.listen([CLIP] * 3)
    assert len(LengthBatches(model, 10**9).listen([CLIP] * 5)) == 5


def test_unknown_engines_are_named() -> None:
    with pytest.raises(InputError, match="abacus"):
        open_alone("light", "abacus")
