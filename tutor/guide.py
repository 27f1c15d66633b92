"""How each phone is made, what it is confused with, what other languages' speakers do (from ``assets/``)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tutor.errors import InstallError
from tutor.paths import assets_dir
from tutor.phones import ORDER, phone_of, strip_stress
from tutor.tomlfile import read_toml


@dataclass(frozen=True)
class Text:
    """One text in English and Simplified Chinese."""

    en: str
    zh: str

    def in_language(self, language: str) -> str:
        """``language``: a code such as ``"en"`` or ``"zh_CN"``; English for all but Chinese."""
        return self.zh if language.lower().startswith("zh") else self.en


@dataclass(frozen=True)
class PhoneGuide:
    """One phone: an example word, a one-line ``cue``, tongue, lips, voice; both drawings are SVG files."""

    arpabet: str
    example: str
    cue: Text
    tongue: Text
    lips: Text
    voice: Text
    drawing: Path
    lips_drawing: Path | None


@dataclass(frozen=True)
class Confusion:
    """``expected`` heard as ``heard`` (ARPAbet): what to change; word pairs to practise, expected first."""

    expected: str
    heard: str
    advice: Text
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class LanguageNote:
    """What speakers of one language tend to do with ``phones`` (often said as ``heard``), and the way out."""

    phones: tuple[str, ...]
    heard: tuple[str, ...]
    text: Text


@dataclass(frozen=True)
class FirstLanguage:
    """Notes for speakers of one first language; ``code`` as in BCP 47 (``zh``, ``es``, …)."""

    code: str
    name: Text
    notes: tuple[LanguageNote, ...]


@lru_cache(maxsize=1)
def phone_guides() -> dict[str, PhoneGuide]:
    """The 39 guides by ARPAbet name. Raises ``InstallError`` where a file or a phone is missing."""
    folder = assets_dir() / "phones"
    table = read_toml(folder / "phones.toml")
    missing = [name for name in ORDER if name not in table]
    if missing:
        raise InstallError("phones.toml lacks {missing}: install Tutor again", missing=", ".join(missing))
    voices = {name: _text(table[name], "text") for name in ("voiced", "voiceless")}
    guides = {}
    for name in ORDER:
        entry = table[name]
        lips_drawing = folder / f"{name}-lips.svg"
        guides[name] = PhoneGuide(
            arpabet=name,
            example=str(entry["example"]),
            cue=_text(entry, "cue"),
            tongue=_text(entry, "tongue"),
            lips=_text(entry, "lips"),
            voice=voices["voiced" if phone_of(name).voiced else "voiceless"],
            drawing=folder / f"{name}.svg",
            lips_drawing=lips_drawing if phone_of(name).is_vowel else None,
        )
    return guides


def phone_guide(arpabet: str) -> PhoneGuide:
    """The guide of one phone; stress digits are ignored; ``KeyError`` for an unknown phone."""
    return phone_guides()[strip_stress(arpabet)]


@lru_cache(maxsize=1)
def confusions() -> dict[tuple[str, str], Confusion]:
    """All described confusions by (expected, heard)."""
    table = read_toml(assets_dir() / "tips" / "confusions.toml")
    found = (
        Confusion(
            expected=entry["expected"],
            heard=entry["heard"],
            advice=_text(entry, "text"),
            pairs=tuple((first, second) for first, second in (pair.split() for pair in entry["pairs"])),
        )
        for entry in table["confusion"]
    )
    return {(confusion.expected, confusion.heard): confusion for confusion in found}


def pairs_for(arpabet: str, heard: str | None = None) -> tuple[tuple[str, str], ...]:
    """Up to three word pairs (expected word first): those of the confusion with ``heard`` before others."""
    name = strip_stress(arpabet)
    exact = confusions().get((name, strip_stress(heard or "")))
    others = [confusion for (expected, _), confusion in confusions().items() if expected == name]
    pairs = [pair for confusion in ([exact] if exact else others) for pair in confusion.pairs]
    return tuple(pairs[:3])


@lru_cache(maxsize=1)
def first_languages() -> tuple[FirstLanguage, ...]:
    """The first languages with notes of their own, in English alphabetical order."""
    folder = assets_dir() / "tips" / "languages"
    found = []
    for path in sorted(folder.glob("*.toml")):
        table = read_toml(path)
        notes = tuple(
            LanguageNote(tuple(note["phones"]), tuple(note.get("heard", [])), _text(note, "text"))
            for note in table["note"]
        )
        found.append(FirstLanguage(path.stem, _text(table, "name"), notes))
    return tuple(sorted(found, key=lambda language: language.name.en))


def language_note(code: str, arpabet: str, heard: str | None = None) -> LanguageNote | None:
    """The note for speakers of ``code`` about this phone: one that names ``heard`` before a general one."""
    name, other = strip_stress(arpabet), strip_stress(heard or "")
    for language in first_languages():
        if language.code == code:
            notes = [note for note in language.notes if name in note.phones]
            exact = [note for note in notes if other in note.heard]
            general = [note for note in notes if not note.heard or not other]
            return next(iter(exact + general), None)
    return None


def _text(table: dict[str, Any], key: str) -> Text:
    return Text(en=str(table[key]), zh=str(table["zh" if key == "text" else f"{key}_zh"]))
