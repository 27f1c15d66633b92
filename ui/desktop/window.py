"""The window's frame: pages on the left, the page chosen, messages above it, the status line below."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QByteArray, QTimer, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ui.desktop.icons import application_icon, pixmap
from ui.desktop.language import mark, tr
from ui.desktop.parts.view import View
from ui.desktop.theme import XS, L, M, S
from ui.desktop.views.building import BuildStrip
from ui.desktop.views.status import StatusLine

PAGES = (
    ("practice", "mic", mark("Practice")),
    ("library", "lessons", mark("Lessons")),
    ("own", "pen", mark("My text")),
    ("drill", "target", mark("Weak sounds")),
    ("progress", "chart", mark("Progress")),
    ("class", "class", mark("Class")),
    ("batch", "folder", mark("Recordings")),
    ("settings", "settings", mark("Settings")),
)
NARROW_PX = 1000
SIDE_PX, SIDE_NARROW_PX = 188, 60


class Side(View):
    """The list of pages; icons alone where the window is narrow."""

    page_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        frame = QFrame()
        frame.setProperty("role", "side")
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(frame)
        column = QVBoxLayout(frame)
        column.setContentsMargins(S, M, S, M)
        column.setSpacing(XS)
        head = QHBoxLayout()
        head.setContentsMargins(XS, 0, 0, M)
        sign = QLabel()
        sign.setPixmap(application_icon().pixmap(30, 30))
        sign.setFixedSize(30, 30)
        self._name = QLabel("Tutor")
        self._name.setProperty("role", "title")
        head.addWidget(sign)
        head.addWidget(self._name)
        head.addStretch(1)
        column.addLayout(head)
        self._group = QButtonGroup(self)
        self._titles: dict[str, str] = {}
        self.buttons: dict[str, QPushButton] = {}
        for name, icon_name, title in PAGES:
            button = self.button("", icon_name, kind="nav", tip=title, tint="muted", checkable=True)
            button.clicked.connect(lambda _=False, chosen=name: self.page_chosen.emit(chosen))
            self._group.addButton(button)
            self._titles[name], self.buttons[name] = title, button
            if name == "settings":
                column.addStretch(1)
            column.addWidget(button)
        self._narrow = False
        self.refresh()

    def set_narrow(self, narrow: bool) -> None:
        """Icons alone, or with names."""
        self._narrow = narrow
        self.refresh()

    def refresh(self) -> None:
        self.setFixedWidth(SIDE_NARROW_PX if self._narrow else SIDE_PX)
        self._name.setVisible(not self._narrow)
        for number, (name, button) in enumerate(self.buttons.items()):
            button.setText("" if self._narrow else f"  {tr(self._titles[name])}")
            # Qt drops a button's shortcut with every new text.
            button.setShortcut(f"Ctrl+{number + 1}")
            button.setToolTip(f"{tr(self._titles[name])} (Ctrl+{number + 1})")


class Banner(View):
    """One message above the page; goes by itself unless it is an error. ``said`` tells it to other windows, and an
    empty text once it is gone."""

    said = Signal(str)
    INFO_MS = 6000

    def __init__(self) -> None:
        super().__init__()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(L, M, L, 0)
        self._frame = QFrame()
        self._frame.setProperty("role", "banner")
        outer.addWidget(self._frame)
        line = QHBoxLayout(self._frame)
        line.setContentsMargins(M, S, S, S)
        line.setSpacing(S)
        self._sign, self._text = QLabel(), self.label(wrap=True)
        close = self.button("", "close", kind="ghost", tip=mark("Close this message"))
        close.clicked.connect(self.hide)
        line.addWidget(self._sign)
        line.addWidget(self._text, 1)
        line.addWidget(close)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        self.hide()

    @property
    def text(self) -> str:
        """The message seen, or empty."""
        return self._text.text() if not self.isHidden() else ""

    def show_message(self, text: str, tone: str = "error") -> None:
        """``tone``: ``error`` or ``info``."""
        self._text.setText(text)
        self._sign.setPixmap(
            pixmap("info" if tone == "info" else "warning", 20, "accent" if tone == "info" else "poor")
        )
        self._frame.setProperty("tone", tone)
        self._frame.style().unpolish(self._frame)
        self._frame.style().polish(self._frame)
        self.setAccessibleName(text)
        self.show()
        self._timer.stop()
        if tone == "info":
            self._timer.start(self.INFO_MS)
        self.said.emit(text)

    def hideEvent(self, event: Any) -> None:
        super().hideEvent(event)
        if self.isHidden():
            self.said.emit("")


class Window(QMainWindow):
    """The main window; ``seen`` once it was painted for the first time; ``page_shown`` names the page that is now in
    front."""

    seen = Signal()
    page_shown = Signal(str)
    closing = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("Tutor")
        self.setWindowIcon(application_icon())
        self.setMinimumSize(600, 340)
        self.resize(1280, 800)
        centre = QWidget()
        centre.setProperty("role", "page")
        self.setCentralWidget(centre)
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        upper = QHBoxLayout()
        upper.setSpacing(0)
        column.addLayout(upper, 1)
        self.side = Side()
        upper.addWidget(self.side)
        right = QVBoxLayout()
        right.setSpacing(0)
        upper.addLayout(right, 1)
        self.banner = Banner()
        right.addWidget(self.banner)
        self._stack = QStackedWidget()
        right.addWidget(self._stack, 1)
        self.building = BuildStrip()
        right.addWidget(self.building)
        self.status = StatusLine()
        column.addWidget(self.status)
        self._pages: dict[str, QWidget] = {}
        self._awaited = ""
        self._was_seen = False
        self.side.page_chosen.connect(self.show_page)

    def add_page(self, name: str, page: QWidget) -> None:
        """``name`` as in ``PAGES``."""
        self._pages[name] = page
        self._stack.addWidget(page)
        if name == self._awaited:
            self.show_page(name)

    @property
    def page(self) -> str:
        """Name of the page in front."""
        return next((name for name, page in self._pages.items() if page is self._stack.currentWidget()), "")

    def show_page(self, name: str) -> None:
        """Bring a page to the front and give it the keyboard; one that is still being made, as soon as it is there."""
        self._awaited = name
        self.side.buttons[name].setChecked(True)
        if name not in self._pages:
            return
        self._stack.setCurrentWidget(self._pages[name])
        self._pages[name].setFocus()
        self.page_shown.emit(name)

    def geometry_text(self) -> str:
        """Size and place, to be remembered."""
        return bytes(self.saveGeometry().toBase64().data()).decode("ascii")

    def restore_geometry_text(self, text: str) -> None:
        if text:
            self.restoreGeometry(QByteArray.fromBase64(text.encode("ascii")))

    def paintEvent(self, event: Any) -> None:
        super().paintEvent(event)
        if not self._was_seen:
            self._was_seen = True
            # What lies in the window is painted after it, in the same event.
            QTimer.singleShot(0, self, self.seen.emit)

    def resizeEvent(self, event: Any) -> None:
        self.side.set_narrow(event.size().width() < NARROW_PX)
        super().resizeEvent(event)

    def closeEvent(self, event: Any) -> None:
        self.closing.emit()
        super().closeEvent(event)
