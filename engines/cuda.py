"""The CUDA runtime through cuda-python, 12.x and 13.x alike: memory, streams, events, graphs, and one kind
of error.

Imports numpy and cuda-python only and runs on Python 3.9. Every call that CUDA refuses raises ``CudaError``
or one of its subclasses; nothing here returns an error code.
"""

from __future__ import annotations

import ctypes
import importlib
import threading
import weakref
from collections import deque
from collections.abc import Mapping
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np

_MIB = 1 << 20
_MEMORY = {"cudaErrorMemoryAllocation"}
_ABSENT = {"cudaErrorNoDevice", "cudaErrorInvalidDevice", "cudaErrorStubLibrary"}
_OLD = {"cudaErrorInsufficientDriver", "cudaErrorSystemDriverMismatch", "cudaErrorCompatNotSupportedOnDevice"}
_LOST = {
    "cudaErrorDevicesUnavailable",
    "cudaErrorDeviceUninitialized",
    "cudaErrorContextIsDestroyed",
    "cudaErrorECCUncorrectable",
    "cudaErrorHardwareStackError",
    "cudaErrorIllegalAddress",
    "cudaErrorIllegalInstruction",
    "cudaErrorInvalidAddressSpace",
    "cudaErrorInvalidPc",
    "cudaErrorLaunchFailure",
    "cudaErrorLaunchTimeout",
    "cudaErrorMisalignedAddress",
    "cudaErrorNvlinkUncorrectable",
    "cudaErrorSystemNotReady",
    "cudaErrorUnknown",
}


class CudaError(RuntimeError):
    """A CUDA call failed. ``name`` is CUDA's own name of the error, ``call`` the function that answered
    it.
    """

    def __init__(self, call: str, name: str, text: str = "") -> None:
        super().__init__("{}: {}{}".format(call, name, f" ({text})" if text else ""))
        self.call = call
        self.name = name


class DeviceMemoryFull(CudaError):
    """The device has too little free memory."""


class DeviceGone(CudaError):
    """The device was lost, or refuses all further work in this process."""


class NoDevice(CudaError):
    """No CUDA device, or none of that index, or no cuda-python."""


class DriverTooOld(CudaError):
    """The driver is older than the CUDA runtime needs, or absent."""


class CaptureFailed(CudaError):
    """Work that cannot become a CUDA graph; it can still run without one."""


class DeviceInfo(NamedTuple):
    """``capability`` such as (9, 0); ``driver`` such as 13000 for CUDA 13.0."""

    device: int
    name: str
    capability: tuple[int, int]
    memory_bytes: int
    driver: int


class Cuda:
    """One device. Objects made by it belong to that device; call ``use`` first in every thread that works
    with them.
    """

    def __init__(self, device: int = 0, module: Any = None) -> None:
        """module: a stand-in of ``cuda.bindings.runtime``; None imports the real one. Raises ``NoDevice``
        without it.
        """
        self.rt = runtime_module() if module is None else module
        self.device = device

    def call(self, function: str, *arguments: Any) -> Any:
        """Result of a runtime function (None, one value or a tuple), or the ``CudaError`` that fits."""
        try:
            answer = getattr(self.rt, function)(*arguments)
        except (RuntimeError, OSError) as error:
            # cuda-python 12 raises these, instead of a code, where libcuda.so itself is not there.
            raise NoDevice(function, "no NVIDIA driver", " ".join(str(error).split())[:120]) from error
        code, values = answer[0], answer[1:]
        if int(code) != 0:
            raise self._error(function, code)
        if len(values) <= 1:
            return values[0] if values else None
        return values

    def use(self) -> None:
        """Make this the calling thread's device."""
        self.call("cudaSetDevice", self.device)

    def info(self) -> DeviceInfo:
        count = self.count()
        if not 0 <= self.device < count:
            raise NoDevice("cudaSetDevice", "cudaErrorInvalidDevice", f"device {self.device} of {count}")
        properties = self.call("cudaGetDeviceProperties", self.device)
        name = properties.name
        text = name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
        return DeviceInfo(
            self.device,
            text.split("\0")[0],
            (int(properties.major), int(properties.minor)),
            int(properties.totalGlobalMem),
            int(self.call("cudaDriverGetVersion")),
        )

    def count(self) -> int:
        """Number of CUDA devices; raises ``NoDevice`` or ``DriverTooOld`` when there is none to count."""
        return int(self.call("cudaGetDeviceCount"))

    def memory(self) -> tuple[int, int]:
        """(free, total) bytes of the device."""
        free, total = self.call("cudaMemGetInfo")
        return int(free), int(total)

    def synchronize(self) -> None:
        self.call("cudaDeviceSynchronize")

    def _error(self, function: str, code: Any) -> CudaError:
        name = str(getattr(code, "name", "") or f"error {int(code)}")
        if name in _MEMORY:
            return DeviceMemoryFull(function, name)
        if name in _OLD:
            return DriverTooOld(function, name, "update the NVIDIA driver")
        if name in _ABSENT:
            return NoDevice(function, name)
        if name in _LOST:
            return DeviceGone(function, name)
        if "Capture" in name or "Graph" in function:
            return CaptureFailed(function, name)
        return CudaError(function, name)


class DeviceBuffer:
    """Device memory of ``nbytes`` bytes at ``address``; freed once by ``close``."""

    def __init__(self, cuda: Cuda, nbytes: int) -> None:
        self._cuda = cuda
        self.nbytes = max(nbytes, 1)
        self.address = int(cuda.call("cudaMalloc", self.nbytes))

    def close(self) -> None:
        if self.address:
            address, self.address = self.address, 0
            self._cuda.call("cudaFree", address)


class PinnedBuffer:
    """Page-locked host memory, which the device copies to and from without a detour; ``array`` is its
    bytes.
    """

    def __init__(self, cuda: Cuda, nbytes: int) -> None:
        self._cuda = cuda
        self.nbytes = max(nbytes, 1)
        self.address = int(cuda.call("cudaHostAlloc", self.nbytes, 0))
        view = (ctypes.c_uint8 * self.nbytes).from_address(self.address)
        self.array: Any = np.ctypeslib.as_array(view)

    def view(self, shape: tuple[int, ...], dtype: Any, start: int = 0) -> Any:
        """The bytes from ``start`` on as an array of ``shape``; it shares the memory and must not outlive ``close``."""
        return _placed(self.array, start, shape, dtype)

    def close(self) -> None:
        if self.address:
            address, self.address = self.address, 0
            self.array = None
            self._cuda.call("cudaFreeHost", address)


class PinnedPool:
    """Page-locked blocks that what the device wrote stays in, without a copy: a block comes back by itself when the
    last array that looks into it has gone.

    A copy of 64 answers takes as long as the device takes to find them, most of it the system's time for fresh memory.
    Beyond ``lend_bytes`` in the hands of others answers are copied, so that no one who hoards them locks up the
    machine's memory.
    """

    def __init__(self, cuda: Cuda, lend_bytes: int) -> None:
        self._cuda = cuda
        self._lend_bytes = lend_bytes
        self._lock = threading.Lock()
        self._idle: list[PinnedBuffer] = []
        self._lent = 0
        self._closed = False
        # The collector of garbage may run in the middle of anything, so what comes back waits here without a lock.
        self._returned: deque[PinnedBuffer] = deque()

    def take(self, nbytes: int) -> PinnedBuffer:
        """A block of at least ``nbytes``; ``give`` or ``arrays`` ends the loan."""
        with self._lock:
            self._collect()
            fitting = [block for block in self._idle if block.nbytes >= nbytes]
            block = min(fitting, key=lambda found: found.nbytes) if fitting else None
            if block is None and self._idle:
                # A larger one takes the place of one too small, so that there are never more than are used at once.
                self._idle.pop().close()
            elif block is not None:
                self._idle.remove(block)
        return block or PinnedBuffer(self._cuda, -(-nbytes * 5 // 4 // _MIB) * _MIB)

    def give(self, block: PinnedBuffer) -> None:
        """Take an unused block back."""
        with self._lock:
            if self._closed:
                block.close()
            else:
                self._idle.append(block)

    def arrays(self, block: PinnedBuffer, places: Places) -> dict[str, Any]:
        """The block's contents as arrays; the block is theirs from now on."""
        with self._lock:
            self._collect()
            lends = not self._closed and self._lent + block.nbytes <= self._lend_bytes
            self._lent += block.nbytes if lends else 0
        if not lends:
            copies = {name: block.view(shape, dtype, start).copy() for name, (start, shape, dtype) in places.items()}
            self.give(block)
            return copies
        whole = (ctypes.c_uint8 * block.nbytes).from_address(block.address)
        weakref.finalize(whole, self._come_back, block).atexit = False
        array = np.ctypeslib.as_array(whole)
        return {name: _placed(array, *place) for name, place in places.items()}

    def close(self) -> None:
        """Free what is idle; what is lent is freed when it comes back."""
        with self._lock:
            self._closed = True
            self._collect()
            idle, self._idle = self._idle, []
        for block in idle:
            try:
                block.close()
            except CudaError:
                # The device is gone, and with it what it held.
                continue

    def _come_back(self, block: PinnedBuffer) -> None:
        self._returned.append(block)
        if self._closed:
            try:
                self._returned.pop().close()
            except (CudaError, IndexError):
                return

    def _collect(self) -> None:
        while self._returned:
            block = self._returned.popleft()
            self._lent -= block.nbytes
            self._idle.append(block)


Places = Mapping[str, tuple[int, tuple[int, ...], Any]]
"""Where each array lies in a block: first byte, shape, dtype."""


def _placed(memory: Any, start: int, shape: tuple[int, ...], dtype: Any) -> Any:
    nbytes = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    return memory[start : start + nbytes].view(dtype).reshape(shape)


class Stream:
    """A queue of work of one device; also a context manager that destroys it."""

    def __init__(self, cuda: Cuda) -> None:
        self._cuda = cuda
        self.handle = cuda.call("cudaStreamCreateWithFlags", cuda.rt.cudaStreamNonBlocking)

    def to_device(self, target: DeviceBuffer, source: PinnedBuffer, nbytes: int) -> None:
        kind = self._cuda.rt.cudaMemcpyKind.cudaMemcpyHostToDevice
        self._cuda.call("cudaMemcpyAsync", target.address, source.address, nbytes, kind, self.handle)

    def to_host(self, target: PinnedBuffer, source: DeviceBuffer, nbytes: int, start: int = 0) -> None:
        kind = self._cuda.rt.cudaMemcpyKind.cudaMemcpyDeviceToHost
        self._cuda.call("cudaMemcpyAsync", target.address + start, source.address, nbytes, kind, self.handle)

    def synchronize(self) -> None:
        """Wait until the queue is empty; errors of earlier work surface here."""
        self._cuda.call("cudaStreamSynchronize", self.handle)

    def begin_capture(self) -> None:
        mode = self._cuda.rt.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        self._cuda.call("cudaStreamBeginCapture", self.handle, mode)

    def end_capture(self) -> Graph:
        """The work queued since ``begin_capture`` as a graph; ``CaptureFailed`` if some of it cannot be
        one.
        """
        return Graph(self._cuda, self._cuda.call("cudaStreamEndCapture", self.handle))

    def abandon_capture(self) -> None:
        """Leave capture mode after a failure; whatever was captured is thrown away."""
        answer = self._cuda.rt.cudaStreamEndCapture(self.handle)
        if int(answer[0]) == 0 and len(answer) > 1 and answer[1]:
            self._cuda.call("cudaGraphDestroy", answer[1])

    def close(self) -> None:
        if self.handle is not None:
            handle, self.handle = self.handle, None
            self._cuda.call("cudaStreamDestroy", handle)

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Graph:
    """Captured work, launched as a whole for the price of one launch."""

    def __init__(self, cuda: Cuda, graph: Any) -> None:
        self._cuda = cuda
        self._executable: Any = None
        try:
            try:
                self._executable = cuda.call("cudaGraphInstantiate", graph, 0)
            finally:
                cuda.call("cudaGraphDestroy", graph)
        except BaseException:
            self.close()
            raise

    def launch(self, stream: Stream) -> None:
        self._cuda.call("cudaGraphLaunch", self._executable, stream.handle)

    def close(self) -> None:
        if self._executable is not None:
            executable, self._executable = self._executable, None
            self._cuda.call("cudaGraphExecDestroy", executable)


class Event:
    """A point in a stream's time."""

    def __init__(self, cuda: Cuda) -> None:
        self._cuda = cuda
        self._handle = cuda.call("cudaEventCreateWithFlags", cuda.rt.cudaEventDefault)

    def record(self, stream: Stream) -> None:
        self._cuda.call("cudaEventRecord", self._handle, stream.handle)

    def ms_since(self, earlier: Event) -> float:
        """Milliseconds of device time between two recorded events; waits for this one."""
        self._cuda.call("cudaEventSynchronize", self._handle)
        return float(self._cuda.call("cudaEventElapsedTime", earlier._handle, self._handle))

    def close(self) -> None:
        if self._handle is not None:
            handle, self._handle = self._handle, None
            self._cuda.call("cudaEventDestroy", handle)


def runtime_module() -> Any:
    """``cuda.bindings.runtime`` (cuda-python 12.8 and later) or ``cuda.cudart`` (before); ``NoDevice``
    without either.
    """
    problem: BaseException | None = None
    for name in ("cuda.bindings.runtime", "cuda.cudart"):
        try:
            return importlib.import_module(name)
        except Exception as error:
            problem = error
    raise NoDevice("import cuda", "cuda-python cannot be loaded", " ".join(str(problem).split())[:160])
