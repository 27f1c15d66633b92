"""Where Tutor keeps its files, and how a file is replaced without ever being seen half written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

APP = "tutor"


def cache_dir() -> Path:
    """The user's cache folder (built engines, spoken sentences); losing it costs time only."""
    return _folder("user_cache_path", "TUTOR_CACHE_DIR")


def data_dir() -> Path:
    """The user's data folder (history, recordings, model registry); never deleted without being asked."""
    return _folder("user_data_path", "TUTOR_DATA_DIR")


def config_dir() -> Path:
    """The user's settings folder."""
    return _folder("user_config_path", "TUTOR_CONFIG_DIR")


def assets_dir() -> Path:
    """The shipped read-only files: models, lessons, drawings, samples."""
    return Path(__file__).resolve().parent.parent / "assets"


def write_atomic(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Replace ``path`` by ``data``: after a crash either the old or the new file is there, whole.

    durable: also after a power cut. That costs milliseconds a file; without it a file of the last half minute may then
    be empty, which does where thousands are written that can be made again. Raises ``OSError`` (disk full, read-only
    folder); the old file is then untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _folder(kind: str, variable: str) -> Path:
    override = os.environ.get(variable)
    if override:
        return Path(override)
    import platformdirs

    folder: Path = getattr(platformdirs, kind)(APP, appauthor=False)
    return folder
