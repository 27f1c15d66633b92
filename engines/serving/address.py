"""Where a server is and how to be let in: ``triton://host:port`` or a join link
``tritons://token@host:port?pin=…``.
"""

from __future__ import annotations

import hashlib
import os
import ssl
import urllib.request
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit

from tutor.errors import EngineError, InputError

TOKEN_VARIABLE = "TUTOR_SERVER_TOKEN"
DEFAULT_PORT = 8001
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Address:
    """``pin``: SHA-256 (hex) of the certificate authority the server made for itself; ``authority``: a PEM
    file to trust instead. With neither, the system's authorities decide."""

    host: str
    port: int
    tls: bool = False
    token: str = ""
    pin: str = ""
    authority: str = ""

    @property
    def target(self) -> str:
        """``host:port`` as gRPC wants it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def local(self) -> bool:
        """On this machine and reached directly, so that shared memory works."""
        return self.host in _LOOPBACK and not self.tls

    def link(self) -> str:
        """The join link with everything a learner's Tutor needs."""
        token = f"{quote(self.token, safe='')}@" if self.token else ""
        pin = f"?pin={self.pin}" if self.pin else ""
        return f"triton{'s' if self.tls else ''}://{token}{self.target}{pin}"

    def __repr__(self) -> str:
        return f"Address({'TLS ' if self.tls else ''}{self.target})"  # never the token: reprs end up in logs


def parse_address(text: str) -> Address:
    """``InputError`` for anything but triton:// or tritons:// with a host; a token never travels without
    TLS.
    """
    try:
        parts = urlsplit(text)
        port = parts.port or DEFAULT_PORT
    except ValueError as error:
        raise InputError(
            "{text!r} is no server address ({error}); write triton://host:port.",
            text=text,
            error=error,
        ) from error
    if parts.scheme not in ("triton", "tritons") or not parts.hostname or parts.path not in ("", "/"):
        raise InputError("No server address: triton://host:port or the join link of the teacher was expected.")
    options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    address = Address(
        host=parts.hostname,
        port=port,
        tls=parts.scheme == "tritons",
        token=_unquoted(parts.username) or os.environ.get(TOKEN_VARIABLE, ""),
        pin=options.get("pin", "").lower(),
        authority=options.get("ca", ""),
    )
    if not address.tls and address.host not in _LOOPBACK and address.token:
        raise InputError(
            "A token would travel readable to {host}; use tritons:// or the join link.",
            host=address.host,
        )
    return address


def trusted_authority(address: Address, timeout_s: float = 5) -> bytes | None:
    """The PEM bytes to trust for this server, None for the system's own.

    A pinned server hands out its authority at /ca.pem; it is believed only if its hash is the pinned one.
    Raises ``EngineError`` when it cannot be fetched or is another one.
    """
    if address.authority:
        try:
            with open(address.authority, "rb") as stream:
                return stream.read()
        except OSError as error:
            raise InputError(
                "The certificate {path} cannot be read ({error}).",
                path=address.authority,
                error=error,
            ) from error
    if not address.pin:
        return None
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        request = urllib.request.Request(f"https://{address.target}/ca.pem")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
        with opener.open(request, timeout=timeout_s) as answer:
            pem: bytes = answer.read(65_536)
    except (OSError, ValueError) as error:
        raise EngineError(
            "The scoring server {server} does not answer ({error}); scored here.",
            server=address.target,
            error=error,
        ) from error
    if fingerprint(pem) != address.pin:
        raise EngineError(
            "The server at {server} is not the one of the join link; ask the teacher for a new link.",
            server=address.target,
        )
    return pem


def fingerprint(pem: bytes) -> str:
    """SHA-256 (hex) of a PEM file's bytes."""
    return hashlib.sha256(pem).hexdigest()


def _unquoted(text: str | None) -> str:
    from urllib.parse import unquote

    return unquote(text or "")
