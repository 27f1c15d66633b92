"""Reading the shipped TOML files with one clear message where one is missing or damaged."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tutor.errors import InstallError


def read_toml(path: Path) -> dict[str, Any]:
    """The file's table. Raises ``InstallError`` for a file that is missing, not UTF-8 or not TOML."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InstallError(
            "cannot read {path}: {reason}; install Tutor again",
            path=path,
            reason=error.strerror,
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InstallError(
            "{file} is not valid TOML ({error}): correct it or reinstall",
            file=path.name,
            error=error,
        ) from error
