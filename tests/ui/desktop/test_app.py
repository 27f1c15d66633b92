"""Starting and ending the program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from canned import made_up
from PySide6.QtGui import QImage

from tutor.errors import InstallError
from tutor.paths import assets_dir
from tutor.prompts import make_prompt
from ui.desktop import app

ROOT = Path(__file__).parents[3]
SAMPLE = assets_dir() / "samples" / "bear-good.flac"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a display")
def test_no_display_is_one_line_and_exit_code_3(folders: Path) -> None:
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(
        [sys.executable, "-m", "ui.cli"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == InstallError.exit_code
    assert "no display" in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM ends a Windows process at once")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_in_good_order_when_told_to(folders: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "ui.cli", "window", "--engine", "canned"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as program:
        # The geometry is remembered at the end; the log is there from the start.
        until = time.monotonic() + 60
        while not (folders / "tutor_data_dir" / "history.db").exists() and time.monotonic() < until:
            time.sleep(0.1)
        program.send_signal(number)
        _, errors = program.communicate(timeout=30)
    assert program.returncode == 0, errors
    assert "Traceback" not in errors and "QThread" not in errors
    assert (folders / "tutor_config_dir" / "window.json").exists()


def test_a_picture_without_a_display(qapp: Any, tmp_path: Path) -> None:
    assessment = made_up(make_prompt("We call it bear."), 1.8)
    app.save_picture(SAMPLE, "We call it bear.", assessment, tmp_path / "demo.png")
    picture = QImage(str(tmp_path / "demo.png"))
    assert (picture.width(), picture.height()) == (1280, 800)
    colours = {picture.pixel(x, y) for x in range(0, 1280, 7) for y in range(0, 800, 7)}
    assert len(colours) > 30
    with pytest.raises(Exception, match="cannot be written"):
        app.save_picture(SAMPLE, "We call it bear.", assessment, tmp_path / "missing" / "demo.png")
