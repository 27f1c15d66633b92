"""The training device's alignment and evidence against the app's own, and the front end against librosa."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from engines.training import segments  # noqa: E402
from engines.training.network import LIGHT, MAIN, AcousticModel, FrontEnd, mel_matrix, parameters_of  # noqa: E402
from tutor.acoustic import AcousticOutput  # noqa: E402
from tutor.align import align  # noqa: E402
from tutor.evidence import expected_phones, gather_evidence  # noqa: E402
from tutor.phones import ORDER  # noqa: E402


def _posteriors(rng: np.random.Generator, frames: int) -> np.ndarray:
    logits = rng.normal(0, 3, (frames, 40))
    return (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32)


def test_both_alignments_and_both_evidences_agree() -> None:
    rng = np.random.default_rng(7)
    counts, lengths = [5, 12, 9], [40, 70, 64]
    longest, width = max(lengths), max(counts)
    words = [[[ORDER[i] for i in rng.integers(0, 39, size)] for size in sizes] for sizes in ((2, 3), (4, 1, 7), (3, 3, 3))]
    expected = [expected_phones(sentence) for sentence in words]
    frame = np.zeros((3, longest, 40), dtype=np.float32)
    ctc, hidden = frame.copy(), np.zeros((3, longest, 6), dtype=np.float32)
    classes, numbers = np.ones((3, width), dtype=np.int64), np.full((3, width), -1)
    marks = np.zeros((3, width, 3), dtype=np.float32)
    for row, (length, item) in enumerate(zip(lengths, expected, strict=True)):
        frame[row, :length], ctc[row, :length] = _posteriors(rng, length), _posteriors(rng, length)
        hidden[row, :length] = rng.normal(size=(length, 6))
        size = len(item.classes)
        classes[row, :size], numbers[row, :size], marks[row, :size] = item.classes, item.words, item.marks
    arrays = {"frame": frame, "ctc": ctc, "hidden": hidden, "classes": classes, "words": numbers, "marks": marks}
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    count = torch.tensor(counts)
    starts, ends = segments.align(
        tensors["frame"].clamp(min=-12), torch.tensor(lengths), tensors["classes"], tensors["words"], count
    )
    features, pooled = segments.evidence(
        tensors["ctc"], tensors["frame"], tensors["hidden"], tensors["classes"], tensors["marks"], count, starts, ends
    )
    for row, (length, size) in enumerate(zip(lengths, counts, strict=True)):
        found = align(frame[row, :length], [[phones] for phones in words[row]], strict=True)
        mine = np.concatenate([word.starts for word in found.words]), np.concatenate([word.ends for word in found.words])
        assert starts[row, :size].tolist() == mine[0].tolist()
        assert ends[row, :size].tolist() == mine[1].tolist()
        output = AcousticOutput(ctc[row, :length], frame[row, :length], hidden[row, :length])
        evidence = gather_evidence(output, expected[row], *mine)
        assert np.allclose(features[row, :size].numpy(), evidence.features, atol=1e-5)
        assert np.allclose(pooled[row, :size].numpy(), evidence.hidden, atol=1e-5)


def test_the_mel_filters_are_librosas() -> None:
    librosa = pytest.importorskip("librosa", reason="librosa, the reference, is not installed")
    reference = librosa.filters.mel(sr=16000, n_fft=512, n_mels=80, fmin=20, fmax=8000)
    assert np.allclose(mel_matrix().numpy(), reference.T, atol=1e-6)


def test_the_power_spectrum_is_librosas() -> None:
    librosa = pytest.importorskip("librosa", reason="librosa, the reference, is not installed")
    samples = np.random.default_rng(1).normal(0, 0.1, 8000).astype(np.float32)
    power = FrontEnd().power(torch.from_numpy(samples)[None])[0].numpy()
    reference = np.abs(librosa.stft(samples, n_fft=512, hop_length=160, win_length=400, pad_mode="constant")) ** 2
    assert np.allclose(power, reference.T, rtol=1e-3, atol=1e-4)


def test_sizes_keep_to_their_limits() -> None:
    assert parameters_of(AcousticModel(LIGHT)) <= 2_000_000
    assert parameters_of(AcousticModel(MAIN)) <= 30_000_000
