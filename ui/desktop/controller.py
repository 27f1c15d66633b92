"""Joins the views to the work: the only place that knows both, and that names the threads.

Threads: ``engine`` (model, texts, scores), ``sound`` (opening and closing devices), ``endpoint`` (has the speaker
finished), ``pictures`` (pitch, plots, reference voice), ``files`` (history, settings). All else is the window's.
"""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from tutor.acoustic import EngineInfo
from tutor.attempt import Attempt
from tutor.errors import TutorError
from tutor.paths import data_dir
from tutor.prosody import pitch_track
from tutor.result import GRADED
from tutor.timebase import SAMPLE_RATE
from ui.desktop import preferences
from ui.desktop.job import Job, Jobs
from ui.desktop.language import tr
from ui.desktop.plots.pictures import Pictures, pictures_of
from ui.desktop.preferences import Preferences
from ui.desktop.recorder import Recorder, Recording
from ui.desktop.records import Records
from ui.desktop.scorer import Assess, OpenModel, Scored, Scorer
from ui.desktop.shown import Sentence, Status, Take
from ui.desktop.speaker import Speaker
from ui.desktop.views.practice import PracticePage
from ui.desktop.views.sentence import IDLE, RECORDING, WORKING
from ui.desktop.window import Window

Floats = NDArray[np.float32]
log = logging.getLogger(__name__)


class Controller(QObject):
    """One window and everything behind it. ``start`` once it is shown; ``close`` before the program ends."""

    def __init__(self, open_model: OpenModel, assess: Assess, stored: Preferences, engine: str, model: str) -> None:
        super().__init__()
        self.preferences = stored
        self._engine, self._model = engine, model
        self.jobs = Jobs()
        self.window = Window()
        self.practice = PracticePage()
        self.window.add_page("practice", self.practice)
        self.recorder = Recorder(self.jobs)
        self.speaker = Speaker(self.jobs)
        self.scorer = Scorer(self.jobs, open_model, assess)
        self.records = Records(self.jobs, data_dir() / "history.db")
        self.sentence = Sentence("We call it bear.")
        self.take: Take | None = None
        self._samples: Floats | None = None
        self._status = Status(keep_audio=stored.keep_audio)
        self._stopped_at = 0.0
        self.latencies_ms: list[float] = []
        self._picture_job: Job[Pictures] | None = None
        self._connect()
        self.window.restore_geometry_text(stored.geometry)

    def start(self) -> None:
        """Begin the work that must not delay the first painting of the window."""
        sys.excepthook = self._uncaught
        self.scorer.load(self._model, self._engine)
        self.show_sentence(self.sentence)
        self.window.show_page("practice")

    def close(self) -> None:
        """Stop recording and playing, store what is remembered, end the threads."""
        self.recorder.cancel()
        self.speaker.stop()
        self.scorer.close()
        self.records.close()
        self.jobs.close()
        sys.excepthook = sys.__excepthook__

    def _connect(self) -> None:
        self.jobs.failed.connect(self.tell_error)
        self.window.closing.connect(self._remember_window)
        card = self.practice.sentence
        card.record.connect(self.toggle_recording)
        card.replay.connect(self.replay)
        card.open_file.connect(self.choose_file)
        self.practice.file_dropped.connect(self.score_file)
        self.practice.play_part.connect(self.play_part)
        self.practice.painted.connect(self._painted)
        self.recorder.started.connect(self._recording_started)
        self.recorder.failed.connect(self._recording_failed)
        self.recorder.level.connect(card.show_level)
        self.recorder.heard.connect(card.wave.add)
        self.recorder.ended.connect(self._recording_ended)
        self.speaker.position.connect(self._show_cursor)
        self.speaker.failed.connect(self.tell_error)
        self.scorer.ready.connect(self._engine_ready)
        self.scorer.fell_back.connect(self._engine_fell_back)
        self.scorer.scored.connect(self._scored)
        self.scorer.failed.connect(self._not_scored)
        self.records.failed.connect(self.tell_error)

    def show_sentence(self, sentence: Sentence) -> None:
        """Put a sentence on the practice page."""
        self.recorder.cancel()
        self.scorer.cancel()
        self.speaker.stop()
        self.sentence, self.take, self._samples = sentence, None, None
        self.practice.show_sentence(sentence)
        self.scorer.prepare(sentence.text, self.accent)

    @property
    def accent(self) -> Any:
        return "uk" if self.preferences.accent == "uk" else "us"

    # Recording and scoring

    def toggle_recording(self) -> None:
        """Start, or stop and score."""
        if self.recorder.is_recording:
            self.recorder.stop()
            return
        self.scorer.cancel()
        self.speaker.stop()
        stop_s = self.preferences.auto_stop_s if self.preferences.auto_stop else None
        self.recorder.start(self.preferences.microphone, auto_stop_s=stop_s)

    def _recording_started(self) -> None:
        self.window.banner.hide()
        self._set_state(RECORDING)

    def _recording_failed(self, error: BaseException) -> None:
        self._set_state(IDLE)
        self.tell_error(error)

    def _recording_ended(self, recording: Recording) -> None:
        self._stopped_at = time.perf_counter()
        if recording.fault:
            self.window.banner.show_message(recording.fault)
        if len(recording.samples) < 0.3 * recording.rate_hz:
            self._set_state(IDLE)
            if not recording.fault:
                self.window.banner.show_message(tr("That was too short to score; say the whole sentence."), "info")
            return
        self._set_state(WORKING)
        self.scorer.score((recording.samples, recording.rate_hz), self.sentence.text, self.accent)

    def choose_file(self) -> None:
        """Ask for a sound file and score it."""
        name, _ = QFileDialog.getOpenFileName(
            self.window, tr("Open a recording"), "", tr("Sound") + " (*.wav *.flac *.ogg *.opus *.mp3);;*"
        )
        if name:
            self.score_file(Path(name))

    def score_file(self, path: Path) -> None:
        """Score a file as if it had just been recorded."""
        self._stopped_at = time.perf_counter()
        self._set_state(WORKING)
        self.scorer.score(path, self.sentence.text, self.accent)

    def _scored(self, scored: Scored) -> None:
        self._samples = scored.clip.samples
        self.take = Take(scored.assessment, scored.prompt)
        self.practice.show_take(
            self.take, arpabet=self.preferences.show_arpabet, first_language=self.preferences.first_language
        )
        self._set_state(IDLE)
        self.draw_pictures(scored.clip.samples)
        self.keep(scored)

    def _not_scored(self, error: BaseException) -> None:
        self._set_state(IDLE)
        self.tell_error(error)

    def draw_pictures(self, samples: Floats) -> None:
        """Compute the plots on a worker and show them when they come."""
        if self._picture_job is not None:
            self._picture_job.cancel()
        self._picture_job = self.jobs.submit(
            "pictures", lambda: pictures_of(samples, pitch=pitch_track(samples)), self.practice.show_pictures
        )

    def keep(self, scored: Scored) -> None:
        """Store a graded take in the history."""
        if scored.assessment.verdict == GRADED:
            samples = scored.clip.samples if self.preferences.keep_audio else None
            self.records.add(
                Attempt(self.preferences.learner, self.sentence.item, time.time(), scored.assessment, samples)
            )

    def _painted(self) -> None:
        if self._stopped_at and self.take is not None:
            latency_ms = (time.perf_counter() - self._stopped_at) * 1000
            self._stopped_at = 0.0
            self.latencies_ms.append(latency_ms)
            self._show_status(latency_ms=latency_ms)

    def _set_state(self, state: str) -> None:
        self.practice.sentence.set_state(state, has_take=self.take is not None)

    # Playing

    def replay(self) -> None:
        """Hear the whole take again."""
        if self._samples is not None:
            self.speaker.play(self._samples, SAMPLE_RATE)

    def play_part(self, start_s: float, end_s: float) -> None:
        """Hear a part of the take."""
        if self._samples is not None and not self.recorder.is_recording:
            self.speaker.play(self._samples, SAMPLE_RATE, start_s, end_s)

    def _show_cursor(self, position_s: float) -> None:
        self.practice.timeline.show_cursor(position_s if position_s >= 0 else None)

    # Engine, status, errors

    def _engine_ready(self, info: EngineInfo) -> None:
        self._show_status(engine=f"{info.model} · {info.backend} · {info.precision}", detail=info.reason, ready=True)

    def _engine_fell_back(self, error: BaseException) -> None:
        self.window.banner.show_message(tr("The engine failed, so the CPU took over. ({reason})", reason=error), "info")

    def _show_status(self, **changes: Any) -> None:
        self._status = Status(**{**vars(self._status), **changes})
        self.window.status.show_status(self._status)

    def tell_error(self, error: BaseException) -> None:
        """Show a failure; one that nobody expected is also written to the log."""
        if isinstance(error, TutorError):
            self.window.banner.show_message(str(error))
            return
        log.error("unexpected", exc_info=error)
        self.window.banner.show_message(
            tr("Something went wrong inside Tutor ({error}). Your work is kept; go on, or restart if it happens again.",
               error=f"{type(error).__name__}: {error}")  # fmt: skip
        )

    def _uncaught(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, KeyboardInterrupt):
            self.window.close()
            return
        log.error("uncaught", exc_info=(kind, error, trace))
        self.tell_error(error)

    # Settings

    def change(self, name: str, value: Any) -> None:
        """Change one preference and store them all on the worker."""
        self.preferences = preferences.changed(self.preferences, name, value)
        stored = self.preferences
        self.jobs.submit("files", lambda: preferences.save(stored))

    def _remember_window(self) -> None:
        self.change("geometry", self.window.geometry_text())


