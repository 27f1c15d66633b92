"""The library: all lessons, filtered by level, kind, sound and words, and the sentences of the chosen one."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QComboBox, QLineEdit, QPushButton

from tutor.lessons import KINDS, LEVELS, Item, Lesson
from tutor.phones import PHONES, ipa_of
from ui.desktop.language import language, mark, tr
from ui.desktop.parts.flow import Flow
from ui.desktop.parts.rows import Row, RowList
from ui.desktop.parts.view import Card, Columns, View, page_column, row
from ui.desktop.theme import S

KIND_NAMES = {
    "everyday": mark("Everyday"),
    "minimal_pairs": mark("Minimal pairs"),
    "tongue_twisters": mark("Tongue twisters"),
    "stress": mark("Stress"),
    "intonation": mark("Intonation"),
    "passage": mark("Passages"),
}


def title_of(lesson: Lesson) -> str:
    """The lesson's title in the language in force."""
    return lesson.title_zh if language.code == "zh_CN" else lesson.title


def about_of(lesson: Lesson) -> str:
    """What the lesson is about in the language in force."""
    return lesson.about_zh if language.code == "zh_CN" else lesson.about


class LibraryPage(View):
    """``chosen``: ids of the lesson and of the item to begin with."""

    chosen = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._lessons: tuple[Lesson, ...] = ()
        self._best: dict[str, float] = {}
        column = page_column(self)
        column.addWidget(self.label(mark("Lessons"), "heading"))
        column.addWidget(self._make_filters())
        columns = Columns(720)
        left, right = Card(margin=S), Card(margin=S)
        self._list = RowList()
        self._list.setMinimumHeight(220)
        left.body.addWidget(self._list)
        self._about = self.label(role="muted", wrap=True)
        self._about.setContentsMargins(S, S, S, 0)
        self._items = RowList()
        self._items.setMinimumHeight(220)
        self._start = self.button(
            mark("Practise this lesson"), "mic", kind="primary", tip=mark("Begin with the first sentence")
        )
        self._title = self.label(role="title")
        self._title.setContentsMargins(S, 0, 0, 0)
        right.body.addLayout(row(self._title, None, self._start))
        right.body.addWidget(self._about)
        right.body.addWidget(self._items, 1)
        columns.box.addWidget(left, 2)
        columns.box.addWidget(right, 3)
        column.addWidget(columns, 1)
        self._list.picked.connect(lambda _: self._show_items())
        self._list.opened.connect(lambda _: self._begin())
        self._items.opened.connect(lambda item: self.chosen.emit(self._list.chosen, item))
        self._items.itemClicked.connect(lambda _: self.chosen.emit(self._list.chosen, self._items.chosen))
        self._start.clicked.connect(self._begin)
        self._search.textChanged.connect(lambda _: self.refresh())

    def _make_filters(self) -> Flow:
        self._search = QLineEdit()
        self._search.setClearButtonEnabled(True)
        self._search.setMinimumWidth(200)
        self.say(self._search.setPlaceholderText, mark("Search words"))
        self.say(self._search.setAccessibleName, mark("Search words"))
        self.say(self._search.setToolTip, mark("Search words"))
        filters = Flow()
        self._levels = QButtonGroup(self)
        chips = []
        for number, level in enumerate(("", *LEVELS)):
            chip = self.button(
                level or mark("All levels"), kind="chip", tip=mark("Show this level only"), checkable=True
            )
            chip.setProperty("level", level)
            chip.setChecked(number == 0)
            self._levels.addButton(chip)
            chips.append(chip)
        self._kind, self._sound = QComboBox(), QComboBox()
        self.say(self._kind.setAccessibleName, mark("Kind of lesson"))
        self.say(self._kind.setToolTip, mark("Kind of lesson"))
        self.say(self._sound.setAccessibleName, mark("Sound to practise"))
        self.say(self._sound.setToolTip, mark("Sound to practise"))
        for box in (self._kind, self._sound):
            box.setMinimumWidth(150)
            box.setMaxVisibleItems(16)
        self._fill_boxes()
        self._levels.buttonClicked.connect(lambda _: self.refresh())
        self._kind.activated.connect(lambda _: self.refresh())
        self._sound.activated.connect(lambda _: self.refresh())
        for widget in (self._search, self._kind, self._sound, *chips):
            filters.add(widget)
        return filters

    def _fill_boxes(self) -> None:
        for box, entries in (
            (self._kind, [("", tr("All kinds"))] + [(kind, tr(KIND_NAMES[kind])) for kind in KINDS]),
            (
                self._sound,
                [("", tr("All sounds"))]
                + [(phone.arpabet, f"/{phone.ipa}/  {phone.arpabet}") for phone in PHONES],
            ),
        ):
            chosen = box.currentData()
            box.clear()
            for value, text in entries:
                box.addItem(text, value)
            box.setCurrentIndex(max(0, box.findData(chosen)))

    def show_lessons(self, lessons: tuple[Lesson, ...]) -> None:
        self._lessons = lessons
        self.refresh()

    def show_best(self, best: dict[str, float]) -> None:
        """Best score of every item tried, by item id."""
        self._best = best
        self.refresh()

    def changeEvent(self, event: Any) -> None:
        if event.type() == event.Type.LanguageChange:
            self._fill_boxes()
        super().changeEvent(event)

    def refresh(self) -> None:
        rows = []
        for lesson in self._lessons:
            items = self._matching(lesson)
            if items:
                tried = [self._best[item.id] for item in lesson.items if item.id in self._best]
                detail = f"{tr(KIND_NAMES[lesson.kind])}  ·  " + tr(
                    "{done} of {total} tried", done=len(tried), total=len(lesson.items)
                )
                rows.append(
                    Row(
                        lesson.id,
                        title_of(lesson),
                        detail,
                        lesson.level,
                        sum(tried) / len(tried) if tried else None,
                    )
                )
        chosen = self._list.chosen
        self._list.show_rows(
            rows, chosen if any(entry.key == chosen for entry in rows) else rows[0].key if rows else ""
        )
        self._show_items()

    def _matching(self, lesson: Lesson) -> list[Item]:
        checked = self._levels.checkedButton()
        level = checked.property("level") if isinstance(checked, QPushButton) else ""
        kind, sound = self._kind.currentData(), self._sound.currentData()
        needle = self._search.text().strip().lower()
        if kind and lesson.kind != kind:
            return []
        in_title = needle in title_of(lesson).lower()
        return [
            item
            for item in lesson.items
            if (not level or item.level == level)
            and (not sound or sound in item.targets)
            and (not needle or in_title or needle in item.text.lower())
        ]

    def _show_items(self) -> None:
        lesson = next((lesson for lesson in self._lessons if lesson.id == self._list.chosen), None)
        self._start.setVisible(lesson is not None)
        self._title.setText(
            title_of(lesson) if lesson else tr("No lesson matches") if self._lessons else tr("Loading…")
        )
        self._about.setText(
            about_of(lesson) if lesson else tr("Choose other filters.") if self._lessons else ""
        )
        items = self._matching(lesson) if lesson else []
        self._items.show_rows(
            [
                Row(
                    item.id,
                    item.text,
                    "  ".join(f"/{ipa_of(phone)}/" for phone in item.targets[:6]),
                    item.level,
                    self._best.get(item.id),
                )
                for item in items
            ]
        )

    def _begin(self) -> None:
        lesson = next((lesson for lesson in self._lessons if lesson.id == self._list.chosen), None)
        items = self._matching(lesson) if lesson else []
        if lesson is not None and items:
            self.chosen.emit(lesson.id, items[0].id)
