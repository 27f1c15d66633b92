"""``tutor.acoustic.Model`` by a TensorRT engine; the border where TensorRT's and CUDA's errors become
Tutor's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from engines import batches, cuda, plan, trt_compat, trt_lane, trt_runtime
from engines.engine_store import FAILED, PASSED, StoredEngine
from engines.manifest import Manifest
from engines.onnx_cpu import scorer_of
from tutor.acoustic import AcousticOutput, EngineInfo, Floats, ScorerInput, ScorerOutput
from tutor.errors import Cancelled, DeviceLost, EngineError, InstallError, ModelError, OutOfMemory

_WASTE = 1.25
"""A batch takes the next longer clip only while padding stays under a quarter of the work."""


class Engine(Protocol):
    """What is asked of ``trt_runtime.TrtEngine``."""

    def infer(self, clips: Any) -> Any: ...

    def stream(self, groups: Any) -> Iterator[Any]: ...

    def most_clips(self, samples: int) -> int: ...

    def close(self) -> None: ...


class TensorRTModel:
    """Listens on the GPU and scores on the CPU (the scorer is tiny)."""

    def __init__(
        self, manifest: Manifest, engine: Engine, *, backend: str, precision: str, reason: str
    ) -> None:
        self._engine = engine
        self._info = EngineInfo(backend, manifest.title, precision, reason)
        self._scorer = scorer_of(manifest)

    @property
    def info(self) -> EngineInfo:
        return self._info

    def listen(self, clips: Sequence[Floats]) -> list[AcousticOutput]:
        """See ``tutor.acoustic.Model``; clips of like length share a batch."""
        batches.check_clips(clips)
        answers: list[AcousticOutput | None] = [None] * len(clips)
        with border():
            if len(clips) == 1:
                return batches.acoustic_outputs(self._engine.infer(clips), [len(clips[0])])
            groups = grouped([len(clip) for clip in clips], self._engine.most_clips)
            results = self._engine.stream([clips[index] for index in group] for group in groups)
            for group, arrays in zip(groups, results, strict=True):
                found = batches.acoustic_outputs(arrays, [len(clips[index]) for index in group])
                for index, answer in zip(group, found, strict=True):
                    answers[index] = answer
        return [answer for answer in answers if answer is not None]

    def score(self, evidence: Sequence[ScorerInput]) -> list[ScorerOutput]:
        """See ``tutor.acoustic.Model``."""
        return self._scorer.score(evidence)

    def close(self) -> None:
        self._engine.close()


def grouped(lengths: Sequence[int], most: Callable[[int], int]) -> list[list[int]]:
    """Indices of clips that share a batch: sorted by length, at most ``most(samples)`` of them, little padding."""
    order = sorted(range(len(lengths)), key=lambda index: lengths[index])
    groups: list[list[int]] = []
    work = 0
    for index in order:
        work += lengths[index]
        if not groups or len(groups[-1]) >= most(lengths[index]) or lengths[index] * (len(groups[-1]) + 1) > _WASTE * work:
            groups.append([])
            work = lengths[index]
        groups[-1].append(index)
    return groups


def open_engine(
    manifest: Manifest, stored: StoredEngine, *, device: int = 0, reason: str, unverified: bool = False
) -> TensorRTModel:
    """Load a stored engine that passed the gate (or any whole one, to verify it).

    Raises ``ModelError`` for an engine that was never verified, ``EngineError`` for one that failed the gate (building
    it again would change nothing) and when the device refuses, ``InstallError`` without the library.
    """
    if stored.verdict != PASSED and not unverified:
        why = "; ".join(stored.verification.get("failures", ())) or "it was never verified"
        kind = EngineError if stored.verdict == FAILED else ModelError
        raise kind(
            "{file} may not be used: {why}. Run: tutor engine verify.",
            file=stored.path.name,
            why=why,
        )
    name = stored.key.library.split(" ")[0]
    with border():
        library = trt_compat.load(name)
        data = stored.path.read_bytes()
        engine = trt_runtime.TrtEngine(library, cuda.Cuda(device), data)
    return TensorRTModel(manifest, engine, backend=name, precision=stored.key.precision, reason=reason)


@contextmanager
def border() -> Iterator[None]:
    """Turn every expected failure of the five TensorRT modules into one of ``tutor.errors``."""
    try:
        yield
    except cuda.DeviceMemoryFull as error:
        raise OutOfMemory(
            "The GPU's memory is full ({error}); close other programs that use it.",
            error=error,
        ) from error
    except (cuda.DeviceGone, cuda.NoDevice, cuda.DriverTooOld) as error:
        raise DeviceLost("The GPU cannot be used ({error}); another engine answers.", error=error) from error
    except (cuda.CudaError, trt_lane.RunFailed) as error:
        raise EngineError("The TensorRT engine failed ({error}); another engine answers.", error=error) from error
    except trt_compat.LibraryProblem as error:
        raise InstallError("TensorRT cannot be used: {error}.", error=error) from error
    except plan.BuildStopped as error:
        raise Cancelled("The engine build was stopped; nothing was kept.") from error
    except plan.BuildFailed as error:
        raise EngineError("The engine cannot be built: {error}.", error=error) from error
