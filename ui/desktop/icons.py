"""The window's icons: line drawings in ``assets/icons``, painted in a colour of the theme."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from tutor.paths import assets_dir
from ui.desktop.theme import colour

SIZE = 20
# Drawn larger than needed, so that icons stay sharp at 200 % scale.
_DENSITY = 3


def icon(name: str, tint: str = "text", checked_tint: str | None = None) -> QIcon:
    """An icon in a colour of the theme in force (another one while its button is checked)."""
    made = QIcon(_pixmap(name, colour(tint).name(), SIZE))
    made.addPixmap(_pixmap(name, colour("muted").name(), SIZE), QIcon.Mode.Disabled)
    if checked_tint:
        made.addPixmap(_pixmap(name, colour(checked_tint).name(), SIZE), QIcon.Mode.Normal, QIcon.State.On)
    return made


def pixmap(name: str, size: int, tint: str = "text") -> QPixmap:
    """A picture of ``size`` logical px in a colour of the theme in force."""
    return _pixmap(name, colour(tint).name(), size)


def application_icon() -> QIcon:
    return QIcon(str(assets_dir() / "icons" / "tutor.svg"))


@lru_cache(maxsize=512)
def _pixmap(name: str, tint: str, size: int) -> QPixmap:
    drawing = (assets_dir() / "icons" / f"{name}.svg").read_text("utf-8").replace("currentColor", tint)
    made = QPixmap(QSize(size, size) * _DENSITY)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    QSvgRenderer(QByteArray(drawing.encode())).render(painter, QRectF(made.rect()))
    painter.end()
    made.setDevicePixelRatio(_DENSITY)
    return made
