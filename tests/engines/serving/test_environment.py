"""Making the server's environment, and the clear word where it cannot be made."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from engines.serving import environment
from tutor.errors import Cancelled, InstallError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TUTOR_SERVER_ENV", str(tmp_path / "env"))
    return tmp_path / "env"


def test_not_made_yet_is_none(home: Path) -> None:
    assert environment.find_environment() is None


def test_other_requirements_make_it_anew(home: Path) -> None:
    home.mkdir()
    (home / "complete").write_text("of another version")
    assert environment.find_environment() is None
    (home / "complete").write_text(environment._wanted(False))
    assert environment.find_environment() is not None
    assert environment.find_environment(gpu=True) is None


def test_offline_says_so_in_one_line(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    script = "import sys; print('Collecting x'); print('ERROR: No matching distribution'); sys.exit(1)"
    run = environment._run

    def offline(command: list[str], label: str, progress: environment.Progress) -> None:
        if "pip" in command:
            run([sys.executable, "-c", script], label, progress)

    monkeypatch.setattr(environment, "_run", offline)
    monkeypatch.setattr(environment, "_check_machine", lambda: None)
    with pytest.raises(InstallError, match=r"No matching distribution.*internet"):
        environment.ensure_environment()
    assert environment.find_environment() is None


def test_stop_is_obeyed(home: Path) -> None:
    with pytest.raises(Cancelled):
        environment._run([sys.executable, "-c", "print('Collecting x')"], "label", lambda *_: False)


@pytest.mark.parametrize(("name", "value"), [("platform", "darwin"), ("version_info", (3, 9, 1))])
def test_other_machines_are_told_what_to_do(home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: object) -> None:
    monkeypatch.setattr(environment.sys, name, value)
    with pytest.raises(InstallError, match=r"container|use one of those"):
        environment._check_machine()
