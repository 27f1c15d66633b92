"""INT8 scales by entropy calibration, for TensorRT versions that have calibrators (8.6).

The set is an .npz file: ``samples`` float32 (clips, n) zero-padded, ``lengths`` int32 (clips,). The scales
found are kept in a cache file, sealed with a key of everything they depend on, as soon as TensorRT has them
and before it chooses kernels, which takes far longer: a build that was killed there calibrates no more. A pass
over the clips itself is a matter of seconds and begins again: TensorRT shows its histograms to nobody.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np

from .cuda import Cuda, DeviceBuffer
from .plan import Shapes
from .trt_compat import Library, LibraryProblem

Report = Callable[[str, int, int], bool]


class CalibrationSet:
    """Clips for calibration, cut or zero-padded to one length. ``key``: sha256 of their content."""

    def __init__(self, samples: Any, lengths: Any) -> None:
        """samples float32 (clips, n), lengths int32 (clips,) with 0 < lengths ≤ n; ``ValueError``
        otherwise.
        """
        self.samples = np.ascontiguousarray(samples, np.float32)
        self.lengths = np.ascontiguousarray(lengths, np.int32)
        if self.samples.ndim != 2 or self.lengths.shape != self.samples.shape[:1] or not len(self.lengths):
            raise ValueError(f"samples {self.samples.shape}, lengths {self.lengths.shape}")
        if self.lengths.min() < 1 or self.lengths.max() > self.samples.shape[1]:
            raise ValueError(f"lengths reach from {self.lengths.min()} to {self.lengths.max()}")
        if not np.isfinite(self.samples).all():
            raise ValueError("some samples are not numbers")
        self.key = hashlib.sha256(self.samples.tobytes() + self.lengths.tobytes()).hexdigest()

    def batches(self, batch: int, samples: int) -> list[dict[str, Any]]:
        """Whole batches of exactly (batch, samples); the last is filled up from the front of the set."""
        width = np.zeros((len(self.samples), samples), np.float32)
        common = min(samples, self.samples.shape[1])
        width[:, :common] = self.samples[:, :common]
        lengths = np.minimum(self.lengths, samples)
        made = []
        for start in range(0, len(width), batch):
            rows = np.arange(start, start + batch) % len(width)
            made.append({"samples": width[rows], "lengths": lengths[rows]})
        return made


def load_set(path: str) -> CalibrationSet:
    """Read an .npz set; ``LibraryProblem`` names what is wrong with the file."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return CalibrationSet(stored["samples"], stored["lengths"])
    except Exception as error:
        # numpy answers a damaged file with any of OSError, KeyError, ValueError, BadZipFile.
        raise LibraryProblem(f"calibration set {path} cannot be used ({error}); make it again") from error


def entropy_calibrator(
    library: Library,
    cuda: Cuda,
    clips: CalibrationSet,
    shapes: Shapes,
    cache: str,
    model_key: str,
    report: Report,
) -> Any:
    """An ``IInt8EntropyCalibrator2`` fed with ``clips`` at the usual size of ``shapes``.

    cache: file for the scales ("" keeps none); they are used again for the same clips, sizes, model and
    version.
    """
    if not library.has_calibrator:
        raise LibraryProblem(f"{library.title} has no calibrators; give it a model with Q/DQ nodes")
    batch, samples = shapes.batch[1], shapes.samples[1]
    batches = clips.batches(batch, samples)
    parts = (library.version, model_key, clips.key, str(batch), str(samples))
    key = hashlib.sha256("|".join(parts).encode()).hexdigest().encode()
    base = library.module.IInt8EntropyCalibrator2

    class Calibrator(base):  # type: ignore[misc, valid-type]
        def __init__(self) -> None:
            base.__init__(self)
            self.shapes = Shapes("calibration", (batch,) * 3, (samples,) * 3)
            self.problem: BaseException | None = None
            self.stopped = False
            self._next = 0
            self._buffers: dict[str, DeviceBuffer] = {}

        def get_batch_size(self) -> int:
            return batch

        def get_batch(self, names: list[str]) -> list[int] | None:
            self.stopped = not report("calibrating", self._next, len(batches))
            if self.stopped or self._next >= len(batches):
                return None
            arrays = batches[self._next]
            self._next += 1
            try:
                return [self._upload(name, arrays[name]) for name in names]
            except Exception as error:
                # An exception must not cross into the builder's C++; None ends the calibration instead.
                self.problem = error
                return None

        def read_calibration_cache(self) -> bytes | None:
            return _read_cache(cache, key)

        def write_calibration_cache(self, scales: Any) -> None:
            if cache and self.problem is None and not self.stopped:
                _write_cache(cache, key, bytes(scales))

        def close(self) -> None:
            for buffer in self._buffers.values():
                buffer.close()
            self._buffers = {}

        def _upload(self, name: str, array: Any) -> int:
            if name not in self._buffers:
                self._buffers[name] = DeviceBuffer(cuda, array.nbytes)
            kind = cuda.rt.cudaMemcpyKind.cudaMemcpyHostToDevice
            cuda.call("cudaMemcpy", self._buffers[name].address, array.ctypes.data, array.nbytes, kind)
            return self._buffers[name].address

    return Calibrator()


def sealed(key: bytes, content: bytes) -> bytes:
    """``content`` behind a line that only ``unsealed`` with the same key accepts, and only while all of it is whole."""
    return _seal(key, content) + content


def unsealed(key: bytes, data: bytes) -> bytes | None:
    """The content; None if it is damaged, cut short or of another key."""
    line, _, content = data.partition(b"\n")
    return content if content and line + b"\n" == _seal(key, content) else None


def _seal(key: bytes, content: bytes) -> bytes:
    return hashlib.sha256(key + b"|" + content).hexdigest().encode() + b"\n"


def _read_cache(path: str, key: bytes) -> bytes | None:
    if not path or not os.path.isfile(path):
        return None
    with open(path, "rb") as stream:
        return unsealed(key, stream.read())


def _write_cache(path: str, key: bytes, scales: bytes) -> None:
    folder = os.path.dirname(os.path.abspath(path))
    os.makedirs(folder, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder)
    with os.fdopen(handle, "wb") as stream:
        stream.write(sealed(key, scales))
    os.replace(temporary, path)
