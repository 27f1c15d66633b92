"""``tutor evaluate``: agreement of a model with the human raters of a corpus."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.corpus import SPLIT_HELP

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tutor.acoustic import Model
    from tutor.agreement import Comparison
    from tutor.evaluation import ErrorFinding, Evaluation, Measure, Row

HELP = "agreement with human raters on a folder of rated recordings"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("corpus", type=Path, help="folder with labels.json and audio/ (as speechocean762)")
    parser.add_argument("--split", default="all", help=SPLIT_HELP)
    parser.add_argument("--limit", type=_count, help="score only this many sentences, evenly spread")
    parser.add_argument("--model", default="main", help="main, light or a model folder")
    parser.add_argument("--engine", default="onnx_cpu", help="inference backend (default: onnx_cpu)")
    parser.add_argument(
        "--jobs", type=_count, default=2, help="worker processes (default: 2, one thread each)"
    )
    parser.add_argument(
        "--compare",
        metavar="MODEL2[@ENGINE]",
        help="a second model, or the same one on another engine (main@tensorrt): differences, significance",
    )
    parser.add_argument("--details", action="store_true", help="also tables by phone and by speaker")
    parser.add_argument("--json", action="store_true", help="all figures as JSON on stdout")


def run(arguments: argparse.Namespace) -> int:
    """Score the corpus and print the figures."""
    from tutor.corpus import load_rated, select
    from tutor.evaluation import as_json, compare, evaluate
    from ui.console import progress_bar

    sentences = select(load_rated(arguments.corpus), arguments.split, arguments.limit)
    with progress_bar() as progress:
        evaluation, pairs = evaluate(
            sentences, _opener(arguments.model, arguments.engine), workers=arguments.jobs, progress=progress
        )
        second = None
        if arguments.compare:
            model, _, engine = arguments.compare.partition("@")
            opener = _opener(model, engine or arguments.engine)
            other, other_pairs = evaluate(sentences, opener, workers=arguments.jobs, progress=progress)
            second = (other, compare(pairs, other_pairs))
    if arguments.json:
        json.dump(as_json(evaluation, second), sys.stdout, ensure_ascii=False, indent=1)
        print()
    else:
        print(_page(evaluation))
        if arguments.details:
            print(
                _rows("phone (0–2)", evaluation.phones),
                _rows("speaker (0–10)", evaluation.speakers_table),
                sep="\n",
            )
        if second is not None:
            print(_comparison(evaluation, *second))
    return 0


def _opener(model: str, engine: str) -> Callable[[], Model]:
    from engines.choose import open_model

    return partial(open_model, model, engine, threads=1)


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def _page(evaluation: Evaluation) -> str:
    engine = evaluation.engine
    lines = [
        f"{engine.model} on {engine.backend} ({engine.precision}): {evaluation.sentences} sentences by "
        f"{evaluation.speakers} speakers, {evaluation.audio_s / 60:.1f} min in {evaluation.wall_s:.1f} s "
        f"({evaluation.audio_s / evaluation.wall_s:.0f} × real time)",
        "",
        f"{'score':22}{'n':>7}  PCC [95 % by speaker]  Spearman    MSE  kappa  one expert  human ceiling",
        *(_measure(item) for item in evaluation.measures),
        "",
        *_errors(evaluation.phone_errors),
        *_errors(evaluation.word_errors),
        f"phone error rate of free recognition against the given phones: {evaluation.phone_error_rate:.3f}",
        "verdicts: " + ", ".join(f"{count} {name}" for name, count in evaluation.verdicts.items()),
    ]
    if evaluation.failures:
        lines.append(f"{len(evaluation.failures)} recordings could not be scored:")
        lines += [f"  {name}: {message}" for name, message in evaluation.failures[:20]]
    return "\n".join(lines)


def _measure(item: Measure) -> str:
    pearson, low, high, spearman, kappa, one, ceiling = map(
        _known,
        (item.pearson, item.low, item.high, item.spearman, item.kappa, item.one_expert, item.ceiling),
    )
    return (
        f"{item.name:22}{item.count:7d}  {pearson:>5} [{low:>5}, {high:>5}]  {spearman:>8}  {item.mse:5.3f}  "
        f"{kappa:>5}  {one:>10}  {ceiling:>13}"
    )


def _errors(finding: ErrorFinding) -> list[str]:
    fixed, best = finding.fixed, finding.best
    lines = [
        f"{finding.name} ({fixed.bad} so rated): F1 {fixed.f1:.3f} [{finding.low:.3f}, {finding.high:.3f}], "
        f"precision {fixed.precision:.3f}, recall {fixed.recall:.3f}",
        f"  threshold from other speakers: F1 {_known(finding.held_out_f1)}; best here: F1 {best.f1:.3f} "
        f"at {best.threshold:.2f}; average precision {finding.average_precision:.3f}",
    ]
    if finding.shown is not None:
        point = finding.shown
        lines.append(
            f"  at Tutor's own limit {point.threshold:g}: F1 {point.f1:.3f}, "
            f"precision {point.precision:.3f}, recall {point.recall:.3f}"
        )
    if finding.at_recall is not None:
        point = finding.at_recall
        lines.append(
            f"  at recall {point.recall:.2f}: precision {point.precision:.3f} (below {point.threshold:.2f})"
        )
    return lines


def _rows(title: str, rows: Sequence[Row]) -> str:
    lines = ["", f"{title:16}{'n':>7}  rated  predicted    PCC"]
    for row in rows:
        lines.append(
            f"{row.name:16}{row.count:7d}  {row.rated:5.2f}  {row.predicted:9.2f}  {_known(row.pearson):>5}"
        )
    return "\n".join(lines)


def _comparison(first: Evaluation, second: Evaluation, differences: dict[str, Comparison]) -> str:
    theirs = {item.name: item.pearson for item in second.measures}
    lines = ["", f"{_name(first)} against {_name(second)}: PCC, difference [95 % by speaker], p"]
    for item in first.measures:
        change = differences[item.name]
        numbers = (change.difference, change.low, change.high)
        difference, low, high = (_known(value, "+") for value in numbers)
        lines.append(
            f"{item.name:22}{_known(item.pearson)}  {_known(theirs[item.name])}  "
            f"{difference} [{low}, {high}]  p {_chance(change.p)}"
        )
    return "\n".join(lines)


def _chance(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {_known(p)}"


def _name(evaluation: Evaluation) -> str:
    return f"{evaluation.engine.model} on {evaluation.engine.backend}"


def _known(value: float, sign: str = "") -> str:
    return "–" if value != value else f"{value:{sign}.3f}"
