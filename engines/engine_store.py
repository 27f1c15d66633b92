"""Built TensorRT engines in the user's cache: found by what they were built from, never loaded when in
doubt.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from engines.manifest import Manifest, Profile, sha256_of
from tutor.errors import ModelError
from tutor.paths import cache_dir, write_atomic

SCHEMA = "tutor.engine/1"
PASSED, FAILED, UNTRIED = "passed", "failed", "untried"
"""Verdicts of the parity gate; UNTRIED: built for a GPU that this machine does not have."""

_OURS = (".plan", ".json", ".onnx", ".npz", ".scales")
"""Engines, sidecars, typed graphs and what calibration found; timing caches stay, since they serve the next build."""


@dataclass(frozen=True)
class EngineKey:
    """All that an engine depends on. ``gpu`` and ``driver`` are empty for one built ahead for ``target``; ``kept`` are
    nodes that INT8 leaves alone.
    """

    model: str
    model_sha256: str
    library: str
    gpu: str
    driver: int
    precision: str
    target: str
    profiles: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]
    kept: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """sha256 of every field."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    @property
    def stem(self) -> str:
        return f"{self.model}-{self.library.split(' ')[0]}-{self.target}-{self.precision}-{self.digest[:12]}"


@dataclass(frozen=True)
class StoredEngine:
    """One engine file and what its sidecar says of it. ``verification``: figures of the gate, or why it
    failed.
    """

    path: Path
    key: EngineKey
    sha256: str
    size_bytes: int
    build_s: float
    verdict: str
    verification: Mapping[str, Any]

    @property
    def sidecar(self) -> Path:
        return self.path.with_suffix(".json")


def key_of(
    manifest: Manifest,
    library: str,
    precision: str,
    *,
    target: str = "current",
    gpu: str = "",
    driver: int = 0,
    profiles: Mapping[str, Profile] | None = None,
    kept: tuple[str, ...] = (),
) -> EngineKey:
    """The key of an engine; ahead-of-time targets leave ``gpu`` and ``driver`` out."""
    chosen = manifest.profiles if profiles is None else profiles
    return EngineKey(
        model=manifest.name,
        model_sha256=manifest.acoustic.sha256,
        library=library,
        gpu=gpu if target == "current" else "",
        driver=driver if target == "current" else 0,
        precision=precision,
        target=target,
        profiles=tuple((name, profile.batch, profile.samples) for name, profile in chosen.items()),
        kept=kept,
    )


def folder() -> Path:
    return cache_dir() / "engines"


def save(key: EngineKey, data: bytes, build_s: float) -> StoredEngine:
    """Write engine and sidecar, the sidecar last: an engine without one is never used. ``OSError`` on a full
    disk.
    """
    path = folder() / f"{key.stem}.plan"
    sha256 = hashlib.sha256(data).hexdigest()
    engine = StoredEngine(path, key, sha256, len(data), round(build_s, 2), UNTRIED, {})
    engine.sidecar.unlink(missing_ok=True)
    write_atomic(path, data)
    _write_sidecar(engine)
    return engine


def judge(engine: StoredEngine, verdict: str, verification: Mapping[str, Any]) -> StoredEngine:
    """Keep the gate's verdict in the sidecar."""
    judged = replace(engine, verdict=verdict, verification=dict(verification))
    _write_sidecar(judged)
    return judged


def find(key: EngineKey) -> StoredEngine:
    """The whole, unchanged engine of ``key``; ``ModelError`` says why there is none that may be loaded."""
    path = folder() / f"{key.stem}.plan"
    if not path.is_file():
        raise ModelError(
            "No engine is built for {wanted}; run: tutor engine build.",
            wanted=describe(key),
        )
    engine = _read_sidecar(path.with_suffix(".json"))
    if engine.key != key:
        raise ModelError(
            "{file} was built for {found}, not {wanted}; build it again.",
            file=path.name,
            found=describe(engine.key),
            wanted=describe(key),
        )
    check_whole(engine)
    return engine


def find_usable(key: EngineKey) -> StoredEngine:
    """The engine of ``key``, or the youngest of another precision that passed its gate where that one did not.

    ``ModelError`` as ``find``.
    """
    try:
        wanted = find(key)
    except ModelError:
        if other := _other_precision(key):
            return other
        raise
    return wanted if wanted.verdict == PASSED else _other_precision(key) or wanted


def check_whole(engine: StoredEngine) -> None:
    """``ModelError`` unless the file is byte for byte what was built."""
    try:
        found = sha256_of(engine.path)
    except OSError as error:
        raise ModelError(
            "{file} cannot be read ({error}); build it again: tutor engine build.",
            file=engine.path,
            error=error,
        ) from error
    if found != engine.sha256:
        raise ModelError(
            "{file} is damaged (its sha256 changed); build it again: tutor engine build.",
            file=engine.path.name,
        )


def list_engines() -> tuple[list[StoredEngine], list[tuple[Path, str]]]:
    """All stored engines, and the files that are none with the reason."""
    engines, refused = [], []
    for path in sorted(folder().glob("*.plan")):
        try:
            engine = _read_sidecar(path.with_suffix(".json"))
            check_whole(engine)
            engines.append(engine)
        except ModelError as error:
            refused.append((path, str(error)))
    return engines, refused


def clean(*, keep: tuple[EngineKey, ...] = ()) -> int:
    """Delete engines, sidecars and leftovers except those of ``keep``; bytes freed."""
    kept = {key.stem for key in keep}
    freed = 0
    for path in sorted(folder().glob("*")):
        if path.is_file() and path.stem not in kept and path.suffix in _OURS:
            freed += path.stat().st_size
            path.unlink(missing_ok=True)
    return freed


def describe(key: EngineKey) -> str:
    """One line for people."""
    where = key.target if key.target != "current" else f"{key.gpu}, driver {key.driver}"
    return f"{key.model} {key.precision} by {key.library} on {where}"


def _other_precision(key: EngineKey) -> StoredEngine | None:
    passed = [engine for engine in list_engines()[0] if engine.verdict == PASSED]
    alike = [engine for engine in passed if replace(engine.key, precision=key.precision, kept=key.kept) == key]
    return max(alike, key=lambda engine: engine.path.stat().st_mtime, default=None)


def _write_sidecar(engine: StoredEngine) -> None:
    content = {
        "schema": SCHEMA,
        "key": asdict(engine.key),
        "sha256": engine.sha256,
        "size_bytes": engine.size_bytes,
        "build_s": engine.build_s,
        "verdict": engine.verdict,
        "verification": dict(engine.verification),
    }
    write_atomic(engine.sidecar, json.dumps(content, indent=1).encode())


def _read_sidecar(path: Path) -> StoredEngine:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["schema"] != SCHEMA:
            raise ValueError(f"schema {data['schema']!r}")
        fields = dict(data["key"])
        fields["profiles"] = tuple(
            (name, tuple(batch), tuple(samples)) for name, batch, samples in fields["profiles"]
        )
        fields["kept"] = tuple(fields["kept"])
        return StoredEngine(
            path=path.with_suffix(".plan"),
            key=EngineKey(**fields),
            sha256=str(data["sha256"]),
            size_bytes=int(data["size_bytes"]),
            build_s=float(data["build_s"]),
            verdict=str(data["verdict"]),
            verification=dict(data["verification"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            "{file} is missing or garbled ({error}); build the engine again.",
            file=path.name,
            error=error,
        ) from error
