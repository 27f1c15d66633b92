"""The other pages: choosing what to say, progress, class, settings, recordings in bulk."""

from __future__ import annotations

import csv
import io
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from canned import made_up
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tutor.attempt import Attempt
from tutor.history import History
from tutor.prompts import make_prompt
from ui.desktop import preferences
from ui.desktop.class_report import ClassFigures, LearnerFigures, PhoneFigures, to_csv, to_html, write_report
from ui.desktop.controller import Controller
from ui.desktop.lesson_control import read_text
from ui.desktop.views.batch import BatchRequest, BatchState
from ui.desktop.views.own_text import MAX_WORDS, sentences_of

PAGES = ("practice", "library", "own", "drill", "progress", "class", "batch", "settings")


def remember(folders: Path, *, learner: str = "", takes: int = 4, text: str = "I think this is it.") -> None:
    history = History(folders / "tutor_data_dir" / "history.db")
    for number in range(takes):
        assessment = made_up(make_prompt(text), 3.0)
        assessment = replace(assessment, scores=replace(assessment.scores, overall=60.0 + number))
        history.add(Attempt(learner, "", time.time() - 86_400 * number, assessment))
    if learner:
        history.set_learners([*history.learners(), learner])
    history.close()


def page_of(controller: Controller, name: str) -> Any:
    controller.window.show_page(name)
    return controller.window._pages[name]


def test_every_page_opens_by_its_key(controller: Controller, qtbot: Any) -> None:
    for number, name in enumerate(PAGES):
        controller.window.activateWindow()
        controller.window.side.buttons[name].click()
        assert controller.window.page == name
        assert controller.window.side.buttons[name].shortcut().toString() == f"Ctrl+{number + 1}"


def test_library_filters_and_begins(controller: Controller, qtbot: Any) -> None:
    page = page_of(controller, "library")
    everything = page._list.count()
    page._sound.setCurrentIndex(page._sound.findData("TH"))
    page._sound.activated.emit(page._sound.currentIndex())
    assert 0 < page._list.count() < everything
    page._search.setText("zzzz")
    assert page._list.count() == 0
    assert page._title.text() == "No lesson matches"
    page._search.clear()
    page._start.click()
    assert controller.window.page == "practice"
    lesson = next(lesson for lesson in controller.lessons.lessons if lesson.id == controller.store.now.lesson)
    target = next(item for item in lesson.items if item.text == controller.practice.sentence.text)
    assert "TH" in target.targets


def test_own_text_becomes_sentences(controller: Controller, qtbot: Any) -> None:
    page = page_of(controller, "own")
    page.show_text("Hello there. How are you?\n\nFine!")
    assert page._count.text() == "3 sentences"
    page.chosen.emit(sentences_of("Hello there. How are you?\n\nFine!"), 1)
    assert controller.practice.sentence.text == "How are you?"
    assert (controller.practice.sentence.number, controller.practice.sentence.total) == (2, 3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  \n ... \n", []),
        ("He paid $3.50 for it. Good.", ["He paid $3.50 for it.", "Good."]),
        ("“Stop!” she said. I did.", ["“Stop!” she said.", "I did."]),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert sentences_of(text) == expected


def test_long_sentences_are_cut_at_commas_and_lose_nothing() -> None:
    text = ", ".join(["one two three four five six seven"] * 12) + "."
    found = sentences_of(text)
    assert " ".join(found) == text
    assert len(found) > 1
    assert all(len(sentence.split()) <= MAX_WORDS for sentence in found)


def test_text_files(tmp_path: Path) -> None:
    (tmp_path / "utf.txt").write_bytes("\ufeffCafé".encode())
    (tmp_path / "old.txt").write_bytes("Café".encode("cp1252"))
    (tmp_path / "binary.txt").write_bytes(b"a\0b")
    assert read_text(tmp_path / "utf.txt") == read_text(tmp_path / "old.txt") == "Café"
    for name, words in (("binary.txt", "not a plain text"), ("missing.txt", "cannot be read")):
        with pytest.raises(Exception, match=words):
            read_text(tmp_path / name)


def test_weak_sounds_lead_to_a_drill(folders: Path, make_controller: Any, qtbot: Any) -> None:
    remember(folders)
    controller = make_controller()
    qtbot.waitUntil(lambda: bool(controller.lessons.lessons), timeout=20_000)
    page = page_of(controller, "drill")
    qtbot.waitUntil(lambda: bool(page._sounds), timeout=10_000)
    weakest = page._sounds[0].card.arpabet
    assert page._sounds[0].card.score < 60
    page.chosen.emit(weakest)
    assert controller.window.page == "practice"
    assert "Drill of" in controller.practice.sentence.place
    assert controller.practice.sentence.total >= 3


def test_progress_shows_streak_series_and_pair(folders: Path, make_controller: Any, qtbot: Any) -> None:
    remember(folders)
    controller = make_controller()
    page = page_of(controller, "progress")
    qtbot.waitUntil(lambda: bool(page._progress.summaries), timeout=10_000)
    assert page._streak._figure.text() == "4"
    assert page._texts.count() == 2
    page.text_chosen.emit("I think this is it.")
    qtbot.waitUntil(lambda: page._best.isVisible(), timeout=10_000)
    assert page._best._attempt.assessment.scores.overall == 63
    assert page._latest._attempt.assessment.scores.overall == 60
    page.play.emit(page._best._attempt.id)
    qtbot.waitUntil(lambda: "was not kept" in controller.window.banner.text, timeout=10_000)


def test_class_roster_projector_and_names(folders: Path, make_controller: Any, qtbot: Any) -> None:
    remember(folders, learner="Ana")
    controller = make_controller()
    qtbot.waitUntil(lambda: bool(controller.lessons.lessons), timeout=20_000)
    page = page_of(controller, "class")
    qtbot.waitUntil(lambda: page._names == ["Ana"], timeout=10_000)
    page._name.setText("Bo, Chen, Ana")
    QTest.keyClick(page._name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page._names == ["Ana", "Bo", "Chen"], timeout=10_000)
    qtbot.waitUntil(lambda: len(page._figures.learners) == 3, timeout=10_000)
    assert page._figures.learners[0].takes == 4
    page.begin.emit(controller.lessons.lessons[0].id)
    projector = controller.classroom.projector
    assert projector is not None and controller.practice.learner == "Ana"
    QTest.keyClick(projector, Qt.Key.Key_PageDown)
    assert (projector._learner.text(), controller.practice.learner) == ("Bo", "Bo")
    first = controller.practice.sentence.text
    QTest.keyClick(projector, Qt.Key.Key_Return)
    assert controller.practice.sentence.text != first
    page._hide.setChecked(True)
    controller.classroom._show_learner()
    assert projector._learner.text() == "Learner 2"
    controller.services.tell_error_text("The microphone is gone.")
    assert projector._message.text() == "The microphone is gone." and projector._notice.isVisible()
    controller.window.banner.hide()
    assert not projector._notice.isVisible()
    QTest.keyClick(projector, Qt.Key.Key_Escape)
    assert controller.classroom.projector is None and controller.practice.learner == ""


def test_projector_letters_are_large_enough_for_the_back_row(controller: Controller, qtbot: Any) -> None:
    from PySide6.QtWidgets import QLabel, QPushButton

    from ui.desktop.views.projector import Projector, Shown

    projector = Projector(1080)
    qtbot.addWidget(projector)
    controller.practice.sentence_shown.connect(projector.show_sentence)
    prompt = make_prompt("I think this is it.")
    from ui.desktop.shown import Take

    take = Shown("Ana", Take(made_up(prompt, 3.0), prompt))
    projector.show_takes(take, take)
    projector.resize(1920, 1080)
    projector.show()
    texts = [
        widget for kind in (QLabel, QPushButton) for widget in projector.findChildren(kind) if widget.text()
    ]
    sizes = {widget.text(): widget.fontInfo().pixelSize() for widget in texts if widget.isVisible()}
    assert sizes and min(sizes.values()) >= 28, sizes


FIGURES = ClassFigures(
    (LearnerFigures("=Ana", 3, 71.2, {"TH": 41.0, "R": 88.0}), LearnerFigures("<b>Bo", 0, float("nan"), {})),
    (PhoneFigures("TH", 41.0, 1, 1), PhoneFigures("R", 88.0, 1, 0)),
)


def test_class_report_in_all_forms(qapp: Any, tmp_path: Path) -> None:
    rows = list(csv.reader(io.StringIO(to_csv(FIGURES).removeprefix("\ufeff"))))
    assert rows[1] == ["'=Ana", "3", "71.2", "R", "ɹ", "88.0"]
    assert rows[3] == ["<b>Bo", "0", "", "", "", ""]
    page = to_html(FIGURES)
    assert "&lt;b&gt;Bo" in page and "41 ✗" in page and "1 / 1" in page
    for ending, start in (("html", b"<!DOCTYPE"), ("csv", b"\xef\xbb\xbflearner"), ("pdf", b"%PDF")):
        write_report(FIGURES, tmp_path / f"class.{ending}")
        assert (tmp_path / f"class.{ending}").read_bytes().startswith(start)


def test_settings_take_effect_and_are_remembered(controller: Controller, qtbot: Any, folders: Path) -> None:
    page = page_of(controller, "settings")
    page.changed.emit("language", "zh_CN")
    qtbot.waitUntil(lambda: controller.window.side.buttons["practice"].text().strip() == "练习")
    page.changed.emit("theme", "dark")
    from ui.desktop.theme import theme

    assert theme.colours.is_dark
    page._checks["keep_audio"].setChecked(True)
    controller.close()
    stored = preferences.load(folders / "tutor_config_dir" / "window.json")
    assert (stored.language, stored.theme, stored.keep_audio) == ("zh_CN", "dark", True)


def test_the_meter_listens_only_while_settings_are_open(
    controller: Controller, qtbot: Any, microphone: Any
) -> None:
    page_of(controller, "settings")
    qtbot.waitUntil(lambda: controller.meter._microphone is not None, timeout=10_000)
    page_of(controller, "practice")
    assert not controller.meter.is_recording
    assert controller.practice.take is None


def test_deleting_everything(folders: Path, make_controller: Any, qtbot: Any) -> None:
    remember(folders)
    controller = make_controller()
    controller.settings_page.delete_all.emit()
    qtbot.waitUntil(lambda: "Everything was deleted" in controller.window.banner.text, timeout=10_000)
    controller.close()
    history = History(folders / "tutor_data_dir" / "history.db")
    assert history.summaries("") == []
    history.close()


def test_damaged_preferences_fall_back(tmp_path: Path) -> None:
    path = tmp_path / "window.json"
    for content in ("", "[1]", "{", '{"theme": 7, "accent": "uk", "unknown": 1}'):
        path.write_text(content)
        loaded = preferences.load(path)
        assert loaded.theme == "system"
    assert loaded.accent == "uk"


def test_batch_command_line(controller: Controller) -> None:
    request = BatchRequest("in", "out", frozenset({"report", "tracks"}))
    line = controller.batch.arguments(request, check=False)
    assert line[:2] == ["batch", "in"] and line[line.index("--out") + 1] == "out"
    assert {"--no-textgrids", "--no-acoustics", "--tracks"} <= set(line) and "--no-report" not in line
    assert controller.batch.arguments(request, check=True)[-1] == "--check"


def test_a_folder_or_table_is_dragged_in(controller: Controller, tmp_path: Path) -> None:
    from PySide6.QtCore import QMimeData, QUrl

    class Drop:
        def __init__(self, *paths: Path) -> None:
            self.data, self.accepted = QMimeData(), False
            self.data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])

        def mimeData(self) -> QMimeData:
            return self.data

        def acceptProposedAction(self) -> None:
            self.accepted = True

    page = page_of(controller, "batch")
    (tmp_path / "my takes").mkdir()
    (tmp_path / "a.wav").touch()
    for paths, wanted in (([tmp_path / "my takes"], True), ([tmp_path / "list.csv"], True), ([tmp_path / "a.wav"], False)):
        event = Drop(*paths)
        page.dragEnterEvent(event)
        assert event.accepted is wanted, paths
    page.dropEvent(Drop(tmp_path / "my takes"))
    assert page._request().source == str(tmp_path / "my takes")
    assert page._request().target == str(tmp_path / "my takes-results")
    page.dropEvent(Drop(tmp_path / "a.wav"))
    assert page._request().source == str(tmp_path / "my takes")
    page.show_state(BatchState(True, 10, 100, "", "", 0.5))
    assert "0.5/s · −3:00" in page._count.text()
    page.dropEvent(Drop(tmp_path / "list.csv"))
    assert page._request().source == str(tmp_path / "my takes"), "not while a run is on"


def test_a_run_is_watched_by_its_journal(controller: Controller, qtbot: Any, tmp_path: Path) -> None:
    batch = controller.batch
    batch._target, batch._total = tmp_path, 5
    batch._first = -1
    (tmp_path / "journal.jsonl").write_bytes(b"{}\n{}\n")
    batch._count()
    qtbot.waitUntil(lambda: batch._done == 2)
    with (tmp_path / "journal.jsonl").open("ab") as stream:
        stream.write(b"{}\n")
    batch._count()
    qtbot.waitUntil(lambda: batch._done == 3)
    assert batch._read_bytes == 9 and batch._first == 2


def test_batch_check_runs_in_its_own_process(controller: Controller, qtbot: Any, tmp_path: Path) -> None:
    page = page_of(controller, "batch")
    page.show_path("source", str(tmp_path / "nothing"))
    page._check.click()
    qtbot.waitUntil(lambda: not controller.batch.is_running, timeout=60_000)
    assert "does not exist" in page._log.toPlainText()
