"""Runs a built TensorRT engine from any number of threads, each take or batch in a lane of its own
(trt_lane).

Imports numpy, cuda-python and TensorRT only and runs on Python 3.9. Raises ``cuda.CudaError`` and its
subclasses, or ``RunFailed``.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from .cuda import Cuda, PinnedPool
from .trt_compat import Library
from .trt_lane import Arrays, Clips, EngineTensor, Lane, RunFailed, RunOptions, Source


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
        self._pool = PinnedPool(cuda, self._options.lend_bytes)
        self._lock = threading.Lock()
        self._idle: dict[int, list[Lane]] = {}
        self._lanes: list[Lane] = []
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

    def infer(self, clips: Clips) -> Arrays:
        """The outputs by name, float32 (B, frames, …), padded to the longest clip. They are the caller's, and of
        larger batches not copied: they hold page-locked memory until the last of them has gone.
        """
        self._cuda.use()
        lane = self._take(clips)
        try:
            lane.submit(clips)
            answer = lane.collect()
        except BaseException:
            self._drop(lane)
            raise
        self._give(lane)
        return answer

    def stream(self, groups: Iterable[Clips]) -> Iterator[Arrays]:
        """``infer`` of many batches in order; one batch's copies overlap with another's computing (two
        lanes).
        """
        self._cuda.use()
        waiting: list[Lane] = []
        try:
            for clips in groups:
                waiting.append(self._take(clips))
                waiting[-1].submit(clips)
                if len(waiting) == 2:
                    yield self._collected(waiting)
            while waiting:
                yield self._collected(waiting)
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

    def most_clips(self, samples: int) -> int:
        """How many clips of a length go into one batch; 1 for a length that no profile takes."""
        most = 1
        for index in range(int(self._engine.num_optimization_profiles)):
            low, _, high = self._engine.get_tensor_profile_shape("samples", index)
            if low[1] <= samples <= high[1]:
                most = max(most, int(high[0]))
        return most

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
        self._pool.close()
        self._engine = None
        self._runtime = None

    def _collected(self, waiting: list[Lane]) -> Arrays:
        answer = waiting[0].collect()
        self._give(waiting.pop(0))
        return answer

    def _take(self, clips: Clips) -> Lane:
        if self._engine is None:
            raise RunFailed("the engine was closed")
        profile = self.profile_of(len(clips), max(len(clip) for clip in clips))
        with self._lock:
            idle = self._idle.setdefault(profile, [])
            if idle:
                return idle.pop()
        lane = Lane(self._source(), profile)
        with self._lock:
            self._lanes.append(lane)
        return lane

    def _source(self) -> Source:
        return Source(
            self._library, self._cuda, self._pool, self._engine, self.tensors, self._options, self._reason, self.padded
        )

    def _give(self, lane: Lane) -> None:
        with self._lock:
            self._idle.setdefault(lane.profile, []).append(lane)

    def _drop(self, lane: Lane) -> None:
        with self._lock:
            if lane in self._lanes:
                self._lanes.remove(lane)
        lane.close()

    def _hear(self, severity: int, text: str) -> None:
        if severity <= 1:
            self._heard = [*self._heard[-2:], " ".join(text.split())[:300]]

    def _reason(self) -> str:
        return "; ".join(self._heard) or "it gave no reason"


def _tensors(library: Library, engine: Any) -> Iterator[EngineTensor]:
    trt = library.module
    for index in range(int(engine.num_io_tensors)):
        name = str(engine.get_tensor_name(index))
        is_input = engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT
        dtype = np.dtype(trt.nptype(engine.get_tensor_dtype(name))).name
        yield EngineTensor(name, is_input, dtype, tuple(int(size) for size in engine.get_tensor_shape(name)))
