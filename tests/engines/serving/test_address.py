"""Server addresses and join links."""

from __future__ import annotations

import pytest

from engines.serving.address import TOKEN_VARIABLE, Address, parse_address
from tutor.errors import InputError


def test_link_and_parsing_are_inverse() -> None:
    address = Address("192.0.2.7", 8001, tls=True, token="a-b_c~d/é" * 2, pin="ab12")
    assert parse_address(address.link()) == address


def test_plain_address_is_local_only_on_loopback() -> None:
    assert parse_address("triton://127.0.0.1").local
    assert parse_address("triton://localhost:9").port == 9
    assert not parse_address("triton://school.example:8001").local
    assert not parse_address("tritons://127.0.0.1").local
    assert parse_address("triton://[::1]:7").target == "[::1]:7"


@pytest.mark.parametrize("text", ["http://x", "triton://", "triton://host:port", "triton://host:99999", "triton://h/p"])
def test_other_addresses_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_address(text)


def test_token_never_travels_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="readable"):
        parse_address("triton://secret@school.example")
    monkeypatch.setenv(TOKEN_VARIABLE, "from-the-environment")
    assert parse_address("tritons://school.example").token == "from-the-environment"
    with pytest.raises(InputError, match="readable"):
        parse_address("triton://school.example")


def test_token_is_not_shown() -> None:
    assert "secret" not in repr(Address("h", 1, tls=True, token="secret"))
