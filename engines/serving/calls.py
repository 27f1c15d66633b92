"""One connection to Triton: requests that time out, can be cancelled, and fail as Tutor's own errors."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.serving.address import Address, trusted_authority
from tutor.errors import Cancelled, EngineError, InstallError, Message, TutorError

_MOST_BYTES = 32 * 1024 * 1024
_DTYPES = {"float32": "FP32", "int32": "INT32", "bool": "BOOL"}


class ServerRefused(EngineError):
    """The server has too much to do and said so; ``retry_s``: when to ask again."""

    def __init__(self, message: str, retry_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_s = retry_s


class ServerUnreachable(EngineError):
    """Nobody answered; the same request may be sent again."""


class ModelDown(ServerUnreachable):
    """The server is there but this served graph is not: its process died, or it is being loaded."""


@dataclass(frozen=True)
class Shared:
    """Tensors that lie in a shared memory region: (offset, size) in bytes by name."""

    region: str
    inputs: Mapping[str, tuple[int, int]]
    outputs: Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Request:
    """One inference: served name, input arrays by name, and the version wanted (empty: the newest)."""

    served: str
    inputs: Mapping[str, NDArray[Any]]
    version: str = ""
    shared: Shared | None = None


@dataclass(frozen=True)
class Reply:
    """Output arrays by name and the version that made them."""

    outputs: Mapping[str, NDArray[Any]]
    version: str


class Connection:
    """A gRPC channel; opened by the first call, opened anew after it broke. Calls may come from several
    threads.
    """

    def __init__(self, address: Address, *, timeout_s: float = 5.0) -> None:
        """Raises ``InstallError`` where Triton's client library is missing."""
        try:
            import tritonclient.grpc
        except ImportError as error:
            raise InstallError(
                "Triton's client library is missing; install it: python3 -m pip install 'tutor[serve]'."
            ) from error
        self._triton = tritonclient.grpc
        self.address = address
        self.timeout_s = timeout_s
        self._headers = {"authorization": f"Bearer {address.token}"} if address.token else None
        self._client: Any = None
        self._lock = threading.Lock()
        self._running: set[Any] = set()
        self._cancelled = False

    @property
    def client(self) -> Any:
        """tritonclient's client object, for what has no wrapper here."""
        with self._lock:
            if self._client is None:
                self._client = self._open()
            return self._client

    def ask(self, method: str, *arguments: Any, **options: Any) -> Any:
        """One of tritonclient's control calls by name; its failures become ``EngineError``."""
        options.setdefault("client_timeout", self.timeout_s)
        try:
            return getattr(self.client, method)(*arguments, headers=self._headers, **options)
        except self._triton.InferenceServerException as error:
            raise self._translated(error) from error

    def infer(self, requests: Sequence[Request], *, timeout_s: float | None = None) -> list[Reply]:
        """All requests at once, replies in the same order.

        Raises ``ServerRefused``, ``ServerUnreachable``, ``EngineError`` or, after ``cancel``, ``Cancelled``;
        the first failure ends the others.
        """
        timeout = self.timeout_s if timeout_s is None else timeout_s
        gathered = _Gathered(len(requests))
        contexts = []
        with self._lock:
            self._cancelled = False
        try:
            for index, request in enumerate(requests):
                context = self._send(request, index, gathered, timeout)
                contexts.append(context)
                with self._lock:
                    self._running.add(context)
            gathered.wait(timeout + 0.5)
        except self._triton.InferenceServerException as error:
            raise self._translated(error) from error
        finally:
            with self._lock:
                self._running.difference_update(contexts)
                cancelled = self._cancelled
            for context in contexts if gathered.unfinished else ():
                context.cancel()
        if cancelled:
            raise Cancelled("The request to the scoring server was cancelled.")
        if gathered.error is not None:
            raise self._translated(gathered.error) from gathered.error
        if gathered.unfinished:
            raise self._late(timeout)
        return [_reply(request, answer) for request, answer in zip(requests, gathered.answers, strict=True)]

    def cancel(self) -> None:
        """End the calls under way from another thread; they raise ``Cancelled``."""
        with self._lock:
            self._cancelled = bool(self._running)
            running = list(self._running)
        for context in running:
            context.cancel()

    def close(self) -> None:
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _open(self) -> Any:
        address = self.address
        options = [
            ("grpc.max_send_message_length", _MOST_BYTES),
            ("grpc.max_receive_message_length", _MOST_BYTES),
            # gRPC's own pause between attempts grows to two minutes; a restarted server would be found too
            # late.
            ("grpc.initial_reconnect_backoff_ms", 200),
            ("grpc.min_reconnect_backoff_ms", 500),
            ("grpc.max_reconnect_backoff_ms", 2_000),
            ("grpc.keepalive_time_ms", 60_000),
            ("grpc.enable_http_proxy", 0),
        ]
        credentials = None
        if address.tls:
            import grpc

            credentials = grpc.ssl_channel_credentials(root_certificates=trusted_authority(address, self.timeout_s))
        return self._triton.InferenceServerClient(address.target, creds=credentials, channel_args=options)

    def _send(self, request: Request, index: int, gathered: _Gathered, timeout_s: float) -> Any:
        inputs, outputs = [], []
        shared = request.shared
        for name, array in request.inputs.items():
            item = self._triton.InferInput(name, list(array.shape), _DTYPES[array.dtype.name])
            if shared is not None and name in shared.inputs:
                offset, size = shared.inputs[name]
                item.set_shared_memory(shared.region, size, offset)
            else:
                item.set_data_from_numpy(np.ascontiguousarray(array))
            inputs.append(item)
        if shared is not None:
            for name, (offset, size) in shared.outputs.items():
                wanted = self._triton.InferRequestedOutput(name)
                wanted.set_shared_memory(shared.region, size, offset)
                outputs.append(wanted)
        return self.client.async_infer(
            request.served,
            inputs,
            outputs=outputs or None,
            callback=lambda result, error: gathered.put(index, result, error),
            model_version=request.version,
            client_timeout=timeout_s,
            headers=self._headers,
        )

    def _late(self, timeout_s: float) -> TutorError:
        return EngineError(
            "The scoring server {server} did not answer within {timeout_s:.0f} s.",
            server=self.address.target,
            timeout_s=timeout_s,
        )

    def _translated(self, error: Any) -> TutorError:
        """Triton's and gRPC's failures in Tutor's tree."""
        status = str(error.status() or "")
        text = " ".join(str(error.message() or error).split())[:200]
        server = self.address.target
        if "maximum queue size" in text or "timeout expired" in text.lower() or "status: 429" in text:
            return ServerRefused(
                Message("The scoring server {server} has too many takes waiting; try again in a moment.", server=server)
            )
        if "UNAUTHENTICATED" in status or "PERMISSION_DENIED" in status:
            return EngineError(
                "The scoring server {server} did not accept the token; ask the teacher for a new join link.", server=server
            )
        if "DEADLINE" in status:
            return self._late(self.timeout_s)
        if any(sign in text.lower() for sign in ("stub process", "not ready", "unknown model", "no available")):
            return ModelDown("The scoring server {server} cannot be reached ({text}).", server=server, text=text)
        if "UNAVAILABLE" in status or "CANCELLED" in status:
            return ServerUnreachable("The scoring server {server} cannot be reached ({text}).", server=server, text=text)
        return EngineError("The scoring server {server} failed ({text}).", server=server, text=text)


def _reply(request: Request, answer: Any) -> Reply:
    response = answer.get_response()
    elsewhere = request.shared.outputs if request.shared is not None else {}
    outputs = {item.name: answer.as_numpy(item.name) for item in response.outputs if item.name not in elsewhere}
    return Reply(outputs, response.model_version)


class _Gathered:
    """Answers that arrive on gRPC's threads, awaited on ours."""

    def __init__(self, count: int) -> None:
        self.answers: list[Any] = [None] * count
        self.error: Any = None
        self.unfinished = count
        self._condition = threading.Condition()

    def put(self, index: int, result: Any, error: Any) -> None:
        with self._condition:
            self.answers[index] = result
            self.error = self.error or error
            self.unfinished -= 1
            self._condition.notify()

    def wait(self, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        with self._condition:
            while self.unfinished and self.error is None:
                left = deadline - time.monotonic()
                if left <= 0 or not self._condition.wait(left):
                    return
