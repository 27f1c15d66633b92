"""Language, theme and layout: nothing untranslated, nothing unreadable, nothing cut off."""

from __future__ import annotations

import string
from itertools import product
from typing import Any

import numpy as np
import pytest
from canned import made_up
from PySide6.QtCore import QCoreApplication, QTranslator
from PySide6.QtGui import QColor, QFontMetrics
from PySide6.QtWidgets import QLabel, QPushButton, QScrollArea

from tutor.paths import assets_dir
from tutor.prompts import make_prompt
from ui.desktop.controller import Controller
from ui.desktop.language import CONTEXT, language, tr
from ui.desktop.shown import Sentence, Take
from ui.desktop.theme import DARK, LIGHT, Colours, theme
from ui.desktop.translations import read_ts, texts_in_code

TS = assets_dir() / "translations" / "tutor_zh_CN.ts"


def test_every_text_is_translated() -> None:
    known = read_ts(TS)
    assert [text for text in texts_in_code() if text not in known] == []
    assert sorted(known) == sorted(texts_in_code())


def test_translations_keep_the_fields() -> None:
    def fields(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert {text: got for text, got in read_ts(TS).items() if fields(text) != fields(got)} == {}


def test_the_compiled_file_is_up_to_date(qapp: Any) -> None:
    translator = QTranslator()
    assert translator.load(str(TS.with_suffix(".qm")))
    differing = [text for text, got in read_ts(TS).items() if translator.translate(CONTEXT, text) != got]
    assert differing == []


def test_switching_needs_no_restart(controller: Controller, qtbot: Any) -> None:
    label = controller.window.status._lock
    before = label.text()
    language.choose("zh_CN")
    QCoreApplication.processEvents()
    assert label.text() == "你的声音只留在这台电脑上"
    assert tr("{count} sentences", count=3) == "3 个句子"
    language.choose("en")
    QCoreApplication.processEvents()
    assert label.text() == before


def contrast(first: str, second: str) -> float:
    def luminance(name: str) -> float:
        channels = [QColor(name).redF(), QColor(name).greenF(), QColor(name).blueF()]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_contrast_is_enough_to_read(colours: Colours) -> None:
    pairs = [
        *product(
            (colours.text, colours.muted), (colours.window, colours.surface, colours.side, colours.inset)
        ),
        *product(
            (colours.good, colours.fair, colours.poor, colours.accent), (colours.surface, colours.window)
        ),
        (colours.good, colours.good_soft),
        (colours.fair, colours.fair_soft),
        (colours.poor, colours.poor_soft),
        (colours.accent, colours.accent_soft),
        (colours.on_accent, colours.accent),
    ]
    low = {pair: round(contrast(*pair), 2) for pair in pairs if contrast(*pair) < 4.5}
    assert low == {}


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_scores_differ_without_red_and_green_sight(colours: Colours) -> None:
    # Brettel-like reduction for protanopes and deuteranopes: red and green channels merge.
    def seen(name: str, weights: tuple[float, float]) -> np.ndarray:
        colour = QColor(name)
        mixed = weights[0] * colour.red() + weights[1] * colour.green()
        return np.array([mixed, mixed, colour.blue()])

    for weights in ((0.15, 0.85), (0.37, 0.63)):
        shown = [seen(name, weights) for name in (colours.good_fill, colours.fair_fill, colours.poor_fill)]
        gaps = [np.linalg.norm(shown[a] - shown[b]) for a, b in ((0, 1), (1, 2), (0, 2))]
        assert min(gaps) > 25


@pytest.mark.parametrize("size", [(1280, 720), (960, 540), (640, 360), (1920, 1080), (3840, 2160)])
@pytest.mark.parametrize("code", ["en", "zh_CN"])
def test_no_text_is_cut_off(controller: Controller, qtbot: Any, size: tuple[int, int], code: str) -> None:
    language.choose(code)
    controller.window.resize(*size)
    prompt = make_prompt("I think the weather is rather good for swimming this Thursday.")
    controller.practice.open_list([Sentence(prompt.text, "Everyday", tune="fall")])
    controller.practice.page.show_take(Take(made_up(prompt, 4.0), prompt))
    cut = []
    for name, page in controller.window._pages.items():
        controller.window.show_page(name)
        qtbot.wait(30)
        for label in [*page.findChildren(QLabel), *controller.window.status.findChildren(QLabel)]:
            if label.isVisible() and label.text() and not label.wordWrap():
                need = QFontMetrics(label.font()).horizontalAdvance(label.text())
                if need > label.contentsRect().width() + 1:
                    cut.append((name, label.text(), need, label.contentsRect().width()))
            elif (
                label.isVisible()
                and label.text()
                and label.height() + 1 < label.heightForWidth(label.width())
            ):
                cut.append((name, label.text(), label.heightForWidth(label.width()), label.height()))
        for area in page.findChildren(QScrollArea):
            if (
                area.isVisible()
                and area.widget() is not None
                and area.widget().width() > area.viewport().width()
            ):
                cut.append((name, "page", area.widget().width(), area.viewport().width()))
        for button in page.findChildren(QPushButton):
            if button.isVisible() and button.width() + 3 < button.minimumSizeHint().width():
                cut.append((name, button.text(), button.minimumSizeHint().width(), button.width()))
    assert cut == []


def test_themes_switch_everything(controller: Controller, qtbot: Any) -> None:
    def brightness() -> float:
        image = controller.window.grab().toImage()
        points = [(x, y) for x in range(5, image.width(), 97) for y in range(5, image.height(), 53)]
        return float(np.mean([image.pixelColor(x, y).lightness() for x, y in points]))

    bright = brightness()
    theme.choose("dark")
    qtbot.wait(50)
    assert bright > 200 > 80 > brightness()
