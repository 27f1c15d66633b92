"""Is an output folder what it says it is? Checksums of its files, and a sample of recordings scored again."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from tutor.batch import JOURNAL, OpenModel, OpenRecorder, Settings
from tutor.errors import CorpusError
from tutor.intake import Intake, take_in
from tutor.outputs import RESULTS, RUN, SCHEMA, result_of
from tutor.progress import Progress, silent
from tutor.workers import run_jobs


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it was: the file or recording, and how."""

    name: str
    what: str


@dataclass(frozen=True)
class Verification:
    """``files`` checked by checksum, ``recordings`` scored again, and everything that differed."""

    files: int
    recordings: int
    findings: tuple[Finding, ...]


def settings_of(out: Path) -> Settings:
    """The settings an output folder was made with. ``CorpusError`` when it is not a finished batch."""
    run = _run_of(out)
    settings = dict(run["settings"])
    accent: Literal["us", "uk"] = "uk" if settings["accent"] == "uk" else "us"
    lexicon = Path(settings["lexicon"]) if settings["lexicon"] else None
    return Settings(**{**settings, "accent": accent, "lexicon": lexicon})


def verify(
    out: Path,
    open_model: OpenModel,
    model_key: str,
    *,
    sample: int = 20,
    workers: int = 2,
    progress: Progress = silent,
) -> Verification:
    """Check all files and score ``sample`` recordings (the same ones each time) again, to the last digit.

    ``model_key``: the checksum of the model that ``open_model`` opens; another one than the run's is a
    finding. Raises ``CorpusError`` when ``out`` is not a finished batch or its input is gone.
    """
    run = _run_of(out)
    findings = _changed_files(out, run["files"])
    settings = settings_of(out)
    if model_key != settings.model_key:
        what = f"is another than the run's (sha256 {model_key[:16]}, then {settings.model_key[:16]})"
        findings.append(Finding(f"model {settings.model}", what))
    intake = take_in(Path(run["input"]["path"]), without=out, progress=progress)
    lines = _lines(out / RESULTS)
    names = sorted(lines)
    chosen = set(random.Random(0).sample(names, min(sample, len(names))))
    findings += _rescored(
        intake, {name: lines[name] for name in chosen}, open_model, settings, workers, progress
    )
    return Verification(len(run["files"]), len(chosen), tuple(findings))


def _rescored(
    intake: Intake,
    lines: Mapping[str, dict[str, Any]],
    open_model: OpenModel,
    settings: Settings,
    workers: int,
    progress: Progress,
) -> list[Finding]:
    items = [item for item in intake.items if item.id in lines]
    there = {item.id for item in items}
    findings = [Finding(name, "is no longer in the input") for name in sorted(set(lines) - there)]
    opener = OpenRecorder(open_model, settings, None)
    done = 0

    def keep_going() -> bool:
        return progress("scoring again", done, len(items))

    for outcome in run_jobs([(item,) for item in items], opener, workers, keep_going) if items else ():
        item = items[outcome.index]
        done += 1
        now = {"error": outcome.error} if outcome.result is None else outcome.result[0]
        difference = _difference(lines[item.id], json.loads(json.dumps(result_of(item, now))))
        if difference:
            findings.append(Finding(item.id, difference))
    return sorted(findings, key=lambda finding: finding.name)


def _difference(before: Any, now: Any, place: str = "") -> str:
    """The first place where two results differ, or nothing."""
    if isinstance(before, dict) and isinstance(now, dict) and before.keys() == now.keys():
        pairs = [(f"{place}.{key}".lstrip("."), before[key], now[key]) for key in before]
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        pairs = [(f"{place}[{index}]", *pair) for index, pair in enumerate(zip(before, now, strict=True))]
    else:
        return "" if before == now else f"{place or 'result'} was {_brief(before)}, is now {_brief(now)}"
    return next((found for key, a, b in pairs if (found := _difference(a, b, key))), "")


def _brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:59] + "…"


def _changed_files(out: Path, checksums: Mapping[str, str]) -> list[Finding]:
    findings = []
    for name, expected in checksums.items():
        try:
            same = sha256((out / name).read_bytes()).hexdigest() == expected
        except OSError as error:
            findings.append(Finding(name, f"cannot be read ({error.strerror})"))
            continue
        if not same:
            findings.append(Finding(name, "was changed after the run (another checksum)"))
    return findings


def _lines(path: Path) -> dict[str, dict[str, Any]]:
    try:
        with path.open(encoding="utf-8") as stream:
            results = [json.loads(line) for line in stream]
        return {result["id"]: result for result in results}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"{path} is missing or damaged; run the batch again into {path.parent}.") from error


def _run_of(out: Path) -> dict[str, Any]:
    path = out / RUN
    try:
        run: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        known = run["schema"] == SCHEMA
    except FileNotFoundError as error:
        state = "an unfinished batch" if (out / JOURNAL).exists() else "no batch"
        raise CorpusError(f"{out} holds {state} ({RUN} is missing); finish it first.") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"{path} cannot be read ({error}).") from error
    if not known:
        raise CorpusError(f"{path} has schema {run['schema']!r}; {SCHEMA!r} was expected.")
    return run
