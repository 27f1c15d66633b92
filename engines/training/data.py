"""Everything the recipe learns from, as one bank of int16 samples and per-utterance targets on the training device.

Three sources: rated learners (``labels.json`` + pocketsphinx times), a native speaker, and synthetic speech whose
said phones are known. Batches are drawn by length bucket, the sources in given shares.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tutor.evidence import expected_phones
from tutor.phones import class_of
from tutor.timebase import FRAME_S, SAMPLE_RATE, frames_of

LEARNER, NATIVE, SYNTHETIC = 0, 1, 2
SENTENCE = ("accuracy", "fluency", "prosodic", "completeness", "total")
WORD = ("accuracy", "stress", "total")
NO_LABEL = -1
SHAPE_SAMPLES = 8000
"""Batches are padded to half seconds: a GPU library plans every new shape anew."""


def rounded(count: int, step: int) -> int:
    """The next multiple of ``step``."""
    return -(-count // step) * step


@dataclass
class Utterance:
    """One recording with its targets. ``marks``: the experts' shares of 0, 1, 2 per expected phone, NaN where unrated."""

    key: str
    source: int
    speaker: str
    samples: np.ndarray  # int16 (n,)
    said: np.ndarray  # int64, classes for CTC
    classes: np.ndarray  # expected phones
    words: np.ndarray
    features: np.ndarray  # float32 (P, 3) start, end, stressed
    frames: np.ndarray  # int64 (T,), class or NO_LABEL
    marks: np.ndarray  # float32 (P, 3)
    word_scores: np.ndarray  # float32 (W, 3), NaN where unrated
    sentence_scores: np.ndarray  # float32 (5,)
    age: int = 0
    gender: str = ""
    starts: np.ndarray | None = None  # int64 (P,), frames of the phones by the network's own alignment
    ends: np.ndarray | None = None


def read_all(paths: Sequence[Path], cache: Path | None) -> list[np.ndarray]:
    """Decode many files on all cores; ``cache`` (.npy beside .json) keeps the samples for the next run."""
    if cache and cache.with_suffix(".json").exists():
        lengths = json.loads(cache.with_suffix(".json").read_text())
        if list(lengths) == [path.name for path in paths]:
            return np.split(np.load(cache), np.cumsum(list(lengths.values()))[:-1])
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        arrays = list(pool.map(read_samples, paths))
    if cache:
        np.save(cache, np.concatenate(arrays))
        lengths = {path.name: len(array) for path, array in zip(paths, arrays, strict=True)}
        cache.with_suffix(".json").write_text(json.dumps(lengths))
    return arrays


def read_samples(path: Path) -> np.ndarray:
    """A 16 kHz mono file as int16."""
    import soundfile

    samples, rate = soundfile.read(path, dtype="int16")
    if rate != SAMPLE_RATE or samples.ndim != 1:
        raise ValueError(f"{path}: {rate} Hz, {samples.ndim} dimensions; 16 kHz mono was expected")
    return samples


def frame_labels(spans: Sequence[tuple[int, float, float]], count: int) -> np.ndarray:
    """(class or NO_LABEL, start_s, end_s) in order → int64 (count,), silence where nothing is said."""
    labels = np.zeros(count, dtype=np.int64)
    centres = np.arange(count) * FRAME_S
    for label, start, end in spans:
        labels[(centres >= start) & (centres < end)] = label
    return labels


def rated_corpus(folder: Path, times: Path, cache: Path | None = None) -> list[Utterance]:
    """speechocean762's training half with pocketsphinx times (from ``bootstrap.py``)."""
    labels = json.loads((folder / "labels.json").read_text("utf-8"))
    aligned = json.loads(times.read_text())
    sounds = read_all([folder / item["audio"] for item in labels.values()], cache)
    result = []
    for (key, item), samples in zip(labels.items(), sounds, strict=True):
        expected = expected_phones([word["phones"] for word in item["words"]])
        marks, means = _expert_shares(item)
        spans = _spans(aligned.get(key), means)
        count = frames_of(len(samples))
        result.append(
            Utterance(
                key, LEARNER, item["speaker"], samples, _said(expected.classes, means), expected.classes,
                expected.words, expected.marks,
                frame_labels(spans, count) if spans else np.full(count, NO_LABEL, dtype=np.int64),
                marks,
                np.array([[word[name] for name in WORD] for word in item["words"]], dtype=np.float32),
                np.array([item[name] for name in SENTENCE], dtype=np.float32),
                item["age"], item["gender"],
            )
        )  # fmt: skip
    return result


def native_corpus(folder: Path, times: Path | None, cache: Path | None = None) -> list[Utterance]:
    """A native speaker: every phone right, words and sentences unrated."""
    labels = json.loads((folder / "labels.json").read_text("utf-8"))
    aligned = json.loads(times.read_text()) if times else {}
    sounds = read_all([folder / item["audio"] for item in labels.values()], cache)
    result = []
    for (key, item), samples in zip(labels.items(), sounds, strict=True):
        expected = expected_phones([word["phones"] for word in item["words"]])
        count = frames_of(len(samples))
        spans = _spans(aligned.get(key), [2.0] * len(expected.classes))
        right = np.tile(np.array([0, 0, 1], dtype=np.float32), (len(expected.classes), 1))
        words = int(expected.words[-1]) + 1
        result.append(
            Utterance(
                key, NATIVE, item["speaker"], samples, expected.classes.astype(np.int64), expected.classes,
                expected.words, expected.marks,
                frame_labels(spans, count) if spans else np.full(count, NO_LABEL, dtype=np.int64),
                right, np.full((words, 3), np.nan, dtype=np.float32), np.full(5, np.nan, dtype=np.float32),
            )
        )  # fmt: skip
    return result


def synthetic_corpus(folder: Path, split: str = "train", cache: Path | None = None) -> list[Utterance]:
    """Output of ``synthesis.py``: what was said is known, phone by phone."""
    labels = json.loads((folder / "labels.json").read_text("utf-8"))
    labels = {key: item for key, item in labels.items() if item["split"] == split and item["said"]}
    if not labels:
        return []
    sounds = read_all([folder / item["audio"] for item in labels.values()], cache)
    result = []
    for (key, item), samples in zip(labels.items(), sounds, strict=True):
        expected = expected_phones([word["canonical"] for word in item["words"]])
        pairs = [pair for pair in item["canonical"] if pair[0] is not None]
        if len(pairs) != len(expected.classes):
            raise ValueError(f"{key}: {len(pairs)} aligned phones for {len(expected.classes)} expected")
        right = [pair[1] is not None and pair[1].rstrip("012") == pair[0].rstrip("012") for pair in pairs]
        marks = np.array([[0, 0, 1] if good else [1, 0, 0] for good in right], dtype=np.float32)
        count = frames_of(len(samples))
        said = np.array([class_of(phone) for phone in item["said"]], dtype=np.int64)
        times = item.get("times")
        frames = np.full(count, NO_LABEL, dtype=np.int64)
        if times:
            frames = frame_labels([(c, s, e) for c, (s, e) in zip(said.tolist(), times, strict=True)], count)
        words = int(expected.words[-1]) + 1
        result.append(
            Utterance(
                key, SYNTHETIC, item["voice"], samples, said, expected.classes, expected.words, expected.marks, frames,
                marks, np.full((words, 3), np.nan, dtype=np.float32), np.full(5, np.nan, dtype=np.float32),
            )
        )  # fmt: skip
    return result


def _expert_shares(item: dict[str, Any]) -> tuple[np.ndarray, list[float]]:
    shares, means = [], []
    for word in item["words"]:
        for mean, experts in zip(word["phones-accuracy"], word["phones-accuracy-experts"], strict=True):
            votes = [vote for vote in experts or [] if vote is not None]
            if mean is None or not votes:
                shares.append([np.nan] * 3)
                means.append(2.0)
                continue
            shares.append([sum(_split(vote, level) for vote in votes) / len(votes) for level in range(3)])
            means.append(mean)
    return np.array(shares, dtype=np.float32), means


def _said(classes: np.ndarray, means: Sequence[float]) -> np.ndarray:
    """CTC target: phones the raters call wrong or missing are left out, so that they get no posterior of their own."""
    kept = classes[np.asarray(means) >= 0.5].astype(np.int64)
    return kept if len(kept) else classes.astype(np.int64)


def _split(vote: float, level: int) -> float:
    """A vote between two levels counts for both in proportion."""
    return max(0.0, 1.0 - abs(vote - level))


def _spans(aligned: list[Any] | None, means: Sequence[float]) -> list[tuple[int, float, float]] | None:
    """Phones the raters doubted carry no frame label: what was said there is unknown."""
    if aligned is None:
        return None
    spans, index = [], 0
    for name, start, end in aligned:
        if name in ("SIL", "+NSN+", "+SPN+", "(NULL)"):
            continue
        spans.append((class_of(name) if means[index] >= 1.2 else NO_LABEL, start, end))
        index += 1
    return spans if index == len(means) else None


def folds(utterances: Sequence[Utterance], count: int = 5) -> dict[str, int]:
    """Speaker → fold: sorted by age and dealt in turn, so that every fold has children and adults."""
    ages = {item.speaker: (item.age, item.gender, item.speaker) for item in utterances if item.source == LEARNER}
    return {speaker: index % count for index, (_, _, speaker) in enumerate(sorted(ages.values()))}


def _or_zeros(array: np.ndarray | None, like: np.ndarray) -> np.ndarray:
    return np.zeros(len(like), dtype=np.int64) if array is None else array


class Bank:
    """Utterances on the device, drawn as padded batches."""

    def __init__(self, utterances: Sequence[Utterance], device: torch.device) -> None:
        self.items = sorted(utterances, key=lambda item: len(item.samples))
        self.device = device
        self.lengths = np.array([len(item.samples) for item in self.items])
        self.offsets = np.concatenate([[0], np.cumsum(self.lengths)[:-1]])
        self.samples = torch.from_numpy(np.concatenate([item.samples for item in self.items])).to(device)
        self.sources = np.array([item.source for item in self.items])

    def batch(self, chosen: np.ndarray) -> dict[str, Tensor]:
        """Padded tensors of the chosen utterances; NaN or NO_LABEL marks what is unknown."""
        items = [self.items[index] for index in chosen]
        lengths = torch.as_tensor(self.lengths[chosen], device=self.device)
        offsets = torch.as_tensor(self.offsets[chosen], device=self.device)
        time = torch.arange(rounded(int(self.lengths[chosen].max()), SHAPE_SAMPLES), device=self.device)
        index = (offsets[:, None] + time).clamp(max=len(self.samples) - 1)
        samples = self.samples[index].float() / 32768 * (time < lengths[:, None])

        def padded(arrays: list[np.ndarray], fill: float) -> Tensor:
            width = rounded(max(len(array) for array in arrays), 8)
            out = np.full((len(arrays), width, *arrays[0].shape[1:]), fill, dtype=arrays[0].dtype)
            for row, array in zip(out, arrays, strict=True):
                row[: len(array)] = array
            return torch.from_numpy(out).to(self.device, non_blocking=True)

        return {
            "samples": samples,
            "lengths": lengths,
            "lengths_cpu": torch.from_numpy(self.lengths[chosen]),
            "said_counts_cpu": torch.tensor([len(item.said) for item in items]),
            "said": padded([item.said for item in items], 0),
            "said_counts": torch.tensor([len(item.said) for item in items], device=self.device),
            "classes": padded([item.classes.astype(np.int64) for item in items], 1),
            "words": padded([item.words.astype(np.int64) for item in items], NO_LABEL),
            "counts": torch.tensor([len(item.classes) for item in items], device=self.device),
            "marks": padded([item.features for item in items], 0.0),
            "starts": padded([_or_zeros(item.starts, item.classes) for item in items], 0),
            "ends": padded([_or_zeros(item.ends, item.classes) for item in items], 0),
            "frames": padded([item.frames for item in items], NO_LABEL),
            "phone_targets": padded([item.marks for item in items], np.nan),
            "word_targets": padded([item.word_scores for item in items], np.nan),
            "sentence_targets": torch.from_numpy(np.stack([item.sentence_scores for item in items])).to(self.device),
            "sources": torch.as_tensor(self.sources[chosen], device=self.device),
        }

    def random_samples(self, shape: tuple[int, int], voices: int = 4) -> Tensor:
        """(B, N) of several speakers talking at once, from anywhere in the bank."""
        total = torch.zeros(shape, device=self.device)
        time = torch.arange(shape[1], device=self.device)
        for _ in range(voices):
            start = torch.randint(0, max(1, len(self.samples) - shape[1]), (shape[0], 1), device=self.device)
            total += self.samples[(start + time).clamp(max=len(self.samples) - 1)].float() / 32768
        return total


class Buckets:
    """Utterances of like length as padded tensors on the device; each member draws its own rows of one bucket.

    A draw holds about ``seconds`` of padded speech a member, ``shares`` of it of learners, natives, synthesisers;
    ``left_out`` are the bank indices that each member never hears.
    """

    def __init__(
        self, bank: Bank, seconds: float, shares: Sequence[float], left_out: Sequence[np.ndarray], seed: int, count: int = 16
    ) -> None:
        self.bank, self.seconds = bank, seconds
        self.rng = np.random.default_rng(seed)
        weights = np.zeros(len(bank.items))
        for source, share in enumerate(shares):
            of = bank.sources == source
            if of.any():
                weights[of] = share / bank.lengths[of].sum()
        heard = [np.where(np.isin(np.arange(len(weights)), out), 0, weights) for out in left_out]
        keep = np.flatnonzero(np.max(heard, axis=0))
        mass = np.cumsum(weights[keep] * bank.lengths[keep])
        edges = np.searchsorted(mass, np.linspace(0, mass[-1], count + 1)[1:-1])
        # A bucket in which some member may hear nothing is left out.
        self.groups = [group for group in np.split(keep, edges) if min(chance[group].sum() for chance in heard) > 0]
        self.chances = [[chance[group] / chance[group].sum() for chance in heard] for group in self.groups]
        share = np.array([(weights[group] * bank.lengths[group]).sum() for group in self.groups])
        self.bucket_chances = share / share.sum()
        self.tensors = [bank.batch(group) for group in self.groups]

    def draw(self) -> dict[str, Tensor]:
        """Members × n rows, member by member."""
        number = self.rng.choice(len(self.groups), p=self.bucket_chances)
        tensors = self.tensors[number]
        count = max(4, int(self.seconds / (tensors["samples"].shape[1] / SAMPLE_RATE)) // 4 * 4)
        rows = np.concatenate([
            self.rng.choice(len(chance), size=count, replace=count > (chance > 0).sum(), p=chance)
            for chance in self.chances[number]
        ])  # fmt: skip
        index = torch.from_numpy(rows)
        on_device = index.to(self.bank.device)
        return {name: value[index if value.device.type == "cpu" else on_device] for name, value in tensors.items()}

    def place(self) -> None:
        """Take over the bank's new alignment."""
        for group, tensors in zip(self.groups, self.tensors, strict=True):
            for row, item in enumerate(self.bank.items[index] for index in group):
                for name, value in (("starts", item.starts), ("ends", item.ends)):
                    if value is not None:
                        tensors[name][row, : len(value)] = torch.from_numpy(value).to(self.bank.device)
