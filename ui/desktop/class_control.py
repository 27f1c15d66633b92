"""Class mode: joins roster, projector and class summary to the practice loop and the history."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from tutor.timebase import SAMPLE_RATE
from ui.desktop.class_report import ClassFigures, figures_of, write_report
from ui.desktop.language import tr
from ui.desktop.lesson_control import LessonControl, sentences_of_lesson
from ui.desktop.practice_control import Floats, PracticeControl
from ui.desktop.recorder import Recorder
from ui.desktop.services import Services
from ui.desktop.shown import Sentence, Take
from ui.desktop.speaker import Speaker
from ui.desktop.views.classroom import ClassPage
from ui.desktop.views.projector import Projector, Shown


class ClassControl(QObject):
    """While the projector is open, attempts belong to the learner it names."""

    def __init__(
        self,
        services: Services,
        practice: PracticeControl,
        lessons: LessonControl,
        recorder: Recorder,
        speaker: Speaker,
        page: ClassPage,
    ) -> None:
        super().__init__()
        self._services, self._practice, self._lessons = services, practice, lessons
        self._recorder, self._speaker, self._page = recorder, speaker, page
        self._names: list[str] = []
        self._current = services.store.now.learner
        self.projector: Projector | None = None
        self._earlier: tuple[Shown, Floats | None] | None = None
        self._latest: tuple[Shown, Floats | None] | None = None
        page.roster_changed.connect(self._set_roster)
        page.learner_chosen.connect(self._choose)
        page.names_hidden.connect(lambda hidden: self._hide(hidden))
        page.begin.connect(self.open_projector)
        page.save.connect(self._save)
        services.window.page_shown.connect(self._page_shown)
        practice.attempt_stored.connect(lambda _: self._page_shown(services.window.page))

    def _page_shown(self, name: str) -> None:
        if name == "class":
            self._services.records.ask(lambda history: history.learners(), self._show_roster)

    def _show_roster(self, names: list[str]) -> None:
        self._names = names
        if self._current not in names:
            self._current = names[0] if names else ""
        self._page.show_roster(names, self._current, hidden=self._services.store.now.hide_names)
        self._ask_figures()

    def _ask_figures(self) -> None:
        names, hidden = self._names, self._services.store.now.hide_names
        self._services.records.ask(
            lambda history: figures_of(history, names, hide_names=hidden), self._show_figures
        )

    def _show_figures(self, figures: ClassFigures) -> None:
        self._figures = figures
        self._page.show_figures(figures)

    def _set_roster(self, names: list[str]) -> None:
        self._services.records.ask(
            lambda history: history.set_learners(names), lambda _: self._show_roster(names)
        )

    def _choose(self, name: str) -> None:
        self._current = name
        self._services.store.set("learner", name)
        self._show_learner()

    def _hide(self, hidden: bool) -> None:
        self._services.store.set("hide_names", hidden)
        self._page.show_roster(self._names, self._current, hidden=hidden)
        self._ask_figures()

    def _shown_name(self, name: str) -> str:
        if self._services.store.now.hide_names and name in self._names:
            return tr("Learner {number}", number=self._names.index(name) + 1)
        return name

    # The projector

    def open_projector(self, lesson_id: str) -> None:
        """Show a lesson in large type on the whole screen."""
        lesson = next((lesson for lesson in self._lessons.lessons if lesson.id == lesson_id), None)
        if lesson is None:
            return
        screen = self._services.window.screen()
        projector = self.projector = Projector(screen.geometry().height())
        practice = self._practice
        projector.record.connect(practice.toggle_recording)
        projector.listen.connect(practice.listen)
        projector.replay.connect(practice.replay)
        projector.replay_earlier.connect(self._replay_earlier)
        projector.following.connect(lambda: practice.step(1))
        projector.previous.connect(lambda: practice.step(-1))
        projector.learner_stepped.connect(self._step_learner)
        projector.closed.connect(self._projector_closed)
        practice.sentence_shown.connect(self._show_sentence)
        practice.state_changed.connect(projector.set_state)
        practice.take_scored.connect(self._show_take)
        self._recorder.level.connect(projector.show_level)
        self._services.window.banner.said.connect(projector.show_message)
        practice.learner = self._current
        self._show_learner()
        practice.open_list(sentences_of_lesson(lesson))
        projector.setScreen(screen)
        projector.showFullScreen()
        projector.setFocus()

    def _projector_closed(self) -> None:
        practice, projector = self._practice, self.projector
        if projector is None:
            return
        self.projector = None
        practice.stop_recording()
        practice.sentence_shown.disconnect(self._show_sentence)
        practice.take_scored.disconnect(self._show_take)
        practice.learner = ""
        projector.deleteLater()
        self._services.window.show_page("class")

    def _show_sentence(self, sentence: Sentence) -> None:
        self._earlier = self._latest = None
        if self.projector is not None:
            self.projector.show_sentence(sentence)

    def _show_take(self, take: Take) -> None:
        self._earlier = self._latest
        self._latest = (Shown(self._shown_name(self._practice.learner), take), self._practice.samples)
        if self.projector is not None:
            self.projector.show_takes(self._earlier[0] if self._earlier else None, self._latest[0])

    def _replay_earlier(self) -> None:
        if self._earlier is not None and self._earlier[1] is not None:
            self._speaker.play(self._earlier[1], SAMPLE_RATE)

    def _step_learner(self, by: int) -> None:
        if self._names:
            at = self._names.index(self._current) if self._current in self._names else -by
            self._choose(self._names[(at + by) % len(self._names)])

    def _show_learner(self) -> None:
        if self.projector is not None:
            self._practice.learner = self._current
            self.projector.show_learner(self._shown_name(self._current), several=len(self._names) > 1)

    # The summary

    def _save(self, ending: str) -> None:
        day = tr("class-summary")
        name, _ = QFileDialog.getSaveFileName(
            self._services.window, tr("Save the class summary"), f"{day}.{ending}", f"*.{ending}"
        )
        if name:
            self.save_report(Path(name))

    def save_report(self, target: Path) -> None:
        """Write the class summary on a worker."""
        figures = self._figures
        self._services.jobs.submit(
            "files",
            lambda: write_report(figures, target),
            lambda _: self._services.tell(tr("Saved: {path}", path=target)),
        )
