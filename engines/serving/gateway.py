"""nginx before Triton: TLS, tokens, limits, structured logs, and the teacher's dashboard. Only its
configuration is ours.

Beyond this machine nothing but nginx listens, and it passes on only what a learner needs: questions about
health and models, and inference. Loading models and shared memory stay on this machine.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from string import Template

from engines.serving.address import fingerprint
from engines.serving.environment import Environment
from engines.serving.server import LOOPBACK, Ports, die_with_parent
from tutor.errors import InputError, InstallError
from tutor.paths import write_atomic

_TOKEN = re.compile(r"[A-Za-z0-9._~-]{16,128}")
_FILES = Path(__file__).parent / "files"


@dataclass(frozen=True)
class Limits:
    """What one learner may ask. Rates are per address and token: a class behind one router shares the
    address but each learner can have a token; ``burst`` takes are let through at once.

    request_bytes: 15 s of float32 sound are 960 kB. takes_per_s counts requests (three a take).
    """

    request_bytes: int = 2_000_000
    requests_per_s: int = 60
    burst: int = 240
    connections: int = 200
    slow_client_s: int = 10


@dataclass(frozen=True)
class Certificate:
    """PEM files; ``authority`` is what learners pin, None for a certificate the world trusts already."""

    chain: Path
    key: Path
    authority: Path | None

    @property
    def pin(self) -> str:
        return fingerprint(self.authority.read_bytes()) if self.authority is not None else ""


@dataclass(frozen=True)
class Front:
    """Where nginx listens: for learners (TLS) on ``host``:``port`` when a host is given, for the dashboard on
    loopback."""

    dashboard_port: int
    host: str = ""
    port: int = 0


def read_tokens(path: Path) -> tuple[str, ...]:
    """One token a line, ``#`` starts a comment; ``InputError`` for a file others can read, or weak tokens."""
    try:
        mode = path.stat().st_mode
        lines = [line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The token file {path} cannot be read ({error}).") from error
    if mode & 0o077:
        raise InputError(f"Others may read the token file {path}; run: chmod 600 {path}")
    tokens = tuple(line for line in lines if line)
    if not tokens or not all(_TOKEN.fullmatch(token) for token in tokens):
        raise InputError(f"{path} needs a token a line: 16 to 128 letters, digits, dots, dashes or tildes.")
    return tokens


def make_token_file(path: Path) -> tuple[str, ...]:
    """The tokens of ``path``, which is made with one new token where it is missing."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as stream:
            stream.write(secrets.token_urlsafe(24) + "\n")
    return read_tokens(path)


def make_certificate(environment: Environment, folder: Path, host: str) -> Certificate:
    """A certificate for this machine's names, made once by trustme; its authority's key is never written
    down.
    """
    names = sorted({*machine_names(), *([host] if host not in ("0.0.0.0", "::") else [])})
    wanted = "\n".join(names)
    listing = folder / "names.txt"
    certificate = Certificate(folder / "server.pem", folder / "server.key", folder / "client.pem")
    if listing.exists() and listing.read_text() == wanted and certificate.chain.exists():
        return certificate
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    command = [str(environment.python), "-m", "trustme", "-q", "-d", str(folder), "-i", *names]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        raise InstallError(f"No certificate could be made ({made.stderr.strip()[-200:]}); give --cert and --key.")
    certificate.key.chmod(0o600)
    write_atomic(listing, wanted.encode())
    return certificate


def machine_names() -> tuple[str, ...]:
    """Names and addresses under which learners may reach this machine."""
    return tuple(dict.fromkeys([lan_address(), socket.gethostname(), "localhost", LOOPBACK]))


def lan_address() -> str:
    """This machine's address in the room's network; loopback where it has none. Nothing is sent."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # a documentation address: connecting a datagram socket only picks a route
        return str(probe.getsockname()[0])
    return LOOPBACK


def configuration(
    folder: Path,
    triton: Ports,
    front: Front,
    *,
    certificate: Certificate | None,
    tokens: tuple[str, ...],
    limits: Limits,
    upstream: str = LOOPBACK,
    files: Path = _FILES,
) -> str:
    """nginx.conf; learners' server only where ``front.host`` is given, and then never without TLS and
    tokens.
    """
    if front.host and (certificate is None or not tokens):
        raise InputError("Learners beyond this machine need a certificate and a token; none was given.")
    values = {
        "folder": folder,
        "files": files,
        "grpc": f"{upstream}:{triton.grpc}",
        "http": f"{upstream}:{triton.http}",
        "metrics": f"{upstream}:{triton.metrics}",
        "dashboard": f"{LOOPBACK}:{front.dashboard_port}",
        **{name: getattr(limits, name) for name in limits.__dataclass_fields__},
        # The log shows which learner asked by number; the token itself is never written.
        "tokens": "\n".join(f'        "Bearer {token}" learner{i};' for i, token in enumerate(tokens, 1)),
        "learners": "",
        # Started by root (a container), nginx would become nobody, who may not read our files.
        "user": "user root;" if os.geteuid() == 0 else "",
    }
    if front.host and certificate is not None:
        host = f"[{front.host}]" if ":" in front.host else front.host
        authority = ""
        if certificate.authority is not None:
            authority = f"location = /ca.pem {{ alias {certificate.authority}; default_type text/plain; }}"
        learners = Template((_FILES / "nginx-learners.conf").read_text())
        values["learners"] = learners.substitute(
            values,
            listen=f"{host}:{front.port}",
            chain=certificate.chain,
            key=certificate.key,
            authority=authority,
        )
    return Template((_FILES / "nginx.conf").read_text()).substitute(values)


class Gateway:
    """The nginx process."""

    def __init__(self, environment: Environment, folder: Path, text: str) -> None:
        """folder: for its configuration, log and temporary files; recordings are never among them."""
        self._binary = environment.nginx
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._config = folder / "nginx.conf"
        write_atomic(self._config, text.encode())
        self._config.chmod(0o600)

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """``InputError`` where a port is taken or the configuration is refused."""
        self._end_workers()
        command = [str(self._binary), "-p", str(self._folder), "-e", "error.log", "-c", str(self._config)]
        try:
            tested = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
            if tested.returncode:
                reason = tested.stderr.strip().splitlines()[0][-250:]
                raise InputError(f"The front server cannot start ({reason}); choose another --port or --host.")
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        except OSError as error:
            raise InstallError(f"nginx cannot be started ({error}); run `tutor serve --repair`.") from error
        time.sleep(0.2)
        if not self.alive:
            raise InputError(f"The front server ended at once; see {self._folder / 'error.log'}.")

    def stop(self) -> None:
        """Let requests under way finish for up to five seconds, then end it."""
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGQUIT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
        self._end_workers()

    def _end_workers(self) -> None:
        """End the whole group: a worker outlives a killed master and would keep the ports."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
