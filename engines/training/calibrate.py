"""Last step of the recipe: bring the scorer's answers onto the raters' scales, on speakers it never heard.

``python -m engines.training.calibrate STRANGERS.npz OUT.pt``: what ``crossfit.py`` kept of every speaker from the member that
never heard them. Marks are bent onto the raters' scale (Platt 1999) with two numbers, words and sentences get a line each.
So little, because nothing more paid: a detector fitted on synthetic voices, and a transformer over evidence and scores of
112 speakers, both lowered the agreement with raters of other speakers. Pupils (``distil.py``) need less still: taught what
strangers' marks look like, theirs are on the raters' scale already, and no bend raised the correlation
with raters of other speakers, so ``--lines`` leaves them as they are. The figures printed are cross-validated by speaker;
``export.py --calibration OUT.pt`` puts the result in the scorer's graph.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

ERROR_AT = 0.65
"""The mark at which wrong phones are found well at little cost in correlation; it becomes 0.5."""


class Calibration(nn.Module):
    """Phone marks, word and sentence scores on the raters' scales."""

    def __init__(self) -> None:
        super().__init__()
        self.bend = nn.Parameter(torch.tensor([0.0, 1.0]))
        self.word = nn.Parameter(torch.tensor([[0.0, 1.0]] * 3))
        self.sentence = nn.Parameter(torch.tensor([[0.0, 1.0]] * 5))

    def phones(self, mean: Tensor) -> Tensor:
        """Marks 0–2 → the same on the raters' scale, with their limit of a wrong phone at 0.5."""
        marks = 2 * torch.sigmoid(self.bend[0] + self.bend[1] * _log_odds(mean / 2))
        # Least squares pulls doubtful marks towards the many good ones; this puts the raters' own limit back to 0.5.
        low, high = 0.5 / ERROR_AT, 1.5 / (2 - ERROR_AT)
        return low * marks.clamp(max=ERROR_AT) + high * (marks - ERROR_AT).clamp(min=0)

    def forward(self, mean: Tensor, word: Tensor, sentence: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Marks (B, P), word (B, P, 3), sentence (B, 5) of the scorer → the same, calibrated."""
        return (
            self.phones(mean),
            self.word[:, 0] + self.word[:, 1] * word,
            self.sentence[:, 0] + self.sentence[:, 1] * sentence,
        )


def _log_odds(share: Tensor) -> Tensor:
    share = share.clamp(0.003, 0.997)
    return torch.log(share) - torch.log(1 - share)


def fit(data: dict[str, Any], chosen: np.ndarray, *, bend: bool = True) -> Calibration:
    """Fit on the utterances whose numbers are ``chosen``; without ``bend`` marks keep their scale."""
    model = Calibration()
    rows = np.isin(data["utterance"], chosen) & ~np.isnan(data["target"])
    odds = _log_odds(torch.tensor(data["phone"][rows], dtype=torch.float32) / 2)
    target = torch.tensor(data["target"][rows] / 2, dtype=torch.float32)
    optimiser = torch.optim.LBFGS([model.bend], max_iter=50)

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = ((torch.sigmoid(model.bend[0] + model.bend[1] * odds) - target) ** 2).mean() * 100
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    if bend:
        optimiser.step(closure)  # type: ignore[arg-type]
    words = np.isin(data["word_utterance"], chosen)
    with torch.no_grad():
        for index in range(3):
            model.word[index] = _line(data["word"][words, index], data["word_target"][words, index])
        for index in range(5):
            model.sentence[index] = _line(data["sentence"][chosen, index], data["sentence_target"][chosen, index])
    return model.eval()


def _line(scores: np.ndarray, target: np.ndarray) -> Tensor:
    """Least squares: bias and slope; a score never counts against itself."""
    known = ~np.isnan(target)
    slope, bias = np.polyfit(scores[known], target[known], 1)
    return torch.tensor([bias, max(slope, 0.1)], dtype=torch.float32)


@torch.no_grad()
def report(data: dict[str, Any], folds: int = 5, *, bend: bool = True) -> None:
    """Print agreement before and after, the numbers always fitted on other speakers."""
    names = sorted(set(data["group"].tolist()))
    np.random.default_rng(0).shuffle(names)
    marks = np.full(len(data["phone"]), np.nan)
    words, sentences = np.full(data["word"].shape, np.nan), np.full(data["sentence"].shape, np.nan)
    for fold in range(folds):
        out = np.isin(data["group"], names[fold::folds])
        with torch.enable_grad():
            model = fit(data, np.flatnonzero(~out), bend=bend)
        phone_rows, word_rows = out[data["utterance"]], out[data["word_utterance"]]
        parts = (data["phone"][phone_rows], data["word"][word_rows], data["sentence"][out])
        answer = model(*(torch.tensor(part, dtype=torch.float32) for part in parts))
        marks[phone_rows], words[word_rows], sentences[out] = (part.numpy() for part in answer)
    known = ~np.isnan(data["target"])
    target = data["target"][known]
    for name, values in (("raw", data["phone"]), ("fitted", marks)):
        value = values[known]
        error = float(np.mean((value - target) ** 2))
        line = f"phone {name}: r {np.corrcoef(value, target)[0, 1]:.4f}, mean squared error {error:.4f}, F1 of marks <"
        for limit in (0.5, 0.7, 0.95):
            found, wrong = value < limit, target < 0.5
            line += f" {limit}: {2 * (found & wrong).sum() / (found.sum() + wrong.sum()):.3f}"
        print(line)
    for name, before, after, goal in (
        ("word", data["word"], words, data["word_target"]),
        ("sentence", data["sentence"], sentences, data["sentence_target"]),
    ):
        errors = [np.nanmean((value - goal) ** 2, axis=0).round(3).tolist() for value in (before, after)]
        print(f"{name}: mean squared error raw {errors[0]}, fitted {errors[1]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("strangers", type=Path, help="strangers.npz of a crossfit run")
    parser.add_argument("out", type=Path)
    parser.add_argument("--lines", action="store_true", help="words and sentences only: marks of pupils need no bend")
    arguments = parser.parse_args()
    with np.load(arguments.strangers) as archive:
        data = {name: archive[name] for name in archive.files}
    report(data, bend=not arguments.lines)
    torch.save(fit(data, np.arange(len(data["group"])), bend=not arguments.lines).state_dict(), arguments.out)


if __name__ == "__main__":
    main()
