"""Every colour, distance and letter size of the window, in one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from tutor.paths import assets_dir

Choice = Literal["system", "light", "dark"]

# Distances in px: one scale.
XS, S, M, L, XL = 4, 8, 16, 24, 40
RADIUS = 12
RADIUS_SMALL = 8

# Letter sizes in px: one scale.
CAPTION, BODY, TITLE, HEADING, DISPLAY = 12, 14, 17, 22, 30
PROJECTOR = {CAPTION: 28, BODY: 28, TITLE: 32, HEADING: 40, DISPLAY: 88}
"""The same steps for the back row of a classroom (at 1080 lines)."""

FAMILIES = (
    "Inter Tutor",
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Microsoft YaHei UI",
    "PingFang SC",
    "WenQuanYi Micro Hei",
    "DejaVu Sans",
)
"""Latin and IPA come from the shipped font; Chinese from the first of these that the system has."""


@dataclass(frozen=True)
class Colours:
    """One theme. ``good``, ``fair`` and ``poor`` differ in lightness too and never stand without a shape."""

    is_dark: bool
    window: str
    side: str
    surface: str
    inset: str
    border: str
    strong_border: str
    text: str
    muted: str
    accent: str
    accent_hover: str
    accent_soft: str
    on_accent: str
    good: str
    fair: str
    poor: str
    good_fill: str
    fair_fill: str
    poor_fill: str
    good_soft: str
    fair_soft: str
    poor_soft: str
    record: str


LIGHT = Colours(
    is_dark=False,
    window="#F5F6FA", side="#FBFBFD", surface="#FFFFFF", inset="#EEF0F6", border="#E2E5EE",
    strong_border="#C3C9D8", text="#1A1E2B", muted="#596174", accent="#4353D8", accent_hover="#3543BC",
    accent_soft="#E9ECFC", on_accent="#FFFFFF",
    good="#0A7A5C", fair="#8A5A00", poor="#BE3A0E", good_fill="#17A37D", fair_fill="#E0A126",
    poor_fill="#E15A2D", good_soft="#DFF4EC", fair_soft="#FCEFD3", poor_soft="#FDE5DB",
    record="#D3324A",
)  # fmt: skip
DARK = Colours(
    is_dark=True,
    window="#13151B", side="#171A21", surface="#1C2029", inset="#272C38", border="#2C3240",
    strong_border="#485064", text="#ECEEF5", muted="#A4ACBF", accent="#94A2FF", accent_hover="#AAB5FF",
    accent_soft="#282F4F", on_accent="#11142A",
    good="#53D3A8", fair="#F1BC62", poor="#FF9470", good_fill="#43BF96", fair_fill="#E3AC4F",
    poor_fill="#F0805B", good_soft="#173A31", fair_soft="#40331A", poor_soft="#472A20",
    record="#FF6B7F",
)  # fmt: skip


class Theme(QObject):
    """The theme in force; ``changed`` after every switch. Follows the system unless told otherwise."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.choice: Choice = "system"
        self._style_sheet: Callable[[Colours], str] = lambda colours: ""
        self.colours = LIGHT

    def start(self, choice: Choice, style_sheet: Callable[[Colours], str]) -> None:
        """Load the fonts, apply the theme and follow the system from now on."""
        self._style_sheet = style_sheet
        for path in sorted((assets_dir() / "fonts").glob("*.ttf")):
            QFontDatabase.addApplicationFont(str(path))
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._follow)
        self.choose(choice)

    def choose(self, choice: Choice) -> None:
        """Switch to light, dark, or whatever the system says."""
        self.choice = choice
        self._follow()

    def _follow(self) -> None:
        dark = self.choice == "dark" or (
            self.choice == "system" and QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        )
        self.colours = DARK if dark else LIGHT
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.setFont(font(BODY))
            application.setPalette(_palette(self.colours))
            application.setStyleSheet(self._style_sheet(self.colours))
        self.changed.emit()


theme = Theme()


def font(size_px: int, *, strong: bool = False) -> QFont:
    """The interface font at one step of the type scale."""
    made = QFont()
    made.setFamilies(list(FAMILIES))
    made.setPixelSize(size_px)
    made.setWeight(QFont.Weight.DemiBold if strong else QFont.Weight.Normal)
    return made


def colour(name: str, alpha: float = 1.0) -> QColor:
    """A colour of the theme in force by field name, or of a ``#rrggbb``."""
    made = QColor(name if name.startswith("#") else getattr(theme.colours, name))
    made.setAlphaF(alpha)
    return made


def _palette(colours: Colours) -> QPalette:
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: colours.window,
        QPalette.ColorRole.WindowText: colours.text,
        QPalette.ColorRole.Base: colours.surface,
        QPalette.ColorRole.AlternateBase: colours.inset,
        QPalette.ColorRole.Text: colours.text,
        QPalette.ColorRole.PlaceholderText: colours.muted,
        QPalette.ColorRole.Button: colours.surface,
        QPalette.ColorRole.ButtonText: colours.text,
        QPalette.ColorRole.Highlight: colours.accent,
        QPalette.ColorRole.HighlightedText: colours.on_accent,
        QPalette.ColorRole.ToolTipBase: colours.text,
        QPalette.ColorRole.ToolTipText: colours.surface,
        QPalette.ColorRole.Link: colours.accent,
    }
    for role, value in roles.items():
        palette.setColor(role, QColor(value))
    return palette
