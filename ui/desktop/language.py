"""The interface's language: ``tr`` looks a text up, ``told`` an error, ``language.choose`` switches without a restart.

English texts stand in the code; translations in ``assets/translations/tutor_*.ts`` (Qt Linguist), compiled
beside them by ``python -m ui.desktop.translations``.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

from tutor.errors import Message, TutorError
from tutor.paths import assets_dir

CONTEXT = "Tutor"
NAMES = {"en": "English", "zh_CN": "简体中文"}
"""The interface languages in their own names."""


def tr(text: str, **fields: Any) -> str:
    """``text`` in the language in force, with ``{fields}`` filled in."""
    found = QCoreApplication.translate(CONTEXT, text)
    return found.format(**{name: _said(value) for name, value in fields.items()}) if fields else found


def told(message: str | TutorError) -> str:
    """A line of the core in the language in force; one without a translation stays English."""
    return str(_said(message))


def _said(value: Any) -> Any:
    if isinstance(value, TutorError):
        value = value.message
    return tr(value.template, **value.values) if isinstance(value, Message) else value


def mark(text: str) -> str:
    """Marks a text for translation where it is defined; ``tr`` looks it up where it is shown."""
    return text


class Language:
    """Which language is in force; ``code`` is a key of ``NAMES``."""

    def __init__(self) -> None:
        self.code = "en"
        self._translators: list[QTranslator] = []

    def choose(self, choice: str) -> None:
        """``en``, ``zh_CN``, or ``system``. Every widget gets a LanguageChange event."""
        application = QCoreApplication.instance()
        if application is None:
            return
        for translator in self._translators:
            application.removeTranslator(translator)
        self._translators.clear()
        self.code = choice if choice in NAMES else system_language()
        if self.code == "en":
            return
        qt_folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        for folder, name in (
            (str(assets_dir() / "translations"), f"tutor_{self.code}"),
            (qt_folder, f"qtbase_{self.code}"),
        ):
            translator = QTranslator(application)
            if translator.load(name, folder):
                application.installTranslator(translator)
                self._translators.append(translator)


def system_language() -> str:
    """The key of ``NAMES`` nearest to the system's language."""
    return "zh_CN" if QLocale.system().language() == QLocale.Language.Chinese else "en"


language = Language()
