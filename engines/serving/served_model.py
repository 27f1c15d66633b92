"""One graph inside Triton (python backend): requests of unlike length run as one padded, masked batch.

Triton loads this file as ``model.py`` of a version folder, in the server's own environment: it imports numpy
and onnxruntime only. Beside it lie ``model.onnx`` and what ``engines.serving.repository`` wrote into
config.pbtxt.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Settings:
    """How a graph is fed.

    count: name of the input that says how long each row is. unit, extra: a row of count c answers ``c //
    unit + extra`` positions. least, most: what a count may be. rows_at_once: rows per run; 0 takes the whole
    batch. fixed_rows: pad the batch to exactly that many rows (0: not at all). step: pad lengths up to a
    multiple of it.
    ragged, flat: outputs with and without a position axis. positional: inputs with one.
    """

    count: str
    unit: int
    extra: int
    least: int
    most: int
    rows_at_once: int
    fixed_rows: int
    step: int
    positional: tuple[str, ...]
    ragged: tuple[str, ...]
    flat: tuple[str, ...]

    @classmethod
    def from_json(cls, text: str) -> Settings:
        data: dict[str, Any] = json.loads(text)
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
        return cls(**values)


def refusal(request: Arrays, settings: Settings) -> str:
    """Why this request cannot be answered, as one line for the caller; empty where it can."""
    counts = request[settings.count].reshape(-1)
    if len(counts) != 1:
        return f"one clip a request was expected, {len(counts)} came"
    count = int(counts[0])
    if not settings.least <= count <= settings.most:
        return f"{settings.count} is {count}; {settings.least} to {settings.most} was expected"
    for name in settings.positional:
        array = request[name]
        if array.ndim < 2 or array.shape[0] != 1 or not count <= array.shape[1] <= settings.most + settings.step:
            return f"{name} has shape {list(array.shape)}; [1, {count}, …] was expected"
        if array.dtype.kind == "f" and not np.isfinite(array[0, :count]).all():
            return f"{name} holds values that are not numbers"
    return ""


def padded(requests: Sequence[Arrays], settings: Settings) -> dict[str, NDArray[Any]]:
    """The requests as one batch: zeros after each row's count, and rows of the shortest length where rows
    are fixed.
    """
    counts = [int(request[settings.count].reshape(-1)[0]) for request in requests]
    rows = max(len(requests), settings.fixed_rows)
    longest = -(-max(counts) // settings.step) * settings.step
    batch: dict[str, NDArray[Any]] = {settings.count: np.full(rows, settings.least, np.int32)}
    batch[settings.count][: len(counts)] = counts
    for name in settings.positional:
        first = requests[0][name]
        batch[name] = np.zeros((rows, longest, *first.shape[2:]), first.dtype)
        for row, (request, count) in enumerate(zip(requests, counts, strict=True)):
            batch[name][row, :count] = request[name][0, :count]
    return batch


def run_batch(session: Any, requests: Sequence[Arrays], settings: Settings) -> list[dict[str, NDArray[Any]]]:
    """Answers in the order of the requests, each cut to its own positions.

    Rows of like length run together, so that little is computed for padding.
    """
    counts = [int(request[settings.count].reshape(-1)[0]) for request in requests]
    order = sorted(range(len(requests)), key=counts.__getitem__)
    size = settings.rows_at_once or len(requests)
    wanted = [*settings.ragged, *settings.flat]
    taken = {item.name for item in session.get_inputs()}
    answers: list[dict[str, NDArray[Any]]] = [{} for _ in requests]
    for start in range(0, len(order), size):
        group = order[start : start + size]
        batch = padded([requests[index] for index in group], settings)
        outputs = dict(zip(wanted, session.run(wanted, {k: v for k, v in batch.items() if k in taken}), strict=True))
        for row, index in enumerate(group):
            positions = counts[index] // settings.unit + settings.extra
            for name in settings.ragged:
                answers[index][name] = np.ascontiguousarray(outputs[name][row : row + 1, :positions])
            for name in settings.flat:
                answers[index][name] = np.ascontiguousarray(outputs[name][row : row + 1])
    return answers


def open_session(path: str, threads: int) -> Any:
    """ONNX Runtime, on the GPU where this environment has its parts; threads that wait do not spin, the other
    processes need the core.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    providers = ["CPUExecutionProvider"]
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        onnxruntime.preload_dlls()
        providers.insert(0, "CUDAExecutionProvider")
    return onnxruntime.InferenceSession(path, options, providers=providers)


class TritonPythonModel:
    """What Triton's python backend calls; one instance per process."""

    def initialize(self, args: dict[str, str]) -> None:
        import triton_python_backend_utils as backend

        self._backend = backend
        parameters = json.loads(args["model_config"])["parameters"]
        self._settings = Settings.from_json(parameters["settings"]["string_value"])
        self._inputs = (self._settings.count, *self._settings.positional)
        folder = Path(args["model_repository"]) / args["model_version"]
        self._session = open_session(str(folder / "model.onnx"), int(parameters["threads"]["string_value"]))

    def execute(self, requests: list[Any]) -> list[Any]:
        """One response per request, in order; a bad request gets its error and harms no other."""
        backend = self._backend
        arrays = [self._arrays(request) for request in requests]
        refusals = [refusal(array, self._settings) for array in arrays]
        good = [array for array, reason in zip(arrays, refusals, strict=True) if not reason]
        answers = iter(run_batch(self._session, good, self._settings) if good else [])
        responses = []
        for reason in refusals:
            if reason:
                responses.append(backend.InferenceResponse(error=backend.TritonError(f"bad request: {reason}")))
            else:
                tensors = [backend.Tensor(name, value) for name, value in next(answers).items()]
                responses.append(backend.InferenceResponse(tensors))
        return responses

    def _arrays(self, request: Any) -> dict[str, NDArray[Any]]:
        get = self._backend.get_input_tensor_by_name
        return {name: get(request, name).as_numpy() for name in self._inputs}
