"""The reference voice that ships: every lesson item at two speeds, with word times (``assets/voice``)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutor.errors import InstallError
from tutor.paths import assets_dir

SCHEMA = "tutor.voice/1"
SPEEDS = ("normal", "slow")


@dataclass(frozen=True)
class WordTime:
    """One word of a spoken sentence; seconds from its start."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Spoken:
    """A sentence said by a voice: float32 (n,) mono ``samples``, −1 to 1; ``words`` empty where times are unknown."""

    samples: NDArray[np.float32]
    rate_hz: int
    words: tuple[WordTime, ...]
    voice: str


def words_of(text: str) -> tuple[str, ...]:
    """The words of a lesson text, in order, without punctuation."""
    return tuple(re.findall(r"[A-Za-z][A-Za-z']*", text))


def has_reference(item_id: str) -> bool:
    """Whether a recording of this lesson item ships."""
    return item_id in _index(assets_dir() / "voice")["items"]


def reference(item_id: str, speed: str = "normal") -> Spoken:
    """The shipped reading of a lesson item at ``normal`` or ``slow`` speed. About 10 ms.

    Raises ``KeyError`` for an item without one (see ``has_reference``) and ``InstallError`` for a damaged file.
    """
    import soundfile

    folder = assets_dir() / "voice"
    index = _index(folder)
    entry = index["items"][item_id]
    recording = entry[speed]
    path = folder / recording["file"]
    try:
        samples, rate_hz = soundfile.read(path, dtype="float32")
    except (soundfile.SoundFileError, OSError) as error:
        raise InstallError(
            "reference recording {file} is missing or damaged: install Tutor again",
            file=path.name,
        ) from error
    times = zip(words_of(entry["text"]), recording["words"], strict=True)
    return Spoken(samples, rate_hz, tuple(WordTime(word, *span) for word, span in times), index["voice"])


@lru_cache(maxsize=2)
def _index(folder: Path) -> dict[str, Any]:
    path = folder / "index.json"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InstallError(
            "{path} is missing or damaged ({error}): install Tutor again",
            path=path,
            error=error,
        ) from error
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise InstallError(
            "{path} is not of schema {schema}: install Tutor again",
            path=path,
            schema=SCHEMA,
        )
    return data
