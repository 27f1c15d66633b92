"""What trained members say of utterances they did not hear, kept as arrays, and how well it agrees with the raters."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from engines.training import data, segments
from engines.training.committee import CommitteeScorer
from engines.training.train import Both
from tutor.timebase import FRAME_SAMPLES


@torch.no_grad()
def answers(model: Both, bank: data.Bank, indices: np.ndarray, seconds: float = 800.0) -> list[dict[str, Any]]:
    """What the members together say of the utterances: evidence, scores and targets, one entry an utterance."""
    scorer = CommitteeScorer(model.scorer)
    found: list[dict[str, Any]] = []
    position = 0
    while position < len(indices):
        count = 1
        while position + count < len(indices) and bank.lengths[indices[position + count]] / 16000 * (count + 1) < seconds:
            count += 1
        chosen = indices[position : position + count]
        position += count
        batch = bank.batch(chosen)
        ctc, frame, hidden = model.acoustic(batch["samples"], batch["lengths"])
        frames = batch["lengths"] // FRAME_SAMPLES + 1
        starts, ends = segments.align(frame, frames, batch["classes"], batch["words"], batch["counts"])
        features, pooled = segments.evidence(
            ctc, frame, hidden, batch["classes"], batch["marks"], batch["counts"], starts, ends
        )
        phone, spread, word, sentence = scorer(batch["classes"] - 1, batch["words"], batch["counts"], features, pooled)
        best = ctc.argmax(dim=2).cpu().numpy()
        for row, item in enumerate(bank.items[index] for index in chosen):
            path = best[row, : int(frames[row])]
            heard = [c for i, c in enumerate(path) if c and (i == 0 or c != path[i - 1])]
            p, w = len(item.classes), len(item.word_scores)
            found.append({
                "key": item.key, "group": ("learner-", "native-", "voice-")[item.source] + item.speaker,
                "features": features[row, :p].cpu().numpy().astype(np.float16), "phones": item.classes - 1,
                "words": item.words, "phone": phone[row, :p].cpu().numpy(), "spread": spread[row, :p].cpu().numpy(),
                "target": item.marks[:, 1] + 2 * item.marks[:, 2], "word": word[row, :w].cpu().numpy(),
                "word_target": item.word_scores, "sentence": sentence[row].cpu().numpy(),
                "sentence_target": item.sentence_scores, "child": 0 < item.age < 16,
                "errors": edit_distance(heard, item.said.tolist()), "said": len(item.said),
            })  # fmt: skip
    return found


def joined(found: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    """Flat arrays over all utterances: phones with ``utterance``, words with ``word_utterance``, the rest one a line."""
    each = ("key", "group", "sentence", "sentence_target", "child", "errors", "said")
    result = {name: np.array([entry[name] for entry in found]) for name in each}
    result |= {name: np.concatenate([entry[name] for entry in found]) for name in found[0] if name not in each}
    result["utterance"] = np.repeat(np.arange(len(found)), [len(entry["phone"]) for entry in found])
    result["word_utterance"] = np.repeat(np.arange(len(found)), [len(entry["word"]) for entry in found])
    return result


def agreement(found: list[dict[str, Any]]) -> dict[str, float]:
    """Pearson correlations, the best F1 of wrong phones and the phone error rate of the answers."""
    flat = joined(found)

    def pearson(value: np.ndarray, target: np.ndarray) -> float:
        known = ~np.isnan(target)
        return round(float(np.corrcoef(value[known], target[known])[0, 1]), 4)

    known = ~np.isnan(flat["target"])
    result = {"phone": pearson(flat["phone"], flat["target"]),
              "per": round(float(flat["errors"].sum() / max(1, flat["said"].sum())), 4),
              "f1": round(best_f1(flat["phone"][known], flat["target"][known] < 0.5), 4)}  # fmt: skip
    result |= {f"word_{name}": pearson(flat["word"][:, i], flat["word_target"][:, i]) for i, name in enumerate(data.WORD)}
    return result | {
        name: pearson(flat["sentence"][:, i], flat["sentence_target"][:, i]) for i, name in enumerate(data.SENTENCE)
    }


def edit_distance(heard: list[int], said: list[int]) -> int:
    """Levenshtein distance."""
    row = np.arange(len(said) + 1)
    target = np.array(said)
    for symbol in heard:
        previous = row
        change = previous[:-1] + (target != symbol)
        row = np.empty_like(previous)
        row[0] = previous[0] + 1
        best = np.minimum(previous[1:] + 1, change)
        offset = np.arange(1, len(row))
        row[1:] = np.minimum.accumulate(np.minimum(best, row[0] + offset) - offset) + offset
    return int(row[-1])


def best_f1(values: np.ndarray, wrong: np.ndarray) -> float:
    """Highest F1 of finding the wrong phones by a threshold on the score."""
    order = np.argsort(values)
    hits = np.cumsum(wrong[order])
    precision, recall = hits / np.arange(1, len(hits) + 1), hits / max(1, wrong.sum())
    return float(np.max(2 * precision * recall / np.maximum(precision + recall, 1e-9)))
