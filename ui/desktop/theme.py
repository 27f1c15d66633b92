"""Every colour, distance and letter size of the window, in one place, and the style sheet made of them."""

from __future__ import annotations

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
PROJECTOR = {CAPTION: 28, BODY: 28, TITLE: 32, HEADING: 40, DISPLAY: 64}
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
    window="#F5F6FA", side="#FBFBFD", surface="#FFFFFF", inset="#EEF0F6", border="#E2E5EE", strong_border="#C3C9D8",
    text="#1A1E2B", muted="#596174", accent="#4353D8", accent_hover="#3543BC", accent_soft="#E9ECFC", on_accent="#FFFFFF",
    good="#0A7A5C", fair="#8A5A00", poor="#BE3A0E", good_fill="#17A37D", fair_fill="#E0A126",
    poor_fill="#E15A2D", good_soft="#DFF4EC", fair_soft="#FCEFD3", poor_soft="#FDE5DB",
    record="#D3324A",
)  # fmt: skip
DARK = Colours(
    is_dark=True,
    window="#13151B", side="#171A21", surface="#1C2029", inset="#272C38", border="#2C3240", strong_border="#485064",
    text="#ECEEF5", muted="#A4ACBF", accent="#94A2FF", accent_hover="#AAB5FF", accent_soft="#282F4F", on_accent="#11142A",
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
        self.colours = LIGHT

    def start(self, choice: Choice) -> None:
        """Load the fonts, apply the theme and follow the system from now on."""
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
            application.setStyleSheet(style_sheet(self.colours))
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


def style_sheet(c: Colours) -> str:
    """The whole style sheet. Widgets choose a look by the properties ``role`` and ``kind``."""
    arrow = (assets_dir() / "icons" / ("chevron-dark.svg" if c.is_dark else "chevron-light.svg")).as_posix()
    tick = (assets_dir() / "icons" / ("tick-dark.svg" if c.is_dark else "tick-light.svg")).as_posix()
    return f"""
    QWidget {{ color: {c.text}; font-size: {BODY}px; }}
    QMainWindow, QWidget[role="page"], QScrollArea, QScrollArea > QWidget > QWidget[role="page"] {{ background: {c.window}; }}
    QScrollArea {{ border: none; background: transparent; }}
    QScrollArea[role="inner"] > QWidget > QWidget {{ background: transparent; }}
    QToolTip {{ background: {c.text}; color: {c.surface}; border: none; padding: {XS}px {S}px; border-radius: 6px; }}

    QFrame[role="side"] {{ background: {c.side}; border: none; border-right: 1px solid {c.border}; }}
    QFrame[role="status"] {{ background: {c.side}; border: none; border-top: 1px solid {c.border}; }}
    QFrame[role="card"] {{ background: {c.surface}; border: 1px solid {c.border}; border-radius: {RADIUS}px; }}
    QFrame[role="inset"] {{ background: {c.inset}; border: none; border-radius: {RADIUS_SMALL}px; }}
    QFrame[role="banner"] {{ background: {c.fair_soft}; border: 1px solid {c.fair}; border-radius: {RADIUS_SMALL}px; }}
    QFrame[role="banner"][tone="info"] {{ background: {c.accent_soft}; border-color: {c.accent}; }}
    QFrame[role="banner"][tone="error"] {{ background: {c.poor_soft}; border-color: {c.poor}; }}
    QFrame[role="line"] {{ background: {c.border}; border: none; max-height: 1px; min-height: 1px; }}

    QLabel {{ background: transparent; }}
    QLabel[role="muted"] {{ color: {c.muted}; }}
    QLabel[role="caption"] {{ color: {c.muted}; font-size: {CAPTION}px; }}
    QLabel[role="overline"] {{ color: {c.muted}; font-size: {CAPTION}px; font-weight: 600; }}
    QLabel[role="title"] {{ font-size: {TITLE}px; font-weight: 600; }}
    QLabel[role="heading"] {{ font-size: {HEADING}px; font-weight: 600; }}
    QLabel[role="figure"] {{ font-size: {DISPLAY}px; font-weight: 600; }}
    QLabel[role="badge"] {{ background: {c.accent_soft}; color: {c.accent}; border-radius: 8px; padding: 1px 8px;
        font-size: {CAPTION}px; font-weight: 600; }}

    QPushButton {{ background: {c.surface}; border: 1px solid {c.strong_border}; border-radius: {RADIUS_SMALL}px;
        padding: 7px 14px; min-height: 20px; }}
    QPushButton:hover {{ background: {c.inset}; }}
    QPushButton:pressed, QPushButton:checked {{ background: {c.accent_soft}; border-color: {c.accent}; color: {c.accent}; }}
    QPushButton:disabled {{ color: {c.muted}; background: {c.window}; border-color: {c.border}; }}
    QPushButton:focus {{ border: 2px solid {c.accent}; padding: 6px 13px; }}
    QPushButton[kind="primary"] {{ background: {c.accent}; color: {c.on_accent}; border-color: {c.accent}; font-weight: 600; }}
    QPushButton[kind="primary"]:hover {{ background: {c.accent_hover}; }}
    QPushButton[kind="primary"]:disabled {{ background: {c.inset}; color: {c.muted}; border-color: {c.inset}; }}
    QPushButton[kind="primary"]:focus {{ border: 2px solid {c.text}; }}
    QPushButton[kind="danger"] {{ color: {c.poor}; border-color: {c.poor}; }}
    QPushButton[kind="danger"]:hover {{ background: {c.poor_soft}; }}
    QPushButton[kind="ghost"] {{ background: transparent; border: 1px solid transparent; }}
    QPushButton[kind="ghost"]:hover {{ background: {c.inset}; }}
    QPushButton[kind="ghost"]:checked {{ background: {c.accent_soft}; color: {c.accent}; }}
    QPushButton[kind="ghost"]:focus {{ border: 2px solid {c.accent}; }}
    QPushButton[kind="icon"] {{ background: transparent; border: 2px solid transparent; padding: 0; min-height: 32px;
        min-width: 32px; max-height: 32px; max-width: 32px; border-radius: {RADIUS_SMALL}px; }}
    QPushButton[kind="icon"]:hover {{ background: {c.inset}; }}
    QPushButton[kind="icon"]:focus {{ border-color: {c.accent}; }}
    QPushButton[kind="chip"] {{ border-radius: 15px; padding: 3px 12px; min-height: 22px; background: transparent;
        border: 1px solid {c.strong_border}; }}
    QPushButton[kind="chip"]:hover {{ background: {c.inset}; }}
    QPushButton[kind="chip"]:checked {{ background: {c.accent_soft}; border-color: {c.accent}; color: {c.accent}; font-weight: 600; }}
    QPushButton[kind="chip"]:focus {{ border: 2px solid {c.accent}; padding: 2px 11px; }}
    QPushButton[kind="nav"] {{ background: transparent; border: 2px solid transparent; border-radius: {RADIUS_SMALL}px;
        text-align: left; padding: 8px 10px; min-height: 22px; color: {c.muted}; }}
    QPushButton[kind="nav"]:hover {{ background: {c.inset}; color: {c.text}; }}
    QPushButton[kind="nav"]:checked {{ background: {c.accent_soft}; color: {c.accent}; font-weight: 600; }}
    QPushButton[kind="nav"]:focus {{ border: 2px solid {c.accent}; }}
    QPushButton[kind="row"] {{ background: transparent; border: 2px solid transparent; border-radius: {RADIUS_SMALL}px;
        text-align: left; padding: 6px 8px; }}
    QPushButton[kind="row"]:hover {{ background: {c.inset}; }}
    QPushButton[kind="row"]:checked {{ background: {c.accent_soft}; color: {c.text}; }}
    QPushButton[kind="row"]:focus {{ border: 2px solid {c.accent}; }}

    QLineEdit, QPlainTextEdit, QComboBox, QSpinBox, QDoubleSpinBox {{ background: {c.surface}; border: 1px solid {c.strong_border};
        border-radius: {RADIUS_SMALL}px; padding: 6px 10px; min-height: 22px; selection-background-color: {c.accent};
        selection-color: {c.on_accent}; }}
    QLineEdit:focus, QPlainTextEdit:focus, QComboBox:focus, QSpinBox:focus, QDoubleSpinBox:focus {{ border: 2px solid {c.accent};
        padding: 5px 9px; }}
    QLineEdit:disabled, QComboBox:disabled {{ color: {c.muted}; background: {c.window}; }}
    QComboBox::drop-down {{ border: none; width: 28px; }}
    QComboBox::down-arrow {{ image: url("{arrow}"); width: 12px; height: 12px; }}
    QComboBox QAbstractItemView {{ background: {c.surface}; border: 1px solid {c.strong_border}; padding: {XS}px; outline: none;
        selection-background-color: {c.accent_soft}; selection-color: {c.text}; }}
    QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button, QDoubleSpinBox::down-button {{ width: 0; border: none; }}

    QCheckBox {{ spacing: {S}px; background: transparent; }}
    QCheckBox::indicator {{ width: 18px; height: 18px; border: 1px solid {c.strong_border}; border-radius: 5px; background: {c.surface}; }}
    QCheckBox::indicator:hover {{ border-color: {c.accent}; }}
    QCheckBox::indicator:checked {{ background: {c.accent}; border-color: {c.accent}; image: url("{tick}"); }}
    QCheckBox::indicator:focus {{ border: 2px solid {c.accent}; }}
    QCheckBox:focus {{ text-decoration: underline; }}

    QSlider::groove:horizontal {{ height: 4px; background: {c.strong_border}; border-radius: 2px; }}
    QSlider::sub-page:horizontal {{ background: {c.accent}; border-radius: 2px; }}
    QSlider::handle:horizontal {{ background: {c.accent}; width: 16px; height: 16px; margin: -6px 0; border-radius: 8px; }}
    QSlider::handle:horizontal:focus {{ border: 2px solid {c.text}; }}

    QListWidget, QTreeWidget, QTableWidget {{ background: transparent; border: none; outline: none; }}
    QListWidget::item {{ padding: {S}px; border-radius: {RADIUS_SMALL}px; }}
    QListWidget::item:hover {{ background: {c.inset}; }}
    QListWidget::item:selected {{ background: {c.accent_soft}; color: {c.text}; }}
    QTableWidget {{ gridline-color: {c.border}; }}
    QTableWidget::item {{ padding: {XS}px {S}px; }}
    QTableWidget::item:selected {{ background: {c.accent_soft}; color: {c.text}; }}
    QHeaderView::section {{ background: transparent; color: {c.muted}; border: none; border-bottom: 1px solid {c.border};
        padding: 6px {S}px; font-size: {CAPTION}px; font-weight: 600; text-align: left; }}
    QTableCornerButton::section {{ background: transparent; border: none; }}

    QProgressBar {{ background: {c.inset}; border: none; border-radius: 4px; max-height: 8px; min-height: 8px; }}
    QProgressBar::chunk {{ background: {c.accent}; border-radius: 4px; }}

    QScrollBar:vertical {{ background: transparent; width: 12px; margin: 2px; }}
    QScrollBar:horizontal {{ background: transparent; height: 12px; margin: 2px; }}
    QScrollBar::handle {{ background: {c.strong_border}; border-radius: 4px; min-height: 28px; min-width: 28px; }}
    QScrollBar::handle:hover {{ background: {c.muted}; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}

    QMenu {{ background: {c.surface}; border: 1px solid {c.strong_border}; border-radius: {RADIUS_SMALL}px; padding: {XS}px; }}
    QMenu::item {{ padding: 6px {M}px; border-radius: 6px; }}
    QMenu::item:selected {{ background: {c.accent_soft}; }}
    QDialog {{ background: {c.window}; }}
    """
