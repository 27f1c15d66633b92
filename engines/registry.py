"""Models on their way to learners: staged, compared with the one in use, promoted or not, rolled back; all
of it logged.

<data>/models/staging/NAME-VERSION-HASH/   whole model folders
<data>/models/NAME.json                    which of them is promoted, and the ones before it
<data>/models/log.jsonl                    one line per event: time, action, model, sha256, outcome, figures
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engines.manifest import FILE, Manifest, load_manifest
from tutor.errors import ModelError
from tutor.paths import data_dir, write_atomic

MINIMUM_METRICS: dict[str, float] = {
    "phone_pearson": 0.55,
    "word_accuracy_pearson": 0.50,
    "sentence_total_pearson": 0.75,
}
"""Agreement with human raters below which no model reaches a learner (held-out speakers)."""

LARGEST_LOSS = 0.01
"""How much worse than the model in use any metric may be."""

LARGEST_SLOWDOWN, LARGEST_GROWTH = 1.5, 2.0
"""How much slower than the model in use (median of the comparison), and how much more memory it may need."""

LEAST_RANK = 0.7
"""Spearman correlation of phone scores with the model in use: below it another thing is scored, whatever the manifest says."""


@dataclass(frozen=True)
class Entry:
    """A staged model. ``id`` names it in commands; ``comparison`` is the last one made with the model in
    use.
    """

    id: str
    manifest: Manifest
    comparison: Mapping[str, Any]


def root() -> Path:
    return data_dir() / "models"


def stage(folder: Path) -> Entry:
    """Copy a model folder into staging after checking all of it; staging it again changes nothing."""
    manifest = load_manifest(folder)
    identity = f"{manifest.name}-{manifest.version}-{manifest.acoustic.sha256[:8]}"
    target = root() / "staging" / identity
    if not (target / FILE).is_file():
        part = target.with_name(f".{identity}.part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        for path in sorted(folder.iterdir()):
            if path.is_file():
                shutil.copy2(path, part / path.name)
        # Renamed when whole, so that a copy cut short is never taken for a model.
        shutil.rmtree(target, ignore_errors=True)
        os.replace(part, target)
    log("stage", identity, manifest, "staged", {})
    return entry(identity)


def entry(identity: str) -> Entry:
    """``ModelError`` for an unknown or damaged one."""
    folder = root() / "staging" / identity
    if not folder.is_dir():
        known = ", ".join(path.name for path in _staged()) or "none"
        raise ModelError(
            "No staged model is called {model}; staged are: {known}.",
            model=identity,
            known=known,
        )
    path = folder / "comparison.json"
    comparison = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return Entry(identity, load_manifest(folder), comparison)


def entries() -> list[Entry]:
    """All staged models that are whole, by name."""
    found = []
    for path in _staged():
        try:
            found.append(entry(path.name))
        except ModelError:
            # A damaged one cannot be promoted, and so has no place in the list.
            continue
    return found


def promoted(name: str) -> Path | None:
    """Folder of the model in use under ``name``, None for the shipped one."""
    current = _state(name).get("current")
    folder = root() / "staging" / str(current)
    return folder if current and folder.is_dir() else None


def keep_comparison(identity: str, comparison: Mapping[str, Any]) -> None:
    """Remember figures of ``compare`` beside the staged model."""
    found = entry(identity)
    write_atomic(root() / "staging" / identity / "comparison.json", json.dumps(comparison, indent=1).encode())
    log("compare", identity, found.manifest, "compared", comparison)


def shortcomings(candidate: Entry, current: Manifest | None) -> list[str]:
    """Why a staged model may not be promoted; empty when it may."""
    reasons = []
    metrics = numbers(candidate.manifest.metrics)
    for name, least in MINIMUM_METRICS.items():
        if name not in metrics:
            reasons.append(f"its manifest lacks the metric {name}")
        elif not metrics[name] >= least:
            reasons.append(f"{name} is {metrics[name]:.3f} where at least {least:g} is needed")
    if current is not None:
        before = numbers(current.metrics)
        for name in MINIMUM_METRICS:
            if name in before and name in metrics and metrics[name] < before[name] - LARGEST_LOSS:
                reasons.append(f"{name} falls from {before[name]:.3f} to {metrics[name]:.3f}")
        if not candidate.comparison:
            reasons.append("it was not compared with the model in use")
        elif candidate.comparison.get("against") != current.acoustic.sha256:
            reasons.append("it was compared with another model than the one in use")
        else:
            reasons += _side_by_side(candidate.comparison)
    return reasons


def _side_by_side(comparison: Mapping[str, Any]) -> list[str]:
    """What the recordings, not the manifest, say against a candidate."""
    reasons = []
    if comparison["latency_ratio"] > LARGEST_SLOWDOWN:
        reasons.append(f"it takes {comparison['latency_ratio']:.2f} times as long as the model in use")
    if comparison["candidate_mb"] > LARGEST_GROWTH * comparison["current_mb"]:
        needs, before = comparison["candidate_mb"], comparison["current_mb"]
        reasons.append(f"it needs {needs:.0f} MB where the model in use needs {before:.0f}")
    if not comparison["rank"] >= LEAST_RANK:
        reasons.append(
            f"its phone scores' rank correlation with the model in use is {comparison['rank']:.2f} "
            f"where at least {LEAST_RANK:g} is needed"
        )
    return reasons


def promote(identity: str, name: str, current: Manifest | None) -> None:
    """Put a staged model into use as ``name``; ``ModelError`` lists every threshold that it fails.

    current: manifest of the model in use, shipped or promoted.
    """
    candidate = entry(identity)
    reasons = shortcomings(candidate, current)
    if reasons:
        log("promote", identity, candidate.manifest, "refused", {"reasons": reasons})
        raise ModelError(
            "{model} cannot be promoted: {reasons}.",
            model=identity,
            reasons="; ".join(reasons),
        )
    state = _state(name)
    history = [*state.get("previous", []), state.get("current", "")]
    _write_state(name, {"current": identity, "previous": history})
    log("promote", identity, candidate.manifest, "promoted", {"name": name})


def rollback(name: str) -> str:
    """Go back to the model used before; its id, or "" for the shipped one. ``ModelError`` if nothing was
    promoted.
    """
    state = _state(name)
    if not state.get("current"):
        raise ModelError("The shipped {name} model is in use; there is nothing to roll back.", name=name)
    previous = list(state.get("previous", []))
    before = str(previous.pop()) if previous else ""
    left = state["current"]
    _write_state(name, {"current": before, "previous": previous})
    log("rollback", str(left), None, "rolled back", {"name": name, "to": before or "shipped"})
    return before


def events() -> list[dict[str, Any]]:
    """The audit log, oldest first; a line cut short by a crash is left out."""
    path = root() / "log.jsonl"
    if not path.is_file():
        return []
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def log(
    action: str, identity: str, manifest: Manifest | None, outcome: str, details: Mapping[str, Any]
) -> None:
    """Append one event and see it onto the disk."""
    event = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "action": action,
        "model": identity,
        "sha256": manifest.acoustic.sha256 if manifest else "",
        "parents": list(manifest.parents) if manifest else [],
        "outcome": outcome,
        "details": dict(details),
    }
    path = root() / "log.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(event) + "\n")
        stream.flush()
        os.fsync(stream.fileno())


def numbers(metrics: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """Nested metrics as one flat mapping: {"phone": {"pearson": 0.6}} → {"phone_pearson": 0.6}."""
    flat: dict[str, float] = {}
    for name, value in metrics.items():
        if isinstance(value, Mapping):
            flat.update(numbers(value, f"{prefix}{name}_"))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            flat[f"{prefix}{name}"] = float(value)
    return flat


def _staged() -> list[Path]:
    folder = root() / "staging"
    return sorted(path for path in folder.glob("*") if path.is_dir() and not path.name.startswith("."))


def _state(name: str) -> dict[str, Any]:
    path = root() / f"{name}.json"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ModelError(
            "{path} cannot be read ({error}); delete it to go back to the shipped model.",
            path=path,
            error=error,
        ) from error
    return data if isinstance(data, dict) else {}


def _write_state(name: str, state: Mapping[str, Any]) -> None:
    write_atomic(root() / f"{name}.json", json.dumps(state, indent=1).encode())
