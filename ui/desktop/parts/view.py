"""What all views share: texts that follow the language, colours that follow the theme, and small building
blocks."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ui.desktop.icons import icon
from ui.desktop.language import tr
from ui.desktop.theme import L, M, S, theme

_SOUND = re.compile(r"/(\S{1,4}?)/")


class View(QWidget):
    """A widget whose texts are set through ``say``; subclasses show anew what they hold in ``refresh``."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._spoken: list[tuple[Callable[[str], Any], str]] = []
        self._icons: list[tuple[QPushButton, str, str, str | None]] = []
        theme.changed.connect(self._repaint)

    def say(self, setter: Callable[[str], Any], text: str) -> None:
        """Call ``setter`` with the translation of ``text`` now and after every change of language."""
        self._spoken.append((setter, text))
        setter(tr(text))

    def refresh(self) -> None:
        """Show anew what depends on the language or the theme."""

    def button(
        self,
        text: str,
        icon_name: str = "",
        *,
        kind: str = "",
        tip: str = "",
        tint: str = "",
        checkable: bool = False,
    ) -> QPushButton:
        """A button; an empty text makes an icon button, which ``tip`` then names."""
        made = QPushButton()
        made.setProperty("kind", kind if text or kind == "nav" else "icon")
        made.setCheckable(checkable)
        # A click must not take the focus: the space bar belongs to Record.
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        made.setCursor(Qt.CursorShape.PointingHandCursor)
        if text:
            # Qt leaves little room between icon and text.
            self.say(lambda shown: made.setText(f" {shown}" if icon_name else shown), text)
        self.say(made.setAccessibleName, text or tip)
        if tip:
            self.say(made.setToolTip, tip)
        if icon_name:
            tint = tint or ("on_accent" if kind == "primary" else "poor" if kind == "danger" else "text")
            self._icons.append((made, icon_name, tint, "accent" if checkable else None))
            made.setIcon(icon(icon_name, tint, "accent" if checkable else None))
            made.setIconSize(QSize(18, 18))
        return made

    def set_icon(self, button: QPushButton, icon_name: str, tint: str = "text") -> None:
        """Give a button another icon."""
        self._icons = [entry for entry in self._icons if entry[0] is not button]
        self._icons.append((button, icon_name, tint, None))
        button.setIcon(icon(icon_name, tint))

    def label(self, text: str = "", role: str = "", *, wrap: bool = False) -> QLabel:
        """A label; ``role`` as in the style sheet."""
        made = Wrapped() if wrap else QLabel()
        made.setProperty("role", role)
        made.setTextFormat(Qt.TextFormat.PlainText)
        if role == "badge":
            made.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Maximum)
        if text:
            self.say(made.setText, text)
        return made

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            for setter, text in self._spoken:
                setter(tr(text))
            self.refresh()
        super().changeEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self.refresh()
        return super().event(event)

    def _repaint(self) -> None:
        for button, name, tint, checked in self._icons:
            button.setIcon(icon(name, tint, checked))
        self.refresh()
        self.update()


class Wrapped(QLabel):
    """A label of several lines, just as high as its text is at the width it got.

    Qt's own height-for-width gets lost in nested layouts: lines are clipped, or gaps stay after widening.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def setText(self, text: str) -> None:
        # A sound between slashes is one word: /i/ must not end up as "/" and "i/".
        super().setText(_SOUND.sub("/\u2060\\1\u2060/", text))
        self._fit()

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()

    def _fit(self) -> None:
        margins = self.contentsMargins()
        room = QRect(0, 0, self.width() - margins.left() - margins.right(), 1 << 15)
        # Not heightForWidth: that is never less than the height fixed before.
        text = self.fontMetrics().boundingRect(room, Qt.TextFlag.TextWordWrap.value, self.text())
        needed = text.height() + margins.top() + margins.bottom() if self.text() else 0
        if needed != self.height() or needed != self.minimumHeight():
            self.setFixedHeight(needed)


class Card(QFrame):
    """A rounded surface with a column of content."""

    def __init__(self, *, role: str = "card", margin: int = M, spacing: int = S) -> None:
        super().__init__()
        self.setProperty("role", role)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(margin, margin, margin, margin)
        self.body.setSpacing(spacing)


class Columns(QWidget):
    """Side by side where there is room, else one below the other."""

    def __init__(self, narrow_px: int, spacing: int = M) -> None:
        super().__init__()
        self._narrow_px = narrow_px
        self.box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self.box.setContentsMargins(0, 0, 0, 0)
        self.box.setSpacing(spacing)

    def resizeEvent(self, event: Any) -> None:
        narrow = event.size().width() < self._narrow_px
        self.box.setDirection(
            QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        )
        super().resizeEvent(event)

    def minimumSizeHint(self) -> Any:
        hint = super().minimumSizeHint()
        items = [self.box.itemAt(place) for place in range(self.box.count())]
        widths = [item.minimumSize().width() for item in items if item is not None]
        hint.setWidth(max(widths, default=0))
        return hint


def page_column(view: QWidget, *, max_width: int = 0) -> QVBoxLayout:
    """A scrolling page column inside ``view``; the layout to fill."""
    outer = QVBoxLayout(view)
    outer.setContentsMargins(0, 0, 0, 0)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    inner = QWidget()
    inner.setProperty("role", "page")
    column = QVBoxLayout(inner)
    column.setContentsMargins(L, L, L, L)
    column.setSpacing(M)
    if max_width:
        inner.setMaximumWidth(max_width)
    area.setWidget(inner)
    outer.addWidget(area)
    return column


def scrolling(inner: QWidget, *, least_px: int) -> QScrollArea:
    """``inner`` in an area that scrolls up and down and shows at least ``least_px`` of it."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setMinimumHeight(least_px)
    area.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
    area.setProperty("role", "inner")
    area.setWidget(inner)
    area.viewport().setAutoFillBackground(False)
    inner.setAutoFillBackground(False)
    return area


def row(*items: QWidget | None, spacing: int = S) -> QHBoxLayout:
    """Widgets in a row; None is a stretch."""
    made = QHBoxLayout()
    made.setSpacing(spacing)
    for item in items:
        if item is None:
            made.addStretch(1)
        else:
            made.addWidget(item)
    return made


def line() -> QFrame:
    """A thin dividing line."""
    made = QFrame()
    made.setProperty("role", "line")
    return made


def clear(layout: QLayout) -> None:
    """Remove and delete everything in a layout."""
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
        elif (inner := item.layout()) is not None:
            clear(inner)
