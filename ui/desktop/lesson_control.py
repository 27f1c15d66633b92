"""Choosing what to say: lessons, own text, drills of weak sounds, and the progress they make."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from tutor import guide
from tutor.attempt import GOOD, Attempt
from tutor.errors import TextError
from tutor.history import History
from tutor.lessons import Item, Lesson, items_for, load_lessons
from tutor.phones import ipa_of
from tutor.practice import Card, cards, drill, due_cards
from tutor.timebase import SAMPLE_RATE
from ui.desktop.language import tr
from ui.desktop.practice_control import PracticeControl
from ui.desktop.records import progress_of
from ui.desktop.services import Services
from ui.desktop.shown import Sentence
from ui.desktop.speaker import Speaker
from ui.desktop.views.classroom import ClassPage
from ui.desktop.views.drill import DrillPage, WeakSound
from ui.desktop.views.library import LibraryPage, title_of
from ui.desktop.views.own_text import OwnTextPage

if TYPE_CHECKING:
    from ui.desktop.views.progress import ProgressPage

LONGEST_FILE_BYTES = 1_000_000
DRILL_ITEMS = 12


def read_everything() -> tuple[Lesson, ...]:
    """The lessons; the guides and tips are read on the way, so that showing them later reads no files."""
    guide.phone_guides()
    guide.confusions()
    guide.first_languages()
    return load_lessons()


def sentences_of_lesson(lesson: Lesson) -> list[Sentence]:
    """A lesson as a list to practise."""
    return [sentence_of(item, f"{title_of(lesson)}  ·  {item.level}") for item in lesson.items]


def sentence_of(item: Item, place: str) -> Sentence:
    """A lesson item as a sentence to practise."""
    return Sentence(item.text, place, item=item.id, tune=item.tune)


def read_text(path: Path) -> str:
    """A text file in UTF-8 or the old Western encoding. Raises ``TextError`` for what is none."""
    try:
        if path.stat().st_size > LONGEST_FILE_BYTES:
            raise TextError("{file} is larger than 1 MB; open a shorter text.", file=path.name)
        data = path.read_bytes()
    except OSError as error:
        raise TextError(
            "{file} cannot be read ({reason}); choose another file.",
            file=path.name,
            reason=error.strerror,
        ) from error
    if b"\0" in data:
        raise TextError("{file} is not a plain text file; save it as .txt first.", file=path.name)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


class LessonControl(QObject):
    """Fills the pages to choose from and opens what is chosen on the practice page."""

    def __init__(
        self,
        services: Services,
        practice: PracticeControl,
        speaker: Speaker,
        library: LibraryPage,
        own: OwnTextPage,
        weak: DrillPage,
        progress: ProgressPage,
        classroom: ClassPage,
    ) -> None:
        super().__init__()
        self._services, self._practice, self._speaker = services, practice, speaker
        self._library, self._own, self._weak, self._progress, self._class = (
            library,
            own,
            weak,
            progress,
            classroom,
        )
        self.lessons: tuple[Lesson, ...] = ()
        self._cards: tuple[Card, ...] = ()
        self._best: dict[str, float] = {}
        library.chosen.connect(self.open_lesson)
        own.chosen.connect(self._open_own)
        own.file_asked.connect(self._choose_text)
        own.file_dropped.connect(self._read_text)
        weak.chosen.connect(self._open_drill)
        weak.all_chosen.connect(self._open_all)
        progress.text_chosen.connect(self._show_pair)
        progress.play.connect(self._play_attempt)
        practice.attempt_stored.connect(lambda _: self.refresh())
        services.window.page_shown.connect(self._page_shown)

    def start(self) -> None:
        """Read the lessons on a worker; begin with the lesson of last time."""
        self._services.jobs.submit("files", read_everything, self._show_lessons)

    def refresh(self) -> None:
        """Ask the history anew for what the page in front shows."""
        self._page_shown(self._services.window.page)

    def _show_lessons(self, lessons: tuple[Lesson, ...]) -> None:
        self.lessons = lessons
        self._library.show_lessons(lessons)
        self._class.show_lessons(lessons)
        if not self._practice.sentence.text:
            chosen = self._services.store.now.lesson
            lesson = next((lesson for lesson in lessons if lesson.id == chosen), lessons[0])
            self._practice.open_list(sentences_of_lesson(lesson))

    def _page_shown(self, page: str) -> None:
        learner = self._practice.learner
        ask = self._services.records.ask
        if page == "library":
            ask(lambda history: history.best_by_item(learner), self._show_best)
        elif page == "drill":
            ask(
                lambda history: (cards(history.phone_scores(learner)), history.best_by_item(learner)),
                self._show_weak,
            )
        elif page == "progress":
            ask(lambda history: progress_of(history, learner), self._progress.show_progress)
        if page != "practice":
            self._practice.stop_recording()

    def open_lesson(self, lesson_id: str, item_id: str = "") -> None:
        """Practise a lesson from an item on."""
        lesson = next((lesson for lesson in self.lessons if lesson.id == lesson_id), None)
        if lesson is not None:
            at = next((n for n, item in enumerate(lesson.items) if item.id == item_id), 0)
            self._services.store.set("lesson", lesson_id)
            self._open(sentences_of_lesson(lesson), at)

    def _open(self, sentences: list[Sentence], at: int = 0) -> None:
        if sentences:
            self._practice.open_list(sentences, at)
            self._services.window.show_page("practice")

    def _show_best(self, best: dict[str, float]) -> None:
        self._best = best
        self._library.show_best(best)

    def _show_weak(self, answer: tuple[tuple[Card, ...], dict[str, float]]) -> None:
        self._cards, self._best = answer
        today = date.today()
        due = due_cards(self._cards, today)
        names = {card.arpabet for card in due}
        later = sorted(
            (card for card in self._cards if card.score < GOOD and card.arpabet not in names),
            key=lambda card: card.score,
        )
        weak = [card for card in due if card.score < GOOD] + later
        self._weak.show_sounds(
            tuple(
                WeakSound(card, len(items_for(self.lessons, card.arpabet)), card.arpabet in names)
                for card in weak
            )
        )

    def _open_drill(self, arpabet: str) -> None:
        chosen = [card for card in self._cards if card.arpabet == arpabet]
        items = drill(self.lessons, chosen, self._best, count=DRILL_ITEMS)
        self._open([sentence_of(item, tr("Drill of /{ipa}/", ipa=ipa_of(arpabet))) for item in items])

    def _open_all(self) -> None:
        items = drill(self.lessons, due_cards(self._cards, date.today()), self._best)
        self._open([sentence_of(item, tr("Today's drill")) for item in items])

    def _open_own(self, sentences: list[str], at: int) -> None:
        self._open([Sentence(text) for text in sentences], at)

    def _choose_text(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self._services.window, tr("Open a text file"), "", tr("Text") + " (*.txt);;*"
        )
        if name:
            self._read_text(Path(name))

    def _read_text(self, path: Path) -> None:
        self._services.jobs.submit("files", lambda: read_text(path), self._own.show_text)

    def _show_pair(self, text: str) -> None:
        learner = self._practice.learner

        def pair(history: History) -> tuple[Attempt | None, Attempt | None]:
            summaries = history.summaries(learner, text=text) if text else []
            best = history.best(learner, text) if text else None
            if best is None or not summaries:
                return None, None
            return history.attempt(best), history.attempt(summaries[-1].id)

        self._services.records.ask(pair, lambda found: self._progress.show_pair(*found))

    def _play_attempt(self, number: int) -> None:
        self._services.records.ask(lambda history: history.attempt(number), self._play)

    def _play(self, attempt: Attempt) -> None:
        if attempt.samples is None:
            self._services.tell(tr("The sound of this attempt was not kept. You can allow that in Settings."))
        else:
            self._speaker.play(attempt.samples, SAMPLE_RATE)
