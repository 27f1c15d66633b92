from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from canned import made_up, voice_like
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from tutor.prompts import make_prompt
from tutor.prosody import pitch_track
from ui.desktop.plots.pictures import envelope_of, pictures_of, spectrogram_of, without_slips
from ui.desktop.plots.span import Span
from ui.desktop.plots.trend import running_mean
from ui.desktop.shown import Take

TONE_HZ = 1000


def tone(seconds: float) -> np.ndarray:
    return np.sin(2 * np.pi * TONE_HZ * np.arange(int(16_000 * seconds)) / 16_000).astype(np.float32)


def test_envelope_holds_every_extreme() -> None:
    samples = np.random.default_rng(0).normal(size=10_007).astype(np.float32)
    low, high = envelope_of(samples, 300)
    assert len(low) == 300
    assert (low.min(), high.max()) == (samples.min(), samples.max())
    assert (low <= high).all()
    assert envelope_of(samples[:5], 300)[0].tolist() == samples[:5].tolist()
    assert envelope_of(samples[:0], 300)[0].tolist() == [0]


def test_spectrogram_finds_a_tone() -> None:
    picture = spectrogram_of(tone(0.5))
    assert picture.shape == (51, 257)
    assert picture[25].argmax() == round(TONE_HZ / 8000 * 256)
    assert picture[25].max() > 240 > 60 > picture[25, 200]


def test_pictures_centre_pitch_on_the_speakers_median() -> None:
    pytest.importorskip("swift_f0", reason="swift-f0 is not installed")
    samples = voice_like(2.0, hz=140)
    pictures = pictures_of(samples, pitch=pitch_track(samples))
    voiced = pictures.pitch.values[np.isfinite(pictures.pitch.values)]
    assert len(voiced) > 20
    assert abs(float(np.median(voiced))) < 0.2
    assert pictures.energy.values.max() == 0


def test_octave_slips_are_not_drawn() -> None:
    nan = np.nan
    steady = [1.0, 1.2, 1.1, 1.3, 1.2]
    found = without_slips(np.array([*steady, 12.0, 12.1, *steady, nan, 3.0, nan, *steady], np.float32))
    expected = [*steady, nan, nan, nan, *steady[1:], nan, nan, nan, *steady]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_running_mean_looks_back_only() -> None:
    assert running_mean(np.array([10.0, 20, 30, 40]), 2).tolist() == [10, 15, 25, 35]
    assert running_mean(np.array([]), 5).tolist() == []


@pytest.fixture
def timeline(qtbot: Any) -> Any:
    from ui.desktop.plots.timeline import Timeline

    made = Timeline()
    qtbot.addWidget(made)
    made.resize(700, 420)
    made.show()
    spans = (Span(0.2, 0.8, "one"), Span(1.0, 1.6, "two"))
    made.show_take(pictures_of(voice_like(2.0)), spans, ())
    qtbot.wait(30)
    return made


def place_of(timeline: Any, time_s: float, number: int = 0) -> QPoint:
    view = timeline._views[number]
    (left, right), _ = view.viewRange()
    rect = view.sceneBoundingRect()
    return QPoint(int(rect.left() + (time_s - left) / (right - left) * rect.width()), int(rect.center().y()))


def test_a_click_plays_the_word(timeline: Any, qtbot: Any) -> None:
    with qtbot.waitSignal(timeline.play, timeout=3000) as played:
        QTest.mouseClick(
            timeline._graphics.viewport(), Qt.MouseButton.LeftButton, pos=place_of(timeline, 1.3)
        )
    assert played.args == [1.0, 1.6]


def test_a_drag_plays_that_part(timeline: Any, qtbot: Any) -> None:
    port = timeline._graphics.viewport()
    with qtbot.waitSignal(timeline.play, timeout=3000) as played:
        QTest.mousePress(port, Qt.MouseButton.LeftButton, pos=place_of(timeline, 0.5))
        for time_s in (0.6, 0.9, 1.2):
            QTest.mouseMove(port, place_of(timeline, time_s), 10)
            qtbot.wait(20)
        QTest.mouseRelease(port, Qt.MouseButton.LeftButton, pos=place_of(timeline, 1.2))
    assert played.args == pytest.approx([0.5, 1.2], abs=0.03)


def test_zoom_is_linked_and_stays_in_the_take(timeline: Any, qtbot: Any) -> None:
    timeline.show_part(1.0, 1.6)
    ranges = [view.viewRange()[0] for view in timeline._views]
    assert ranges[0] == pytest.approx([0.66, 1.94], abs=0.01)
    assert all(found == pytest.approx(ranges[0], abs=0.02) for found in ranges)
    timeline.zoom(100)
    assert timeline._views[3].viewRange()[0] == pytest.approx([0, 2], abs=0.02)


def test_pointing_names_the_word_and_lights_all_plots(timeline: Any, qtbot: Any) -> None:
    pointed: list[int] = []
    timeline.word_pointed.connect(pointed.append)
    for number in range(4):
        timeline._point(timeline._graphics.mapToScene(place_of(timeline, 0.5, number)))
    assert pointed == [0, 0, 0, 0]
    timeline.light(1)
    assert all(band.isVisible() and band.getRegion() == (1.0, 1.6) for band in timeline._bands)
    timeline.light(-1)
    assert not any(band.isVisible() for band in timeline._bands)


def test_a_long_take_is_drawn_quickly(timeline: Any, qtbot: Any) -> None:
    timeline.show_take(pictures_of(np.tile(voice_like(5.0), 6)))
    timeline.grab()
    times = []
    for _ in range(5):
        started = time.thread_time()
        timeline.grab()
        times.append(time.thread_time() - started)
    assert min(times) < 0.05


def test_words_are_shown_as_written() -> None:
    prompt = make_prompt("Well, I paid $20!")
    take = Take(made_up(prompt, 3.0), prompt)
    assert [word.text for word in take.ribbon][:3] == ["Well,", "I", "paid"]
    assert len(take.ribbon) == len(prompt.words)
    assert take.phone_spans[0].start_s == take.word_spans[0].start_s


def test_a_word_left_out_is_shown_without_marks() -> None:
    prompt = make_prompt("I would like hot tea.")
    assessment = made_up(prompt, 3.0, left_out=3)
    words = [replace(word, score=83.0) if word.status == "omitted" else word for word in assessment.words]
    take = Take(replace(assessment, words=tuple(words)), prompt)
    assert [word.score == 0 for word in take.ribbon] == [False, False, False, True, False]
    assert not any(phone.score for phone in take.words[3].phonemes) and take.words[2] is words[2]


SHARPNESS = """
import sys
sys.path[:0] = sys.argv[1:]
import numpy as np
from PySide6.QtTest import QTest
from ui.desktop import app
from ui.desktop.plots.pictures import pictures_of
from ui.desktop.plots.span import Span
from ui.desktop.plots.timeline import Timeline
application = app.make_application()
timeline = Timeline()
timeline.resize(560, 420)
timeline.show_take(pictures_of(np.zeros(40_000, np.float32)), tuple(Span(n * 0.4, n * 0.4 + 0.35, "word") for n in range(6)))
timeline.show()
QTest.qWait(100)
picture = timeline.grab()
ratio, image = round(picture.devicePixelRatio()), picture.toImage()
across, down = range(50 * ratio, 550 * ratio, ratio), range(2 * ratio, 36 * ratio, ratio)
ink = (np.array([[image.pixelColor(x, y).lightness() for x in across] for y in down]) < 200).mean(axis=1)
# The lines between the words are on every row.
print(ratio, int((ink > ink.min() + 0.02).sum()))
"""


def test_names_keep_their_size_on_a_screen_of_twice_the_pixels(folders: Path) -> None:
    found = []
    for scale in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", SHARPNESS, str(Path(__file__).parents[3]), str(Path(__file__).parent)],
            env={**os.environ, "QT_SCALE_FACTOR": scale, "TUTOR_CONFIG_DIR": str(folders)},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        found.append([float(word) for word in done.stdout.split()])
    (ratio, rows), (other_ratio, other_rows) = found
    assert (ratio, other_ratio) == (1, 2) and 5 <= rows <= 14
    assert abs(rows - other_rows) <= 3, (rows, other_rows)
