"""Pictures of every screen, to be looked at: ``python -m ui.desktop.gallery FOLDER``.

Needs no display. The bundled recordings are scored by the real engine and fill a history in a temporary
folder; then every page is shown in both themes and languages at several sizes. ``QT_SCALE_FACTOR=2`` doubles
the density.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

from PySide6.QtCore import QDeadlineTimer, QEventLoop, QTimer
from PySide6.QtWidgets import QWidget

from tutor.attempt import Attempt
from tutor.clip import read_clip
from tutor.history import History
from tutor.paths import assets_dir, data_dir
from tutor.prompts import make_prompt
from tutor.result import GRADED
from ui.desktop import app
from ui.desktop.controller import Controller
from ui.desktop.engine_build import EngineBuild
from ui.desktop.language import language
from ui.desktop.shown import Sentence
from ui.desktop.theme import Choice, theme
from ui.desktop.window import PAGES

SIZES = ((1280, 720), (1920, 1080))
LEARNERS = ("Ana", "Bo", "Chen", "Dmitri")
OWN_TEXT = "The sun was setting. We walked along the river, and nobody said a word! Could you tell me why?"


def wait(ms: int) -> None:
    """Let the window work for a while."""
    loop = QEventLoop()
    QTimer.singleShot(ms, loop.quit)
    loop.exec()


def samples() -> dict[str, str]:
    """Bundled recordings: file name to what they were to say."""
    table = json.loads((assets_dir() / "samples" / "samples.json").read_text("utf-8"))
    return {sample["file"]: sample["text"] for sample in table["samples"]}


def fill_history(engine: str, model: str) -> None:
    """Score the bundled recordings and spread them over two weeks and a class."""
    scorer = app.open_model(model, engine, EngineBuild())
    history = History(data_dir() / "history.db")
    history.set_learners(list(LEARNERS))
    days = 14
    for number, (name, text) in enumerate(samples().items()):
        clip = read_clip(assets_dir() / "samples" / name)
        assessment = app.assess_clip(clip, make_prompt(text), scorer, lambda *_: True)
        if assessment.verdict != GRADED:
            continue
        for day in range(number % 3, days, 3):
            when = time.time() - 86_400 * (days - 1 - day)
            history.add(Attempt("", "", when, assessment, clip.samples if day == days - 1 else None))
        history.add(Attempt(LEARNERS[number % len(LEARNERS)], "", time.time(), assessment))
    history.close()
    scorer.close()


def save(widget: QWidget, folder: Path, name: str) -> None:
    """One picture."""
    scale = os.environ.get("QT_SCALE_FACTOR", "")
    widget.grab().save(str(folder / f"{name}{f'@{scale}' if scale else ''}.png"))


def show_all(controller: Controller, folder: Path) -> None:
    """Every page in every look."""
    controller.lessons._own.show_text(OWN_TEXT)
    for code in ("en", "zh_CN"):
        for look in ("light", "dark"):
            language.choose(code)
            theme.choose(look)
            for width, height in SIZES:
                controller.window.resize(width, height)
                for page, *_ in PAGES:
                    controller.window.show_page(page)
                    wait(500)
                    controller.window.banner.hide()
                    wait(30)
                    save(controller.window, folder, f"{page}-{code[:2]}-{look}-{width}")


def score(controller: Controller, name: str, text: str) -> None:
    """Score a bundled recording and wait for its plots."""
    controller.practice.open_list([Sentence(text, "Demo")])
    controller.practice.score_file(assets_dir() / "samples" / name)
    deadline = QDeadlineTimer(60_000)
    while controller.practice.page.pictures is None and not deadline.hasExpired():
        wait(50)
    wait(1500)


def show_projector(controller: Controller, folder: Path, sample: str) -> None:
    """The class's screen with two takes."""
    looks: tuple[tuple[str, Choice], ...] = (("en", "light"), ("zh_CN", "dark"))
    for code, look in looks:
        language.choose(code)
        theme.choose(look)
        controller.classroom.open_projector(controller.lessons.lessons[0].id)
        projector = controller.classroom.projector
        if projector is None:
            return
        projector.showNormal()
        projector.resize(1920, 1080)
        score(controller, sample, samples()[sample])
        controller.practice.take = None
        controller.practice.score_file(assets_dir() / "samples" / sample)
        wait(2500)
        save(projector, folder, f"projector-{code[:2]}-{look}-1920")
        projector.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--engine", default="onnx_cpu")
    parser.add_argument("--model", default="main")
    parser.add_argument("--sample", default="ship-sheep.flac", help="bundled recording on the practice page")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as home:
        for name in ("TUTOR_DATA_DIR", "TUTOR_CONFIG_DIR", "TUTOR_CACHE_DIR"):
            os.environ[name] = home
        fill_history(arguments.engine, arguments.model)
        application, controller = app.open_window(app.Options(arguments.engine, arguments.model))
        language.choose("en")
        theme.choose("light")
        controller.start()
        wait(2000)
        save(controller.window, arguments.folder, "welcome-en-light-1280")
        score(controller, arguments.sample, samples()[arguments.sample])
        show_all(controller, arguments.folder)
        show_projector(controller, arguments.folder, arguments.sample)
        controller.window.close()
        controller.close()
        application.quit()
    print(f"{len(list(arguments.folder.glob('*.png')))} pictures in {arguments.folder}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
