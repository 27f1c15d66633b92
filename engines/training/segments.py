"""Batched alignment and evidence on the training device: the same arithmetic as ``tutor.align`` and ``tutor.evidence``.

``tests/engines/training/test_segments.py`` holds the two versions together.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tutor.evidence import LOG_FLOOR


def align(emissions: Tensor, frames: Tensor, classes: Tensor, words: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """Viterbi over silence? word silence? word … silence?; every phone takes at least one frame.

    emissions: (B, T, 40) log posteriors. frames: (B,) valid frames. classes, words: (B, P). counts: (B,).
    Returns starts and ends, int64 (B, P) in frames; where a clip has fewer frames than phones they are all zero.
    """
    batch, longest, _ = emissions.shape
    width = classes.shape[1]
    device = emissions.device
    # States: 2p is an optional silence before phone p, 2p + 1 phone p, 2P the final silence.
    states = 2 * width + 1
    labels = torch.zeros(batch, states, dtype=torch.long, device=device)
    labels[:, 1::2] = classes
    place = torch.arange(width, device=device)
    first = torch.ones_like(words, dtype=torch.bool)
    first[:, 1:] = words[:, 1:] != words[:, :-1]
    present = place[None, :] < counts[:, None]
    allowed = torch.zeros(batch, states, dtype=torch.bool, device=device)
    allowed[:, 1::2] = present
    allowed[:, 0:-1:2] = present & first
    allowed.scatter_(1, (2 * counts)[:, None], True)
    penalty = torch.where(allowed, 0.0, -1e9)
    start_cost = torch.full((batch, states), -1e9, device=device)
    start_cost[:, :2] = 0.0
    score = start_cost + penalty + torch.gather(emissions[:, 0], 1, labels)
    pointers = torch.zeros(longest, batch, states, dtype=torch.int8, device=device)
    skippable = torch.zeros(states, dtype=torch.bool, device=device)
    skippable[3::2] = True
    low = torch.full((batch, 2), -1e9, device=device)
    emitted = torch.gather(emissions, 2, labels[:, None, :].expand(-1, longest, -1)) + penalty[:, None]
    for t in range(1, longest):
        one = torch.cat([low[:, :1], score[:, :-1]], dim=1)
        two = torch.where(skippable, torch.cat([low, score[:, :-2]], dim=1), -1e9)
        best, pointer = torch.stack([score, one, two]).max(dim=0)
        live = (t < frames)[:, None]
        score = torch.where(live, best + emitted[:, t], score)
        pointers[t] = torch.where(live, pointer, 0).to(torch.int8)
    ends_at = torch.stack([2 * counts - 1, 2 * counts], dim=1)
    state = torch.gather(ends_at, 1, torch.gather(score, 1, ends_at).argmax(dim=1, keepdim=True))[:, 0]
    path = torch.zeros(longest, batch, dtype=torch.long, device=device)
    for t in range(longest - 1, -1, -1):
        path[t] = state
        state = state - torch.gather(pointers[t], 1, state[:, None])[:, 0].long()
    inside = torch.arange(longest, device=device)[:, None] < frames[None, :]
    phone = torch.where((path % 2 == 1) & inside, path // 2, width)  # (T, B)
    length = torch.zeros(batch, width + 1, dtype=torch.long, device=device)
    length.scatter_add_(1, phone.T, torch.ones_like(phone.T))
    start = torch.full((batch, width + 1), longest, dtype=torch.long, device=device)
    start.scatter_reduce_(1, phone.T, torch.arange(longest, device=device).expand(batch, -1), "amin")
    broken = ((length[:, :width] == 0) & present).any(dim=1, keepdim=True)
    starts = torch.where(present & ~broken, start[:, :width], 0)
    return starts, torch.where(present & ~broken, starts + length[:, :width], 0)


@torch.autocast("cuda", enabled=False)
def evidence(
    ctc: Tensor, frame: Tensor, hidden: Tensor, classes: Tensor, marks: Tensor, counts: Tensor, starts: Tensor, ends: Tensor
) -> tuple[Tensor, Tensor]:
    """``tutor.evidence.gather_evidence`` for a batch, differentiable: features (B, P, F), mean hidden (B, P, H)."""
    batch, longest, _ = frame.shape
    width = classes.shape[1]
    frame, ctc = frame.clamp(min=LOG_FLOOR), ctc.clamp(min=LOG_FLOOR)
    time = torch.arange(longest, device=frame.device)
    member = ((time >= starts[..., None]) & (time < ends[..., None])).to(frame.dtype)  # (B, P, T)
    length = member.sum(dim=2).clamp(min=1)
    owner = torch.where(member.any(dim=1), member.argmax(dim=1), width)  # (B, T)

    def pooled_mean(values: Tensor) -> Tensor:
        return torch.bmm(member, values) / length[..., None]

    def pooled_max(values: Tensor) -> Tensor:
        result = values.new_full((batch, width + 1, values.shape[2]), LOG_FLOOR)
        return result.scatter_reduce(1, owner[..., None].expand_as(values), values, "amax", include_self=False)[:, :width]

    own_index = classes.clamp(min=1)[..., None]  # (B, P, 1)
    top = frame[..., 1:].topk(2, dim=2)
    phones = own_index[:, :, 0][:, None, :] - 1  # (B, 1, P)
    rival = torch.where(top.indices[..., :1] == phones, top.values[..., 1:], top.values[..., :1])  # (B, T, P)
    mean_rival = (rival.transpose(1, 2) * member).sum(dim=2) / length
    mean_own = torch.gather(pooled_mean(frame), 2, own_index)[..., 0]
    peaks = pooled_max(ctc)
    peak_own = torch.gather(peaks, 2, own_index)
    others = peaks.scatter(2, own_index, LOG_FLOOR)[..., 1:].amax(dim=2)
    gaps = torch.zeros(batch, width + 1, device=frame.device)
    inner = (starts[:, 1:] - ends[:, :-1]).clamp(min=0).to(frame.dtype)
    gaps[:, 1:width] = torch.where(torch.arange(1, width, device=frame.device) < counts[:, None], inner, 0.0)
    scalars = torch.stack(
        [
            mean_own / 4,
            (mean_own - mean_rival) / 4,
            torch.gather(pooled_max(frame), 2, own_index)[..., 0] / 4,
            peak_own[..., 0] / 4,
            (peak_own[..., 0] - others) / 4,
            length.log(),
            gaps[:, :-1].log1p(),
            gaps[:, 1:].log1p(),
        ],
        dim=2,
    )
    features = torch.cat([scalars, marks, pooled_mean(frame.exp()), peaks[..., 1:].exp()], dim=2)
    return features, pooled_mean(hidden)
