"""TextGrids against two readers that are not ours: praatio and Praat itself."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from readings import phone, reading, think, word

from tutor.errors import CorpusError
from tutor.result import OTHER_TEXT
from tutor.textgrid import Interval, Tier, parse_textgrid, read_textgrid, textgrid, tiers_of

SPOKEN = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\x85"), max_size=12
)


def labelled(tier: Tier) -> list[tuple[float, float, str]]:
    return [(item.start_s, item.end_s, item.label) for item in tier.intervals if item.label]


def test_tiers_of_a_reading() -> None:
    tiers = {tier.name: labelled(tier) for tier in tiers_of(think())}
    assert tiers["words"] == [(0.2, 0.5, "I"), (0.9, 1.3, '"think"')]
    assert tiers["phones"][1] == (0.9, 1.0, "TH")
    assert tiers["phones ipa"][1] == (0.9, 1.0, "θ")
    assert tiers["word scores"][0] == (0.2, 0.5, "90")
    assert tiers["phone scores"][1] == (0.9, 1.0, "30")
    assert tiers["heard instead"] == [(0.9, 1.0, "s")]


def test_another_text_has_no_places() -> None:
    other = reading(word("a", phone("AH0", 0.1, 0.2)), verdict=OTHER_TEXT)
    assert all(tier.intervals == () for tier in tiers_of(other))


def test_overlaps_are_cut_and_times_stay_in_order() -> None:
    tiers = tiers_of(reading(word("a", phone("AH0", 0.1, 0.5)), word("b", phone("B", 0.4, 0.6))))
    assert labelled(tiers[0]) == [(0.1, 0.5, "a"), (0.5, 0.6, "b")]


def test_praatio_reads_what_we_write(tmp_path: Path) -> None:
    praatio = pytest.importorskip("praatio.textgrid", reason="praatio is a test extra")
    path = tmp_path / "é ü.TextGrid"
    path.write_text(textgrid(tiers_of(think()), 2.0), encoding="utf-8")
    grid = praatio.openTextgrid(str(path), includeEmptyIntervals=True)
    assert (grid.minTimestamp, grid.maxTimestamp) == (0, 2)
    for tier in tiers_of(think()):
        entries = list(grid.getTier(tier.name).entries)
        assert [tuple(entry) for entry in entries if entry.label] == labelled(tier)
        assert entries[0].start == 0 and entries[-1].end == 2
        assert all(a.end == b.start for a, b in pairwise(entries)), "no gaps"


def test_praat_reads_what_we_write_and_we_read_what_praat_writes(tmp_path: Path) -> None:
    praat = pytest.importorskip("parselmouth", reason="praat-parselmouth is the linguist extra")
    path, short = tmp_path / "a.TextGrid", tmp_path / "short.TextGrid"
    path.write_text(textgrid(tiers_of(think()), 2.0), encoding="utf-8")
    grid = praat.Data.read(str(path))
    assert praat.praat.call(grid, "Get number of tiers") == 6
    assert praat.praat.call(grid, "Get label of interval", 1, 4) == '"think"'
    assert praat.praat.call(grid, "Get label of interval", 3, 4) == "θ"
    for command in ("Save as text file...", "Save as short text file..."):
        praat.praat.call(grid, command, str(short))
        again = read_textgrid(short)
        assert [tier.name for tier in again] == [tier.name for tier in tiers_of(think())]
        assert [labelled(tier) for tier in again] == [labelled(tier) for tier in tiers_of(think())]


def test_praatio_files_are_read(tmp_path: Path) -> None:
    praatio = pytest.importorskip("praatio.textgrid", reason="praatio is a test extra")
    grid = praatio.Textgrid()
    grid.addTier(praatio.IntervalTier("words", [(0.1, 0.4, 'say "hi"'), (0.5, 0.9, "there!")], 0, 1))
    grid.addTier(praatio.PointTier("clicks", [(0.3, "x")], 0, 1))
    for kind in ("short_textgrid", "long_textgrid"):
        path = tmp_path / f"{kind}.TextGrid"
        grid.save(str(path), kind, includeBlankSpaces=True)
        words, clicks = read_textgrid(path)
        assert labelled(words) == [(0.1, 0.4, 'say "hi"'), (0.5, 0.9, "there!")]
        assert clicks == Tier("clicks", (Interval(0.3, 0.3, "x"),))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings_praat_uses(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.TextGrid"
    path.write_bytes(textgrid([Tier("words", (Interval(0, 1, "café"),))], 1.0).encode(encoding))
    assert read_textgrid(path)[0].intervals[0].label == "café"


@pytest.mark.parametrize("keep", [0, 10, 60, 150, 400])
def test_damaged_files_are_refused(keep: int) -> None:
    text = textgrid(tiers_of(think()), 2.0)
    with pytest.raises(CorpusError, match="not a complete TextGrid"):
        parse_textgrid(text[:keep])


@pytest.mark.parametrize(
    "text", ["", "hello", '"ooTextFile" "Pitch" 0 1', '"ooTextFile" "TextGrid" 0 1 <exists> -3']
)
def test_other_files_are_refused(text: str) -> None:
    with pytest.raises(CorpusError):
        parse_textgrid(text)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.floats(0.001, 5), st.floats(0, 2), SPOKEN), max_size=8), SPOKEN)
def test_round_trip(parts: list[tuple[float, float, str]], name: str) -> None:
    now, intervals = 0.0, []
    for length, gap, label in parts:
        start, end = round(now + gap, 3), round(now + gap + length, 3)
        intervals.append(Interval(start, end, label))
        now = end
    tier = Tier(name, tuple(intervals))
    (again,) = parse_textgrid(textgrid([tier], now + 1))
    assert again.name == name
    assert labelled(again) == labelled(tier)
