"""The arrows of the architecture: ui → engines → tutor, and one home for every heavy library."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STANDALONE = ("trt_compat", "cuda", "plan", "calibrate", "trt_lane", "trt_runtime")
HOMES = {
    "PySide6": ("ui/desktop/",),
    "pyqtgraph": ("ui/desktop/",),
    "sounddevice": ("tutor/microphone.py", "tutor/playback.py", "tutor/sound_devices.py"),
    "onnxruntime": ("engines/",),
    "torch": ("engines/training/", "engines/measure/"),
    "tensorrt": ("engines/trt_compat.py", "engines/measure/"),
    "cuda": ("engines/cuda.py", "engines/measure/"),
    "librosa": ("tutor/prosody.py",),
    "parselmouth": ("tutor/",),
    "tritonclient": ("engines/serving/",),
    "webrtcvad": ("tutor/voice.py",),
    "soxr": ("tutor/decode.py", "tutor/playback.py", "engines/training/"),
}


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def _modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def test_tutor_imports_neither_engines_nor_ui() -> None:
    for path in _modules("tutor"):
        tops = {name.split(".")[0] for name in _imports(path)}
        assert not tops & {"engines", "ui", "onnxruntime", "torch", "tensorrt", "cuda", "PySide6"}, path


def test_engines_do_not_import_ui() -> None:
    for path in _modules("engines"):
        assert "ui" not in {name.split(".")[0] for name in _imports(path)}, path


def test_the_app_never_imports_the_training_recipe() -> None:
    for path in [*_modules("tutor"), *_modules("ui"), *_modules("engines")]:
        if "training" not in path.parts:
            assert not any(name.startswith("engines.training") for name in _imports(path)), path


def test_the_command_line_is_free_of_qt() -> None:
    for path in [ROOT / "ui" / "cli.py", ROOT / "ui" / "console.py", ROOT / "ui" / "score_table.py"]:
        assert not any(name.startswith(("PySide6", "ui.desktop")) for name in _imports(path)), path


@pytest.mark.parametrize("library", sorted(HOMES))
def test_heavy_libraries_stay_at_home(library: str) -> None:
    for folder in ("tutor", "engines", "ui"):
        for path in _modules(folder):
            if library in {name.split(".")[0] for name in _imports(path)}:
                place = path.relative_to(ROOT).as_posix()
                assert place.startswith(HOMES[library]), f"{place} imports {library}"


def test_the_tensorrt_part_stands_alone() -> None:
    allowed = {"numpy", "cuda", "tensorrt", "tensorrt_rtx", *sys.stdlib_module_names}
    for name in STANDALONE:
        tops = {found.split(".")[0] for found in _imports(ROOT / "engines" / f"{name}.py")}
        assert tops <= allowed, f"{name}: {tops - allowed}"


def test_importing_tutor_needs_numpy_alone() -> None:
    script = (
        "import sys, tutor, tutor.assess, tutor.result; "
        "print(sorted({name.split('.')[0] for name in sys.modules} & "
        "{'onnxruntime','PySide6','scipy','rich','soundfile','librosa','sounddevice'}))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
