"""The two networks: a Conformer from samples to posteriors, and a transformer from phone evidence to scores.

Conformer: Gulati et al., Interspeech 2020, with rotary positions (Su et al., 2021) so that any length exports as
one graph. Scorer: after GOPT (Gong et al., ICASSP 2022): phone, word and sentence heads over one encoder.

Both hold one or several members: networks of one shape, each with its own weights on the first axis E, computed side
by side as one batched network. Tokens are (E, N, W), N being batch × length; an input with E = 1 goes to all members.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tutor.evidence import FEATURES
from tutor.phones import CLASS_COUNT, PHONE_COUNT
from tutor.timebase import FRAME_SAMPLES, SAMPLE_RATE

N_FFT, WINDOW, HOP, MELS = 512, 400, 160, 80
POWER_FLOOR = 1e-7


@dataclass(frozen=True)
class AcousticConfig:
    """Size of the Conformer; ``hidden`` is also the width of the hidden states it hands to the scorer."""

    hidden: int = 256
    layers: int = 8
    heads: int = 4
    feed_forward: int = 1024
    kernel: int = 17
    channels: int = 48
    dropout: float = 0.1


@dataclass(frozen=True)
class ScorerConfig:
    """Size of the scorer; ``hidden`` is the acoustic model's."""

    hidden: int = 256
    width: int = 128
    layers: int = 3
    heads: int = 4
    dropout: float = 0.2


LIGHT = AcousticConfig(hidden=128, layers=5, heads=4, feed_forward=320, kernel=17, channels=24, dropout=0.05)
LIGHT_SCORER = ScorerConfig(hidden=128, width=96)
MEMBER = AcousticConfig(hidden=192, layers=6, heads=4, feed_forward=512, kernel=17, channels=24)
MAIN = AcousticConfig()


def mel_matrix() -> Tensor:
    """float32 (257, 80): Slaney mel filters 20–8000 Hz, the ones of ``librosa.filters.mel``."""
    import numpy as np

    def to_mel(hz: Any) -> Any:
        hz = np.asarray(hz, dtype=float)
        return np.where(hz < 1000, hz * 3 / 200, 15 + np.log(np.maximum(hz, 1) / 1000) * 27 / np.log(6.4))

    def to_hz(mel: Any) -> Any:
        return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp(np.log(6.4) / 27 * (mel - 15)))

    edges = to_hz(np.linspace(to_mel(20.0), to_mel(SAMPLE_RATE / 2), MELS + 2))
    bins = np.linspace(0, SAMPLE_RATE / 2, N_FFT // 2 + 1)
    rise = (bins[:, None] - edges[None, :-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[None, 2:] - bins[:, None]) / (edges[2:] - edges[1:-1])
    filters = np.maximum(0, np.minimum(rise, fall)) * (2 / (edges[2:] - edges[:-2]))
    return torch.tensor(filters, dtype=torch.float32)


class FrontEnd(nn.Module):
    """Samples (B, N) → log-mel (B, M, 80), M = N // 160 + 1, mean and spread of each clip taken out."""

    def __init__(self) -> None:
        super().__init__()
        window = torch.zeros(N_FFT)
        offset = (N_FFT - WINDOW) // 2
        window[offset : offset + WINDOW] = torch.hann_window(WINDOW, periodic=True)
        angle = 2 * torch.pi * torch.outer(torch.arange(N_FFT // 2 + 1.0), torch.arange(float(N_FFT))) / N_FFT
        kernel = torch.cat([torch.cos(angle), torch.sin(angle)]) * window
        self.register_buffer("window", window, persistent=False)
        self.register_buffer("kernel", kernel[:, None, :], persistent=False)  # (514, 1, 512)
        self.register_buffer("mel", mel_matrix(), persistent=False)

    def power(self, samples: Tensor) -> Tensor:
        """(B, N) → power spectrum (B, M, 257)."""
        both = F.conv1d(F.pad(samples, (N_FFT // 2, N_FFT // 2))[:, None], self.kernel, stride=HOP)
        real, imaginary = both.chunk(2, dim=1)
        return (real * real + imaginary * imaginary).transpose(1, 2)

    def power_by_fft(self, samples: Tensor) -> Tensor:
        """The same, faster on a GPU, but not to be had in every engine."""
        spectrum = torch.stft(
            samples, N_FFT, HOP, window=self.window, center=True, pad_mode="constant", return_complex=True
        )  # fmt: skip
        return torch.view_as_real(spectrum).square().sum(dim=-1).transpose(1, 2)

    def normalised(self, power: Tensor, mask: Tensor) -> Tensor:
        """Power (B, M, 257), mask (B, M, 1) of 1 and 0 → log-mel with zero mean a band, unit spread a clip."""
        log_mel = torch.log(torch.matmul(power, self.mel) + POWER_FLOOR)
        count = mask.sum(dim=1, keepdim=True)
        centred = (log_mel - (log_mel * mask).sum(dim=1, keepdim=True) / count) * mask
        spread = (centred * centred).mean(dim=2, keepdim=True).sum(dim=1, keepdim=True) / count
        return centred / torch.sqrt(spread + 1e-4)

    def forward(self, samples: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        inside = torch.arange(samples.shape[1], device=samples.device)[None, :] < lengths[:, None]
        power = self.power(samples * inside.to(samples.dtype))
        valid = torch.arange(power.shape[1], device=samples.device)[None, :] <= (lengths // HOP)[:, None]
        mask = valid.to(power.dtype)[:, :, None]
        return self.normalised(power, mask), mask


class Linear(nn.Module):
    """One affine map a member: (E, N, inner) or, shared by all, (1, N, inner) → (E, N, outer)."""

    def __init__(self, members: int, inner: int, outer: int) -> None:
        super().__init__()
        bound = inner**-0.5
        self.weight = nn.Parameter(torch.empty(members, inner, outer).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(members, 1, outer).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        # One member's weight is handed over as a matrix, which CPU engines pack once and for all.
        weight = self.weight[0] if len(self.weight) == 1 else self.weight
        y = torch.matmul(x, weight)
        return y + _as(self.bias, y)


class Norm(nn.Module):
    """Layer normalisation with its own scale and shift for each member: (E, N, W) → the same."""

    def __init__(self, members: int, width: int) -> None:
        super().__init__()
        self.width, self.folded = width, False
        self.weight = nn.Parameter(torch.ones(members, 1, width))
        self.bias = nn.Parameter(torch.zeros(members, 1, width))

    @torch.no_grad()
    def fold(self, linear: Linear) -> None:
        """Move scale and shift into the map that follows: less to compute, the same answer."""
        linear.bias += torch.matmul(self.bias, linear.weight)
        linear.weight *= self.weight.transpose(1, 2)
        self.folded = True

    def forward(self, x: Tensor) -> Tensor:
        if len(self.weight) == 1 and not self.folded:
            return F.layer_norm(x, (self.width,), self.weight[0, 0], self.bias[0, 0])
        x = F.layer_norm(x, (self.width,))
        return x if self.folded else x * self.weight + self.bias


class Convolve(nn.Module):
    """Weights of E convolutions, their output channels side by side: (B, E × inner or inner, …) → (B, E × outer, …)."""

    def __init__(
        self, members: int, inner: int, outer: int, kernel: tuple[int, ...], stride: tuple[int, ...], groups: int = 1
    ) -> None:
        super().__init__()
        share = inner // groups
        bound = (share * math.prod(kernel)) ** -0.5
        self.weight = nn.Parameter(torch.empty(members, outer, share, *kernel).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(members, outer).uniform_(-bound, bound))
        self.stride, self.groups, self.padding = stride, groups, tuple(size // 2 for size in kernel)

    def forward(self, x: Tensor) -> Tensor:
        shared = x.shape[1] == self.weight.shape[2] * self.groups
        convolve = F.conv2d if len(self.stride) == 2 else F.conv1d
        groups = self.groups if shared else self.groups * len(self.weight)
        return convolve(x, self.weight.flatten(0, 1), self.bias.flatten(), self.stride, self.padding, 1, groups)


def _as(parameter: Tensor, like: Tensor) -> Tensor:
    return parameter if parameter.dtype == like.dtype else parameter.to(like.dtype)


def rotations(size: int, longest: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines (longest, 1, size) of rotary positions."""
    frequency = 10000.0 ** (-torch.arange(0, size, 2) / size)
    angle = torch.outer(torch.arange(float(longest)), frequency)
    angle = torch.cat([angle, angle], dim=1)[:, None]
    return angle.cos(), angle.sin()


@dataclass
class Surroundings:
    """What every layer needs besides the tokens: how they lie, where speech ends, where they stand."""

    shape: tuple[int, int]
    """Batch and length; tokens are batch × length."""
    mask: Tensor
    """(E or 1, N, 1) of 1 and 0."""
    bias: Tensor
    """(E × B, 1, 1, L): 0, or -10,000 where there is nothing to attend to."""
    cos: Tensor
    sin: Tensor

    @classmethod
    def of(cls, valid: Tensor, members: int, cos: Tensor, sin: Tensor, dtype: torch.dtype) -> Surroundings:
        """``valid``: (E or 1, B, L) of 1 and 0."""
        batch, length = valid.shape[1], valid.shape[2]
        bias = ((valid - 1) * 1e4).expand(members, -1, -1).flatten(0, 1)[:, None, None]
        return cls((batch, length), valid.flatten(1)[..., None], bias, cos[:length].to(dtype), sin[:length].to(dtype))


class Attention(nn.Module):
    """Multi-head self-attention with rotary positions."""

    def __init__(self, members: int, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.members, self.heads, self.size, self.dropout = members, heads, width // heads, dropout
        self.qkv = Linear(members, width, 3 * width)
        self.out = Linear(members, width, width)

    def forward(self, x: Tensor, around: Surroundings) -> Tensor:
        batch, length = around.shape
        # Members and batch on one axis: engines know attention by its four axes.
        qkv = self.qkv(x).reshape(self.members * batch, length, 3 * self.heads, self.size)
        both, value = qkv.split([2 * self.heads, self.heads], dim=2)
        left, right = both.split([self.size // 2, self.size // 2], dim=3)
        both = both * _as(around.cos, both) + torch.cat([-right, left], dim=3) * _as(around.sin, both)
        query, key = both.transpose(1, 2).split([self.heads, self.heads], dim=1)
        value = value.transpose(1, 2)  # (E × B, heads, L, size)
        if self.training:
            bias = around.bias.to(query.dtype).expand(-1, -1, length, -1)
            mixed = F.scaled_dot_product_attention(query, key, value, bias, self.dropout)
        else:
            weights = torch.softmax(torch.matmul(query * self.size**-0.5, key.transpose(2, 3)) + around.bias, dim=-1)
            mixed = torch.matmul(_as(weights, value), value)
        return self.out(mixed.transpose(1, 2).reshape(self.members, batch * length, self.heads * self.size))


class FeedForward(nn.Sequential):
    def __init__(self, members: int, width: int, inner: int, dropout: float) -> None:
        super().__init__(
            Norm(members, width), Linear(members, width, inner), nn.SiLU(), nn.Dropout(dropout), Linear(members, inner, width)
        )


class Convolution(nn.Module):
    """Gated depthwise convolution; frames past the end are zeroed before it looks around."""

    def __init__(self, members: int, width: int, kernel: int) -> None:
        super().__init__()
        self.members, self.width = members, width
        self.norm = Norm(members, width)
        self.gate = Linear(members, width, 2 * width)
        self.depthwise = Convolve(members, width, width, (kernel,), (1,), width)
        self.after = Norm(members, width)
        self.out = Linear(members, width, width)

    def forward(self, x: Tensor, around: Surroundings) -> Tensor:
        batch, length = around.shape
        value, gate = self.gate(self.norm(x)).split([self.width, self.width], dim=-1)
        gated = value * torch.sigmoid(gate) * _as(around.mask, value)
        # Two plain transpositions, which engines do faster than one of four axes.
        turned = gated.reshape(self.members * batch, length, self.width).transpose(1, 2)
        turned = turned.reshape(self.members, batch, self.width, length).transpose(0, 1)
        mixed = self.depthwise(turned.reshape(batch, self.members * self.width, length))
        mixed = mixed.reshape(batch, self.members, self.width, length).transpose(0, 1)
        mixed = mixed.reshape(self.members * batch, self.width, length).transpose(1, 2)
        return self.out(F.silu(self.after(mixed.reshape(self.members, batch * length, self.width))))


class ConformerBlock(nn.Module):
    def __init__(self, config: AcousticConfig, members: int) -> None:
        super().__init__()
        self.first = FeedForward(members, config.hidden, config.feed_forward, config.dropout)
        self.norm = Norm(members, config.hidden)
        self.attention = Attention(members, config.hidden, config.heads, config.dropout)
        self.convolution = Convolution(members, config.hidden, config.kernel)
        self.second = FeedForward(members, config.hidden, config.feed_forward, config.dropout)
        self.after = Norm(members, config.hidden)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, around: Surroundings) -> Tensor:
        x = x + 0.5 * self.dropout(self.first(x))
        x = x + self.dropout(self.attention(self.norm(x), around))
        x = x + self.dropout(self.convolution(x, around))
        x = x + 0.5 * self.dropout(self.second(x))
        return self.after(x)


class AcousticModel(nn.Module):
    """Samples (B, N) float32 and lengths (B,) → CTC log posteriors, frame log posteriors (B, T, 40), hidden (B, T, E × H)."""

    def __init__(self, config: AcousticConfig = MAIN, members: int = 1, longest_s: float = 30.0) -> None:
        super().__init__()
        self.config, self.members = config, members
        self.front = FrontEnd()
        channels = config.channels
        self.first = Convolve(members, 1, channels, (3, 3), (2, 2))
        self.second = Convolve(members, channels, channels, (3, 3), (1, 2))
        self.entry = Linear(members, channels * MELS // 4, config.hidden)
        cos, sin = rotations(config.hidden // config.heads, int(longest_s * SAMPLE_RATE) // FRAME_SAMPLES + 1)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        self.blocks = nn.ModuleList(ConformerBlock(config, members) for _ in range(config.layers))
        self.ctc = Linear(members, config.hidden, CLASS_COUNT)
        self.frame = Linear(members, config.hidden, CLASS_COUNT)

    def encode(self, log_mel: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Log-mel (E or 1, B, M, 80), mask (E or 1, B, M) → logits of CTC and frames (E, B, T, 40), hidden (E, B, T, H)."""
        members, channels = self.members, self.config.channels
        x = F.silu(self.first(log_mel.transpose(0, 1)))  # (B, E × C, T, 40)
        around = Surroundings.of(mask[:, :, ::2], members, self.cos, self.sin, x.dtype)
        batch, length = around.shape
        x = x.reshape(batch, -1, channels, length, MELS // 2) * _as(mask[:, :, ::2].transpose(0, 1)[:, :, None, :, None], x)
        x = F.silu(self.second(x.reshape(batch, members * channels, length, MELS // 2)))  # (B, E × C, T, 20)
        x = x.reshape(batch, members, channels, length, MELS // 4).permute(1, 0, 3, 2, 4)
        x = self.entry(x.reshape(members, batch * length, channels * MELS // 4))
        for block in self.blocks:
            x = block(x, around)
        ctc, frame, hidden = (
            value.reshape(members, batch, length, -1).float() for value in (self.ctc(x), self.frame(x), x)
        )
        return ctc, frame, hidden

    def forward(self, samples: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        log_mel, mask = self.front(samples, lengths)
        return together(*self.encode(log_mel[None], mask[None, :, :, 0]))


def together(ctc: Tensor, frame: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Members' logits (E, B, T, 40) twice, hidden (E, B, T, H) → log mean posteriors (B, T, 40), hidden (B, T, E × H)."""
    if len(ctc) == 1:
        return torch.log_softmax(ctc[0], dim=-1), torch.log_softmax(frame[0], dim=-1), hidden[0]
    means = (torch.softmax(logits, dim=-1).mean(dim=0).clamp(min=1e-20).log() for logits in (ctc, frame))
    return *means, hidden.permute(1, 2, 0, 3).flatten(2)


class ScorerBlock(nn.Module):
    def __init__(self, config: ScorerConfig, members: int) -> None:
        super().__init__()
        self.norm = Norm(members, config.width)
        self.attention = Attention(members, config.width, config.heads, config.dropout)
        self.forwards = FeedForward(members, config.width, 4 * config.width, config.dropout)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, around: Surroundings) -> Tensor:
        x = x + self.dropout(self.attention(self.norm(x), around))
        return x + self.dropout(self.forwards(x))


class Head(nn.Sequential):
    def __init__(self, members: int, inner: int, width: int, outer: int, dropout: float) -> None:
        super().__init__(Linear(members, inner, width), nn.SiLU(), nn.Dropout(dropout), Linear(members, width, outer))


def fold_norms(network: nn.Module) -> None:
    """Fold every normalisation that only feeds a linear map, for inference."""
    for part in list(network.modules()):
        if isinstance(part, nn.Sequential) and isinstance(part[0], Norm):
            part[0].fold(part[1])
        elif isinstance(part, Convolution):
            part.norm.fold(part.gate)
        elif isinstance(part, ConformerBlock | ScorerBlock):
            part.norm.fold(part.attention.qkv)


class Scorer(nn.Module):
    """Evidence of P phones → scores on the raters' scales.

    The phone head gives the share of experts who would say 0, 1 or 2 (its mean is the score, its spread the
    confidence); words pool their phones; the sentence pools everything.
    """

    def __init__(self, config: ScorerConfig, members: int = 1, longest: int = 512) -> None:
        super().__init__()
        self.config, self.members = config, members
        width = config.width
        self.phone_embedding = nn.Parameter(torch.randn(members, PHONE_COUNT, width))
        self.features = Linear(members, len(FEATURES), width)
        self.hidden = nn.Sequential(Norm(members, config.hidden), Linear(members, config.hidden, width))
        self.drop = nn.Dropout(config.dropout)
        cos, sin = rotations(width // config.heads, longest)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        self.blocks = nn.ModuleList(ScorerBlock(config, members) for _ in range(config.layers))
        self.norm = Norm(members, width)
        self.phone_head = Head(members, width, width, 3, config.dropout)
        self.word_head = Head(members, 3 * width, width, 3, config.dropout)
        self.attend = Linear(members, width, 1)
        self.sentence_head = Head(members, 3 * width, width, 5, config.dropout)

    def forward(
        self, phones: Tensor, words: Tensor, counts: Tensor, features: Tensor, hidden: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """phones, words int (E or 1, B, P); counts int (E or 1, B); features (E or 1, B, P, F); hidden (E, B, P, H).

        Returns phone logits (E, B, P, 3), word (E, B, P, 3) 0–10, sentence (E, B, 5) 0–10.
        """
        members, width = self.members, self.config.width
        index = torch.arange(phones.shape[2], device=phones.device)
        valid = (index < counts[..., None]).to(features.dtype)  # (E or 1, B, P)
        around = Surroundings.of(valid, members, self.cos, self.sin, features.dtype)
        batch, length = around.shape
        which = torch.arange(members, device=phones.device)[:, None] * PHONE_COUNT
        x = self.phone_embedding.flatten(0, 1)[(phones.long().flatten(1) + which)]  # (E, N, width)
        x = x + self.features(features.flatten(1, 2)) + self.drop(self.hidden(hidden.flatten(1, 2)))
        for block in self.blocks:
            x = block(x, around)
        tokens = self.norm(x)
        phone = self.phone_head(tokens)
        x = tokens.reshape(members, batch, length, width)
        valid = valid[..., None]  # (E or 1, B, P, 1)
        member = (words[:, :, None, :] == index[:, None]).to(x.dtype) * _as(valid.transpose(2, 3), x)  # (E or 1, B, word, P)
        size = member.sum(dim=3, keepdim=True)
        # One word after the other would need no (word, P, width); side by side it is one operation.
        worst = (x[:, :, None] * member[..., None] + (member[..., None] - 1) * 1e4).amax(dim=3).clamp(min=-1e3)
        mean_word = torch.matmul(member / size.clamp(min=1), x)
        attention = self.attend(tokens).reshape(members, batch, 1, length) + around.bias.reshape(members, batch, 1, length)
        pooled = torch.matmul(_as(torch.softmax(attention, dim=-1), x), x)  # (E, B, 1, width)
        total = counts[..., None, None].clamp(min=1)
        mean = (x * valid).sum(dim=2, keepdim=True) / total
        spread = (((x - mean) ** 2 * valid).sum(dim=2, keepdim=True) / total + 1e-5).sqrt()
        context = pooled.expand(-1, -1, length, -1)
        word = self.word_head(torch.cat([mean_word, worst * (size > 0), context], dim=3).flatten(1, 2))
        sentence = self.sentence_head(torch.cat([pooled, mean, spread], dim=3).flatten(1, 2))
        return (
            phone.reshape(members, batch, length, 3),
            word.reshape(members, batch, length, 3) * 3 + 8,
            sentence * 2 + 7.5,
        )


def expectation(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Phone logits (…, 3) → mean 0–2 and standard deviation of the experts' marks."""
    share = torch.softmax(logits, dim=-1)
    mean = share[..., 1] + 2 * share[..., 2]
    variance = share[..., 1] + 4 * share[..., 2] - mean * mean
    return mean, torch.sqrt(variance.clamp(min=0) + 1e-6)


def parameters_of(module: nn.Module) -> int:
    """Number of trained values."""
    return sum(parameter.numel() for parameter in module.parameters())


def config_dict(config: AcousticConfig | ScorerConfig) -> dict[str, Any]:
    """For checkpoints and manifests."""
    return asdict(config)
