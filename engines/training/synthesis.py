"""Makes labelled synthetic speech: python -m engines.training.synthesis --out DIR --hours H --seed S

Every batch of utterances is one file under DIR/batches, so an interrupted run goes on where it stopped;
each utterance depends only on the seed, its voice and its number. DIR/labels.json joins the batches.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from engines.training.mispronounce import ACCENTS, SpokenWord, bare, canonical_word, mispronounce
from engines.training.synthesis_labels import join_labels, pack, reconcile
from engines.training.synthesis_text import (
    Pronunciations,
    Sources,
    draw_sentence,
    load_pronunciations,
    load_sources,
    pronounce,
)
from engines.training.voices import Order, Rendering, Segment, make_voice

RATE_HZ = 16_000
BATCH = 40
# 20 kbit/s on libsndfile's scale, where 0 is 256 and 1 is 6 kbit/s.
OPUS_COMPRESSION = 0.944


@dataclass(frozen=True)
class VoicePlan:
    """How much of a voice is made: a share of the training hours, or a number of test utterances.

    `warp_sd` is the spread of the resampling that makes other speakers out of one. A voice whose pitch can be
    set freely is instead bent towards drawn `PEOPLE`; `speaker` is who it is by nature."""

    split: str
    amount: float
    warp_sd: float = 0.07
    canonical_share: float = 0.45
    speaker: Speaker | None = None


@dataclass(frozen=True)
class Speaker:
    """A kind of speaker: share among all, median pitch and how short the vocal tract is against a woman's,
    with the spreads (of logarithms) within the kind."""

    share: float
    pitch_hz: float
    shortness: float
    pitch_sd: float = 0.14
    shortness_sd: float = 0.035


PEOPLE = {
    "man": Speaker(0.33, 118, 0.87),
    "woman": Speaker(0.32, 205, 1.0),
    "child": Speaker(0.35, 255, 1.14, 0.13, 0.05),
}


VOICES = {
    "flite-slt": VoicePlan("train", 1.2),
    "flite-rms": VoicePlan("train", 1.2),
    "flite-kal16": VoicePlan("train", 0.8),
    "festival-kal_diphone": VoicePlan("train", 0.6),
    "festival-cmu_us_slt_arctic_hts": VoicePlan("train", 1.0),
    "piper-joe": VoicePlan("train", 1.6),
    "espeak-en": VoicePlan("train", 0.2),
    "kokoro-english": VoicePlan("train", 6.0, 0.09),
    "kokoro-romance": VoicePlan("train", 1.0, 0.09),
    "kokoro-mandarin": VoicePlan("train", 1.0, 0.09),
    "kokoro-elsewhere": VoicePlan("train", 0.8, 0.09),
    "hibari-heart": VoicePlan("train", 2.0, speaker=Speaker(0.0, 195, 1.0)),
    "rhvoice-bdl": VoicePlan("train", 0.8, speaker=Speaker(0.0, 125, 0.87)),
    "rhvoice-clb": VoicePlan("train", 0.8, speaker=Speaker(0.0, 175, 1.0)),
    "rhvoice-blend": VoicePlan("train", 0.8, speaker=Speaker(0.0, 155, 0.95)),
    "flite-awb": VoicePlan("test", 150, 0.03, 0.2),
    "festival-ked_diphone": VoicePlan("test", 150, 0.03, 0.2),
    "kokoro-jf_gongitsune": VoicePlan("test", 150, 0.03, 0.2),
}


@dataclass(frozen=True)
class Utterance:
    """What one utterance shall be: words with their slots, and the manner of saying them."""

    identity: str
    words: tuple[SpokenWord, ...]
    order: Order
    warp: float
    lead_s: float
    level_db: float


def plan_utterance(
    voice: str, number: int, seed: int, sources: Sources, pronunciations: Pronunciations
) -> Utterance:
    """The number-th utterance of a voice; the same for the same seed and sources."""
    plan = VOICES[voice]
    rng = np.random.default_rng([seed, zlib.crc32(voice.encode()), number])
    texts = draw_sentence(sources, pronunciations, rng)
    spoken = [
        canonical_word(text, phones)
        for text, phones in zip(texts, pronounce(texts, pronunciations, rng), strict=True)
    ]
    if rng.random() >= plan.canonical_share:
        spoken = mispronounce(spoken, rng.uniform(0.05, 0.30), str(rng.choice(sorted(ACCENTS))), rng)
    hesitant = rng.random() < 0.15
    warp = float(np.clip(np.exp(rng.normal(0, plan.warp_sd)), 0.86, 1.2))
    pitch_sd, pitch_mean = 0.1, 0.0
    if plan.speaker:
        warp, pitch_mean, pitch_sd = draw_speaker(plan.speaker, rng)
    stretch = rng.uniform(1.1, 1.4) if hesitant else float(np.clip(np.exp(rng.normal(0.03, 0.14)), 0.75, 1.3))
    pauses = rng.random(len(spoken)) < (0.35 if hesitant else 0.04)
    pauses[-1] = False
    order = Order(
        words=texts,
        phones=tuple(tuple(word.said) for word in spoken),
        pause_after=tuple(bool(pause) for pause in pauses),
        # Playing at `warp` times the speed shortens everything, so it is ordered that much longer.
        stretch=float(stretch * warp),
        pitch=float(np.exp(rng.normal(pitch_mean, pitch_sd))),
        variety=float(rng.random()),
    )
    return Utterance(
        identity=f"{voice.replace('-', '_')}_{number:05d}",
        words=tuple(spoken),
        order=order,
        warp=warp,
        lead_s=rng.uniform(0.05, 0.25),
        level_db=rng.uniform(-14, -3),
    )


def draw_speaker(own: Speaker, rng: np.random.Generator) -> tuple[float, float, float]:
    """Warp, and mean and spread of the log pitch to order before it, that make another speaker out of `own`.

    The nearer a kind of speaker is to `own`, the likelier it is drawn: bent far, a voice sounds unnatural."""
    kinds = list(PEOPLE.values())
    chances = np.array([kind.share * np.exp(-np.square(np.log(kind.shortness / own.shortness) / 0.2)) for kind in kinds])
    kind = kinds[rng.choice(len(kinds), p=chances / chances.sum())]
    wanted = kind.shortness / own.shortness * np.exp(rng.normal(0, kind.shortness_sd))
    warp = float(np.clip(wanted, 0.8, 1.3))
    return warp, float(np.log(kind.pitch_hz / own.pitch_hz / warp)), kind.pitch_sd


def expected_length_s(utterance: Utterance) -> float:
    """A rough forecast, to share out hours before anything is rendered."""
    phones = sum(len(word.said) for word in utterance.words)
    return (
        0.25
        + (0.084 * phones + 0.25 * sum(utterance.order.pause_after))
        * utterance.order.stretch
        / utterance.warp
    )


def finish(
    rendering: Rendering, utterance: Utterance
) -> tuple[np.ndarray, tuple[Segment, ...] | None] | None:
    """16 kHz float32 samples, warped, trimmed, levelled, and segments on their time axis; None if silent."""
    samples = soxr.resample(rendering.samples, rendering.rate_hz * utterance.warp, RATE_HZ).astype(np.float32)
    peak = float(np.abs(samples).max()) if samples.size else 0.0
    if peak < 1e-3:
        return None
    if rendering.segments:
        first_s = rendering.segments[0].start_s / utterance.warp
        last_s = rendering.segments[-1].end_s / utterance.warp
    else:
        loud = np.flatnonzero(np.abs(samples) > 0.02 * peak) / RATE_HZ
        first_s, last_s = float(loud[0]), float(loud[-1])
    start = max(0, round((first_s - utterance.lead_s) * RATE_HZ))
    end = min(samples.size, round((last_s + utterance.lead_s) * RATE_HZ))
    samples = samples[start:end] * (10 ** (utterance.level_db / 20) / peak)
    if rendering.segments is None:
        return samples, None
    shift_s = start / RATE_HZ
    end_s = samples.size / RATE_HZ
    return samples, tuple(
        Segment(s.phone, s.start_s / utterance.warp - shift_s, min(s.end_s / utterance.warp - shift_s, end_s))
        for s in rendering.segments
    )


def label(
    voice: str,
    utterance: Utterance,
    words: Sequence[SpokenWord],
    times: Sequence[tuple[float, float]] | None,
    length_s: float,
) -> dict[str, Any]:
    """The entry of labels.json. `canonical` pairs every canonical phone with the said one, null for none."""
    return {
        "text": " ".join(word.text for word in words),
        "voice": voice,
        "split": VOICES[voice].split,
        "audio": f"audio/{utterance.identity}.opus",
        "length_s": round(length_s, 4),
        "said": [bare(phone) for word in words for phone in word.said],
        "times": None if times is None else [[round(start, 4), round(end, 4)] for start, end in times],
        "words": [
            {
                "text": word.text,
                "canonical": word.canonical,
                "said": [bare(phone) for phone in word.said],
                "said_stressed": word.said,
                "edits": word.edits(),
            }
            for word in words
        ],
        "canonical": [[bare(slot.canonical), bare(slot.said)] for word in words for slot in word.slots],
        "manner": {
            "stretch": round(utterance.order.stretch / utterance.warp, 3),
            "pitch": round(utterance.order.pitch, 3),
            "warp": round(utterance.warp, 3),
        },
    }


def make_batch(task: tuple[str, int, tuple[Utterance, ...], Path]) -> tuple[str, float, int]:
    """Renders one batch and writes its audio and labels; returns voice, seconds made and utterances lost."""
    voice, batch, utterances, out = task
    target = out / "batches" / f"{voice}_{batch:04d}.json"
    entries: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        renderings = make_voice(voice).render([u.order for u in utterances], Path(folder))
        for utterance, rendering in zip(utterances, renderings, strict=True):
            finished = None if rendering is None else finish(rendering, utterance)
            if finished is None:
                continue
            samples, segments = finished
            words: Sequence[SpokenWord] = utterance.words
            times = None
            if segments is not None:
                reconciled = reconcile(words, segments)
                if reconciled is None:
                    continue
                words, times = reconciled
            path = out / "audio" / f"{utterance.identity}.opus"
            soundfile.write(
                path, samples, RATE_HZ, format="OGG", subtype="OPUS", compression_level=OPUS_COMPRESSION
            )
            entries[utterance.identity] = label(voice, utterance, words, times, samples.size / RATE_HZ)
    partial = target.with_suffix(".part")
    partial.write_text(json.dumps(entries))
    partial.replace(target)
    return voice, sum(entry["length_s"] for entry in entries.values()), len(utterances) - len(entries)


def batches_of(
    voice: str, amount: float, seed: int, sources: Sources, pronunciations: Pronunciations
) -> Iterator[tuple[Utterance, ...]]:
    """Batches until `amount` hours (training voices) or utterances (test voices) are planned."""
    train = VOICES[voice].split == "train"
    made, number = 0.0, 0
    while made < amount:
        batch = []
        # Training batches are always full, so that more hours later only add batches.
        while len(batch) < BATCH and (train or made < amount):
            batch.append(plan_utterance(voice, number, seed, sources, pronunciations))
            made += expected_length_s(batch[-1]) / 3600 if train else 1
            number += 1
        yield tuple(batch)


def main() -> None:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    parser = argparse.ArgumentParser(description="Synthetic speech with known phones and deliberate errors.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--hours", type=float, default=10.0, help="training hours over all voices named")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--voices", default=",".join(VOICES), help="comma separated")
    parser.add_argument("--test-utterances", type=int, help="per test voice; default as planned")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--corpus", type=Path, default=Path("../shared/corpus"))
    parser.add_argument("--pack", type=Path, help="afterwards write PACK_01.tar … of these voices")
    parser.add_argument("--pack-mib", type=float, default=50.0)
    parser.add_argument("--pack-folder", help="the pieces hold FOLDER/01, FOLDER/02 … instead of bare files")
    options = parser.parse_args()
    voices = options.voices.split(",")
    unknown = sorted(set(voices) - set(VOICES))
    if unknown:
        parser.error(f"unknown voice {', '.join(unknown)}; expected some of {', '.join(VOICES)}")
    for name in ("audio", "batches"):
        (options.out / name).mkdir(parents=True, exist_ok=True)
    pronunciations = load_pronunciations()
    sources = load_sources(options.corpus, pronunciations)
    total_share = sum(VOICES[v].amount for v in voices if VOICES[v].split == "train") or 1.0
    queues: list[list[tuple[str, int, tuple[Utterance, ...], Path]]] = []
    for voice in voices:
        plan = VOICES[voice]
        amount = plan.amount * options.hours / total_share
        if plan.split == "test":
            amount = options.test_utterances or plan.amount
        made = batches_of(voice, amount, options.seed, sources, pronunciations)
        queues.append([(voice, i, batch, options.out) for i, batch in enumerate(made)])
    # By fraction of each voice, so that an early stop leaves a balanced set.
    tasks = sorted(
        (t for queue in queues for t in queue), key=lambda t: t[1] / len(queues[voices.index(t[0])])
    )
    tasks = [t for t in tasks if not (options.out / "batches" / f"{t[0]}_{t[1]:04d}.json").exists()]
    console = Console()
    lost: dict[str, int] = defaultdict(int)
    with (
        Progress(
            TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), console=console
        ) as progress,
        multiprocessing.Pool(options.jobs) as pool,
    ):
        bar = progress.add_task("utterances", total=sum(len(t[2]) for t in tasks))
        for voice, _, missing in pool.imap_unordered(make_batch, tasks):
            progress.advance(bar, BATCH)
            lost[voice] += missing
    labels = join_labels(options.out)
    for voice in voices:
        own = [entry for entry in labels.values() if entry["voice"] == voice]
        hours = sum(entry["length_s"] for entry in own) / 3600
        console.print(f"{voice}: {len(own)} utterances, {hours:.2f} h, {lost[voice]} lost in this run")
    if options.pack:
        limit = int(options.pack_mib * 2**20)
        for path in pack(options.out, voices, options.pack, limit, options.pack_folder):
            console.print(f"{path}: {path.stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
