"""manifest.json of a model folder: what its graphs expect and answer, checked before anything is loaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tutor import phones, timebase
from tutor.errors import ModelError
from tutor.paths import write_atomic

SCHEMA = "tutor.model/1"
FILE = "manifest.json"
SCORER_INPUTS = ("phones", "words", "counts", "features", "hidden")
SCORER_OUTPUTS = ("phone", "phone_spread", "word", "sentence")
BLANK, IGNORED = "<blank>", "<ignored>"
"""What a foreign model's token may stand for in ``TokenMap.tokens`` besides a phone."""


@dataclass(frozen=True)
class Profile:
    """Smallest, usual and largest ``batch`` and ``samples`` that a built engine must take."""

    batch: tuple[int, int, int]
    samples: tuple[int, int, int]


@dataclass(frozen=True)
class TokenMap:
    """How a foreign CTC model is heard: class i stands for ``tokens[i]``, an ARPAbet phone, BLANK or IGNORED.

    ``input`` and ``output`` name its tensors (waveform in, logits out); ``normalise``: it wants each clip
    with mean 0 and variance 1, as wav2vec2 does.
    """

    tokens: tuple[str, ...]
    input: str
    output: str
    normalise: bool


@dataclass(frozen=True)
class Graph:
    """One ONNX file: ``inputs`` and ``outputs`` map tensor names to ``dtype[axes]``."""

    file: str
    sha256: str
    precision: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    features: tuple[str, ...] = ()
    token_map: TokenMap | None = None


@dataclass(frozen=True)
class Manifest:
    """A model folder whose files are there and whole; ``scorer`` is None for a model without its own.

    ``acoustic_cpu``: the same network with INT8 products, where that was measured to be faster and as good
    on CPUs.
    """

    folder: Path
    name: str
    version: str
    acoustic: Graph
    scorer: Graph | None
    profiles: Mapping[str, Profile]
    calibration: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    parents: tuple[str, ...] = ()
    acoustic_cpu: Graph | None = None

    @property
    def title(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def int8_keep(self) -> tuple[str, ...]:
        """Nodes that INT8 leaves alone, as a sweep has found them."""
        return tuple(str(node) for node in self.calibration.get("int8_keep", ()))

    @property
    def acoustic_path(self) -> Path:
        return self.folder / self.acoustic.file

    @property
    def scorer_path(self) -> Path | None:
        return None if self.scorer is None else self.folder / self.scorer.file


DEFAULT_PROFILES = {
    "interactive": Profile((1, 1, 1), (timebase.MIN_SAMPLES, 80_000, timebase.MAX_SAMPLES)),
    # The memory of a profile is that of its largest shape; longer clips go through the first one by one.
    "batch": Profile((1, 16, 64), (timebase.MIN_SAMPLES, 64_000, 96_000)),
}


def load_manifest(folder: Path, *, check_files: bool = True) -> Manifest:
    """Read and check ``folder/manifest.json`` and, unless told otherwise, the sha256 of every file it names.

    Raises ``ModelError`` when anything is missing, cut short, changed, or made for another version of Tutor.
    """
    path = folder / FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(
            "No model in {folder}: {file} is missing; reinstall Tutor or name another folder.",
            folder=folder,
            file=FILE,
        ) from error
    except (OSError, ValueError) as error:
        raise ModelError(
            "{path} cannot be read as JSON ({error}); reinstall the model.",
            path=path,
            error=error,
        ) from error
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        found = data.get("schema") if isinstance(data, dict) else type(data).__name__
        raise ModelError(
            "{path} has schema {found!r} where {schema!r} was expected; use a model of this Tutor version.",
            path=path,
            found=found,
            schema=SCHEMA,
        )
    try:
        manifest = _parse(folder, data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        detail = f"{type(error).__name__}: {error}"
        raise ModelError(
            "{path} lacks or garbles an entry ({detail}); export the model again.",
            path=path,
            detail=detail,
        ) from error
    if check_files:
        for graph in (manifest.acoustic, manifest.acoustic_cpu, manifest.scorer):
            if graph is not None:
                _check_file(folder / graph.file, graph.sha256)
    return manifest


def note(folder: Path, name: str, value: Any) -> None:
    """Write ``name`` under ``calibration`` in the folder's manifest."""
    data = json.loads((folder / FILE).read_text(encoding="utf-8"))
    data.setdefault("calibration", {})[name] = value
    write_atomic(folder / FILE, (json.dumps(data, indent=1) + "\n").encode())


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file's bytes; ``OSError`` where it cannot be read."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _parse(folder: Path, data: dict[str, Any]) -> Manifest:
    acoustic = _graph(data["acoustic"])
    _same("sample_rate", data["sample_rate"], timebase.SAMPLE_RATE)
    if acoustic.token_map is None:
        _same("frame_samples", data["frame_samples"], timebase.FRAME_SAMPLES)
        _same("phones", tuple(data["phones"]), phones.ORDER)
        _names("acoustic inputs", acoustic.inputs, ("samples", "lengths"))
        _names("acoustic outputs", acoustic.outputs, ("log_posteriors", "frame_log_posteriors", "hidden"))
    scorer = _graph(data["scorer"]) if data.get("scorer") else None
    if scorer is not None:
        _names("scorer inputs", scorer.inputs, SCORER_INPUTS)
        _names("scorer outputs", scorer.outputs, SCORER_OUTPUTS)
    acoustic_cpu = _graph(data["acoustic_cpu"]) if data.get("acoustic_cpu") else None
    profiles = {name: _profile(value) for name, value in data.get("profiles", {}).items()} or dict(
        DEFAULT_PROFILES
    )
    return Manifest(
        folder=folder,
        name=str(data["name"]),
        version=str(data["version"]),
        acoustic=acoustic,
        scorer=scorer,
        profiles=profiles,
        calibration=dict(data.get("calibration", {})),
        metrics=dict(data.get("metrics", {})),
        parents=tuple(str(parent) for parent in data.get("parents", ())),
        acoustic_cpu=acoustic_cpu,
    )


def _graph(data: dict[str, Any]) -> Graph:
    name = str(data["file"])
    if Path(name).name != name:
        raise ValueError(f"file {name!r} is not a plain name inside the model folder")
    return Graph(
        file=name,
        sha256=str(data["sha256"]),
        precision=str(data.get("precision", "fp32")),
        inputs=dict(data["inputs"]),
        outputs=dict(data["outputs"]),
        features=tuple(str(feature) for feature in data.get("features", ())),
        token_map=_token_map(data["token_map"]) if data.get("token_map") else None,
    )


def _token_map(data: dict[str, Any]) -> TokenMap:
    tokens = tuple(str(token) for token in data["tokens"])
    for token in tokens:
        if token not in (BLANK, IGNORED):
            phones.index_of(token)
    if tokens.count(BLANK) != 1:
        raise ValueError(f"{tokens.count(BLANK)} tokens are {BLANK} where exactly 1 was expected")
    return TokenMap(tokens, str(data["input"]), str(data["output"]), bool(data.get("normalise", False)))


def _profile(data: dict[str, Any]) -> Profile:
    batch, samples = (tuple(int(value) for value in data[axis]) for axis in ("batch", "samples"))
    for axis in (batch, samples):
        if len(axis) != 3 or list(axis) != sorted(axis) or axis[0] < 1:
            raise ValueError(f"profile axis {list(axis)} is not [smallest, usual, largest]")
    return Profile((batch[0], batch[1], batch[2]), (samples[0], samples[1], samples[2]))


def _same(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise ValueError(f"{what} is {str(found)[:80]}, expected {str(expected)[:80]}")


def _names(what: str, found: Mapping[str, str], expected: tuple[str, ...]) -> None:
    missing = [name for name in expected if name not in found]
    if missing:
        raise ValueError(f"{what} lack {', '.join(missing)}")


def _check_file(path: Path, expected: str) -> None:
    try:
        found = sha256_of(path)
    except OSError as error:
        raise ModelError("Model file {path} is missing or unreadable; reinstall the model.", path=path) from error
    if found != expected:
        raise ModelError(
            "Model file {path} is damaged (sha256 {found}…, expected {expected}…); reinstall it.",
            path=path,
            found=found[:12],
            expected=expected[:12],
        )
