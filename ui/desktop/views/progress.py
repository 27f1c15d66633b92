"""Progress: streaks, scores over time per sentence and per sound, best and latest side by side."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QDateTime, QLocale, Qt, Signal
from PySide6.QtWidgets import QComboBox, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from tutor.attempt import Attempt, PhoneMean, Summary
from tutor.phones import ORDER, ipa_of
from ui.desktop.icons import pixmap
from ui.desktop.language import language, mark, tr
from ui.desktop.parts.figures import ScoreRing, tint_of
from ui.desktop.parts.flow import Flow
from ui.desktop.parts.ribbon import Ribbon
from ui.desktop.parts.rows import Row, RowList
from ui.desktop.parts.view import Card, Columns, View, page_column, row
from ui.desktop.plots.trend import TrendPlot
from ui.desktop.shown import Progress, Take
from ui.desktop.theme import HEADING, M, colour


def when_text(when: float) -> str:
    """Day and time in the language in force."""
    moment = QDateTime.fromSecsSinceEpoch(int(when))
    return QLocale(language.code).toString(moment, QLocale.FormatType.ShortFormat)


class Tile(View):
    """One figure with its name."""

    def __init__(self, icon_name: str, name: str) -> None:
        super().__init__()
        card = Card(spacing=0)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(card)
        self._icon_name = icon_name
        self._sign = self.label()
        self._figure = self.label(role="heading")
        self._name = self.label(name, "caption")
        card.body.addLayout(row(self._sign, self._figure, None))
        card.body.addWidget(self._name)
        self.refresh()

    def show_figure(self, text: str) -> None:
        self._figure.setText(text)

    def refresh(self) -> None:
        self._sign.setPixmap(pixmap(self._icon_name, 22, "accent"))


class AttemptCard(View):
    """One stored attempt: score, words, and its sound where it was kept."""

    play = Signal(int)

    def __init__(self, title: str) -> None:
        super().__init__()
        self._attempt: Attempt | None = None
        card = Card()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(card)
        self._when = self.label(role="caption")
        self._play = self.button("", "play", tip=mark("Hear this attempt"))
        self._ring = ScoreRing(72)
        self._ribbon = Ribbon(HEADING - 3, centred=False)
        card.body.addLayout(row(self.label(title, "title"), self._when, None, self._play))
        line = row(self._ring, spacing=M)
        line.addWidget(self._ribbon, 1)
        card.body.addLayout(line)
        self._play.clicked.connect(lambda: self.play.emit(self._attempt.id if self._attempt else 0))

    def show_attempt(self, attempt: Attempt | None) -> None:
        """None hides the card."""
        self._attempt = attempt
        self.setVisible(attempt is not None)
        if attempt is not None:
            self._ring.show_score(attempt.assessment.scores.overall, tr("Overall score"))
            self._ribbon.show_words(Take(attempt.assessment).ribbon)
            self._when.setText(when_text(attempt.when))
            self._play.setVisible(attempt.samples is not None)


class ProgressPage(View):
    """``text_chosen``: show best and latest of this sentence; ``play``: id of an attempt to hear."""

    text_chosen = Signal(str)
    play = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._progress = Progress()
        self._phone = ""
        column = page_column(self)
        column.addWidget(self.label(mark("Progress"), "heading"))
        self._empty = self.label(
            mark("Your scores appear here after the first sentence."), "muted", wrap=True
        )
        column.addWidget(self._empty)
        tiles = Columns(560)
        self._streak = Tile("target", mark("days in a row"))
        self._days = Tile("clock", mark("days with practice"))
        self._takes = Tile("mic", mark("recordings scored"))
        self._mean = Tile("chart", mark("mean of the last ten"))
        for tile in (self._streak, self._days, self._takes, self._mean):
            tiles.box.addWidget(tile, 1)
        column.addWidget(tiles)
        charts = Columns(820)
        charts.box.addWidget(self._make_sentences(), 1)
        charts.box.addWidget(self._make_sounds(), 1)
        column.addWidget(charts, 1)
        pair = self._pair = Columns(760)
        self._best, self._latest = AttemptCard(mark("Best")), AttemptCard(mark("Latest"))
        for card in (self._best, self._latest):
            card.play.connect(self.play)
            pair.box.addWidget(card, 1)
        column.addWidget(pair)
        self._recent = self._make_recent()
        column.addWidget(self._recent)
        self.show_pair(None, None)
        self.refresh()

    def _make_sentences(self) -> QWidget:
        card = Card()
        self._texts = QComboBox()
        self._texts.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._texts.setMaxVisibleItems(14)
        self.say(self._texts.setAccessibleName, mark("Sentence"))
        self.say(self._texts.setToolTip, mark("Sentence"))
        card.body.addWidget(self.label(mark("Sentences over time"), "title"))
        card.body.addWidget(self._texts)
        self._sentence_plot = TrendPlot()
        card.body.addWidget(self._sentence_plot, 1)
        self._texts.activated.connect(self._choose_text)
        return card

    def _make_sounds(self) -> QWidget:
        card = Card()
        self._sound_title = self.label(role="title")
        card.body.addWidget(self._sound_title)
        self._tiles = Flow(spacing=4)
        card.body.addWidget(self._tiles)
        self._sound_plot = TrendPlot()
        card.body.addWidget(self._sound_plot, 1)
        return card

    def _make_recent(self) -> QWidget:
        card = Card()
        card.body.addWidget(self.label(mark("Latest recordings"), "title"))
        self._rows = RowList()
        self._rows.setMinimumHeight(230)
        self._rows.opened.connect(lambda key: self.play.emit(int(key)))
        self.say(self._rows.setToolTip, mark("Double click or Enter: hear it, where its sound was kept"))
        card.body.addWidget(self._rows)
        return card

    def show_progress(self, progress: Progress) -> None:
        """One learner's history."""
        self._progress = progress
        if progress.phones and self._phone not in {mean.arpabet for mean in progress.phones}:
            self._phone = progress.phones[0].arpabet
        self.refresh()

    def show_pair(self, best: Attempt | None, latest: Attempt | None) -> None:
        """The best and the latest attempt at the chosen sentence."""
        self._pair.setVisible(best is not None)
        self._best.show_attempt(best)
        self._latest.show_attempt(latest)

    def refresh(self) -> None:
        summaries = self._progress.summaries
        self._empty.setVisible(not summaries)
        self._recent.setVisible(bool(summaries))
        last = [summary.overall for summary in summaries[-10:]]
        self._streak.show_figure(str(self._progress.streak_days))
        self._days.show_figure(str(self._progress.days))
        self._takes.show_figure(str(len(summaries)))
        self._mean.show_figure(f"{sum(last) / len(last):.0f}" if last else "–")
        self._fill_texts(summaries)
        self._fill_sounds()
        self._rows.show_rows(
            [
                Row(str(entry.id), entry.text, when_text(entry.when), score=entry.overall)
                for entry in reversed(summaries[-40:])
            ]
        )
        self._plot_text()

    def _fill_texts(self, summaries: tuple[Summary, ...]) -> None:
        chosen = self._texts.currentData()
        self._texts.clear()
        self._texts.addItem(tr("All sentences"), "")
        for text in dict.fromkeys(summary.text for summary in reversed(summaries)):
            self._texts.addItem(text, text)
        self._texts.setCurrentIndex(max(0, self._texts.findData(chosen)))

    def _fill_sounds(self) -> None:
        self._tiles.clear()
        means = {mean.arpabet: mean for mean in self._progress.phones}
        for arpabet in ORDER:
            self._tiles.add(self._sound_tile(arpabet, means.get(arpabet)))
        series = (self._progress.phone_series or {}).get(self._phone, ())
        name = (
            tr("Sound /{ipa}/ over time", ipa=ipa_of(self._phone)) if self._phone else tr("Sounds over time")
        )
        self._sound_title.setText(name)
        self._sound_plot.show_points(series, name)

    def _sound_tile(self, arpabet: str, mean: PhoneMean | None) -> QPushButton:
        tile = QPushButton(ipa_of(arpabet))
        tile.setFixedSize(40, 32)
        tile.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        tile.setEnabled(mean is not None)
        if mean is not None:
            tint = tint_of(mean.score)
            edge = colour("accent").name() if arpabet == self._phone else colour(f"{tint}_soft").name()
            tile.setStyleSheet(
                "QPushButton "
                f"{{ background: {colour(f'{tint}_soft').name()}; color: {colour(tint).name()}; padding: 0;"
                f" border: 2px solid {edge}; border-radius: 6px; font-weight: 600; }}"
                f" QPushButton:focus {{ border-color: {colour('accent').name()}; }}"
            )
            tile.setToolTip(
                tr(
                    "{arpabet}: {score} in the last {count}",
                    arpabet=arpabet,
                    score=round(mean.score),
                    count=mean.count,
                )
            )
            tile.clicked.connect(lambda _=False, chosen=arpabet: self._choose_phone(chosen))
        else:
            tile.setStyleSheet("QPushButton { padding: 0; border-radius: 6px; }")
            tile.setToolTip(tr("{arpabet}: not said yet", arpabet=arpabet))
        tile.setAccessibleName(tile.toolTip())
        return tile

    def _choose_phone(self, arpabet: str) -> None:
        self._phone = arpabet
        self._fill_sounds()

    def _choose_text(self, _: Any) -> None:
        self._plot_text()
        self.text_chosen.emit(self._texts.currentData() or "")

    def _plot_text(self) -> None:
        text = self._texts.currentData() or ""
        points = [
            (summary.when, summary.overall)
            for summary in self._progress.summaries
            if not text or summary.text == text
        ]
        self._sentence_plot.show_points(points[-200:], tr("Scores over time"))
