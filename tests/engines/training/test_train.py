"""The data a member draws, what a teacher teaches, and a whole short run that is stopped and goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch comes with the training extra")

from engines.training import data  # noqa: E402
from engines.training.answers import agreement, answers, joined  # noqa: E402
from engines.training.distil import shares_of, soften  # noqa: E402
from engines.training.train import Recipe, align_bank, load_weights, losses_of, train, untrained  # noqa: E402

RECIPE = Recipe(size="light", steps=4, seconds=4.0, shares=(0.6, 0.1, 0.3), warmup=2, realign=2)


def bank(count: int = 12) -> data.Bank:
    rng = np.random.default_rng(5)
    items = []
    for number in range(count):
        samples = (rng.standard_normal(8000 + 200 * number) * 3000).astype(np.int16)
        classes = rng.integers(1, 40, 6)
        marks = np.eye(3, dtype=np.float32)[rng.integers(0, 3, 6)]
        items.append(data.Utterance(
            f"u{number}", data.LEARNER if number % 2 else data.SYNTHETIC, f"s{number}", samples, classes, classes,
            np.arange(6) // 2, np.zeros((6, 3), np.float32), rng.integers(0, 40, len(samples) // 320 + 1), marks,
            rng.uniform(0, 10, (3, 3)).astype(np.float32), rng.uniform(0, 10, 5).astype(np.float32), age=20,
        ))  # fmt: skip
    return data.Bank(items, torch.device("cpu"))


def test_a_member_never_draws_what_it_is_to_leave_out() -> None:
    whole = bank()
    left_out = [np.array([0, 1, 2, 3]), np.array([8, 9])]
    buckets = data.Buckets(whole, 4.0, (0.6, 0.1, 0.3), left_out, seed=1, count=1)
    drawn: list[set[float]] = [set(), set()]
    for _ in range(30):
        lengths = buckets.draw()["lengths_cpu"].reshape(2, -1)
        for number in range(2):
            drawn[number] |= set(lengths[number].tolist())
    for number, out in enumerate(left_out):
        wanted = set(whole.lengths.tolist()) - set(whole.lengths[out].tolist())
        assert drawn[number] == wanted


def test_a_teacher_has_nothing_to_teach_itself() -> None:
    torch.manual_seed(2)
    whole = bank()
    pupil = untrained(RECIPE).eval()
    other = untrained(RECIPE).eval()
    batch = data.Buckets(whole, 4.0, (0.6, 0.1, 0.3), [np.array([], int)], seed=1).draw()
    taught = {}
    for name, teacher in (("itself", pupil), ("another", other)):
        torch.manual_seed(4)
        taught[name] = losses_of(pupil, batch, whole, teacher, joint=False)[-1].item()
    assert abs(taught["itself"]) < 1e-4
    assert taught["another"] > 0.01


def test_members_that_hear_the_same_batch_lose_what_each_would_alone() -> None:
    torch.manual_seed(3)
    whole = bank()
    alone, teacher = untrained(RECIPE).eval(), untrained(RECIPE).eval()
    twins = untrained(RECIPE, 2).eval()
    twins.load_state_dict({name: torch.cat([value, value]) for name, value in alone.state_dict().items()})
    buckets = data.Buckets(whole, 4.0, (0.6, 0.1, 0.3), [np.array([], int)], seed=1)
    align_bank(alone, whole, 60.0)
    buckets.place()
    batch = buckets.draw()
    lost = []
    for model in (alone, twins):
        torch.manual_seed(4)
        lost.append([value.item() for value in losses_of(model, batch, whole, teacher, joint=True, common=True)])
    assert len(lost[0]) == 6
    assert np.allclose(lost[0], lost[1], rtol=1e-4)


def test_a_run_ends_with_weights_that_answer_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    whole = bank()
    model = train(RECIPE, whole, [np.array([0]), np.array([1])], tmp_path, 1e9)
    assert model.members == 2
    kept = load_weights(tmp_path)
    found = answers(kept, whole, np.arange(len(whole.items)))
    assert len(found) == len(whole.items)
    assert np.isfinite(joined(found)["phone"]).all()
    assert set(agreement(found)) >= {"phone", "f1", "per", "total"}
    before = (tmp_path / "log.jsonl").read_text()
    again = train(RECIPE, whole, [np.array([0]), np.array([1])], tmp_path, 1e9)
    assert (tmp_path / "log.jsonl").read_text() == before
    assert torch.equal(next(model.parameters()), next(again.parameters()))


def test_strangers_scores_are_mixed_into_the_targets(tmp_path: Path) -> None:
    item = data.Utterance(
        "a", data.LEARNER, "s", np.zeros(10, np.int16), np.array([1]), np.array([1, 2]), np.array([0, 0]),
        np.zeros((2, 3), np.float32), np.zeros(1, np.int64), np.array([[0, 0, 1], [np.nan] * 3], np.float32),
        np.array([[10, 10, 10]], np.float32), np.full(5, 8, np.float32),
    )  # fmt: skip
    np.savez(tmp_path / "o.npz", key=["a"], phone=[0.0, 0.0], spread=[0.0, 0.0], utterance=[0, 0], word=[[6, 6, 6]],
             word_utterance=[0], sentence=[[4] * 5])  # fmt: skip
    assert soften([item], tmp_path / "o.npz", 0.5) == 1
    assert item.marks[0].tolist() == [0.5, 0, 0.5]
    assert np.isnan(item.marks[1]).all()
    assert item.word_scores.tolist() == [[8, 8, 8]]
    assert item.sentence_scores.tolist() == [6] * 5


def test_shares_have_the_mean_and_spread_they_came_from() -> None:
    shares = np.array([[0.2, 0.3, 0.5], [0.0, 0.1, 0.9]])
    mean = shares @ [0, 1, 2]
    spread = np.sqrt(shares @ [0, 1, 4] - mean**2)
    assert np.allclose(shares_of(mean, spread), shares, atol=1e-6)
