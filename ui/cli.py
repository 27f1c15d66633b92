"""The command line ``tutor``: picks one command and turns failures into one line and an exit code.

Exit codes: 0 done, 1 failed, 2 the input cannot be used, 3 the installation is broken, 130 interrupted.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from tutor import __version__
from tutor.errors import InstallError, TutorError

COMMANDS = {
    "window": "open the desktop window (also what plain `tutor` does)",
    "demo": "score the bundled recordings and show the result",
    "score": "score one recording of a known text",
    "evaluate": "agreement with human raters on a folder of rated recordings",
    "batch": "score a folder of recordings for research",
    "bench": "speed and memory of every stage",
    "doctor": "what is installed, which engine is chosen and why",
    "engine": "build, verify and list TensorRT engines",
    "model": "stage, compare, promote and roll back models",
    "serve": "score for a whole class over the network",
}


def build_parser(command: str | None) -> argparse.ArgumentParser:
    """The parser with the options of ``command`` only: other commands' modules are never imported."""
    parser = argparse.ArgumentParser(prog="tutor", description="Pronunciation scores for recorded English.")
    parser.add_argument("--version", action="version", version=f"tutor {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, summary in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=summary, description=summary)
        if name == command:
            importlib.import_module(f"ui.commands.{name}").configure(subparser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; expected failures print one line on stderr."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or (arguments[0].startswith("--") and arguments[0] not in ("--version", "--help")):
        arguments.insert(0, "window")
    command = arguments[0] if arguments[0] in COMMANDS else None
    try:
        parsed = build_parser(command).parse_args(arguments)
        module = importlib.import_module(f"ui.commands.{parsed.command}")
        return int(module.run(parsed))
    except TutorError as error:
        return _fail(str(error), error.exit_code)
    except ImportError as error:
        return _fail(f"A part of Tutor cannot be loaded ({error}); reinstall it with: python3 -m pip install .", 3)
    except KeyboardInterrupt:
        return _fail("Stopped.", 130)
    except BrokenPipeError:
        # The reader of our output has left; Python would complain again while flushing at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except MemoryError:
        return _fail("Out of memory; close other programs or use shorter recordings.", InstallError.exit_code)


def _fail(message: str, code: int) -> int:
    line = " ".join(message.split())
    print(f"tutor: {line}", file=sys.stderr)
    return code


if __name__ == "__main__":
    raise SystemExit(main())
