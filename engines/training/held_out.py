"""Evidence and raw scores of speech that no training step heard: held-out learners and held-out synthetic voices.

``python -m engines.training.held_out OUT.npz --model FOLDER --rated … --synthetic … `` runs the shipped path (clip,
alignment, evidence, scorer) and keeps what ``calibrate.py`` fits on.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from tutor.acoustic import Model
from tutor.assess import score_utterance
from tutor.clip import read_clip
from tutor.errors import AudioError
from tutor.phones import index_of
from tutor.prompts import prompt_from_phones
from tutor.scoring import ScoredPiece, match_of


def held_out_ids(labels: dict[str, Any], folds: int = 10) -> list[str]:
    """Sentences of the speakers that training held out: sorted by age and dealt in turn, as ``data.folds`` does."""
    ages = {item["speaker"]: (item["age"], item["gender"], item["speaker"]) for item in labels.values()}
    speakers = {speaker for index, (_, _, speaker) in enumerate(sorted(ages.values())) if index % folds == 0}
    return [key for key, item in labels.items() if item["speaker"] in speakers]


def observe(model: Model, path: Path, words: list[tuple[str, list[str]]], text: str) -> ScoredPiece | None:
    """The shipped path up to the scorer's answer; None where the recording cannot be placed."""
    try:
        return score_utterance(read_clip(path), prompt_from_phones(text, words), model)
    except AudioError:
        return None


def main() -> None:
    from engines.choose import open_model

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--rated", type=Path, required=True)
    parser.add_argument("--synthetic", type=Path, nargs="*", default=[])
    parser.add_argument("--keys", type=Path, help="JSON list of the sentences to take; default: the test speakers'")
    parser.add_argument("--limit", type=int)
    arguments = parser.parse_args()
    model = open_model(arguments.model, "onnx_cpu")
    rows: dict[str, list[Any]] = {name: [] for name in (
        "group", "utterance", "features", "phones", "words", "said_word", "phone", "spread", "target", "heard",
        "word", "word_target", "word_utterance", "sentence", "sentence_target", "match", "extra", "wrong_match",
        "time_error")}  # fmt: skip
    count = 0

    def keep(piece: ScoredPiece, group: str, targets: Any, said: Any) -> None:
        size = len(piece.evidence.phones)
        rows["group"] += [group] * size
        rows["utterance"] += [count] * size
        rows["features"].append(piece.evidence.features)
        rows["phones"].append(piece.evidence.phones)
        rows["words"].append(piece.evidence.words)
        rows["said_word"].append(np.array([word.said for word in piece.alignment.words])[piece.evidence.words])
        rows["phone"].append(piece.scores.phone)
        rows["spread"].append(piece.scores.phone_spread)
        rows["target"].append(np.array(targets, dtype=float))
        rows["heard"].append(np.array(said))
        rows["word"].append(piece.scores.word)
        rows["sentence"].append(piece.scores.sentence)
        rows["match"].append(match_of([piece]))
        rows["extra"].append(sum(span.end - span.start for span in piece.alignment.extra))
        rows["word_utterance"] += [count] * len(piece.scores.word)

    labels = json.loads((arguments.rated / "labels.json").read_text("utf-8"))
    keys = (json.loads(arguments.keys.read_text()) if arguments.keys else held_out_ids(labels))[: arguments.limit]
    for number, key in enumerate(keys):
        item = labels[key]
        words = [(word["text"], word["phones"]) for word in item["words"]]
        path = arguments.rated / item["audio"]
        piece = observe(model, path, words, item["text"])
        if piece is None:
            continue
        targets = [np.nan if value is None else value for word in item["words"] for value in word["phones-accuracy"]]
        keep(piece, f"learner-{item['speaker']}", targets, [-1] * len(targets))
        rows["word_target"] += [[word["accuracy"], word["stress"], word["total"]] for word in item["words"]]
        rows["sentence_target"].append([item[name] for name in ("accuracy", "fluency", "prosodic", "completeness", "total")])
        other = labels[keys[(number + 7 * (1 + number % 5)) % len(keys)]]
        wrong = observe(model, path, [(word["text"], word["phones"]) for word in other["words"]], other["text"])
        rows["wrong_match"].append(0.0 if wrong is None else match_of([wrong]))
        count += 1
    for folder in arguments.synthetic:
        for item in json.loads((folder / "labels.json").read_text("utf-8")).values():
            if item["split"] != "test":
                continue
            words = [(word["text"], word["canonical"]) for word in item["words"]]
            piece = observe(model, folder / item["audio"], words, item["text"])
            if piece is None:
                continue
            pairs = [pair for pair in item["canonical"] if pair[0] is not None]
            right = [pair[1] is not None and pair[1].rstrip("012") == pair[0].rstrip("012") for pair in pairs]
            said = [-1 if pair[1] is None else index_of(pair[1]) for pair in pairs]
            keep(piece, f"voice-{item['voice']}", [2.0 if good else 0.0 for good in right], said)
            rows["word_target"] += [[np.nan] * 3] * len(item["words"])
            rows["sentence_target"].append([np.nan] * 5)
            rows["wrong_match"].append(np.nan)
            if item.get("times") and all(right) and len(item["said"]) == len(pairs):
                starts = np.concatenate([word.starts for word in piece.alignment.words])
                found = np.maximum(0, (starts - 0.5) * 0.02) + piece.offset_s
                rows["time_error"].append(np.abs(found - np.array(item["times"])[:, 0]))
            count += 1
    joined = {}
    for name, values in rows.items():
        flat = bool(values) and isinstance(values[0], np.ndarray) and name != "sentence"
        joined[name] = np.concatenate(values) if flat else np.array(values)
    np.savez_compressed(arguments.out, **joined)
    print(f"{count} utterances kept in {arguments.out}")


if __name__ == "__main__":
    main()
