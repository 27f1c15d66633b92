"""The style sheet of the whole window, made of the colours and sizes in ``theme``."""

from __future__ import annotations

from tutor.paths import assets_dir
from ui.desktop.theme import (
    BODY,
    CAPTION,
    DISPLAY,
    HEADING,
    RADIUS,
    RADIUS_SMALL,
    TITLE,
    XS,
    Colours,
    M,
    S,
)


def style_sheet(c: Colours) -> str:
    """The whole style sheet. Widgets choose a look by the properties ``role`` and ``kind``."""
    arrow = (assets_dir() / "icons" / ("chevron-dark.svg" if c.is_dark else "chevron-light.svg")).as_posix()
    tick = (assets_dir() / "icons" / ("tick-dark.svg" if c.is_dark else "tick-light.svg")).as_posix()
    return f"""
    QWidget {{ color: {c.text}; font-size: {BODY}px; }}
    QMainWindow, QWidget[role="page"], QScrollArea,
        QScrollArea > QWidget > QWidget[role="page"] {{ background: {c.window}; }}
    QScrollArea {{ border: none; background: transparent; }}
    QScrollArea[role="inner"] > QWidget > QWidget {{ background: transparent; }}
    QToolTip {{ background: {c.text}; color: {c.surface}; border: none; padding: {XS}px {S}px;
        border-radius: 6px; }}

    QFrame[role="side"] {{ background: {c.side}; border: none; border-right: 1px solid {c.border}; }}
    QFrame[role="status"] {{ background: {c.side}; border: none; border-top: 1px solid {c.border}; }}
    QFrame[role="card"] {{ background: {c.surface}; border: 1px solid {c.border};
        border-radius: {RADIUS}px; }}
    QFrame[role="inset"] {{ background: {c.inset}; border: none; border-radius: {RADIUS_SMALL}px; }}
    QFrame[role="inset"]:focus {{ border: 2px solid {c.accent}; }}
    QFrame[role="banner"] {{ background: {c.fair_soft}; border: 1px solid {c.fair};
        border-radius: {RADIUS_SMALL}px; }}
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
    QLabel[role="badge"] {{ background: {c.accent_soft}; color: {c.accent}; border-radius: 8px;
        padding: 1px 8px;
        font-size: {CAPTION}px; font-weight: 600; }}

    QPushButton {{ background: {c.surface}; border: 1px solid {c.strong_border};
        border-radius: {RADIUS_SMALL}px;
        padding: 7px 14px; min-height: 20px; }}
    QPushButton:hover {{ background: {c.inset}; }}
    QPushButton:pressed, QPushButton:checked {{ background: {c.accent_soft}; border-color: {c.accent};
        color: {c.accent}; }}
    QPushButton:disabled {{ color: {c.muted}; background: {c.window}; border-color: {c.border}; }}
    QPushButton:focus {{ border: 2px solid {c.accent}; padding: 6px 13px; }}
    QPushButton[kind="primary"] {{ background: {c.accent}; color: {c.on_accent};
        border-color: {c.accent}; font-weight: 600; }}
    QPushButton[kind="primary"]:hover {{ background: {c.accent_hover}; }}
    QPushButton[kind="primary"]:disabled {{ background: {c.inset}; color: {c.muted};
        border-color: {c.inset}; }}
    QPushButton[kind="primary"]:focus {{ border: 2px solid {c.text}; }}
    QPushButton[kind="recording"] {{ background: {c.record}; color: {c.on_accent}; border-color: {c.record};
        font-weight: 600; }}
    QPushButton[kind="recording"]:focus {{ border: 2px solid {c.text}; }}
    QPushButton[kind="danger"] {{ color: {c.poor}; border-color: {c.poor}; }}
    QPushButton[kind="danger"]:hover {{ background: {c.poor_soft}; }}
    QPushButton[kind="ghost"] {{ background: transparent; border: 1px solid transparent; }}
    QPushButton[kind="ghost"]:hover {{ background: {c.inset}; }}
    QPushButton[kind="ghost"]:checked {{ background: {c.accent_soft}; color: {c.accent}; }}
    QPushButton[kind="ghost"]:focus {{ border: 2px solid {c.accent}; }}
    QPushButton[kind="icon"] {{ background: transparent; border: 2px solid transparent; padding: 0;
        min-height: 32px;
        min-width: 32px; max-height: 32px; max-width: 32px; border-radius: {RADIUS_SMALL}px; }}
    QPushButton[kind="icon"]:hover {{ background: {c.inset}; }}
    QPushButton[kind="icon"]:focus {{ border-color: {c.accent}; }}
    QPushButton[kind="chip"] {{ border-radius: 15px; padding: 3px 12px; min-height: 22px;
        background: transparent;
        border: 1px solid {c.strong_border}; }}
    QPushButton[kind="chip"]:hover {{ background: {c.inset}; }}
    QPushButton[kind="chip"]:checked {{ background: {c.accent_soft}; border-color: {c.accent};
        color: {c.accent}; font-weight: 600; }}
    QPushButton[kind="chip"]:focus {{ border: 2px solid {c.accent}; padding: 2px 11px; }}
    QPushButton[kind="nav"] {{ background: transparent; border: 2px solid transparent;
        border-radius: {RADIUS_SMALL}px;
        text-align: left; padding: 8px 10px; min-height: 22px; color: {c.muted}; }}
    QPushButton[kind="nav"]:hover {{ background: {c.inset}; color: {c.text}; }}
    QPushButton[kind="nav"]:checked {{ background: {c.accent_soft}; color: {c.accent}; font-weight: 600; }}
    QPushButton[kind="nav"]:focus {{ border: 2px solid {c.accent}; }}
    QPushButton[kind="row"] {{ background: transparent; border: 2px solid transparent;
        border-radius: {RADIUS_SMALL}px;
        text-align: left; padding: 6px 8px; }}
    QPushButton[kind="row"]:hover {{ background: {c.inset}; }}
    QPushButton[kind="row"]:checked {{ background: {c.accent_soft}; color: {c.text}; }}
    QPushButton[kind="row"]:focus {{ border: 2px solid {c.accent}; }}

    QLineEdit, QPlainTextEdit, QComboBox, QSpinBox, QDoubleSpinBox {{ background: {c.surface};
        border: 1px solid {c.strong_border};
        border-radius: {RADIUS_SMALL}px; padding: 6px 10px; min-height: 22px;
        selection-background-color: {c.accent};
        selection-color: {c.on_accent}; }}
    QLineEdit:focus, QPlainTextEdit:focus, QComboBox:focus, QSpinBox:focus,
    QDoubleSpinBox:focus {{ border: 2px solid {c.accent};
        padding: 5px 9px; }}
    QLineEdit:disabled, QComboBox:disabled {{ color: {c.muted}; background: {c.window}; }}
    QComboBox::drop-down {{ border: none; width: 28px; }}
    QComboBox::down-arrow {{ image: url("{arrow}"); width: 12px; height: 12px; }}
    QComboBox QAbstractItemView {{ background: {c.surface}; border: 1px solid {c.strong_border};
        padding: {XS}px; outline: none;
        selection-background-color: {c.accent_soft}; selection-color: {c.text}; }}
    QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button,
        QDoubleSpinBox::down-button {{ width: 0; border: none; }}

    QCheckBox {{ spacing: {S}px; background: transparent; }}
    QCheckBox::indicator {{ width: 18px; height: 18px; border: 1px solid {c.strong_border};
        border-radius: 5px; background: {c.surface}; }}
    QCheckBox::indicator:hover {{ border-color: {c.accent}; }}
    QCheckBox::indicator:checked {{ background: {c.accent}; border-color: {c.accent};
        image: url("{tick}"); }}
    QCheckBox::indicator:focus {{ border: 2px solid {c.accent}; }}
    QCheckBox:focus {{ text-decoration: underline; }}

    QSlider::groove:horizontal {{ height: 4px; background: {c.strong_border}; border-radius: 2px; }}
    QSlider::sub-page:horizontal {{ background: {c.accent}; border-radius: 2px; }}
    QSlider::handle:horizontal {{ background: {c.accent}; width: 16px; height: 16px; margin: -6px 0;
        border-radius: 8px; }}
    QSlider::handle:horizontal:focus {{ border: 2px solid {c.text}; }}

    QListWidget, QTreeWidget, QTableWidget {{ background: transparent; border: none; outline: none; }}
    QListWidget::item {{ padding: {S}px; border-radius: {RADIUS_SMALL}px; }}
    QListWidget::item:hover {{ background: {c.inset}; }}
    QListWidget::item:selected {{ background: {c.accent_soft}; color: {c.text}; }}
    QTableWidget {{ gridline-color: {c.border}; }}
    QTableWidget::item {{ padding: {XS}px {S}px; }}
    QTableWidget::item:selected {{ background: {c.accent_soft}; color: {c.text}; }}
    QHeaderView::section {{ background: transparent; color: {c.muted}; border: none;
        border-bottom: 1px solid {c.border};
        padding: 6px {S}px; font-size: {CAPTION}px; font-weight: 600; text-align: left; }}
    QTableCornerButton::section {{ background: transparent; border: none; }}

    QProgressBar {{ background: {c.inset}; border: none; border-radius: 4px; max-height: 8px;
        min-height: 8px; }}
    QProgressBar::chunk {{ background: {c.accent}; border-radius: 4px; }}

    QScrollBar:vertical {{ background: transparent; width: 12px; margin: 2px; }}
    QScrollBar:horizontal {{ background: transparent; height: 12px; margin: 2px; }}
    QScrollBar::handle {{ background: {c.strong_border}; border-radius: 4px; min-height: 28px;
        min-width: 28px; }}
    QScrollBar::handle:hover {{ background: {c.muted}; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}

    QMenu {{ background: {c.surface}; border: 1px solid {c.strong_border};
        border-radius: {RADIUS_SMALL}px; padding: {XS}px; }}
    QMenu::item {{ padding: 6px {M}px; border-radius: 6px; }}
    QMenu::item:selected {{ background: {c.accent_soft}; }}
    QDialog {{ background: {c.window}; }}
    """
