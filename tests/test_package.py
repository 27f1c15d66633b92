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
    # A checkout that was built from holds metadata of its own; only an installation has a RECORD.
    for distribution in metadata.distributions(name="tutor"):
        if distribution.read_text("RECORD"):
            names = {file.as_posix() for file in distribution.files or []}
            if any(name.startswith("tutor/") for name in names):
                return names
    pytest.skip("Tutor is not installed here, or in editable form (python3 -m pip install .)")


@pytest.mark.parametrize("name", NEEDED)
def test_the_wheel_holds(name: str) -> None:
    assert name in _installed()


def test_the_wheel_holds_no_tests_and_one_command() -> None:
    assert not [name for name in _installed() if name.startswith("tests/")]
    scripts = {entry.value for entry in metadata.entry_points(group="console_scripts") if entry.name == "tutor"}
    assert scripts == {"ui.cli:main"}
