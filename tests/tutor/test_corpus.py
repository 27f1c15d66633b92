"""Rated corpora: loading, refusing what is not in the agreed form, splitting by speaker."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tutor.corpus import folds_of, load_rated, select
from tutor.errors import CorpusError

SHARED = Path(__file__).parents[3] / "shared" / "corpus" / "speechocean762"


def sentence(speaker: str = "s1", age: int = 8, gender: str = "f") -> dict[str, Any]:
    word = {
        "text": "WE",
        "accuracy": 10,
        "stress": 10,
        "total": 9.5,
        "phones": ["W", "IY0"],
        "phones-accuracy": [2.0, None],
        "phones-accuracy-experts": [[2, 2, 1], None],
    }
    ratings = {"accuracy": 8, "completeness": 10, "fluency": 7, "prosodic": 6, "total": 7.5}
    experts = {"accuracy": [8, 7, 9], "completeness": [1.0, 0.5, 1.0]}
    return {
        "text": "WE",
        "speaker": speaker,
        "age": age,
        "gender": gender,
        "audio": "audio/a.opus",
        "words": [word],
        "experts": experts,
        **ratings,
    }


def write(folder: Path, labels: object) -> Path:
    (folder / "labels.json").write_text(json.dumps(labels), encoding="utf-8")
    return folder


def test_fields_arrive(tmp_path: Path) -> None:
    (only,) = load_rated(write(tmp_path, {"a": sentence()}))
    assert (only.id, only.speaker, only.age, only.audio) == ("a", "s1", 8, tmp_path / "audio/a.opus")
    assert only.experts["completeness"] == (10, 5, 10), "shares become the raters' scale"
    assert only.experts["accuracy"] == (8, 7, 9)
    (word,) = only.words
    assert word.phone_ratings == (2.0, None)
    assert word.phone_experts == ((2.0, 2.0, 1.0), ())


def test_prompt_has_the_given_pronunciation(tmp_path: Path) -> None:
    prompt = load_rated(write(tmp_path, {"a": sentence()}))[0].prompt()
    assert [word.pronunciations for word in prompt.words] == [(("W", "IY0"),)]


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ({}, "no sentences"),
        ([], "no sentences"),
        ({"a": {"text": "hi"}}, "agreed form"),
        ({"a": {**sentence(), "words": [{**sentence()["words"][0], "phones": ["W", "XX"]}]}}, "ARPAbet"),
        ({"a": {**sentence(), "words": [{**sentence()["words"][0], "phones": ["W"]}]}}, "1 phones but 2"),
        ({"a": {**sentence(), "total": "high"}}, "agreed form"),
    ],
)
def test_other_forms_are_refused(tmp_path: Path, labels: object, says: str) -> None:
    with pytest.raises(CorpusError, match=says):
        load_rated(write(tmp_path, labels))


def test_missing_and_broken_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="missing"):
        load_rated(tmp_path)
    (tmp_path / "labels.json").write_text('{"a": ', encoding="utf-8")
    with pytest.raises(CorpusError, match="JSON"):
        load_rated(tmp_path)


def test_folds_part_the_speakers(tmp_path: Path) -> None:
    labels = {f"{speaker}-{n}": sentence(f"s{speaker}") for speaker in range(30) for n in range(2)}
    everything = load_rated(write(tmp_path, labels))
    folds = [select(everything, f"fold:{k}/5") for k in range(5)]
    assert sum(map(len, folds)) == 60
    speakers = [{item.speaker for item in fold} for fold in folds]
    assert sum(map(len, speakers)) == 30, "no speaker is in two folds"
    rest = select(everything, "not-fold:2/5")
    assert {item.id for item in rest} | {item.id for item in folds[2]} == set(labels)


def test_folds_are_dealt_by_age(tmp_path: Path) -> None:
    labels = {f"{age}": sentence(f"s{age}", age) for age in (30, 6, 12, 25)}
    everything = load_rated(write(tmp_path, labels))
    assert folds_of(everything, 2) == {"s6": 0, "s12": 1, "s25": 0, "s30": 1}


def test_conditions_and_lists(tmp_path: Path) -> None:
    labels = {
        "a": sentence("s1", 8, "f"),
        "b": sentence("s2", 30, "m"),
        "c": sentence("s3", 16, "f"),
    }
    everything = load_rated(write(tmp_path, labels))

    def ids(split: str) -> str:
        return "".join(item.id for item in select(everything, split))

    assert (ids("all"), ids("children"), ids("adults"), ids("male"), ids("female")) == (
        "abc",
        "a",
        "bc",
        "b",
        "ac",
    )
    assert ids("female,adults") == "c"
    names = tmp_path / "names.txt"
    names.write_text("s2\nc\n", encoding="utf-8")
    assert ids(str(names)) == "bc"


@pytest.mark.parametrize("split", ["fold:5/5", "fold:x", "fold:1", "nobody", "children,male"])
def test_impossible_splits_are_refused(tmp_path: Path, split: str) -> None:
    everything = load_rated(write(tmp_path, {"a": sentence()}))
    with pytest.raises(CorpusError):
        select(everything, split)


def test_limit_spreads_over_the_corpus(tmp_path: Path) -> None:
    everything = load_rated(write(tmp_path, {f"{n:03d}": sentence() for n in range(100)}))
    assert [item.id for item in select(everything, limit=4)] == ["000", "025", "050", "075"]
    assert len(select(everything, limit=500)) == 100


def test_the_shared_corpus_loads() -> None:
    if not SHARED.is_dir():
        pytest.skip("the rated corpus lies beside the repository, not in it")
    everything = load_rated(SHARED)
    assert len(everything) == 2500
    assert sum(len(word.phones) for item in everything for word in item.words) == 47_076
