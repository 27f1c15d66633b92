"""Pupils, taught by the members of earlier runs: the light model, and most of the main one.

``python -m engines.training.distil RUN --teacher CROSSFIT[:MEMBERS] … --rated …``: the recogniser learns their mean posteriors
besides what was said (Hinton et al. 2015), the scorer their scores of every sound, rated, read or synthetic, besides the
raters' marks. With ``--soft`` those marks are mixed with what the member that never heard the speaker said of them
(``strangers.npz``): what only memory could tell is not in that part.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from engines.training import data, options
from engines.training.answers import agreement, answers, joined
from engines.training.crossfit import TEST_FOLDS
from engines.training.network import fold_norms
from engines.training.train import Recipe, assembled, train


@dataclass(frozen=True)
class LightRecipe(Recipe):
    """A small network needs no strong regularisation."""

    size: str = "light"
    steps: int = 3000
    rate: float = 1e-3
    dropout: float = 0.05
    scorer_dropout: float = 0.2
    seconds: float = 280.0
    shares: tuple[float, float, float] = (0.6, 0.1, 0.3)


def shares_of(mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Means (P,) 0–2 and standard deviations of marks → shares of 0, 1, 2 (P, 3) that have them."""
    two = (spread**2 + mean**2 - mean) / 2
    one = mean - 2 * two
    shares = np.clip(np.stack([1 - one - two, one, two], axis=1), 0, 1)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), dtype=np.float32)


def soften(items: list[data.Utterance], strangers: Path, share: float) -> int:
    """Mix the strangers' scores into the targets of the utterances they cover; returns how many those are."""
    with np.load(strangers) as archive:
        kept = {name: archive[name] for name in archive.files}
    count = len(kept["key"])
    phones = np.split(shares_of(kept["phone"], kept["spread"]), np.searchsorted(kept["utterance"], np.arange(1, count)))
    words = np.split(kept["word"], np.searchsorted(kept["word_utterance"], np.arange(1, count)))
    known = dict(zip(kept["key"].tolist(), zip(phones, words, kept["sentence"], strict=True), strict=True))
    for item in items:
        if item.key in known:
            phone, word, sentence = known[item.key]
            item.marks = (share * phone + (1 - share) * item.marks).astype(np.float32)
            item.word_scores = (share * word + (1 - share) * item.word_scores).astype(np.float32)
            item.sentence_scores = (share * sentence + (1 - share) * item.sentence_scores).astype(np.float32)
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    options.add_data(parser)
    options.add_recipe(parser, LightRecipe())
    parser.add_argument(
        "--teacher", nargs="+", required=True,
        help="folders of finished runs or of models, each with :0,2 for some of its members only, A+B for the mean of two",
    )
    parser.add_argument("--strangers", type=Path, help="its strangers.npz, for --soft")
    parser.add_argument("--members", type=int, default=1, help="pupils trained side by side, on the same sound")
    parser.add_argument("--start", help="folder of earlier pupils to go on from, with :0,2 for some of them only")
    parser.add_argument("--soft", type=float, default=0.5, help="share of the strangers' scores in the targets")
    parser.add_argument("--time-limit", type=float, default=1e9, help="seconds; the schedule is shortened to fit")
    parser.add_argument("--compile", action="store_true", help="let torch.compile fuse the layers")
    arguments = parser.parse_args()
    device = options.device()
    bank, test_fold = options.load(arguments, device, TEST_FOLDS)
    test = np.array([index for index, item in enumerate(bank.items)
                     if item.source == data.LEARNER and test_fold[item.speaker] == 0], dtype=int)  # fmt: skip
    if arguments.strangers and arguments.soft:
        count = soften(bank.items, arguments.strangers, arguments.soft)
        print(f"{count} utterances with softened targets", flush=True)
    teacher = assembled(arguments.teacher).to(device)
    fold_norms(teacher)
    if device.type == "cuda":
        teacher.acoustic.to(torch.bfloat16)  # it answers at every step and needs no more
    recipe = options.recipe(arguments, LightRecipe)
    model = train(
        recipe, bank, [test], arguments.run, arguments.time_limit, teacher, arguments.members, arguments.start, arguments.compile
    )
    if len(test):
        found = answers(model, bank, test)
        np.savez_compressed(arguments.run / "test.npz", **joined(found))
        report = {"pupils": agreement(found), "teacher": agreement(answers(teacher.float(), bank, test))}
        if model.members > 1:
            report |= {f"pupil {n}": agreement(answers(model.member(n), bank, test)) for n in range(model.members)}
        for name, row in report.items():
            print(name, json.dumps(row), flush=True)
        (arguments.run / "figures.json").write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
