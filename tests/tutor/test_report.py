"""The report: counts, escaping, self-containment, and that page and PDF hold what they should."""

from __future__ import annotations

import html
import io
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from readings import babble, phone, reading, think, word

from tutor import figures, report, report_html, report_pdf
from tutor.intake import Item, Problem
from tutor.report import About, Clips, Heading, Pictures, Table, Text
from tutor.result import INSERTED, OTHER_TEXT, Assessment, Heard
from tutor.substitution import substitution
from tutor.tally import Plane, Spread, Tally, groupings

EVIL = "<script>alert(1)</script>&\"'"
needs_pictures = pytest.mark.skipif(not figures.installed(), reason="matplotlib (linguist extra) is missing")


def tally(folder: Path, speaker: str = "s") -> Tally:
    counted = Tally()
    audio = babble(folder / "a.wav", 2.0)
    for number in range(6):
        fields = (("l1", ("Thai", "Czech")[number % 2]), ("note", str(number) * 3))
        counted.add(Item(f"u{number}", audio, "x", f"{speaker}{number % 3}", fields), think())
    counted.add(Item("u6", audio, "x", speaker), None, "is silent")
    counted.add(Item("u7", audio, "x", speaker), reading(word("a", phone("AH0", 0, 1)), verdict=OTHER_TEXT))
    return counted


def build(folder: Path) -> tuple[report.Block, ...]:
    about = About(f"Report on {EVIL}", (("input", EVIL),))
    return report.build(about, tally(folder, EVIL), [Problem(EVIL, EVIL, "left out")])


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> tuple[report.Block, ...]:
    """A report on a corpus whose every text tries to be markup."""
    return build(tmp_path_factory.mktemp("report"))


def test_spread_and_plane_are_numpys() -> None:
    values = np.random.default_rng(0).normal(5, 2, (50, 2))
    spread, plane = Spread(), Plane()
    for x, y in values:
        spread.add(float(x))
        plane.add(float(x), float(y))
    spread.add(float("nan"))
    assert (spread.count, spread.mean) == (50, pytest.approx(values[:, 0].mean()))
    assert spread.deviation == pytest.approx(values[:, 0].std(ddof=1))
    covariance = np.cov(values.T)
    assert plane.xy / 49 == pytest.approx(covariance[0, 1])
    assert plane.yy / 49 == pytest.approx(covariance[1, 1])


def test_tally_counts(tmp_path: Path) -> None:
    counted = tally(tmp_path)
    assert counted.verdicts == {"graded": 6, "other_text": 1} and counted.failed == 1
    assert len(counted.scores["overall"]) == 6, "another text is not poor speech"
    assert counted.confusions["TH"] == {"S": 6}
    assert counted.statuses == {"ok": 6, "mispronounced": 6, "omitted": 6}
    assert {kind: len(values) for kind, values in groupings(counted).items()} == {"l1": 2, "note": 6}
    flagged = [(item.path, item.what) for item in counted.flagged]
    assert flagged == [("u6", "is silent"), ("u7", "something else than the text was read")]
    assert [item.utterance for item in counted.worst()] == ["u5", "u4"], "two of a kind"


def grouped(values: list[str]) -> list[tuple[str, int]]:
    counted = Tally()
    for number, value in enumerate(values):
        counted.add(Item(str(number), Path("x"), "x", f"s{number}", (("column", value),)), think())
    return [(name, len(speakers)) for name, speakers in groupings(counted).get("column", {}).items()]


def test_what_divides_the_corpus_is_a_group() -> None:
    assert grouped(["b", "a", "b", ""]) == [("", 1), ("a", 1), ("b", 2)]
    assert grouped(["a", "a"]) == [], "one group divides nothing"
    assert grouped([f"x{number}" for number in range(40)]) == [], "a value per row is no group"
    assert grouped([str(number) for number in range(400)]) == []


def test_many_numbers_become_ranges() -> None:
    ages = [str(age) for age in range(5, 25)] + ["", "8"]
    assert grouped(ages) == [("5–9", 6), ("10–14", 5), ("15–19", 5), ("20–24", 5), ("", 1)]


def test_order_does_not_matter_for_the_worst(tmp_path: Path) -> None:
    def worst(order: list[int]) -> list[str]:
        counted = Tally()
        for number in order:
            assessment: Assessment = reading(word("thin", phone("TH", 0.1, 0.2, float(number % 90), "S")))
            counted.add(Item(f"{number:04d}", tmp_path, "x", str(number)), assessment)
        return [item.utterance for item in counted.worst()]

    numbers = list(range(900))
    assert worst(numbers) == worst(numbers[::-1])


@pytest.mark.parametrize(
    ("shares", "said"), [((0.6,), "S"), ((0.4, 0.3, 0.1), "S"), ((0.3, 0.2, 0.1), None), ((), None)]
)
def test_another_phone_counts_where_it_is_likelier_than_all_the_rest(
    shares: tuple[float, ...], said: str | None
) -> None:
    heard = tuple(Heard("S", "s", share) for share in shares)
    found = substitution(replace(phone("TH", 0.1, 0.2), heard=heard))
    assert (found.arpabet if found else None) == said


def test_what_was_inserted_has_no_score_to_count() -> None:
    counted = Tally()
    extra = word("…", phone("S", 0.6, 0.7, 0.0), status=INSERTED)
    counted.add(Item("u", Path("x"), "x"), reading(word("see", phone("S", 0.1, 0.2)), extra))
    assert sum(counted.word_scores.values()) == 1


class Page(HTMLParser):
    """Tags and attributes of a page, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.alts: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]
        self.alts += [value or "" for name, value in attrs if name == "alt"]
        assert not any(name.startswith("on") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_page_is_self_contained_and_escaped(blocks: tuple[report.Block, ...]) -> None:
    page = Page(report_html.render(blocks))
    assert "script" not in page.tags
    assert page.text.count(EVIL) >= 4, "shown as it is written"
    assert page.sources and all(source.startswith("data:") for source in page.sources)
    assert "default-src 'none'" in html.unescape(report_html.render(blocks))
    assert page.tags.count("audio") == 2
    assert {"Scores", "Speakers", "Phones", "Worst phones", "Problems"} <= set(page.text.split("\n"))


def test_no_block_lets_markup_through() -> None:
    picture = figures.Picture(b"<svg/>", b"", 1.0, 1.0, EVIL)
    table = Table((EVIL, EVIL), ((EVIL, EVIL),), 1)
    blocks = (
        Heading(EVIL, 1),
        Text(EVIL),
        Text(EVIL, True),
        table,
        Clips(table, (None,)),
        Pictures((picture,)),
    )
    page = Page(report_html.render(blocks))
    assert "script" not in page.tags
    assert page.text.count(EVIL) == 12 and page.alts == [EVIL]


def test_clips_are_the_words(blocks: tuple[report.Block, ...]) -> None:
    import soundfile

    (clips,) = (block for block in blocks if isinstance(block, Clips))
    for sound in clips.sounds:
        assert sound is not None
        info = soundfile.info(io.BytesIO(sound[1]))
        assert info.duration == pytest.approx(0.4 + 0.3, abs=0.05)


def test_lost_recordings_leave_the_row_without_sound(tmp_path: Path) -> None:
    counted = tally(tmp_path)
    (tmp_path / "a.wav").unlink()
    blocks = report.build(About("x", ()), counted, [])
    (clips,) = (block for block in blocks if isinstance(block, Clips))
    assert set(clips.sounds) == {None} and len(clips.table.rows) == 2


def test_empty_corpus_makes_a_report() -> None:
    blocks = report.build(About("x", (("recordings", "0"),)), Tally(), [])
    assert "x" in Page(report_html.render(blocks)).text
    if report_pdf.installed():
        assert report_pdf.render(blocks).startswith(b"%PDF")


def test_same_input_same_page(tmp_path: Path) -> None:
    first, second = (report_html.render(build(tmp_path)) for _ in range(2))
    assert first == second


@needs_pictures
def test_pictures_are_in_the_page(blocks: tuple[report.Block, ...]) -> None:
    page = Page(report_html.render(blocks))
    assert page.tags.count("img") >= 7


def test_without_matplotlib_the_tables_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "installed", lambda: False)
    page = Page(report_html.render(build(tmp_path)))
    assert "img" not in page.tags and "linguist" in page.text and page.tags.count("table") > 5


@needs_pictures
def test_vowel_chart_needs_enough_vowels() -> None:
    rng = np.random.default_rng(0)
    counted = Tally()
    rows = [
        {"arpabet": name, "manner": "vowel", "f1_lobanov": f1 + rng.normal(), "f2_lobanov": f2 + rng.normal()}
        for name, f1, f2 in (("IY", -1.0, 1.5), ("AA", 1.5, -0.5), ("UW", -1.0, -1.5)) * 20
    ]
    counted.add_vowels(rows)
    headings = [
        block.text for block in report.build(About("x", ()), counted, []) if isinstance(block, Heading)
    ]
    assert "Vowels" in headings
    assert figures.vowel_chart(counted.vowels).png.startswith(b"\x89PNG")


@pytest.mark.skipif(not report_pdf.installed(), reason="reportlab (linguist extra) is missing")
def test_pdf_says_the_same(blocks: tuple[report.Block, ...]) -> None:
    pypdf = pytest.importorskip("pypdf", reason="pypdf is a test extra")
    data = report_pdf.render(blocks)
    assert data == report_pdf.render(blocks), "same input, same bytes"
    reader = pypdf.PdfReader(io.BytesIO(data))
    text = "\n".join(page.extract_text() for page in reader.pages)
    assert EVIL in text.replace("\n", "")
    assert "Worst phones" in text and "θ" in text
    assert sum(len(page.images) for page in reader.pages) >= 7
    assert reader.metadata is not None and reader.metadata.author == "Tutor"


@pytest.mark.skipif(not report_pdf.installed(), reason="reportlab (linguist extra) is missing")
def test_pdf_survives_endless_words_and_long_tables() -> None:
    pypdf = pytest.importorskip("pypdf", reason="pypdf is a test extra")
    rows = tuple((str(number), "x" * 5000, "word " * 400) for number in range(60))
    blocks = (Heading("A" * 500, 1), Text("y" * 3000), Table(("n", "long", "wordy"), rows, 3))
    assert len(pypdf.PdfReader(io.BytesIO(report_pdf.render(blocks))).pages) > 3
