"""Small widgets one after the other, wrapped to the width."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.desktop.theme import S


class Flow(QWidget):
    """Holds widgets in lines; its height follows its width."""

    def __init__(self, spacing: int = S) -> None:
        super().__init__()
        self._spacing = spacing
        self._items: list[QWidget] = []
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def add(self, item: QWidget) -> None:
        """Append a widget."""
        item.setParent(self)
        item.show()
        self._items.append(item)
        self._place()

    def clear(self) -> None:
        """Remove and delete everything."""
        for item in self._items:
            item.hide()
            item.deleteLater()
        self._items = []
        self._place()

    def sizeHint(self) -> QSize:
        width = sum(item.sizeHint().width() + self._spacing for item in self._items)
        return QSize(width, self.minimumHeight())

    def minimumSizeHint(self) -> QSize:
        return QSize(max((item.sizeHint().width() for item in self._items), default=0), self.minimumHeight())

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        left = top = height = 0
        for item in self._items:
            size = item.sizeHint().expandedTo(item.minimumSize()).boundedTo(item.maximumSize())
            if left and left + size.width() > self.width():
                left, top = 0, top + height + self._spacing
                height = 0
            item.setGeometry(left, top, size.width(), size.height())
            left += size.width() + self._spacing
            height = max(height, size.height())
        if top + height != self.minimumHeight():
            self.setMinimumHeight(top + height)
            self.setMaximumHeight(top + height)
            self.updateGeometry()
