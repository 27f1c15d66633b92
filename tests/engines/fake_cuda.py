"""A CUDA runtime made of host memory, with a switch to fail at any call: stands in for
cuda.bindings.runtime.
"""

from __future__ import annotations

import ctypes
import enum
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any


class Code(enum.IntEnum):
    cudaSuccess = 0
    cudaErrorMemoryAllocation = 2
    cudaErrorInsufficientDriver = 35
    cudaErrorNoDevice = 100
    cudaErrorInvalidDevice = 101
    cudaErrorECCUncorrectable = 214
    cudaErrorInvalidValue = 1
    cudaErrorLaunchFailure = 719
    cudaErrorStreamCaptureUnsupported = 900


class Kind(enum.IntEnum):
    cudaMemcpyHostToDevice = 1
    cudaMemcpyDeviceToHost = 2


class Mode(enum.IntEnum):
    cudaStreamCaptureModeThreadLocal = 1


class FakeCuda:
    """``fail["cudaMalloc"] = [None, Code.…]``: first call succeeds, second fails. ``live`` counts what is
    not freed.
    """

    cudaMemcpyKind = Kind
    cudaStreamCaptureMode = Mode
    cudaStreamNonBlocking = 1
    cudaEventDefault = 0

    def __init__(self, devices: int = 1) -> None:
        self.devices = devices
        self.driver = 13000
        self.fail: dict[str, list[Code | None]] = {}
        self.calls: list[str] = []
        self.memory: dict[int, Any] = {}
        self.objects: dict[int, Any] = {}
        self.capturing: dict[int, list[Callable[[], None]]] = {}
        self._next = 1

    def __getattribute__(self, name: str) -> Any:
        value = object.__getattribute__(self, name)
        if not name.startswith("cuda") or not callable(value) or isinstance(value, type):
            return value

        def called(*arguments: Any) -> tuple[Any, ...]:
            self.calls.append(name)
            planned = self.fail.get(name)
            code = planned.pop(0) if planned else None
            if code is not None:
                return (code,)
            answer = value(*arguments)
            return (Code.cudaSuccess, *answer) if isinstance(answer, tuple) else (Code.cudaSuccess, answer)

        return called

    @property
    def live(self) -> int:
        return len(self.memory) + len(self.objects)

    def queue(self, stream: int, work: Callable[[], None]) -> None:
        """Run at once, or keep for the graph that the stream is capturing."""
        if stream in self.capturing:
            self.capturing[stream].append(work)
        else:
            work()

    def cudaSetDevice(self, device: int) -> tuple[()]:
        return ()

    def cudaGetDeviceCount(self) -> int:
        return self.devices

    def cudaDriverGetVersion(self) -> int:
        return self.driver

    def cudaGetDeviceProperties(self, device: int) -> Any:
        return SimpleNamespace(name=b"Fake RTX\0\0", major=8, minor=9, totalGlobalMem=8 << 30)

    def cudaMemGetInfo(self) -> tuple[int, int]:
        return 4 << 30, 8 << 30

    def cudaDeviceSynchronize(self) -> tuple[()]:
        return ()

    def _allocate(self, nbytes: int) -> int:
        block = (ctypes.c_uint8 * nbytes)()
        address = ctypes.addressof(block)
        self.memory[address] = block
        return address

    def cudaMalloc(self, nbytes: int) -> int:
        return self._allocate(nbytes)

    def cudaHostAlloc(self, nbytes: int, flags: int) -> int:
        return self._allocate(nbytes)

    def cudaFree(self, address: int) -> tuple[()]:
        del self.memory[address]
        return ()

    def cudaFreeHost(self, address: int) -> tuple[()]:
        del self.memory[address]
        return ()

    def _object(self, value: Any) -> int:
        self._next += 1
        self.objects[self._next] = value
        return self._next

    def cudaStreamCreateWithFlags(self, flags: int) -> int:
        return self._object("stream")

    def cudaStreamDestroy(self, stream: int) -> tuple[()]:
        del self.objects[stream]
        return ()

    def cudaStreamSynchronize(self, stream: int) -> tuple[()]:
        return ()

    def cudaMemcpy(self, target: int, source: int, nbytes: int, kind: Kind) -> tuple[()]:
        ctypes.memmove(target, source, nbytes)
        return ()

    def cudaMemcpyAsync(self, target: int, source: int, nbytes: int, kind: Kind, stream: int) -> tuple[()]:
        self.queue(stream, lambda: ctypes.memmove(target, source, nbytes) and None)
        return ()

    def cudaStreamBeginCapture(self, stream: int, mode: Mode) -> tuple[()]:
        self.capturing[stream] = []
        return ()

    def cudaStreamEndCapture(self, stream: int) -> int:
        return self._object(self.capturing.pop(stream))

    def cudaGraphInstantiate(self, graph: int, flags: int) -> int:
        return self._object(list(self.objects[graph]))

    def cudaGraphDestroy(self, graph: int) -> tuple[()]:
        del self.objects[graph]
        return ()

    def cudaGraphLaunch(self, executable: int, stream: int) -> tuple[()]:
        for work in self.objects[executable]:
            work()
        return ()

    def cudaGraphExecDestroy(self, executable: int) -> tuple[()]:
        del self.objects[executable]
        return ()

    def cudaEventCreateWithFlags(self, flags: int) -> int:
        return self._object("event")

    def cudaEventRecord(self, event: int, stream: int) -> tuple[()]:
        return ()

    def cudaEventSynchronize(self, event: int) -> tuple[()]:
        return ()

    def cudaEventElapsedTime(self, start: int, end: int) -> float:
        return 1.5

    def cudaEventDestroy(self, event: int) -> tuple[()]:
        del self.objects[event]
        return ()
