"""Tidy tables, one row per utterance, word or phone, as CSV and (with pyarrow) Parquet."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tutor.columns import TABLES, Column
from tutor.intake import Item
from tutor.journal import writing
from tutor.paths import write_atomic
from tutor.phones import phone_of, stress_of, strip_stress
from tutor.result import GRADED, INSERTED, MISPRONOUNCED, OMITTED, OTHER_TEXT, REPEATED, Assessment
from tutor.rhythm import rhythm

Value = str | int | float | None
Row = dict[str, Value]
_BLOCK_ROWS = 4_000


def utterance_row(item: Item, record: Mapping[str, Any], assessment: Assessment | None) -> Row:
    """The utterance's row; a recording that could not be scored has its ``problem`` and little else.

    Scores are left empty where the verdict is not ``graded``, and where another text was read also what is counted along
    the text: they would say nothing about the speech.
    """
    row: Row = {"utterance": item.id, "speaker": item.speaker, "audio": str(item.audio), "text": item.text}
    row.update({f"meta_{name}": value for name, value in item.fields})
    if assessment is None:
        return {**row, "problem": record["error"]}
    statuses = [word.status for word in assessment.words]
    if assessment.verdict != OTHER_TEXT:
        row.update(
            mispronounced=statuses.count(MISPRONOUNCED),
            omitted=statuses.count(OMITTED),
            inserted=statuses.count(INSERTED),
            repeated=statuses.count(REPEATED),
            **{
                name: round(value, 4) if value == value else None
                for name, value in asdict(rhythm(assessment)).items()
            },
        )
    row.update(
        audio_sha256=record["audio_sha256"],
        problem="",
        verdict=assessment.verdict,
        confidence=assessment.confidence,
        notice=assessment.notice,
        words=len(statuses) - statuses.count(INSERTED) - statuses.count(REPEATED),
        **asdict(assessment.audio),
    )
    if assessment.verdict == GRADED:
        row.update(asdict(assessment.scores))
    measured = dict(record["phonetics"] or {})
    measured.pop("formants", None)
    return {**row, **measured}


def word_rows(item: Item, assessment: Assessment) -> Iterator[Row]:
    """One row per word of a reading of the text; nothing where something else was read."""
    if assessment.verdict == OTHER_TEXT:
        return
    for index, word in enumerate(assessment.words, 1):
        graded = assessment.verdict == GRADED
        yield {
            "utterance": item.id,
            "speaker": item.speaker,
            "word_index": index,
            "word": word.text,
            "start_s": word.start,
            "end_s": word.end,
            "status": word.status,
            "score": word.score if graded else None,
            "accuracy": word.accuracy if graded else None,
            "stress": word.stress if graded else None,
            "confidence": word.confidence,
            "guessed": int(word.guessed),
            "pronunciation": " ".join(phone.arpabet for phone in word.phonemes),
            "ipa": "".join(phone.ipa for phone in word.phonemes),
        }


def phone_rows(
    item: Item,
    assessment: Assessment,
    formants: Sequence[Sequence[float] | None],
    normalise: Mapping[str, tuple[float, float, float, float]],
) -> Iterator[Row]:
    """One row per phone.

    ``formants``: F1–F3 per phone or empty; ``normalise``: by speaker the mean and standard deviation of F1,
    then of F2, in Hz.
    """
    if assessment.verdict == OTHER_TEXT:
        return
    at = 0
    graded = assessment.verdict == GRADED
    for word_index, word in enumerate(assessment.words, 1):
        for phone_index, phone in enumerate(word.phonemes, 1):
            found = formants[at] if at < len(formants) else None
            at += 1
            heard = phone.heard[0] if phone.heard else None
            row: Row = {
                "utterance": item.id,
                "speaker": item.speaker,
                "word_index": word_index,
                "word": word.text,
                "phone_index": phone_index,
                "arpabet": strip_stress(phone.arpabet),
                "stress": stress_of(phone.arpabet),
                "ipa": phone.ipa,
                "manner": phone_of(phone.arpabet).manner,
                "start_s": phone.start,
                "end_s": phone.end,
                "duration_ms": round(1000 * (phone.end - phone.start), 1),
                "score": phone.score if graded else None,
                "rating": phone.rating if graded else None,
                "confidence": phone.confidence,
                "heard": heard.arpabet if heard else None,
                "heard_ipa": heard.ipa if heard else None,
                "heard_p": heard.p if heard else None,
            }
            yield {**row, **_formant_cells(found, normalise.get(item.speaker))}


def _formant_cells(
    found: Sequence[float] | None, scale: tuple[float, float, float, float] | None
) -> dict[str, Value]:
    if found is None:
        return {}
    cells: dict[str, Value] = {"f1_hz": found[0], "f2_hz": found[1], "f3_hz": found[2]}
    if scale is not None:
        cells["f1_lobanov"] = round((found[0] - scale[0]) / scale[1], 4)
        cells["f2_lobanov"] = round((found[1] - scale[2]) / scale[3], 4)
    return cells


class TableWriter:
    """One table written row by row to NAME.csv and, where pyarrow is installed, NAME.parquet.

    Both grow in hidden files that take their names in ``finish``; ``discard`` leaves no trace.
    """

    def __init__(self, folder: Path, name: str, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._names = [column.name for column in columns]
        self._places = {suffix: folder / f"{name}.{suffix}" for suffix in _formats()}
        self._parts = {suffix: folder / f".{name}.{suffix}.part" for suffix in self._places}
        with writing(self._places["csv"]):
            folder.mkdir(parents=True, exist_ok=True)
            self._stream = self._parts["csv"].open("w", encoding="utf-8", newline="")
        self._csv = csv.writer(self._stream, lineterminator="\n")
        self._csv.writerow(self._names)
        self._parquet = _ParquetFile(self._parts["parquet"], columns) if "parquet" in self._parts else None

    def add(self, row: Row) -> None:
        """Append a row; columns it lacks are empty."""
        values = [row.get(name) for name in self._names]
        with writing(self._places["csv"]):
            self._csv.writerow(["" if value is None else value for value in values])
            if self._parquet is not None:
                self._parquet.add(values)

    def finish(self) -> list[Path]:
        """Put the complete files in place and return them."""
        with writing(self._places["csv"]):
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()
            if self._parquet is not None:
                self._parquet.close()
            for suffix, place in self._places.items():
                os.replace(self._parts[suffix], place)
        return list(self._places.values())

    def discard(self) -> None:
        """Remove what was begun."""
        self._stream.close()
        for part in self._parts.values():
            part.unlink(missing_ok=True)


class _ParquetFile:
    """Rows to Parquet in blocks, so that memory stays flat."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        import pyarrow
        import pyarrow.parquet

        kinds = {"text": pyarrow.string(), "integer": pyarrow.int32(), "number": pyarrow.float64()}
        fields = [
            pyarrow.field(
                column.name, kinds[column.kind], metadata={"unit": column.unit, "meaning": column.meaning}
            )
            for column in columns
        ]
        self._arrow = pyarrow
        self._schema = pyarrow.schema(fields)
        self._numbers = [column.kind == "number" for column in columns]
        with writing(path):
            self._writer = pyarrow.parquet.ParquetWriter(path, self._schema, compression="zstd")
        self._rows: list[list[Value]] = []

    def add(self, values: list[Value]) -> None:
        self._rows.append(values)
        if len(self._rows) >= _BLOCK_ROWS:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        arrays = [
            self._arrow.array([row[index] for row in self._rows], type=field.type)
            for index, field in enumerate(self._schema)
        ]
        self._writer.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))
        self._rows.clear()


def with_fields(columns: Sequence[Column], names: Sequence[str]) -> tuple[Column, ...]:
    """The utterance columns and one ``meta_`` column for each further column of the input."""
    extra = (Column(f"meta_{name}", "text", "", f"column {name} of the input", "input") for name in names)
    return (*columns, *extra)


def write_dictionary(folder: Path, tables: Mapping[str, Sequence[Column]]) -> Path:
    """The data dictionary: every column of every table with type, unit, meaning and source."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["table", "column", "type", "unit", "meaning", "source"])
    for name, columns in tables.items():
        for column in columns:
            writer.writerow([name, column.name, column.kind, column.unit, column.meaning, column.source])
    path = folder / "dictionary.csv"
    with writing(path):
        write_atomic(path, text.getvalue().encode())
    return path


def columns_of(fields: Sequence[str]) -> dict[str, tuple[Column, ...]]:
    """The three tables with the input's own columns added to the utterances."""
    return {**TABLES, "utterances": with_fields(TABLES["utterances"], fields)}


def _formats() -> tuple[str, ...]:
    return ("csv", "parquet") if find_spec("pyarrow") is not None else ("csv",)
