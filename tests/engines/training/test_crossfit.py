"""Members trained side by side must do what each would do alone."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch comes with the training extra")

from engines.training.crossfit import Encoder, Stack  # noqa: E402
from engines.training.distil import Teacher, shares_of, soften  # noqa: E402
from engines.training.network import AcousticConfig, FrontEnd, ScorerConfig  # noqa: E402
from engines.training.train import Both  # noqa: E402

SMALL = AcousticConfig(hidden=32, layers=2, heads=2, feed_forward=48, kernel=5, channels=4, dropout=0.0)


def models(count: int) -> list[Both]:
    torch.manual_seed(3)
    return [Both(SMALL, ScorerConfig(hidden=32, width=16, layers=1, heads=2, dropout=0.0)).train() for _ in range(count)]


def test_a_stack_answers_as_each_of_its_modules() -> None:
    members = models(3)
    stack = Stack([Encoder(member.acoustic) for member in members])
    log_mel, mask = torch.randn(3, 2, 60, 80), torch.ones(3, 2, 60, 1)
    answers = stack(log_mel, mask)
    for number, member in enumerate(members):
        alone = member.acoustic.encode(log_mel[number], mask[number])
        for mine, theirs in zip(answers, alone, strict=True):
            assert torch.allclose(mine[number], theirs, atol=1e-4)


def test_each_member_gets_its_own_gradient() -> None:
    members = models(2)
    stack = Stack([Encoder(member.acoustic) for member in members])
    log_mel, mask = torch.randn(2, 2, 40, 80), torch.ones(2, 2, 40, 1)
    sum(value.float().square().mean() for value in stack(log_mel, mask)[:2]).backward()
    for number, member in enumerate(members):
        sum(v.square().mean() / 2 for v in member.acoustic.encode(log_mel[number], mask[number])[:2]).backward()
        for name, parameter in member.acoustic.named_parameters():
            if parameter.grad is not None:
                assert torch.allclose(stack.weights[f"acoustic.{name}"].grad[number], parameter.grad, atol=1e-4), name


def test_both_ways_to_the_power_spectrum_agree() -> None:
    front = FrontEnd()
    samples = torch.randn(2, 4800)
    slow, fast = front.power(samples), front.power_by_fft(samples)
    assert slow.shape == fast.shape == (2, 31, 257)
    assert torch.allclose(slow, fast, rtol=1e-3, atol=1e-3)


def test_a_teacher_gives_the_members_mean_posteriors() -> None:
    members = models(2)
    log_mel, mask = torch.randn(1, 40, 80), torch.ones(1, 40, 1)
    ctc, _ = Teacher(members).encode(log_mel, mask)
    mean = torch.stack([member.acoustic.encode(log_mel, mask)[0].exp() for member in members]).mean(dim=0)
    assert torch.allclose(ctc.exp(), mean, atol=1e-5)


def test_strangers_scores_are_mixed_into_the_targets(tmp_path) -> None:
    from engines.training import data

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
