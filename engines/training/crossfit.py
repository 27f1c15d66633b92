"""Several recognisers with their scorers trained side by side, each without a part of the rated speakers.

``python -m engines.training.crossfit RUN --members 6 …``: the speakers that test everything (fold 0 of 10) are heard by
no member; every other speaker by all members but one. What that one says of the speaker is an answer about a stranger,
so calibration and the light model learn from it (``strangers.npz``), and the members together are the main model: each
overfits other speakers, and their mean overfits none (bagging: Breiman 1996; cross-fitted stacking: Wolpert 1992).
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engines.training import data, options
from engines.training.answers import agreement, answers, joined
from engines.training.train import Recipe, train

TEST_FOLDS = 10


@dataclass(frozen=True)
class MemberRecipe(Recipe):
    """A member is smaller than one big model and is trained in smaller batches."""

    size: str = "member"
    steps: int = 3600
    seconds: float = 200.0
    dropout: float = 0.15
    shares: tuple[float, float, float] = (0.62, 0.1, 0.28)
    realign: int = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the run; each member gets a folder in it")
    options.add_data(parser)
    options.add_recipe(parser, MemberRecipe())
    parser.add_argument("--members", type=int, default=6)
    parser.add_argument("--time-limit", type=float, default=1e9, help="seconds; the schedule is shortened to fit")
    arguments = parser.parse_args()
    device = options.device()
    bank, test_fold = options.load(arguments, device, TEST_FOLDS)
    learners = [index for index, item in enumerate(bank.items) if item.source == data.LEARNER]
    test = np.array([index for index in learners if test_fold[bank.items[index].speaker] == 0], dtype=int)
    kept = np.setdiff1d(learners, test)
    fold_of = data.folds([bank.items[index] for index in kept], arguments.members)
    left_out = [
        np.array([index for index in kept if fold_of[bank.items[index].speaker] == number], dtype=int)
        for number in range(arguments.members)
    ]
    recipe = options.recipe(arguments, MemberRecipe)
    print(f"test {len(test)}, left out {[len(out) for out in left_out]} utterances on {device}", flush=True)
    model = train(recipe, bank, [np.concatenate([out, test]) for out in left_out], arguments.run, arguments.time_limit)
    alone = [model.member(number) for number in range(model.members)]
    strangers = [answers(member, bank, out) for member, out in zip(alone, left_out, strict=True)]
    report = {f"member {number}: strangers": agreement(found) for number, found in enumerate(strangers)}
    everyone = [entry for found in strangers for entry in found]
    report["all members: strangers"] = agreement(everyone)
    np.savez_compressed(arguments.run / "strangers.npz", **joined(everyone))
    if len(test):
        for number, member in enumerate(alone):
            report[f"member {number}: test speakers"] = agreement(answers(member, bank, test))
        found = answers(model, bank, test)
        report["committee: test speakers"] = agreement(found)
        np.savez_compressed(arguments.run / "test.npz", **joined(found))
    voices = options.load_test_voices(arguments, device)
    if voices:
        np.savez_compressed(arguments.run / "voices.npz", **joined(answers(model, voices, np.arange(len(voices.items)))))
    for name, row in report.items():
        print(name, json.dumps(row), flush=True)
    (arguments.run / "figures.json").write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
