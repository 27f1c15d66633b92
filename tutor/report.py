"""The report on a batch as plain blocks (headings, text, tables, pictures, sounds), for a page or a PDF."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tutor import figures
from tutor.agreement import mean_interval
from tutor.errors import TutorError
from tutor.figures import Picture
from tutor.intake import Problem
from tutor.phones import phone_of
from tutor.tally import SCORES, TIMING, Tally, WorstPhone, groupings
from tutor.timebase import SAMPLE_RATE

MAX_ROWS = 200
_MARGIN_S = 0.15
_TIMING_NAMES = {
    "speech_rate": ("speech rate", "syllables/s"),
    "articulation_rate": ("articulation rate", "syllables/s"),
    "pause_share": ("share of pauses", "0–1"),
    "npvi_v": ("nPVI of vowels", "%"),
    "pct_v": ("%V", "%"),
    "delta_c_ms": ("ΔC", "ms"),
    "varco_c": ("Varco C", "%"),
}


@dataclass(frozen=True)
class Heading:
    """``level`` 1 for the title, 2 for a section."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Text:
    """A paragraph; ``quiet`` for remarks."""

    text: str
    quiet: bool = False


@dataclass(frozen=True)
class Table:
    """Plain text cells; columns from ``first_number`` on hold numbers."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    first_number: int = 1


@dataclass(frozen=True)
class Pictures:
    """Pictures side by side where they fit."""

    items: tuple[Picture, ...]


@dataclass(frozen=True)
class Clips:
    """A table whose rows may be listened to: ``sounds`` holds a FLAC file per row, or None."""

    table: Table
    sounds: tuple[tuple[str, bytes] | None, ...]


Block = Heading | Text | Table | Pictures | Clips


@dataclass(frozen=True)
class About:
    """What the head of the report says: labels and values, in order."""

    title: str
    facts: tuple[tuple[str, str], ...]


def build(
    about: About, tally: Tally, problems: Sequence[Problem], *, sounds: bool = True
) -> tuple[Block, ...]:
    """All blocks of the report. Without matplotlib it has tables only, and says so. ``sounds``: cut out
    clips.
    """
    blocks: list[Block] = [Heading(about.title, 1), Table(("", ""), about.facts, 2)]
    if not figures.installed():
        note = "Pictures need matplotlib: python3 -m pip install '.[linguist]'"
        blocks.append(Text(note, quiet=True))
    blocks += _scores(tally)
    blocks += _timing(tally)
    blocks += _groups(tally)
    blocks += _speakers(tally)
    blocks += _phones(tally)
    blocks += _vowels(tally)
    blocks += _worst(tally, sounds)
    blocks += _problems([*problems, *tally.flagged])
    blocks += _method()
    return tuple(blocks)


def _scores(tally: Tally) -> list[Block]:
    if not tally.scores["overall"]:
        return [Heading("Scores"), Text("No recording could be graded.")]
    rows = []
    for name in SCORES:
        values = tally.scores[name]
        if values:
            low, middle, high = np.percentile(values, [25, 50, 75])
            spread = float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
            cells = (float(np.mean(values)), spread, low, middle, high)
            rows.append((name, str(len(values)), *(_number(value) for value in cells)))
    table = Table(("score (0–100)", "n", "mean", "SD", "25 %", "median", "75 %"), tuple(rows))
    words = ", ".join(f"{count:,} {status}" for status, count in sorted(tally.statuses.items()))
    return [
        Heading("Scores"),
        *_pictures(lambda: (figures.score_distributions(tally.scores),)),
        table,
        *_pictures(
            lambda: (
                figures.step_distribution(tally.word_scores, "word"),
                figures.step_distribution(tally.phone_scores, "phone"),
            )
        ),
        Text(f"Words: {words or 'none'}."),
    ]


def _timing(tally: Tally) -> list[Block]:
    rows = tuple(
        (*_TIMING_NAMES[name], str(spread.count), _number(spread.mean, 2), _number(spread.deviation, 2))
        for name, spread in tally.timing.items()
        if spread.count
    )
    return (
        [Heading("Rate and rhythm"), Table(("measure", "unit", "n", "mean", "SD"), rows, 2)] if rows else []
    )


def _groups(tally: Tally) -> list[Block]:
    kinds = groupings(tally)
    blocks = _pictures(lambda: tuple(figures.group_boxes(kind, groups) for kind, groups in kinds.items()))
    for kind, groups in kinds.items():
        headers = (kind, "recordings", "speakers", "mean overall", "95 % by speaker", "SD")
        rows = tuple((name or "unknown", *_group(speakers)) for name, speakers in groups.items())
        blocks.append(Table(headers, rows))
    return [Heading("Groups"), *blocks] if kinds else []


def _group(speakers: Mapping[str, Sequence[float]]) -> tuple[str, ...]:
    values = np.array([score for scores in speakers.values() for score in scores])
    owners = np.repeat(np.arange(len(speakers)), [len(scores) for scores in speakers.values()])
    low, high = mean_interval(values, owners)
    spread = float(values.std(ddof=1)) if len(values) > 1 else math.nan
    interval = f"{_number(low)} to {_number(high)}" if len(speakers) > 1 else "–"
    return str(len(values)), str(len(speakers)), _number(float(values.mean())), interval, _number(spread)


def _speakers(tally: Tally) -> list[Block]:
    if len(tally.speakers) < 2:
        return []
    ordered = sorted(tally.speakers, key=lambda name: (tally.speakers[name]["overall"].mean, name))
    rows = []
    for name in ordered[:MAX_ROWS]:
        mine = tally.speakers[name]
        means = (_number(mine[score].mean) for score in SCORES)
        rates = (
            _number(mine[measure].mean if mine[measure].count else math.nan, 1) for measure in TIMING[:2]
        )
        rows.append((name or "unknown", str(mine["overall"].count), *means, *rates))
    headers = ("speaker", "n", *SCORES, "syll./s", "without pauses")
    blocks: list[Block] = [Heading("Speakers")]
    blocks += _pictures(lambda: (figures.speaker_means(tally.speakers),))
    if len(ordered) > figures.MAX_SPEAKERS and figures.installed():
        blocks.append(
            Text(f"{figures.MAX_SPEAKERS} of {len(ordered)} speakers, evenly chosen by rank.", quiet=True)
        )
    blocks.append(Table(headers, tuple(rows)))
    if len(ordered) > MAX_ROWS:
        blocks.append(
            Text(f"The {MAX_ROWS} lowest of {len(ordered)}; all are in utterances.csv.", quiet=True)
        )
    return blocks


def _phones(tally: Tally) -> list[Block]:
    rows = []
    for name in figures.by_score(tally.phones):
        spread, counts = tally.phones[name], tally.confusions[name]
        total = sum(counts.values())
        others = [
            (heard, count) for heard, count in counts.most_common(4) if heard != name and count * 200 >= total
        ]
        instead = ", ".join(
            f"{phone_of(heard).ipa} {100 * count / total:.0f} %" for heard, count in others[:3]
        )
        cells = (str(spread.count), _number(spread.mean), _number(spread.deviation))
        rows.append((phone_of(name).ipa, name, instead, *cells))
    if not rows:
        return []
    blocks: list[Block] = [
        Heading("Phones"),
        *_pictures(lambda: (figures.phone_means(tally.phones),)),
        Table(("IPA", "ARPAbet", "most often heard instead", "n", "mean score", "SD"), tuple(rows), 3),
        Text(f"Lowest first; phones that occur less than {figures.RARE} times come last.", quiet=True),
    ]
    if any(sum(counts.values()) >= figures.MIN_COUNT for counts in tally.confusions.values()):
        note = (
            f"Share of each expected phone (of {figures.MIN_COUNT} or more) in whose place another was clearly likelier. "
            "A vowel in place of a consonant, or the reverse, mostly means that the sound was left out and its neighbour "
            "was heard."
        )
        blocks += [
            Heading("Heard instead"),
            *_pictures(lambda: (figures.confusion_matrix(tally.confusions),)),
            Text(note, quiet=True),
        ]
    return blocks


def _vowels(tally: Tally) -> list[Block]:
    if not any(plane.count >= 5 for plane in tally.vowels.values()):
        return []
    note = (
        "Formants by Praat (Burg) in the middle of each vowel, normalised by speaker (Lobanov 1971); "
        "ellipses: one standard deviation. Expected vowels, whatever was said in their place."
    )
    return [
        Heading("Vowels"),
        *_pictures(lambda: (figures.vowel_chart(tally.vowels),)),
        Text(note, quiet=True),
    ]


def _worst(tally: Tally, sounds: bool) -> list[Block]:
    worst = tally.worst()
    if not worst:
        return []
    rows = tuple(
        (
            phone.ipa,
            phone.heard_ipa,
            phone.word,
            phone.utterance,
            f"{phone.start_s:.2f}",
            _number(100 - phone.badness),
        )
        for phone in worst
    )
    headers = ("expected", "heard", "word", "recording", "at (s)", "score")
    clips = tuple(_cut_out(phone) if sounds else None for phone in worst)
    note = "At most two of a kind and two of a speaker; the sound is the word it stands in."
    return [Heading("Worst phones"), Clips(Table(headers, rows, 4), clips), Text(note, quiet=True)]


def _problems(problems: Sequence[Problem]) -> list[Block]:
    if not problems:
        return []
    rows = tuple((item.path, item.what, item.action) for item in problems[:MAX_ROWS])
    blocks: list[Block] = [
        Heading("Problems"),
        Table(("file", "problem", "done about it"), rows, 3),
    ]
    if len(problems) > MAX_ROWS:
        blocks.append(Text(f"The first {MAX_ROWS} of {len(problems)}; all are in problems.csv.", quiet=True))
    return blocks


def _method() -> list[Block]:
    text = (
        "Scores are estimates of what trained human raters would give. Recordings in which another text was "
        "read, or which are too poor to judge, are counted but not scored. dictionary.csv explains every "
        "column of the tables; run.json holds versions, checksums and settings."
    )
    return [Heading("Method"), Text(text)]


def _cut_out(phone: WorstPhone) -> tuple[str, bytes] | None:
    """The word's sound as (media type, file), or None when the recording cannot be read any more."""
    import soundfile

    from tutor.clip import read_clip

    try:
        samples = read_clip(phone.item.audio).samples
    except TutorError:
        return None
    first = max(0, int((phone.word_start_s - _MARGIN_S) * SAMPLE_RATE))
    part = samples[first : int((phone.word_end_s + _MARGIN_S) * SAMPLE_RATE)]
    file = io.BytesIO()
    # FLAC, not Opus: the same sound gives the same bytes, which an Ogg stream's random number forbids.
    soundfile.write(file, part, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    return "audio/flac", file.getvalue()


def _pictures(draw: Callable[[], tuple[Picture, ...]]) -> list[Block]:
    return [Pictures(draw())] if figures.installed() else []


def _number(value: float, places: int = 1) -> str:
    return "–" if math.isnan(value) else f"{value:.{places}f}"
