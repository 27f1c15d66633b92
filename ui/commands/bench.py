"""``tutor bench``: speed and memory of every stage, of many speakers on one engine, and of the window."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engines.benchmark import LoadReport, StageReport
    from ui.window_bench import WindowReport

HELP = "speed and memory of every stage"
LOAD_LENGTHS_S = (3.0, 4.0, 5.0)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--model", default="main", help="main, light or a model folder")
    parser.add_argument(
        "--backends", type=_names, default=("auto",), metavar="A,B", help="engines to measure (default: auto)"
    )
    parser.add_argument(
        "--concurrency", type=_counts, default=(), metavar="N,M", help="also measure N, M, … speakers at once"
    )
    parser.add_argument("--seconds", type=float, default=5.0, help="length of the recording (default: 5)")
    parser.add_argument("--repeats", type=int, default=20, help="measured repetitions (default: 20)")
    parser.add_argument("--duration", type=float, default=5.0, help="seconds of each load (default: 5)")
    parser.add_argument(
        "--threads", type=int, default=0, help="threads of the CPU engine (default: all cores)"
    )
    parser.add_argument(
        "--window", action="store_true", help="measure the desktop window: start, and recording → scores painted"
    )
    parser.add_argument("--takes", type=int, default=50, help="with --window: measured takes (default: 50)")
    parser.add_argument("--starts", type=int, default=5, help="with --window: measured starts (default: 5)")
    parser.add_argument(
        "--batch", type=Path, metavar="CORPUS", help="instead: what tutor batch scores a second, beside the bare model"
    )
    parser.add_argument("--limit", type=int, default=300, help="recordings of the corpus (default: 300)")
    parser.add_argument("--jobs", type=int, default=2, help="worker processes of --batch (default: 2)")
    parser.add_argument("--rounds", type=int, default=2, help="rounds of --batch; the median counts (default: 2)")
    parser.add_argument(
        "--formats", type=_names, default=(), metavar="wav,flac,opus", help="copies to make for --batch (default: as given)"
    )
    parser.add_argument("--acoustics", action="store_true", help="--batch with Praat's measures")
    parser.add_argument("--json", action="store_true", help="all figures as JSON on stdout")


def run(arguments: argparse.Namespace) -> int:
    """Measure each backend and print its table."""
    if arguments.window:
        return _window(arguments)
    if arguments.batch is not None:
        return _batch(arguments)
    from engines.benchmark import bench_take, peak_memory_mb
    from engines.choose import open_model
    from ui.console import progress_bar

    reports: list[dict[str, Any]] = []
    for backend in arguments.backends:
        model = open_model(arguments.model, backend, threads=arguments.threads)
        try:
            with progress_bar() as progress:
                take = bench_take(model, arguments.seconds, repeats=arguments.repeats, progress=progress)
            loads = [_load(model, speakers, arguments.duration) for speakers in arguments.concurrency]
        finally:
            model.close()
        memory_mb = peak_memory_mb()
        reports.append(
            {**asdict(take), "peak_memory_mb": memory_mb, "load": [asdict(load) for load in loads]}
        )
        if not arguments.json:
            _show(take, loads, memory_mb)
    if arguments.json:
        print(json.dumps({"schema": "tutor.bench/1", "reports": reports}, indent=1))
    return 0


def _window(arguments: argparse.Namespace) -> int:
    from ui.console import progress_bar
    from ui.window_bench import bench_window

    reports = []
    for backend in arguments.backends:
        with progress_bar() as progress:
            report = bench_window(
                arguments.model,
                backend,
                takes=arguments.takes,
                starts=arguments.starts,
                seconds=arguments.seconds,
                progress=progress,
            )
        reports.append(asdict(report))
        if not arguments.json:
            _show_window(report)
    if arguments.json:
        print(json.dumps({"schema": "tutor.bench.window/1", "reports": reports}, indent=1))
    return 0


def _show_window(report: WindowReport) -> None:
    engine = report.engine
    print(f"{engine['backend']} · {engine['model']} · {engine['precision']}, window on {report.platform}")
    print(f"very first start: seen after {report.first_visible_s:.2f} s, can score after {report.first_ready_s:.2f} s")
    print(
        f"{len(report.visible_s)} more starts: seen after {_range(report.visible_s)} s, "
        f"can score after {_range(report.ready_s)} s"
    )
    if not report.takes:
        return
    print(f"{report.takes} takes of {report.audio_s:.1f} s, end of recording → scores painted")
    print(f"{'stage':<12}{'p50 ms':>10}{'p95 ms':>10}")
    for name, times in report.stages.items():
        print(f"{name:<12}{times.p50:>10.1f}{times.p95:>10.1f}")
    print(f"first take {report.first_take_ms:.0f} ms; longest standstill of the window {report.stall_ms:.0f} ms")


def _range(values: tuple[float, ...]) -> str:
    return f"{min(values):.2f}–{max(values):.2f}" if values else "–"


def _batch(arguments: argparse.Namespace) -> int:
    from tempfile import TemporaryDirectory

    from engines.choose import open_alone
    from tutor.batch import Settings
    from tutor.batch_speed import converted, measure_speed
    from tutor.intake import take_in
    from ui.console import progress_bar

    [engine] = arguments.backends if arguments.backends != ("auto",) else ("onnx_cpu",)
    settings = Settings(arguments.model, engine, "", acoustics=arguments.acoustics)
    speeds = []
    with progress_bar() as progress, TemporaryDirectory() as scratch:
        items = take_in(arguments.batch, progress=progress).items
        items = items[:: max(1, len(items) // arguments.limit)][: arguments.limit]
        for kind in arguments.formats or ("as given",):
            folder = Path(scratch, kind)
            copies = converted(items, kind, folder) if arguments.formats else items
            speeds.append(
                measure_speed(
                    copies,
                    partial(open_alone, arguments.model, engine, threads=1),
                    settings,
                    folder,
                    workers=arguments.jobs,
                    rounds=arguments.rounds,
                    kind=kind,
                    progress=progress,
                )
            )
    if arguments.json:
        print(json.dumps({"schema": "tutor.bench/1", "batch": [asdict(speed) for speed in speeds]}, indent=1))
        return 0
    first = speeds[0]
    print(f"{engine} · {arguments.model} · {first.recordings} recordings, {first.audio_s:.0f} s; {first.workers} processes")
    rates = f"{'bare model':>12}{'decode + model':>16}{'batch':>8}"
    print(f"{'sound':<10}{rates} × real time; {'bare':>6}{'both':>6} of the path's CPU")
    for speed in speeds:
        rates = f"{speed.bare:>12.0f}{speed.fed:>16.0f}{speed.batch:>8.0f}"
        print(f"{speed.format:<10}{rates}{'':13}{speed.share:>6.2f}{speed.fed_share:>6.2f}")
    return 0


def _load(model: Any, speakers: int, duration_s: float) -> LoadReport:
    from engines.benchmark import bench_load, speech_of

    clips = [speech_of(seconds)[0] for seconds in LOAD_LENGTHS_S]
    return bench_load(model, clips, speakers, duration_s=duration_s)


def _show(take: StageReport, loads: list[LoadReport], memory_mb: float) -> None:
    engine = take.engine
    print(f"{engine.backend} · {engine.model} · {engine.precision} ({engine.reason})")
    print(f"{take.audio_s:.1f} s of speech, {take.repeats} times")
    print(f"{'stage':<12}{'p50 ms':>10}{'p95 ms':>10}")
    for name, times in take.stages.items():
        print(f"{name:<12}{times.p50:>10.1f}{times.p95:>10.1f}")
    print(f"{take.real_time:.0f} × real time, peak memory {memory_mb:.0f} MB")
    for load in loads:
        print(
            f"{load.speakers} speakers: p50 {load.latency.p50:.0f} ms, p95 {load.latency.p95:.0f} ms, "
            f"{load.takes_per_s:.1f} takes/s, {load.failed} failed, mean batch {load.mean_batch:.1f}"
        )


def _names(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part)


def _counts(text: str) -> tuple[int, ...]:
    counts = tuple(int(part) for part in text.split(",") if part)
    if any(count < 1 for count in counts):
        raise ValueError(text)
    return counts
