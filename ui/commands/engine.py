"""``tutor engine``: build, verify, list and clean TensorRT engines; the INT8 experiments."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engines.engine_store import StoredEngine
    from engines.manifest import Manifest
    from engines.verify import Case
    from tutor.progress import Progress

HELP = "build, verify and list TensorRT engines"
TARGETS = ("current", "sm75", "sm80", "sm86", "sm89", "sm120")
LIBRARIES = ("tensorrt_rtx", "tensorrt")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare build, verify, list, clean and calibrate."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    build = actions.add_parser("build", help="build an engine and verify it")
    verify = actions.add_parser("verify", help="run the parity gate on built engines again")
    for action in (build, verify):
        action.add_argument("--model", default="main", help="main, light or a model folder")
        action.add_argument(
            "--recordings", type=Path, help="folder of audio with .txt beside it (default: bundled)"
        )
        action.add_argument("--device", type=int, default=0, help="index of the GPU (default: 0)")
    build.add_argument("--library", choices=LIBRARIES, help="default: the first that is installed")
    build.add_argument("--precision", choices=("fp32", "fp16", "int8"), default="fp16")
    build.add_argument("--profile", action="append", default=[], help="interactive or batch (default: both)")
    build.add_argument(
        "--target", choices=(*TARGETS, "all"), default="current", help="GPU generation (RTX only)"
    )
    build.add_argument(
        "--workspace-mb", type=int, default=2048, help="builder's memory limit (default: 2048)"
    )
    build.add_argument(
        "--keep", action="append", default=[], help="node that INT8 leaves alone (see calibrate --sweep)"
    )
    listing = actions.add_parser("list", help="show what is built")
    actions.add_parser("clean", help="delete all built engines")
    calibrate = actions.add_parser("calibrate", help="INT8 calibrated on quiet speech against everywhere")
    calibrate.add_argument("--model", default="main", help="main, light or a model folder")
    calibrate.add_argument(
        "--recordings", type=Path, help="folder of audio with .txt beside it (default: bundled)"
    )
    calibrate.add_argument("--limit", type=int, default=0, help="use this many recordings")
    calibrate.add_argument(
        "--scales",
        action="append",
        choices=("minmax", "percentile", "entropy"),
        help="how scales follow from what was seen (default: minmax; may be given several times)",
    )
    calibrate.add_argument("--front", action="store_true", help="the log-mel front end in INT8 as well")
    calibrate.add_argument("--each", action="store_true", help="every noise on its own, not all together")
    calibrate.add_argument("--sweep", action="store_true", help="loss of each layer group on its own instead")
    calibrate.add_argument(
        "--write", action="store_true", help="with --sweep: list the layers to keep in the model's manifest"
    )
    for action in (build, verify, listing, calibrate):
        action.add_argument("--json", action="store_true", help="as JSON on stdout")


def run(arguments: argparse.Namespace) -> int:
    """Do one action; 1 when an engine fails its gate."""
    actions = {"build": _build, "verify": _verify, "list": _list, "clean": _clean, "calibrate": _calibrate}
    return actions[arguments.action](arguments)


def _build(arguments: argparse.Namespace) -> int:
    from engines.choose import gpu_driver
    from engines.engine_build import BuildRequest, build_engine
    from engines.engine_store import FAILED
    from engines.recordings import load_cases
    from tutor.errors import Cancelled, InstallError, TutorError
    from ui.console import progress_bar, stoppable

    manifest = _manifest(arguments.model)
    cases = load_cases(arguments.recordings)
    targets = TARGETS[1:] if arguments.target == "all" else (arguments.target,)
    library = arguments.library or _library()
    why_not = gpu_driver()
    if "current" in targets and why_not:
        raise InstallError(f"No engine can be built for this machine's GPU ({why_not}); --target names another's.")
    stored: list[StoredEngine] = []
    missed = 0
    for target in targets:
        request = BuildRequest(
            manifest=manifest,
            library=library,
            precision=arguments.precision,
            target=target,
            profiles=tuple(arguments.profile),
            workspace_bytes=arguments.workspace_mb << 20,
            device=arguments.device,
            keep=tuple(arguments.keep),
        )
        try:
            with progress_bar() as bar, stoppable(bar) as progress:
                told = progress if target == "current" else _about(target, progress)
                built = build_engine(request, clips=[case.samples for case in cases], progress=told)
        except TutorError as error:
            if len(targets) == 1 or isinstance(error, Cancelled):
                raise
            # One generation's refusal says nothing of the others.
            print(f"tutor: {target}: {error}", file=sys.stderr)
            missed += 1
            continue
        stored += _judged(manifest, [built], cases, arguments.device)
        if not arguments.json:
            _show(stored[-1])
    if arguments.json:
        print(json.dumps([_row(engine) for engine in stored], indent=1))
    elif stored:
        print(f"{len(stored)} of {len(targets)} built, in {stored[-1].path.parent}")
    return 1 if missed or any(engine.verdict == FAILED for engine in stored) else 0


def _about(target: str, progress: Progress) -> Progress:
    def tell(label: str, done: int, total: int) -> bool:
        return progress(f"{target}: {label}", done, total)

    return tell


def _verify(arguments: argparse.Namespace) -> int:
    from engines.choose import gpu_driver
    from engines.engine_store import list_engines
    from engines.recordings import load_cases

    manifest = _manifest(arguments.model)
    stored, refused = list_engines()
    for _, reason in refused:
        print(f"tutor: {reason}", file=sys.stderr)
    mine = [engine for engine in stored if engine.key.model_sha256 == manifest.acoustic.sha256]
    if not gpu_driver():
        mine += _made_ahead(manifest, mine, arguments.device)
    if not any(engine.key.target == "current" for engine in mine):
        print(f"tutor: No engine of {manifest.title} for this machine's GPU; nothing was verified.", file=sys.stderr)
    return _report(
        _judged(manifest, mine, load_cases(arguments.recordings), arguments.device), arguments.json
    )


def _made_ahead(manifest: Manifest, stored: list[StoredEngine], device: int) -> list[StoredEngine]:
    """Engines built ahead for the generation of this machine's GPU, as its own."""
    from engines.engine_build import BuildRequest, ready_made

    ready = []
    for key in (engine.key for engine in stored if engine.key.target != "current"):
        profiles = tuple(name for name, *_ in key.profiles)
        request = BuildRequest(
            manifest, key.library.split(" ")[0], key.precision, profiles=profiles, device=device, keep=key.kept
        )
        made = ready_made(request)
        if made is not None and all(made.key != other.key for other in [*stored, *ready]):
            ready.append(made)
    return ready


def _judged(
    manifest: Manifest, stored: list[StoredEngine], cases: list[Case], device: int
) -> list[StoredEngine]:
    """Engines for this machine's GPU after the gate; those built ahead for another stay as they are."""
    from engines.engine_build import verify_engine
    from engines.recordings import noisy_cases
    from ui.console import progress_bar

    everything = [*cases, *noisy_cases(cases)]
    judged = []
    for engine in stored:
        if engine.key.target == "current":
            with progress_bar() as progress:
                judged.append(verify_engine(manifest, engine, everything, device=device, progress=progress))
        else:
            judged.append(engine)
    return judged


def _list(arguments: argparse.Namespace) -> int:
    from engines.engine_store import list_engines

    stored, refused = list_engines()
    for _, reason in refused:
        print(f"tutor: {reason}", file=sys.stderr)
    return _report(stored, arguments.json)


def _clean(arguments: argparse.Namespace) -> int:
    from engines.engine_store import clean

    print(f"{clean() / 1e6:.1f} MB freed")
    return 0


def _calibrate(arguments: argparse.Namespace) -> int:
    from engines.calibration_report import compare_sets, pooled, sweep
    from engines.manifest import note
    from engines.recordings import load_cases
    from ui.console import progress_bar

    manifest = _manifest(arguments.model)
    cases = load_cases(arguments.recordings, limit=arguments.limit)
    with progress_bar() as progress:
        if arguments.sweep:
            rows = sweep(manifest, cases, progress=progress)
            if arguments.write:
                note(manifest.folder, "int8_keep", [node for row in rows if row["keep"] for node in row["nodes"]])
        else:
            methods = tuple(arguments.scales or ("minmax",))
            rows = compare_sets(manifest, cases, methods=methods, front=arguments.front, progress=progress)
    if not (arguments.sweep or arguments.each):
        rows = pooled(rows)
    if arguments.json:
        print(json.dumps(rows, indent=1))
        return 0
    for row in rows:
        cells = (
            f"{name} {value:.4g}" if isinstance(value, float) else str(value)
            for name, value in row.items()
            if name != "nodes" or row["keep"]
        )
        print("  ".join(cells))
    return 0


def _report(stored: list[StoredEngine], as_json: bool) -> int:
    from engines.engine_store import FAILED

    if as_json:
        print(json.dumps([_row(engine) for engine in stored], indent=1))
    for engine in stored if not as_json else ():
        _show(engine)
        print(f"  {engine.path}")
    return 1 if any(engine.verdict == FAILED for engine in stored) else 0


def _show(engine: StoredEngine) -> None:
    from engines.engine_store import UNTRIED, describe

    verdict = "not verified: that takes such a GPU" if engine.verdict == UNTRIED else engine.verdict
    print(
        f"{describe(engine.key)}: {engine.size_bytes / 1e6:.1f} MB, built in {engine.build_s:.1f} s, {verdict}",
        flush=True,
    )
    for failure in engine.verification.get("failures", ()):
        print(f"  not used: {failure}")


def _row(engine: StoredEngine) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "path": str(engine.path),
        **asdict(engine.key),
        "size_bytes": engine.size_bytes,
        "build_s": engine.build_s,
        "verdict": engine.verdict,
        "verification": dict(engine.verification),
    }


def _manifest(name: str) -> Manifest:
    from engines.choose import folder_of
    from engines.manifest import load_manifest

    return load_manifest(folder_of(name))


def _library() -> str:
    from engines.choose import installed_version
    from tutor.errors import InstallError

    for name in LIBRARIES:
        if installed_version(name):
            return name
    raise InstallError("No TensorRT is installed; install one with: python3 -m pip install '.[rtx]'.")
