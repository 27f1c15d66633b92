"""Changes that a scorer must not be fooled by, made on the training device: rate, vocal tract, room, noise, line, masks."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from engines.training.data import SHAPE_SAMPLES, rounded
from tutor.timebase import SAMPLE_RATE


def _uniform(shape: tuple[int, ...], low: float, high: float, like: Tensor) -> Tensor:
    return torch.empty(shape, device=like.device).uniform_(low, high)


def change_speed(samples: Tensor, factors: Tensor, new_lengths: Tensor, longest: int) -> Tensor:
    """Play clip b ``factors[b]`` times as fast (pitch moves too): (B, N), (B,) → (B, N') with ``longest`` ≤ N'."""
    position = torch.arange(rounded(longest, SHAPE_SAMPLES), device=samples.device)[None, :] * factors[:, None]
    left = position.long().clamp(max=samples.shape[1] - 2)
    share = (position - left).clamp(0, 1)
    values = torch.gather(samples, 1, left) * (1 - share) + torch.gather(samples, 1, left + 1) * share
    inside = torch.arange(values.shape[1], device=samples.device)[None, :] < new_lengths[:, None]
    return values * inside


def add_rooms(samples: Tensor, chance: float) -> Tensor:
    """Convolve some clips with an exponentially decaying echo, RT60 0.15–0.7 s; the direct sound stays at its time."""
    batch, count = samples.shape
    size = SAMPLE_RATE // 2
    decay = 6.9 / (_uniform((batch, 1), 0.15, 0.7, samples) * SAMPLE_RATE)
    echo = torch.randn(batch, size, device=samples.device) * torch.exp(-decay * torch.arange(size, device=samples.device))
    echo[:, : SAMPLE_RATE // 400] = 0
    strength = _uniform((batch, 1), 0.05, 0.7, samples) / echo.norm(dim=1, keepdim=True)
    strength = strength * (torch.rand(batch, 1, device=samples.device) < chance)
    length = 1 << (count + size - 1).bit_length()
    wet = torch.fft.irfft(torch.fft.rfft(samples, length) * torch.fft.rfft(echo, length), length)[:, :count]
    return samples + strength * wet


def add_noise(samples: Tensor, lengths: Tensor, babble: Tensor, chance: float) -> Tensor:
    """Add coloured noise or babble (B, N) at 0–35 dB below the speech to some clips."""
    batch, count = samples.shape
    white = torch.randn(batch, count, device=samples.device)
    spectrum = torch.fft.rfft(white)
    hertz = torch.linspace(0, SAMPLE_RATE / 2, spectrum.shape[1], device=samples.device)
    slope = _uniform((batch, 1), -1.5, 0.3, samples)
    coloured = torch.fft.irfft(spectrum * (hertz.clamp(min=60)[None, :] / 1000) ** slope, count)
    talk = torch.rand(batch, 1, device=samples.device) < 0.35
    noise = torch.where(talk, babble[:, :count], coloured)
    power = (samples**2).sum(dim=1) / lengths
    noise_power = (noise**2).mean(dim=1).clamp(min=1e-10)
    snr = torch.where(talk[:, 0], _uniform((batch,), 5, 35, samples), _uniform((batch,), 0, 35, samples))
    gain = torch.sqrt(power / noise_power * 10 ** (-snr / 10)) * (torch.rand(batch, device=samples.device) < chance)
    return samples + gain[:, None] * noise


def warp_spectrum(power: Tensor, factors: Tensor) -> Tensor:
    """Stretch the frequency axis of power spectra (B, M, 257) by ``factors`` (B,): a longer or shorter vocal tract."""
    bins = power.shape[2]
    position = (torch.arange(bins, device=power.device)[None, :] * factors[:, None]).clamp(max=bins - 1.001)
    left = position.long()
    share = (position - left)[:, None, :]
    left = left[:, None, :].expand(-1, power.shape[1], -1)
    return torch.gather(power, 2, left) * (1 - share) + torch.gather(power, 2, left + 1) * share


def colour(power: Tensor, chance: float) -> Tensor:
    """A random smooth microphone curve (±10 dB), and for some clips a line that ends at 3.4 kHz."""
    batch, _, bins = power.shape
    curve = F.interpolate(torch.randn(batch, 1, 8, device=power.device) * 4, bins, mode="linear", align_corners=True)
    gain = 10 ** (curve[:, 0] / 10)
    narrow = torch.rand(batch, 1, device=power.device) < chance
    edge = int(3400 / (SAMPLE_RATE / 2) * (bins - 1))
    line = torch.where(torch.arange(bins, device=power.device)[None, :] > edge, 1e-5, 1.0)
    return power * torch.where(narrow, gain * line, gain)[:, None, :]


def mask_bands(log_mel: Tensor, frames: Tensor, *, bands: int, times: int, longest_share: float) -> Tensor:
    """SpecAugment (Park et al., 2019) on normalised log-mel (B, M, 80): zeros are the mean."""
    batch, length, mels = log_mel.shape
    result = log_mel
    band = torch.arange(mels, device=log_mel.device)[None, :]
    for _ in range(bands):
        width = _uniform((batch, 1), 0, 16, log_mel)
        start = torch.rand(batch, 1, device=log_mel.device) * (mels - width)
        result = result * ~((band >= start) & (band < start + width))[:, None, :]
    time = torch.arange(length, device=log_mel.device)[None, :]
    for _ in range(times):
        width = torch.rand(batch, 1, device=log_mel.device) * torch.clamp(frames[:, None] * longest_share, max=24.0)
        start = torch.rand(batch, 1, device=log_mel.device) * (frames[:, None] - width)
        result = result * ~((time >= start) & (time < start + width))[:, :, None]
    return result


def learning_rate(step: int, steps: int, peak: float, warmup: int) -> float:
    """Linear warm-up, then a cosine down to 2 % of the peak."""
    if step < warmup:
        return peak * (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    return peak * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress))))
