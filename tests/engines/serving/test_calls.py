"""Foreign failures in Tutor's own words."""

from __future__ import annotations

import pytest

pytest.importorskip("tritonclient.grpc", reason="needs the extra 'serve'")

import numpy as np
from tritonclient.utils import InferenceServerException

from engines.serving.address import Address
from engines.serving.calls import Connection, ModelDown, Request, ServerRefused, ServerUnreachable
from engines.serving.server import free_port
from tutor.errors import Cancelled, EngineError


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        ("StatusCode.UNAVAILABLE", "Exceeds maximum queue size", ServerRefused),
        ("StatusCode.UNAVAILABLE", "Request timeout expired", ServerRefused),
        ("StatusCode.UNAVAILABLE", "Received http2 header with status: 429", ServerRefused),
        ("StatusCode.UNAVAILABLE", "failed to connect to all addresses", ServerUnreachable),
        ("StatusCode.CANCELLED", "RST_STREAM", ServerUnreachable),
        ("StatusCode.INTERNAL", "Stub process 'main_acoustic_0_0' is not healthy.", ModelDown),
        ("StatusCode.NOT_FOUND", "Request for unknown model: 'x' is not found", ModelDown),
        ("StatusCode.DEADLINE_EXCEEDED", "Deadline Exceeded", EngineError),
        ("StatusCode.UNAUTHENTICATED", "Received http2 header with status: 401", EngineError),
        ("StatusCode.INVALID_ARGUMENT", "unexpected shape", EngineError),
    ],
)
def test_every_failure_has_its_class_and_one_line(status: str, message: str, kind: type[EngineError]) -> None:
    connection = Connection(Address("127.0.0.1", 1))
    error = connection._translated(InferenceServerException(message, status=status))
    assert type(error) is kind
    assert "\n" not in str(error) and "127.0.0.1:1" in str(error)
    assert not isinstance(error, Cancelled), "only the user cancels"


def test_nobody_there_fails_fast() -> None:
    connection = Connection(Address("127.0.0.1", free_port()), timeout_s=2)
    try:
        with pytest.raises(ServerUnreachable):
            connection.infer([Request("m", {"x": np.zeros((1, 2), np.float32)})])
        with pytest.raises(ServerUnreachable):
            connection.ask("get_server_metadata")
    finally:
        connection.close()
