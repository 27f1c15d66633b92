"""Small widgets one after the other, wrapped to the width."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.desktop.theme import S


class Flow(QWidget):
    """Holds widgets in lines; its height follows its width."""

    def __init__(self, spacing: int = S, *, to_right: bool = False) -> None:
        super().__init__()
        self._spacing = spacing
        self._to_right = to_right
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
        lines: list[list[tuple[QWidget, QSize]]] = [[]]
        used = 0
        for item in self._items:
            size = item.sizeHint().expandedTo(item.minimumSize()).boundedTo(item.maximumSize())
            if lines[-1] and used + size.width() > self.width():
                lines.append([])
                used = 0
            lines[-1].append((item, size))
            used += size.width() + self._spacing
        top = 0
        for line in lines:
            total = sum(size.width() + self._spacing for _, size in line) - self._spacing
            left = max(0, self.width() - total) if self._to_right else 0
            height = max((size.height() for _, size in line), default=0)
            for item, size in line:
                item.setGeometry(left, top + (height - size.height()) // 2, size.width(), size.height())
                left += size.width() + self._spacing
            top += height + self._spacing
        needed = max(0, top - self._spacing)
        if needed != self.minimumHeight():
            self.setFixedHeight(needed)
            self.updateGeometry()
