"""Several trained models answering as one: mean posteriors, hidden states side by side, mean scores.

Members that overfitted differently correct one another (Hansen & Salamon 1990): on held-out speakers the committee
gains 0.02 to 0.03 phone correlation over its members, for the sum of their time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from engines.training.calibrate import Calibration
from engines.training.network import expectation
from engines.training.train import Both


class CommitteeAcoustic(nn.Module):
    """One front end, several Conformers: samples, lengths → log mean posteriors (B, T, 40) twice, hidden (B, T, ΣH)."""

    def __init__(self, members: Sequence[Both]) -> None:
        super().__init__()
        self.front = members[0].acoustic.front
        self.encoders = nn.ModuleList(member.acoustic for member in members)

    def forward(self, samples: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.encode(*self.front(samples, lengths))

    def encode(self, log_mel: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What ``AcousticModel.encode`` does, by all members."""
        answers = [encoder.encode(log_mel, mask) for encoder in self.encoders]
        if len(answers) == 1:
            return answers[0]
        share = math.log(len(answers))
        ctc = torch.stack([answer[0] for answer in answers]).exp().sum(dim=0).clamp(min=1e-20).log() - share
        frame = torch.stack([answer[1] for answer in answers]).exp().sum(dim=0).clamp(min=1e-20).log() - share
        return ctc, frame, torch.cat([answer[2] for answer in answers], dim=2)


class CommitteeScorer(nn.Module):
    """Each member's scorer reads its slice of the hidden states and the common features; scores are averaged, calibrated."""

    def __init__(self, members: Sequence[Both], calibration: Calibration | None = None) -> None:
        super().__init__()
        self.calibration = calibration
        self.scorers = nn.ModuleList(member.scorer for member in members)
        self.widths = [member.acoustic.config.hidden for member in members]

    def forward(self, phones: Tensor, words: Tensor, counts: Tensor, features: Tensor, hidden: Tensor) -> tuple[Tensor, ...]:
        logits, word, sentence = [], [], []
        for scorer, part in zip(self.scorers, hidden.split(self.widths, dim=2), strict=True):
            answer = scorer(phones, words, counts, features, part)
            logits.append(torch.softmax(answer[0], dim=-1))
            word.append(answer[1])
            sentence.append(answer[2])
        share = torch.stack(logits).mean(dim=0)
        mean, spread = expectation(share.clamp(min=1e-6).log())
        words_out, sentence_out = torch.stack(word).mean(dim=0), torch.stack(sentence).mean(dim=0)
        if self.calibration is not None:
            mean, words_out, sentence_out = self.calibration(mean, words_out.clamp(0, 10), sentence_out.clamp(0, 10))
        return mean, spread, words_out.clamp(0, 10), sentence_out.clamp(0, 10)
