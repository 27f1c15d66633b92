"""Another precision of a model as a model folder of its own, with its parent in the manifest."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from engines import engine_store, precision
from engines.calibration_set import PLACES, calibration_set
from engines.manifest import FILE, Manifest, load_manifest, sha256_of
from tutor.acoustic import Floats
from tutor.errors import ModelError
from tutor.paths import write_atomic
from tutor.progress import Progress, silent


def export_variant(
    source: Path, target: Path, kind: str, *, clips: Sequence[Floats] = (), progress: Progress = silent
) -> Manifest:
    """Write ``source`` with the types of ``kind`` into ``target`` (a new or empty folder) and return its
    manifest.

    clips: speech from which INT8's calibration set is made. The metrics are not carried over: they belong to
    the parent.
    """
    manifest = load_manifest(source)
    if target.exists() and any(target.iterdir()):
        raise ModelError(f"{target} is not empty; name a new folder.")
    calibration = calibration_set(clips) if kind == "int8" else []
    made = precision.variant(
        manifest.acoustic_path.read_bytes(),
        kind,
        clips=calibration,
        keep=manifest.int8_keep,
        rest="fp32",
        folder=engine_store.folder(),
        progress=progress,
    )
    target.mkdir(parents=True, exist_ok=True)
    write_atomic(target / manifest.acoustic.file, made)
    if manifest.scorer_path is not None:
        shutil.copy2(manifest.scorer_path, target / manifest.scorer_path.name)
    data = json.loads((source / FILE).read_text(encoding="utf-8"))
    data["acoustic"]["sha256"] = sha256_of(target / manifest.acoustic.file)
    data["acoustic"]["precision"] = kind
    data["version"] = f"{manifest.version}-{kind}"
    data["parents"] = [*manifest.parents, manifest.acoustic.sha256]
    data["metrics"] = {}
    if kind == "int8":
        places = [place.name for place in PLACES]
        data["calibration"] = {**manifest.calibration, "int8": {"clips": len(calibration), "places": places}}
    write_atomic(target / FILE, json.dumps(data, indent=1).encode())
    return load_manifest(target)
