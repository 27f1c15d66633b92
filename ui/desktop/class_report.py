"""What a class finds hard, as a table: gathered from the history, written as HTML, PDF or CSV."""

from __future__ import annotations

import csv
import html
import io
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from tutor.attempt import FAIR, GOOD
from tutor.errors import InputError
from tutor.history import History
from tutor.paths import write_atomic
from tutor.phones import ORDER, ipa_of
from ui.desktop.language import mark, tr

SOUND_COLUMNS = (mark("Sound"), mark("Mean"), mark("hard for"))
LEARNER_COLUMNS = (mark("Name"), mark("Recordings"), mark("Overall"))


@dataclass(frozen=True)
class LearnerFigures:
    """One learner: recordings, mean overall score, and mean score per sound (ARPAbet)."""

    name: str
    takes: int
    overall: float
    phones: dict[str, float]


@dataclass(frozen=True)
class PhoneFigures:
    """One sound over the class: mean score, learners who said it, and how many of them find it hard."""

    arpabet: str
    score: float
    learners: int
    hard: int


@dataclass(frozen=True)
class ClassFigures:
    """Learners in roster order; sounds with the hardest first."""

    learners: tuple[LearnerFigures, ...] = ()
    phones: tuple[PhoneFigures, ...] = ()


def figures_of(history: History, names: list[str], *, hide_names: bool = False) -> ClassFigures:
    """The class from the history; learners without recordings are in it with no figures."""
    learners = []
    by_phone: dict[str, list[float]] = defaultdict(list)
    for number, name in enumerate(names, start=1):
        summaries = history.summaries(name)
        phones = {mean.arpabet: mean.score for mean in history.phone_means(name)}
        for arpabet, score in phones.items():
            by_phone[arpabet].append(score)
        overall = float(np.mean([summary.overall for summary in summaries])) if summaries else float("nan")
        shown = tr("Learner {number}", number=number) if hide_names else name
        learners.append(LearnerFigures(shown, len(summaries), overall, phones))
    phones_found = [
        PhoneFigures(arpabet, float(np.mean(scores)), len(scores), sum(score < FAIR for score in scores))
        for arpabet, scores in by_phone.items()
    ]
    return ClassFigures(tuple(learners), tuple(sorted(phones_found, key=lambda phone: phone.score)))


def to_csv(figures: ClassFigures) -> str:
    """One line per learner and sound."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["learner", "recordings", "overall", "arpabet", "ipa", "score"])
    for learner in figures.learners:
        name = f"'{learner.name}" if learner.name[:1] in ("=", "+", "-", "@") else learner.name
        overall = "" if np.isnan(learner.overall) else f"{learner.overall:.1f}"
        if not learner.phones:
            writer.writerow([name, learner.takes, overall, "", "", ""])
        for arpabet in (phone for phone in ORDER if phone in learner.phones):
            writer.writerow(
                [name, learner.takes, overall, arpabet, ipa_of(arpabet), f"{learner.phones[arpabet]:.1f}"]
            )
    return "\ufeff" + out.getvalue()


def to_html(figures: ClassFigures) -> str:
    """A page that needs nothing else; also what the PDF is made of, so its CSS is what Qt's rich text
    knows."""
    columns = [phone.arpabet for phone in figures.phones[:10]]
    head = "".join(f"<th>/{html.escape(ipa_of(arpabet))}/</th>" for arpabet in columns)
    lines = []
    for learner in figures.learners:
        cells = "".join(_cell(learner.phones.get(arpabet)) for arpabet in columns)
        lines.append(
            f"<tr><td>{html.escape(learner.name)}</td><td>{learner.takes}</td>{_cell(learner.overall)}{cells}</tr>"
        )
    hard = "".join(
        f"<tr><td>/{html.escape(ipa_of(phone.arpabet))}/ ({phone.arpabet})</td>{_cell(phone.score)}"
        f"<td>{phone.hard} / {phone.learners}</td></tr>"
        for phone in figures.phones[:12]
    )
    title = html.escape(tr("Class summary"))
    count = html.escape(tr("{count} learners", count=len(figures.learners)))
    sounds = "".join(f"<th>{html.escape(tr(name))}</th>" for name in SOUND_COLUMNS)
    names = "".join(f"<th>{html.escape(tr(name))}</th>" for name in LEARNER_COLUMNS)
    return f"""<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font-family: "Inter", "Noto Sans", "Noto Sans CJK SC", sans-serif; color: #1a1e2b; margin: 32px; }}
h1 {{ font-size: 22pt; }} h2 {{ font-size: 14pt; }}
table {{ border-collapse: collapse; }}
th, td {{ border: 1px solid #c3c9d8; padding: 5px 9px; text-align: left; }}
th {{ background: #eef0f6; }}
</style></head><body>
<h1>{title}</h1><p>{date.today().isoformat()} · {count}</p>
<h2>{html.escape(tr("Sounds the class finds hard"))}</h2>
<table><tr>{sounds}</tr>{hard}</table>
<h2>{html.escape(tr("Learners"))}</h2>
<table><tr>{names}{head}</tr>
{"".join(lines)}</table>
<p>{html.escape(tr("Scores 0–100: ✓ good from 80, ~ fair from 60, ✗ needs work below."))}</p>
</body></html>
"""


def _cell(score: float | None) -> str:
    if score is None or np.isnan(score):
        return "<td>–</td>"
    sign, background = (
        ("✓", "#dff4ec") if score >= GOOD else ("~", "#fcefd3") if score >= FAIR else ("✗", "#fde5db")
    )
    return f'<td bgcolor="{background}">{score:.0f} {sign}</td>'


def write_report(figures: ClassFigures, target: Path) -> None:
    """Write by the ending of ``target``: .html, .csv or .pdf. Raises ``InputError`` where it cannot be
    written."""
    try:
        if target.suffix.lower() == ".csv":
            write_atomic(target, to_csv(figures).encode("utf-8"))
        elif target.suffix.lower() == ".pdf":
            write_atomic(target, _pdf(to_html(figures)))
        else:
            write_atomic(target, to_html(figures).encode("utf-8"))
    except OSError as error:
        raise InputError(
            "{path} cannot be written ({reason}); choose another place.",
            path=target,
            reason=error.strerror,
        ) from error


def _pdf(page: str) -> bytes:
    from PySide6.QtCore import QBuffer, QIODevice, QMarginsF
    from PySide6.QtGui import QPageLayout, QPageSize, QPdfWriter, QTextDocument

    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageOrientation(QPageLayout.Orientation.Landscape)
    writer.setPageMargins(QMarginsF(12, 12, 12, 12), QPageLayout.Unit.Millimeter)
    document = QTextDocument()
    document.setHtml(page)
    document.print_(writer)
    buffer.close()
    return bytes(buffer.data().data())
