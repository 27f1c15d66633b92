"""Own text: paste, type, drop or open it; it is cut into sentences to practise."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPlainTextEdit

from ui.desktop.language import mark, tr
from ui.desktop.parts.rows import Row, RowList
from ui.desktop.parts.view import Card, Columns, View, page_column, row
from ui.desktop.theme import S

MAX_WORDS = 30
_END = re.compile(r"(?<=[.!?…])[\"'”’)]*\s+(?=[\"'“‘(]*[A-Z0-9])|\n+")
_PAUSE = re.compile(r"(?<=[,;:–—])\s+")


def sentences_of(text: str) -> list[str]:
    """Sentences to be read one at a time; those of more than 30 words are cut at commas where there are
    any."""
    found: list[str] = []
    for sentence in (" ".join(part.split()) for part in _END.split(text)):
        if not re.search(r"[A-Za-z0-9]", sentence):
            continue
        if len(sentence.split()) <= MAX_WORDS:
            found.append(sentence)
            continue
        line = ""
        for phrase in _PAUSE.split(sentence):
            if line and len(f"{line} {phrase}".split()) > MAX_WORDS:
                found.append(line)
                line = phrase
            else:
                line = f"{line} {phrase}".strip()
        found.append(line)
    return found


class OwnTextPage(View):
    """``chosen``: all sentences and the index to begin with; ``file_asked``: open a text file."""

    chosen = Signal(list, int)
    file_asked = Signal()
    file_dropped = Signal(Path)

    def __init__(self) -> None:
        super().__init__()
        self.setAcceptDrops(True)
        column = page_column(self)
        column.addWidget(self.label(mark("My text"), "heading"))
        column.addWidget(
            self.label(
                mark("Paste any English text. Tutor cuts it into sentences for you to say."),
                "muted",
                wrap=True,
            )
        )
        columns = Columns(720)
        left, right = Card(), Card()
        self._edit = QPlainTextEdit()
        self._edit.setMinimumHeight(200)
        self._edit.setTabChangesFocus(True)
        self._edit.setAcceptDrops(False)
        self.setFocusProxy(self._edit)
        self.say(self._edit.setPlaceholderText, mark("Type or paste here, or drop a .txt file"))
        self.say(self._edit.setAccessibleName, mark("Your text"))
        self.say(self._edit.setToolTip, mark("Your text"))
        paste = self.button(mark("Paste"), "paste", tip=mark("Replace the text by the clipboard"))
        import_file = self.button(mark("Open a text file…"), "open", tip=mark("Read a .txt file"))
        left.body.addLayout(row(paste, import_file, None))
        left.body.addWidget(self._edit, 1)
        self._count = self.label(role="title")
        self._start = self.button(
            mark("Practise"), "mic", kind="primary", tip=mark("Begin with the first sentence")
        )
        right.body.addLayout(row(self._count, None, self._start))
        self._list = RowList(tall=False)
        self._list.setMinimumHeight(180)
        right.body.addWidget(self._list, 1)
        self._hint = self.label(mark("Your sentences appear here."), "muted", wrap=True)
        self._hint.setContentsMargins(S, S, S, S)
        right.body.addWidget(self._hint)
        columns.box.addWidget(left, 1)
        columns.box.addWidget(right, 1)
        column.addWidget(columns, 1)
        self._edit.textChanged.connect(self.refresh)
        paste.clicked.connect(self._paste)
        import_file.clicked.connect(self.file_asked)
        self._start.clicked.connect(lambda: self._choose("0"))
        self._list.opened.connect(self._choose)
        self._list.itemClicked.connect(lambda _: self._choose(self._list.chosen))
        self.refresh()

    def show_text(self, text: str) -> None:
        """Replace the text."""
        self._edit.setPlainText(text)

    def refresh(self) -> None:
        sentences = sentences_of(self._edit.toPlainText())
        self._count.setText(tr("{count} sentences", count=len(sentences)) if sentences else tr("Sentences"))
        self._start.setEnabled(bool(sentences))
        self._hint.setVisible(not sentences)
        self._list.setVisible(bool(sentences))
        self._list.show_rows([Row(str(number), sentence) for number, sentence in enumerate(sentences)])

    def _paste(self) -> None:
        self._edit.selectAll()
        self._edit.paste()

    def _choose(self, key: str) -> None:
        sentences = sentences_of(self._edit.toPlainText())
        if sentences and key:
            self.chosen.emit(sentences, int(key))

    def dragEnterEvent(self, event: Any) -> None:
        if event.mimeData().hasUrls() and event.mimeData().urls()[0].isLocalFile():
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:
        self.file_dropped.emit(Path(event.mimeData().urls()[0].toLocalFile()))
