"""``tutor window``: the desktop window; also what plain ``tutor`` opens."""

from __future__ import annotations

import argparse

from tutor.errors import InstallError

HELP = "open the desktop window (also what plain `tutor` does)"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument(
        "--engine", default="", help="who scores, for this run (default: as chosen in Settings)"
    )
    parser.add_argument("--model", default="", help="main, light or a model folder, for this run")


def run(arguments: argparse.Namespace) -> int:
    """Open the window; returns when it is closed."""
    try:
        from ui.desktop import app
    except ImportError as error:
        raise InstallError(
            f"The window needs Qt and its system libraries ({error}); `tutor doctor` names what is missing."
        ) from error
    return app.run(app.Options(engine=arguments.engine, model=arguments.model))
