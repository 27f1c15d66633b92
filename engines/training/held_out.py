"""Speech that no training step heard, through the shipped path (clip, alignment, evidence, scorer)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tutor.acoustic import Model
from tutor.assess import score_utterance
from tutor.clip import read_clip
from tutor.errors import AudioError
from tutor.prompts import prompt_from_phones
from tutor.scoring import ScoredPiece


def held_out_ids(labels: dict[str, Any], folds: int = 10) -> list[str]:
    """Sentences of the speakers that training held out: sorted by age and dealt in turn, as ``data.folds`` does."""
    ages = {item["speaker"]: (item["age"], item["gender"], item["speaker"]) for item in labels.values()}
    speakers = {speaker for index, (_, _, speaker) in enumerate(sorted(ages.values())) if index % folds == 0}
    return [key for key, item in labels.items() if item["speaker"] in speakers]


def observe(model: Model, path: Path, words: list[tuple[str, list[str]]], text: str) -> ScoredPiece | None:
    """The shipped path up to the scorer's answer; None where the recording cannot be placed."""
    try:
        return score_utterance(read_clip(path), prompt_from_phones(text, words), model)
    except AudioError:
        return None
