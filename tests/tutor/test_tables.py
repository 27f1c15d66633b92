"""Tables as others read them: the csv module, pandas and pyarrow."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import pytest
from readings import phone, reading, think, word

from tutor.columns import PHONES, TABLES, UTTERANCES, WORDS
from tutor.errors import OutputError
from tutor.intake import Item
from tutor.result import OTHER_TEXT, UNCLEAR
from tutor.tables import TableWriter, columns_of, phone_rows, utterance_row, word_rows, write_dictionary

ITEM = Item("dir/ü, 1", Path("x.wav"), 'I "think" so', "s1", (("l1", "Thai"),))
FORMANTS = ((700.0, 1200.0, 2500.0), None, (400.0, 2000.0, 2600.0), None, None, None, None)
SCALE = {"s1": (500.0, 100.0, 1500.0, 250.0)}


def record() -> dict[str, Any]:
    measured = {"formants": FORMANTS, "pitch_median_hz": 120.5, "formant_ceiling_hz": 5000.0}
    return {"audio_sha256": "ab", "phonetics": measured}


def test_every_cell_of_a_row_has_a_column() -> None:
    rows = {
        "utterances": [utterance_row(ITEM, record(), think())],
        "words": list(word_rows(ITEM, think())),
        "phones": list(phone_rows(ITEM, think(), FORMANTS, SCALE)),
    }
    for name, columns in columns_of(["l1"]).items():
        known = {column.name: column for column in columns}
        kinds = {"text": str, "integer": int, "number": (int, float)}
        for row in rows[name]:
            assert set(row) <= set(known), name
            for key, value in row.items():
                assert value is None or isinstance(value, kinds[known[key].kind]), (name, key, value)
    assert {len(rows["words"]), len(rows["phones"])} == {3, 7}


def test_counts_and_measures_of_an_utterance() -> None:
    row = utterance_row(ITEM, record(), think())
    assert (row["words"], row["mispronounced"], row["omitted"]) == (3, 1, 1)
    assert (row["meta_l1"], row["overall"], row["pauses"], row["pitch_median_hz"]) == ("Thai", 80.0, 1, 120.5)
    assert row["pause_mean_s"] == pytest.approx(0.4)


def test_formants_are_normalised_by_speaker() -> None:
    first, _, third, *_ = phone_rows(ITEM, think(), FORMANTS, SCALE)
    assert (first["f1_hz"], first["f1_lobanov"], first["f2_lobanov"]) == (700, 2.0, -1.2)
    assert (third["heard"], third["f1_lobanov"]) == (None, -1.0)
    bare = next(iter(phone_rows(ITEM, think(), FORMANTS, {})))
    assert bare["f1_hz"] == 700 and "f1_lobanov" not in bare


@pytest.mark.parametrize("verdict", [OTHER_TEXT, UNCLEAR])
def test_what_was_not_graded_has_no_scores(verdict: str) -> None:
    other = reading(word("a", phone("AH0", 0.1, 0.3, 10.0)), verdict=verdict)
    assert "overall" not in utterance_row(ITEM, record(), other)
    rows = [*word_rows(ITEM, other), *phone_rows(ITEM, other, (), {})]
    assert all(row["score"] is None for row in rows)
    assert (rows == []) == (verdict == OTHER_TEXT)


def test_a_failure_has_its_reason() -> None:
    row = utterance_row(ITEM, {"error": "is silent"}, None)
    assert (row["problem"], row["utterance"]) == ("is silent", ITEM.id)


def write(folder: Path) -> list[Path]:
    files = []
    rows = {
        "utterances": [utterance_row(ITEM, record(), think())],
        "words": list(word_rows(ITEM, think())),
        "phones": list(phone_rows(ITEM, think(), FORMANTS, SCALE)),
    }
    for name, columns in columns_of(["l1"]).items():
        table = TableWriter(folder, name, columns)
        for row in rows[name]:
            table.add(row)
        files += table.finish()
    return files


def test_csv_reads_back(tmp_path: Path) -> None:
    write(tmp_path)
    with (tmp_path / "phones.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["arpabet"] for row in rows] == ["AY", "TH", "IH", "NG", "K", "S", "OW"]
    assert rows[1]["heard_ipa"] == "s" and rows[1]["word"] == '"think"' and rows[1]["f1_hz"] == ""
    assert {path.name for path in tmp_path.iterdir() if path.name.startswith(".")} == set()


def test_parquet_and_csv_say_the_same_to_pandas(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is a test extra")
    pytest.importorskip("pyarrow", reason="pyarrow is the linguist extra")
    write(tmp_path)
    for name, columns in columns_of(["l1"]).items():
        binary = pandas.read_parquet(tmp_path / f"{name}.parquet")
        text = pandas.read_csv(tmp_path / f"{name}.csv", keep_default_na=False, na_values={
            column.name: [""] for column in columns if column.kind != "text"
        })  # fmt: skip
        assert list(binary.columns) == list(text.columns) == [column.name for column in columns]
        for column in columns:
            for a, b in zip(binary[column.name], text[column.name], strict=True):
                empty = a is None or a != a
                assert (b == "" or b != b) if empty else a == b, column.name


def test_parquet_carries_types_and_units(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is the linguist extra")
    write(tmp_path)
    schema = parquet.read_schema(tmp_path / "phones.parquet")
    assert str(schema.field("duration_ms").type) == "double"
    assert str(schema.field("stress").type) == "int32"
    assert schema.field("duration_ms").metadata[b"unit"] == b"ms"


def test_dictionary_names_every_column(tmp_path: Path) -> None:
    with write_dictionary(tmp_path, TABLES).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(UTTERANCES) + len(WORDS) + len(PHONES)
    assert all(row["meaning"] and row["source"] and row["type"] for row in rows)
    assert all(row["unit"] for row in rows if row["type"] == "number")


def test_discarding_leaves_nothing(tmp_path: Path) -> None:
    table = TableWriter(tmp_path, "words", WORDS)
    table.add({"utterance": "a"})
    table.discard()
    assert list(tmp_path.iterdir()) == []


def test_old_tables_stay_until_the_new_ones_are_whole(tmp_path: Path) -> None:
    (tmp_path / "words.csv").write_text("old", encoding="utf-8")
    table = TableWriter(tmp_path, "words", WORDS)
    table.add({"utterance": "a", "score": math.pi})
    assert (tmp_path / "words.csv").read_text(encoding="utf-8") == "old"
    table.finish()
    assert "3.14159" in (tmp_path / "words.csv").read_text(encoding="utf-8")


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        TableWriter(tmp_path / "out", "words", WORDS)


def test_nothing_is_counted_along_a_text_that_was_not_read() -> None:
    other = reading(word("a", phone("AH0", 0, 1)), verdict=OTHER_TEXT)
    record = {"audio_sha256": "x", "phonetics": None}
    row = utterance_row(Item("u", Path("u.wav"), "a"), record, other)
    assert row["verdict"] == OTHER_TEXT and row["words"] == 1 and row["duration_s"] is not None
    assert {"overall", "omitted", "mispronounced", "syllables", "speech_rate", "pauses"}.isdisjoint(row)
    assert "omitted" in utterance_row(Item("u", Path("u.wav"), "a"), record, think())
