"""``tutor demo``: the bundled recordings scored, and the result shown, in the window where there is a display."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.errors import InputError, InstallError

if TYPE_CHECKING:
    from tutor.result import Assessment
    from tutor.samples import Sample

HELP = "score the bundled recordings and show the result"
SHOWN = "ship-sheep"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--json", action="store_true", help="all results as JSON on stdout, nothing else")
    parser.add_argument("--out", type=Path, help="folder for demo.json and demo.png (default: here, without a display)")
    parser.add_argument("--no-window", action="store_true", help="do not open the window even where there is a display")
    parser.add_argument("--engine", default="auto", help="who scores (see tutor doctor)")
    parser.add_argument("--model", default="main", help="main, light or a model folder")


def run(arguments: argparse.Namespace) -> int:
    """Score every sample; then JSON, or a table and the window or a picture of it."""
    from tutor.samples import load_samples
    from ui.score_table import print_assessment

    samples = load_samples()
    results = _scored(samples, arguments.model, arguments.engine)
    if arguments.json:
        print(json.dumps(_as_json(samples, results), ensure_ascii=False, indent=1))
        return 0
    for sample, result in zip(samples, results, strict=True):
        print_assessment(result, f"{sample.path.stem}: {sample.summary}.")
        print()
    shown = next((index for index, sample in enumerate(samples) if sample.path.stem == SHOWN), 0)
    if _has_display() and not arguments.no_window and arguments.out is None:
        return _window(arguments, samples[shown])
    return _picture(arguments.out or Path.cwd(), samples, results, shown)


def _scored(samples: tuple[Sample, ...], model_name: str, engine: str) -> list[Assessment]:
    from engines.choose import open_model
    from tutor.assess import assess
    from tutor.clip import read_clip
    from tutor.prompts import make_prompt
    from ui.console import progress_bar

    results = []
    with progress_bar() as progress:
        progress("loading the model", 0, 1)
        model = open_model(model_name, engine)
        try:
            for index, sample in enumerate(samples):
                progress("scoring", index, len(samples))
                results.append(assess(read_clip(sample.path), make_prompt(sample.text), model))
        finally:
            model.close()
    return results


def _as_json(samples: tuple[Sample, ...], results: list[Assessment]) -> dict[str, object]:
    return {
        "schema": "tutor.demo/1",
        "samples": [
            {"file": sample.path.name, "summary": sample.summary, "result": result.to_json()}
            for sample, result in zip(samples, results, strict=True)
        ],
    }


def _has_display() -> bool:
    return not sys.platform.startswith("linux") or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def _window(arguments: argparse.Namespace, sample: Sample) -> int:
    from ui.commands import window

    engine = "" if arguments.engine == "auto" else arguments.engine
    model = "" if arguments.model == "main" else arguments.model
    return window.run(argparse.Namespace(engine=engine, model=model, open=sample.path, text=sample.text))


def _picture(folder: Path, samples: tuple[Sample, ...], results: list[Assessment], shown: int) -> int:
    from tutor.paths import write_atomic

    data = json.dumps(_as_json(samples, results), ensure_ascii=False, indent=1).encode()
    try:
        write_atomic(folder / "demo.json", data)
    except OSError as error:
        raise InputError(f"{folder} cannot be written ({error.strerror}); name another folder with --out.") from error
    try:
        from ui.desktop.app import save_picture

        save_picture(samples[shown].path, samples[shown].text, results[shown], folder / "demo.png")
    except (ImportError, InstallError) as error:
        print(f"No display and no picture ({error}); the results are in {folder / 'demo.json'}.")
        return 0
    print(f"No window (no display, or not wanted): the results are in {folder / 'demo.json'},")
    print(f"the window's picture in {folder / 'demo.png'}.")
    return 0
