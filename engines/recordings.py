"""Recordings for building, verifying and comparing: the bundled samples, or any folder of audio with texts
beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engines.calibration_set import PLACES, Place, recorded
from engines.verify import Case
from tutor.acoustic import Floats
from tutor.clip import read_clip
from tutor.errors import AudioError, CorpusError
from tutor.samples import load_samples
from tutor.timebase import MAX_SAMPLES, MIN_SAMPLES

AUDIO = (".wav", ".flac", ".ogg", ".mp3")


def load_cases(folder: Path | None = None, *, limit: int = 0) -> list[Case]:
    """Recordings of ``folder`` (default: the bundled samples) with the text of the same-named .txt or .lab
    file, or those of a rated corpus (``tutor.corpus``), spread over its speakers if there is a limit.

    Whole recordings up to 15 s; longer ones are cut there and lose their text. Raises ``CorpusError`` when
    none is usable.
    """
    cases: list[Case] = []
    for path, text in _found(folder, limit):
        if limit and len(cases) == limit:
            break
        try:
            samples = read_clip(path).samples
        except AudioError:
            # One broken file among many must not stop a build; an empty set does.
            continue
        if len(samples) >= MIN_SAMPLES:
            kept = text if len(samples) <= MAX_SAMPLES else ""
            cases.append(Case(path.stem, np.ascontiguousarray(samples[:MAX_SAMPLES]), kept))
    if not cases:
        where = folder or "the installation"
        raise CorpusError(
            "No usable recording lies in {where}; name a folder with {kinds} files.",
            where=where,
            kinds=", ".join(AUDIO),
        )
    return cases


def noisy_cases(cases: Sequence[Case], *, places: Sequence[Place] = PLACES[1:], seed: int = 11) -> list[Case]:
    """Each case once more in one of the noisy places, in turn, and cut pieces of many lengths without
    text.
    """
    rng = np.random.default_rng(seed)
    voices = [case.samples for case in cases]
    made = []
    for index, case in enumerate(cases):
        place = places[index % len(places)]
        made.append(
            Case(f"{case.name} ({place.name})", recorded(case.samples, place, voices, rng), case.text)
        )
        length = int(rng.integers(MIN_SAMPLES, len(case.samples) + 1))
        made.append(Case(f"{case.name} (cut)", np.ascontiguousarray(case.samples[:length])))
    return made


def voices(folder: Path | None = None) -> list[Floats]:
    """Just the sound of ``load_cases``."""
    return [case.samples for case in load_cases(folder)]


def _found(folder: Path | None, limit: int) -> list[tuple[Path, str]]:
    if folder is None:
        return _bundled()
    return _rated(folder, limit) if (folder / "labels.json").is_file() else _beside(folder)


def _bundled() -> list[tuple[Path, str]]:
    return [(sample.path, sample.text) for sample in load_samples()]


def _beside(folder: Path) -> list[tuple[Path, str]]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO)
    return [(path, _text_of(path)) for path in paths]


def _rated(folder: Path, limit: int) -> list[tuple[Path, str]]:
    from tutor.corpus import load_rated, select

    return [(sentence.audio, sentence.text) for sentence in select(load_rated(folder), "all", limit or None)]


def _text_of(path: Path) -> str:
    for suffix in (".txt", ".lab"):
        beside = path.with_suffix(suffix)
        if beside.is_file():
            return " ".join(beside.read_text(encoding="utf-8").split())
    return ""
