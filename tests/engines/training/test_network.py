"""Members computed side by side must do what each would do alone, in training and in the exported graph."""

from __future__ import annotations

import copy

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch comes with the training extra")

from engines.training.committee import CommitteeScorer  # noqa: E402
from engines.training.network import AcousticConfig, FrontEnd, ScorerConfig, fold_norms, together  # noqa: E402
from engines.training.train import Both  # noqa: E402
from tutor.evidence import FEATURES  # noqa: E402

SMALL = AcousticConfig(hidden=32, layers=2, heads=2, feed_forward=48, kernel=5, channels=4, dropout=0.0)


def model(members: int) -> Both:
    torch.manual_seed(3)
    found = Both(SMALL, ScorerConfig(hidden=32, width=16, layers=1, heads=2, dropout=0.0), members)
    for name, value in found.named_parameters():
        if "norm" in name or "after" in name or ".0." in name:
            torch.nn.init.uniform_(value, 0.5, 1.5)
    return found


def evidence(rows: int = 2, phones: int = 6) -> tuple[torch.Tensor, ...]:
    return (
        torch.randint(0, 39, (rows, phones)), torch.arange(phones).div(2, rounding_mode="floor").expand(rows, -1),
        torch.tensor([phones, phones - 2]), torch.rand(rows, phones, len(FEATURES)),
    )  # fmt: skip


@pytest.mark.parametrize("training", [False, True])
def test_members_answer_as_each_alone(training: bool) -> None:
    both = model(3).train(training)
    log_mel, mask = torch.randn(3, 2, 60, 80), torch.ones(3, 2, 60)
    mask[:, 1, 40:] = 0
    answers = both.acoustic.encode(log_mel, mask)
    for number in range(3):
        alone = both.member(number).acoustic.encode(log_mel[number, None], mask[number, None])
        for mine, theirs in zip(answers, alone, strict=True):
            assert torch.allclose(mine[number, 0], theirs[0, 0], atol=1e-4)
            assert torch.allclose(mine[number, 1, :20], theirs[0, 1, :20], atol=1e-4)


def test_each_member_gets_its_own_gradient() -> None:
    both = model(2).train()
    log_mel, mask = torch.randn(2, 2, 40, 80), torch.ones(2, 2, 40)
    (2 * sum(value.square().mean() for value in both.acoustic.encode(log_mel, mask)[:2])).backward()
    for number in range(2):
        member = both.member(number).train()
        parts = member.acoustic.encode(log_mel[number, None], mask[number, None])[:2]
        sum(value.square().mean() for value in parts).backward()
        whole = dict(both.acoustic.named_parameters())
        for name, parameter in member.acoustic.named_parameters():
            if parameter.grad is not None:
                assert torch.allclose(whole[name].grad[number], parameter.grad[0], atol=1e-4), name


@torch.no_grad()
def test_one_sound_goes_to_all_members_and_their_posteriors_are_averaged() -> None:
    both = model(2).eval()
    samples, lengths = torch.randn(2, 8000), torch.tensor([8000, 5000])
    ctc, frame, hidden = both.acoustic(samples, lengths)
    alone = [both.member(number).acoustic(samples, lengths) for number in range(2)]
    assert torch.allclose(ctc.exp(), torch.stack([a[0].exp() for a in alone]).mean(dim=0), atol=1e-5)
    assert torch.allclose(frame.exp(), torch.stack([a[1].exp() for a in alone]).mean(dim=0), atol=1e-5)
    assert torch.allclose(hidden, torch.cat([a[2] for a in alone], dim=2), atol=1e-4)


@torch.no_grad()
def test_scores_are_the_members_mean() -> None:
    both = model(2).eval()
    shared, hidden = evidence(), torch.randn(2, 6, 64)
    share, word, sentence = CommitteeScorer(both.scorer).means(*shared, hidden)
    alone = [
        CommitteeScorer(both.member(number).scorer).means(*shared, part) for number, part in enumerate(hidden.split(32, 2))
    ]
    for mine, theirs in zip((share, word, sentence), zip(*alone, strict=True), strict=True):
        assert torch.allclose(mine, torch.stack(theirs).mean(dim=0), atol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("members", [1, 2])
def test_folded_norms_change_nothing(members: int) -> None:
    both = model(members).eval()
    folded = copy.deepcopy(both)
    fold_norms(folded)
    samples, lengths, shared = torch.randn(1, 8000), torch.tensor([8000]), evidence()
    for mine, theirs in zip(both.acoustic(samples, lengths), folded.acoustic(samples, lengths), strict=True):
        assert torch.allclose(mine, theirs, atol=1e-3)
    hidden = torch.randn(2, 6, 32 * members)
    for mine, theirs in zip(
        CommitteeScorer(both.scorer)(*shared, hidden), CommitteeScorer(folded.scorer)(*shared, hidden), strict=True
    ):
        assert torch.allclose(mine, theirs, atol=1e-3)


@pytest.mark.parametrize("members", [1, 2])
def test_the_exported_graphs_answer_as_the_networks(members: int, tmp_path) -> None:
    pytest.importorskip("onnx", reason="onnx comes with the training extra")
    import onnxruntime

    from engines.training.export import export

    both = model(members).eval()
    export(copy.deepcopy(both), tmp_path, "small", "1", {})
    rng = np.random.default_rng(1)
    samples, lengths = rng.standard_normal((3, 9000)).astype(np.float32), np.array([9000, 4800, 7777], np.int32)
    with torch.no_grad():
        wanted = both.acoustic(torch.from_numpy(samples), torch.from_numpy(lengths))
    session = onnxruntime.InferenceSession(str(tmp_path / "acoustic.onnx"), providers=["CPUExecutionProvider"])
    for mine, theirs in zip(session.run(None, {"samples": samples, "lengths": lengths}), wanted, strict=True):
        # Stored weights are rounded to 8 bits.
        assert np.abs(mine - theirs.numpy())[0].max() < 0.1
        assert np.abs(mine - theirs.numpy()).mean() < 0.02
    phones, words, counts, features = evidence()
    hidden = torch.randn(2, 6, 32 * members)
    session = onnxruntime.InferenceSession(str(tmp_path / "scorer.onnx"), providers=["CPUExecutionProvider"])
    inputs = {"phones": phones.int(), "words": words.int(), "counts": counts.int(), "features": features, "hidden": hidden}
    answer = session.run(None, {name: value.contiguous().numpy() for name, value in inputs.items()})
    with torch.no_grad():
        marks = CommitteeScorer(both.scorer)(phones, words, counts, features, hidden)[0]
    assert np.abs(answer[0][0] - marks.numpy()[0]).max() < 0.05


@torch.no_grad()
def test_members_of_several_runs_become_one_model(tmp_path) -> None:
    from engines.training.train import Recipe, assembled, save_weights

    three, two, other = model(3), model(2), model(2)
    other.acoustic.ctc.weight.add_(1.0)
    for name, both in (("a", three), ("b", two), ("c", other)):
        (tmp_path / name).mkdir()
        save_weights(both, Recipe(), 1, tmp_path / name / "weights.pt")
    whole = assembled([f"{tmp_path}/a:2,0", f"{tmp_path}/b"])
    assert whole.members == 4
    wanted = torch.cat([three.acoustic.ctc.weight[[2, 0]], two.acoustic.ctc.weight])
    assert torch.allclose(whole.acoustic.ctc.weight, wanted, atol=1e-3)
    mean = assembled([f"{tmp_path}/b+{tmp_path}/b", f"{tmp_path}/b+{tmp_path}/c:1"])
    wanted = torch.cat([two.acoustic.ctc.weight, (two.acoustic.ctc.weight[[1]] + other.acoustic.ctc.weight[[1]]) / 2])
    assert torch.allclose(mean.acoustic.ctc.weight, wanted, atol=1e-3)


def test_both_ways_to_the_power_spectrum_agree() -> None:
    front = FrontEnd()
    samples = torch.randn(2, 4800)
    slow, fast = front.power(samples), front.power_by_fft(samples)
    assert slow.shape == fast.shape == (2, 31, 257)
    assert torch.allclose(slow, fast, rtol=1e-3, atol=1e-3)


def test_together_of_one_is_its_own_log_softmax() -> None:
    logits, hidden = torch.randn(1, 2, 5, 40), torch.randn(1, 2, 5, 8)
    ctc, _, same = together(logits, logits, hidden)
    assert torch.allclose(ctc, torch.log_softmax(logits[0], dim=-1))
    assert torch.equal(same, hidden[0])
