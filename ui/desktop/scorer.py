"""Scoring in the window: the model is loaded in the background, a failed engine is replaced, stale work is
dropped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from tutor.acoustic import EngineInfo, Model
from tutor.clip import Clip, clip_from_samples, read_clip
from tutor.errors import EngineError
from tutor.lexicon import Accent
from tutor.progress import Progress as ProgressReport
from tutor.prompts import Prompt, make_prompt
from tutor.result import Assessment, WordResult
from ui.desktop.job import Job, Jobs

Floats = NDArray[np.float32]
OpenModel = Callable[[str, str], Model]
Assess = Callable[[Clip, Prompt, Model, ProgressReport], Assessment]
FALLBACK = "onnx_cpu"
REHEARSE_MS = 700


@dataclass(frozen=True)
class Scored:
    """What one scoring brought. ``began_s``, ``heard_s``, ``ended_s``: clock (``perf_counter``) when the worker took
    it up, had the clip and was done."""

    clip: Clip
    prompt: Prompt
    assessment: Assessment
    began_s: float
    heard_s: float
    ended_s: float


class Scorer(QObject):
    """``ready`` when a model answers; ``not_loaded``: why none does; ``fell_back``: why another took over;
    ``noticed``: what the model says of itself."""

    ready = Signal(object)
    fell_back = Signal(object)
    noticed = Signal(object)
    scored = Signal(object)
    failed = Signal(object)
    not_loaded = Signal(object)

    def __init__(
        self, jobs: Jobs, open_model: OpenModel, assess: Assess, rehearse: Callable[[Model], None] | None = None
    ) -> None:
        """rehearse: given every model just opened, so that the first take does not pay for what is loaded late."""
        super().__init__()
        self._rehearse = rehearse
        self._jobs = jobs
        self._open_model = open_model
        self._assess_clip = assess
        # Touched by the engine's worker alone.
        self._model: Model | None = None
        self._wanted = ("main", "auto")
        self._prompts: dict[tuple[str, Accent], Prompt] = {}
        self._pending: tuple[Job[Scored], threading.Event] | None = None

    def load(self, name: str, engine: str) -> None:
        """Open the model in the background, replacing the one before."""

        def work() -> EngineInfo:
            self._close_model()
            self._wanted = (name, engine)
            return self._open().info

        def opened(info: EngineInfo) -> None:
            self.ready.emit(info)
            # Nobody has said a sentence yet; what else starts with the window goes first.
            QTimer.singleShot(REHEARSE_MS, self, self._try_it)

        self._jobs.submit("engine", work, opened, self.not_loaded.emit)

    def _try_it(self) -> None:
        def work() -> None:
            if self._model is not None and self._rehearse is not None:
                self._rehearse(self._model)

        self._jobs.submit("engine", work, failed=lambda error: None)

    def prepare(self, text: str, accent: Accent) -> None:
        """Look a sentence up ahead of time, so that its first score comes as fast as the others."""
        self._jobs.submit("engine", lambda: self._prompt(text, accent), failed=lambda error: None)

    def score(self, source: Path | tuple[Floats, int], text: str, accent: Accent) -> None:
        """Score a file, or samples and their rate; ``scored`` or ``failed`` follows. A pending one is
        dropped."""
        self.cancel()
        stop = threading.Event()

        def work() -> Scored:
            began_s = time.perf_counter()
            clip = read_clip(source) if isinstance(source, Path) else clip_from_samples(*source)
            prompt = self._prompt(text, accent)
            heard_s = time.perf_counter()
            assessment = self._assess(clip, prompt, stop)
            return Scored(clip, prompt, assessment, began_s, heard_s, time.perf_counter())

        self._pending = (self._jobs.submit("engine", work, self.scored.emit, self.failed.emit), stop)

    def words_of(
        self,
        sound: tuple[Floats, int],
        text: str,
        done: Callable[[tuple[WordResult, ...]], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        """The words of a sound (samples and rate) known to say ``text``, with their times."""

        def work() -> tuple[WordResult, ...]:
            return self._assess(clip_from_samples(*sound), self._prompt(text, "us"), threading.Event()).words

        self._jobs.submit("engine", work, done, failed)

    def cancel(self) -> None:
        """Drop the pending score: its outcome will not arrive."""
        if self._pending is not None:
            job, stop = self._pending
            stop.set()
            job.cancel()
            self._pending = None

    def close(self) -> None:
        """Free the model once queued work is done."""
        self.cancel()
        self._jobs.submit("engine", self._close_model)

    def _assess(self, clip: Clip, prompt: Prompt, stop: threading.Event) -> Assessment:
        def report(label: str, done: int, total: int) -> bool:
            return not stop.is_set()

        try:
            model = self._model or self._open()
            answer = self._assess_clip(clip, prompt, model, report)
            self._tell(model)
            return answer
        except EngineError as error:
            failure = error
        self._close_model()
        if self._wanted[1] != FALLBACK:
            self._wanted = (self._wanted[0], FALLBACK)
        model = self._open()
        self.fell_back.emit(failure)
        self.ready.emit(model.info)
        return self._assess_clip(clip, prompt, model, report)

    def _tell(self, model: Model) -> None:
        """Pass on what the model says of itself: another engine answered, or a better one took over."""
        take_notice = getattr(model, "take_notice", None)
        notice = take_notice() if take_notice else None
        if notice:
            self.noticed.emit(notice)
            self.ready.emit(model.info)

    def _open(self) -> Model:
        self._model = self._open_model(*self._wanted)
        return self._model

    def _close_model(self) -> None:
        model, self._model = self._model, None
        if model is not None:
            model.close()

    def _prompt(self, text: str, accent: Accent) -> Prompt:
        key = (text, accent)
        if key not in self._prompts:
            if len(self._prompts) > 500:
                self._prompts.clear()
            self._prompts[key] = make_prompt(text, accent=accent)
        return self._prompts[key]
