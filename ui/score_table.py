"""An assessment as a table in the terminal: words, their phones in IPA, and what was heard instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tutor.calibration import LIMITS, is_wrong
from tutor.result import GRADED, INSERTED, MISPRONOUNCED, OK, OMITTED, REPEATED, Assessment, PhoneResult, WordResult

if TYPE_CHECKING:
    from rich.table import Table

_MARKS = {OK: "✓", MISPRONOUNCED: "✗", OMITTED: "–", INSERTED: "+", REPEATED: "↻"}
_STYLES = {OK: "green", MISPRONOUNCED: "red", OMITTED: "yellow", INSERTED: "yellow", REPEATED: "yellow"}


def print_assessment(assessment: Assessment, title: str = "") -> None:
    """Write the scores, a row a word, tips and who answered to stdout."""
    from rich.console import Console

    console = Console(highlight=False)
    scores = assessment.scores
    heading = f"{title}  " if title else ""
    console.print(f"[bold]{heading}[/bold]“{assessment.text}”", soft_wrap=True)
    if assessment.verdict != GRADED:
        console.print(f"[yellow]{assessment.notice}[/yellow]", soft_wrap=True)
    console.print(
        f"overall [bold]{scores.overall:.0f}[/bold]   accuracy {scores.accuracy:.0f}   fluency {scores.fluency:.0f}   "
        f"prosody {scores.prosody:.0f}   completeness {scores.completeness:.0f}   (of 100)"
    )
    console.print(word_table(assessment))
    for tip in assessment.tips:
        console.print(f"• {tip.text}", soft_wrap=True)
    engine, audio = assessment.engine, assessment.audio
    quick = ", quick score" if "quick score" in engine.reason else ""
    console.print(
        f"[dim]{audio.duration_s:.1f} s, {audio.snr_db:.0f} dB above noise; {engine.model} on {engine.backend} "
        f"({engine.precision}{quick}), {assessment.timing_ms.get('total', 0):.0f} ms[/dim]"
    )


def word_table(assessment: Assessment) -> Table:
    """One row a word."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name, justify in (
        ("", "left"),
        ("word", "left"),
        ("score", "right"),
        ("time", "right"),
        ("phones", "left"),
        ("heard", "left"),
    ):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for word in assessment.words:
        style = _STYLES[word.status]
        text = word.text + ("*" if word.guessed else "")
        table.add_row(
            f"[{style}]{_MARKS[word.status]}[/{style}]",
            f"[{style}]{text}[/{style}]",
            f"{word.score:.0f}" if word.phonemes and word.status != OMITTED else "",
            f"{word.start:.2f}–{word.end:.2f}",
            " ".join(phone.ipa if word.status == OMITTED else _phone(phone) for phone in word.phonemes),
            _heard(word),
        )
    return table


def _phone(phone: PhoneResult) -> str:
    if phone.rating >= LIMITS.weak_phone:
        return phone.ipa
    style = "red" if is_wrong(phone) else "yellow"
    return f"[{style}]{phone.ipa}({phone.score:.0f})[/{style}]"


def _heard(word: WordResult) -> str:
    if word.status != MISPRONOUNCED and word.status != OK:
        return word.status
    wrong = [phone for phone in word.phonemes if is_wrong(phone) and phone.heard]
    return ", ".join(f"/{phone.heard[0].ipa}/ for /{phone.ipa}/ ({100 * phone.heard[0].p:.0f} %)" for phone in wrong)
