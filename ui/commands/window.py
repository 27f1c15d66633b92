"""``tutor window``: the desktop window; also what plain ``tutor`` opens."""

from __future__ import annotations

import argparse
from pathlib import Path

from tutor.errors import InputError, InstallError

HELP = "open the desktop window (also what plain `tutor` does)"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument(
        "--engine", default="", help="who scores, for this run (default: as chosen in Settings)"
    )
    parser.add_argument("--model", default="", help="main, light or a model folder, for this run")
    parser.add_argument(
        "--open", type=Path, metavar="SOUND", help="a recording to score at once, with --text"
    )
    parser.add_argument("--text", default="", help="what the recording says")


def run(arguments: argparse.Namespace) -> int:
    """Open the window; returns when it is closed."""
    try:
        from ui.desktop import app
    except ImportError as error:
        raise InstallError(
            f"The window needs Qt and its system libraries ({error}); `tutor doctor` names what is missing."
        ) from error
    if arguments.open is not None and not arguments.text:
        raise InputError("--open needs --text, the words that were read.")
    options = app.Options(arguments.engine, arguments.model, arguments.open, arguments.text)
    return app.run(options)
