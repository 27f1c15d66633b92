"""Train acoustic models and their scorers together; ``crossfit.py`` and ``distil.py`` are the commands.

One schedule: first the recogniser alone (CTC on what was said, frame labels), then recogniser and scorer jointly,
the scorer reading the recogniser's own alignments. All members of a model are trained side by side, each on its own
draw of the data, or all on the same one so that a teacher listens once. Weights are averaged (EMA); a stopped run goes
on from its last checkpoint; every figure goes to ``log.jsonl``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engines.training import augment, data, segments
from engines.training.committee import CommitteeScorer
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
    together,
)  # fmt: skip
from engines.training.restore import restored
from tutor.timebase import FRAME_SAMPLES, SAMPLE_RATE

SIZES = {"main": MAIN, "member": MEMBER, "light": LIGHT}


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
    dropout: float = 0.2
    scorer_dropout: float = 0.3
    ema: float = 0.999
    marks: float = 1.0
    """Weight of the raters' own marks beside a teacher's, which has smoothed over what single raters chanced to say."""
    realign: int = 1500
    seed: int = 1


class Both(nn.Module):
    """The two networks under one roof, for one optimiser and one average."""

    def __init__(self, acoustic: AcousticConfig, scorer: ScorerConfig, members: int = 1) -> None:
        super().__init__()
        self.members = members
        self.acoustic = AcousticModel(acoustic, members)
        self.scorer = Scorer(scorer, members)

    def member(self, number: int) -> Both:
        """One of the members alone, ready to answer."""
        alone = Both(self.acoustic.config, self.scorer.config)
        alone.load_state_dict({name: value[number : number + 1] for name, value in self.state_dict().items()})
        return alone.to(next(self.parameters()).device).eval()


def untrained(recipe: Recipe, members: int = 1) -> Both:
    """A model of the recipe's size."""
    acoustic = replace(SIZES[recipe.size], dropout=recipe.dropout)
    scorer = LIGHT_SCORER if recipe.size == "light" else ScorerConfig(hidden=acoustic.hidden)
    return Both(acoustic, replace(scorer, dropout=recipe.scorer_dropout), members)


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


@dataclass(frozen=True)
class Taught:
    """A teacher's log-posteriors (B, M, C) of both heads and, when known, its shares of the marks 0, 1, 2 (B, P, 3),
    word (B, W, 3) and sentence (B, 5) scores 0–10, all of the augmented sound."""

    ctc: Tensor
    frame: Tensor
    scores: tuple[Tensor, Tensor, Tensor] | None


@torch.no_grad()
def listen(teacher: Both, heard: Heard, batch: dict[str, Tensor], *, joint: bool) -> Taught:
    """What a bigger model says of the sound that its pupils hear; ``joint``: scores too, which are known for every
    sound in this way, rated or not."""
    kind = next(teacher.acoustic.parameters()).dtype
    with torch.autocast(heard.log_mel.device.type, enabled=False):
        taught = together(*teacher.acoustic.encode(heard.log_mel[None].to(kind), heard.mask[None, :, :, 0].to(kind)))
    if not joint:
        return Taught(*taught[:2], None)
    starts, ends = sped(batch, heard.factors, heard.frames)
    evidence = segments.evidence(*taught, batch["classes"], batch["marks"], batch["counts"], starts, ends)
    scores = CommitteeScorer(teacher.scorer).means(batch["classes"] - 1, batch["words"], batch["counts"], *evidence)
    return Taught(*taught[:2], scores)


def distillation(
    taught: Taught, heard: Heard, ctc: Tensor, frame: Tensor, scored: tuple[Tensor, ...] | None, batch: dict[str, Tensor]
) -> Tensor:
    """Distance to a teacher: posteriors (Kullback–Leibler: Hinton et al. 2015) and, when ``scored`` (phone logits,
    word, sentence) is given, scores."""
    valid = heard.mask[:, ::2, 0]
    loss = torch.zeros((), device=ctc.device)
    for mine, theirs in ((ctc, taught.ctc), (frame, taught.frame)):
        divergence = (theirs.exp() * (theirs - mine)).sum(dim=2)
        loss = loss + (divergence * valid).sum() / valid.sum()
    if scored is None or taught.scores is None:
        return loss
    phone, word, sentence = scored
    share, words, sentences = taught.scores
    starts, ends = sped(batch, heard.factors, heard.frames)
    aligned = ends > starts
    crossed = -(share * torch.log_softmax(phone, dim=-1)).sum(dim=-1)
    squared = (expectation(phone)[0] - share[..., 1] - 2 * share[..., 2]) ** 2
    loss = loss + ((crossed + 2 * squared) * aligned).sum() / aligned.sum().clamp(min=1)
    count = batch["word_targets"].shape[1]
    last = torch.where(aligned.any(dim=1), batch["words"].amax(dim=1), -1)
    known = (last[:, None] >= torch.arange(count, device=word.device))[..., None]
    return (
        loss
        + ((word[:, :count] - words[:, :count]) ** 2 * known).sum() / (3 * known.sum()).clamp(min=1) / 4
        + ((sentence - sentences) ** 2).mean() / 2
    )


def repeated(value: Any, count: int) -> Any:
    """The same rows once for each of ``count`` members: a tensor, or whatever holds tensors but the sound itself."""
    if isinstance(value, Tensor):
        return value.repeat(count, *[1] * (value.ndim - 1))
    if isinstance(value, dict):
        return {name: repeated(part, count) for name, part in value.items() if name != "samples"}
    if isinstance(value, tuple):
        return tuple(repeated(part, count) for part in value)
    if isinstance(value, Heard | Taught):
        return replace(value, **{field.name: repeated(getattr(value, field.name), count) for field in fields(value)})
    return value


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
            _, frame, _ = together(*model.acoustic.encode(log_mel[None], mask[None, :, :, 0]))
        frames = batch["lengths"] // FRAME_SAMPLES + 1
        starts, ends = segments.align(frame.float(), frames, batch["classes"], batch["words"], batch["counts"])
        for row, item in enumerate(bank.items[position : position + count]):
            item.starts = starts[row, : len(item.classes)].cpu().numpy()
            item.ends = ends[row, : len(item.classes)].cpu().numpy()
        position += count


def train(
    recipe: Recipe,
    bank: data.Bank,
    left_out: list[np.ndarray],
    folder: Path,
    time_limit_s: float,
    teacher: Both | None = None,
    common: int = 1,
    start: str | None = None,
    compiled: bool = False,
) -> Both:
    """Run the schedule and return the averaged model, ready to answer.

    ``left_out``: for each member the bank indices that it does not hear, or one entry for ``common`` members that hear
    the same batches. ``time_limit_s`` shortens the schedule to what fits. A ``teacher`` is listened to besides what was
    said and what the raters marked. ``start``: a run whose members' weights are the first ones, instead of random ones.
    ``compiled``: let torch.compile fuse the Conformer's layers, worth its minute in longer runs.
    """
    device, count = bank.device, len(left_out) * common
    torch.manual_seed(recipe.seed)
    folder.mkdir(parents=True, exist_ok=True)
    model, average = untrained(recipe, count).to(device), untrained(recipe, count).to(device)
    if start is not None:
        model.load_state_dict(assembled([start]).state_dict())
    average.load_state_dict(model.state_dict())
    average.eval()
    if compiled:
        for block in model.acoustic.blocks:
            block.compile(dynamic=True)
    parameters = list(model.parameters())
    decayed = [p for p in parameters if p.ndim > 2 and p.shape[1] > 1]
    plain = [p for p in parameters if p.ndim <= 2 or p.shape[1] == 1]
    optimiser = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": plain, "weight_decay": 0.0}],
        lr=recipe.rate, betas=(0.9, 0.98), fused=device.type == "cuda",
    )  # fmt: skip
    buckets = data.Buckets(bank, recipe.seconds, recipe.shares, left_out, recipe.seed)
    step, spent, aligned_at = 0, 0.0, -recipe.realign
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        step, spent = state["step"], state["spent"]
        buckets.rng = np.random.default_rng(recipe.seed + step)
    torch.manual_seed(recipe.seed + step)
    size = f"{parameters_of(model.acoustic)} + {parameters_of(model.scorer)} parameters"
    print(f"{folder.name}: {count} member(s), {size}, from step {step}", flush=True)
    first, steps = step, recipe.steps
    started = saved = time.monotonic()
    begun = started - spent
    totals = torch.zeros(7, device=device)
    model.train()
    while step < steps:
        if step - first >= 150 and step % 50 == 0:
            # A slower machine than planned shortens the schedule instead of cutting off its end.
            a_step = (time.monotonic() - started) / (step - first)
            steps = max(step + 1, min(recipe.steps, int(step + (time_limit_s - (time.monotonic() - begun)) / a_step)))
        joint = step >= recipe.joint_from * steps
        if joint and step - aligned_at >= recipe.realign:
            align_bank(average, bank, 1500.0)
            buckets.place()
            aligned_at = step
        for group in optimiser.param_groups:
            group["lr"] = augment.learning_rate(step, steps, recipe.rate, recipe.warmup)
        losses = losses_of(model, buckets.draw(), bank, teacher, joint=joint, common=common > 1, marks=recipe.marks)
        optimiser.zero_grad(set_to_none=True)
        # The losses are means over all members: times their number, each gets the gradient it would have alone.
        (count * sum(losses, torch.zeros((), device=device))).backward()
        norm = nn.utils.clip_grad_norm_(parameters, 2.0 * count**0.5)
        if device.type == "cuda":
            # The fused optimiser looks at this on the device and skips the step; the host need not wait.
            optimiser.found_inf = (~torch.isfinite(norm)).float()  # type: ignore[attr-defined]
            optimiser.step()
        elif bool(torch.isfinite(norm)):
            optimiser.step()
        step += 1
        decay = min(recipe.ema, (1 + step) / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_(list(average.parameters()), parameters, 1 - decay)
            for index, value in enumerate(losses):
                totals[index] += value.detach()
            totals[6] += 1
        if step % 250 == 0 or step == steps:
            mean = (totals / totals[6]).tolist()
            totals.zero_()
            row = {"step": step, "of": steps, "seconds": round(time.monotonic() - begun, 1),
                   "losses": [round(value, 4) for value in mean[:6]], "norm": round(float(norm), 2)}  # fmt: skip
            with (folder / "log.jsonl").open("a") as log:
                log.write(json.dumps(row) + "\n")
            print(folder.name, json.dumps(row), flush=True)
        if time.monotonic() - saved > 150 or step == steps:
            saved = time.monotonic()
            state = {"model": model.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict(),
                     "step": step, "spent": time.monotonic() - begun}  # fmt: skip
            torch.save(state, checkpoint.with_suffix(".tmp"))
            checkpoint.with_suffix(".tmp").replace(checkpoint)
    save_weights(average, recipe, step, folder / "weights.pt")
    return average


def losses_of(
    model: Both, batch: dict[str, Tensor], bank: data.Bank, teacher: Both | None, *, joint: bool, common: bool = False,
    marks: float = 1.0,
) -> list[Tensor]:  # fmt: skip
    """CTC, frames, then (``joint``) phones, words, sentences, then the teacher's, for members × n utterances, or for
    n utterances that all members hear in ``common``: the teacher then listens once."""
    count, device = model.members, bank.device
    with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
        heard = hear(model, batch, bank, joint=joint)
        taught = None if teacher is None else listen(teacher, heard, batch, joint=joint)
        if common:
            heard, taught, batch = repeated((heard, taught, batch), count)
        answer = model.acoustic.encode(heard.log_mel.unflatten(0, (count, -1)), heard.mask[..., 0].unflatten(0, (count, -1)))
        ctc, frame, hidden = (value.flatten(0, 1) for value in answer)
        ctc, frame = torch.log_softmax(ctc, dim=-1), torch.log_softmax(frame, dim=-1)
        losses = list(recogniser_losses(ctc, frame, heard, batch))
        scored = None
        if joint:
            starts, ends = sped(batch, heard.factors, heard.frames)
            evidence = segments.evidence(
                ctc, frame, hidden, batch["classes"], batch["marks"], batch["counts"], starts, ends
            )
            inputs = (batch["classes"] - 1, batch["words"], batch["counts"], *evidence)
            scored = tuple(
                value.flatten(0, 1).float() for value in model.scorer(*(x.unflatten(0, (count, -1)) for x in inputs))
            )
            losses += [marks * loss for loss in scorer_losses(*scored, ends > starts, batch)]
        if taught is not None:
            losses.append(distillation(taught, heard, ctc, frame, scored, batch))
    return losses


def save_weights(model: Both, recipe: Recipe, step: int, path: Path) -> None:
    """Weights as FP16 with what it takes to rebuild the network."""
    half = {name: value.half() if value.is_floating_point() else value for name, value in model.state_dict().items()}
    torch.save(
        {"weights": half, "members": model.members, "acoustic": config_dict(model.acoustic.config),
         "scorer": config_dict(model.scorer.config), "recipe": dict(vars(recipe)), "steps": step}, path
    )  # fmt: skip


def load_weights(folder: Path) -> Both:
    """The model of a finished run, or of a model folder that was exported, FP32, on the host, ready to answer."""
    if not (folder / "weights.pt").exists():
        acoustic, scorer = restored(folder)
        whole = Both(acoustic.config, scorer.config, acoustic.members)
        whole.acoustic, whole.scorer = acoustic, scorer
        return whole.eval()
    state = torch.load(folder / "weights.pt", map_location="cpu", weights_only=True)
    model = Both(AcousticConfig(**state["acoustic"]), ScorerConfig(**state["scorer"]), state["members"])
    model.load_state_dict(state["weights"])
    return model.float().eval()


def assembled(runs: Sequence[str]) -> Both:
    """One model of the members that ``RUN``, ``RUN:0,2`` or ``RUN+RUN:0,2`` name; all must have one shape. A run may
    also be a model folder (``assets/models/main``).

    ``+``: the mean of the weights, for runs of which one went on from the other; what they agree on stays, and what
    each overfitted in its own way fades (Wortsman et al. 2022, Model soups).
    """
    states = []
    for run in runs:
        folders, _, numbers = run.partition(":")
        soup = [load_weights(Path(folder)) for folder in folders.split("+")]
        model = soup[0]
        values = zip(*(part.state_dict().values() for part in soup), strict=True)
        mean = dict(zip(model.state_dict(), (torch.stack(found).mean(dim=0) for found in values), strict=True))
        chosen = [int(number) for number in numbers.split(",")] if numbers else list(range(model.members))
        states.append({name: value[chosen] for name, value in mean.items()})
    whole = Both(model.acoustic.config, model.scorer.config, sum(len(next(iter(state.values()))) for state in states))
    whole.load_state_dict({name: torch.cat([state[name] for state in states]) for name in states[0]})
    return whole.eval()
