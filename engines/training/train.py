"""Train acoustic model and scorer together: ``python -m engines.training.train RUN --corpus … [--fold K]``.

One schedule: first the recogniser alone (CTC on what was said, frame labels), then recogniser and scorer jointly,
the scorer reading the recogniser's own alignments. Weights are averaged (EMA); a stopped run goes on from its last
checkpoint; every figure goes to ``log.jsonl``.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engines.training import augment, data, options, segments
from engines.training.network import (
    LIGHT,
    LIGHT_SCORER,
    MAIN,
    MEMBER,
    AcousticConfig,
    AcousticModel,
    Scorer,
    ScorerConfig,
    config_dict,
    expectation,
    parameters_of,
)  # fmt: skip
from tutor.timebase import FRAME_SAMPLES, SAMPLE_RATE

SIZES = {"main": MAIN, "member": MEMBER, "light": LIGHT}
PREDICTED = (
    *("phone", "phone_target", "word", "word_target", "sentence", "sentence_target"),
    *("key", "errors", "length", "child", "frame_right", "frame_count"),
)


@dataclass(frozen=True)
class Recipe:
    """All that decides a run besides the data."""

    size: str = "main"
    steps: int = 20000
    joint_from: float = 0.35
    seconds: float = 280.0
    rate: float = 7e-4
    warmup: int = 400
    weight_decay: float = 0.02
    shares: tuple[float, float, float] = (0.6, 0.15, 0.25)
    scorer_gradient: float = 1.0
    dropout: float = 0.2
    scorer_dropout: float = 0.3
    ema: float = 0.999
    realign: int = 1500
    check: int = 1000
    seed: int = 1


class Both(nn.Module):
    """The two networks under one roof, for one optimiser and one average."""

    def __init__(self, acoustic: AcousticConfig, scorer: ScorerConfig | None = None) -> None:
        super().__init__()
        self.acoustic = AcousticModel(acoustic)
        self.scorer = Scorer(scorer or ScorerConfig(hidden=acoustic.hidden))


def untrained(recipe: Recipe) -> Both:
    """A model of the recipe's size."""
    acoustic = replace(SIZES[recipe.size], dropout=recipe.dropout)
    scorer = LIGHT_SCORER if recipe.size == "light" else ScorerConfig(hidden=acoustic.hidden)
    return Both(acoustic, replace(scorer, dropout=recipe.scorer_dropout))


@dataclass(frozen=True)
class Heard:
    """An augmented batch: log-mel (B, M, 80) and mask, frames (B,) on host and device, frame labels, speed factors."""

    log_mel: Tensor
    mask: Tensor
    frames_cpu: Tensor
    frames: Tensor
    labels: Tensor
    factors: Tensor


def hear(model: Both, batch: dict[str, Tensor], bank: data.Bank, *, joint: bool) -> Heard:
    """Augment a batch; the speed factors move the frame labels along."""
    samples = batch["samples"]
    # Lengths are kept on the host as well: asking the device for them would make the host wait for every step.
    factors_cpu = torch.empty(len(samples)).uniform_(0.88, 1.14)
    lengths_cpu = (batch["lengths_cpu"] / factors_cpu).long().clamp(min=1)
    factors, lengths = factors_cpu.to(samples.device), lengths_cpu.to(samples.device)
    samples = augment.change_speed(samples, factors, lengths, int(lengths_cpu.max()))
    samples = augment.add_rooms(samples, 0.3)
    babble = bank.random_samples(tuple(samples.shape))
    samples = augment.add_noise(samples, lengths, babble, 0.6)
    samples = samples * (torch.arange(samples.shape[1], device=samples.device) < lengths[:, None])
    count = batch["frames"].shape[1]
    wanted = samples.shape[1] // FRAME_SAMPLES + 1
    source = (torch.arange(wanted, device=samples.device)[None, :] * factors[:, None]).round().long()
    labels = torch.gather(batch["frames"], 1, source.clamp(max=count - 1))
    frames = lengths // FRAME_SAMPLES + 1
    labels = torch.where(torch.arange(wanted, device=samples.device) < frames[:, None], labels, data.NO_LABEL)
    front = model.acoustic.front
    with torch.autocast(samples.device.type, enabled=False), torch.no_grad():
        power = front.power_by_fft(samples)
        warp = torch.empty(len(lengths), device=samples.device).uniform_(0.86, 1.16)
        power = augment.colour(augment.warp_spectrum(power, warp), 0.08)
        mels = lengths // 160 + 1
        mask = (torch.arange(power.shape[1], device=samples.device) < mels[:, None]).float()[:, :, None]
        log_mel = front.normalised(power, mask)
        log_mel = augment.mask_bands(log_mel, mels, bands=2, times=2 if joint else 3, longest_share=0.05)
    return Heard(log_mel, mask, lengths_cpu // FRAME_SAMPLES + 1, frames, labels, factors)


def recogniser_losses(ctc: Tensor, frame: Tensor, heard: Heard, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    labels = heard.labels
    lost = F.ctc_loss(
        ctc.transpose(0, 1), batch["said"], heard.frames_cpu, batch["said_counts_cpu"], reduction="none",
        zero_infinity=True,
    )  # fmt: skip
    per_phone = (lost / batch["said_counts"].clamp(min=1)).mean()
    framewise = F.nll_loss(frame.flatten(0, 1), labels.flatten(), ignore_index=data.NO_LABEL)
    return per_phone, framewise


def score(
    model: Both,
    ctc: Tensor,
    frame: Tensor,
    hidden: Tensor,
    starts: Tensor,
    ends: Tensor,
    batch: dict[str, Tensor],
    gradient: float,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Gather evidence and score: phone logits (B, P, 3), word, sentence, and which phones were aligned (B, P)."""
    ctc, frame, hidden = (x * gradient + x.detach() * (1 - gradient) for x in (ctc, frame, hidden))
    features, pooled = segments.evidence(ctc, frame, hidden, batch["classes"], batch["marks"], batch["counts"], starts, ends)
    phone, word, sentence = model.scorer(batch["classes"] - 1, batch["words"], batch["counts"], features, pooled)
    return phone.float(), word.float(), sentence.float(), ends > starts


def scorer_losses(
    phone: Tensor, word: Tensor, sentence: Tensor, aligned: Tensor, batch: dict[str, Tensor]
) -> tuple[Tensor, Tensor, Tensor]:
    target = batch["phone_targets"]
    known = ~target[..., 0].isnan() & aligned
    weight = torch.where(batch["sources"] == data.LEARNER, 1.0, 0.15)[:, None] * known
    shares = target.nan_to_num()
    crossed = -(shares * torch.log_softmax(phone, dim=-1)).sum(dim=-1)
    mean, _ = expectation(phone)
    squared = (mean - shares[..., 1] - 2 * shares[..., 2]) ** 2
    phones = (weight * (crossed + 2 * squared)).sum() / weight.sum().clamp(min=1)
    words = _squared(word[:, : batch["word_targets"].shape[1]], batch["word_targets"]) / 4
    sentences = _squared(sentence, batch["sentence_targets"]) / 2
    return phones, words, sentences


def _squared(value: Tensor, target: Tensor) -> Tensor:
    known = ~target.isnan()
    return ((value - target.nan_to_num()) ** 2 * known).sum() / known.sum().clamp(min=1)


def distillation(teacher: nn.Module, heard: Heard, ctc: Tensor, frame: Tensor) -> Tensor:
    """Kullback–Leibler distance of both posteriors to those of a teacher (its ``encode``) that hears the same sound."""
    with torch.no_grad():
        taught = teacher.encode(heard.log_mel, heard.mask)  # type: ignore[operator]
    valid = heard.mask[:, ::2, 0]
    loss = torch.zeros((), device=ctc.device)
    for mine, theirs in ((ctc, taught[0]), (frame, taught[1])):
        divergence = (theirs.exp() * (theirs - mine)).sum(dim=2)
        loss = loss + (divergence * valid).sum() / valid.sum()
    return loss


def sped(batch: dict[str, Tensor], factors: Tensor, frames: Tensor) -> tuple[Tensor, Tensor]:
    """Phone spans of the batch after the change of speed; unaligned utterances stay 0–0."""
    aligned = batch["ends"] > batch["starts"]
    last = (frames - 1)[:, None]
    starts = torch.minimum((batch["starts"] / factors[:, None]).long(), last)
    ends = torch.minimum(torch.maximum((batch["ends"] / factors[:, None]).long(), starts + 1), last + 1)
    return torch.where(aligned, starts, 0), torch.where(aligned, ends, 0)


@torch.no_grad()
def align_bank(model: Both, bank: data.Bank, seconds: float) -> None:
    """Place every utterance's expected phones in time with the averaged weights, for the scorer to learn on."""
    position, total = 0, len(bank.items)
    while position < total:
        count = 1
        while position + count < total and bank.lengths[position + count] / SAMPLE_RATE * (count + 1) < seconds:
            count += 1
        batch = bank.batch(np.arange(position, position + count))
        log_mel, mask = model.acoustic.front(batch["samples"], batch["lengths"])
        with torch.autocast(log_mel.device.type, torch.bfloat16, enabled=log_mel.is_cuda):
            _, frame, _ = model.acoustic.encode(log_mel, mask)
        frames = batch["lengths"] // FRAME_SAMPLES + 1
        starts, ends = segments.align(frame.float(), frames, batch["classes"], batch["words"], batch["counts"])
        for row, item in enumerate(bank.items[position : position + count]):
            item.starts = starts[row, : len(item.classes)].cpu().numpy()
            item.ends = ends[row, : len(item.classes)].cpu().numpy()
        position += count


@torch.no_grad()
def predict(model: Both, bank: data.Bank, indices: np.ndarray, seconds: float = 400.0) -> dict[str, Any]:
    """Scores of the utterances with the averaged weights, flat over phones and words, in bank order."""
    model.eval()
    out: dict[str, list[Any]] = {name: [] for name in PREDICTED}
    position = 0
    while position < len(indices):
        count = 1
        while position + count < len(indices) and bank.lengths[indices[position + count]] / SAMPLE_RATE * (count + 1) < seconds:
            count += 1
        chosen = indices[position : position + count]
        position += count
        batch = bank.batch(chosen)
        ctc, frame, hidden = model.acoustic(batch["samples"], batch["lengths"])
        frames = batch["lengths"] // FRAME_SAMPLES + 1
        starts, ends = segments.align(frame, frames, batch["classes"], batch["words"], batch["counts"])
        phone, word, sentence, _ = score(model, ctc, frame, hidden, starts, ends, batch, 1.0)
        mean, _ = expectation(phone)
        best = ctc.argmax(dim=2).cpu().numpy()
        labels = F.pad(batch["frames"], (0, frame.shape[1]), value=data.NO_LABEL)[:, : frame.shape[1]]
        right = ((frame.argmax(dim=2) == labels) & (labels >= 0)).sum(dim=1).tolist()
        known = (labels >= 0).sum(dim=1).tolist()
        for row, index in enumerate(chosen):
            item = bank.items[index]
            p, w = len(item.classes), len(item.word_scores)
            out["phone"].append(mean[row, :p].cpu().numpy())
            out["phone_target"].append(item.marks[:, 1] + 2 * item.marks[:, 2])
            out["word"].append(word[row, :w].cpu().numpy())
            out["word_target"].append(item.word_scores)
            out["sentence"].append(sentence[row].cpu().numpy())
            out["sentence_target"].append(item.sentence_scores)
            out["key"].append(item.key)
            path = best[row, : int(frames[row])]
            heard = [c for i, c in enumerate(path) if c and (i == 0 or c != path[i - 1])]
            out["errors"].append(edit_distance(heard, item.said.tolist()))
            out["length"].append(len(item.said))
            out["child"].append(item.age < 16)
            out["frame_right"].append(right[row])
            out["frame_count"].append(known[row])
    model.train()
    return out


def edit_distance(heard: list[int], said: list[int]) -> int:
    """Levenshtein distance."""
    row = np.arange(len(said) + 1)
    target = np.array(said)
    for symbol in heard:
        previous = row
        change = previous[:-1] + (target != symbol)
        row = np.empty_like(previous)
        row[0] = previous[0] + 1
        best = np.minimum(previous[1:] + 1, change)
        offset = np.arange(1, len(row))
        row[1:] = np.minimum.accumulate(np.minimum(best, row[0] + offset) - offset) + offset
    return int(row[-1])


def figures(out: dict[str, Any]) -> dict[str, float]:
    """Pearson correlations and error rates of ``predict``'s answer."""

    def pearson(value: np.ndarray, target: np.ndarray) -> float:
        known = ~np.isnan(target)
        return round(float(np.corrcoef(value[known], target[known])[0, 1]), 4) if known.sum() > 2 else float("nan")

    phone, phone_target = np.concatenate(out["phone"]), np.concatenate(out["phone_target"])
    word, word_target = np.concatenate(out["word"]), np.concatenate(out["word_target"])
    sentence, sentence_target = np.stack(out["sentence"]), np.stack(out["sentence_target"])
    result = {
        "per": round(sum(out["errors"]) / max(1, sum(out["length"])), 4),
        "frame_accuracy": round(sum(out["frame_right"]) / max(1, sum(out["frame_count"])), 4),
        "phone": pearson(phone, phone_target),
        "phone_mse": round(float(np.nanmean((phone - phone_target) ** 2)), 4),
        "f1": round(best_f1(phone, phone_target < 0.5), 4),
    }
    result |= {f"word_{name}": pearson(word[:, i], word_target[:, i]) for i, name in enumerate(data.WORD)}
    result |= {name: pearson(sentence[:, i], sentence_target[:, i]) for i, name in enumerate(data.SENTENCE)}
    return result


def best_f1(values: np.ndarray, wrong: np.ndarray) -> float:
    """Highest F1 of finding the wrong phones by a threshold on the score."""
    order = np.argsort(values)
    hits = np.cumsum(wrong[order])
    precision, recall = hits / np.arange(1, len(hits) + 1), hits / max(1, wrong.sum())
    return float(np.max(2 * precision * recall / np.maximum(precision + recall, 1e-9)))


def train(
    recipe: Recipe,
    bank: data.Bank,
    held_out: np.ndarray,
    folder: Path,
    device: torch.device,
    time_limit_s: float,
    teacher: nn.Module | None = None,
    start: Both | None = None,
) -> Both:
    """Run the schedule and return the averaged model; ``time_limit_s`` shortens the schedule to what fits."""
    torch.manual_seed(recipe.seed)
    folder.mkdir(parents=True, exist_ok=True)
    model, average = untrained(recipe).to(device), untrained(recipe).to(device)
    if start is not None:
        model.acoustic.load_state_dict(start.acoustic.state_dict())
    average.load_state_dict(model.state_dict())
    average.eval()
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    optimiser = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": plain, "weight_decay": 0.0}],
        lr=recipe.rate, betas=(0.9, 0.98), fused=device.type == "cuda",
    )  # fmt: skip
    train_items = np.setdiff1d(np.arange(len(bank.items)), held_out)
    sub = data.Bank([bank.items[i] for i in train_items], device)
    sampler = data.Sampler(sub, recipe.seconds, recipe.shares, recipe.seed)
    step, spent, aligned_at = 0, 0.0, -recipe.realign
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        step, spent = state["step"], state["spent"]
        sampler.rng = np.random.default_rng(recipe.seed + step)
        torch.manual_seed(recipe.seed + step)
    log = (folder / "log.jsonl").open("a")
    print(
        f"{folder.name}: {parameters_of(model.acoustic)} + {parameters_of(model.scorer)} parameters, from step {step}", flush=True
    )
    begun = time.monotonic() - spent
    steps, saved = recipe.steps, time.monotonic()
    totals = torch.zeros(6, device=device)
    model.train()
    while step < steps:
        elapsed = time.monotonic() - begun
        if step == 150 or (step > 150 and step % 100 == 0):
            # A slower machine than planned shortens the schedule instead of cutting off its end.
            fits = int(step + (time_limit_s - elapsed) / (elapsed / step))
            steps = max(step + 1, min(recipe.steps, fits))
        joint = step >= recipe.joint_from * steps
        if joint and step - aligned_at >= recipe.realign:
            align_bank(average, sub, 2 * recipe.seconds)
            aligned_at = step
        for group in optimiser.param_groups:
            group["lr"] = augment.learning_rate(step, steps, recipe.rate, recipe.warmup)
        batch = sub.batch(sampler.draw())
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            heard = hear(model, batch, sub, joint=joint)
            ctc, frame, hidden = model.acoustic.encode(heard.log_mel, heard.mask)
            losses = list(recogniser_losses(ctc, frame, heard, batch))
            if joint:
                spans = sped(batch, heard.factors, heard.frames)
                phone, word, sentence, aligned = score(model, ctc, frame, hidden, *spans, batch, recipe.scorer_gradient)
                losses += scorer_losses(phone, word, sentence, aligned, batch)
            loss = sum(losses, torch.zeros((), device=device))
            if teacher is not None:
                loss = loss + distillation(teacher, heard, ctc, frame)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        if device.type == "cuda":
            # The fused optimiser looks at this on the device and skips the step; the host need not wait.
            optimiser.found_inf = (~torch.isfinite(norm)).float()  # type: ignore[attr-defined]
            optimiser.step()
        elif bool(torch.isfinite(norm)):
            optimiser.step()
        step += 1
        decay = min(recipe.ema, (1 + step) / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - decay)
            for index, value in enumerate(losses):
                totals[index] += value.detach()
            totals[5] += 1
        if step % 250 == 0 or step == steps:
            mean = (totals / totals[5]).tolist()
            totals.zero_()
            row: dict[str, Any] = {"step": step, "of": steps, "seconds": round(time.monotonic() - begun, 1),
                                   "losses": [round(value, 4) for value in mean[:5]]}  # fmt: skip
            if step >= 0.6 * steps and not (folder / "weights_mid.pt").exists():
                save_weights(average, recipe, step, folder / "weights_mid.pt")
            if len(held_out) and (step % recipe.check == 0 or step == steps):
                row |= figures(predict(average, bank, held_out))
            log.write(json.dumps(row) + "\n")
            log.flush()
            print(folder.name, json.dumps(row), flush=True)
        if time.monotonic() - saved > 120 or step == steps:
            saved = time.monotonic()
            state = {"model": model.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict(),
                     "step": step, "spent": time.monotonic() - begun}  # fmt: skip
            torch.save(state, checkpoint.with_suffix(".tmp"))
            checkpoint.with_suffix(".tmp").replace(checkpoint)
    save_weights(average, recipe, step, folder / "weights.pt")
    return average


def save_weights(model: Both, recipe: Recipe, step: int, path: Path) -> None:
    """Weights as FP16 with what it takes to rebuild the network."""
    half = {name: value.half() if value.is_floating_point() else value for name, value in model.state_dict().items()}
    torch.save(
        {"weights": half, "acoustic": config_dict(model.acoustic.config),
         "scorer": config_dict(model.scorer.config), "recipe": dict(vars(recipe)), "steps": step}, path
    )


def save_predictions(out: dict[str, Any], path: Path) -> None:
    """``predict``'s answer as an archive: flat phones and words with their counts an utterance, sentences."""
    np.savez_compressed(
        path,
        keys=np.array(out["key"]), phone=np.concatenate(out["phone"]), counts=[len(x) for x in out["phone"]],
        word=np.concatenate(out["word"]), word_counts=[len(x) for x in out["word"]], sentence=np.stack(out["sentence"]),
    )  # fmt: skip


def load_weights(path: Path) -> Both:
    """The model that ``save_weights`` wrote, FP32, on the host, ready to answer."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    model = Both(AcousticConfig(**state["acoustic"]), ScorerConfig(**state["scorer"]) if "scorer" in state else None)
    model.load_state_dict(state["weights"])
    return model.float().eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the run")
    options.add_data(parser)
    options.add_recipe(parser, Recipe())
    parser.add_argument("--fold", type=int, help="hold out this fold of the speakers")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--start", type=Path, help="weights.pt whose acoustic model to start from")
    parser.add_argument("--time-limit", type=float, default=1e9, help="seconds; the schedule is shortened to fit")
    arguments = parser.parse_args()
    device = options.device()
    bank, fold_of = options.load(arguments, device, arguments.folds)
    held_out = np.array([i for i, item in enumerate(bank.items) if arguments.fold is not None
                         and item.source == data.LEARNER and fold_of[item.speaker] == arguments.fold], dtype=int)  # fmt: skip
    recipe = options.recipe(arguments, Recipe)
    print(f"held out {len(held_out)} utterances on {device}", flush=True)
    start = load_weights(arguments.start) if arguments.start else None
    average = train(recipe, bank, held_out, arguments.run, device, arguments.time_limit, start=start)
    if len(held_out):
        out = predict(average, bank, held_out)
        (arguments.run / "figures.json").write_text(json.dumps(figures(out), indent=1))
        save_predictions(out, arguments.run / "held_out.npz")


if __name__ == "__main__":
    main()
