"""A corpus scored file by file: resumable at any moment, the same answer in any order and by any workers."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tutor import phonetics
from tutor.acoustic import EngineInfo, Model
from tutor.clip import Clip, read_clip
from tutor.columns import TRACKS
from tutor.errors import DeviceLost, EngineError, OutputError, TutorError
from tutor.intake import Item
from tutor.journal import Journal, writing
from tutor.paths import write_atomic
from tutor.progress import Progress, silent
from tutor.prompts import Prompt, make_prompt, prompt_from_phones
from tutor.result import Assessment
from tutor.timebase import MIN_SAMPLES
from tutor.workers import run_jobs

JOURNAL = "journal.jsonl"
OpenModel = Callable[[], Model]


@dataclass(frozen=True)
class Settings:
    """What decides the results.

    ``model_key``: sha256 of the model's files; ``acoustics``: pitch, intensity and formants by Praat;
    ``tracks``: also one file of pitch and intensity per recording.
    """

    model: str
    engine: str
    model_key: str
    accent: Literal["us", "uk"] = "us"
    lexicon: Path | None = None
    acoustics: bool = True
    tracks: bool = False


@dataclass(frozen=True)
class FileDone:
    """One recording finished: its overall score, or the line that says why there is none."""

    id: str
    overall: float | None
    verdict: str
    error: str


@dataclass(frozen=True)
class RunSummary:
    """What a run did. ``before``: finished by earlier runs; ``stopped``: the user asked for a stop; work is
    left.
    """

    total: int
    before: int
    scored: int
    failed: int
    stopped: bool
    audio_s: float
    wall_s: float


@dataclass(frozen=True)
class OpenRecorder:
    """Opens a model in a worker and gives the function that turns items into journal records.

    ``out``: where tracks are written; None writes none.
    """

    open_model: OpenModel
    settings: Settings
    out: Path | None

    def __call__(self) -> Callable[[tuple[Item, ...]], tuple[dict[str, Any], ...]]:
        model = self.open_model()
        chosen = introduced(model)

        def record(items: tuple[Item, ...]) -> tuple[dict[str, Any], ...]:
            nonlocal model
            try:
                return _records(items, model, chosen, self.settings, self.out)
            except EngineError as error:
                model = _reopened(model, self.open_model, error)
                return _records(items, model, chosen, self.settings, self.out)

        return record


def run_batch(
    items: Sequence[Item],
    out: Path,
    open_model: OpenModel,
    settings: Settings,
    *,
    workers: int = 2,
    batch_size: int = 1,
    retry_failed: bool = False,
    progress: Progress = silent,
    finished: Callable[[FileDone], None] = lambda done: None,
) -> RunSummary:
    """Score what ``out``'s journal does not hold yet; call ``outputs.write_outputs`` when nothing is left.

    ``progress`` returning False finishes the files in hand and stops; ``finished`` hears of every file.
    Batches hold recordings of like length, and are the same whatever was done before. Raises ``OutputError``
    when ``out`` cannot be written, ``ModelError`` and others when no model can be opened.
    """
    started = time.perf_counter()
    with Journal(out / JOURNAL) as journal:
        tracks = settings.tracks and settings.acoustics and phonetics.installed()
        wanted = {
            item.id
            for item in items
            if (entry := journal.entries.get(item.id)) is None
            or entry.key != key_of(item, settings)
            or (retry_failed and entry.failed)
            or (tracks and not entry.failed and not _size(track_of(out, item)))
        }
        state = _State(journal, len(items), wanted, progress, finished)
        opener = OpenRecorder(open_model, settings, out)
        chunks = [chunk for chunk in _chunks(items, batch_size) if any(item.id in wanted for item in chunk)]
        for outcome in run_jobs(chunks, opener, workers, state.keep_going):
            if outcome.result is not None:
                state.add(outcome.result)
            elif len(chunks[outcome.index]) == 1:
                state.add((_failure(chunks[outcome.index][0], settings, outcome.error),))
            else:
                state.singly.extend(chunks[outcome.index])
        # What failed in company is tried alone, so that one bad file takes no other with it.
        alone = [(item,) for item in state.singly]
        for outcome in run_jobs(alone, opener, workers, state.keep_going) if alone else ():
            failure = _failure(alone[outcome.index][0], settings, outcome.error)
            state.add((failure,) if outcome.result is None else outcome.result)
    done = state.before + state.scored + state.failed
    wall_s = time.perf_counter() - started
    return RunSummary(
        len(items), state.before, state.scored, state.failed, done < len(items), state.audio_s, wall_s
    )


def key_of(item: Item, settings: Settings) -> str:
    """Changes whenever the recording's file, its text or a setting changes: what was scored then is out of
    date.
    """
    try:
        status = item.audio.stat()
        file = [str(item.audio), status.st_size, status.st_mtime_ns]
    except OSError:
        file = [str(item.audio)]
    parts = [file, item.text, item.words, _texts(settings)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]


@lru_cache(maxsize=8)
def _texts(settings: Settings) -> dict[str, str]:
    return {key: str(value) for key, value in asdict(settings).items()}


def prompt_of(item: Item, settings: Settings) -> Prompt:
    """What the item should sound like, by the corpus's own pronunciations where it gives them."""
    if item.words:
        return prompt_from_phones(item.text, item.words)
    return make_prompt(item.text, accent=settings.accent, lexicon=settings.lexicon)


class _State:
    """Counts and reports of a run."""

    def __init__(
        self,
        journal: Journal,
        total: int,
        wanted: set[str],
        progress: Progress,
        finished: Callable[[FileDone], None],
    ) -> None:
        self._journal, self._total, self._wanted = journal, total, wanted
        self.before = total - len(wanted)
        self._progress, self._finished = progress, finished
        self.scored = self.failed = 0
        self.audio_s = 0.0
        self.singly: list[Item] = []

    def keep_going(self) -> bool:
        return self._progress("scoring", self.before + self.scored + self.failed, self._total)

    def add(self, records: Sequence[dict[str, Any]]) -> None:
        for record in records:
            if record["id"] not in self._wanted:
                continue
            self._wanted.discard(record["id"])
            self._journal.append(record)
            error = record.get("error", "")
            assessment = record.get("assessment")
            if assessment is None:
                self.failed += 1
                self._finished(FileDone(record["id"], None, "", error))
            else:
                self.scored += 1
                self.audio_s += assessment["audio"]["duration_s"]
                overall = assessment["scores"]["overall"]
                self._finished(FileDone(record["id"], overall, assessment["verdict"], ""))


def _chunks(items: Sequence[Item], batch_size: int) -> list[tuple[Item, ...]]:
    if batch_size <= 1:
        return [(item,) for item in items]
    # The file's size stands for its length: exact enough to keep padding small, and no file need be opened. Large ones
    # come first: too little memory shows at once, and no worker ends on an hour of sound while the others wait.
    ordered = iter(sorted(items, key=lambda item: (-_size(item.audio), item.id)))
    return list(iter(lambda: tuple(islice(ordered, batch_size)), ()))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def introduced(model: Model) -> EngineInfo:
    """Who answers, told after one answer: a server does not say before which of its models that will be."""
    model.listen([np.zeros(MIN_SAMPLES, np.float32)])
    return model.info


def same_engine(chosen: EngineInfo, answer: Assessment) -> None:
    """Raises ``EngineError`` when another engine or model answered: a run that mixes them compares nothing.

    A model may stand on others that take over when it fails, which is right for a learner but not here.
    """
    now = answer.engine
    if (now.backend, now.model, now.precision) != (chosen.backend, chosen.model, chosen.precision):
        message = f"{chosen.model} on {chosen.backend} failed and {now.model} on {now.backend} took over"
        raise EngineError(f"{message}; score this file again with --retry-failed.")


def _reopened(model: Model, open_model: OpenModel, failure: EngineError) -> Model:
    """The model opened anew after a failure. ``DeviceLost``, which ends the run, where that cannot be done: every further
    file would fail alike.
    """
    # What failed may refuse to close as well; the new one does not depend on it.
    with contextlib.suppress(EngineError):
        model.close()
    try:
        return open_model()
    except TutorError as error:
        raise DeviceLost(
            f"The engine failed ({failure}) and cannot be opened again ({error}); what is finished is kept, and the same "
            "command goes on from there."
        ) from failure


def _records(
    items: tuple[Item, ...], model: Model, chosen: EngineInfo, settings: Settings, out: Path | None
) -> tuple[dict[str, Any], ...]:
    from tutor.assess import assess, assess_batch

    answers: dict[str, Assessment | TutorError] = {}
    ready: dict[str, tuple[Clip, Prompt]] = {}
    for item in items:
        try:
            ready[item.id] = (read_clip(item.audio), prompt_of(item, settings))
        except TutorError as error:
            answers[item.id] = error
    pairs = list(ready.values())
    if len(pairs) == 1:
        scored: Sequence[Assessment | TutorError] = [assess(*pairs[0], model)]
    else:
        scored = assess_batch(pairs, model)
    answers.update(zip(ready, scored, strict=True))
    records = []
    for item in items:
        answer = answers[item.id]
        try:
            if isinstance(answer, TutorError):
                raise answer
            same_engine(chosen, answer)
            records.append(_record(item, ready[item.id][0], answer, settings, out))
        except OutputError:
            raise
        except TutorError as error:
            records.append(_failure(item, settings, str(error)))
    return tuple(records)


def _failure(item: Item, settings: Settings, message: str) -> dict[str, Any]:
    return {"id": item.id, "key": key_of(item, settings), "error": message}


def _record(
    item: Item, clip: Clip, answer: Assessment, settings: Settings, out: Path | None
) -> dict[str, Any]:
    assessment = answer.to_json()
    timing_ms = assessment.pop("timing_ms")
    measured = None
    if settings.acoustics and phonetics.installed():
        summary, tracks = phonetics.measure(clip.samples, answer)
        measured = _rounded(asdict(summary))
        if settings.tracks and out is not None:
            write_track(track_of(out, item), tracks)
    return {
        "id": item.id,
        "key": key_of(item, settings),
        "audio_sha256": hashlib.sha256(item.audio.read_bytes()).hexdigest(),
        "assessment": assessment,
        "phonetics": measured,
        "timing_ms": timing_ms,
    }


def track_of(out: Path, item: Item) -> Path:
    """Where a recording's track is; one that is missing or that a power cut left empty is made again."""
    return out / "tracks" / f"{item.id}.csv"


def write_track(path: Path, tracks: phonetics.Tracks) -> None:
    """Pitch and intensity of one recording as CSV, one row per 10 ms; empty cells where there is no value."""
    rows = [",".join(column.name for column in TRACKS)]
    columns = (tracks.times_s, tracks.hz, tracks.semitones, tracks.voiced, tracks.intensity_db)
    for time_s, hz, semitones, voiced, level in zip(*columns, strict=True):
        numbers = ["" if np.isnan(value) else f"{value:.2f}" for value in (hz, semitones, level)]
        rows.append(f"{time_s:.4f},{numbers[0]},{numbers[1]},{int(voiced)},{numbers[2]}")
    with writing(path):
        write_atomic(path, ("\n".join(rows) + "\n").encode(), durable=False)


def records_of(journal: Journal, items: Sequence[Item]) -> Iterator[tuple[Item, dict[str, Any]]]:
    """Items with their records, in the order of the items, one in memory at a time."""
    for item in items:
        if item.id in journal.entries:
            yield item, journal.read(item.id)


def _rounded(value: Any) -> Any:
    """Numbers as they will be written, NaN as None: JSON has no NaN."""
    if isinstance(value, float):
        return round(value, 2) if np.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value
