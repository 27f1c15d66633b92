"""Every layout read, every problem named with its file, nothing that stops the rest."""

from __future__ import annotations

import csv
import json
import os
import sys
from pathlib import Path

import pytest
from readings import babble
from test_corpus import sentence

from tutor.errors import Cancelled, CorpusError
from tutor.intake import Intake, take_in
from tutor.textgrid import Interval, Tier, textgrid


def problems(intake: Intake) -> dict[str, str]:
    return {Path(item.path).name: f"{item.what}: {item.action}" for item in intake.problems}


def spoken(folder: Path, name: str, text: str = "we call it bear", suffix: str = ".txt") -> Path:
    audio = babble(folder / f"{name}.wav", 0.5)
    audio.with_suffix(suffix).write_text(text, encoding="utf-8")
    return audio


def test_folder_with_texts_labs_and_grids(tmp_path: Path) -> None:
    spoken(tmp_path, "a")
    spoken(tmp_path, "b", "hello\nthere\n", ".lab")
    words = (Interval(0, 0.2, "good"), Interval(0.2, 0.3, "sil"), Interval(0.3, 0.5, "bye"))
    grid = textgrid([Tier("phones", (Interval(0, 0.2, "G"),)), Tier("words", words)], 0.5)
    spoken(tmp_path, "c", grid, ".TextGrid")
    intake = take_in(tmp_path)
    assert intake.layout == "folder" and intake.problems == ()
    assert [(item.id, item.text, item.speaker) for item in intake.items] == [
        ("a", "we call it bear", ""),
        ("b", "hello there", ""),
        ("c", "good bye", ""),
    ]


def test_speaker_folders(tmp_path: Path) -> None:
    spoken(tmp_path / "anna", "1")
    spoken(tmp_path / "anna" / "more", "1")
    spoken(tmp_path / "ben", "1", suffix=".lab")
    intake = take_in(tmp_path)
    assert intake.layout == "speakers"
    found = [(item.id, item.speaker) for item in intake.items]
    assert found == [("anna/1", "anna"), ("anna/more/1", "anna"), ("ben/1", "ben")]


@pytest.mark.parametrize(("suffix", "separator"), [(".csv", ","), (".csv", ";"), (".tsv", "\t")])
def test_table(tmp_path: Path, suffix: str, separator: str) -> None:
    babble(tmp_path / "with space" / "ü 1.wav", 0.5)
    babble(tmp_path / "b.wav", 0.5)
    table = tmp_path / f"list{suffix}"
    with table.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, delimiter=separator)
        writer.writerow(["Path", "Text", "speaker", "L1"])
        writer.writerow(["with space/ü 1.wav", "one, two; three", "s1", "Thai"])
        writer.writerow([tmp_path / "b.wav", "four", "s2", ""])
        writer.writerow(["", "five", "s3", ""])
        writer.writerow(["gone.wav", "six", "s3", ""])
    intake = take_in(table)
    assert intake.layout == "table"
    assert [(item.id, item.text, item.speaker, item.fields) for item in intake.items] == [
        ("b", "four", "s2", (("l1", ""),)),
        ("with space/ü 1", "one, two; three", "s1", (("l1", "Thai"),)),
    ]
    found = problems(intake)
    assert "no path" in found[f"{table.name} line 4"]
    assert found["gone.wav"] == "cannot be opened (No such file or directory): left out"


def test_table_without_its_columns(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("file,words\nx.wav,hello\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="path and text"):
        take_in(tmp_path / "a.csv")


def test_rated_corpus_gives_its_own_pronunciations(tmp_path: Path) -> None:
    babble(tmp_path / "audio" / "a.wav", 0.5)
    label = {**sentence(), "audio": "audio/a.wav"}
    (tmp_path / "labels.json").write_text(
        json.dumps({"a": label, "b": {"text": "no words"}}), encoding="utf-8"
    )
    intake = take_in(tmp_path)
    assert intake.layout == "rated"
    (item,) = intake.items
    assert item.words == (("WE", ("W", "IY0")),)
    assert item.fields == (("age", "8"), ("gender", "f"))
    assert "not in the agreed form" in problems(intake)["b"]


def test_kaldi_folder_never_runs_commands(tmp_path: Path) -> None:
    babble(tmp_path / "WAVE" / "u1.wav", 0.5)
    train = tmp_path / "train"
    train.mkdir()
    lines = {
        "wav.scp": f"u1 WAVE/u1.wav\nu2 touch {tmp_path}/ran |\nu3 WAVE/u1.wav\n",
        "text": "u1 WE CALL IT BEAR\nu2 HELLO\n",
        "utt2spk": "u1 s1\nu2 s1\n",
        "spk2gender": "s1 f\n",
    }
    for name, text in lines.items():
        (train / name).write_text(text, encoding="utf-8")
    for source in (tmp_path, train):
        intake = take_in(source)
        assert intake.layout == "kaldi"
        (item,) = intake.items
        assert (item.id, item.text, item.speaker, item.fields) == (
            "u1", "WE CALL IT BEAR", "s1", (("gender", "f"),)
        )  # fmt: skip
        found = problems(intake)
        assert "never run" in found["u2"] and "no line" in found["u3"]
    assert not (tmp_path / "ran").exists()


def test_bad_files_are_listed_and_the_rest_is_kept(tmp_path: Path) -> None:
    spoken(tmp_path, "good")
    spoken(tmp_path, "twin").with_suffix(".flac").write_bytes(b"x")
    spoken(tmp_path, "wordless", "")
    spoken(tmp_path, "symbols", "?!… 🙂")
    spoken(tmp_path, "script", "你好吗")
    babble(tmp_path / "textless.wav", 0.5)
    (tmp_path / "lonely.txt").write_text("hello", encoding="utf-8")
    (tmp_path / "empty.wav").touch()
    (tmp_path / "fake.wav").write_text("this is text", encoding="utf-8")
    spoken(tmp_path, "grid", "not a grid", ".TextGrid")
    for name in ("empty", "fake"):
        (tmp_path / f"{name}.txt").write_text("hello", encoding="utf-8")
    intake = take_in(tmp_path)
    assert [item.id for item in intake.items] == ["good"]
    found = problems(intake)
    assert found["empty.wav"] == "is empty: left out"
    assert found["fake.wav"] == "is not sound in a known format: left out"
    assert "no .txt, .lab or .TextGrid" in found["textless.wav"]
    assert "no recording" in found["lonely.txt"]
    assert "same name as twin.flac" in found["twin.wav"]
    assert "not a complete TextGrid" in found["grid.wav"]
    assert found["wordless.wav"] == "has an empty text: left out"
    assert found["symbols.wav"].endswith("left out") and found["script.wav"].endswith("left out")


def test_other_encodings(tmp_path: Path) -> None:
    spoken(tmp_path, "latin").with_suffix(".txt").write_bytes("a café".encode("cp1252"))
    spoken(tmp_path, "wide").with_suffix(".txt").write_bytes("a café".encode("utf-16"))
    spoken(tmp_path, "marked").with_suffix(".txt").write_bytes("a café".encode("utf-8-sig"))
    intake = take_in(tmp_path)
    assert [item.text for item in intake.items] == ["a café"] * 3
    assert problems(intake) == {"latin.txt": "is not UTF-8: read as Windows-1252"}


def test_names_that_clash(tmp_path: Path) -> None:
    babble(tmp_path / "x" / "a.wav", 0.5)
    table = tmp_path / "t.csv"
    table.write_text("path,text\nx/a.wav,one\nx/a.wav,two\nX/A.wav,three\n", encoding="utf-8")
    if not (tmp_path / "X" / "A.wav").exists():
        babble(tmp_path / "X" / "A.wav", 0.5)
    intake = take_in(table)
    assert sorted((item.id, item.text) for item in intake.items) == [
        ("X/A~3", "three"), ("x/a", "one"), ("x/a~2", "two")
    ]  # fmt: skip
    assert len(intake.problems) == 2


def test_ids_stay_inside_the_output_folder(tmp_path: Path) -> None:
    babble(tmp_path / "out.wav", 0.5)
    inner = tmp_path / "in"
    inner.mkdir()
    (inner / "t.csv").write_text("path,text\n../out.wav,hello\n", encoding="utf-8")
    (item,) = take_in(inner / "t.csv").items
    assert item.id == "out"


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need rights on Windows")
def test_link_loops_end(tmp_path: Path) -> None:
    spoken(tmp_path / "a", "1")
    os.symlink(tmp_path, tmp_path / "a" / "loop")
    os.symlink(tmp_path / "gone", tmp_path / "a" / "broken")
    os.symlink(tmp_path / "gone.wav", tmp_path / "a" / "2.wav")
    (tmp_path / "a" / "2.txt").write_text("hello", encoding="utf-8")
    intake = take_in(tmp_path)
    assert [item.id for item in intake.items] == ["a/1"]
    assert "already read" in problems(intake)["loop"]
    assert "cannot be opened" in problems(intake)["2.wav"]


def test_the_output_folder_is_no_input(tmp_path: Path) -> None:
    spoken(tmp_path, "a")
    spoken(tmp_path / "out", "b")
    assert [item.id for item in take_in(tmp_path, without=tmp_path / "out").items] == ["a"]
    assert len(take_in(tmp_path).items) == 2


@pytest.mark.parametrize("make", ["missing", "empty", "file"])
def test_nothing_to_score(tmp_path: Path, make: str) -> None:
    source = tmp_path / "input"
    if make == "empty":
        source.mkdir()
    if make == "file":
        source.write_text("x", encoding="utf-8")
    with pytest.raises(CorpusError):
        take_in(source)


def test_checking_can_be_stopped(tmp_path: Path) -> None:
    for number in range(5):
        spoken(tmp_path, str(number))
    seen: list[int] = []

    def progress(label: str, done: int, total: int) -> bool:
        seen.append(done)
        return done < 2

    with pytest.raises(Cancelled):
        take_in(tmp_path, progress=progress)
    assert seen == [0, 1, 2]


def test_what_the_header_tells_is_found_before_anything_is_scored(tmp_path: Path) -> None:
    spoken(tmp_path / "anna", "good")
    whole = spoken(tmp_path / "anna", "cut").read_bytes()
    (tmp_path / "anna" / "cut.wav").write_bytes(whole[: len(whole) // 2])
    spoken(tmp_path / "bert", "short")
    babble(tmp_path / "bert" / "short.wav", 0.2)
    intake = take_in(tmp_path)
    assert [item.id for item in intake.items] == ["anna/good"]
    found = {problem.path: problem.what for problem in intake.problems}
    assert set(found) == {"anna/cut.wav", "bert/short.wav"}, "places are told as they stand in the folder"
    assert "bytes are missing" in found["anna/cut.wav"] and found["bert/short.wav"].startswith("lasts 0.2")
