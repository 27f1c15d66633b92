"""What an installation brings: code, models, lessons, voices, drawings, translations; nothing of the tests."""

from __future__ import annotations

from importlib import metadata

import pytest

NEEDED = (
    "tutor/assess.py",
    "ui/cli.py",
    "ui/desktop/app.py",
    "engines/onnx_cpu.py",
    "engines/training/train.py",
    "assets/models/main/acoustic.onnx",
    "assets/models/light/scorer.onnx",
    "assets/models/main/CARD.md",
    "assets/lexicon/cmudict.txt",
    "assets/lessons/twisters-1-gentle.toml",
    "assets/phones/TH.svg",
    "assets/samples/samples.json",
    "assets/tips/rules.toml",
    "assets/voice/index.json",
    "assets/fonts/Inter-Regular.ttf",
    "assets/icons/tutor.svg",
    "assets/translations/tutor_zh_CN.qm",
)


def _installed() -> set[str]:
    try:
        files = metadata.files("tutor") or []
    except metadata.PackageNotFoundError:
        pytest.skip("Tutor is not installed here (python3 -m pip install .)")
    names = {file.as_posix() for file in files}
    if not any(name.startswith("tutor/") for name in names):
        pytest.skip("Tutor is installed in editable form; its files are the checkout's")
    return names


@pytest.mark.parametrize("name", NEEDED)
def test_the_wheel_holds(name: str) -> None:
    assert name in _installed()


def test_the_wheel_holds_no_tests_and_one_command() -> None:
    assert not [name for name in _installed() if name.startswith("tests/")]
    scripts = [entry for entry in metadata.entry_points(group="console_scripts") if entry.name == "tutor"]
    assert [entry.value for entry in scripts] == ["ui.cli:main"]
