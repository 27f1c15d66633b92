"""The library of things to say: graded lessons, one editable file each (``assets/lessons/*.toml``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tutor.errors import InstallError
from tutor.paths import assets_dir
from tutor.phones import ORDER
from tutor.tomlfile import read_toml

KINDS = ("everyday", "minimal_pairs", "tongue_twisters", "stress", "intonation", "passage")
LEVELS = ("A1", "A2", "B1", "B2", "C1")
TUNES = ("", "fall", "rise", "list", "contrast")


@dataclass(frozen=True)
class Item:
    """One thing to say. ``targets``: ARPAbet phones it practises; ``tune``: its melody, if any."""

    id: str
    text: str
    level: str
    targets: tuple[str, ...]
    tune: str = ""


@dataclass(frozen=True)
class Lesson:
    """A few items of one ``kind`` in order; ``title`` and ``about`` also in Simplified Chinese."""

    id: str
    kind: str
    level: str
    title: str
    title_zh: str
    about: str
    about_zh: str
    items: tuple[Item, ...]


def load_lessons(folder: Path | None = None) -> tuple[Lesson, ...]:
    """All lessons of ``folder`` (default: the shipped ones), ordered by kind, level and file name.

    Raises ``InstallError`` naming the file and the fault where one is not as it should be.
    """
    folder = folder or assets_dir() / "lessons"
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise InstallError("no lessons (*.toml) in {folder}: install Tutor again", folder=folder)
    lessons = [_lesson(path, read_toml(path)) for path in files]
    seen: dict[str, str] = {}
    for lesson in lessons:
        for item in lesson.items:
            if item.id in seen:
                raise InstallError(
                    "lesson item {item!r} is in {first} and {second}: rename one",
                    item=item.id,
                    first=seen[item.id],
                    second=lesson.id,
                )
            seen[item.id] = lesson.id

    def order(lesson: Lesson) -> tuple[int, int, str]:
        return KINDS.index(lesson.kind), LEVELS.index(lesson.level), lesson.id

    return tuple(sorted(lessons, key=order))


def items_for(lessons: Iterable[Lesson], phone: str) -> tuple[Item, ...]:
    """Items that practise ``phone`` (ARPAbet, no stress): minimal pairs first, then the easier ones first."""
    chosen = [
        (lesson.kind != "minimal_pairs", LEVELS.index(item.level), item)
        for lesson in lessons
        for item in lesson.items
        if phone in item.targets
    ]
    return tuple(item for *_, item in sorted(chosen, key=lambda entry: entry[:2]))


class _Table:
    """One table of a lesson file, read with messages that name the file and the place."""

    def __init__(self, path: Path, place: str, data: object) -> None:
        self._where = f"lesson file {path.name}: {place}"
        if not isinstance(data, dict):
            raise InstallError(
                "{where} should be a table such as {{ id = …, text = … }}",
                where=self._where,
            )
        self.data: dict[str, Any] = data

    def text(self, key: str) -> str:
        value = self.data.get(key)
        if not isinstance(value, str) or not value.strip():
            raise InstallError("{where} needs a text {key!r}", where=self._where, key=key)
        return value

    def one_of(self, key: str, allowed: tuple[str, ...], default: str) -> str:
        value = self.data.get(key, default)
        if value not in allowed:
            raise InstallError(
                "{where} has {key} {value!r}, expected one of {allowed}",
                where=self._where,
                key=key,
                value=value,
                allowed=", ".join(allowed),
            )
        return str(value)

    def phones(self, key: str, default: object) -> tuple[str, ...]:
        value = self.data.get(key, default)
        if not isinstance(value, list) or not value or any(phone not in ORDER for phone in value):
            raise InstallError(
                "{where} needs {key}, ARPAbet phones such as [\"TH\", \"S\"]",
                where=self._where,
                key=key,
            )
        return tuple(value)


def _lesson(path: Path, data: Mapping[str, Any]) -> Lesson:
    table = _Table(path, "the lesson", dict(data))
    level = table.one_of("level", LEVELS, "")
    entries = (_Table(path, f"item {n}", entry) for n, entry in enumerate(data.get("items", []), start=1))
    items = tuple(
        Item(
            id=entry.text("id"),
            text=entry.text("text"),
            level=entry.one_of("level", LEVELS, level),
            targets=entry.phones("targets", data.get("targets")),
            tune=entry.one_of("tune", TUNES, ""),
        )
        for entry in entries
    )
    if not items:
        raise InstallError("lesson file {file} has no items: add lines to items = […]", file=path.name)
    return Lesson(
        id=path.stem,
        kind=table.one_of("kind", KINDS, ""),
        level=level,
        title=table.text("title"),
        title_zh=table.text("title_zh"),
        about=table.text("about"),
        about_zh=table.text("about_zh"),
        items=items,
    )
