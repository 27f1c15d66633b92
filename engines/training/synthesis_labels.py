"""Labels of synthetic speech: brought in line with what the synthesiser reports, joined, packed."""

from __future__ import annotations

import json
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engines.training.mispronounce import Slot, SpokenWord, bare
from engines.training.voices import Segment

MAX_SURPRISES = 4


def reconcile(
    words: Sequence[SpokenWord], segments: Sequence[Segment]
) -> tuple[list[SpokenWord], list[tuple[float, float]]] | None:
    """The words as the synthesiser says it spoke them, and each said phone's (start_s, end_s).

    Synthesisers have a few rules of their own for joined words; what they report is what was said.
    A segment nobody ordered lengthens the one before. None where more than a rule's worth differs."""
    places = [
        (w, s) for w, word in enumerate(words) for s, slot in enumerate(word.slots) if slot.said is not None
    ]
    ordered = [bare(words[w].slots[s].said) for w, s in places]
    steps = align(ordered, [segment.phone for segment in segments])
    if sum(a is None or b is None or ordered[a] != segments[b].phone for a, b in steps) > MAX_SURPRISES:
        return None
    slots = [list(word.slots) for word in words]
    times: list[tuple[float, float]] = []
    for a, b in steps:
        if a is None and b is not None:
            if not times:
                return None
            times[-1] = (times[-1][0], segments[b].end_s)
        elif a is not None:
            w, s = places[a]
            own = slots[w][s]
            if b is None:
                slots[w][s] = Slot(own.canonical, None)
            else:
                times.append((segments[b].start_s, segments[b].end_s))
                if ordered[a] != segments[b].phone:
                    slots[w][s] = Slot(own.canonical, segments[b].phone)
    heard = [
        SpokenWord(word.text, tuple(slot for slot in found if slot != Slot(None, None)))
        for word, found in zip(words, slots, strict=True)
    ]
    return heard, times


def align(first: Sequence[Any], second: Sequence[Any]) -> list[tuple[int | None, int | None]]:
    """Index pairs of a least-edits alignment of two sequences; None for a gap."""
    cost = np.zeros((len(first) + 1, len(second) + 1), int)
    cost[:, 0] = np.arange(len(first) + 1)
    cost[0] = np.arange(len(second) + 1)
    for i, a in enumerate(first, 1):
        for j, b in enumerate(second, 1):
            cost[i, j] = min(cost[i - 1, j - 1] + (a != b), cost[i - 1, j] + 1, cost[i, j - 1] + 1)
    i, j = len(first), len(second)
    steps: list[tuple[int | None, int | None]] = []
    while i or j:
        if i and j and cost[i, j] == cost[i - 1, j - 1] + (first[i - 1] != second[j - 1]):
            i, j = i - 1, j - 1
            steps.append((i, j))
        elif i and cost[i, j] == cost[i - 1, j] + 1:
            i -= 1
            steps.append((i, None))
        else:
            j -= 1
            steps.append((None, j))
    return steps[::-1]


def join_labels(out: Path) -> dict[str, Any]:
    """All finished batches' labels, also written to labels.json."""
    labels: dict[str, Any] = {}
    for path in sorted((out / "batches").glob("*.json")):
        labels.update(json.loads(path.read_text()))
    (out / "labels.json").write_text(json.dumps(labels))
    return labels


def pack(
    out: Path, voices: Sequence[str], target: Path, limit_bytes: int, folder: str | None = None
) -> list[Path]:
    """Tar files NAME_01.tar … of the voices' audio, each with its own labels.json, none above the limit.

    With `folder` the pieces hold FOLDER/01, FOLDER/02 … and may all be unpacked in one place."""
    labels = {k: v for k, v in join_labels(out).items() if v["voice"] in voices}
    # Interleaved, so that every tar has all of the voices.
    order = sorted(labels, key=lambda key: (key.rsplit("_", 1)[1], key))
    groups: list[list[str]] = [[]]
    size = 0
    for key in order:
        # A tar member costs a header and is padded to 512 bytes; the label entry rides along.
        cost = (out / labels[key]["audio"]).stat().st_size + 1024 + len(json.dumps(labels[key]))
        if size + cost > limit_bytes:
            groups.append([])
            size = 0
        groups[-1].append(key)
        size += cost
    target.parent.mkdir(parents=True, exist_ok=True)
    paths = []
    for i, group in enumerate(groups, 1):
        path = target.with_name(f"{target.name}_{i:02d}.tar")
        partial = path.with_suffix(".part")
        # The default format spends a kilobyte more per file on its time of change.
        plain = tarfile.USTAR_FORMAT
        inside = f"{folder}/{i:02d}/" if folder else ""
        with tempfile.TemporaryDirectory() as scratch, tarfile.open(partial, "w", format=plain) as tar:
            listing = Path(scratch) / "labels.json"
            listing.write_text(json.dumps({key: labels[key] for key in group}, separators=(",", ":")))
            tar.add(listing, inside + "labels.json")
            for key in group:
                tar.add(out / labels[key]["audio"], inside + labels[key]["audio"])
        partial.replace(path)
        paths.append(path)
    return paths
