"""How fast a batch scores, against the bare model on the same recordings with the same number of processes."""

from __future__ import annotations

import json
import pickle
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tutor.acoustic import Floats, ScorerInput
from tutor.assess import score_utterance, utterance
from tutor.batch import JOURNAL, FileDone, OpenModel, OpenRecorder, Settings, prompt_of, run_batch
from tutor.clip import MAX_S, read_clip
from tutor.decode import decode
from tutor.errors import Cancelled, EngineError
from tutor.intake import Item
from tutor.progress import Progress, silent
from tutor.timebase import seconds_of
from tutor.workers import run_jobs

FORMATS = ("wav", "flac", "opus")
_IN_TURN = 20
"""Recordings before the next way is timed: close enough together that a busy machine treats all alike."""

_UNSTEADY = 0.25
"""Share of the files that is not counted at the start, while processes and models still load."""


@dataclass(frozen=True)
class Speed:
    """Seconds of sound per second, medians of the rounds.

    ``bare``: the two graphs alone, on sound and evidence that lie ready in memory. ``fed``: the same with each file
    decoded first, which no way of scoring can do without. ``batch``: from file to journal, all by the clock.
    ``share`` and ``fed_share``: what bare and fed need of the processor time that one worker's whole path needs, from
    file to record; by the clock they come out the same on an idle machine, but not on a busy one.
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
class Times:
    """``audio_s`` of sound; clock time of bare and fed; processor time of bare, fed and the whole path, all in s."""

    audio_s: float
    bare_s: float
    fed_s: float
    bare_cpu_s: float
    fed_cpu_s: float
    path_cpu_s: float


@dataclass(frozen=True)
class OpenTimed:
    """Opens a model in a worker; the job prepares all inputs of some items, then times them three ways, in turn."""

    open_model: OpenModel
    settings: Settings

    def __call__(self) -> Callable[[tuple[Item, ...]], Times]:
        model = self.open_model()
        record = OpenRecorder(self.open_model, self.settings, None)()

        def run(items: tuple[Item, ...]) -> Times:
            ready: list[tuple[Item, Floats, ScorerInput]] = []
            audio_s = 0.0
            for item in items:
                clip = read_clip(item.audio)
                scored = score_utterance(clip, prompt_of(item, self.settings), model)
                ready.append((item, utterance(clip), scored.evidence))
                audio_s += seconds_of(len(clip.samples))

            def bare(item: Item, samples: Floats, evidence: ScorerInput) -> None:
                model.listen([samples])
                model.score([evidence])

            def fed(item: Item, samples: Floats, evidence: ScorerInput) -> None:
                decode(item.audio, MAX_S)
                bare(item, samples, evidence)

            def path(item: Item, samples: Floats, evidence: ScorerInput) -> None:
                # What the other side of the pipe does with it counts too.
                json.dumps(pickle.loads(pickle.dumps(record((item,)))))

            clock, cpu = [0.0] * 3, [0.0] * 3
            for start in range(0, len(ready), _IN_TURN):
                for way, work in enumerate((bare, fed, path)):
                    began, began_cpu = time.perf_counter(), time.process_time()
                    for inputs in ready[start : start + _IN_TURN]:
                        work(*inputs)
                    clock[way] += time.perf_counter() - began
                    cpu[way] += time.process_time() - began_cpu
            return Times(audio_s, *clock[:2], *cpu)

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
    rates: list[tuple[float, float, float]] = []
    shares: list[tuple[float, float]] = []
    audio_s = 0.0
    for turn in range(rounds):
        if not progress(f"measuring {kind}", turn, rounds):
            raise Cancelled("The measurement was stopped.")
        parts = [tuple(items[number::workers]) for number in range(workers)]
        outcomes = list(run_jobs(parts, OpenTimed(open_model, settings), workers))
        for outcome in outcomes:
            if outcome.result is None:
                raise EngineError(f"The bare model could not be measured: {outcome.error}")
        times = [outcome.result for outcome in outcomes if outcome.result is not None]
        audio_s = sum(part.audio_s for part in times)
        bare = sum(part.audio_s / part.bare_s for part in times)
        fed = sum(part.audio_s / part.fed_s for part in times)
        rates.append((bare, fed, _batch_rate(items, open_model, settings, folder, workers, audio_s)))
        path_s = sum(part.path_cpu_s for part in times)
        shares.append((sum(part.bare_cpu_s for part in times) / path_s, sum(part.fed_cpu_s for part in times) / path_s))
    medians = np.median(rates, axis=0).tolist()
    return Speed(kind, len(items), audio_s, workers, *medians, *np.median(shares, axis=0).tolist())


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
