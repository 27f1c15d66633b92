"""The command line as a learner meets it: results, exit codes, one line for every mishap."""

from __future__ import annotations

import io
import json
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tutor import __version__
from tutor.samples import load_samples
from ui.cli import COMMANDS, build_parser, main

SHIP = next(sample for sample in load_samples() if sample.path.stem == "ship-sheep")


def _score(*arguments: str) -> int:
    return main(["score", *arguments, "--model", "light", "--engine", "onnx_cpu"])


def test_version_is_quick_and_loads_nothing_heavy(capsys: pytest.CaptureFixture[str]) -> None:
    import subprocess

    began = time.perf_counter()
    script = (
        "import sys\nfrom ui.cli import main\ntry:\n    main(['--version'])\nexcept SystemExit:\n    pass\n"
        "print(sorted({'numpy', 'rich', 'onnxruntime', 'PySide6'} & set(sys.modules)))"
    )
    root = Path(__file__).parent.parent.parent
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == [f"tutor {__version__}", "[]"]
    assert time.perf_counter() - began < 2


def test_every_command_has_help() -> None:
    for command in COMMANDS:
        assert command in build_parser(command).format_help()


def test_a_recording_becomes_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert _score(str(SHIP.path), "--text", SHIP.text, "--json") == 0
    data = json.loads(capsys.readouterr().out)
    assert data["schema"] == "tutor.score/1" and data["engine"]["backend"] == "onnx_cpu"
    assert [word["text"] for word in data["words"]] == ["The", "ship", "is", "in", "the", "water"]
    assert 0 < data["scores"]["overall"] <= 100


def test_a_recording_becomes_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert _score(str(SHIP.path), "--text", SHIP.text) == 0
    shown = capsys.readouterr().out
    assert "overall" in shown and "water" in shown


def test_standard_input_and_a_text_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "text.txt"
    text.write_text(SHIP.text, "utf-8")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(SHIP.path.read_bytes())))
    assert _score("-", "--text-file", str(text), "--json") == 0
    assert json.loads(capsys.readouterr().out)["text"] == SHIP.text


def _broken(folder: Path) -> dict[str, tuple[str, str]]:
    rng = np.random.default_rng(0)
    sounds = {
        "empty.wav": b"",
        "text.wav": b"this is no sound",
        "cut.flac": SHIP.path.read_bytes()[:2000],
    }
    for name, data in sounds.items():
        (folder / name).write_bytes(data)
    soundfile.write(folder / "none.wav", np.zeros(0, dtype=np.float32), 16000)
    soundfile.write(folder / "silence.wav", np.zeros(32000, dtype=np.float32), 16000)
    soundfile.write(folder / "nan.wav", np.full(32000, np.nan, dtype=np.float32), 16000, subtype="FLOAT")
    tone = np.sin(2 * np.pi * 20000 * np.arange(96000) / 48000).astype(np.float32)
    soundfile.write(folder / "tone.wav", tone, 48000)
    soundfile.write(folder / "noise.wav", rng.normal(0, 1e-5, 32000).astype(np.float32), 16000)
    cases = {name: (str(folder / name), "We call it bear") for name in SOUNDS}
    cases |= {name: (str(SHIP.path), text) for name, text in TEXTS.items()}
    cases["too little sound"] = (str(SHIP.path), "one two three four five " * 60)
    return cases


SOUNDS = ("missing.wav", "empty.wav", "text.wav", "cut.flac", "none.wav", "silence.wav", "nan.wav", "tone.wav", "noise.wav")
TEXTS = {"no letters": "?! …", "emoji": "🎉🎉", "script": "你好世界", "too long": "word " * 10_000, "empty": ""}


@pytest.mark.parametrize("name", [*SOUNDS, *TEXTS, "too little sound"])
def test_bad_input_is_one_line_and_exit_code_2(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sound, text = _broken(tmp_path)[name]
    assert _score(sound, "--text", text, "--json") == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("tutor: ") and captured.err.count("\n") == 1


def test_a_broken_model_is_exit_code_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", str(SHIP.path), "--text", SHIP.text, "--model", str(tmp_path), "--engine", "onnx_cpu"]) == 3
    assert capsys.readouterr().err.count("\n") == 1


def test_demo_without_a_display_leaves_json_and_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert main(["demo", "--out", str(tmp_path), "--engine", "onnx_cpu"]) == 0
    data = json.loads((tmp_path / "demo.json").read_text("utf-8"))
    by_name = {Path(entry["file"]).stem: entry["result"] for entry in data["samples"]}
    statuses = {name: {word["text"]: word["status"] for word in result["words"]} for name, result in by_name.items()}
    assert statuses["ship-sheep"]["ship"] == "mispronounced"
    assert statuses["tea-omitted"]["hot"] == "omitted"
    assert {"inserted", "repeated"} <= {word["status"] for word in by_name["house-repeated"]["words"]}
    assert by_name["other-text"]["verdict"] == "other_text" and by_name["other-text"]["scores"]["overall"] <= 20
    assert set(statuses["bear-good"].values()) == {"ok"} and by_name["bear-good"]["scores"]["overall"] > 75
    assert (tmp_path / "demo.json").name in capsys.readouterr().out
