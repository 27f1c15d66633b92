"""The loop of listening, recording and seeing: joins the practice page to microphone, engine and
loudspeaker."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QFileDialog

from tutor.attempt import Attempt, Summary
from tutor.lexicon import Accent
from tutor.prosody import pitch_track
from tutor.reference import Spoken
from tutor.result import GRADED
from tutor.timebase import SAMPLE_RATE
from ui.desktop.job import Job
from ui.desktop.language import tr
from ui.desktop.plots.pictures import Pictures, pictures_of, with_reference
from ui.desktop.recorder import Recorder, Recording
from ui.desktop.reference import Reference, Wanted, contour_of
from ui.desktop.scorer import Scored, Scorer
from ui.desktop.services import Services
from ui.desktop.shown import Latency, Sentence, Take
from ui.desktop.speaker import Speaker
from ui.desktop.views.practice import PracticePage
from ui.desktop.views.sentence import IDLE, RECORDING, WORKING

Floats = NDArray[np.float32]
SHORTEST_S = 0.3
UNSEEN_MS = 150


@dataclass(frozen=True)
class _Shown:
    """A take on its way to the screen; clock when it came from the worker and when the views had it. ``attempt``:
    what is to be stored of it."""

    scored: Scored
    attempt: Attempt | None
    arrived_s: float
    shown_s: float

    def latency(self, ended_s: float, painted_s: float) -> Latency:
        scored = self.scored
        inside = {name: ms for name, ms in scored.assessment.timing_ms.items() if name != "total"}
        stages_ms = {
            "hand over": 1000 * (scored.began_s - ended_s),
            "clip": 1000 * (scored.heard_s - scored.began_s),
            **inside,
            "rest": 1000 * (scored.ended_s - scored.heard_s) - sum(inside.values()),
            "hand back": 1000 * (self.arrived_s - scored.ended_s),
            "show": 1000 * (self.shown_s - self.arrived_s),
            "paint": 1000 * (painted_s - self.shown_s),
        }
        return Latency(stages_ms)


class PracticeControl(QObject):
    """``learner`` is whose attempts these are. Signals tell the class's screen what the page shows too."""

    sentence_shown = Signal(object)
    state_changed = Signal(str)
    take_scored = Signal(object)
    attempt_stored = Signal(int)
    latency = Signal(object)

    def __init__(
        self,
        services: Services,
        page: PracticePage,
        recorder: Recorder,
        speaker: Speaker,
        scorer: Scorer,
        reference: Reference,
    ) -> None:
        super().__init__()
        self._services, self.page = services, page
        self._recorder, self._speaker, self._scorer, self._reference = recorder, speaker, scorer, reference
        self.learner = ""
        self.take: Take | None = None
        self.samples: Floats | None = None
        self._list: tuple[Sentence, ...] = ()
        self._at = 0
        self._ended_s = 0.0
        self._unpainted: _Shown | None = None
        self._unfinished: _Shown | None = None
        self._pictures: Job[Pictures] | None = None
        self._spoken: Spoken | None = None
        card = page.sentence
        card.record.connect(self.toggle_recording)
        card.listen.connect(self.listen)
        card.replay.connect(self.replay)
        card.following.connect(lambda: self.step(1))
        card.previous.connect(lambda: self.step(-1))
        card.open_file.connect(self.choose_file)
        page.file_dropped.connect(self.score_file)
        page.play_part.connect(self.play_part)
        page.word_reference.connect(self.listen_to_word)
        page.pair_chosen.connect(self._practise_pair)
        page.painted.connect(self._painted)
        recorder.started.connect(self._recording_started)
        recorder.failed.connect(self._not_recorded)
        recorder.level.connect(card.show_level)
        recorder.heard.connect(card.wave.add)
        recorder.ended.connect(self._recorded)
        speaker.position.connect(self._show_cursor)
        speaker.failed.connect(services.tell_error)
        scorer.scored.connect(self._scored)
        scorer.failed.connect(self._not_recorded)
        reference.playing.connect(self._reading)

    @property
    def sentence(self) -> Sentence:
        """What is to be said now."""
        return self._list[self._at] if self._list else Sentence("")

    @property
    def accent(self) -> Accent:
        return "uk" if self._services.store.now.accent == "uk" else "us"

    # What to say

    def open_list(self, sentences: Sequence[Sentence], at: int = 0) -> None:
        """Practise these from number ``at`` on; their numbers are filled in."""
        total = len(sentences)
        self._list = tuple(
            replace(sentence, number=n + 1, total=total) for n, sentence in enumerate(sentences)
        )
        self._at = min(max(at, 0), max(0, total - 1))
        self._show_sentence()

    def step(self, by: int) -> None:
        """The next or previous sentence; stays at the ends."""
        at = self._at + by
        if 0 <= at < len(self._list):
            self._at = at
            self._show_sentence()
        elif by > 0 and self._list:
            self._services.tell(
                tr("That was the last sentence of this list. Choose another lesson, or go over it again.")
            )

    def _show_sentence(self) -> None:
        self._recorder.cancel()
        self._scorer.cancel()
        self._speaker.stop()
        self.take = self.samples = None
        self.page.show_sentence(self.sentence)
        self.sentence_shown.emit(self.sentence)
        self._set_state(IDLE)
        self._scorer.prepare(self.sentence.text, self.accent)
        text, learner = self.sentence.text, self.learner
        self._services.records.ask(
            lambda history: (text, history.summaries(learner, text=text)),
            self._show_best,
        )

    def _show_best(self, answer: tuple[str, list[Summary]]) -> None:
        text, summaries = answer
        if summaries and text == self.sentence.text:
            best = max(summary.overall for summary in summaries)
            self.page.sentence.show_best(best)

    def _practise_pair(self, words: str) -> None:
        position = self._at
        before = self._list
        pair = Sentence(words.replace(", ", ". ").capitalize() + ".", place=tr("Word pair"))
        self.open_list([*before[: position + 1], pair, *before[position + 1 :]], position + 1)

    # Recording and scoring

    def toggle_recording(self) -> None:
        """Start, or stop and score."""
        if self._recorder.is_recording:
            self._recorder.stop()
            return
        if not self.sentence.text:
            return
        self._scorer.cancel()
        self._speaker.stop()
        wanted = self._services.store.now
        self._recorder.start(wanted.microphone, auto_stop_s=wanted.auto_stop_s if wanted.auto_stop else None)

    def stop_recording(self) -> None:
        """End a recording without scoring it, as before leaving the page."""
        if self._recorder.is_recording:
            self._recorder.cancel()
            self._set_state(IDLE)

    def choose_file(self) -> None:
        """Ask for a sound file and score it."""
        sounds = tr("Sound") + " (*.wav *.flac *.ogg *.opus *.mp3);;*"
        name, _ = QFileDialog.getOpenFileName(self._services.window, tr("Open a recording"), "", sounds)
        if name:
            self.score_file(Path(name))

    def score_file(self, path: Path) -> None:
        """Score a file as if it had just been recorded."""
        self._begin_scoring(path, time.perf_counter())

    def _begin_scoring(self, source: Path | tuple[Floats, int], ended_s: float) -> None:
        self._ended_s = ended_s
        self._scorer.score(source, self.sentence.text, self.accent)
        self._set_state(WORKING)

    def _recording_started(self) -> None:
        self._services.window.banner.hide()
        self._set_state(RECORDING)

    def _recorded(self, recording: Recording) -> None:
        if recording.fault:
            self._services.window.banner.show_message(tr(recording.fault))
        if len(recording.samples) >= SHORTEST_S * recording.rate_hz:
            self._begin_scoring((recording.samples, recording.rate_hz), recording.ended_s)
            return
        self._set_state(IDLE)
        if not recording.fault:
            self._services.tell(tr("That was too short to score; say the whole sentence."))

    def _not_recorded(self, error: BaseException) -> None:
        self._set_state(IDLE)
        self._services.tell_error(error)

    def _scored(self, scored: Scored) -> None:
        arrived_s = time.perf_counter()
        self.samples = scored.clip.samples
        self.take = Take(scored.assessment, scored.prompt)
        wanted = self._services.store.now
        self.page.set_manner(arpabet=wanted.show_arpabet, first_language=wanted.first_language)
        self.page.show_scores(self.take)
        self._set_state(IDLE)
        self.take_scored.emit(self.take)
        attempt = None
        if scored.assessment.verdict == GRADED:
            kept = scored.clip.samples if wanted.keep_audio else None
            attempt = Attempt(self.learner, self.sentence.item, time.time(), scored.assessment, kept)
        shown = self._unpainted = self._unfinished = _Shown(scored, attempt, arrived_s, time.perf_counter())
        # A page that is minimised is not painted.
        QTimer.singleShot(UNSEEN_MS, self, lambda: self._show_rest(shown))

    def _show_rest(self, shown: _Shown) -> None:
        """All that would have delayed the painting of the scores."""
        if self._unfinished is not shown:
            return
        self._unfinished = None
        if not self.page.isVisible() or self.page.window().isMinimized():
            self._unpainted = None
        if self.take is not None and self.take.assessment is shown.scored.assessment:
            self.page.show_details()
            # A turn of its own, so that keys and mouse are not kept waiting for both.
            QTimer.singleShot(0, self, lambda: self._draw(shown.scored))
        self._store(shown)

    def _store(self, shown: _Shown) -> None:
        if shown.attempt is not None:
            self._services.records.add(shown.attempt, self.attempt_stored.emit)

    def close(self) -> None:
        """Store the take that is still on its way to the screen."""
        shown, self._unfinished = self._unfinished, None
        if shown is not None:
            self._store(shown)

    def show_again(self) -> None:
        """Show the take anew, after a preference changed."""
        if self.take is not None:
            wanted = self._services.store.now
            take = replace(self.take, pictures=self.page.pictures)
            self.page.show_take(take, arpabet=wanted.show_arpabet, first_language=wanted.first_language)

    def _draw(self, scored: Scored) -> None:
        if self.samples is not scored.clip.samples:
            return
        self.page.show_pictures(None)
        if self._pictures is not None:
            self._pictures.cancel()
        samples = scored.clip.samples
        self._pictures = self._services.jobs.submit(
            "pictures",
            lambda: pictures_of(samples, pitch=pitch_track(samples)),
            lambda pictures: self._show_pictures(pictures, scored),
        )

    def _show_pictures(self, pictures: Pictures, scored: Scored) -> None:
        if not self._show_if_current(pictures, scored):
            return

        def overlay(spoken: Spoken) -> None:
            if self.samples is scored.clip.samples:
                self._pictures = self._services.jobs.submit(
                    "pictures",
                    lambda: with_reference(pictures, contour_of(spoken, scored.assessment.words)),
                    lambda complete: self._show_if_current(complete, scored),
                )

        if scored.assessment.verdict == GRADED:
            self._reference.fetch(self._wanted_reference(), overlay, need_words=True, quiet=True)

    def _show_if_current(self, pictures: Pictures, scored: Scored) -> bool:
        """Pictures that come late, when another take is on the page, are left out."""
        current = self.samples is scored.clip.samples
        if current:
            self.page.show_pictures(pictures)
        return current

    def _painted(self) -> None:
        shown = self._unpainted
        if shown is not None:
            # The words are painted first; once this event is over the whole window is.
            QTimer.singleShot(0, self, lambda: self._all_painted(shown))

    def _all_painted(self, shown: _Shown) -> None:
        if self._unpainted is shown:
            self._unpainted = None
            self.latency.emit(shown.latency(self._ended_s, time.perf_counter()))
            QTimer.singleShot(0, self, lambda: self._show_rest(shown))

    def _set_state(self, state: str) -> None:
        self.page.sentence.set_state(state, has_take=self.take is not None)
        self.state_changed.emit(state)

    # Hearing

    def _wanted_reference(self, *, slow: bool = False) -> Wanted:
        return Wanted(self.sentence.text, self.sentence.item, slow, self._services.store.now.voice)

    def listen(self, slow: bool = False) -> None:
        """Hear the reference."""
        if self.sentence.text and not self._recorder.is_recording:
            self._reference.play(self._wanted_reference(slow=slow))

    def listen_to_word(self, at: int) -> None:
        """Hear one word (index in the take) of the reference."""
        if (
            self.take is not None
            and 0 <= at < len(self.take.assessment.words)
            and not self._recorder.is_recording
        ):
            self._reference.play(
                self._wanted_reference(),
                word=self.take.assessment.words[at].text,
                occurrence=self._occurrence(at),
            )

    def _occurrence(self, at: int) -> int:
        words = self.take.assessment.words if self.take else ()
        return sum(word.text.lower() == words[at].text.lower() for word in words[:at])

    def replay(self) -> None:
        """Hear the whole take again."""
        if self.samples is not None:
            self.play_part(0.0, len(self.samples) / SAMPLE_RATE)

    def play_part(self, start_s: float, end_s: float) -> None:
        """Hear a part of the take."""
        if self.samples is not None and not self._recorder.is_recording:
            self._spoken = None
            self._speaker.play(self.samples, SAMPLE_RATE, start_s, end_s)

    def _show_cursor(self, position_s: float) -> None:
        on_take = self._spoken is None and position_s >= 0
        if self.take is not None:
            self.page.timeline.show_cursor(position_s if on_take else None)
        if self._spoken is not None and len(self._spoken.words) == len(self.sentence.text.split()):
            words = self._spoken.words
            now = next((n for n, word in enumerate(words) if word.start_s <= position_s < word.end_s), -1)
            self.page.sentence.ribbon.light(now)

    def _reading(self, spoken: Spoken) -> None:
        self._spoken = spoken
