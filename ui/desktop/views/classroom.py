"""Class mode for teachers: the roster, the lesson to step through, the projector, the class summary."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
)

from tutor.lessons import Lesson
from tutor.phones import ipa_of
from ui.desktop.class_report import ClassFigures
from ui.desktop.language import mark, tr
from ui.desktop.parts.figures import tint_of
from ui.desktop.parts.flow import Flow
from ui.desktop.parts.rows import Row, RowList
from ui.desktop.parts.view import Card, Columns, View, page_column, row
from ui.desktop.theme import colour
from ui.desktop.views.library import title_of
from ui.desktop.views.verdict import SHAPES

HARD_SHOWN = 8


class ClassPage(View):
    """``roster_changed``: all names in order; ``begin``: lesson id; ``save``: ending of the report's file."""

    roster_changed = Signal(list)
    learner_chosen = Signal(str)
    names_hidden = Signal(bool)
    begin = Signal(str)
    save = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._names: list[str] = []
        self._lessons: tuple[Lesson, ...] = ()
        self._figures = ClassFigures()
        column = page_column(self)
        column.addWidget(self.label(mark("Class"), "heading"))
        column.addWidget(
            self.label(
                mark(
                    "Step through a lesson together on the projector. Each learner's takes are kept under "
                    "their name."
                ),
                "muted",
                wrap=True,
            )
        )
        columns = Columns(760)
        columns.box.addWidget(self._make_roster(), 2)
        columns.box.addWidget(self._make_lesson(), 3)
        column.addWidget(columns, 1)
        column.addWidget(self._make_summary(), 1)
        self.refresh()

    def _make_roster(self) -> Card:
        card = Card()
        self._count = self.label(role="caption")
        card.body.addLayout(row(self.label(mark("Roster"), "title"), None, self._count))
        self._name = QLineEdit()
        self.say(self._name.setPlaceholderText, mark("Name, or several with commas"))
        self.say(self._name.setAccessibleName, mark("Names to add"))
        self.say(self._name.setToolTip, mark("Names to add"))
        add = self.button(mark("Add"), "check", tip=mark("Add to the roster (Enter)"))
        card.body.addLayout(row(self._name, add))
        self._list = RowList(tall=False)
        self._list.setMinimumHeight(120)
        card.body.addWidget(self._list, 1)
        self._remove = self.button(
            mark("Remove"), "trash", tip=mark("Take the chosen learner off the roster; the takes stay")
        )
        card.body.addLayout(row(self._remove, None))
        add.clicked.connect(self._add)
        self._name.returnPressed.connect(self._add)
        self._remove.clicked.connect(self._take_off)
        self._list.picked.connect(lambda key: self.learner_chosen.emit(self._names[int(key)]))
        return card

    def _make_lesson(self) -> Card:
        card = Card()
        card.body.addWidget(self.label(mark("Lesson"), "title"))
        self._lesson = QComboBox()
        self._lesson.setMaxVisibleItems(16)
        self._lesson.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.say(self._lesson.setAccessibleName, mark("Lesson"))
        self.say(self._lesson.setToolTip, mark("Lesson"))
        card.body.addWidget(self._lesson)
        self._items = RowList(tall=False)
        self._items.setMinimumHeight(120)
        card.body.addWidget(self._items, 1)
        self._hide = QCheckBox()
        self.say(self._hide.setText, mark("Hide names"))
        self.say(
            self._hide.setToolTip, mark("Show numbers instead of names, on the projector and in reports")
        )
        self._begin = self.button(
            mark("Open on the projector"),
            "full",
            kind="primary",
            tip=mark("Full screen with large type; Esc comes back"),
        )
        card.body.addLayout(row(self._hide, None, self._begin))
        self._lesson.currentIndexChanged.connect(lambda _: self._show_items())
        self._hide.toggled.connect(self.names_hidden)
        self._begin.clicked.connect(lambda: self.begin.emit(self._lesson.currentData() or ""))
        return card

    def _make_summary(self) -> Card:
        card = Card()
        saves = []
        for ending, text in (
            ("html", mark("Save as web page…")),
            ("pdf", mark("Save as PDF…")),
            ("csv", mark("Save as table…")),
        ):
            button = self.button(text, "save", tip=mark("Save the class summary"))
            button.clicked.connect(lambda _=False, chosen=ending: self.save.emit(chosen))
            saves.append(button)
        self._saves = saves
        flow = Flow(to_right=True)
        flow.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        for button in saves:
            flow.add(button)
        card.body.addLayout(row(self.label(mark("What the class finds hard"), "title"), flow))
        self._none = self.label(
            mark("The summary appears once learners of the roster have recorded something."),
            "muted",
            wrap=True,
        )
        card.body.addWidget(self._none)
        self._table = QTableWidget()
        self._table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self._table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self._table.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._table.setShowGrid(False)
        self._table.verticalHeader().hide()
        self._table.setMinimumHeight(150)
        self.say(self._table.setAccessibleName, mark("What the class finds hard"))
        card.body.addWidget(self._table, 1)
        return card

    def show_lessons(self, lessons: tuple[Lesson, ...]) -> None:
        self._lessons = lessons
        self._fill_lessons()

    def show_roster(self, names: list[str], current: str, *, hidden: bool) -> None:
        """The names in order and who is speaking."""
        self._names = list(names)
        self._hide.blockSignals(True)
        self._hide.setChecked(hidden)
        self._hide.blockSignals(False)
        self._current = current
        self.refresh()

    def show_figures(self, figures: ClassFigures) -> None:
        self._figures = figures
        self._fill_table()

    def changeEvent(self, event: Any) -> None:
        if event.type() == event.Type.LanguageChange:
            self._fill_lessons()
        super().changeEvent(event)

    def refresh(self) -> None:
        self._count.setText(tr("{count} learners", count=len(self._names)) if self._names else "")
        rows = [
            Row(str(number), tr("Learner {number}", number=number + 1) if self._hide.isChecked() else name)
            for number, name in enumerate(self._names)
        ]
        current = getattr(self, "_current", "")
        self._list.show_rows(rows, str(self._names.index(current)) if current in self._names else "")
        self._remove.setEnabled(bool(self._names))
        self._fill_table()

    def _fill_lessons(self) -> None:
        chosen = self._lesson.currentData()
        self._lesson.clear()
        for lesson in self._lessons:
            self._lesson.addItem(f"{lesson.level}  {title_of(lesson)}", lesson.id)
        self._lesson.setCurrentIndex(max(0, self._lesson.findData(chosen)))
        self._show_items()

    def _show_items(self) -> None:
        lesson = next((lesson for lesson in self._lessons if lesson.id == self._lesson.currentData()), None)
        self._items.show_rows([Row(item.id, item.text) for item in lesson.items] if lesson else [])
        self._begin.setEnabled(lesson is not None)

    def _fill_table(self) -> None:
        figures = self._figures
        tried = any(learner.takes for learner in figures.learners)
        self._none.setVisible(not tried)
        self._table.setVisible(tried)
        for button in self._saves:
            button.setEnabled(tried)
        phones = figures.phones[:HARD_SHOWN]
        self._table.setColumnCount(3 + len(phones))
        self._table.setHorizontalHeaderLabels(
            [tr("Name"), tr("Recordings"), tr("Overall"), *(f"/{ipa_of(p.arpabet)}/" for p in phones)]
        )
        self._table.setRowCount(len(figures.learners))
        for line, learner in enumerate(figures.learners):
            self._table.setItem(line, 0, QTableWidgetItem(learner.name))
            self._table.setItem(line, 1, QTableWidgetItem(str(learner.takes)))
            self._table.setItem(line, 2, _score_cell(learner.overall))
            for place, phone in enumerate(phones):
                self._table.setItem(
                    line, 3 + place, _score_cell(learner.phones.get(phone.arpabet, float("nan")))
                )
        header = self._table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)

    def _add(self) -> None:
        fresh = [name.strip() for name in self._name.text().split(",") if name.strip()]
        names = list(dict.fromkeys([*self._names, *fresh]))
        self._name.clear()
        if names != self._names:
            self.roster_changed.emit(names)

    def _take_off(self) -> None:
        if self._list.chosen:
            at = int(self._list.chosen)
            self.roster_changed.emit(self._names[:at] + self._names[at + 1 :])


def _score_cell(score: float) -> QTableWidgetItem:
    if np.isnan(score):
        return QTableWidgetItem("–")
    tint = tint_of(score)
    item = QTableWidgetItem(f"{score:.0f} {SHAPES[tint]}")
    item.setForeground(colour(tint))
    return item
