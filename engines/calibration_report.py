"""What INT8 costs, and what it costs when calibrated on the wrong recordings: figures for README and for
choosing layers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engines import engine_store, precision
from engines.batches import acoustic_inputs, acoustic_outputs
from engines.calibration_set import PLACES, QUIET, Place, calibration_set, recorded
from engines.manifest import Manifest
from engines.onnx_cpu import OnnxBytes, OnnxScorer, scorer_of
from engines.onnx_graph import quantisable
from engines.plain_scorer import PlainScorer
from engines.verify import Case, rank_correlation
from tutor.acoustic import AcousticOutput, EngineInfo, Floats, ScorerInput, ScorerOutput
from tutor.errors import AudioError, Cancelled
from tutor.progress import Progress, silent
from tutor.timebase import MAX_SAMPLES, SAMPLE_RATE

if TYPE_CHECKING:
    from tutor.clip import Clip
    from tutor.prompts import Prompt

FIGURES = ("kl", "shift", "mean_abs", "rank", "sentence", "lost")
_LEVEL_DBFS, _ECHO_S = (-26.0, -14.0), (0.2, 0.5)
HEARD = (
    PLACES[0],
    *(
        Place(f"{noise}, {snr_db} dB", (snr_db, snr_db), _LEVEL_DBFS, _ECHO_S)
        for noise in ("classroom", "street", "subway")
        for snr_db in (20, 10, 5)
    ),
)
"""Quiet rooms, and three noises at three ratios of speech to noise."""

ENOUGH = 0.01
"""KL divergence (nats a frame) that INT8 may cost before layers are kept in FP16: a fifth of the gate's limit."""


def compare_sets(
    manifest: Manifest,
    cases: Sequence[Case],
    *,
    methods: Sequence[str] = ("minmax",),
    front: bool = False,
    progress: Progress = silent,
) -> list[dict[str, Any]]:
    """What learners would see of INT8 against FP32, noise by noise, for calibration on quiet recordings alone
    and everywhere.

    Each row: ``kl`` of the posteriors (nats a frame); ``shift`` and ``mean_abs`` of the phone scores, of 100,
    ``rank`` their Spearman correlation; ``sentence`` mean absolute change of the sentence score; ``lost``
    recordings whose verdict or words changed. Half of the recordings calibrate, the other half are measured,
    so that no figure comes from a recording seen before. front: the log-mel front end in INT8 as well.
    """
    data = manifest.acoustic_path.read_bytes()
    seen, unseen = cases[::2], [case for case in cases[1::2] or cases if case.text]
    voices = [case.samples for case in seen]
    heard = {place.name: _heard(unseen, place, index) for index, place in enumerate(HEARD)}
    scorer = scorer_of(manifest)
    reference = Variant(precision.variant(data, "fp32"), scorer)
    expected = {name: [_answer(reference, take) for take in takes] for name, takes in heard.items()}
    rows = []
    for method in methods:
        for calibrated, places in (("quiet only", QUIET), ("everywhere", PLACES)):
            clips = calibration_set(voices, places=places, rounds=len(PLACES) if places is QUIET else 1)
            made = precision.variant(
                data,
                "int8",
                clips=clips,
                rest="fp32",
                method=method,
                front=front,
                folder=engine_store.folder(),
                progress=progress,
            )
            candidate = Variant(made, scorer)
            for index, (name, takes) in enumerate(heard.items()):
                if not progress("scoring", index, len(heard)):
                    raise Cancelled("The measurement was stopped.")
                found = [_answer(candidate, take) for take in takes]
                row = {"scales": method, "calibrated on": calibrated, "heard in": name}
                rows.append({**row, **_compared(expected[name], found)})
    return rows


def pooled(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same with all noises of one loudness together."""
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in rows:
        loudness = row["heard in"].partition(", ")[2] or row["heard in"]
        groups.setdefault((row["scales"], row["calibrated on"], loudness), []).append(row)
    return [
        {
            "scales": scales,
            "calibrated on": calibrated,
            "heard in": loudness,
            **{name: float(np.mean([row[name] for row in members])) for name in FIGURES},
        }
        for (scales, calibrated, loudness), members in groups.items()
    ]


class Variant:
    """``tutor.acoustic.Model`` of a graph held in memory."""

    def __init__(self, data: bytes, scorer: OnnxScorer | PlainScorer) -> None:
        self._graph = OnnxBytes(data)
        self._scorer = scorer
        self.info = EngineInfo("onnx_cpu", "variant", "", "measured")

    def listen(self, clips: Sequence[Floats]) -> list[AcousticOutput]:
        return [acoustic_outputs(self._graph.run(acoustic_inputs([clip])), [len(clip)])[0] for clip in clips]

    def score(self, evidence: Sequence[ScorerInput]) -> list[ScorerOutput]:
        return self._scorer.score(evidence)

    def close(self) -> None:
        """Nothing to close."""


@dataclass(frozen=True)
class _Answer:
    """``posteriors`` float32 (frames, 40) of logarithms; ``phones`` and ``sentence`` 0–100."""

    posteriors: Floats
    verdict: str
    phones: Floats
    sentence: float


def _heard(cases: Sequence[Case], place: Place, seed: int) -> list[tuple[Clip, Prompt]]:
    from tutor.clip import clip_from_samples
    from tutor.prompts import make_prompt

    rng = np.random.default_rng(100 + seed)
    voices = [case.samples for case in cases]
    noise = place.name.partition(",")[0]
    takes = []
    for case in cases:
        sound = recorded(case.samples, replace(place, name=noise), voices, rng)
        # A recording that nobody could score says nothing about INT8.
        with suppress(AudioError):
            takes.append((clip_from_samples(sound, SAMPLE_RATE), make_prompt(case.text)))
    return takes


def _answer(model: Variant, take: tuple[Clip, Prompt]) -> _Answer:
    from tutor.assess import assess

    result = assess(*take, model)
    phones = [phone.score for word in result.words for phone in word.phonemes]
    heard = model.listen([take[0].samples[:MAX_SAMPLES]])[0].log_posteriors
    overall = result.scores.overall if result.scores else 0.0
    return _Answer(heard, result.verdict, np.array(phones, np.float32), overall)


def _compared(expected: Sequence[_Answer], found: Sequence[_Answer]) -> dict[str, float]:
    pairs = [
        (one, other)
        for one, other in zip(expected, found, strict=True)
        if one.verdict == other.verdict and len(one.phones) == len(other.phones)
    ]
    divergence = [
        float((np.exp(one.posteriors) * (one.posteriors - other.posteriors)).sum(axis=1).mean())
        for one, other in zip(expected, found, strict=True)
    ]
    figures = {"kl": float(np.mean(divergence)), "lost": float(len(expected) - len(pairs))}
    if not pairs:
        return {**dict.fromkeys(FIGURES, float("nan")), **figures}
    one, other = (np.concatenate([pair[side].phones for pair in pairs]) for side in (0, 1))
    return {
        **figures,
        "shift": float((other - one).mean()),
        "mean_abs": float(np.abs(other - one).mean()),
        "rank": rank_correlation(one, other),
        "sentence": float(np.mean([abs(pair[1].sentence - pair[0].sentence) for pair in pairs])),
    }


def sweep(manifest: Manifest, cases: Sequence[Case], *, progress: Progress = silent) -> list[dict[str, Any]]:
    """Loss of INT8 in one group of like layers at a time, costliest first, with the nodes of each group.

    ``keep``: whether the group should stay FP16, and ``why``. Groups are kept, the costliest first, until the
    whole model in INT8 would lose no more than ``ENOUGH``.
    """
    data = manifest.acoustic_path.read_bytes()
    voices = [case.samples for case in cases]
    clips = calibration_set(voices[:6])
    heard = [recorded(voice, PLACES[1], voices, np.random.default_rng(5)) for voice in voices[:6]]
    reference = OnnxBytes(precision.variant(data, "fp32"))
    groups = layer_groups(quantisable(data))
    folder = engine_store.folder()

    def loss(variant: bytes) -> float:
        return _loss(reference, OnnxBytes(variant), heard)

    losses = precision.sensitivity(data, list(groups.values()), clips, loss, folder=folder, progress=progress)
    whole = loss(precision.variant(data, "int8", clips=clips, rest="fp32", folder=folder))
    return judged(dict(zip(groups, losses, strict=True)), groups, whole)


def judged(
    losses: Mapping[str, float], groups: Mapping[str, Sequence[str]], whole: float
) -> list[dict[str, Any]]:
    """``sweep``'s rows from what each group loses alone and all together."""
    total = sum(losses.values()) or 1.0
    left = whole
    rows = []
    for name in sorted(losses, key=lambda name: -losses[name]):
        share = losses[name] / total
        keep = left > ENOUGH
        if keep:
            why = f"all in INT8 loses {whole:.2g} nats, over {ENOUGH:g}; {share:.0%} of it comes from here"
            left -= share * whole
        else:
            why = f"what is in INT8 loses {left:.2g} nats, within {ENOUGH:g}"
        row = {"layers": name, "kl": losses[name], "share": share, "keep": keep, "why": why}
        rows.append({**row, "nodes": list(groups[name])})
    return rows


def layer_groups(nodes: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Nodes that play the same part in every block, under that part's name: ``/blocks.3/first/x`` →
    ``first/x``.
    """
    groups: dict[str, list[str]] = {}
    for node in nodes:
        groups.setdefault(re.sub(r"^/?[a-z_]+\.\d+/", "", node).strip("/"), []).append(node)
    return {name: tuple(members) for name, members in groups.items()}


def _loss(reference: OnnxBytes, candidate: OnnxBytes, clips: Sequence[Floats]) -> float:
    divergence = []
    for clip in clips:
        inputs = acoustic_inputs([clip])
        one, other = (graph.run(inputs)["log_posteriors"][0] for graph in (reference, candidate))
        divergence.append(float((np.exp(one) * (one - other)).sum(axis=1).mean()))
    return float(np.mean(divergence))
