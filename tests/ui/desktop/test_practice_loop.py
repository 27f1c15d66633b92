"""The learner's loop in a whole window: record, score, see, hear, go on."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from canned import canned_assess, voice_like
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QWidget,
)

from engines.canned import CannedModel
from tutor.errors import EngineError, ModelError
from tutor.history import History
from tutor.result import OTHER_TEXT
from ui.desktop.controller import Controller
from ui.desktop.preferences import Preferences
from ui.desktop.shown import Sentence
from ui.desktop.views.advice import TipButton
from ui.desktop.views.verdict import PhoneRow
from ui.desktop.window import PAGES

SENTENCE = Sentence("I think this is it.", "Test", item="i1")


def say_it(controller: Controller, qtbot: Any, microphone: Any, *, seconds: float = 2.5) -> None:
    microphone.sound = voice_like(seconds)
    before = controller.practice.take
    QTest.keyClick(controller.practice.page, Qt.Key.Key_Space)
    qtbot.waitUntil(
        lambda: bool(microphone.opened) and controller.recorder._microphone is not None, timeout=5000
    )
    QTest.keyClick(controller.practice.page, Qt.Key.Key_Space)
    qtbot.waitUntil(
        lambda: controller.practice.take is not None and controller.practice.take is not before,
        timeout=20_000,
    )


def test_record_score_and_see(controller: Controller, qtbot: Any, microphone: Any, folders: Path) -> None:
    controller.practice.open_list([SENTENCE])
    say_it(controller, qtbot, microphone)
    page = controller.practice.page
    take = controller.practice.take
    assert take is not None
    assert [word.text for word in take.ribbon] == ["I", "think", "this", "is", "it."]
    qtbot.waitUntil(lambda: controller.window.status._latency.isVisible(), timeout=5000)
    assert "scores after" in controller.window.status._latency.text()
    qtbot.waitUntil(lambda: page.sentence.ribbon.chosen_word >= 0, timeout=5000)
    qtbot.waitUntil(lambda: page.pictures is not None, timeout=10_000)
    assert page.pictures is not None and page.pictures.duration_s == pytest.approx(2.5, abs=0.05)
    controller.close()
    history = History(folders / "tutor_data_dir" / "history.db")
    stored = history.summaries("")
    history.close()
    assert [(summary.item, summary.has_audio) for summary in stored] == [("i1", False)]


def test_scores_are_painted_before_all_else(
    controller: Controller, qtbot: Any, microphone: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.desktop.practice_control.UNSEEN_MS", 60_000)  # however slowly this machine paints
    controller.practice.open_list([SENTENCE])
    page = controller.practice.page
    say_it(controller, qtbot, microphone)
    qtbot.waitUntil(lambda: page.pictures is not None, timeout=10_000)
    first, order = page.scores._assessment, []

    def noting(name: str, step: Any) -> Any:
        def noted(*given: Any) -> None:
            # The first take's reference contour may come in late.
            if page.scores._assessment is not first:
                order.append(name)
            step(*given)

        return noted

    monkeypatch.setattr(controller.records, "add", noting("stored", controller.records.add))
    monkeypatch.setattr(page.timeline, "show_take", noting("drawn", page.timeline.show_take))
    monkeypatch.setattr(page.advice, "show_assessment", noting("advised", page.advice.show_assessment))
    controller.practice.latency.connect(lambda latency: order.append("painted"))
    say_it(controller, qtbot, microphone)
    assert page.scores._assessment is controller.practice.take.assessment
    qtbot.waitUntil(lambda: {"painted", "stored", "drawn", "advised"} <= set(order), timeout=10_000)
    assert order[0] == "painted"


def test_a_take_that_nobody_sees_is_finished_all_the_same(
    controller: Controller, qtbot: Any, microphone: Any
) -> None:
    controller.practice.open_list([SENTENCE])
    told: list[object] = []
    controller.practice.latency.connect(told.append)
    controller.window.show_page("library")
    controller.practice.page.sentence.record.emit()
    microphone.sound = voice_like(2.5)
    qtbot.waitUntil(lambda: controller.recorder._microphone is not None, timeout=5000)
    microphone.opened[-1].feed(microphone.sound)
    with qtbot.waitSignal(controller.practice.attempt_stored, timeout=20_000):
        controller.practice.page.sentence.record.emit()
    qtbot.waitUntil(lambda: controller.practice.page.pictures is not None, timeout=10_000)
    # No time is told that counts until somebody opens the page.
    controller.window.show_page("practice")
    qtbot.wait(100)
    assert told == []


def test_audio_is_kept_only_with_consent(
    make_controller: Any, qtbot: Any, microphone: Any, folders: Path
) -> None:
    controller = make_controller(Preferences(auto_stop=False, keep_audio=True))
    controller.practice.open_list([SENTENCE])
    with qtbot.waitSignal(controller.practice.attempt_stored, timeout=20_000):
        say_it(controller, qtbot, microphone)
    controller.close()
    history = History(folders / "tutor_data_dir" / "history.db")
    assert history.summaries("")[0].has_audio
    history.close()


def test_stops_by_itself_after_speech(make_controller: Any, qtbot: Any, microphone: Any) -> None:
    controller = make_controller(Preferences(auto_stop=True, auto_stop_s=0.5))
    controller.practice.open_list([SENTENCE])
    rng = np.random.default_rng(3)
    microphone.sound = np.concatenate((voice_like(2.0), rng.normal(0, 0.001, 24_000).astype(np.float32)))
    controller.practice.toggle_recording()
    qtbot.waitUntil(lambda: controller.practice.take is not None, timeout=20_000)
    assert not controller.recorder.is_recording


def test_keys_move_between_words_and_sentences(controller: Controller, qtbot: Any, microphone: Any) -> None:
    controller.practice.open_list([SENTENCE, Sentence("Again.")])
    say_it(controller, qtbot, microphone)
    page = controller.practice.page
    page.sentence.ribbon.choose(0)
    QTest.keyClick(page, Qt.Key.Key_Right)
    QTest.keyClick(page, Qt.Key.Key_Right)
    QTest.keyClick(page, Qt.Key.Key_Left)
    assert page.sentence.ribbon.chosen_word == 1
    assert page.sounds._title.text() == "think"
    QTest.keyClick(page, Qt.Key.Key_Return)
    assert controller.practice.sentence.text == "Again."
    assert controller.practice.take is None
    QTest.keyClick(page, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert controller.practice.sentence.text == SENTENCE.text


def test_hears_take_word_and_sound(controller: Controller, qtbot: Any, microphone: Any, player: Any) -> None:
    controller.practice.open_list([SENTENCE])
    say_it(controller, qtbot, microphone)
    page = controller.practice.page
    QTest.keyClick(page, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: len(player.played) == 1)
    assert player.played[0][2:] == (0.0, 2.5)
    page.sentence.ribbon.choose(1)
    QTest.keyClick(page, Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: len(player.played) == 2)
    assert controller.practice.take is not None
    think = controller.practice.take.assessment.words[1]
    assert player.played[1][2:] == (think.start, think.end)
    page.timeline.play.emit(0.5, 0.75)
    qtbot.waitUntil(lambda: len(player.played) == 3)
    assert player.played[2][2:] == (0.5, 0.75)


def test_listens_to_a_lessons_reference(controller: Controller, qtbot: Any, player: Any) -> None:
    QTest.keyClick(controller.practice.page, Qt.Key.Key_L)
    qtbot.waitUntil(lambda: len(player.played) == 1, timeout=10_000)
    assert player.played[0][0] > 4000


def test_a_file_dropped_is_scored(controller: Controller, qtbot: Any, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "said.wav", voice_like(2.0), 16_000)
    controller.practice.open_list([SENTENCE])
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "said.wav"))])
    actions, button = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    event = QDropEvent(QPointF(QPoint(5, 5)), actions, data, button, Qt.KeyboardModifier.NoModifier)
    controller.practice.page.dropEvent(event)
    qtbot.waitUntil(lambda: controller.practice.take is not None, timeout=20_000)


def test_an_unusable_file_says_so(controller: Controller, qtbot: Any, tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"no sound")
    controller.practice.score_file(tmp_path / "broken.wav")
    qtbot.waitUntil(lambda: "broken.wav" in controller.window.banner.text, timeout=10_000)
    assert controller.practice.page.sentence._record.isEnabled()


def test_no_microphone_is_a_message(controller: Controller, qtbot: Any, microphone: Any) -> None:
    microphone.refusal = "No microphone was found; connect one."
    controller.practice.toggle_recording()
    qtbot.waitUntil(lambda: "No microphone" in controller.window.banner.text)
    microphone.refusal = ""
    controller.practice.open_list([SENTENCE])
    say_it(controller, qtbot, microphone)


def test_unplugging_keeps_what_was_said(controller: Controller, qtbot: Any, microphone: Any) -> None:
    controller.practice.open_list([SENTENCE])
    microphone.sound = voice_like(2.0)
    controller.practice.toggle_recording()
    qtbot.waitUntil(lambda: controller.recorder._microphone is not None)
    microphone.trouble = "The microphone stopped sending; check its plug. What was recorded is kept."
    qtbot.waitUntil(lambda: controller.practice.take is not None, timeout=20_000)
    assert "stopped sending" in controller.window.banner.text


def test_a_hanging_device_does_not_hold_up_the_next_take(
    controller: Controller, qtbot: Any, microphone: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()
    monkeypatch.setattr("ui.desktop.recorder.CLOSE_S", 0.2)
    monkeypatch.setattr(microphone, "close", lambda self: released.wait(20))
    controller.practice.open_list([SENTENCE])
    say_it(controller, qtbot, microphone)
    qtbot.wait(400)
    monkeypatch.setattr(microphone, "close", lambda self: None)
    say_it(controller, qtbot, microphone)
    released.set()


def test_a_device_that_never_opens_is_given_up(
    controller: Controller, qtbot: Any, microphone: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    released, opens = threading.Event(), microphone.open
    monkeypatch.setattr("ui.desktop.recorder.OPEN_S", 0.2)
    monkeypatch.setattr(microphone, "open", lambda self, device=None: released.wait(20))
    controller.practice.open_list([SENTENCE])
    controller.practice.toggle_recording()
    qtbot.waitUntil(lambda: "does not answer" in controller.window.banner.text, timeout=5000)
    assert not controller.recorder.is_recording
    monkeypatch.setattr(microphone, "open", opens)
    say_it(controller, qtbot, microphone)
    released.set()


def test_a_recording_stopped_before_the_device_opened_lets_it_go(
    controller: Controller, qtbot: Any, microphone: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, entered, closed = threading.Event(), threading.Event(), []
    opens, closes = microphone.open, microphone.close

    def slow_open(self: Any, device: str | None = None) -> None:
        entered.set()
        gate.wait(20)
        opens(self, device)

    monkeypatch.setattr(microphone, "open", slow_open)
    monkeypatch.setattr(microphone, "close", lambda self: closed.append(self) or closes(self))
    controller.practice.open_list([SENTENCE])
    controller.practice.toggle_recording()
    assert entered.wait(10)
    controller.practice.toggle_recording()
    gate.set()
    qtbot.waitUntil(lambda: bool(closed), timeout=5000)
    assert not controller.recorder.is_recording
    assert controller.practice.take is None


def test_too_short_is_not_scored(controller: Controller, qtbot: Any, microphone: Any) -> None:
    controller.practice.open_list([SENTENCE])
    microphone.sound = voice_like(0.1)
    controller.practice.toggle_recording()
    qtbot.waitUntil(lambda: controller.recorder._microphone is not None)
    controller.practice.toggle_recording()
    assert "too short" in controller.window.banner.text


def test_a_new_recording_cancels_the_pending_score(make_controller: Any, qtbot: Any, microphone: Any) -> None:
    gate, asked = threading.Event(), []

    def slow(clip: Any, prompt: Any, model: Any, progress: Any) -> Any:
        asked.append(len(clip.samples))
        if len(asked) == 1:
            while progress("waiting", 0, 0) and not gate.wait(0.01):
                pass
        return canned_assess(clip, prompt, model, progress)

    controller = make_controller(assess=slow)
    controller.practice.open_list([SENTENCE])
    results = []
    controller.practice.take_scored.connect(results.append)
    for seconds in (1.5, 2.5):
        microphone.sound = voice_like(seconds)
        controller.practice.toggle_recording()
        qtbot.waitUntil(lambda: controller.recorder._microphone is not None)
        controller.practice.toggle_recording()
        qtbot.waitUntil(lambda wanted=seconds: len(asked) >= (1 if wanted == 1.5 else 2), timeout=20_000)
    qtbot.waitUntil(lambda: bool(results), timeout=20_000)
    qtbot.wait(50)
    assert [take.assessment.audio.duration_s for take in results] == [pytest.approx(2.5, abs=0.01)]


def test_a_failing_engine_gives_way_to_the_cpu(make_controller: Any, qtbot: Any, microphone: Any) -> None:
    opened = []

    def open_model(name: str, engine: str) -> CannedModel:
        opened.append(engine)
        return CannedModel(reason=engine)

    def breaking(clip: Any, prompt: Any, model: Any, progress: Any) -> Any:
        if model.info.reason == "auto":
            raise EngineError("The GPU is gone.")
        return canned_assess(clip, prompt, model, progress)

    controller = make_controller(open_model=open_model, assess=breaking)
    controller.practice.open_list([SENTENCE])
    say_it(controller, qtbot, microphone)
    assert opened == ["auto", "onnx_cpu"]
    assert "the CPU took over" in controller.window.banner.text


def test_a_crash_in_the_worker_is_told_and_the_next_take_works(
    make_controller: Any, qtbot: Any, microphone: Any
) -> None:
    failures = [ZeroDivisionError("inside")]

    def crashing(clip: Any, prompt: Any, model: Any, progress: Any) -> Any:
        if failures:
            raise failures.pop()
        return canned_assess(clip, prompt, model, progress)

    controller = make_controller(assess=crashing)
    controller.practice.open_list([SENTENCE])
    microphone.sound = voice_like(2.0)
    controller.practice.toggle_recording()
    qtbot.waitUntil(lambda: controller.recorder._microphone is not None)
    controller.practice.toggle_recording()
    qtbot.waitUntil(lambda: "ZeroDivisionError" in controller.window.banner.text, timeout=20_000)
    say_it(controller, qtbot, microphone)


def test_a_missing_model_is_told_and_the_window_stays(make_controller: Any, qtbot: Any) -> None:
    def missing(name: str, engine: str) -> CannedModel:
        raise ModelError("The model main is missing; reinstall Tutor.")

    controller = make_controller(open_model=missing)
    qtbot.waitUntil(lambda: "model main is missing" in controller.window.banner.text, timeout=10_000)
    assert controller.window.isVisible()


def test_another_text_is_not_graded_nor_stored(make_controller: Any, qtbot: Any, microphone: Any) -> None:
    def other(clip: Any, prompt: Any, model: Any, progress: Any) -> Any:
        return dataclasses.replace(canned_assess(clip, prompt, model, progress), verdict=OTHER_TEXT)

    controller = make_controller(assess=other)
    stored = []
    controller.practice.attempt_stored.connect(stored.append)
    controller.practice.open_list([SENTENCE])
    say_it(controller, qtbot, microphone)
    assert "does not sound like the sentence" in controller.practice.page.scores._notice.text()
    assert not stored


def test_every_control_of_every_page_has_a_name_and_a_tooltip(controller: Controller, qtbot: Any) -> None:
    controller.practice.open_list([SENTENCE])
    for name, *_ in PAGES:
        controller.window.show_page(name)
        QTest.qWait(50)
    kinds = (QAbstractButton, QComboBox, QLineEdit, QPlainTextEdit, QAbstractSpinBox, QAbstractSlider)
    controls = [
        widget
        for kind in kinds
        for widget in controller.window.findChildren(kind)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and not widget.objectName().startswith("qt_")
    ]
    assert len(controls) > 40
    nameless = [repr(w) + w.objectName() for w in controls if not (w.accessibleName() or getattr(w, "text", str)())]
    silent = [f"{type(w).__name__} {w.accessibleName()} {w.objectName()}" for w in controls if not w.toolTip()]
    assert (nameless, silent) == ([], [])


def test_tab_goes_through_the_page_as_it_is_read(controller: Controller, qtbot: Any, microphone: Any) -> None:
    controller.practice.open_list([SENTENCE])
    say_it(controller, qtbot, microphone)
    page = controller.practice.page
    qtbot.waitUntil(lambda: page.pictures is not None, timeout=10_000)
    met: list[QWidget] = []
    widget = page.nextInFocusChain()
    while widget is not page and len(met) < 500:
        if widget.isVisible() and widget.isEnabled() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            met.append(widget)
        widget = widget.nextInFocusChain()
    kinds = [type(widget).__name__ for widget in met]
    words, phones = page.sentence.ribbon._buttons, [w for w in met if isinstance(w, PhoneRow)]
    assert phones and met.index(words[-1]) < met.index(page.sentence._record) < met.index(phones[0])
    assert met.index(phones[-1]) < met.index(page._spectrum) < kinds.index("TipButton")
    reached = [widget for widget in met if isinstance(widget, (QAbstractButton, TipButton))]
    assert len(reached) > 15
    # Qt reads a button's text where it has no name of its own.
    names = [widget.accessibleName() or widget.text() for widget in reached]  # type: ignore[union-attr]
    assert all(names) and [name for widget, name in zip(reached, names, strict=True) if not widget.toolTip()] == []


def test_settings_that_cannot_be_kept_are_told(controller: Controller, qtbot: Any, folders: Path) -> None:
    place = folders / "tutor_config_dir"
    place.parent.mkdir(exist_ok=True)
    place.write_text("a file where the folder should be")
    controller.store.set("accent", "uk")
    qtbot.waitUntil(lambda: "cannot be kept" in controller.window.banner.text, timeout=5000)
    assert controller.store.now.accent == "uk"
