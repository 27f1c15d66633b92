"""Command-line options that the training commands share: the data, the device, the recipe."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, TypeVar

import torch

from engines.training import data

R = TypeVar("R")


def add_data(parser: argparse.ArgumentParser) -> None:
    """Where the speech is."""
    parser.add_argument("--rated", type=Path, required=True)
    parser.add_argument("--rated-times", type=Path, required=True)
    parser.add_argument("--native", type=Path)
    parser.add_argument("--native-times", type=Path)
    parser.add_argument("--synthetic", type=Path, nargs="*", default=[])
    parser.add_argument("--cache", type=Path, help="folder for decoded samples")
    parser.add_argument("--limit", type=int, help="first N utterances of each source, for rehearsals")


def add_recipe(parser: argparse.ArgumentParser, default: Any) -> None:
    """One option for every field of the recipe."""
    for name, value in vars(default).items():
        kind = type(value) if not isinstance(value, tuple) else float
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=kind, default=value, nargs=3 if isinstance(value, tuple) else None
        )


def recipe(arguments: argparse.Namespace, kind: type[R]) -> R:
    """The recipe that ``add_recipe``'s options describe."""
    fields = {name: getattr(arguments, name) for name in vars(kind())}
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()})


def device() -> torch.device:
    """The GPU where there is one, set up for this work."""
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
    torch.backends.cuda.enable_cudnn_sdp(False)  # it plans every new batch shape for a third of a second
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def load(arguments: argparse.Namespace, device: torch.device, folds: int) -> tuple[data.Bank, dict[str, int]]:
    """All speech that the options name, and the fold of each rated speaker."""
    cache: Path | None = arguments.cache
    if cache:
        cache.mkdir(parents=True, exist_ok=True)
    limit = arguments.limit
    utterances = data.rated_corpus(arguments.rated, arguments.rated_times, cache and cache / "rated.npy")[:limit]
    fold_of = data.folds(utterances, folds)
    if arguments.native:
        utterances += data.native_corpus(arguments.native, arguments.native_times, cache and cache / "native.npy")[:limit]
    for number, folder in enumerate(arguments.synthetic):
        utterances += data.synthetic_corpus(folder, cache=cache and cache / f"synthetic{number}.npy")[:limit]
    bank = data.Bank(utterances, device)
    hours = [round(float(bank.lengths[bank.sources == source].sum()) / 16000 / 3600, 2) for source in range(3)]
    print(f"hours of learner, native, synthetic speech: {hours}", flush=True)
    return bank, fold_of


def load_test_voices(arguments: argparse.Namespace, device: torch.device) -> data.Bank | None:
    """The synthetic voices kept for tests; None where there are none."""
    utterances = []
    for number, folder in enumerate(arguments.synthetic):
        cache = arguments.cache and arguments.cache / f"voices{number}.npy"
        utterances += data.synthetic_corpus(folder, "test", cache)[: arguments.limit]
    return data.Bank(utterances, device) if utterances else None
