"""Scores of a take, and the sounds of the chosen word."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

from tutor.attempt import heard_instead
from tutor.phones import ipa_of, strip_stress
from tutor.result import GRADED, OMITTED, OTHER_TEXT, Assessment, PhoneResult, WordResult
from ui.desktop.language import mark, told, tr
from ui.desktop.parts.figures import ScoreBar, ScoreRing, paint_bar, tint_of
from ui.desktop.parts.ribbon import STATUS_NAMES
from ui.desktop.parts.view import Card, View, clear, row, scrolling
from ui.desktop.theme import BODY, CAPTION, HEADING, XS, M, colour, font

PARTS = (
    ("accuracy", mark("Accuracy")),
    ("fluency", mark("Fluency")),
    ("prosody", mark("Melody")),
    ("completeness", mark("Completeness")),
)
SHAPES = {"good": "✓", "fair": "~", "poor": "✗"}


def why_not_graded(assessment: Assessment) -> str:
    """What to tell a learner whose recording got no scores."""
    if assessment.verdict == OTHER_TEXT:
        return tr("This does not sound like the sentence, so it was not graded. Read it as written and try again.")
    return tr("The recording is too unclear to judge. Move closer to the microphone and try again.")


class ScoresCard(View):
    """Overall and part scores."""

    def __init__(self) -> None:
        super().__init__()
        self._assessment: Assessment | None = None
        card = Card()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(card)
        self._ring = ScoreRing(96)
        self._bars = [ScoreBar(BODY - 1) for _ in PARTS]
        bars = QVBoxLayout()
        bars.setSpacing(XS)
        for bar in self._bars:
            bars.addWidget(bar)
        line = row(self._ring, spacing=M)
        line.addLayout(bars, 1)
        card.body.addLayout(line)
        self._notice = self.label(role="muted", wrap=True)
        card.body.addWidget(self._notice)

    def show_assessment(self, assessment: Assessment | None) -> None:
        """None clears."""
        self._assessment = assessment
        self.refresh()

    def refresh(self) -> None:
        assessment = self._assessment
        graded = assessment is not None and assessment.verdict == GRADED
        scores = assessment.scores if assessment is not None and graded else None
        self._ring.show_score(scores.overall if scores else None, tr("Overall score"))
        for bar, (name, title) in zip(self._bars, PARTS, strict=True):
            bar.show_score(tr(title), getattr(scores, name) if scores else None)
        notice = ""
        if assessment is not None:
            notice = told(assessment.notice)
            if not graded:
                notice = why_not_graded(assessment)
        self._notice.setText(notice)
        self._notice.setVisible(bool(notice))


class PhoneRow(QAbstractButton):
    """One phone: sign, bar, score, what was heard instead. A click plays it."""

    def __init__(self, phone: PhoneResult, *, arpabet: bool) -> None:
        super().__init__()
        self.phone = phone
        self._sign = strip_stress(phone.arpabet) if arpabet else phone.ipa
        other = heard_instead(phone)
        self._heard = (strip_stress(other) if arpabet else ipa_of(other)) if other else ""
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFixedHeight(44)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        said = (
            tr("heard /{heard}/ for /{expected}/", heard=self._heard, expected=self._sign)
            if self._heard
            else ""
        )
        self.setAccessibleName(f"/{self._sign}/ {phone.score:.0f} {said}")
        self.setToolTip(tr("Hear this sound in your recording"))

    def sizeHint(self) -> QSize:
        return QSize(200, 44)

    def paintEvent(self, event: Any) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        if self.isChecked() or self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour("accent_soft" if self.isChecked() else "inset"))
            painter.drawRoundedRect(area, 8, 8)
        if self.hasFocus():
            painter.setPen(QPen(colour("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area, 8, 8)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(colour("text"))
        painter.setFont(font(HEADING - 2))
        painter.drawText(QRectF(8, 0, 46, self.height()), middle | Qt.AlignmentFlag.AlignLeft, self._sign)
        tint = tint_of(self.phone.score)
        right = self.width() - 8
        painter.setPen(colour(tint))
        painter.setFont(font(BODY, strong=True))
        painter.drawText(
            QRectF(right - 52, 0, 32, self.height()),
            middle | Qt.AlignmentFlag.AlignRight,
            f"{self.phone.score:.0f}",
        )
        painter.drawText(
            QRectF(right - 16, 0, 16, self.height()), middle | Qt.AlignmentFlag.AlignRight, SHAPES[tint]
        )
        left, bar_width = 56.0, right - 56 - 60.0
        bar_top = self.height() / 2 - 3
        if self._heard:
            bar_top = 11.0
            painter.setFont(font(CAPTION))
            painter.setPen(colour("muted"))
            said = tr("heard /{heard}/ for /{expected}/", heard=self._heard, expected=self._sign)
            painter.drawText(QPointF(left, 33), said)
        paint_bar(painter, QRectF(left, bar_top, max(20.0, bar_width), 6), self.phone.score)


class SoundsCard(View):
    """The sounds of the chosen word."""

    phone_chosen = Signal(object)
    play_own = Signal()
    play_reference = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._word: WordResult | None = None
        self._arpabet = False
        card = Card()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(card)
        self._title = self.label(role="title")
        self._badge = self.label(role="badge")
        self._own = self.button("", "play", kind="ghost", tip=mark("Hear your word"))
        self._reference = self.button(
            "", "listen", kind="ghost", tip=mark("Hear the word as it should sound")
        )
        card.body.addLayout(row(self._title, None, self._own, self._reference, spacing=XS))
        self._detail = self.label(role="caption", wrap=True)
        card.body.addLayout(row(self._badge, None))
        card.body.addWidget(self._detail)
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(0)
        column.addLayout(self._rows)
        column.addStretch(1)
        card.body.addWidget(scrolling(holder, least_px=92), 1)
        self._own.clicked.connect(self.play_own)
        self._reference.clicked.connect(self.play_reference)

    def show_word(self, word: WordResult | None, *, arpabet: bool = False) -> None:
        """The word to take apart; None clears."""
        self._word, self._arpabet = word, arpabet
        self.refresh()

    def refresh(self) -> None:
        clear(self._rows)
        word = self._word
        self._title.setText(word.text if word else tr("Sounds"))
        for button in (self._own, self._reference):
            button.setVisible(word is not None)
        self._own.setEnabled(word is not None and word.end > word.start)
        self._badge.setVisible(word is not None and word.status in STATUS_NAMES)
        if word is None:
            self._detail.setText(tr("Choose a word to see its sounds."))
            self._detail.setVisible(True)
            return
        self._badge.setText(tr(STATUS_NAMES[word.status]) if word.status in STATUS_NAMES else "")
        details = []
        if word.guessed:
            details.append(tr("Not in the dictionary: its pronunciation was guessed from the spelling."))
        vowels = sum(phone.arpabet[-1].isdigit() for phone in word.phonemes)
        if vowels > 1 and word.status != OMITTED:
            details.append(tr("Stress {score}", score=round(word.stress)))
        self._detail.setText("  ".join(details))
        self._detail.setVisible(bool(details))
        before: QWidget = self._reference
        for phone in word.phonemes:
            phone_row = PhoneRow(phone, arpabet=self._arpabet)
            phone_row.clicked.connect(lambda _=False, chosen=phone_row: self._choose(chosen))
            self._rows.addWidget(phone_row)
            self.setTabOrder(before, phone_row)
            before = phone_row

    def _choose(self, chosen: PhoneRow) -> None:
        for index in range(self._rows.count()):
            item = self._rows.itemAt(index)
            if item is not None and isinstance(other := item.widget(), PhoneRow):
                other.setChecked(other is chosen)
        self.phone_chosen.emit(chosen.phone)
