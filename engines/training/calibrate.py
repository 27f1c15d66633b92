"""Last step of the recipe: bring the scorer's answers onto the raters' scales, on speech that training never heard.

A scorer that saw its own recogniser's training speech trusts good speakers too much: one wrong sound in a clean
sentence escapes it. A detector fitted on held-out synthetic voices, whose errors are known, weighs the acoustic evidence
of each phone; marks are the mean of scorer and detector, bent onto the raters' scale (Platt 1999) with two numbers
fitted on held-out learners. Words follow their phones; sentences get a line each. So few numbers, because held-out
speakers are few: a small network over the same inputs did worse on other speakers.
``python -m engines.training.calibrate HELD.npz OUT.pt`` prints cross-validated figures (by speaker and voice);
``export.py --calibration OUT.pt`` puts it in the scorer's graph.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tutor.evidence import FEATURES

EVIDENCE = ("frame_mean", "frame_ratio", "frame_max", "ctc_max", "ctc_ratio", "log_duration", "mean_silence")
DETECTOR_SHARE = 0.5
VETO_FROM, VETO_SHARE = 0.6, 0.8
VOICE_WEIGHT = 0.3
ERROR_AT = 0.7


class Calibration(nn.Module):
    """Phone marks from marks and evidence; word scores moved with their phones; sentence scores on the raters' scale."""

    def __init__(self) -> None:
        super().__init__()
        self.columns = [FEATURES.index(name) for name in EVIDENCE]
        count = len(EVIDENCE) + 3
        self.register_buffer("centre", torch.zeros(count))
        self.register_buffer("scale", torch.ones(count))
        self.detector = nn.Linear(count, 1)
        self.veto = nn.Linear(count - 1, 1)
        self.bend = nn.Parameter(torch.tensor([0.0, 1.0]))
        self.word = nn.Parameter(torch.tensor([[0.0, 1.0, 0.0]] * 3))  # bias, score, change of its phones' mean mark
        self.sentence = nn.Parameter(torch.tensor([[0.0, 1.0]] * 5))

    def inputs(self, mean: Tensor, features: Tensor) -> Tensor:
        """Marks (…,) 0–2 and evidence (…, F) → (…, 10)."""
        known = [features[..., column] for column in self.columns]
        posteriors = [torch.exp(4 * known[0]), torch.exp(4 * known[3])]
        return torch.stack([_log_odds(mean / 2), *known, *posteriors], dim=-1)

    def mixed(self, mean: Tensor, features: Tensor) -> Tensor:
        """Mean of the scorer's mark and the detector's, 0–2."""
        wrong = torch.sigmoid(self.detector(self.standardised(mean, features))[..., 0])
        return (1 - DETECTOR_SHARE) * mean + DETECTOR_SHARE * 2 * (1 - wrong)

    def standardised(self, mean: Tensor, features: Tensor) -> Tensor:
        return (self.inputs(mean, features) - self.centre) / self.scale

    def phones(self, mean: Tensor, features: Tensor) -> Tensor:
        """Marks 0–2; where the evidence alone is against the phone, the scorer's trust in the speaker does not save it."""
        marks = 2 * torch.sigmoid(self.bend[0] + self.bend[1] * _log_odds(self.mixed(mean, features) / 2))
        wrong = torch.sigmoid(self.veto(self.standardised(mean, features)[..., 1:])[..., 0])
        marks = marks * (1 - VETO_SHARE * ((wrong - VETO_FROM) / (1 - VETO_FROM)).clamp(0, 1))
        # Least squares pulls doubtful marks towards the many good ones; this puts the raters' own limit back to 0.5.
        low, high = 0.5 / ERROR_AT, 1.5 / (2 - ERROR_AT)
        return low * marks.clamp(max=ERROR_AT) + high * (marks - ERROR_AT).clamp(min=0)

    def forward(
        self, mean: Tensor, word: Tensor, sentence: Tensor, features: Tensor, words: Tensor, counts: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Marks (B, P), word (B, P, 3), sentence (B, 5) of the scorer → the same, calibrated."""
        marks = self.phones(mean, features)
        change = marks - mean
        index = torch.arange(marks.shape[1], device=marks.device)
        valid = (index[None, :] < counts[:, None]).to(marks.dtype)
        member = (words[:, None, :] == index[None, :, None]).to(marks.dtype) * valid[:, None, :]
        moved = (member * change[:, None, :]).sum(dim=2) / member.sum(dim=2).clamp(min=1)
        word = self.word[:, 0] + self.word[:, 1] * word + self.word[:, 2] * moved[..., None]
        return marks, word, self.sentence[:, 0] + self.sentence[:, 1] * sentence


def _log_odds(share: Tensor) -> Tensor:
    share = share.clamp(0.003, 0.997)
    return torch.log(share) - torch.log(1 - share)


def fit(data: dict[str, Any], chosen: np.ndarray) -> Calibration:
    """Fit on the utterances with numbers ``chosen``: detector on the voices, everything else on the learners."""
    torch.manual_seed(0)
    model = Calibration()
    rows = np.flatnonzero(np.isin(data["utterance"], chosen) & ~np.isnan(data["target"]))
    learner = torch.tensor(np.char.startswith(data["group"][rows], "learner"))
    mean, features = torch.tensor(data["phone"][rows]), torch.tensor(data["features"][rows])
    target = torch.tensor(data["target"][rows] / 2, dtype=torch.float32)
    inputs = model.inputs(mean, features)[~learner]
    model.centre.copy_(inputs.mean(dim=0))
    model.scale.copy_(inputs.std(dim=0) + 1e-3)
    wrong = (target[~learner] < 0.5).float()
    _descend(
        [*model.detector.parameters()],
        lambda: nn.functional.binary_cross_entropy_with_logits(
            model.detector((inputs - model.centre) / model.scale)[:, 0], wrong
        ),
    )
    _descend(
        [*model.veto.parameters()],
        lambda: nn.functional.binary_cross_entropy_with_logits(
            model.veto(((inputs - model.centre) / model.scale)[:, 1:])[:, 0], wrong
        ),
    )
    weight = torch.where(learner, 1.0, VOICE_WEIGHT)
    odds = _log_odds(model.mixed(mean, features).detach() / 2)
    _descend(
        [model.bend],
        lambda: (weight * (torch.sigmoid(model.bend[0] + model.bend[1] * odds) - target) ** 2).sum() / weight.sum() * 10,
    )
    with torch.no_grad():
        words, word_targets, sentences, sentence_targets = _parts(model, data, chosen)
        for index in range(3):
            model.word[index] = torch.tensor(_line(words[:, [index, 3]], word_targets[:, index]))
        for index in range(5):
            model.sentence[index] = torch.tensor(_line(sentences[:, [index]], sentence_targets[:, index]))
    return model.eval()


def _descend(parameters: list[nn.Parameter], loss_of: Callable[[], Tensor], steps: int = 600) -> None:
    optimiser = torch.optim.Adam(parameters, 2e-2, weight_decay=1e-4)
    for _ in range(steps):
        loss = loss_of()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def _line(inputs: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Least squares: bias and weights; a score never counts against itself."""
    solved = np.linalg.lstsq(np.column_stack([np.ones(len(inputs)), inputs]), target, rcond=None)[0]
    solved[1] = max(solved[1], 0.1)
    return solved.astype(np.float32)


@torch.no_grad()
def _parts(model: Calibration, data: dict[str, Any], chosen: np.ndarray) -> tuple[np.ndarray, ...]:
    """Words (n, 3 scores + change of marks), sentences (m, 5) and their targets, of rated utterances."""
    words, word_targets, sentences, sentence_targets = [], [], [], []
    for number in chosen:
        phones = np.flatnonzero(data["utterance"] == number)
        rated = data["word_utterance"] == number
        if np.isnan(data["sentence_target"][number]).any():
            continue
        mean, features = torch.tensor(data["phone"][phones]), torch.tensor(data["features"][phones])
        change = (model.phones(mean, features) - mean).numpy()
        of = data["words"][phones]
        for index, (scores, target) in enumerate(zip(data["word"][rated], data["word_target"][rated], strict=False)):
            words.append([*scores, change[of == index].mean()])
            word_targets.append(target)
        sentences.append(data["sentence"][number])
        sentence_targets.append(data["sentence_target"][number])
    return tuple(np.array(part, dtype=float) for part in (words, word_targets, sentences, sentence_targets))


@torch.no_grad()
def predictions(model: Calibration, data: dict[str, Any], chosen: np.ndarray) -> tuple[np.ndarray, ...]:
    """Phone marks, word and sentence scores of the chosen utterances, with the targets of words and sentences."""
    rows = np.isin(data["utterance"], chosen)
    marks = model.phones(torch.tensor(data["phone"][rows]), torch.tensor(data["features"][rows])).numpy()
    words, word_targets, sentences, sentence_targets = _parts(model, data, chosen)
    if len(words):
        word, sentence = model.word.numpy(), model.sentence.numpy()
        words = word[:, 0] + word[:, 1] * words[:, :3] + word[:, 2] * words[:, 3:]
        sentences = sentence[:, 0] + sentence[:, 1] * sentences
    return rows, marks, words.reshape(-1, 3), word_targets, sentences.reshape(-1, 5), sentence_targets


def report(data: dict[str, Any], folds: int = 4) -> None:
    """Print agreement before and after, the fitted layers always on speakers and voices they were not fitted on."""
    first_row = {number: np.flatnonzero(data["utterance"] == number)[0] for number in np.unique(data["utterance"])}
    group = {number: str(data["group"][row]) for number, row in first_row.items()}
    names = sorted(set(group.values()))
    np.random.default_rng(0).shuffle(names)
    marks = np.full(len(data["target"]), np.nan)
    words, word_targets, sentences, sentence_targets = [], [], [], []
    for fold in range(folds):
        out = set(names[fold::folds])
        kept = np.array([number for number, name in group.items() if name not in out])
        held = np.array([number for number, name in group.items() if name in out])
        rows, mark, word, word_target, sentence, sentence_target = predictions(fit(data, kept), data, held)
        marks[rows] = mark
        words.append(word)
        word_targets.append(word_target.reshape(-1, 3))
        sentences.append(sentence)
        sentence_targets.append(sentence_target.reshape(-1, 5))
    learner = np.char.startswith(data["group"], "learner") & ~np.isnan(data["target"])
    voice = ~np.char.startswith(data["group"], "learner")

    def pearson(left: np.ndarray, right: np.ndarray) -> float:
        return round(float(np.corrcoef(left, right)[0, 1]), 4)

    print(
        "phone, learners: raw",
        pearson(data["phone"][learner], data["target"][learner]),
        "fitted",
        pearson(marks[learner], data["target"][learner]),
    )
    rated = ~np.isnan(data["word_target"][:, 0])
    before, after, target = data["word"][rated], np.concatenate(words), np.concatenate(word_targets)
    raw_target = data["word_target"][rated]
    print("word (accuracy, stress, total): raw", [pearson(before[:, i], raw_target[:, i]) for i in range(3)],
          "fitted", [pearson(after[:, i], target[:, i]) for i in range(3)])  # fmt: skip
    known = ~np.isnan(data["sentence_target"][:, 0])
    raw, goal = data["sentence"][known], data["sentence_target"][known]
    after, target = np.concatenate(sentences), np.concatenate(sentence_targets)
    print("sentence (accuracy, fluency, prosody, completeness, total): raw", [pearson(raw[:, i], goal[:, i]) for i in range(5)],
          "fitted", [pearson(after[:, i], target[:, i]) for i in range(5)])  # fmt: skip
    wrong = data["target"] < 0.5
    for limit in (0.7, 0.9, 1.1, 1.3):
        found = marks < limit
        caught, false = found[learner & wrong].mean(), found[learner & ~wrong].mean()
        precision = wrong[learner & found].mean()
        print(f"marks < {limit}: learners recall {caught:.3f} precision {precision:.3f} false {false:.4f};",
              f"voices recall {found[voice & wrong].mean():.3f} false {found[voice & ~wrong].mean():.4f}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("held", type=Path, help="output of held_out.py")
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    with np.load(arguments.held) as archive:
        data = {name: archive[name] for name in archive.files}
    report(data)
    torch.save(fit(data, np.unique(data["utterance"])).state_dict(), arguments.out)


if __name__ == "__main__":
    main()
