"""``tutor batch`` from the command line: one run, a stop by Ctrl-C, verification, clear refusals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ui.cli import main

ROOT = Path(__file__).parents[2]


def buzz(path: Path, seconds: float, f0_hz: float = 120.0) -> None:
    """Syllables of a buzz, which pass for speech."""
    time_s = np.arange(int(seconds * 16_000)) / 16_000
    sound = sum(np.sin(2 * np.pi * f0_hz * k * time_s) / k for k in range(1, 25))
    noise = 1e-4 * np.random.default_rng(0).standard_normal(len(time_s))
    soundfile.write(path, 0.1 * sound * (0.55 - 0.45 * np.cos(8 * np.pi * time_s)) + noise, 16_000)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    source = tmp_path / "my recordings"
    source.mkdir()
    for number in range(4):
        buzz(source / f"{number}.wav", 1.0 + 0.1 * number)
        (source / f"{number}.txt").write_text("We call it bear", encoding="utf-8")
    (source / "bad.wav").write_text("no sound", encoding="utf-8")
    (source / "bad.txt").write_text("hello", encoding="utf-8")
    return source


def batch(*arguments: object) -> int:
    return main(["batch", "--engine", "canned", "--jobs", "1", *map(str, arguments)])


def test_a_whole_run(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert batch(folder, "--out", out) == 0
    printed = capsys.readouterr()
    assert printed.out.strip() == str(out / "report.html")
    assert "4 recordings to score; 1 problems, 1 left out" in printed.err
    assert "bad.wav: is not sound in a known format: left out" in printed.err
    assert "4 recordings: 4 graded" in printed.err
    assert {"report.html", "results.jsonl", "utterances.csv", "run.json"} <= {
        path.name for path in out.iterdir()
    }
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert run["command"][0] == "tutor"
    assert main(["batch", "--verify", str(out), "--jobs", "1"]) == 0
    assert "all as before" in capsys.readouterr().out
    (out / "words.csv").write_text("", encoding="utf-8")
    assert main(["batch", "--verify", str(out), "--jobs", "1"]) == 1
    assert "words.csv: was changed" in capsys.readouterr().out


def test_check_scores_nothing(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert batch(folder, "--check", "--out", tmp_path / "out") == 0
    assert "1 left out" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_options_leave_parts_out(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert batch(folder, "--out", out, "--no-report", "--no-textgrids", "--no-acoustics") == 0
    assert not (out / "textgrids").exists() and not (out / "report.html").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "No input"),
        (["somewhere"], "No output folder"),
        (["nowhere", "--out", "x"], "does not exist"),
        (["--verify", "nowhere"], "holds no batch"),
    ],
)
def test_refusals_are_one_line(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert batch(*arguments) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and says in lines[0]


def test_a_read_only_folder_is_refused_in_one_line(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_text("a file is in the way", encoding="utf-8")
    assert batch(folder, "--out", tmp_path / "out") == 1
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith("tutor: ") and "cannot be written" in last


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT to a process group")
def test_ctrl_c_finishes_the_files_in_hand(folder: Path, tmp_path: Path) -> None:
    for number in range(4, 60):
        os.link(folder / "0.wav", folder / f"{number}.wav")
        (folder / f"{number}.txt").write_text("We call it bear", encoding="utf-8")
    out = tmp_path / "out"
    starter = "import sys; from ui.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", starter, "batch", str(folder), "--out", str(out)]
    process = subprocess.Popen(
        [*command, "--engine", "canned", "--jobs", "1", "--no-report"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    journal = out / "journal.jsonl"
    deadline = time.monotonic() + 60
    while not (journal.is_file() and journal.stat().st_size):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    done = journal.read_bytes().count(b"\n")
    if process.returncode == 0:
        pytest.skip("the machine scored all 60 files before the signal came")
    assert process.returncode == 130 and "Traceback" not in errors
    assert "Finishing the files in hand" in errors and f"Stopped with {done} of 60" in errors
    assert batch(folder, "--out", out, "--no-report") == 0
    lines = journal.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 60 and len({json.loads(line)["id"] for line in lines}) == 60


def test_a_gpu_fills_batches_as_its_profile_says(monkeypatch: pytest.MonkeyPatch) -> None:
    from engines import choose
    from engines.canned import CannedModel
    from engines.manifest import load_manifest
    from ui.commands.batch import _opener

    monkeypatch.setattr(choose, "gpu_driver", lambda: "")
    monkeypatch.setattr(choose, "_opener", lambda manifest, engine, device: CannedModel)
    model = _opener("light", "tensorrt")()
    profile = load_manifest(choose.folder_of("light")).profiles["batch"]
    assert model.limit_samples == profile.batch[1] * profile.samples[1]  # type: ignore[attr-defined]


def test_every_file_of_the_model_is_named() -> None:
    from engines.choose import folder_of
    from engines.manifest import load_manifest
    from ui.commands.batch import _model_key

    manifest = load_manifest(folder_of("main"))
    _, files = _model_key("main", "onnx_cpu")
    used = manifest.acoustic_cpu or manifest.acoustic
    assert used.file in files and manifest.acoustic.file in files and len(files) >= 3
