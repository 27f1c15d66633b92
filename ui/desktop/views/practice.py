"""The page a learner lives on: listen, record, see, understand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from tutor.result import Tip
from ui.desktop.icons import pixmap
from ui.desktop.language import mark
from ui.desktop.parts.view import Card, Columns, View, page_column, row
from ui.desktop.plots.pictures import Pictures
from ui.desktop.shown import Sentence, Take
from ui.desktop.theme import XS, L, M, S
from ui.desktop.views.advice import AdviceCard
from ui.desktop.views.sentence import IDLE, SentenceCard
from ui.desktop.views.verdict import ScoresCard, SoundsCard

ROOMY_PX = 800

STEPS = (
    ("listen", mark("Listen"), mark("Hear the sentence, at normal speed or slowly.")),
    ("mic", mark("Record"), mark("Press Space and say it. Recording stops when you do.")),
    ("target", mark("See and improve"), mark("Every sound gets a score, a picture and a tip.")),
)


class PracticePage(View):
    """``play_part``: seconds of the take; ``word_reference``: index of the word to hear from the
    reference."""

    play_part = Signal(float, float)
    word_reference = Signal(int)
    file_dropped = Signal(Path)
    pair_chosen = Signal(str)
    painted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.say(self.setAccessibleName, mark("Practice"))
        self._take: Take | None = None
        self._arpabet = False
        self._first_language = ""
        column = self._column = page_column(self)
        self.sentence = SentenceCard()
        column.addWidget(self.sentence)
        self._welcome = self._make_welcome()
        column.addWidget(self._welcome, 1)
        self._results = Columns(880)
        self._results.hide()
        column.addWidget(self._results, 1)
        self._is_built = False
        self.sentence.ribbon.chosen.connect(self._choose)
        self.sentence.ribbon.hovered.connect(self._light)
        self.sentence.ribbon.painted.connect(self.painted)
        self.refresh()

    def _make_welcome(self) -> QWidget:
        card = Card(margin=L, spacing=L)
        steps = Columns(620, spacing=L)
        self._pictures: list[tuple[QLabel, str]] = []
        for icon_name, title, text in STEPS:
            holder = QWidget()
            inner = QVBoxLayout(holder)
            inner.setContentsMargins(S, S, S, S)
            inner.setSpacing(S)
            sign = QLabel()
            sign.setAlignment(Qt.AlignmentFlag.AlignCenter)
            self._pictures.append((sign, icon_name))
            heading, detail = self.label(title, "title"), self.label(text, "muted", wrap=True)
            for label in (heading, detail):
                label.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
            inner.addWidget(sign)
            inner.addWidget(heading)
            inner.addWidget(detail)
            inner.addStretch(1)
            steps.box.addWidget(holder, 1)
        card.body.addStretch(1)
        card.body.addWidget(steps)
        card.body.addStretch(1)
        return card

    def build_results(self) -> None:
        """Make the lower half; apart from the rest so that the window is seen before the plots are loaded."""
        from ui.desktop.plots.timeline import Timeline

        if self._is_built:
            return
        self._is_built = True
        left = QWidget()
        left_column = QVBoxLayout(left)
        left_column.setContentsMargins(0, 0, 0, 0)
        left_column.setSpacing(M)
        self.scores, self.sounds = ScoresCard(), SoundsCard()
        left_column.addWidget(self.scores)
        left_column.addWidget(self.sounds, 1)
        left.setMinimumWidth(268)
        plots = Card(spacing=S)
        self._energy = self.button(mark("Energy"), kind="chip", tip=mark("Show the loudness"), checkable=True)
        self._spectrum = self.button(
            mark("Spectrum"), kind="chip", tip=mark("Show the spectrogram"), checkable=True
        )
        self._zoom = self.button("", "zoom", kind="ghost", tip=mark("Zoom to the chosen word"))
        self._all = self.button("", "full", kind="ghost", tip=mark("Show the whole recording"))
        plots.body.addLayout(
            row(
                self.label(mark("Your voice"), "title"),
                None,
                self._energy,
                self._spectrum,
                self._zoom,
                self._all,
            )
        )
        self.timeline = Timeline()
        self.timeline.setMinimumHeight(230)
        self.timeline.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        plots.body.addWidget(self.timeline, 1)
        self._legend = self.label(
            mark("Solid: your pitch in semitones. Dashed: the reference. Drag to hear, scroll to zoom."),
            "caption",
            wrap=True,
        )
        plots.body.addWidget(self._legend)
        plots.setMinimumWidth(320)
        self.advice = AdviceCard()
        self.advice.setMinimumWidth(250)
        for widget, stretch in ((left, 27), (plots, 46), (self.advice, 29)):
            self._results.box.addWidget(widget, stretch)
        self._energy.setChecked(self.height() >= ROOMY_PX)
        self._spectrum.setChecked(True)
        self._rows_by_hand = False
        self._show_rows()
        for button in (self._energy, self._spectrum):
            button.toggled.connect(self._show_rows)
            button.clicked.connect(self._keep_rows)
        self._zoom.clicked.connect(self._zoom_to_word)
        self._all.clicked.connect(self.timeline.show_all)
        self.timeline.play.connect(self.play_part)
        self.timeline.word_pointed.connect(self._light)
        self.timeline.word_chosen.connect(self.sentence.ribbon.choose)
        self.sounds.play_own.connect(self.play_word)
        self.sounds.play_reference.connect(lambda: self.word_reference.emit(self.sentence.ribbon.chosen_word))
        self.sounds.phone_chosen.connect(self._choose_phone)
        self.advice.tip_chosen.connect(self._choose_tip)
        self.advice.pair_chosen.connect(self.pair_chosen)
        for widget in self._results.findChildren(QWidget):
            # The style sheet is looked through now instead of when the first scores are to be shown.
            widget.ensurePolished()
        if self._take is not None:
            # Somebody was faster than the plots' library.
            self.show_scores(self._take)
            self.show_details()
            self.show_pictures(self._take.pictures)

    def show_sentence(self, sentence: Sentence) -> None:
        """A new sentence; the last take is cleared."""
        self.sentence.show_sentence(sentence)
        self.show_take(None)
        self.sentence.set_state(IDLE, has_take=False)

    def set_manner(self, *, arpabet: bool, first_language: str) -> None:
        """How sounds are written, and whose notes the tips bring (BCP 47 code, or empty), from the next take on."""
        self._arpabet, self._first_language = arpabet, first_language

    def show_take(self, take: Take | None, *, arpabet: bool = False, first_language: str = "") -> None:
        """A scored take, or None for none yet."""
        self.set_manner(arpabet=arpabet, first_language=first_language)
        self.show_scores(take)
        self.show_details()
        self.show_pictures(take.pictures if take else None)

    def show_scores(self, take: Take | None) -> None:
        """The part of ``show_take`` that a learner waits for; ``show_details`` and ``show_pictures`` follow."""
        self._take = take
        self._welcome.setVisible(take is None)
        self._results.setVisible(take is not None)
        if self._is_built:
            self.scores.show_assessment(take.assessment if take else None)
        if take is not None:
            self.sentence.show_words(take.ribbon)

    def show_details(self) -> None:
        """Tips and sounds of the take whose scores are shown; its weakest word is chosen."""
        if not self._is_built:
            return
        take = self._take
        self.advice.show_assessment(take.assessment if take else None, self._first_language)
        if take is None:
            self.sounds.show_word(None)
            return
        words = take.words
        weakest = min(range(len(words)), key=lambda at: words[at].score, default=-1)
        self.sentence.ribbon.choose(weakest)

    def show_pictures(self, pictures: Pictures | None) -> None:
        """The plots of the take shown; they may come a moment after the scores. None clears them."""
        if not self._is_built:
            return
        if self._take is None or pictures is None:
            self.timeline.show_take(None)
        else:
            self.timeline.show_take(pictures, self._take.word_spans, self._take.phone_spans)
            self.timeline.light(self.sentence.ribbon.chosen_word)

    @property
    def pictures(self) -> Pictures | None:
        """The plots shown."""
        return self.timeline.pictures if self._take is not None else None

    def play_word(self) -> None:
        """Hear the chosen word of the take."""
        at = self.sentence.ribbon.chosen_word
        if self._take is not None and 0 <= at < len(self._take.assessment.words):
            word = self._take.assessment.words[at]
            self.play_part.emit(word.start, word.end)

    def refresh(self) -> None:
        for label, name in self._pictures:
            label.setPixmap(pixmap(name, 36, "accent"))

    def _choose(self, index: int) -> None:
        words = self._take.words if self._take else ()
        if 0 <= index < len(words):
            self.sounds.show_word(words[index], arpabet=self._arpabet)
            self.timeline.light(index)
            if self._take is not None and not any(tip.phone for tip in self._take.assessment.tips):
                weakest = min(words[index].phonemes, key=lambda phone: phone.score, default=None)
                self.advice.show_phone(weakest.arpabet if weakest is not None else "")

    def _light(self, index: int) -> None:
        self.sentence.ribbon.light(index)
        if self._take is None:
            return
        self.timeline.light(index if index >= 0 else self.sentence.ribbon.chosen_word)

    def _choose_phone(self, phone: Any) -> None:
        self.advice.show_phone(phone.arpabet)
        if phone.end > phone.start:
            self.play_part.emit(phone.start, phone.end)

    def _choose_tip(self, tip: Tip) -> None:
        if tip.word is not None:
            self.sentence.ribbon.choose(tip.word)
        self.advice.show_phone(tip.phone or "")

    def _zoom_to_word(self) -> None:
        at = self.sentence.ribbon.chosen_word
        if self._take is not None and 0 <= at < len(self._take.assessment.words):
            word = self._take.assessment.words[at]
            self.timeline.show_part(word.start, word.end)

    def _keep_rows(self) -> None:
        self._rows_by_hand = True

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        if self._is_built and not self._rows_by_hand:
            # On a low screen fewer plots show more.
            self._energy.setChecked(event.size().height() >= ROOMY_PX)
        margin, spacing = (L, M) if event.size().height() >= ROOMY_PX else (M, S + XS)
        self._column.setContentsMargins(L, margin, L, margin)
        self._column.setSpacing(spacing)

    def _show_rows(self) -> None:
        self.timeline.show_rows(energy=self._energy.isChecked(), spectrum=self._spectrum.isChecked())

    def keyPressEvent(self, event: Any) -> None:
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        actions = {
            Qt.Key.Key_Space: self.sentence.record.emit,
            Qt.Key.Key_Return: (self.sentence.previous if shift else self.sentence.following).emit,
            Qt.Key.Key_Enter: (self.sentence.previous if shift else self.sentence.following).emit,
            Qt.Key.Key_R: self.sentence.replay.emit,
            Qt.Key.Key_L: lambda: self.sentence.listen.emit(shift),
            Qt.Key.Key_Left: lambda: self.sentence.ribbon.step(-1),
            Qt.Key.Key_Right: lambda: self.sentence.ribbon.step(1),
            Qt.Key.Key_Up: self.play_word,
            Qt.Key.Key_Down: lambda: self.word_reference.emit(self.sentence.ribbon.chosen_word),
            Qt.Key.Key_Plus: lambda: self.timeline.zoom(0.7),
            Qt.Key.Key_Minus: lambda: self.timeline.zoom(1.4),
            Qt.Key.Key_Escape: self.setFocus,
        }
        action = actions.get(event.key())
        # A held key would start and stop a recording many times a second.
        if action is None or (event.isAutoRepeat() and event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return)):
            super().keyPressEvent(event)
        else:
            action()

    def dragEnterEvent(self, event: Any) -> None:
        if event.mimeData().hasUrls() and event.mimeData().urls()[0].isLocalFile():
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:
        self.file_dropped.emit(Path(event.mimeData().urls()[0].toLocalFile()))
