"""Which backend answers: an ordered list, each refusal kept with its reason."""

from __future__ import annotations

from pathlib import Path

from engines.manifest import load_manifest
from tutor.acoustic import Model
from tutor.errors import InputError
from tutor.paths import assets_dir
from tutor.progress import Progress, silent

ENGINES = ("auto", "onnx_cpu", "onnx_cuda", "tensorrt", "tensorrt_rtx", "canned")


def open_model(
    name: str = "main", engine: str = "auto", *, progress: Progress = silent, threads: int = 0
) -> Model:
    """The model ``name`` (“main”, “light” or a model folder) run by ``engine``.

    Raises ``InputError`` for an unknown engine, ``ModelError`` for unusable files.
    """
    if engine == "canned":
        from engines.canned import CannedModel

        return CannedModel(reason="asked for")
    if engine not in ENGINES:
        raise InputError(
            f"No engine is called {engine!r}; choose one of {', '.join(ENGINES)} or triton://host:port."
        )
    from engines.onnx_cpu import OnnxModel

    return OnnxModel(load_manifest(folder_of(name)), threads=threads, reason="always there")


def folder_of(name: str) -> Path:
    """The folder of a model: a shipped name, or a path (to the folder or the manifest in it)."""
    path = Path(name)
    if path.is_file():
        return path.parent
    return path if path.is_dir() else assets_dir() / "models" / name
