"""Starting the window: checks the display, then builds theme, language, window and controller, in this
order."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sys
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSocketNotifier
from PySide6.QtWidgets import QApplication

from tutor.acoustic import Model
from tutor.clip import Clip, read_clip
from tutor.errors import InputError, InstallError
from tutor.paths import data_dir
from tutor.progress import Progress, silent
from tutor.prompts import Prompt, make_prompt
from tutor.prosody import pitch_track
from tutor.result import Assessment
from ui.desktop import preferences
from ui.desktop.controller import Controller
from ui.desktop.engine_build import EngineBuild
from ui.desktop.icons import application_icon
from ui.desktop.language import language, tr
from ui.desktop.plots.pictures import pictures_of
from ui.desktop.shown import Sentence, Take
from ui.desktop.style import style_sheet
from ui.desktop.theme import theme
from ui.desktop.views.practice import PracticePage
from ui.desktop.views.sentence import IDLE


@dataclass(frozen=True)
class Options:
    """What the command line may override; empty: what is remembered. ``sound`` and ``text``: a recording to
    score at once, as the demo does."""

    engine: str = ""
    model: str = ""
    sound: Path | None = None
    text: str = ""


def run(options: Options) -> int:
    """Open the window and stay until it is closed; the exit code.

    Raises ``InstallError`` where there is no display.
    """
    check_display()
    log_to_file()
    application, controller = open_window(options)
    _quit_on_signals(application)
    controller.window.seen.connect(lambda: _start(controller, options))
    code = application.exec()
    controller.close()
    return code


def open_window(options: Options, **parts: Any) -> tuple[QApplication, Controller]:
    """The window, shown but not yet started; ``parts`` stand in for devices (see ``Controller``)."""
    # A worker busy in Python gives way to the window within a millisecond instead of five.
    sys.setswitchinterval(0.001)
    application = make_application()
    stored = preferences.load()
    build = EngineBuild()
    controller = Controller(
        lambda name, engine: open_model(name, engine, build),
        assess_clip,
        stored,
        engine=options.engine,
        model=options.model,
        rehearse=rehearse,
        build=build,
        **parts,
    )
    # Collecting garbage stops every thread for a tenth of a second; what stays until the end need not be looked at.
    controller.built.connect(gc.freeze)
    controller.window.show()
    return application, controller


def _quit_on_signals(application: QApplication) -> None:
    """End in good order on Ctrl-C and SIGTERM: Qt's loop alone would never let Python see them."""
    receiver, sender = socket.socketpair()
    for end in (receiver, sender):
        end.setblocking(False)
    signal.set_wakeup_fd(sender.fileno())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: application.quit())
    notifier = QSocketNotifier(receiver.fileno(), QSocketNotifier.Type.Read, application)
    notifier.activated.connect(lambda: receiver.recv(64))
    # The sockets live as long as the program.
    application.setProperty("sockets", (receiver, sender))


def _start(controller: Controller, options: Options) -> None:
    controller.start()
    if options.sound is not None:
        controller.practice.open_list([Sentence(options.text, tr("Demo"))])
        controller.practice.score_file(options.sound)


def save_picture(sound: Path, text: str, assessment: Assessment, target: Path) -> None:
    """Write the practice page with a scored recording as a PNG; needs no display.

    Raises ``AudioError`` for an unreadable sound, ``InputError`` where ``target`` cannot be written.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    # The offscreen platform warns of every size hint it cannot pass on.
    os.environ.setdefault("QT_LOGGING_RULES", "default.warning=false")
    application = make_application()
    samples = read_clip(sound).samples
    prompt = make_prompt(text)
    page = PracticePage()
    page.build_results()
    page.resize(1280, 800)
    page.show_sentence(Sentence(text, tr("Demo")))
    page.show_take(Take(assessment, prompt, pictures_of(samples, pitch=pitch_track(samples))))
    page.sentence.set_state(IDLE, has_take=True)
    page.show()
    application.processEvents()
    saved = page.grab().save(str(target), "PNG")
    page.close()
    if not saved:
        raise InputError("{path} cannot be written; choose another place.", path=target)


def make_application() -> QApplication:
    """The one QApplication, themed and translated as remembered."""
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    application.setApplicationName("Tutor")
    application.setDesktopFileName("tutor")
    application.setStyle("Fusion")
    application.setWindowIcon(application_icon())
    stored = preferences.load()
    language.choose(stored.language)
    theme.start(stored.theme if stored.theme in ("light", "dark") else "system", style_sheet)  # type: ignore[arg-type]
    return application


def check_display() -> None:
    """Qt ends the whole program where it finds no display, so look first."""
    if sys.platform.startswith("linux") and not any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    ):
        raise InstallError(
            "There is no display to open a window on; use `tutor demo` or `tutor score FILE TEXT` instead."
        )


def log_to_file() -> None:
    """Unexpected errors go to a small file beside the history, or nowhere if it cannot be written."""
    folder = data_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(folder / "window.log", maxBytes=500_000, backupCount=1, encoding="utf-8")
    except OSError:
        # The history says so in the window.
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    logging.getLogger("ui").addHandler(handler)


def open_model(name: str, engine: str, build: EngineBuild) -> Model:
    """The model by ``engines.choose``; imported late, on the worker. A GPU engine that is missing is built in the
    background while the CPU serves, and takes over between two takes; ``build`` follows and stops it."""
    from engines.choose import open_model as choose

    build.begin()
    return choose(name, engine, background=True, progress=build.report, ended=build.end)


def rehearse(model: Model) -> None:
    """Score a bundled recording, unseen: loads what is loaded late and warms the engine. No server is bothered."""
    from tutor.samples import load_samples

    if not model.info.backend.startswith("triton"):
        sample = next(sample for sample in load_samples() if sample.good)
        assess_clip(read_clip(sample.path), make_prompt(sample.text), model, silent)


def assess_clip(clip: Clip, prompt: Prompt, model: Model, progress: Progress) -> Assessment:
    """The whole path of ``tutor.assess``; imported late, on the worker."""
    from tutor.assess import assess

    return assess(clip, prompt, model, progress=progress)
