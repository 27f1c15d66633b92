"""``tutor doctor``: what is installed, which engine is chosen and why."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import platform
import sys
from pathlib import Path
from typing import Any

HELP = "what is installed, which engine is chosen and why"
PARTS = {
    "numpy": "required",
    "onnxruntime": "required",
    "soundfile": "required",
    "soxr": "required",
    "sounddevice": "microphone",
    "PySide6_Essentials": "window",
    "tensorrt_rtx_cu13": "extra rtx",
    "tensorrt": "extra gpu",
    "cuda-python": "extras rtx, gpu",
    "onnx": "building engines",
    "torch": "training",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--json", action="store_true", help="everything as JSON on stdout")
    parser.add_argument("--model", default="main", help="main, light or a model folder")


def run(arguments: argparse.Namespace) -> int:
    """Look at everything, print it, and return 3 when Tutor cannot score at all."""
    report = examine(arguments.model)
    if arguments.json:
        print(json.dumps(report, indent=1))
    else:
        _show(report)
    return 0 if report["engine"]["chosen"] else 3


def examine(name: str) -> dict[str, Any]:
    """What is there, in plain JSON types; never raises for a part that is missing or broken."""
    from tutor import __version__, paths

    return {
        "schema": "tutor.doctor/1",
        "tutor": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "parts": [{"name": part, "version": _version(part), "for": use} for part, use in PARTS.items()],
        "folders": {
            "data": _folder(paths.data_dir()),
            "cache": _folder(paths.cache_dir()),
            "settings": _folder(paths.config_dir()),
        },
        "models": [_model(model) for model in dict.fromkeys(("main", "light", name))],
        "gpu": _gpu(),
        "engine": _engine(name),
        "engines": _engines(),
        "sound": _sound(),
    }


def _version(part: str) -> str:
    try:
        return importlib.metadata.version(part)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _folder(path: Path) -> str:
    return str(path)


def _model(name: str) -> dict[str, str]:
    from engines.choose import folder_of
    from engines.manifest import load_manifest
    from tutor.errors import TutorError

    try:
        manifest = load_manifest(folder_of(name))
    except TutorError as error:
        return {"name": name, "version": "", "problem": str(error)}
    return {"name": name, "version": manifest.version, "sha256": manifest.acoustic.sha256, "problem": ""}


def _gpu() -> dict[str, Any]:
    from engines.choose import gpu_driver
    from engines.cuda import Cuda, CudaError

    problem = gpu_driver()
    if problem:
        return {"devices": [], "problem": problem}
    try:
        devices = []
        for index in range(Cuda().count()):
            info = Cuda(index).info()
            capability = f"sm{info.capability[0]}{info.capability[1]}"
            devices.append(
                {
                    "index": index,
                    "name": info.name,
                    "capability": capability,
                    "memory_mb": info.memory_bytes >> 20,
                    "driver": info.driver,
                }
            )
    except CudaError as error:
        return {"devices": [], "problem": str(error)}
    return {"devices": devices, "problem": ""}


def _engine(name: str) -> dict[str, Any]:
    from engines.choose import choose
    from tutor.errors import TutorError

    try:
        choice = choose(name)
    except TutorError as error:
        return {"chosen": "", "reason": str(error), "refused": []}
    info = choice.model.info
    choice.model.close()
    refused = [{"engine": refusal.engine, "reason": refusal.reason} for refusal in choice.refusals]
    return {
        "chosen": choice.engine,
        "model": info.model,
        "precision": info.precision,
        "reason": info.reason,
        "refused": refused,
    }


def _engines() -> dict[str, Any]:
    from engines.engine_store import describe, list_engines

    stored, refused = list_engines()
    return {
        "built": [
            {"file": str(engine.path), "for": describe(engine.key), "verdict": engine.verdict}
            for engine in stored
        ],
        "unusable": [{"file": str(path), "reason": reason} for path, reason in refused],
    }


def _sound() -> dict[str, str]:
    from tutor.errors import TutorError
    from tutor.microphone import input_devices

    try:
        names = [device.name for device in input_devices()]
    except TutorError as error:
        return {"microphone": "", "problem": str(error)}
    return {"microphone": ", ".join(names), "problem": "" if names else "no input device"}


def _show(report: dict[str, Any]) -> None:
    print(f"Tutor {report['tutor']}, Python {report['python']}, {report['system']}")
    for part in report["parts"]:
        print(f"  {part['name']:<20} {part['version'] or '—':<14} {part['for']}")
    for model in report["models"]:
        print(f"Model {model['name']}: {model['problem'] or 'version ' + model['version'] + ', whole'}")
    gpu = report["gpu"]
    for device in gpu["devices"]:
        print(f"GPU {device['index']}: {device['name']} ({device['capability']}), {device['memory_mb']} MB")
    if gpu["problem"]:
        print(f"GPU: {gpu['problem']}")
    engine = report["engine"]
    for refusal in engine["refused"]:
        print(f"  not {refusal['engine']}: {refusal['reason']}")
    print(f"Engine: {engine['chosen'] or 'none'} ({engine['reason']})")
    for built in report["engines"]["built"]:
        print(f"  built: {built['for']} ({built['verdict']})")
    for unusable in report["engines"]["unusable"]:
        print(f"  unusable: {unusable['reason']}")
    sound = report["sound"]
    print(f"Microphone: {sound['microphone'] or 'none (' + sound['problem'] + ')'}")
    for kind, folder in report["folders"].items():
        print(f"Folder for {kind}: {folder}")
    if not engine["chosen"]:
        print("Tutor cannot score on this machine; the reason stands above.", file=sys.stderr)
