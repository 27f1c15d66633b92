"""Runs a built TensorRT engine: contexts and streams per lane, pinned buffers, overlapped copies, CUDA
graphs.

Imports numpy, cuda-python and TensorRT only and runs on Python 3.9. Raises ``cuda.CudaError`` and its
subclasses, or ``RunFailed``.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .cuda import CaptureFailed, Cuda, CudaError, DeviceBuffer, DeviceMemoryFull, Graph, PinnedBuffer, Stream
from .trt_compat import Library

Arrays = dict[str, Any]


class RunFailed(RuntimeError):
    """TensorRT refused an engine, a shape or a launch; the text says which and why."""


@dataclass(frozen=True)
class RunOptions:
    """How inputs become shapes, and which shapes become CUDA graphs.

    bucket_samples: inputs are zero-padded to a multiple of this (the graph masks the padding), so that few
    shapes occur.
    graph_batch: largest batch that is captured as a CUDA graph; 0 captures none. graph_count: graphs kept
    per lane.
    """

    bucket_samples: int = 8_000
    graph_batch: int = 1
    graph_count: int = 32


@dataclass(frozen=True)
class EngineTensor:
    """A tensor of an engine: ``dtype`` a numpy name; ``shape`` with -1 for dynamic axes."""

    name: str
    is_input: bool
    dtype: str
    shape: tuple[int, ...]


class TrtEngine:
    """A deserialised engine. Lanes (context, stream, buffers) are made when first needed and used again.

    Safe to call from several threads: each call takes a lane of its own.
    """

    def __init__(self, library: Library, cuda: Cuda, data: bytes, options: RunOptions | None = None) -> None:
        """Raises ``RunFailed`` for a plan of another version or GPU, ``CudaError`` where the device is the
        reason.
        """
        self._library = library
        self._cuda = cuda
        self._options = options or RunOptions()
        self._lock = threading.Lock()
        self._idle: dict[int, list[_Lane]] = {}
        self._lanes: list[_Lane] = []
        self._heard: list[str] = []
        cuda.use()
        logger = library.logger(self._hear)
        try:
            self._runtime = library.module.Runtime(logger)
        except TypeError as error:
            raise RunFailed(f"the runtime cannot start: {self._reason()}") from error
        self._engine = self._runtime.deserialize_cuda_engine(data)
        if self._engine is None:
            raise RunFailed(f"the engine file is refused: {self._reason()}")
        self.tensors = tuple(_tensors(library, self._engine))
        self.activation_bytes = library.activation_bytes(self._engine)

    def infer(self, inputs: Arrays) -> Arrays:
        """``samples`` float32 (B, n) and ``lengths`` int32 (B,) in; the engine's outputs for those shapes
        out.
        """
        self._cuda.use()
        lane = self._take(inputs["samples"].shape)
        try:
            lane.submit(inputs)
            answer = lane.collect()
        except BaseException:
            self._drop(lane)
            raise
        self._give(lane)
        return answer

    def stream(self, batches: Iterable[Arrays]) -> Iterator[Arrays]:
        """Answers of many batches in order; one batch's copies overlap with another's computing (two
        lanes).
        """
        self._cuda.use()
        waiting: list[_Lane] = []
        try:
            for inputs in batches:
                lane = self._take(inputs["samples"].shape)
                waiting.append(lane)
                lane.submit(inputs)
                if len(waiting) == 2:
                    answer = waiting[0].collect()
                    self._give(waiting.pop(0))
                    yield answer
            while waiting:
                answer = waiting[0].collect()
                self._give(waiting.pop(0))
                yield answer
        finally:
            for lane in waiting:
                self._drop(lane)

    def profile_of(self, batch: int, samples: int) -> int:
        """Index of the first profile that takes the shape; ``RunFailed`` if none does."""
        for index in range(int(self._engine.num_optimization_profiles)):
            low, _, high = self._engine.get_tensor_profile_shape("samples", index)
            if low[0] <= batch <= high[0] and low[1] <= samples <= high[1]:
                return index
        raise RunFailed(f"no profile of the engine takes {batch} clips of {samples} samples")

    def padded(self, batch: int, samples: int) -> int:
        """``samples`` rounded up to the bucket, within what a profile takes."""
        step = self._options.bucket_samples
        profile = self.profile_of(batch, samples)
        most = int(self._engine.get_tensor_profile_shape("samples", profile)[2][1])
        return min(-(-samples // step) * step, most) if step > 1 else samples

    def close(self) -> None:
        """Free everything; failures of a device that is already lost are of no interest any more."""
        with self._lock:
            lanes, self._lanes, self._idle = self._lanes, [], {}
        for lane in lanes:
            lane.close()
        self._engine = None
        self._runtime = None

    def _take(self, shape: tuple[int, ...]) -> _Lane:
        if self._engine is None:
            raise RunFailed("the engine was closed")
        batch, samples = int(shape[0]), int(shape[1])
        profile = self.profile_of(batch, samples)
        with self._lock:
            idle = self._idle.setdefault(profile, [])
            if idle:
                return idle.pop()
        lane = _Lane(self, profile)
        with self._lock:
            self._lanes.append(lane)
        return lane

    def _give(self, lane: _Lane) -> None:
        with self._lock:
            self._idle.setdefault(lane.profile, []).append(lane)

    def _drop(self, lane: _Lane) -> None:
        with self._lock:
            if lane in self._lanes:
                self._lanes.remove(lane)
        lane.close()

    def _hear(self, severity: int, text: str) -> None:
        if severity <= 1:
            self._heard = [*self._heard[-2:], " ".join(text.split())[:300]]

    def _reason(self) -> str:
        return "; ".join(self._heard) or "it gave no reason"


class _Lane:
    """One execution context with its stream, buffers and graphs."""

    def __init__(self, owner: TrtEngine, profile: int) -> None:
        self._owner = owner
        self._cuda = owner._cuda
        self.profile = profile
        self._pinned: dict[str, PinnedBuffer] = {}
        self._device: dict[str, DeviceBuffer] = {}
        self._graphs: OrderedDict[tuple[int, int], Graph] = OrderedDict()
        self._ungraphable: set[tuple[int, int]] = set()
        self._seen: set[tuple[int, int]] = set()
        self._shape = (0, 0)
        self._answers: dict[str, tuple[tuple[int, ...], Any]] = {}
        self._stream = Stream(self._cuda)
        try:
            self._context = owner._engine.create_execution_context()
            if self._context is None:
                raise _refusal(owner, "an execution context")
            if not self._context.set_optimization_profile_async(profile, int(self._stream.handle)):
                raise _refusal(owner, f"profile {profile}")
            self._stream.synchronize()
        except BaseException:
            self.close()
            raise

    def submit(self, inputs: Arrays) -> None:
        """Queue copies in, the computation and copies out; returns while they run."""
        samples, lengths = inputs["samples"], inputs["lengths"]
        shape = (int(samples.shape[0]), self._owner.padded(int(samples.shape[0]), int(samples.shape[1])))
        self._set_shape(shape)
        staged = self._pinned["samples"].view(shape, np.float32)
        staged[:, : samples.shape[1]] = samples
        staged[:, samples.shape[1] :] = 0
        if "lengths" in self._pinned:
            self._pinned["lengths"].view((shape[0],), np.int32)[:] = lengths
        graph = self._graph(shape)
        if graph is not None:
            graph.launch(self._stream)
        else:
            self._enqueue()

    def collect(self) -> Arrays:
        """Wait for what was submitted; arrays of their own, cut from no shared memory."""
        self._stream.synchronize()
        return {
            name: self._pinned[name].view(shape, dtype).copy()
            for name, (shape, dtype) in self._answers.items()
        }

    def close(self) -> None:
        held: tuple[Any, ...] = (
            *self._graphs.values(),
            *self._device.values(),
            *self._pinned.values(),
            self._stream,
        )
        for closing in held:
            try:
                closing.close()
            except CudaError:
                # The device is gone, and with it what it held.
                continue
        self._graphs.clear()
        self._device = {}
        self._pinned = {}
        self._context = None

    def _set_shape(self, shape: tuple[int, int]) -> None:
        if shape == self._shape:
            return
        self._shape = (0, 0)
        context = self._context
        for tensor in self._owner.tensors:
            if tensor.is_input:
                size: tuple[int, ...] = shape if len(tensor.shape) == 2 else shape[:1]
                if not context.set_input_shape(tensor.name, size):
                    raise _refusal(self._owner, f"shape {list(size)} of {tensor.name}")
                self._reserve(tensor, size)
        self._answers = {}
        for tensor in self._owner.tensors:
            if not tensor.is_input:
                size = tuple(int(value) for value in context.get_tensor_shape(tensor.name))
                if min(size) < 0:
                    raise RunFailed(f"the engine cannot tell the shape of {tensor.name} beforehand: {size}")
                self._reserve(tensor, size)
                self._answers[tensor.name] = (size, tensor.dtype)
        self._shape = shape

    def _reserve(self, tensor: EngineTensor, shape: tuple[int, ...]) -> None:
        nbytes = int(np.prod(shape, dtype=np.int64)) * np.dtype(tensor.dtype).itemsize
        device = self._device.get(tensor.name)
        if device is None or device.nbytes < nbytes:
            # Graphs hold the addresses of the buffers that are about to go.
            self._forget_graphs()
            self._release(tensor.name)
            self._pinned[tensor.name] = PinnedBuffer(self._cuda, nbytes)
            device = self._device[tensor.name] = DeviceBuffer(self._cuda, nbytes)
        if not self._context.set_tensor_address(tensor.name, device.address):
            raise _refusal(self._owner, f"an address for {tensor.name}")

    def _release(self, name: str) -> None:
        for buffers in (self._device, self._pinned):
            if name in buffers:
                buffers.pop(name).close()

    def _forget_graphs(self) -> None:
        for graph in self._graphs.values():
            graph.close()
        self._graphs.clear()

    def _enqueue(self) -> None:
        for tensor in self._owner.tensors:
            if tensor.is_input:
                self._stream.to_device(
                    self._device[tensor.name], self._pinned[tensor.name], self._size(tensor)
                )
        if not self._context.execute_async_v3(int(self._stream.handle)):
            raise _refusal(self._owner, f"shape {list(self._shape)} at run time")
        for name, (shape, dtype) in self._answers.items():
            nbytes = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
            self._stream.to_host(self._pinned[name], self._device[name], nbytes)

    def _size(self, tensor: EngineTensor) -> int:
        shape = self._shape if len(tensor.shape) == 2 else self._shape[:1]
        return int(np.prod(shape, dtype=np.int64)) * np.dtype(tensor.dtype).itemsize

    def _graph(self, shape: tuple[int, int]) -> Graph | None:
        options = self._owner._options
        if shape[0] > options.graph_batch or shape in self._ungraphable:
            return None
        if shape in self._graphs:
            self._graphs.move_to_end(shape)
            return self._graphs[shape]
        if shape not in self._seen:
            # TensorRT finishes setting a shape up in its first launch, which must not be captured.
            self._seen.add(shape)
            return None
        try:
            graph = self._capture()
        except (CaptureFailed, RunFailed):
            self._ungraphable.add(shape)
            return None
        self._graphs[shape] = graph
        if len(self._graphs) > options.graph_count:
            self._graphs.popitem(last=False)[1].close()
        return graph

    def _capture(self) -> Graph:
        # One plain launch after a change of shape, so that nothing of the change is left to be captured.
        self._enqueue()
        self._stream.synchronize()
        self._stream.begin_capture()
        try:
            self._enqueue()
        except BaseException:
            self._stream.abandon_capture()
            raise
        return self._stream.end_capture()


def _tensors(library: Library, engine: Any) -> Iterator[EngineTensor]:
    trt = library.module
    for index in range(int(engine.num_io_tensors)):
        name = str(engine.get_tensor_name(index))
        is_input = engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT
        dtype = np.dtype(trt.nptype(engine.get_tensor_dtype(name))).name
        yield EngineTensor(name, is_input, dtype, tuple(int(size) for size in engine.get_tensor_shape(name)))


def _refusal(owner: TrtEngine, what: str) -> Exception:
    """TensorRT answers False or None and logs the reason; out of memory is told apart by that reason."""
    reason = owner._reason()
    if "memory" in reason.lower() and ("alloc" in reason.lower() or "out of" in reason.lower()):
        return DeviceMemoryFull("TensorRT", "out of memory", reason)
    return RunFailed(f"the engine refused {what}: {reason}")
