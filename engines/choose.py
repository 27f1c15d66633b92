"""Which backend answers: an ordered list, each refusal kept with its reason and shown once."""

from __future__ import annotations

import ctypes
import importlib.metadata
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engines.breaker import Backend, FallbackModel
from engines.manifest import Manifest, load_manifest
from tutor.acoustic import Model
from tutor.errors import EngineError, InputError, InstallError, Message, ModelError
from tutor.paths import assets_dir
from tutor.progress import Progress, silent

if TYPE_CHECKING:
    from engines.takeover import Ended

TENSORRT = ("tensorrt_rtx", "tensorrt")
GPU_ENGINES = ("auto", *TENSORRT, "onnx_cuda")
ENGINES = (*GPU_ENGINES, "onnx_cpu", "canned")
SERVERS = ("triton://", "tritons://")
LIGHT = "light"
GPU_PRECISION = "fp16"


@dataclass(frozen=True)
class Refusal:
    """An engine that was passed over, and why, in one line."""

    engine: str
    reason: str


@dataclass(frozen=True)
class Choice:
    """``model``: a ladder led by ``engine``; ``refusals``: what was better but could not be had."""

    model: FallbackModel
    engine: str
    refusals: tuple[Refusal, ...]


def open_model(
    name: str = "main",
    engine: str = "auto",
    *,
    progress: Progress = silent,
    threads: int = 0,
    device: int = 0,
    background: bool = False,
    ended: Ended | None = None,
) -> Model:
    """The model ``name`` (“main”, “light”, or a model folder) run by ``engine``: auto, tensorrt_rtx,
    tensorrt, onnx_cuda, onnx_cpu, canned, or triton://host:port; “auto:1” and the like mean the second GPU.

    Below the chosen engine stand ONNX Runtime on the CPU and the light model: a take that fails is answered
    there.
    threads: of the CPU engine, 0 for all physical cores. background: build a missing GPU engine in a thread,
    reporting to ``progress`` and at last to ``ended``, and let it take over between two takes.
    Raises ``InputError`` for an unknown engine, ``ModelError`` for unusable files, ``InstallError`` or
    ``EngineError`` when an engine asked for by name cannot be had.
    """
    if engine == "canned":
        from engines.canned import CannedModel

        return CannedModel(reason=Message("asked for"))
    return choose(
        name, engine, progress=progress, threads=threads, device=device, background=background, ended=ended
    ).model


def choose(
    name: str = "main",
    engine: str = "auto",
    *,
    progress: Progress = silent,
    threads: int = 0,
    device: int = 0,
    background: bool = False,
    ended: Ended | None = None,
) -> Choice:
    """As ``open_model``, with the reasons."""
    served = engine.startswith(SERVERS)
    if not served:
        engine, device = indexed(engine, device)
    if engine not in ENGINES and not served:
        raise InputError(
            "No engine is called {engine!r}; choose one of {engines} or triton://host:port.",
            engine=engine,
            engines=", ".join(ENGINES),
        )
    manifest = load_manifest(folder_of(name))
    refusals: list[Refusal] = []
    first: Backend | None = None
    missing: tuple[str, ...] = ()
    if served:
        first = Backend("triton", lambda: _open_server(engine))
    elif engine in GPU_ENGINES:
        wanted = (*TENSORRT, "onnx_cuda") if engine == "auto" else (engine,)
        first, missing = _first_usable(manifest, wanted, device, refusals, background)
    if engine not in ("auto", "onnx_cpu") and first is None and not (missing and background):
        raise InstallError(refusals[-1].reason)
    reason = (
        Message("asked for")
        if engine == "onnx_cpu"
        else (refusals[-1].reason if refusals else Message("no GPU engine was better"))
    )
    ladder = [] if first is None else [first]
    ladder.append(Backend("onnx_cpu", lambda: _open_cpu(manifest, threads, reason)))
    light = _light_below(manifest)
    if light is not None:
        ladder.append(
            Backend("onnx_cpu (light)", lambda: _open_cpu(load_manifest(light), threads, Message("everything failed")))
        )
    model = FallbackModel(ladder)
    if missing and background:
        from engines.takeover import build_in_background

        build_in_background(model, manifest, missing[0], GPU_PRECISION, device, progress, ended)
    return Choice(model, model.info.backend, tuple(refusals))


def open_alone(name: str = "main", engine: str = "onnx_cpu", *, threads: int = 0, device: int = 0) -> Model:
    """An engine called by its name with nothing below it, for work in which another's answers would be worse than none.

    Its own failures come through, ``OutOfMemory`` and ``DeviceLost`` among them. Raises as ``open_model`` does.
    """
    if engine.startswith(SERVERS):
        return _open_server(engine)
    engine, device = indexed(engine, device)
    if engine in ("auto", "canned") or engine not in ENGINES:
        return open_model(name, engine, threads=threads, device=device)
    manifest = load_manifest(folder_of(name))
    if engine == "onnx_cpu":
        return _open_cpu(manifest, threads, Message("asked for"))
    if why_not := gpu_driver():
        raise InstallError("{engine} cannot be used: {reason}.", engine=engine, reason=why_not)
    return _opener(manifest, engine, device)()


def indexed(engine: str, device: int = 0) -> tuple[str, int]:
    """“tensorrt:1” → (“tensorrt”, 1); an engine without a GPU's index keeps ``device``."""
    name, _, index = engine.partition(":")
    return (name, int(index)) if name in GPU_ENGINES and index.isdecimal() else (engine, device)


def folder_of(name: str) -> Path:
    """The folder of a model: a path (to the folder or the manifest in it), the promoted one of that name, or
    a shipped one."""
    path = Path(name)
    if path.is_file():
        return path.parent
    if path.is_dir():
        return path
    from engines.registry import promoted

    return promoted(name) or assets_dir() / "models" / name


def gpu_driver() -> Message:
    """Empty when an NVIDIA driver can be loaded; else why not. Loads nothing heavy."""
    library = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        ctypes.CDLL(library)
    except OSError:
        return Message("no NVIDIA driver is installed")
    return Message("")


def installed_version(package: str) -> str:
    """Version of an importable package without importing it; empty when it is absent."""
    if importlib.util.find_spec(package) is None:
        return ""
    names = importlib.metadata.packages_distributions().get(package, [])
    return importlib.metadata.version(names[0]) if names else "unknown"


def _first_usable(
    manifest: Manifest, wanted: tuple[str, ...], device: int, refusals: list[Refusal], background: bool
) -> tuple[Backend | None, tuple[str, ...]]:
    """The first engine that opens, and the TensorRT engines that only lack a built file."""
    why_not = gpu_driver()
    missing: list[str] = []
    for engine in wanted:
        if why_not:
            refusals.append(Refusal(engine, why_not))
            continue
        if engine in TENSORRT and importlib.util.find_spec(engine) is None:
            refusals.append(Refusal(engine, Message("{library} is not installed", library=engine)))
            continue
        opener = _opener(manifest, engine, device)
        try:
            model = opener()
        except ModelError as error:
            if engine in TENSORRT:
                missing.append(engine)
            refusals.append(Refusal(engine, error.message))
        except (EngineError, InstallError) as error:
            refusals.append(Refusal(engine, error.message))
        else:
            return _already_open(engine, model, opener), tuple(missing)
        if missing and background:
            # A better engine is about to be built: a lesser GPU engine would only fight it for the GPU.
            break
    return None, tuple(missing)


def _opener(manifest: Manifest, engine: str, device: int) -> Callable[[], Model]:
    def open_tensorrt() -> Model:
        from engines.engine_build import BuildRequest, key_for
        from engines.engine_store import find_usable
        from engines.tensorrt_model import open_engine

        stored = find_usable(key_for(BuildRequest(manifest, engine, GPU_PRECISION, device=device)))
        return open_engine(
            manifest, stored, device=device, reason=Message("GPU, library and verified engine are there")
        )

    def open_onnx_cuda() -> Model:
        from engines.onnx_cuda import open_cuda

        return open_cuda(manifest, device=device, reason=Message("ONNX Runtime has CUDA here"))

    return open_tensorrt if engine in TENSORRT else open_onnx_cuda


def _already_open(engine: str, model: Model, opener: Callable[[], Model]) -> Backend:
    """A backend whose first opening was done to find out whether it can be had."""
    waiting = [model]
    return Backend(engine, lambda: waiting.pop() if waiting else opener())


def _open_cpu(manifest: Manifest, threads: int, reason: str) -> Model:
    from engines.onnx_cpu import OnnxModel

    return OnnxModel(manifest, threads=threads, reason=reason)


def _open_server(address: str) -> Model:
    from engines.serving.client import TritonModel

    return TritonModel(address)


def _light_below(manifest: Manifest) -> Path | None:
    """The light model's folder, unless it is missing or is the one in use."""
    folder = folder_of(LIGHT)
    if manifest.name == LIGHT or not (folder / "manifest.json").is_file():
        return None
    return folder
