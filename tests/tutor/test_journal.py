"""The journal: whole after crashes, full disks and second writers."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tutor.errors import InputError, OutputError
from tutor.journal import Journal


def record(name: str, key: str = "k", **more: object) -> dict[str, object]:
    return {"id": name, "key": key, **more}


def test_records_come_back(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "journal.jsonl"
    with Journal(path) as journal:
        journal.append(record("ä", value="“ü”"))
        journal.append(record("b", error="bad"))
    with Journal(path) as journal:
        assert journal.read("ä")["value"] == "“ü”"
        assert journal.entries["b"].failed and not journal.entries["ä"].failed
        with pytest.raises(KeyError):
            journal.read("c")


def test_the_last_record_of_an_id_counts(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.append(record("a", "old", value=1))
        journal.append(record("a", "new", value=2))
        assert journal.read("a")["value"] == 2
    with Journal(path) as journal:
        assert (journal.entries["a"].key, journal.read("a")["value"]) == ("new", 2)


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_line_cut_by_a_crash_is_dropped(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        for name in "abc":
            journal.append(record(name))
    os.truncate(path, path.stat().st_size - cut)
    with Journal(path) as journal:
        assert set(journal.entries) == {"a", "b"}
        journal.append(record("d"))
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [line["id"] for line in lines] == ["a", "b", "d"]


def test_a_damaged_line_in_the_middle_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        for name in "abc":
            journal.append(record(name))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"\x00" * 10 + b"\n" + lines[2])
    with Journal(path) as journal:
        assert set(journal.entries) == {"a", "c"}
        assert journal.read("c")["id"] == "c"


def test_two_runs_cannot_share_a_folder(tmp_path: Path) -> None:
    pytest.importorskip("fcntl", reason="file locks are POSIX only")
    with Journal(tmp_path / "journal.jsonl"), pytest.raises(InputError, match="in use"):
        Journal(tmp_path / "journal.jsonl")
    Journal(tmp_path / "journal.jsonl").close()


def test_a_full_disk_is_reported_and_damages_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal.jsonl"
    write = os.write
    with Journal(path) as journal:
        journal.append(record("a"))

        def full(file: int, data: bytes) -> int:
            write(file, bytes(data)[:7])
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(OutputError, match="No space left"):
            journal.append(record("b"))
        monkeypatch.setattr(os, "write", write)
        assert "b" not in journal.entries
        journal.append(record("c"))
    with Journal(path) as journal:
        assert set(journal.entries) == {"a", "c"}


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot be written"):
        Journal(tmp_path / "file" / "journal.jsonl")
