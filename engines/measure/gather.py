"""What travels to the GPU machine besides the project: ``python -m engines.measure.gather CARRY [--corpus
FOLDER]``.

cases.npz: int16 clips for the parity gate; voices.npz: int16
speech for calibration; cases.pkl: the cases with their prompts; take.pkl: a decoded 5 s take with its
prompt. The GPU machine can then do without decoders and lexicons.
"""

from __future__ import annotations

import argparse
import pickle
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from engines.benchmark import speech_of
from engines.recordings import load_cases, noisy_cases
from engines.verify import Case
from tutor.clip import clip_from_samples
from tutor.prompts import make_prompt
from tutor.timebase import SAMPLE_RATE

_SAMPLES_MOST = 96_000


def gather(carry: Path, corpus: Path | None, count: int = 24) -> None:
    """Write the files; real recordings from ``corpus`` (labels.json beside audio/) join the bundled ones."""
    carry.mkdir(parents=True, exist_ok=True)
    bundled = [case for case in load_cases() if len(case.samples) <= _SAMPLES_MOST]
    calibrating, testing = (
        (_from_corpus(corpus, part, count) for part in ("not-fold:0/5", "fold:0/5")) if corpus else ([], [])
    )
    cases = [*bundled, *testing[: count // 2]]
    cases += [case for case in noisy_cases(cases) if case.text]
    _save(carry / "cases.npz", cases)
    _save(carry / "voices.npz", calibrating or bundled)
    takes = []
    for case in cases:
        clip = clip_from_samples(case.samples, SAMPLE_RATE)
        # The samples lie in cases.npz already, in half the space.
        takes.append((case.name, replace(clip, samples=clip.samples[:0]), make_prompt(case.text)))
    (carry / "cases.pkl").write_bytes(pickle.dumps(takes))
    samples, text = speech_of(5.0)
    take = (clip_from_samples(samples, SAMPLE_RATE), make_prompt(text))
    (carry / "take.pkl").write_bytes(pickle.dumps(take))


def _from_corpus(corpus: Path, part: str, count: int) -> list[Case]:
    from tutor.clip import read_clip
    from tutor.corpus import load_rated, select

    found: list[Case] = []
    for sentence in select(load_rated(corpus), part, 4 * count):
        samples = read_clip(sentence.audio).samples
        if len(samples) <= _SAMPLES_MOST and len(found) < count:
            found.append(Case(sentence.audio.stem, samples, sentence.text))
    return found


def _save(path: Path, cases: Sequence[Case]) -> None:
    arrays = {
        f"{index:03d}": np.clip(case.samples * 32768, -32768, 32767).astype(np.int16)
        for index, case in enumerate(cases)
    }
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("carry", type=Path)
    parser.add_argument("--corpus", type=Path)
    arguments = parser.parse_args()
    gather(arguments.carry, arguments.corpus)


if __name__ == "__main__":
    main()
