"""Speed and memory, measured: every stage of one take, and many speakers sharing one engine."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from tutor import timebase
from tutor.acoustic import AcousticOutput, EngineInfo, Floats, Model
from tutor.errors import Cancelled, InstallError, TutorError
from tutor.progress import Progress, silent

if TYPE_CHECKING:
    from tutor.samples import Sample

WARM_UP = 2
GATHER_S = 0.002
"""How long a batch waits for more speakers once the first is there."""


@dataclass(frozen=True)
class Spread:
    """Milliseconds of one stage over all repetitions."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True)
class StageReport:
    """``stages``: by name, in order; ``total`` is samples → scores; ``real_time``: seconds of audio per
    second.
    """

    engine: EngineInfo
    audio_s: float
    repeats: int
    stages: dict[str, Spread]
    real_time: float


@dataclass(frozen=True)
class LoadReport:
    """``speakers`` sending one take after another: latency, takes per second, takes that failed, mean
    batch.
    """

    engine: EngineInfo
    speakers: int
    latency: Spread
    takes_per_s: float
    failed: int
    mean_batch: float


def spread(seconds: Sequence[float]) -> Spread:
    """Percentiles in milliseconds; NaN of an empty sequence."""
    if not seconds:
        return Spread(float("nan"), float("nan"), float("nan"))
    p50, p95, p99 = (float(value) * 1e3 for value in np.percentile(seconds, (50, 95, 99)))
    return Spread(p50, p95, p99)


def bench_take(
    model: Model, seconds: float = 5.0, *, repeats: int = 20, progress: Progress = silent
) -> StageReport:
    """Time every stage on bundled speech of about ``seconds`` s.

    decode and prompt are timed on their own, the other stages inside one ``assess``; ``total`` is samples →
    scores.
    """
    from tutor.assess import assess
    from tutor.clip import clip_from_samples
    from tutor.prompts import make_prompt

    samples, text = speech_of(seconds)
    times: dict[str, list[float]] = {"decode": [], "prompt": []}
    totals = []
    for index in range(WARM_UP + repeats):
        if not progress("bench", index, WARM_UP + repeats):
            raise Cancelled("The measurement was stopped.")
        started = time.perf_counter()
        clip = clip_from_samples(samples, timebase.SAMPLE_RATE)
        decoded = time.perf_counter()
        prompt = make_prompt(text)
        prompted = time.perf_counter()
        result = assess(clip, prompt, model)
        ended = time.perf_counter()
        if index < WARM_UP:
            continue
        times["decode"].append(decoded - started)
        times["prompt"].append(prompted - decoded)
        for name, value in result.timing_ms.items():
            if name != "total":
                times.setdefault(name, []).append(value / 1e3)
        totals.append(ended - prompted)
    stages = {name: spread(values) for name, values in times.items()}
    stages["total"] = spread(totals)
    audio_s = timebase.seconds_of(len(samples))
    return StageReport(model.info, audio_s, repeats, stages, audio_s / (stages["total"].p50 / 1e3))


def bench_load(
    model: Model, clips: Sequence[Floats], speakers: int, *, duration_s: float = 5.0, most: int = 64
) -> LoadReport:
    """``speakers`` threads, each sending the next clip as soon as it has the answer to the last, for
    ``duration_s``.

    The takes of all are gathered into batches of up to ``most``, as a server would.
    """
    gatherer = _Gatherer(model, most)
    latencies: list[float] = []
    failures: list[TutorError] = []
    ends = time.perf_counter() + duration_s

    def speak(number: int) -> None:
        turn = number
        while time.perf_counter() < ends:
            started = time.perf_counter()
            try:
                gatherer.ask(clips[turn % len(clips)])
                latencies.append(time.perf_counter() - started)
            except TutorError as error:
                failures.append(error)
            turn += speakers

    threads = [threading.Thread(target=speak, args=(number,)) for number in range(speakers)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall_s = time.perf_counter() - started
    gatherer.close()
    return LoadReport(
        model.info, speakers, spread(latencies), len(latencies) / wall_s, len(failures), gatherer.mean_batch
    )


def speech_of(seconds: float) -> tuple[Floats, str]:
    """Good bundled readings, joined so that their length comes close to ``seconds``, with their text.

    Raises ``InstallError`` without bundled samples.
    """
    from tutor.clip import read_clip
    from tutor.samples import load_samples

    good: list[Sample] = [sample for sample in load_samples() if sample.good or not sample.spoken]
    read = [(read_clip(sample.path).samples, sample.text) for sample in good]
    if not read:
        raise InstallError("No bundled recordings were found; reinstall Tutor: python3 -m pip install .")
    choices = [chosen for count in (1, 2, 3) for chosen in combinations(read, count)]
    wanted = timebase.samples_of(seconds)
    best = min(choices, key=lambda chosen: abs(sum(len(samples) for samples, _ in chosen) - wanted))
    samples = np.concatenate([samples for samples, _ in best])[: timebase.MAX_SAMPLES]
    return np.ascontiguousarray(samples), " ".join(text for _, text in best)


def peak_memory_mb() -> float:
    """Largest resident size this process ever had, MiB; NaN where the system does not tell."""
    try:
        import resource
    except ImportError:
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


class _Gatherer:
    """One thread that answers whoever waits, as many at once as there are."""

    def __init__(self, model: Model, most: int) -> None:
        self._model = model
        self._most = most
        self._waiting: queue.SimpleQueue[_Question | None] = queue.SimpleQueue()
        self._sizes: list[int] = []
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    @property
    def mean_batch(self) -> float:
        return float(np.mean(self._sizes)) if self._sizes else 0.0

    def ask(self, clip: Floats) -> AcousticOutput:
        question = _Question(clip)
        self._waiting.put(question)
        question.answered.wait()
        if question.error is not None:
            raise question.error
        assert question.answer is not None
        return question.answer

    def close(self) -> None:
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (first := self._waiting.get()) is not None:
            questions = [first]
            until = time.perf_counter() + GATHER_S
            while len(questions) < self._most:
                try:
                    another = self._waiting.get(timeout=max(0.0, until - time.perf_counter()))
                except queue.Empty:
                    break
                if another is None:
                    self._waiting.put(None)
                    break
                questions.append(another)
            self._sizes.append(len(questions))
            self._answer(questions)

    def _answer(self, questions: Sequence[_Question]) -> None:
        try:
            answers = self._model.listen([question.clip for question in questions])
            for question, answer in zip(questions, answers, strict=True):
                question.answer = answer
        except TutorError as error:
            for question in questions:
                question.error = error
        for question in questions:
            question.answered.set()


class _Question:
    def __init__(self, clip: Floats) -> None:
        self.clip = clip
        self.answered = threading.Event()
        self.answer: AcousticOutput | None = None
        self.error: TutorError | None = None


def time_listen(
    model: Model, clip: Floats, *, repeats: int = 20, clock: Callable[[], float] = time.perf_counter
) -> Spread:
    """Latency of the acoustic model alone, clip in to posteriors out."""
    taken = []
    for index in range(WARM_UP + repeats):
        started = clock()
        model.listen([clip])
        if index >= WARM_UP:
            taken.append(clock() - started)
    return spread(taken)
