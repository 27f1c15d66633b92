"""``tutor batch``: score a whole corpus into open formats, resume it, verify it."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tutor.acoustic import Model
    from tutor.batch import FileDone, RunSummary, Settings
    from tutor.intake import Intake
    from tutor.progress import Progress

HELP = "score a folder of recordings for research"
SHOWN_PROBLEMS = 20
GPU_ENGINES = ("tensorrt_rtx", "tensorrt", "onnx_cuda")
GPU_WORKERS = 4
"""Reading and aligning take more time than a GPU does; each worker holds a model on it."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "input",
        type=Path,
        nargs="?",
        help="folder of recordings with .txt, .lab or .TextGrid beside them (speakers in subfolders), a .csv "
        "or .tsv with the columns path and text, a Kaldi data folder, or a folder with labels.json",
    )
    parser.add_argument("--out", type=Path, help="output folder; an unfinished run in it is gone on with")
    parser.add_argument("--model", default="main", help="main, light or a model folder")
    parser.add_argument(
        "--engine", default="onnx_cpu", help="inference backend (default: onnx_cpu); auto: the best at hand"
    )
    parser.add_argument("--accent", choices=("us", "uk"), default="us", help="pronunciations expected")
    parser.add_argument("--lexicon", type=Path, help="pronunciations of your own, in CMUdict's form")
    parser.add_argument(
        "--jobs", type=_count, help="worker processes (default: one per core; at most 4 on a GPU)"
    )
    parser.add_argument(
        "--batch-size", type=_count, help="recordings per inference (default: 1; 16 on a GPU)"
    )
    parser.add_argument("--tracks", action="store_true", help="write pitch and intensity of every recording")
    parser.add_argument(
        "--no-acoustics", action="store_true", help="no pitch, intensity and formants by Praat"
    )
    parser.add_argument("--no-textgrids", action="store_true", help="write no TextGrids")
    parser.add_argument("--no-report", action="store_true", help="write no report.html and report.pdf")
    parser.add_argument("--no-clips", action="store_true", help="no sound in the report (for sharing it)")
    parser.add_argument("--retry-failed", action="store_true", help="try again what failed in an earlier run")
    parser.add_argument("--check", action="store_true", help="check the input, list its problems and stop")
    parser.add_argument("--verify", type=Path, metavar="DIR", help="check a finished output folder instead")
    parser.add_argument("--sample", type=_count, default=20, help="recordings --verify scores again (20)")


def run(arguments: argparse.Namespace) -> int:
    """Check, score, write; 0 when all is finished, 130 when stopped before."""
    if arguments.verify is not None:
        return _verify(arguments)
    from tutor.errors import InputError
    from tutor.intake import take_in
    from tutor.outputs import write_outputs
    from ui.console import progress_bar

    if arguments.input is None:
        raise InputError("No input was given; name a folder or table of recordings (see tutor batch --help).")
    if arguments.out is None and not arguments.check:
        raise InputError("No output folder was given; name one with --out DIR.")
    with progress_bar() as progress:
        intake = take_in(arguments.input, without=arguments.out, progress=progress)
    _list_problems(intake)
    if arguments.check:
        return 0
    arguments.engine = _pinned(arguments.model, arguments.engine)
    settings, model_files = _settings(arguments)
    summary = _score(arguments, intake, settings)
    if summary.stopped:
        done = summary.before + summary.scored + summary.failed
        _say(f"Stopped with {done:,} of {summary.total:,} recordings finished; the same command goes on.")
        return 130
    with progress_bar() as progress:
        made = write_outputs(
            arguments.out,
            arguments.input,
            intake,
            settings,
            summary,
            command=["tutor", *sys.argv[1:]],
            model_files=model_files,
            textgrids=not arguments.no_textgrids,
            reports=not arguments.no_report,
            sounds=not arguments.no_clips,
            progress=progress,
        )
    _say(_summed_up(summary, made.tally.failed, dict(made.tally.verdicts)))
    print(arguments.out / ("utterances.csv" if arguments.no_report else "report.html"))
    return 0


def _score(arguments: argparse.Namespace, intake: Intake, settings: Settings) -> RunSummary:
    from tutor.batch import run_batch

    on_cpu = arguments.engine in ("onnx_cpu", "canned")
    with _stopping() as stopped, _run_bar(stopped) as (progress, finished):
        return run_batch(
            intake.items,
            arguments.out,
            _opener(arguments.model, arguments.engine),
            settings,
            workers=arguments.jobs or (_cores() if on_cpu else min(GPU_WORKERS, _cores())),
            batch_size=arguments.batch_size or (1 if on_cpu else 16),
            retry_failed=arguments.retry_failed,
            progress=progress,
            finished=finished,
        )


def _verify(arguments: argparse.Namespace) -> int:
    from tutor.verification import settings_of, verify
    from ui.console import progress_bar

    settings = settings_of(arguments.verify)
    key, _ = _model_key(settings.model, settings.engine)
    with progress_bar() as progress:
        verification = verify(
            arguments.verify,
            _opener(settings.model, settings.engine),
            key,
            sample=arguments.sample,
            workers=arguments.jobs or _cores(),
            progress=progress,
        )
    print(f"{verification.files} files checked, {verification.recordings} recordings scored again:", end=" ")
    print("all as before." if not verification.findings else f"{len(verification.findings)} differences.")
    for finding in verification.findings:
        print(f"  {finding.name}: {finding.what}")
    return 1 if verification.findings else 0


def _settings(arguments: argparse.Namespace) -> tuple[Settings, dict[str, str]]:
    from tutor.batch import Settings

    key, files = _model_key(arguments.model, arguments.engine)
    settings = Settings(
        model=arguments.model,
        engine=arguments.engine,
        model_key=key,
        accent=arguments.accent,
        lexicon=arguments.lexicon,
        acoustics=not arguments.no_acoustics,
        tracks=arguments.tracks,
    )
    return settings, files


def _pinned(model: str, engine: str) -> str:
    """The engine that ``auto`` means here and now, so that all workers and every resumed run use the same
    one.
    """
    if engine != "auto":
        return engine
    from engines.choose import choose

    chosen = choose(model, engine)
    chosen.model.close()
    return chosen.engine


def _model_key(model: str, engine: str) -> tuple[str, dict[str, str]]:
    """One checksum for all files of a model, and each file's."""
    from hashlib import sha256

    from engines.choose import folder_of
    from engines.manifest import load_manifest, sha256_of

    if engine == "canned":
        return sha256(b"canned").hexdigest(), {}
    folder = folder_of(model)
    manifest = load_manifest(folder)
    paths = [folder / "manifest.json", manifest.acoustic_path]
    if manifest.acoustic_cpu is not None:
        paths.append(folder / manifest.acoustic_cpu.file)
    if manifest.scorer_path is not None:
        paths.append(manifest.scorer_path)
    files = {path.name: sha256_of(path) for path in paths}
    return sha256("".join(sorted(files.values())).encode()).hexdigest(), files


def _opener(model: str, engine: str) -> Callable[[], Model]:
    from engines.choose import open_alone

    if engine.partition(":")[0] in GPU_ENGINES:
        return partial(open_in_batches, model, engine)
    return partial(open_alone, model, engine, threads=1)


def open_in_batches(model: str, engine: str) -> Model:
    """A GPU engine that fills batches by length, as large as the model's batch profile is made for."""
    from engines.choose import folder_of, open_alone
    from engines.manifest import load_manifest
    from tutor.batching import LengthBatches

    profiles = load_manifest(folder_of(model)).profiles.values()
    usual = max(profile.batch[1] * profile.samples[1] for profile in profiles)
    return LengthBatches(open_alone(model, engine), usual)


def _list_problems(intake: Intake) -> None:
    left_out = sum(problem.action == "left out" for problem in intake.problems)
    _say(
        f"{len(intake.items):,} recordings to score; {len(intake.problems):,} problems, {left_out:,} left out"
    )
    for problem in intake.problems[:SHOWN_PROBLEMS]:
        _say(f"  {problem.path}: {problem.what}: {problem.action}")
    if len(intake.problems) > SHOWN_PROBLEMS:
        _say(f"  … and {len(intake.problems) - SHOWN_PROBLEMS:,} more (all in problems.csv)")


def _summed_up(summary: RunSummary, failed: int, verdicts: dict[str, int]) -> str:
    parts = [f"{count:,} {name.replace('_', ' ')}" for name, count in sorted(verdicts.items())]
    if failed:
        parts.append(f"{failed:,} failed")
    speed = f", {summary.audio_s / summary.wall_s:.0f} × real time" if summary.scored else ""
    return f"{summary.total:,} recordings: {', '.join(parts)}; {summary.wall_s:.1f} s{speed}."


class _Stop:
    """Becomes true at the first Ctrl-C; the second one ends at once."""

    def __init__(self) -> None:
        self.asked = False

    def ask(self, *_: object) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        _say("Finishing the files in hand; press Ctrl-C again to stop at once.")


@contextmanager
def _stopping() -> Iterator[_Stop]:
    stop = _Stop()
    before = signal.signal(signal.SIGINT, stop.ask)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _run_bar(stop: _Stop) -> Iterator[tuple[Progress, Callable[[FileDone], None]]]:
    """A bar with rate, time left and failures on a terminal; elsewhere the failures alone, one line each."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import (
        Progress as Bar,
    )

    from ui.console import console

    target = console()
    columns = (
        TextColumn("scoring"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("[red]{task.fields[failures]}"),
    )
    failures = 0
    with Bar(*columns, console=target, disable=not target.is_terminal) as bar:
        task = bar.add_task("scoring", total=None, rate="", failures="")

        def progress(label: str, done: int, total: int) -> bool:
            speed = bar.tasks[0].speed
            rate = f"{speed:.1f} files/s" if speed else ""
            shown = f"{failures} failed" if failures else ""
            bar.update(task, completed=done, total=total, rate=rate, failures=shown)
            return not stop.asked

        def finished(done: FileDone) -> None:
            nonlocal failures
            if done.error:
                failures += 1
                target.print(f"{done.id}: {done.error}", markup=False, highlight=False)

        yield progress, finished


def _cores() -> int:
    import os

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value
