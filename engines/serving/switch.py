"""A new model version beside the running one, switched without a failed request; and the way back."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np

from engines.manifest import Manifest
from engines.onnx_cpu import OnnxModel
from engines.serving import policy, repository
from engines.serving.address import Address
from engines.serving.calls import Connection
from engines.serving.policy import ACOUSTIC, NORMAL, PEAK, SCORER
from engines.serving.server import LOOPBACK
from engines.serving.service import run_dir, running_policy, running_ports
from tutor import timebase
from tutor.errors import EngineError, InputError

_LOAD_S = 120
_BETWEEN_S = 10.0
"""Longest time between listening and scoring of one take: the learner's machine aligns in between."""


def switch(port: int, manifest: Manifest) -> int:
    """Serve ``manifest`` under its name on the service at ``port``; the new version number.

    The scorer comes first, so that whoever is heard by the new version finds its scorer; the old version
    stays loaded for takes under way. When the new one does not load, the old one serves on and
    ``EngineError`` says why.
    """
    folder, connection = _service(port)
    known = folder / policy.served_name(manifest.name, SCORER)
    if not known.is_dir():
        raise InputError(f"The server on port {port} serves no model {manifest.name!r}; start it with --models.")
    _try_out(manifest)
    names = repository.add_version(folder, manifest, running_policy(port))
    try:
        for name in names:
            connection.ask("load_model", name, client_timeout=_LOAD_S)
    except EngineError as error:
        _withdraw(folder, names, connection)
        raise EngineError(f"{manifest.title} was not taken into service: {error}") from error
    finally:
        connection.close()
    return repository.versions(known)[-1]


def roll_back(port: int, name: str) -> int:
    """Serve the version before the newest again; its number. ``InputError`` where there is none."""
    folder, connection = _service(port)
    scorer = policy.served_name(name, SCORER)
    if not (folder / scorer).is_dir() or len(repository.versions(folder / scorer)) < 2:
        raise InputError(f"There is no earlier version of {name!r} on port {port} to go back to.")
    served = [scorer, policy.served_name(name, ACOUSTIC, NORMAL), policy.served_name(name, ACOUSTIC, PEAK)]
    try:
        _withdraw(folder, served, connection)
    finally:
        connection.close()
    return repository.versions(folder / scorer)[-1]


def _withdraw(folder: Path, names: list[str], connection: Connection) -> None:
    """Drop the newest version of a model, the scorer last and only when no take can ask for it any more."""
    scorer, *acoustic = names
    for name in acoustic:
        shutil.rmtree(folder / name / str(repository.versions(folder / name)[-1]))
        connection.ask("load_model", name, client_timeout=_LOAD_S)
    time.sleep(_BETWEEN_S)
    shutil.rmtree(folder / scorer / str(repository.versions(folder / scorer)[-1]))
    connection.ask("load_model", scorer, client_timeout=_LOAD_S)


def _service(port: int) -> tuple[Path, Connection]:
    ports = running_ports(port)
    if ports is None:
        raise InputError(f"No Tutor server runs on port {port} of this machine; start it with: tutor serve")
    return run_dir(port) / "models", Connection(Address(LOOPBACK, ports.grpc))


def _try_out(manifest: Manifest) -> None:
    """One inference here before the server is troubled; ``ModelError`` or ``EngineError`` for files that
    fail.
    """
    model = OnnxModel(manifest, threads=1)
    try:
        model.listen([np.zeros(timebase.MIN_SAMPLES, np.float32)])
    finally:
        model.close()
