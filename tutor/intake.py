"""What a folder or table of recordings holds: every layout read into one list of items, all checked first.

Nothing is scored here; each problem is named with the file and what was done about it.
"""

from __future__ import annotations

import csv
import os
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tutor.decode import missing_bytes
from tutor.errors import Cancelled, CorpusError, TutorError
from tutor.progress import Progress, silent

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3")
TEXT_SUFFIXES = (".TextGrid", ".lab", ".txt")
LEFT_OUT = "left out"
MIN_AUDIO_S, MAX_AUDIO_S = 0.3, 600.0
_MAX_TEXT_BYTES = 1 << 20
# What aligners write where no word is: silence, noise, something unknown.
_NO_WORDS = ("sil", "sp", "spn", "SIL", "<eps>", "<sil>", "<unk>")


@dataclass(frozen=True)
class Item:
    """One recording to score. ``id``: unique, a relative path without suffix, also the stem of its output
    files.

    ``fields``: other columns of a table (name, value). ``words``: pronunciations given by the corpus, else
    empty.
    """

    id: str
    audio: Path
    text: str
    speaker: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    words: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class Problem:
    """Something wrong with the input: where, what, and what was done about it."""

    path: str
    what: str
    action: str


@dataclass(frozen=True)
class Intake:
    """The items of an input, sorted by id, and its problems.

    ``layout``: table, rated, kaldi, speakers or folder.
    """

    layout: str
    items: tuple[Item, ...]
    problems: tuple[Problem, ...]


def take_in(source: Path, *, without: Path | None = None, progress: Progress = silent) -> Intake:
    """Read any layout and check every file's header and text; ``without`` is a folder to stay out of (the
    output).

    Raises ``CorpusError`` when the input is missing, of no known layout or has nothing that can be scored,
    ``Cancelled`` when progress asks to stop.
    """
    problems: list[Problem] = []
    layout, items = _read(source, without, problems)
    sound = _distinct(_checked(items, problems, progress), problems)
    if not sound:
        first = f"; the first problem: {problems[0].path}: {problems[0].what}" if problems else ""
        raise CorpusError(f"{source} holds nothing that can be scored{first}.")
    base = source if source.is_dir() else source.parent
    shown = (replace(problem, path=_shown(Path(problem.path), base)) for problem in problems)
    return Intake(layout, tuple(sorted(sound, key=lambda item: item.id)), tuple(shown))


def _read(source: Path, without: Path | None, problems: list[Problem]) -> tuple[str, list[Item]]:
    if source.is_file() and source.suffix.lower() in (".csv", ".tsv"):
        return "table", list(_table(source, problems))
    if not source.is_dir():
        kinds = "a folder, or a .csv or .tsv table with the columns path and text"
        raise CorpusError(f"{source} {'is not' if source.exists() else 'does not exist;'} {kinds}.")
    if (source / "labels.json").is_file():
        return "rated", list(_rated(source, problems))
    kaldi = [folder for folder in (source, *sorted(source.iterdir())) if (folder / "wav.scp").is_file()]
    if kaldi:
        return "kaldi", [item for folder in kaldi for item in _kaldi(folder, problems)]
    items = list(_folder(source, without, problems))
    return ("speakers" if any(item.speaker for item in items) else "folder"), items


def _rated(folder: Path, problems: list[Problem]) -> Iterator[Item]:
    from tutor.corpus import load_rated

    def bad(name: str, error: CorpusError) -> None:
        problems.append(Problem(name, str(error), LEFT_OUT))

    for sentence in load_rated(folder, bad):
        age = "" if sentence.age is None else str(sentence.age)
        yield Item(
            sentence.id,
            sentence.audio,
            sentence.text,
            sentence.speaker,
            (("age", age), ("gender", sentence.gender)),
            tuple((word.text, word.phones) for word in sentence.words),
        )


def _table(path: Path, problems: list[Problem]) -> Iterator[Item]:
    text = _text_of(path, problems)
    lines = text.splitlines()
    separator = "\t" if path.suffix.lower() == ".tsv" or "\t" in "".join(lines[:1]) else _separator(lines)
    rows = csv.DictReader(lines, delimiter=separator, restval="", restkey="")
    names = {(name or "").strip().lower(): name for name in rows.fieldnames or ()}
    missing = {"path", "text"} - set(names)
    if missing:
        raise CorpusError(f"{path} lacks the column {' and '.join(sorted(missing))}; it needs path and text.")
    extra = {key: name for key, name in names.items() if key and key not in ("path", "text", "speaker")}
    for row in _rows(rows, path):
        audio = row[names["path"]].strip()
        if not audio:
            problems.append(Problem(f"{path.name} line {rows.line_num}", "no path", LEFT_OUT))
            continue
        speaker = row.get(names.get("speaker", ""), "") or ""
        fields = tuple((key, (row[name] or "").strip()) for key, name in extra.items())
        file = path.parent / audio
        near = file.relative_to(path.parent) if file.is_relative_to(path.parent) else Path(file.name)
        yield Item(_id_of(near), file, row[names["text"]].strip(), speaker.strip(), fields)


def _rows(rows: csv.DictReader[str], path: Path) -> Iterator[dict[str, str]]:
    try:
        yield from rows
    except csv.Error as error:
        raise CorpusError(f"{path} line {rows.line_num} is not a table row ({error}).") from error


def _separator(lines: list[str]) -> str:
    return ";" if lines and lines[0].count(";") > lines[0].count(",") else ","


def _kaldi(folder: Path, problems: list[Problem]) -> Iterator[Item]:
    texts = _pairs(folder / "text", problems)
    speakers = _pairs(folder / "utt2spk", problems)
    by_speaker = {
        name.removeprefix("spk2"): _pairs(folder / name, problems)
        for name in ("spk2age", "spk2gender")
        if (folder / name).is_file()
    }
    if (folder / "segments").is_file():
        what = "lists parts of recordings, which are not cut here"
        problems.append(Problem(str(folder / "segments"), what, "whole recordings are used"))
    for name, place in _pairs(folder / "wav.scp", problems).items():
        if place.endswith("|"):
            problems.append(Problem(name, f"wav.scp gives a command ({place}), which is never run", LEFT_OUT))
            continue
        if name not in texts:
            problems.append(Problem(name, f"has no line in {folder.name}/text", LEFT_OUT))
            continue
        speaker = speakers.get(name, "")
        fields = tuple((kind, table.get(speaker, "")) for kind, table in by_speaker.items())
        # Paths in wav.scp are relative to where the recipe ran: mostly the corpus folder above.
        places = [base / place for base in (folder, folder.parent)]
        audio = next((path for path in places if path.exists()), places[0])
        yield Item(_id_of(Path(name + ".utt")), audio, texts[name], speaker, fields)


def _pairs(path: Path, problems: list[Problem]) -> dict[str, str]:
    if not path.is_file():
        problems.append(Problem(str(path), "is missing", "taken as empty"))
        return {}
    lines = (line.split(maxsplit=1) for line in _text_of(path, problems).splitlines())
    return {parts[0]: parts[1].strip() if len(parts) > 1 else "" for parts in lines if parts}


def _folder(source: Path, without: Path | None, problems: list[Problem]) -> Iterator[Item]:
    for folder, names in _walk(source, without, problems):
        stems = {Path(name).stem for name in names if Path(name).suffix.lower() in AUDIO_SUFFIXES}
        for stem in sorted(stems):
            same = [name for name in names if Path(name).stem == stem]
            sounds = sorted(name for name in same if Path(name).suffix.lower() in AUDIO_SUFFIXES)
            for twin in sounds[1:]:
                what = f"has the same name as {sounds[0]}"
                problems.append(Problem(_shown(folder / twin, source), what, LEFT_OUT))
            audio = folder / sounds[0]
            text = _beside(folder, same, audio, source, problems)
            if text is None:
                continue
            relative = audio.relative_to(source)
            speaker = relative.parts[0] if len(relative.parts) > 1 else ""
            yield Item(_id_of(relative), audio, text, speaker)
        for name in names:
            path = Path(name)
            if path.suffix in TEXT_SUFFIXES and path.stem not in stems:
                problems.append(
                    Problem(_shown(folder / name, source), "has no recording of that name", LEFT_OUT)
                )


def _walk(source: Path, without: Path | None, problems: list[Problem]) -> Iterator[tuple[Path, list[str]]]:
    seen: set[tuple[int, int]] = set()
    skipped = without.resolve() if without is not None else None

    def report(error: OSError) -> None:
        problems.append(Problem(str(error.filename), f"cannot be opened ({error.strerror})", LEFT_OUT))

    for root, folders, names in os.walk(source, followlinks=True, onerror=report):
        folder = Path(root)
        status = folder.stat()
        if (status.st_dev, status.st_ino) in seen:
            what = "leads to a folder already read (a symbolic link loop or a second link)"
            problems.append(Problem(_shown(folder, source), what, LEFT_OUT))
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and (folder / name).resolve() != skipped
        )
        yield folder, sorted(name for name in names if not name.startswith("."))


def _beside(folder: Path, same: list[str], audio: Path, source: Path, problems: list[Problem]) -> str | None:
    """The text of the file beside a recording; of several kinds the first of ``TEXT_SUFFIXES``."""
    shown = _shown(audio, source)
    by_suffix = {Path(name).suffix: folder / name for name in same}
    found = [by_suffix[suffix] for suffix in TEXT_SUFFIXES if suffix in by_suffix]
    if not found:
        problems.append(Problem(shown, "has no .txt, .lab or .TextGrid beside it", LEFT_OUT))
        return None
    try:
        if found[0].suffix != ".TextGrid":
            return " ".join(_text_of(found[0], problems).split())
        return _spoken(found[0])
    except CorpusError as error:
        problems.append(Problem(shown, str(error), LEFT_OUT))
        return None


def _spoken(path: Path) -> str:
    from tutor.textgrid import read_textgrid

    tiers = read_textgrid(path)
    named = [tier for tier in tiers if tier.name.lower().removesuffix("s").endswith("word")]
    chosen = named or ([tiers[0]] if len(tiers) == 1 else [])
    if len(chosen) != 1:
        have = ", ".join(tier.name for tier in tiers) or "none"
        raise CorpusError(f"{path.name} needs one tier called words (it has: {have})")
    labels = (interval.label.strip() for interval in chosen[0].intervals)
    return " ".join(label for label in labels if label and label not in _NO_WORDS)


def _checked(items: Iterable[Item], problems: list[Problem], progress: Progress) -> Iterator[Item]:
    items = list(items)
    texts: dict[str, str] = {}
    for done, item in enumerate(items):
        if not progress("checking", done, len(items)):
            raise Cancelled("Stopped while checking the input; nothing was scored.")
        if item.text not in texts:
            texts[item.text] = "" if item.words else _text_problem(item.text)
        wrong = _sound_problem(item.audio) or texts[item.text]
        if wrong:
            problems.append(Problem(str(item.audio), wrong, LEFT_OUT))
        else:
            yield item


def _sound_problem(path: Path) -> str:
    import soundfile

    try:
        size = path.stat().st_size
        if not path.is_file():
            return "is not a regular file"
        if size == 0:
            return "is empty"
        with path.open("rb") as stream, soundfile.SoundFile(stream) as sound:
            duration_s = sound.frames / sound.samplerate
            stream.seek(0)
            missing = missing_bytes(stream.read(4096), size)
    except OSError as error:
        return f"cannot be opened ({error.strerror or 'unknown reason'})"
    except (soundfile.SoundFileError, RuntimeError, TypeError, ValueError):
        return "is not sound in a known format"
    if sound.frames < 2**48 and duration_s > MAX_AUDIO_S:
        return f"lasts {duration_s / 60:.0f} minutes; at most 10 are scored"
    if missing:
        return f"is cut short: {missing} bytes are missing at its end"
    if duration_s < MIN_AUDIO_S:
        return f"lasts {duration_s:.2f} s; at least {MIN_AUDIO_S} s are scored" if sound.frames else "holds no samples"
    return ""


def _text_problem(text: str) -> str:
    from tutor.prompts import make_prompt

    if not text:
        return "has an empty text"
    try:
        make_prompt(text)
    except TutorError as error:
        return str(error)
    return ""


def _distinct(items: Iterable[Item], problems: list[Problem]) -> list[Item]:
    """Ids made unique, also on file systems that do not tell capitals apart."""
    used: set[str] = set()
    distinct = []
    for item in items:
        name, number = item.id, 1
        while name.casefold() in used:
            number += 1
            name = f"{item.id}~{number}"
        used.add(name.casefold())
        if name != item.id:
            problems.append(
                Problem(str(item.audio), f"the name {item.id} is already taken", f"called {name}")
            )
        distinct.append(item if name == item.id else replace(item, id=name))
    return distinct


def _id_of(path: Path) -> str:
    """A relative path without suffix that stays inside any output folder, in composed Unicode."""
    parts = [part for part in path.with_suffix("").parts if part not in ("..", ".", path.anchor)]
    clean = (
        "".join("_" if char in '<>:"\\|?*' or ord(char) < 32 else char for char in part) for part in parts
    )
    return unicodedata.normalize("NFC", "/".join(clean)) or "recording"


def _text_of(path: Path, problems: list[Problem]) -> str:
    """A text file in UTF-8, UTF-16 with its mark, or else Windows-1252, which is reported."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(_MAX_TEXT_BYTES * (64 if path.suffix.lower() in (".csv", ".tsv", "") else 1))
    except OSError as error:
        raise CorpusError(f"{path.name} cannot be read ({error.strerror})") from error
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        problems.append(Problem(str(path), "is not UTF-8", "read as Windows-1252"))
        return raw.decode("cp1252", errors="replace")


def _shown(path: Path, source: Path) -> str:
    return str(path.relative_to(source)) if path.is_relative_to(source) else str(path)
