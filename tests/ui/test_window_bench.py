"""``tutor bench --window``: the real window in processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import pytest

from tutor.errors import InstallError
from ui import cli, window_bench

pytest.importorskip("PySide6", reason="PySide6 is not installed")


@pytest.fixture(autouse=True)
def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")


def test_start_and_takes_are_measured(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["bench", "--window", "--backends", "canned", "--takes", "2", "--starts", "1", "--seconds", "1.5"]
    assert cli.main([*command, "--json"]) == 0
    [report] = json.loads(capsys.readouterr().out)["reports"]
    assert report["engine"]["backend"] == "canned" and report["takes"] == 2
    assert len(report["visible_s"]) == 2
    for visible_s, ready_s in zip(report["visible_s"], report["ready_s"], strict=True):
        assert 0.05 < visible_s < ready_s < 60
    stages = report["stages"]
    assert list(stages)[:2] == ["hand over", "clip"] and list(stages)[-3:] == ["show", "paint", "total"]
    parts = sum(times["p50"] for name, times in stages.items() if name != "total")
    # Of two takes the median is the mean, so the stages add up.
    assert stages["total"]["p50"] == pytest.approx(parts, rel=1e-6) and report["stall_ms"] > 0


def test_a_window_that_cannot_open_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        assert options["env"]["TUTOR_DATA_DIR"] != os.environ.get("TUTOR_DATA_DIR")
        return subprocess.CompletedProcess(command, 1, "", "Traceback\nqt.qpa: no plugin")

    monkeypatch.setattr(window_bench.subprocess, "run", run)
    with pytest.raises(InstallError, match="no plugin"):
        window_bench.bench_window(takes=1, starts=1)
