"""What the window remembers between runs, in one small JSON file that is replaced whole."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from tutor.errors import OutputError
from tutor.paths import config_dir, write_atomic


@dataclass(frozen=True)
class Preferences:
    """``microphone``: a device name, empty for the system's choice. ``theme``, ``language``: also ``system``.
    ``keep_audio``: the learner agrees that recordings are stored. ``geometry``: Qt's own form, base64."""

    microphone: str = ""
    theme: str = "system"
    language: str = "system"
    accent: str = "us"
    model: str = "main"
    engine: str = "auto"
    voice: str = ""
    first_language: str = ""
    auto_stop: bool = True
    auto_stop_s: float = 1.0
    keep_audio: bool = False
    show_arpabet: bool = False
    learner: str = ""
    hide_names: bool = False
    lesson: str = ""
    geometry: str = ""


def preferences_path() -> Path:
    """Where they are kept."""
    return config_dir() / "window.json"


def load(path: Path | None = None) -> Preferences:
    """The stored preferences; what is missing, damaged or of another kind falls back to the default."""
    try:
        stored = json.loads((path or preferences_path()).read_text("utf-8"))
    except (OSError, ValueError):
        return Preferences()
    return Preferences(**_known(stored)) if isinstance(stored, dict) else Preferences()


def save(preferences: Preferences, path: Path | None = None) -> None:
    """Store them. Raises ``OutputError`` where the folder cannot be written."""
    path = path or preferences_path()
    try:
        write_atomic(path, json.dumps(asdict(preferences), indent=1, ensure_ascii=False).encode())
    except OSError as error:
        raise OutputError(
            "The settings cannot be kept in {path} ({reason}); they hold until the window is closed.",
            path=path,
            reason=error.strerror,
        ) from error


def changed(preferences: Preferences, name: str, value: Any) -> Preferences:
    """A copy with one field changed."""
    return replace(preferences, **{name: value})


def _known(stored: dict[str, Any]) -> dict[str, Any]:
    defaults = Preferences()
    return {
        field.name: stored[field.name]
        for field in fields(Preferences)
        if field.name in stored and type(stored[field.name]) is type(getattr(defaults, field.name))
    }
