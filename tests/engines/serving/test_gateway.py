"""What stands before the server: tokens, configuration, and nothing open that was not asked for."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from engines.serving import gateway
from engines.serving.environment import find_environment
from engines.serving.gateway import Certificate, Front, Limits
from engines.serving.server import Ports
from tutor.errors import InputError

PORTS = Ports(1001, 1000, 1002)
TOKEN = "abcdefghijklmnop-1"


def _text(tmp_path: Path, *, host: str = "", tokens: tuple[str, ...] = (TOKEN,), certificate: bool = True) -> str:
    pem = Certificate(tmp_path / "c.pem", tmp_path / "k.pem", tmp_path / "ca.pem") if certificate else None
    return gateway.configuration(tmp_path, PORTS, Front(8003, host, 8001), certificate=pem, tokens=tokens, limits=Limits())


def test_without_a_host_only_loopback_listens(tmp_path: Path) -> None:
    assert re.findall(r"listen (\S+?);", _text(tmp_path)) == ["127.0.0.1:8003"]


def test_learners_need_certificate_and_token(tmp_path: Path) -> None:
    for options in ({"tokens": ()}, {"certificate": False}):
        with pytest.raises(InputError, match="certificate and a token"):
            _text(tmp_path, host="0.0.0.0", **options)  # type: ignore[arg-type]


def test_learners_listen_with_tls_and_limits(tmp_path: Path) -> None:
    text = _text(tmp_path, host="0.0.0.0")
    assert "listen 0.0.0.0:8001 ssl;" in text and f'"Bearer {TOKEN}" learner1;' in text
    assert "RepositoryModelLoad" not in text and "SystemSharedMemoryRegister" not in text
    body = int(re.findall(r"client_max_body_size (\d+);", text)[0])
    assert 15 * 16_000 * 4 < body < 10 * 60 * 16_000 * 4, "15 s pass, ten minutes do not"
    assert f"client_body_buffer_size {body};" in text, "no recording is ever written to a file"


def test_token_file_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "new" / "tokens.txt"
    first = gateway.make_token_file(path)
    assert path.stat().st_mode & 0o777 == 0o600 and len(first[0]) >= 24
    assert gateway.make_token_file(path) == first
    path.chmod(0o644)
    with pytest.raises(InputError, match="chmod 600"):
        gateway.read_tokens(path)


@pytest.mark.parametrize("content", ["", "# nothing\n", "short\n", 'quote"in-a-token-of-length\n', "a" * 200])
def test_weak_or_strange_tokens_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "tokens.txt"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(InputError):
        gateway.read_tokens(path)


def test_nginx_accepts_the_configuration(tmp_path: Path) -> None:
    environment = find_environment()
    if environment is None:
        pytest.skip("the server's environment is not made (tutor serve --setup)")
    certificate = gateway.make_certificate(environment, tmp_path / "certificate", "0.0.0.0")
    assert len(certificate.pin) == 64 and certificate.key.stat().st_mode & 0o077 == 0
    text = gateway.configuration(
        tmp_path,
        PORTS,
        Front(8003, "127.0.0.1", 8001),
        certificate=certificate,
        tokens=(TOKEN,),
        limits=Limits(),
    )
    (tmp_path / "nginx.conf").write_text(text)
    command = [
        str(environment.nginx),
        "-t",
        "-p",
        str(tmp_path),
        "-e",
        "error.log",
        "-c",
        str(tmp_path / "nginx.conf"),
    ]
    tested = subprocess.run(command, capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
