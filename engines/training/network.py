"""The two networks: a Conformer from samples to posteriors, and a transformer from phone evidence to scores.

Conformer: Gulati et al., Interspeech 2020, with rotary positions (Su et al., 2021) so that any length exports as
one graph. Scorer: after GOPT (Gong et al., ICASSP 2022): phone, word and sentence heads over one encoder.
"""

from __future__ import annotations

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


class Attention(nn.Module):
    """Multi-head self-attention with rotary positions."""

    def __init__(self, width: int, heads: int, dropout: float, longest: int) -> None:
        super().__init__()
        self.heads, self.size, self.dropout = heads, width // heads, dropout
        self.fused = True  # several models in one pass (crossfit.py) cannot use the fused kernel
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        frequency = 10000.0 ** (-torch.arange(0, self.size, 2) / self.size)
        angle = torch.outer(torch.arange(float(longest)), frequency)
        self.register_buffer("cos", torch.cat([angle.cos(), angle.cos()], dim=1), persistent=False)
        self.register_buffer("sin", torch.cat([angle.sin(), angle.sin()], dim=1), persistent=False)

    def rotated(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        left, right = x.chunk(2, dim=-1)
        return x * cos + torch.cat([-right, left], dim=-1) * sin

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        batch, length, width = x.shape
        qkv = self.qkv(x).reshape(batch, length, 3, self.heads, self.size).permute(2, 0, 3, 1, 4)
        cos, sin = self.cos[:length].to(x.dtype), self.sin[:length].to(x.dtype)
        query, key, value = self.rotated(qkv[0], cos, sin), self.rotated(qkv[1], cos, sin), qkv[2]
        if self.training and self.fused:
            mixed = F.scaled_dot_product_attention(query, key, value, bias.to(query.dtype), self.dropout)
        else:
            weights = torch.softmax(torch.matmul(query, key.transpose(-1, -2)) * self.size**-0.5 + bias, dim=-1)
            weights = F.dropout(weights, self.dropout, self.training)
            mixed = torch.matmul(weights.to(value.dtype), value)
        return self.out(mixed.transpose(1, 2).reshape(batch, length, width))


class FeedForward(nn.Sequential):
    def __init__(self, width: int, inner: int, dropout: float) -> None:
        super().__init__(nn.LayerNorm(width), nn.Linear(width, inner), nn.SiLU(), nn.Dropout(dropout), nn.Linear(inner, width))


class Convolution(nn.Module):
    """Gated depthwise convolution; frames past the end are zeroed before it looks around."""

    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.gate = nn.Linear(width, 2 * width)
        self.depthwise = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)
        self.after = nn.LayerNorm(width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        value, gate = self.gate(self.norm(x)).chunk(2, dim=-1)
        gated = value * torch.sigmoid(gate) * mask
        mixed = self.depthwise(gated.transpose(1, 2)).transpose(1, 2)
        return self.out(F.silu(self.after(mixed)))


class ConformerBlock(nn.Module):
    def __init__(self, config: AcousticConfig, longest: int) -> None:
        super().__init__()
        self.first = FeedForward(config.hidden, config.feed_forward, config.dropout)
        self.norm = nn.LayerNorm(config.hidden)
        self.attention = Attention(config.hidden, config.heads, config.dropout, longest)
        self.convolution = Convolution(config.hidden, config.kernel)
        self.second = FeedForward(config.hidden, config.feed_forward, config.dropout)
        self.after = nn.LayerNorm(config.hidden)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, mask: Tensor, bias: Tensor) -> Tensor:
        x = x + 0.5 * self.dropout(self.first(x))
        x = x + self.dropout(self.attention(self.norm(x), bias))
        x = x + self.dropout(self.convolution(x, mask))
        x = x + 0.5 * self.dropout(self.second(x))
        return self.after(x)


class AcousticModel(nn.Module):
    """Samples (B, N) float32 and lengths (B,) → CTC log posteriors, frame log posteriors (B, T, 40), hidden (B, T, H)."""

    def __init__(self, config: AcousticConfig = MAIN, longest_s: float = 30.0) -> None:
        super().__init__()
        self.config = config
        self.front = FrontEnd()
        channels = config.channels
        self.first = nn.Conv2d(1, channels, 3, stride=2, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, stride=(1, 2), padding=1)
        self.entry = nn.Linear(channels * MELS // 4, config.hidden)
        longest = int(longest_s * SAMPLE_RATE) // FRAME_SAMPLES + 1
        self.blocks = nn.ModuleList(ConformerBlock(config, longest) for _ in range(config.layers))
        self.ctc = nn.Linear(config.hidden, CLASS_COUNT)
        self.frame = nn.Linear(config.hidden, CLASS_COUNT)

    def encode(self, log_mel: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Log-mel (B, M, 80), mask (B, M, 1) → (CTC log posteriors, frame log posteriors, hidden)."""
        x = F.silu(self.first(log_mel[:, None]))  # (B, C, T, 40)
        mask = mask[:, ::2]
        x = F.silu(self.second(x * mask[:, None]))  # (B, C, T, 20)
        x = self.entry(x.transpose(1, 2).flatten(2))
        bias = ((mask - 1) * 1e4).transpose(1, 2)[:, None]  # (B, 1, 1, T)
        for block in self.blocks:
            x = block(x, mask, bias)
        hidden = x.float()
        return (
            torch.log_softmax(self.ctc(x).float(), dim=-1),
            torch.log_softmax(self.frame(x).float(), dim=-1),
            hidden,
        )

    def forward(self, samples: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.encode(*self.front(samples, lengths))


class ScorerBlock(nn.Module):
    def __init__(self, config: ScorerConfig, longest: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(config.width)
        self.attention = Attention(config.width, config.heads, config.dropout, longest)
        self.forwards = FeedForward(config.width, 4 * config.width, config.dropout)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        x = x + self.dropout(self.attention(self.norm(x), bias))
        return x + self.dropout(self.forwards(x))


class Scorer(nn.Module):
    """Evidence of P phones → scores on the raters' scales.

    The phone head gives the share of experts who would say 0, 1 or 2 (its mean is the score, its spread the
    confidence); words pool their phones; the sentence pools everything.
    """

    def __init__(self, config: ScorerConfig, longest: int = 512) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.phone_embedding = nn.Embedding(PHONE_COUNT, width)
        self.features = nn.Linear(len(FEATURES), width)
        self.hidden = nn.Sequential(nn.LayerNorm(config.hidden), nn.Linear(config.hidden, width))
        self.drop = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(ScorerBlock(config, longest) for _ in range(config.layers))
        self.norm = nn.LayerNorm(width)
        self.phone_head = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Dropout(config.dropout), nn.Linear(width, 3))
        self.word_head = nn.Sequential(nn.Linear(3 * width, width), nn.SiLU(), nn.Dropout(config.dropout), nn.Linear(width, 3))
        self.attend = nn.Linear(width, 1)
        self.sentence_head = nn.Sequential(
            nn.Linear(3 * width, width), nn.SiLU(), nn.Dropout(config.dropout), nn.Linear(width, 5)
        )

    def forward(self, phones: Tensor, words: Tensor, counts: Tensor, features: Tensor, hidden: Tensor) -> tuple[Tensor, ...]:
        """phones, words int (B, P); counts int (B,); features (B, P, F); hidden (B, P, H).

        Returns phone logits (B, P, 3), word (B, P, 3) 0–10, sentence (B, 5) 0–10.
        """
        index = torch.arange(phones.shape[1], device=phones.device)
        valid = (index[None, :] < counts[:, None]).to(features.dtype)[:, :, None]  # (B, P, 1)
        x = self.phone_embedding(phones.long()) + self.features(features) + self.drop(self.hidden(hidden))
        bias = ((valid - 1) * 1e4).transpose(1, 2)[:, None]
        for block in self.blocks:
            x = block(x, bias)
        x = self.norm(x)
        phone = self.phone_head(x)
        member = (words[:, None, :] == index[None, :, None]).to(x.dtype) * valid.transpose(1, 2)  # (B, word, P)
        share = member / member.sum(dim=2, keepdim=True).clamp(min=1)
        worst = (x[:, None] * member[..., None] + (member[..., None] - 1) * 1e4).amax(dim=2).clamp(min=-1e3)
        weights = torch.softmax(self.attend(x).transpose(1, 2) + bias[:, 0], dim=-1)
        mean = (x * valid).sum(dim=1, keepdim=True) / counts[:, None, None].clamp(min=1)
        pooled = torch.matmul(weights, x)  # (B, 1, width)
        context = pooled.expand(-1, x.shape[1], -1)
        word = self.word_head(torch.cat([torch.matmul(share, x), worst * (member.sum(dim=2, keepdim=True) > 0), context], dim=2))
        spread = (((x - mean) ** 2 * valid).sum(dim=1, keepdim=True) / counts[:, None, None].clamp(min=1) + 1e-5).sqrt()
        sentence = self.sentence_head(torch.cat([pooled, mean, spread], dim=2))[:, 0]
        return phone, word * 3 + 8, sentence * 2 + 7.5


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
