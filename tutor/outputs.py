"""Everything a finished batch leaves in its folder, made from the journal in the order of the ids.

    results.jsonl       one tutor.score/1 object per recording, with id, speaker and audio_sha256
    utterances, words, phones (.csv, .parquet), dictionary.csv, problems.csv
    textgrids/ID.TextGrid, tracks/ID.csv
    report.html, report.pdf
    run.json            command, versions, checksums, settings, times

Apart from run.json the same input gives the same bytes.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from tutor import __version__, report, report_html, report_pdf
from tutor.batch import JOURNAL, RunSummary, Settings, records_of
from tutor.columns import PHONES, TRACKS, WORDS
from tutor.errors import Cancelled
from tutor.intake import Intake, Item
from tutor.journal import Journal, writing
from tutor.paths import write_atomic
from tutor.phones import phone_of
from tutor.progress import Progress, silent
from tutor.result import Assessment, from_json
from tutor.tables import TableWriter, columns_of, phone_rows, utterance_row, word_rows, write_dictionary
from tutor.tally import Spread, Tally
from tutor.textgrid import textgrid, tiers_of

SCHEMA = "tutor.batch/1"
RESULTS, RUN = "results.jsonl", "run.json"
_PACKAGES = (
    "numpy",
    "onnxruntime",
    "soundfile",
    "soxr",
    "praat-parselmouth",
    "pyarrow",
    "matplotlib",
    "reportlab",
)
_MIN_VOWELS = 10
"""Fewer vowels than this do not show where a speaker's vowels lie; they stay without normalised formants."""


@dataclass(frozen=True)
class Made:
    """The files written, relative to the output folder, and the counts behind the report."""

    files: tuple[str, ...]
    tally: Tally


def write_outputs(
    out: Path,
    source: Path,
    intake: Intake,
    settings: Settings,
    summary: RunSummary,
    *,
    command: Sequence[str] = (),
    model_files: Mapping[str, str] | None = None,
    textgrids: bool = True,
    reports: bool = True,
    sounds: bool = True,
    progress: Progress = silent,
) -> Made:
    """Write all outputs of a finished run. ``model_files``: sha256 by file name, for ``run.json``.

    Raises ``OutputError`` when the disk is full or read-only (no file is left half written), ``Cancelled``
    when progress asks to stop.
    """
    with Journal(out / JOURNAL) as journal:
        scales = _scales(journal, intake.items)
        tally = Tally()
        files = _write_rows(out, intake, journal, scales, tally, textgrids, progress)
    files.append(_write_problems(out, intake, tally))
    files.append(write_dictionary(out, {**columns_of(_field_names(intake.items)), "tracks": TRACKS}))
    if reports:
        files += _write_reports(out, source, intake, settings, tally, sounds)
    # One sync for all the small files, thousands of which were not synced one by one.
    if hasattr(os, "sync"):
        os.sync()
    checksums = {path.name: _sha256(path) for path in files}
    run = _run(source, intake, settings, summary, command, model_files or {}, checksums)
    with writing(out / RUN):
        write_atomic(out / RUN, json.dumps(run, ensure_ascii=False, indent=1).encode() + b"\n")
    return Made((*sorted(checksums), RUN), tally)


def result_of(item: Item, record: Mapping[str, Any]) -> dict[str, Any]:
    """A recording's line in results.jsonl; nothing in it depends on speed or on the order of the run."""
    head = {"id": item.id, "speaker": item.speaker}
    if "error" in record:
        return {**head, "error": record["error"]}
    return {
        **head,
        "audio_sha256": record["audio_sha256"],
        **record["assessment"],
        "phonetics": record["phonetics"],
    }


def assessment_of(record: Mapping[str, Any]) -> Assessment | None:
    """The assessment in a journal record; None for a failure."""
    return None if "error" in record else from_json({**record["assessment"], "timing_ms": {}})


def _write_rows(
    out: Path,
    intake: Intake,
    journal: Journal,
    scales: Mapping[str, tuple[float, float, float, float]],
    tally: Tally,
    textgrids: bool,
    progress: Progress,
) -> list[Path]:
    columns = columns_of(_field_names(intake.items))
    utterances = TableWriter(out, "utterances", columns["utterances"])
    words, phones = TableWriter(out, "words", WORDS), TableWriter(out, "phones", PHONES)
    part = out / f".{RESULTS}.part"
    try:
        with writing(part), part.open("wb") as results:
            for done, (item, record) in enumerate(records_of(journal, intake.items)):
                if not progress("writing", done, len(intake.items)):
                    raise Cancelled("Stopped while writing the results; the same command goes on from here.")
                line = json.dumps(result_of(item, record), ensure_ascii=False, separators=(",", ":"))
                results.write(line.encode() + b"\n")
                assessment = assessment_of(record)
                tally.add(item, assessment, record.get("error", ""))
                utterances.add(utterance_row(item, record, assessment))
                if assessment is None:
                    continue
                for row in word_rows(item, assessment):
                    words.add(row)
                formants = (record["phonetics"] or {}).get("formants", ())
                rows = list(phone_rows(item, assessment, formants, scales))
                for row in rows:
                    phones.add(row)
                tally.add_vowels(rows)
                if textgrids:
                    _write_textgrid(out / "textgrids" / f"{item.id}.TextGrid", assessment)
            results.flush()
            os.fsync(results.fileno())
        with writing(part):
            os.replace(part, out / RESULTS)
        return [out / RESULTS, *utterances.finish(), *words.finish(), *phones.finish()]
    except BaseException:
        part.unlink(missing_ok=True)
        for table in (utterances, words, phones):
            table.discard()
        raise


def _write_textgrid(path: Path, assessment: Assessment) -> None:
    tiers = tiers_of(assessment)
    end_s = max(
        [assessment.audio.duration_s, *(tier.intervals[-1].end_s for tier in tiers if tier.intervals)]
    )
    text = textgrid(tiers, end_s).encode()
    if not path.is_file() or path.read_bytes() != text:
        write_atomic(path, text, durable=False)


def _scales(journal: Journal, items: Sequence[Item]) -> dict[str, tuple[float, float, float, float]]:
    """By speaker mean and standard deviation of F1 and F2 over the monophthongs, for Lobanov."""
    spreads: dict[str, tuple[Spread, Spread]] = {}
    for item, record in records_of(journal, items):
        if "error" in record or record["phonetics"] is None:
            continue
        phones = [phone for word in record["assessment"]["words"] for phone in word["phonemes"]]
        mine = spreads.setdefault(item.speaker, (Spread(), Spread()))
        for phone, found in zip(phones, record["phonetics"]["formants"], strict=True):
            if found is not None and phone_of(phone["arpabet"]).manner == "vowel":
                mine[0].add(found[0])
                mine[1].add(found[1])
    return {
        name: (first.mean, first.deviation, second.mean, second.deviation)
        for name, (first, second) in spreads.items()
        if first.count >= _MIN_VOWELS and first.deviation > 0 and second.deviation > 0
    }


def _write_problems(out: Path, intake: Intake, tally: Tally) -> Path:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["path", "problem", "action"])
    for problem in (*intake.problems, *tally.flagged):
        writer.writerow([problem.path, problem.what, problem.action])
    path = out / "problems.csv"
    with writing(path):
        write_atomic(path, text.getvalue().encode())
    return path


def _write_reports(
    out: Path, source: Path, intake: Intake, settings: Settings, tally: Tally, sounds: bool
) -> list[Path]:
    about = report.About(f"Pronunciation report: {source.name}", _facts(source, intake, settings, tally))
    blocks = report.build(about, tally, intake.problems, sounds=sounds)
    files = [out / "report.html"]
    with writing(files[0]):
        write_atomic(files[0], report_html.render(blocks).encode())
    if report_pdf.installed():
        files.append(out / "report.pdf")
        with writing(files[1]):
            write_atomic(files[1], report_pdf.render(blocks))
    return files


def _facts(source: Path, intake: Intake, settings: Settings, tally: Tally) -> tuple[tuple[str, str], ...]:
    counts = tally.verdicts
    scored = sum(counts.values())
    return (
        ("input", f"{source} ({intake.layout})"),
        ("recordings", f"{len(intake.items):,}, {tally.audio_s / 3600:.2f} h"),
        ("scored", f"{counts['graded']:,}"),
        ("another text read", f"{counts['other_text']:,}"),
        ("too poor to judge", f"{counts['unclear']:,}"),
        ("failed", f"{tally.failed:,}"),
        ("not finished", f"{len(intake.items) - scored - tally.failed:,}"),
        ("speakers", f"{len({item.speaker for item in intake.items}):,}"),
        ("model", f"{settings.model} on {settings.engine}, sha256 {settings.model_key[:16]}"),
        ("Tutor", __version__),
    )


def _run(
    source: Path,
    intake: Intake,
    settings: Settings,
    summary: RunSummary,
    command: Sequence[str],
    model_files: Mapping[str, str],
    checksums: Mapping[str, str],
) -> dict[str, Any]:
    listing = json.dumps([[item.id, item.text, item.speaker, item.words] for item in intake.items])
    return {
        "schema": SCHEMA,
        "command": list(command),
        "input": {
            "path": str(source.resolve()),
            "layout": intake.layout,
            "recordings": len(intake.items),
            "problems": len(intake.problems),
            "listing_sha256": hashlib.sha256(listing.encode()).hexdigest(),
        },
        "settings": {
            **asdict(settings),
            "lexicon": None if settings.lexicon is None else str(settings.lexicon.resolve()),
        },
        "model_files": dict(model_files),
        "versions": {"tutor": __version__, "python": platform.python_version(), **_versions()},
        "machine": {"system": platform.platform(), "processor": platform.machine(), "cores": os.cpu_count()},
        "run": {
            **asdict(summary),
            "times_real_time": round(summary.audio_s / summary.wall_s, 2) if summary.scored else None,
        },
        "finished": _now(),
        "files": dict(sorted(checksums.items())),
    }


def _now() -> str:
    from datetime import datetime, timezone

    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def _field_names(items: Sequence[Item]) -> list[str]:
    names: dict[str, None] = {}
    for item in items:
        names.update(dict.fromkeys(name for name, _ in item.fields))
    return list(names)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
