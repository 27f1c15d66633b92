"""Joins the views to the work: builds both, and names the threads.

Threads: ``engine`` (model, texts, scores), ``sound`` (opening and closing devices), ``endpoint`` (has the
speaker finished), ``pictures`` (pitch and plots), ``voice`` (the reference), ``files`` (history, settings,
lessons). All else happens in the window's own thread.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import TracebackType
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from tutor.acoustic import EngineInfo, Model
from tutor.errors import Cancelled, TutorError
from tutor.microphone import Microphone
from tutor.paths import data_dir
from tutor.playback import Player
from ui.desktop.batch_control import BatchControl
from ui.desktop.class_control import ClassControl
from ui.desktop.engine_build import EngineBuild
from ui.desktop.job import Jobs
from ui.desktop.language import told, tr
from ui.desktop.lesson_control import LessonControl
from ui.desktop.practice_control import PracticeControl
from ui.desktop.preferences import Preferences
from ui.desktop.recorder import Recorder
from ui.desktop.records import Records
from ui.desktop.reference import Reference
from ui.desktop.scorer import Assess, OpenModel, Scorer
from ui.desktop.services import Services, Store
from ui.desktop.settings_control import SettingsControl
from ui.desktop.shown import Latency, Status
from ui.desktop.speaker import Speaker
from ui.desktop.views.batch import BatchPage
from ui.desktop.views.classroom import ClassPage
from ui.desktop.views.drill import DrillPage
from ui.desktop.views.library import LibraryPage
from ui.desktop.views.own_text import OwnTextPage
from ui.desktop.views.practice import PracticePage
from ui.desktop.views.settings import SettingsPage
from ui.desktop.window import Window


class Controller(QObject):
    """One window and everything behind it. ``start`` once it is seen; ``built`` when all pages are there; ``close``
    before the program ends.

    ``engine``, ``model``: for this run; empty: as remembered. ``rehearse``: see ``Scorer``. ``build``: to which
    ``open_model`` tells of an engine it builds in the background.
    """

    built = Signal()

    def __init__(
        self,
        open_model: OpenModel,
        assess: Assess,
        stored: Preferences,
        *,
        engine: str = "",
        model: str = "",
        rehearse: Callable[[Model], None] | None = None,
        build: EngineBuild | None = None,
        make_microphone: Callable[[], Microphone] = Microphone,
        make_player: Callable[[], Player] = Player,
    ) -> None:
        super().__init__()
        self._steps: Iterator[Callable[[], None]] | None = None
        self._engine, self._model = engine, model
        self.build = build or EngineBuild()
        self.jobs = Jobs()
        self.window = Window()
        self.store = Store(self.jobs, stored)
        self.records = Records(self.jobs, data_dir() / "history.db")
        self.services = Services(self.jobs, self.records, self.store, self.window)
        self.recorder, self.meter = (Recorder(self.jobs, make_microphone) for _ in range(2))
        self.speaker = Speaker(self.jobs, make_player)
        self.scorer = Scorer(self.jobs, open_model, assess, rehearse)
        self.reference = Reference(self.jobs, self.speaker, self.scorer)
        self._status = Status(keep_audio=stored.keep_audio)
        self.settings_page: SettingsPage | None = None
        self.practice = PracticeControl(
            self.services, PracticePage(), self.recorder, self.speaker, self.scorer, self.reference
        )
        self.window.add_page("practice", self.practice.page)
        self._connect()
        self.window.restore_geometry_text(stored.geometry)

    def _connect(self) -> None:
        self.jobs.failed.connect(self.services.tell_error)
        self.records.failed.connect(self.services.tell_error)
        self.records.set_aside.connect(
            lambda path: self.services.tell_error_text(
                tr("The history was damaged and was set aside as {path}; a new one was begun.", path=path)
            )
        )
        self.reference.failed.connect(self.services.tell_error)
        self.scorer.ready.connect(self._engine_ready)
        self.scorer.fell_back.connect(self._engine_fell_back)
        self.scorer.noticed.connect(self._engine_noticed)
        self.scorer.not_loaded.connect(self._engine_missing)
        self.practice.latency.connect(self._latency)
        # A stronger engine may have been built meanwhile, or a failing one replaced.
        self.practice.take_scored.connect(lambda take: self._engine_ready(take.assessment.engine))
        self.build.stepped.connect(self.window.building.show_step)
        self.build.ended.connect(self._build_ended)
        self.window.building.cancelled.connect(self.build.cancel)
        self.window.closing.connect(lambda: self.store.set("geometry", self.window.geometry_text()))

    def start(self) -> None:
        """Begin the work that must not delay the first painting of the window; ``built`` follows."""
        sys.excepthook = self._uncaught
        self.window.show_page("practice")
        self.load_engine()
        # The plots' library takes a third of a second to import.
        self.jobs.submit("pictures", _import_plots, lambda _: self._build())

    def _build(self) -> None:
        """Make the pages one after the other, with a look at keys and mouse between them."""
        if self._steps is None:
            self._steps = iter((self.practice.page.build_results, self._build_pages, self.built.emit))
        step = next(self._steps, None)
        if step is not None:
            step()
            QTimer.singleShot(0, self, self._build)

    def _build_pages(self) -> None:
        from ui.desktop.views.progress import ProgressPage

        library, own, weak, progress = LibraryPage(), OwnTextPage(), DrillPage(), ProgressPage()
        classroom, batch, settings = ClassPage(), BatchPage(), SettingsPage()
        self.lessons = LessonControl(
            self.services, self.practice, self.speaker, library, own, weak, progress, classroom
        )
        self.classroom = ClassControl(
            self.services, self.practice, self.lessons, self.recorder, self.speaker, classroom
        )
        self.settings = SettingsControl(self.services, settings, self.meter, self.practice)
        self.settings.engine_changed.connect(self.load_engine)
        self.batch = BatchControl(self.services, batch)
        for name, view in (
            ("library", library), ("own", own), ("drill", weak), ("progress", progress), ("class", classroom),
            ("batch", batch), ("settings", settings),
        ):  # fmt: skip
            self.window.add_page(name, view)
        self.settings_page = settings
        self._show_status()
        self.lessons.start()

    def close(self) -> None:
        """Stop recording and playing, store what is waiting, end the threads."""
        if self.settings_page is not None:
            if self.classroom.projector is not None:
                self.classroom.projector.close()
            self.batch.close()
        for recorder in (self.recorder, self.meter):
            recorder.cancel()
        self.speaker.stop()
        self.build.cancel()
        self.practice.close()
        self.scorer.close()
        self.records.close()
        self.jobs.close()
        sys.excepthook = sys.__excepthook__

    def load_engine(self) -> None:
        """Open the model in the background."""
        self._show_status(engine="", ready=False)
        wanted = self.store.now
        self.scorer.load(self._model or wanted.model, self._engine or wanted.engine)

    def _engine_ready(self, info: EngineInfo) -> None:
        text = f"{info.model}  ·  {info.backend}  ·  {info.precision}"
        if "quick score" in info.reason:
            text = f"{tr('Quick score')}  ·  {text}"
        self._show_status(engine=text, detail=info.reason, ready=True)

    def _engine_missing(self, error: BaseException) -> None:
        detail = error.message if isinstance(error, TutorError) else str(error)
        self._show_status(engine=tr("No model"), detail=detail, ready=False)
        self.services.tell_error(error)

    def _engine_fell_back(self, error: BaseException) -> None:
        self.services.tell(tr("The engine failed, so the CPU took over. ({reason})", reason=error))

    def _build_ended(self, error: BaseException | None) -> None:
        self.window.building.show_step(None)
        if error is None:
            self.services.tell(tr("The graphics engine is ready: your next recording is scored by it."))
        elif isinstance(error, Cancelled):
            self.services.tell(tr("The graphics engine was not built; the CPU goes on scoring."))
        else:
            self.services.tell(
                tr("The graphics engine could not be built, so the CPU goes on scoring. ({reason})", reason=error)
            )

    def _engine_noticed(self, notice: str) -> None:
        self.services.tell(told(notice))

    def _latency(self, latency: Latency) -> None:
        self._show_status(latency=latency)

    def _show_status(self, **changes: Any) -> None:
        self._status = replace(self._status, **changes)
        self.window.status.show_status(self._status)
        if self.settings_page is not None and self._status.ready:
            self.settings_page.show_engine(self._status.engine, self._status.detail)

    def _uncaught(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, KeyboardInterrupt):
            self.window.close()
        else:
            self.services.tell_error(error)


def _import_plots() -> None:
    """Import what draws with pyqtgraph, away from the window's thread; it makes no Qt object by being imported."""
    import ui.desktop.plots.timeline
    import ui.desktop.plots.trend  # noqa: F401
