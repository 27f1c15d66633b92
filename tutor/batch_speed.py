"""How fast a batch scores, against the bare model on the same recordings with the same number of processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tutor.acoustic import Floats, ScorerInput
from tutor.assess import score_utterance, utterance
from tutor.batch import JOURNAL, FileDone, OpenModel, Settings, prompt_of, run_batch
from tutor.clip import MAX_S, read_clip
from tutor.decode import decode
from tutor.errors import Cancelled, EngineError
from tutor.intake import Item
from tutor.progress import Progress, silent
from tutor.timebase import seconds_of
from tutor.workers import run_jobs

FORMATS = ("wav", "flac", "opus")
_UNSTEADY = 0.25
"""Share of the files that is not counted at the start, while processes and models still load."""


@dataclass(frozen=True)
class Speed:
    """Seconds of sound per second, medians of the rounds.

    ``bare``: the two graphs alone, on sound and evidence that lie ready in memory. ``fed``: the same with each file
    decoded first, which no way of scoring can do without. ``batch``: from file to journal. ``share`` and ``fed_share``:
    batch / bare and batch / fed.
    """

    format: str
    recordings: int
    audio_s: float
    workers: int
    bare: float
    fed: float
    batch: float
    share: float
    fed_share: float


@dataclass(frozen=True)
class OpenBare:
    """Opens a model in a worker; the job prepares all inputs of some items, then times the model on them.

    The answer: seconds of sound, seconds taken by the model, and by decoding and the model.
    """

    open_model: OpenModel
    settings: Settings

    def __call__(self) -> Callable[[tuple[Item, ...]], tuple[float, float, float]]:
        model = self.open_model()

        def run(items: tuple[Item, ...]) -> tuple[float, float, float]:
            ready: list[tuple[Floats, ScorerInput]] = []
            audio_s = 0.0
            for item in items:
                clip = read_clip(item.audio)
                scored = score_utterance(clip, prompt_of(item, self.settings), model)
                ready.append((utterance(clip), scored.evidence))
                audio_s += seconds_of(len(clip.samples))
            begun = time.perf_counter()
            for samples, evidence in ready:
                model.listen([samples])
                model.score([evidence])
            bare_s = time.perf_counter() - begun
            begun = time.perf_counter()
            for item, (samples, evidence) in zip(items, ready, strict=True):
                decode(item.audio, MAX_S)
                model.listen([samples])
                model.score([evidence])
            return audio_s, bare_s, time.perf_counter() - begun

        return run


def measure_speed(
    items: Sequence[Item],
    open_model: OpenModel,
    settings: Settings,
    folder: Path,
    *,
    workers: int = 2,
    rounds: int = 3,
    kind: str = "as given",
    progress: Progress = silent,
) -> Speed:
    """Bare model and batch in turn, ``rounds`` times; the journals go to ``folder``.

    Raises ``EngineError`` when a recording cannot be scored, ``Cancelled`` when progress asks to stop.
    """
    bare, fed, batch = [], [], []
    audio_s = 0.0
    for turn in range(rounds):
        if not progress(f"measuring {kind}", turn, rounds):
            raise Cancelled("The measurement was stopped.")
        parts = [tuple(items[number::workers]) for number in range(workers)]
        outcomes = list(run_jobs(parts, OpenBare(open_model, settings), workers))
        for outcome in outcomes:
            if outcome.result is None:
                raise EngineError(f"The bare model could not be measured: {outcome.error}")
        answers = [outcome.result for outcome in outcomes if outcome.result is not None]
        bare.append(sum(seconds / taken for seconds, taken, _ in answers))
        fed.append(sum(seconds / taken for seconds, _, taken in answers))
        audio_s = sum(seconds for seconds, _, _ in answers)
        batch.append(_batch_rate(items, open_model, settings, folder, workers, audio_s))
    rates = np.array([bare, fed, batch])
    medians = np.median(rates, axis=1).tolist()
    shares = np.median(rates[2] / rates[:2], axis=1).tolist()
    return Speed(kind, len(items), audio_s, workers, *medians, *shares)


def converted(items: Sequence[Item], kind: str, folder: Path) -> list[Item]:
    """The same recordings as 16-bit wav or flac, or as Ogg Opus, in ``folder``."""
    import soundfile

    folder.mkdir(parents=True, exist_ok=True)
    copies = []
    for number, item in enumerate(items):
        samples, rate_hz = soundfile.read(item.audio, dtype="float32")
        path = folder / f"{number}.{kind}"
        if kind == "opus":
            soundfile.write(path, samples, rate_hz, format="OGG", subtype="OPUS")
        else:
            soundfile.write(path, samples, rate_hz, subtype="PCM_16")
        copies.append(replace(item, audio=path))
    return copies


def _batch_rate(
    items: Sequence[Item], open_model: OpenModel, settings: Settings, folder: Path, workers: int, audio_s: float
) -> float:
    times: list[float] = []

    def finished(done: FileDone) -> None:
        if done.error:
            raise EngineError(f"{done.id} could not be scored: {done.error}")
        times.append(time.perf_counter())

    (folder / JOURNAL).unlink(missing_ok=True)
    run_batch(items, folder, open_model, settings, workers=workers, finished=finished)
    skipped = int(_UNSTEADY * len(times))
    return audio_s * (1 - (skipped + 1) / len(times)) / (times[-1] - times[skipped])
