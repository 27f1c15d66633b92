"""Several recognisers with their scorers trained side by side, each without a part of the rated speakers.

``python -m engines.training.crossfit RUN --members 6 …``: the speakers that test everything (fold 0 of 10) are heard by
no member; every other speaker by all members but one. What that one says of the speaker is an answer about a stranger,
so calibration and the light model learn from it (``strangers.npz``), and the members together are the main model: each
overfits other speakers, and their mean overfits none (bagging: Breiman 1996; cross-fitted stacking: Wolpert 1992).

One model of this size leaves a GPU idle between its small operations: all members therefore run as one batched
computation (``torch.func.vmap`` over their stacked weights), for little more than the time of one.
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from engines.training import augment, data, options, segments
from engines.training.committee import CommitteeAcoustic, CommitteeScorer
from engines.training.train import (
    Both,
    Recipe,
    align_bank,
    best_f1,
    figures,
    hear,
    predict,
    recogniser_losses,
    save_weights,
    scorer_losses,
    sped,
    untrained,
)  # fmt: skip
from tutor.timebase import FRAME_SAMPLES

TEST_FOLDS = 10


@dataclass(frozen=True)
class MemberRecipe(Recipe):
    """A member is smaller than one big model and is trained in smaller batches."""

    size: str = "member"
    steps: int = 3600
    seconds: float = 200.0
    dropout: float = 0.15
    shares: tuple[float, float, float] = (0.55, 0.12, 0.33)
    realign: int = 1000


class Encoder(nn.Module):
    """The acoustic model from its log-mel on, as a module's ``forward``."""

    def __init__(self, acoustic: nn.Module) -> None:
        super().__init__()
        self.acoustic = acoustic

    def forward(self, log_mel: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return cast("tuple[Tensor, Tensor, Tensor]", self.acoustic.encode(log_mel, mask))  # type: ignore[operator]


class Stack:
    """The weights of equal modules on a first axis, run as one computation."""

    def __init__(self, modules: list[nn.Module]) -> None:
        self.base = copy.deepcopy(modules[0])
        for part in self.base.modules():
            if hasattr(part, "fused"):
                part.fused = False
        self.weights, _ = stack_module_state(modules)
        self.weights = {name: value.detach().clone().requires_grad_() for name, value in self.weights.items()}

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Inputs (members, …) → outputs (members, …)."""

        def one(weights: dict[str, Tensor], *each: Tensor) -> Any:
            return functional_call(self.base, weights, each)

        return cast("tuple[Tensor, ...]", vmap(one, randomness="different")(self.weights, *inputs))


class Members:
    """All members of a run: their encoders, their scorers, and the running means of both."""

    def __init__(self, recipe: Recipe, count: int, device: torch.device) -> None:
        models = []
        for number in range(count):
            torch.manual_seed(recipe.seed + number)
            models.append(untrained(recipe))
        self.recipe, self.count = recipe, count
        self.front = models[0].acoustic.front.to(device)
        self.encoder = Stack([Encoder(model.to(device).acoustic) for model in models])
        self.scorer = Stack([model.scorer for model in models])
        self.blank = models[0]
        self.average = [value.detach().clone() for value in self.parameters()]

    def parameters(self) -> list[Tensor]:
        return [*self.encoder.weights.values(), *self.scorer.weights.values()]

    def averaged(self) -> list[Both]:
        """The members with their averaged weights, as ordinary models ready to answer."""
        names = [*self.encoder.weights, *(f"scorer.{name}" for name in self.scorer.weights)]
        models = []
        for number in range(self.count):
            model = copy.deepcopy(self.blank)
            state = model.state_dict()
            state.update({name: value[number] for name, value in zip(names, self.average, strict=True)})
            model.load_state_dict(state)
            models.append(model.eval())
        return models

    def encode(self, heard: Any) -> tuple[Tensor, Tensor, Tensor]:
        """A batch whose first axis is members × utterances → CTC, frame log posteriors, hidden of the same order."""
        split = (self.count, heard.log_mel.shape[0] // self.count)
        answer = self.encoder(heard.log_mel.unflatten(0, split), heard.mask.unflatten(0, split))
        return cast("tuple[Tensor, Tensor, Tensor]", tuple(value.flatten(0, 1) for value in answer))

    def score(self, batch: dict[str, Tensor], features: Tensor, pooled: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        split = (self.count, len(features) // self.count)
        inputs = (batch["classes"] - 1, batch["words"], batch["counts"], features, pooled)
        answer = self.scorer(*(value.unflatten(0, split) for value in inputs))
        return cast("tuple[Tensor, Tensor, Tensor]", tuple(value.flatten(0, 1).float() for value in answer))


class Buckets:
    """Utterances of like length as padded tensors on the device; each member draws its own rows of one bucket."""

    def __init__(self, bank: data.Bank, recipe: Recipe, left_out: list[np.ndarray]) -> None:
        sampler = data.Sampler(bank, recipe.seconds, recipe.shares, recipe.seed)
        self.bank, self.seconds, self.rng, self.groups = bank, recipe.seconds, sampler.rng, sampler.groups
        self.bucket_chances = sampler.bucket_chances
        self.tensors = [bank.batch(group) for group in self.groups]
        self.chances = []
        for group, chances in zip(self.groups, sampler.chances, strict=True):
            of_members = [np.where(np.isin(group, out), 0, chances) for out in left_out]
            self.chances.append([chance / chance.sum() for chance in of_members])

    def draw(self) -> dict[str, Tensor]:
        """Members × n rows, member by member."""
        number = self.rng.choice(len(self.groups), p=self.bucket_chances)
        tensors = self.tensors[number]
        count = max(4, int(self.seconds / (tensors["samples"].shape[1] / 16000)) // 4 * 4)
        rows = np.concatenate([
            self.rng.choice(len(chance), size=count, replace=count > (chance > 0).sum(), p=chance)
            for chance in self.chances[number]
        ])  # fmt: skip
        index = torch.from_numpy(rows)
        on_device = index.to(self.bank.device)
        return {name: value[index if value.device.type == "cpu" else on_device] for name, value in tensors.items()}

    def place(self) -> None:
        """Take over the bank's new alignment."""
        for group, tensors in zip(self.groups, self.tensors, strict=True):
            for row, item in enumerate(self.bank.items[index] for index in group):
                for name, value in (("starts", item.starts), ("ends", item.ends)):
                    if value is not None:
                        tensors[name][row, : len(value)] = torch.from_numpy(value).to(self.bank.device)


def train(
    recipe: Recipe, bank: data.Bank, left_out: list[np.ndarray], test: np.ndarray, folder: Path, time_limit_s: float
) -> list[Both]:
    """Run the schedule of ``train.py`` for all members at once; ``left_out`` are bank indices a member."""
    device, count = bank.device, len(left_out)
    folder.mkdir(parents=True, exist_ok=True)
    members = Members(recipe, count, device)
    parameters = members.parameters()
    optimiser = torch.optim.AdamW(
        [{"params": [p for p in parameters if p.ndim > 2], "weight_decay": recipe.weight_decay},
         {"params": [p for p in parameters if p.ndim <= 2], "weight_decay": 0.0}],
        lr=recipe.rate, betas=(0.9, 0.98), fused=device.type == "cuda",
    )  # fmt: skip
    buckets = Buckets(bank, recipe, [np.concatenate([out, test]) for out in left_out])
    base = cast(Both, SimpleNamespace(acoustic=SimpleNamespace(front=members.front)))
    step, spent, aligned_at = 0, 0.0, -recipe.realign
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        with torch.no_grad():
            for value, kept in zip(parameters, state["weights"], strict=True):
                value.copy_(kept)
        members.average = state["average"]
        optimiser.load_state_dict(state["optimiser"])
        step, spent = state["step"], state["spent"]
        buckets.rng = np.random.default_rng(recipe.seed + step)
    torch.manual_seed(recipe.seed + step)
    log = (folder / "log.jsonl").open("a")
    begun, saved = time.monotonic() - spent, time.monotonic()
    first, steps = step, recipe.steps
    started = begun + spent
    totals = torch.zeros(6, device=device)
    while step < steps:
        if step - first >= 150 and step % 50 == 0:
            a_step = (time.monotonic() - started) / (step - first)
            steps = max(step + 1, min(recipe.steps, int(step + (time_limit_s - (time.monotonic() - begun)) / a_step)))
        joint = step >= recipe.joint_from * steps
        if joint and step - aligned_at >= recipe.realign:
            committee = CommitteeAcoustic(members.averaged()).eval()
            align_bank(cast(Both, SimpleNamespace(acoustic=committee)), bank, 1500.0)
            buckets.place()
            aligned_at = step
        for group in optimiser.param_groups:
            group["lr"] = augment.learning_rate(step, steps, recipe.rate, recipe.warmup)
        batch = buckets.draw()
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            heard = hear(base, batch, bank, joint=joint)
            ctc, frame, hidden = members.encode(heard)
            losses = list(recogniser_losses(ctc, frame, heard, batch))
            if joint:
                starts, ends = sped(batch, heard.factors, heard.frames)
                features, pooled = segments.evidence(
                    ctc, frame, hidden, batch["classes"], batch["marks"], batch["counts"], starts, ends
                )
                losses += scorer_losses(*members.score(batch, features, pooled), ends > starts, batch)
            loss = count * sum(losses, torch.zeros((), device=device))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        # The losses are means over all members: times their number, each gets the gradient it would have alone.
        norm = nn.utils.clip_grad_norm_(parameters, 2.0 * count**0.5)
        if device.type == "cuda":
            optimiser.found_inf = (~torch.isfinite(norm)).float()  # type: ignore[attr-defined]
            optimiser.step()
        elif bool(torch.isfinite(norm)):
            optimiser.step()
        step += 1
        decay = min(recipe.ema, (1 + step) / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_(members.average, [p.detach() for p in parameters], 1 - decay)
            for index, value in enumerate(losses):
                totals[index] += value.detach()
            totals[5] += 1
        if step % 250 == 0 or step == steps:
            mean = (totals / totals[5]).tolist()
            totals.zero_()
            row: dict[str, Any] = {"step": step, "of": steps, "seconds": round(time.monotonic() - begun, 1),
                                   "losses": [round(value, 4) for value in mean[:5]],
                                   "norm": round(float(norm), 2)}  # fmt: skip
            if len(test) and step % recipe.check == 0:
                row["member 0 on the test speakers"] = figures(predict(members.averaged()[0], bank, test))
            log.write(json.dumps(row) + "\n")
            log.flush()
            print(folder.name, json.dumps(row), flush=True)
        if time.monotonic() - saved > 150 or step == steps:
            saved = time.monotonic()
            state = {"weights": [p.detach() for p in parameters], "average": members.average,
                     "optimiser": optimiser.state_dict(), "step": step, "spent": time.monotonic() - begun}  # fmt: skip
            torch.save(state, checkpoint.with_suffix(".tmp"))
            checkpoint.with_suffix(".tmp").replace(checkpoint)
    models = members.averaged()
    for number, model in enumerate(models):
        save_weights(model, recipe, step, folder / str(number) / "weights.pt")
    return models


@torch.no_grad()
def answers(members: list[Both], bank: data.Bank, indices: np.ndarray, seconds: float = 800.0) -> list[dict[str, Any]]:
    """What the members together say of the utterances: evidence, scores and targets, one entry an utterance."""
    acoustic, scorer = CommitteeAcoustic(members).eval(), CommitteeScorer(members).eval()
    found: list[dict[str, Any]] = []
    position = 0
    while position < len(indices):
        count = 1
        while position + count < len(indices) and bank.lengths[indices[position + count]] / 16000 * (count + 1) < seconds:
            count += 1
        chosen = indices[position : position + count]
        position += count
        batch = bank.batch(chosen)
        ctc, frame, hidden = acoustic(batch["samples"], batch["lengths"])
        frames = batch["lengths"] // FRAME_SAMPLES + 1
        starts, ends = segments.align(frame, frames, batch["classes"], batch["words"], batch["counts"])
        features, pooled = segments.evidence(
            ctc, frame, hidden, batch["classes"], batch["marks"], batch["counts"], starts, ends
        )
        phone, spread, word, sentence = scorer(batch["classes"] - 1, batch["words"], batch["counts"], features, pooled)
        for row, item in enumerate(bank.items[index] for index in chosen):
            p, w = len(item.classes), len(item.word_scores)
            found.append({
                "key": item.key, "group": ("learner-", "native-", "voice-")[item.source] + item.speaker,
                "features": features[row, :p].cpu().numpy().astype(np.float16), "phones": item.classes - 1,
                "words": item.words, "phone": phone[row, :p].cpu().numpy(), "spread": spread[row, :p].cpu().numpy(),
                "target": item.marks[:, 1] + 2 * item.marks[:, 2], "word": word[row, :w].cpu().numpy(),
                "word_target": item.word_scores, "sentence": sentence[row].cpu().numpy(),
                "sentence_target": item.sentence_scores, "child": 0 < item.age < 16,
            })  # fmt: skip
    return found


def joined(found: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    """Flat arrays over all utterances: phones with ``utterance``, words with ``word_utterance``, the rest one a line."""
    each = ("key", "group", "sentence", "sentence_target", "child")
    result = {name: np.array([entry[name] for entry in found]) for name in each}
    result |= {name: np.concatenate([entry[name] for entry in found]) for name in found[0] if name not in each}
    result["utterance"] = np.repeat(np.arange(len(found)), [len(entry["phone"]) for entry in found])
    result["word_utterance"] = np.repeat(np.arange(len(found)), [len(entry["word"]) for entry in found])
    return result


def agreement(found: list[dict[str, Any]]) -> dict[str, float]:
    """Pearson correlations and the best F1 of the answers."""
    flat = joined(found)

    def pearson(value: np.ndarray, target: np.ndarray) -> float:
        known = ~np.isnan(target)
        return round(float(np.corrcoef(value[known], target[known])[0, 1]), 4)

    known = ~np.isnan(flat["target"])
    result = {"phone": pearson(flat["phone"], flat["target"]),
              "f1": round(best_f1(flat["phone"][known], flat["target"][known] < 0.5), 4)}  # fmt: skip
    result |= {f"word_{name}": pearson(flat["word"][:, i], flat["word_target"][:, i]) for i, name in enumerate(data.WORD)}
    return result | {
        name: pearson(flat["sentence"][:, i], flat["sentence_target"][:, i]) for i, name in enumerate(data.SENTENCE)
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the run; each member gets a folder in it")
    options.add_data(parser)
    options.add_recipe(parser, MemberRecipe())
    parser.add_argument("--members", type=int, default=6)
    parser.add_argument("--time-limit", type=float, default=1e9, help="seconds; the schedule is shortened to fit")
    arguments = parser.parse_args()
    device = options.device()
    bank, test_fold = options.load(arguments, device, TEST_FOLDS)
    learners = [index for index, item in enumerate(bank.items) if item.source == data.LEARNER]
    test = np.array([index for index in learners if test_fold[bank.items[index].speaker] == 0], dtype=int)
    kept = np.setdiff1d(learners, test)
    fold_of = data.folds([bank.items[index] for index in kept], arguments.members)
    left_out = [
        np.array([index for index in kept if fold_of[bank.items[index].speaker] == number], dtype=int)
        for number in range(arguments.members)
    ]
    recipe = options.recipe(arguments, MemberRecipe)
    print(f"test {len(test)}, left out {[len(out) for out in left_out]} utterances on {device}", flush=True)
    for number in range(arguments.members):
        (arguments.run / str(number)).mkdir(parents=True, exist_ok=True)
    models = train(recipe, bank, left_out, test, arguments.run, arguments.time_limit)
    strangers = [answers([model], bank, out) for model, out in zip(models, left_out, strict=True)]
    report = {f"member {number}: strangers": agreement(found) for number, found in enumerate(strangers)}
    everyone = [entry for found in strangers for entry in found]
    report["all members: strangers"] = agreement(everyone)
    np.savez_compressed(arguments.run / "strangers.npz", **joined(everyone))
    if len(test):
        for number, model in enumerate(models):
            report[f"member {number}: test speakers"] = agreement(answers([model], bank, test))
        found = answers(models, bank, test)
        report["committee: test speakers"] = agreement(found)
        np.savez_compressed(arguments.run / "test.npz", **joined(found))
    voices = options.load_test_voices(arguments, device)
    if voices:
        np.savez_compressed(arguments.run / "voices.npz", **joined(answers(models, voices, np.arange(len(voices.items)))))
    for name, row in report.items():
        print(name, json.dumps(row), flush=True)
    (arguments.run / "figures.json").write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
