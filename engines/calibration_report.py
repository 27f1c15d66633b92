"""What INT8 costs, and what it costs when calibrated on the wrong recordings: figures for README and for
choosing layers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from engines import precision
from engines.batches import acoustic_inputs
from engines.calibration_set import PLACES, QUIET, calibration_set, recorded
from engines.manifest import Manifest
from engines.onnx_cpu import OnnxBytes
from engines.verify import Case
from tutor.acoustic import Floats
from tutor.progress import Progress, silent

_KEPT_LAYERS = 0.25
"""A layer group is worth keeping in FP16 when it alone makes this share of the summed loss."""


def compare_sets(
    manifest: Manifest, cases: Sequence[Case], *, progress: Progress = silent
) -> list[dict[str, Any]]:
    """KL divergence (nats a frame) and mean absolute error of INT8 posteriors, place by place, for both
    calibration sets.

    Half of the recordings calibrate, the other half are measured, so that no figure comes from a recording
    seen before.
    """
    data = manifest.acoustic_path.read_bytes()
    seen, unseen = cases[::2], cases[1::2] or cases
    voices = [case.samples for case in seen]
    reference = OnnxBytes(precision.variant(data, "fp32"))
    rows = []
    for name, places in (("quiet only", QUIET), ("everywhere", PLACES)):
        rounds = len(PLACES) if places is QUIET else 1
        clips = calibration_set(voices, places=places, rounds=rounds)
        quantised = OnnxBytes(precision.variant(data, "int8", clips=clips, rest="fp32", progress=progress))
        for index, place in enumerate(PLACES):
            rng = np.random.default_rng(100 + index)
            heard = [
                recorded(case.samples, place, [other.samples for other in unseen], rng) for case in unseen
            ]
            rows.append({"calibrated on": name, "heard in": place.name, **_loss(reference, quantised, heard)})
    return rows


def sweep(manifest: Manifest, cases: Sequence[Case], *, progress: Progress = silent) -> list[dict[str, Any]]:
    """Loss of INT8 in one group of like layers at a time, costliest first, with the nodes of each group."""
    data = manifest.acoustic_path.read_bytes()
    voices = [case.samples for case in cases]
    clips = calibration_set(voices[:6])
    heard = [recorded(voice, PLACES[1], voices, np.random.default_rng(5)) for voice in voices[:6]]
    reference = OnnxBytes(precision.variant(data, "fp32"))
    groups = layer_groups(precision.quantisable(data))

    def loss(variant: bytes) -> float:
        return _loss(reference, OnnxBytes(variant), heard)["kl"]

    losses = precision.sensitivity(data, list(groups.values()), clips, loss, progress=progress)
    total = sum(losses) or 1.0
    rows = [
        {
            "layers": name,
            "kl": value,
            "share": value / total,
            "keep": value / total >= _KEPT_LAYERS,
            "nodes": list(nodes),
        }
        for (name, nodes), value in zip(groups.items(), losses, strict=True)
    ]
    return sorted(rows, key=lambda row: -float(str(row["kl"])))


def layer_groups(nodes: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Nodes that play the same part in every block, under that part's name: ``/blocks.3/first/x`` →
    ``first/x``.
    """
    groups: dict[str, list[str]] = {}
    for node in nodes:
        groups.setdefault(re.sub(r"^/?[a-z_]+\.\d+/", "", node).strip("/"), []).append(node)
    return {name: tuple(members) for name, members in groups.items()}


def _loss(reference: OnnxBytes, candidate: OnnxBytes, clips: Sequence[Floats]) -> dict[str, float]:
    divergence, absolute = [], []
    for clip in clips:
        inputs = acoustic_inputs([clip])
        one, other = (graph.run(inputs)["log_posteriors"][0] for graph in (reference, candidate))
        divergence.append(float((np.exp(one) * (one - other)).sum(axis=1).mean()))
        absolute.append(float(np.abs(np.exp(one) - np.exp(other)).mean()))
    return {"kl": float(np.mean(divergence)), "mean_abs_p": float(np.mean(absolute))}
