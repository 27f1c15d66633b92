"""The bundled demo recordings and what is known to be wrong in each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tutor import paths
from tutor.errors import InstallError

SCHEMA = "tutor.samples/1"


@dataclass(frozen=True)
class KnownError:
    """``word``: index in the text; ``kind``: substituted, dropped, stress, omitted, inserted or repeated;
    ``expected``: ARPAbet phones; ``said``: phones of each word said instead, none when omitted."""

    word: int
    text: str
    kind: str
    expected: tuple[str, ...]
    said: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Sample:
    """``text``: what was to be read; ``spoken``: the other sentence heard, if any; ``summary``: a phrase."""

    path: Path
    text: str
    summary: str
    good: bool
    spoken: str
    errors: tuple[KnownError, ...]


def load_samples() -> tuple[Sample, ...]:
    """All demo recordings. Raises ``InstallError`` when their list is missing or damaged."""
    folder = paths.assets_dir() / "samples"
    try:
        data = json.loads((folder / "samples.json").read_text(encoding="utf-8"))
        if data["schema"] != SCHEMA:
            raise ValueError(f"schema {data['schema']!r}")
        return tuple(
            Sample(
                folder / entry["file"],
                entry["text"],
                entry["summary"],
                entry["good"],
                entry["spoken"] or "",
                tuple(
                    KnownError(
                        error["word"],
                        error["text"],
                        error["kind"],
                        tuple(error["expected"]),
                        tuple(tuple(phones) for phones in error["said"]),
                    )
                    for error in entry["errors"]
                ),
            )
            for entry in data["samples"]
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InstallError(
            "The list {file} is damaged ({error}); reinstall Tutor.",
            file=folder / "samples.json",
            error=error,
        ) from error
