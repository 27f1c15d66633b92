"""``tutor model``: export, stage, compare, promote and roll back models."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engines.manifest import Manifest

HELP = "stage, compare, promote and roll back models"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare one subcommand for each step to production."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    export = actions.add_parser("export", help="write another precision of a model as a model folder")
    export.add_argument("target", type=Path, help="folder to write")
    export.add_argument("--model", default="main", help="main, light or a model folder")
    export.add_argument("--precision", choices=("fp32", "fp16", "int8"), default="int8")
    export.add_argument(
        "--recordings", type=Path, help="speech that INT8 is calibrated on (default: bundled)"
    )
    stage = actions.add_parser("stage", help="copy a model folder into the registry")
    stage.add_argument("folder", type=Path)
    compare = actions.add_parser(
        "compare", help="a staged model beside the one in use, on the same recordings"
    )
    compare.add_argument("id")
    compare.add_argument(
        "--recordings", type=Path, help="folder of audio with .txt beside it (default: bundled)"
    )
    promote = actions.add_parser("promote", help="put a staged model into use, if it passes every threshold")
    promote.add_argument("id")
    rollback = actions.add_parser("rollback", help="go back to the model used before")
    quicken = actions.add_parser("quicken", help="add INT8 products for CPUs, if they are faster and as good")
    quicken.add_argument("folder", type=Path, help="model folder to change")
    quicken.add_argument(
        "--recordings", type=Path, help="folder of audio with .txt beside it (default: bundled)"
    )
    quicken.add_argument("--json", action="store_true", help="as JSON on stdout")
    listing = actions.add_parser("list", help="staged models, and what keeps each from being promoted")
    log = actions.add_parser("log", help="the audit log")
    for action in (compare, promote, rollback, listing):
        action.add_argument(
            "--name", default="main", help="which model it replaces: main or light (default: main)"
        )
    for action in (compare, listing, log):
        action.add_argument("--json", action="store_true", help="as JSON on stdout")


def run(arguments: argparse.Namespace) -> int:
    """Do one action."""
    actions = {
        "export": _export,
        "stage": _stage,
        "compare": _compare,
        "promote": _promote,
        "rollback": _rollback,
        "quicken": _quicken,
        "list": _list,
        "log": _log,
    }
    return actions[arguments.action](arguments)


def _export(arguments: argparse.Namespace) -> int:
    from engines.choose import folder_of
    from engines.export_variant import export_variant
    from engines.recordings import voices
    from ui.console import progress_bar

    clips = voices(arguments.recordings) if arguments.precision == "int8" else []
    with progress_bar() as progress:
        export_variant(
            folder_of(arguments.model), arguments.target, arguments.precision, clips=clips, progress=progress
        )
    print(arguments.target)
    return 0


def _quicken(arguments: argparse.Namespace) -> int:
    from engines.cpu_choice import quicken
    from engines.recordings import load_cases, noisy_cases
    from ui.console import progress_bar

    cases = load_cases(arguments.recordings)
    with progress_bar() as progress:
        choice = quicken(arguments.folder, [*cases, *noisy_cases(cases)], progress=progress)
    if arguments.json:
        print(json.dumps(choice.to_json(), indent=1))
    else:
        verdict = "INT8 on CPUs from now on" if choice.chosen else "FP32 kept: " + "; ".join(choice.reasons)
        print(
            f"FP32 {choice.fp32_ms:.1f} ms, INT8 {choice.int8_ms:.1f} ms ({choice.speedup:.2f} ×): {verdict}"
        )
    return 0


def _stage(arguments: argparse.Namespace) -> int:
    from engines import registry

    print(registry.stage(arguments.folder).id)
    return 0


def _compare(arguments: argparse.Namespace) -> int:
    from engines import registry
    from engines.choose import folder_of
    from engines.comparison import compare
    from engines.recordings import load_cases, noisy_cases
    from ui.console import progress_bar

    staged = registry.entry(arguments.id)
    cases = load_cases(arguments.recordings)
    with progress_bar() as progress:
        figures = compare(
            staged.manifest.folder,
            folder_of(arguments.name),
            [*cases, *noisy_cases(cases)],
            progress=progress,
        ).to_json()
    registry.keep_comparison(arguments.id, figures)
    if arguments.json:
        print(json.dumps(figures, indent=1))
    else:
        for name, value in figures.items():
            print(f"{name:<14} {value:.3f}" if isinstance(value, float) else f"{name:<14} {value}")
    return 0


def _promote(arguments: argparse.Namespace) -> int:
    from engines import registry

    registry.promote(arguments.id, arguments.name, _current(arguments.name))
    print(f"{arguments.id} is the {arguments.name} model now.")
    return 0


def _rollback(arguments: argparse.Namespace) -> int:
    from engines import registry

    before = registry.rollback(arguments.name)
    print(f"The {arguments.name} model is {before or 'the shipped one'} again.")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    from engines import registry

    current = _current(arguments.name)
    rows: list[dict[str, Any]] = []
    for entry in registry.entries():
        in_use = current is not None and entry.manifest.folder == current.folder
        reasons = [] if in_use else registry.shortcomings(entry, current)
        rows.append(
            {"id": entry.id, "in_use": in_use, "shortcomings": reasons, "comparison": dict(entry.comparison)}
        )
    if arguments.json:
        print(json.dumps(rows, indent=1))
        return 0
    for row in rows:
        state = "in use" if row["in_use"] else ("; ".join(row["shortcomings"]) or "may be promoted")
        print(f"{row['id']}: {state}")
    return 0


def _log(arguments: argparse.Namespace) -> int:
    from engines import registry

    for event in registry.events():
        if arguments.json:
            print(json.dumps(event))
            continue
        short = event["sha256"][:12]
        print(f"{event['time']}  {event['action']:<9} {event['model']}  {event['outcome']}  {short}")
    return 0


def _current(name: str) -> Manifest | None:
    """Manifest of the model in use; None when there is none yet, so that a first one can be promoted."""
    from engines.choose import folder_of
    from engines.manifest import FILE, load_manifest

    folder = folder_of(name)
    return load_manifest(folder) if (folder / FILE).is_file() else None
