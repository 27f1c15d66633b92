"""The members' scorers answering as one: mean scores, calibrated.

Members that overfitted differently correct one another (Hansen & Salamon 1990): on held-out speakers six of them
gain 0.03 phone correlation over one. How their posteriors are joined stands in ``network.together``.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engines.training.calibrate import Calibration
from engines.training.network import Scorer, expectation


class CommitteeScorer(nn.Module):
    """Each member's scorer reads its slice of the hidden states and the common features."""

    def __init__(self, scorer: Scorer, calibration: Calibration | None = None) -> None:
        super().__init__()
        self.scorer, self.calibration = scorer, calibration

    def means(
        self, phones: Tensor, words: Tensor, counts: Tensor, features: Tensor, hidden: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """phones, words int (B, P); counts int (B,); features (B, P, F); hidden (B, P, E × H).

        Returns the shares of the marks 0, 1, 2 (B, P, 3), word (B, P, 3) and sentence (B, 5) 0–10.
        """
        members = self.scorer.members
        batch, length = phones.shape
        hidden = hidden.reshape(batch, length, members, self.scorer.config.hidden).permute(2, 0, 1, 3)
        logits, word, sentence = self.scorer(phones[None], words[None], counts[None], features[None], hidden)
        return torch.softmax(logits, dim=-1).mean(dim=0), word.mean(dim=0), sentence.mean(dim=0)

    def forward(
        self, phones: Tensor, words: Tensor, counts: Tensor, features: Tensor, hidden: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The same inputs → marks 0–2 and their spread (B, P), word (B, P, 3) and sentence (B, 5) 0–10."""
        share, word, sentence = self.means(phones, words, counts, features, hidden)
        mean, spread = expectation(share.clamp(min=1e-6).log())
        if self.calibration is not None:
            mean, word, sentence = self.calibration(mean, word.clamp(0, 10), sentence.clamp(0, 10))
        return mean, spread, word.clamp(0, 10), sentence.clamp(0, 10)
