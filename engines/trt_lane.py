"""A lane of a TensorRT engine: one stream with pinned buffers, execution contexts and CUDA graphs of its own.

Part of trt_runtime; imports numpy and its neighbours only and runs on Python 3.9.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .cuda import (
    CaptureFailed,
    Cuda,
    CudaError,
    DeviceBuffer,
    DeviceMemoryFull,
    Graph,
    PinnedBuffer,
    PinnedPool,
    Places,
    Stream,
)
from .trt_compat import Library

Arrays = dict[str, Any]
Clips = Sequence[Any]
"""float32 arrays (n,), each at its own length."""
_ALIGNED = 256


class RunFailed(RuntimeError):
    """TensorRT refused an engine, a shape or a launch; the text says which and why."""


@dataclass(frozen=True)
class RunOptions:
    """How inputs become shapes, and which shapes become CUDA graphs.

    bucket_samples: inputs are zero-padded to a multiple of this (the graph masks the padding), so that few
    shapes occur.
    graph_batch: largest batch that is captured as a CUDA graph; 0 captures none. graph_count: graphs kept
    per lane. lend_bytes: page-locked memory that answers of larger batches, which are not copied, may hold.
    """

    bucket_samples: int = 8_000
    graph_batch: int = 1
    graph_count: int = 32
    lend_bytes: int = 1 << 30


@dataclass(frozen=True)
class EngineTensor:
    """A tensor of an engine: ``dtype`` a numpy name; ``shape`` with -1 for dynamic axes."""

    name: str
    is_input: bool
    dtype: str
    shape: tuple[int, ...]

    def size_in(self, shape: tuple[int, int]) -> tuple[int, ...]:
        """Size of an input for ``shape`` = (batch, samples)."""
        return shape[: len(self.shape)]


@dataclass(frozen=True)
class Source:
    """What a lane is made from. ``pool``: where answers of larger batches stay; ``reason``: what TensorRT logged
    last; ``padded``: samples after rounding up.
    """

    library: Library
    cuda: Cuda
    pool: PinnedPool
    engine: Any
    tensors: tuple[EngineTensor, ...]
    options: RunOptions
    reason: Callable[[], str]
    padded: Callable[[int, int], int]


class _Shaped:
    """An execution context set to one shape: where its tensors lie and, once captured, its graph.

    A context must not be changed after a graph was captured from it, so every graph has one of its own; they
    share the lane's activation memory, since a lane does one thing at a time.
    """

    def __init__(self, source: Source, profile: int, stream: Stream, memory: DeviceBuffer) -> None:
        self._source = source
        self._stream = stream
        self.shape = (0, 0)
        self.generation = 0
        self.answers: Places = {}
        self.answer_bytes = 0
        self.graph: Graph | None = None
        self.context = source.library.create_context(source.engine)
        if self.context is None:
            raise _refusal(source, "an execution context")
        source.library.give_memory(self.context, memory.address, memory.nbytes)
        if not self.context.set_optimization_profile_async(profile, int(stream.handle)):
            raise _refusal(source, f"profile {profile}")
        stream.synchronize()

    def set_shape(self, shape: tuple[int, int], buffers: _Buffers) -> None:
        self.shape = (0, 0)
        for tensor in self._source.tensors:
            if tensor.is_input:
                size = tensor.size_in(shape)
                if not self.context.set_input_shape(tensor.name, size):
                    raise _refusal(self._source, f"shape {list(size)} of {tensor.name}")
                self._place(tensor, size, buffers)
        answers: dict[str, Any] = {}
        start = 0
        for tensor in self._source.tensors:
            if not tensor.is_input:
                size = tuple(int(value) for value in self.context.get_tensor_shape(tensor.name))
                if min(size) < 0:
                    raise RunFailed(f"the engine cannot tell the shape of {tensor.name} beforehand: {size}")
                answers[tensor.name] = (start, size, tensor.dtype)
                self._place(tensor, size, buffers)
                start += -(-_nbytes(size, tensor.dtype) // _ALIGNED) * _ALIGNED
        self.answers, self.answer_bytes = answers, start
        if shape[0] <= self._source.options.graph_batch:
            buffers.reserve_answers(start)
        self.shape, self.generation = shape, buffers.generation

    def enqueue(self, buffers: _Buffers, target: PinnedBuffer) -> None:
        for tensor in self._source.tensors:
            if tensor.is_input:
                nbytes = _nbytes(tensor.size_in(self.shape), tensor.dtype)
                self._stream.to_device(buffers.device[tensor.name], buffers.pinned[tensor.name], nbytes)
        if not self.context.execute_async_v3(int(self._stream.handle)):
            raise _refusal(self._source, f"shape {list(self.shape)} at run time")
        for name, (start, shape, dtype) in self.answers.items():
            self._stream.to_host(target, buffers.device[name], _nbytes(shape, dtype), start)

    def capture(self, buffers: _Buffers, target: PinnedBuffer) -> None:
        # TensorRT finishes setting a shape up in its first launch, which must not be captured.
        self.enqueue(buffers, target)
        self._stream.synchronize()
        self._stream.begin_capture()
        try:
            self.enqueue(buffers, target)
        except BaseException:
            self._stream.abandon_capture()
            raise
        self.graph = self._stream.end_capture()

    def close(self) -> None:
        graph, self.graph, self.context = self.graph, None, None
        if graph is not None:
            graph.close()

    def _place(self, tensor: EngineTensor, shape: tuple[int, ...], buffers: _Buffers) -> None:
        address = buffers.reserve(tensor.name, _nbytes(shape, tensor.dtype), pinned=tensor.is_input)
        if not self.context.set_tensor_address(tensor.name, address):
            raise _refusal(self._source, f"an address for {tensor.name}")


class _Buffers:
    """Device memory of every tensor of a lane, pinned memory of its inputs and of the answers that graphs write;
    ``generation`` counts how often an address changed.
    """

    def __init__(self, cuda: Cuda) -> None:
        self._cuda = cuda
        self.pinned: dict[str, PinnedBuffer] = {}
        self.device: dict[str, DeviceBuffer] = {}
        self.answers: PinnedBuffer | None = None
        self.generation = 0

    def reserve(self, name: str, nbytes: int, *, pinned: bool) -> int:
        """The tensor's device address, with room for ``nbytes``."""
        device = self.device.get(name)
        if device is None or device.nbytes < nbytes:
            self.generation += 1
            kinds: tuple[dict[str, Any], ...] = (self.device, self.pinned)
            for buffers in kinds:
                if name in buffers:
                    buffers.pop(name).close()
            if pinned:
                self.pinned[name] = PinnedBuffer(self._cuda, nbytes)
            device = self.device[name] = DeviceBuffer(self._cuda, nbytes)
        return device.address

    def reserve_answers(self, nbytes: int) -> None:
        """Room for all answers of a shape that may become a graph: its address stays."""
        if self.answers is None or self.answers.nbytes < nbytes:
            self.generation += 1
            if self.answers is not None:
                self.answers.close()
            self.answers = PinnedBuffer(self._cuda, nbytes)

    def held(self) -> list[DeviceBuffer | PinnedBuffer | None]:
        """All there is to close."""
        return [*self.device.values(), *self.pinned.values(), self.answers]


class Lane:
    """One stream with its buffers, a context for any shape, and one more for every captured shape."""

    def __init__(self, source: Source, profile: int) -> None:
        self._source = source
        self.profile = profile
        self._buffers = _Buffers(source.cuda)
        self._captured: OrderedDict[tuple[int, int], _Shaped] = OrderedDict()
        self._ungraphable: set[tuple[int, int]] = set()
        self._seen: set[tuple[int, int]] = set()
        self._generation = 0
        self._running: _Shaped | None = None
        self._borrowed: PinnedBuffer | None = None
        self._any: _Shaped | None = None
        self._memory: DeviceBuffer | None = None
        self._stream = Stream(source.cuda)
        try:
            nbytes = source.library.context_bytes(source.engine, profile)
            self._memory = DeviceBuffer(source.cuda, nbytes)
            self._any = _Shaped(source, profile, self._stream, self._memory)
        except BaseException:
            self.close()
            raise

    def submit(self, clips: Clips) -> None:
        """Queue copies in, the computation and copies out; returns while they run."""
        shape = (len(clips), self._source.padded(len(clips), max(len(clip) for clip in clips)))
        shaped = self._shaped(shape)
        pinned = self._buffers.pinned
        # Straight into pinned memory: at 64 clips every further copy costs as much as the GPU's own work.
        staged = pinned["samples"].view(shape, np.float32)
        for row, clip in zip(staged, clips):  # noqa: B905  (Python 3.9)
            row[: len(clip)] = clip
            row[len(clip) :] = 0
        if "lengths" in pinned:
            pinned["lengths"].view(shape[:1], np.int32)[:] = [len(clip) for clip in clips]
        if shaped.graph is not None:
            shaped.graph.launch(self._stream)
        else:
            if shape[0] > self._source.options.graph_batch:
                self._borrowed = self._source.pool.take(shaped.answer_bytes)
            shaped.enqueue(self._buffers, self._borrowed or self._own_answers())
        self._running = shaped

    def collect(self) -> Arrays:
        """Wait for what was submitted and hand it over: it is the caller's."""
        self._stream.synchronize()
        running, self._running = self._running, None
        if running is None:
            return {}
        borrowed, self._borrowed = self._borrowed, None
        if borrowed is not None:
            return self._source.pool.arrays(borrowed, running.answers)
        own = self._own_answers()
        return {name: own.view(shape, dtype, start).copy() for name, (start, shape, dtype) in running.answers.items()}

    def close(self) -> None:
        held: list[Any] = [*self._captured.values(), self._any]
        held += [*self._buffers.held(), self._borrowed, self._memory, self._stream]
        for item in held:
            try:
                if item is not None:
                    item.close()
            except CudaError:
                # The device is gone, and with it what it held.
                continue
        self._captured.clear()
        self._any = self._running = self._borrowed = None

    def _own_answers(self) -> PinnedBuffer:
        assert self._buffers.answers is not None
        return self._buffers.answers

    def _shaped(self, shape: tuple[int, int]) -> _Shaped:
        captured = self._graph_of(shape)
        if captured is not None:
            return captured
        plain = self._any
        if plain is None:
            raise RunFailed("the lane was closed")
        if plain.shape != shape or plain.generation != self._buffers.generation:
            plain.set_shape(shape, self._buffers)
            self._forget_if_moved()
        return plain

    def _graph_of(self, shape: tuple[int, int]) -> _Shaped | None:
        options = self._source.options
        if shape[0] > options.graph_batch or shape in self._ungraphable:
            return None
        if shape in self._captured:
            self._captured.move_to_end(shape)
            return self._captured[shape]
        if shape not in self._seen:
            # Most takes have lengths that never come again; only the second is worth a graph.
            self._seen.add(shape)
            return None
        made = self._capture(shape)
        if made is None:
            self._ungraphable.add(shape)
            return None
        self._captured[shape] = made
        if len(self._captured) > options.graph_count:
            self._captured.popitem(last=False)[1].close()
        return made

    def _capture(self, shape: tuple[int, int]) -> _Shaped | None:
        made: _Shaped | None = None
        try:
            assert self._memory is not None
            made = _Shaped(self._source, self.profile, self._stream, self._memory)
            made.set_shape(shape, self._buffers)
            self._forget_if_moved()
            made.capture(self._buffers, self._own_answers())
        except (CaptureFailed, RunFailed):
            if made is not None:
                made.close()
            return None
        return made

    def _forget_if_moved(self) -> None:
        """Graphs hold addresses: once a buffer has moved, those captured before are worthless."""
        if self._generation != self._buffers.generation:
            self._generation = self._buffers.generation
            for shaped in self._captured.values():
                shaped.close()
            self._captured.clear()


def _nbytes(shape: tuple[int, ...], dtype: Any) -> int:
    return int(np.prod(shape, dtype=np.int64)) * int(np.dtype(dtype).itemsize)


def _refusal(source: Source, what: str) -> Exception:
    """TensorRT answers False or None and logs the reason; out of memory is told apart by that reason."""
    reason = source.reason()
    if "memory" in reason.lower() and ("alloc" in reason.lower() or "out of" in reason.lower()):
        return DeviceMemoryFull("TensorRT", "out of memory", reason)
    return RunFailed(f"the engine refused {what}: {reason}")
