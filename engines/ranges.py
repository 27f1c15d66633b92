"""What INT8's scales follow from: the values of every activation, seen clip by clip by ONNX Runtime's calibrators.

What was seen is kept after each clip, under everything it depends on. A run that was stopped or killed goes on behind
the last clip kept and ends as if it had never been; one that comes again has nothing left to do.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from engines.batches import Arrays, acoustic_inputs
from engines.calibrate import sealed, unsealed
from tutor.acoustic import Floats
from tutor.errors import Cancelled
from tutor.paths import write_atomic
from tutor.progress import Progress, silent

METHODS = ("minmax", "percentile", "entropy")
State = dict[str, tuple[Any, ...]]
"""By activation: smallest and largest value, or a histogram as ONNX Runtime has it (counts, edges, …)."""

_BINS = {"minmax": 0, "percentile": 2048, "entropy": 512}
"""Of a histogram. As many as ONNX Runtime takes by itself for entropy (128) leave it the extremes for its only choice."""

_HISTOGRAM = ("method", "symmetric", "num_bins", "num_quantized_bins", "percentile", "scenario")


def ranges_of(
    model: Path,
    operators: Sequence[str],
    clips: Sequence[Floats],
    method: str = "minmax",
    *,
    folder: Path | None = None,
    progress: Progress = silent,
) -> Any:
    """ONNX Runtime's ``TensorsData`` of all inputs and outputs of ``operators`` in the FP32 graph ``model``.

    method: one of METHODS; those with histograms hear everything twice, first for the extremes. folder: where to
    keep what was seen; None keeps nothing. A file there that is damaged or was made for something else is not
    used. Raises ``Cancelled`` when ``progress`` says stop.
    """
    from onnxruntime import __version__, quantization
    from onnxruntime.quantization.calibrate import TensorsData

    known = None if method == "minmax" else ranges_of(model, operators, clips, folder=folder, progress=progress)
    kinds = quantization.CalibrationMethod
    kind = dict(zip(METHODS, (kinds.MinMax, kinds.Percentile, kinds.Entropy), strict=True))[method]
    key = _key(__version__, f"{method} {_BINS[method]}", ",".join(operators), model.read_bytes(), *clips)
    file = None if folder is None else folder / f"ranges-{key[:12].decode()}.npz"
    done, seen = _restored(file, key)
    with TemporaryDirectory() as scratch:
        augmented = str(Path(scratch) / "augmented.onnx")
        calibrator = quantization.create_calibrator(
            model, list(operators), augmented, calibrate_method=kind, extra_options={"num_bins": _BINS[method]}
        )
        add = _extremes if known is None else _histograms(calibrator, seen or _empty(calibrator, known))
        for index in range(done, len(clips)):
            if not progress("calibrating", index, len(clips)):
                raise Cancelled("The calibration was stopped; the next one goes on from there.")
            calibrator.collect_data(_Once(acoustic_inputs([clips[index]])))
            seen = add(calibrator, seen)
            _keep(file, key, index + 1, seen)
        progress("calibrating", len(clips), len(clips))
        return TensorsData(kind, dict(seen)) if known is None else calibrator.compute_data()


def _extremes(calibrator: Any, seen: State) -> State:
    found = calibrator.compute_data()
    # Of this clip alone: releases of ONNX Runtime differ in whether they can join it with the ones before.
    calibrator.calibrate_tensors_range = None
    ranges = {name: found[name].range_value for name in found}
    return {
        name: (np.fmin(low, seen[name][0]), np.fmax(high, seen[name][1])) if seen else (low, high)
        for name, (low, high) in ranges.items()
    }


def _histograms(calibrator: Any, seen: State) -> Callable[[Any, State], State]:
    from onnxruntime.quantization.calibrate import HistogramCollector

    calibrator.collector = HistogramCollector(**{name: getattr(calibrator, name) for name in _HISTOGRAM})
    calibrator.collector.histogram_dict = seen
    return lambda calibrator, _: dict(calibrator.collector.histogram_dict)


def _empty(calibrator: Any, known: Any) -> State:
    """Histograms of nothing, as wide as all clips together need: one that had to grow from the first, quiet clip on
    would get bins without end.
    """
    seen: State = {}
    for name in known:
        low, high = (np.float32(value.item()) for value in known[name].range_value)
        most = max(abs(low), abs(high))
        least, ends = (np.float32(0), (low, high)) if calibrator.method == "percentile" else (-most, (low, high, most))
        counts, edges = np.histogram([], bins=calibrator.num_bins, range=(float(least), float(most)))
        seen[name] = (counts.astype(np.int64), edges.astype(np.float32), *ends)
    return seen


class _Once:
    """A data reader of one clip."""

    def __init__(self, arrays: Arrays) -> None:
        self._arrays: Arrays | None = arrays

    def get_next(self) -> Arrays | None:
        arrays, self._arrays = self._arrays, None
        return arrays


def _key(*parts: Any) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else bytes(part)
        digest.update(b"%d|" % len(content) + content)
    return digest.hexdigest().encode()


def _restored(file: Path | None, key: bytes) -> tuple[int, State]:
    content = unsealed(key, file.read_bytes()) if file is not None and file.is_file() else None
    if content is None:
        return 0, {}
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        names = [str(name) for name in stored["names"]]
        seen = {
            name: tuple(stored[f"{index}/{part}"][()] for part in range(int(stored["parts"])))
            for index, name in enumerate(names)
        }
        return int(stored["done"]), seen


def _keep(file: Path | None, key: bytes, done: int, seen: State) -> None:
    if file is None:
        return
    arrays = {
        f"{index}/{part}": value for index, values in enumerate(seen.values()) for part, value in enumerate(values)
    }
    parts = len(next(iter(seen.values())))
    stream = io.BytesIO()
    np.savez(stream, names=np.array(list(seen)), parts=np.array(parts), done=np.array(done), **arrays)
    # Without room on the disk the work goes on; it only cannot be gone on with.
    with suppress(OSError):
        write_atomic(file, sealed(key, stream.getvalue()), durable=False)
