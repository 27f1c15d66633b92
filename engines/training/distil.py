"""The light model, taught by the members of the main one.

``python -m engines.training.distil RUN --members CROSSFIT …``: the recogniser learns the members' mean posteriors besides
what was said (Hinton et al. 2015); the scorer learns from the raters and, in equal parts, from what the member that never
heard the speaker said of them (``strangers.npz``): what only memory could tell is not in that half.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from engines.training import data, options
from engines.training.crossfit import TEST_FOLDS, Encoder, Stack
from engines.training.train import Both, Recipe, figures, load_weights, predict, save_predictions, train


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


class Teacher(nn.Module):
    """Mean posteriors of several acoustic models in one pass."""

    def __init__(self, members: list[Both]) -> None:
        super().__init__()
        self.stack = Stack([Encoder(member.acoustic) for member in members])
        self.count = len(members)

    @torch.no_grad()
    def encode(self, log_mel: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Log-mel (B, M, 80), mask (B, M, 1) → CTC and frame log posteriors (B, T, 40)."""
        everyone = (self.count, *(-1,) * log_mel.ndim)
        ctc, frame, _ = self.stack(log_mel[None].expand(everyone), mask[None].expand(everyone))
        return cast("tuple[Tensor, Tensor]", tuple(x.exp().mean(dim=0).clamp(min=1e-20).log() for x in (ctc, frame)))


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
    parser.add_argument("--members", type=Path, required=True, help="folder of a finished crossfit run")
    parser.add_argument("--soft", type=float, default=0.5, help="share of the strangers' scores in the targets")
    parser.add_argument("--time-limit", type=float, default=1e9, help="seconds; the schedule is shortened to fit")
    arguments = parser.parse_args()
    device = options.device()
    bank, test_fold = options.load(arguments, device, TEST_FOLDS)
    test = np.array([index for index, item in enumerate(bank.items)
                     if item.source == data.LEARNER and test_fold[item.speaker] == 0], dtype=int)  # fmt: skip
    count = soften(bank.items, arguments.members / "strangers.npz", arguments.soft)
    print(f"{count} utterances with softened targets", flush=True)
    members = [load_weights(path).to(device) for path in sorted(arguments.members.glob("*/weights.pt"))]
    recipe = options.recipe(arguments, LightRecipe)
    model = train(recipe, bank, test, arguments.run, device, arguments.time_limit, Teacher(members))
    out = predict(model, bank, test)
    print(json.dumps(figures(out)))
    (arguments.run / "figures.json").write_text(json.dumps(figures(out), indent=1))
    save_predictions(out, arguments.run / "held_out.npz")


if __name__ == "__main__":
    main()
