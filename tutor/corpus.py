"""Corpora with human ratings: the ``labels.json`` + ``audio/`` layout of speechocean762, and its splits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tutor.errors import CorpusError
from tutor.phones import ORDER, strip_stress

if TYPE_CHECKING:
    from tutor.prompts import Prompt

ADULT_AGE = 16
SENTENCE_RATINGS = ("accuracy", "fluency", "prosodic", "completeness", "total")
WORD_RATINGS = ("accuracy", "stress", "total")

SPLIT_HELP = (
    "which speakers: all, fold:K/N (the K-th of N parts by speaker, K from 0), not-fold:K/N, children, "
    "adults, male, female, or a file with one sentence or speaker per line; joined by commas: all hold"
)


@dataclass(frozen=True)
class RatedWord:
    """One rated word: ratings 0–10; ``phones`` ARPAbet with stress; ``phone_ratings`` 0–2 (None: unrated).

    ``phone_experts`` holds each expert's 0, 1 or 2 (None: gave none) for every phone; empty when unknown.
    """

    text: str
    phones: tuple[str, ...]
    accuracy: float
    stress: float
    total: float
    phone_ratings: tuple[float | None, ...]
    phone_experts: tuple[tuple[float | None, ...], ...] = ()


@dataclass(frozen=True)
class RatedSentence:
    """One rated recording: ratings 0–10; ``experts`` has the single experts' ratings (0–10) by name."""

    id: str
    text: str
    speaker: str
    age: int | None
    gender: str
    audio: Path
    accuracy: float
    fluency: float
    prosodic: float
    completeness: float
    total: float
    words: tuple[RatedWord, ...]
    experts: dict[str, tuple[float, ...]]

    def prompt(self) -> Prompt:
        """The text with the pronunciation the raters had before them."""
        from tutor.prompts import prompt_from_phones

        return prompt_from_phones(self.text, [(word.text, word.phones) for word in self.words])


def load_rated(
    folder: Path, bad: Callable[[str, CorpusError], None] | None = None
) -> tuple[RatedSentence, ...]:
    """All sentences of ``folder/labels.json``, sorted by id; sound files are not opened.

    Raises ``CorpusError`` when the file is missing or damaged, or a sentence is not in the agreed form; with
    ``bad``, that is told of each such sentence instead (id and error), and the others are returned.
    """
    path = folder / "labels.json"
    try:
        labels = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        message = f"{path} is missing; a rated corpus is a folder with labels.json and audio/."
        raise CorpusError(message) from error
    except (OSError, ValueError) as error:
        raise CorpusError(f"{path} cannot be read as JSON ({error}).") from error
    if not isinstance(labels, dict) or not labels:
        raise CorpusError(f"{path} holds no sentences; expected an object {{ID: {{text, words, …}}}}.")
    sentences = []
    for name in sorted(labels):
        try:
            sentences.append(_sentence(folder, name, labels[name]))
        except CorpusError as error:
            if bad is None:
                raise
            bad(name, error)
    return tuple(sentences)


def folds_of(sentences: Sequence[RatedSentence], count: int) -> dict[str, int]:
    """The part (0 to count − 1) of each speaker: sorted by age and dealt in turn, so that all parts are
    alike.

    The training recipe deals its folds by the same rule: ``fold:k/5`` are the speakers it holds out in fold
    k.
    """
    speakers = {(item.age or 0, item.gender, item.speaker) for item in sentences}
    return {speaker: index % count for index, (_, _, speaker) in enumerate(sorted(speakers))}


def select(
    sentences: Sequence[RatedSentence], split: str = "all", limit: int | None = None
) -> tuple[RatedSentence, ...]:
    """The sentences of a split (see ``SPLIT_HELP``), at most ``limit`` of them, evenly spread."""
    chosen = list(sentences)
    for part in split.split(","):
        keep = _condition(part.strip(), sentences)
        chosen = [sentence for sentence in chosen if keep(sentence)]
    if not chosen:
        raise CorpusError(f"No sentence is in the split {split!r}; use {SPLIT_HELP}.")
    if limit is not None and limit < len(chosen):
        chosen = [chosen[index * len(chosen) // limit] for index in range(limit)]
    return tuple(chosen)


def _condition(part: str, everything: Sequence[RatedSentence]) -> Callable[[RatedSentence], bool]:
    simple: dict[str, Callable[[RatedSentence], bool]] = {
        "all": lambda sentence: True,
        "children": lambda sentence: sentence.age is not None and sentence.age < ADULT_AGE,
        "adults": lambda sentence: sentence.age is not None and sentence.age >= ADULT_AGE,
        "male": lambda sentence: sentence.gender.startswith("m"),
        "female": lambda sentence: sentence.gender.startswith("f"),
    }
    if part in simple:
        return simple[part]
    kind, _, numbers = part.partition(":")
    if kind in ("fold", "not-fold"):
        index, count = _fold(numbers)
        folds = folds_of(everything, count)
        return lambda sentence: (folds[sentence.speaker] == index) == (kind == "fold")
    names = _names(Path(part))
    return lambda sentence: sentence.id in names or sentence.speaker in names


def _fold(numbers: str) -> tuple[int, int]:
    try:
        index, folds = (int(number) for number in numbers.split("/"))
    except ValueError as error:
        raise CorpusError(f"A fold is written K/N, such as 0/5, not {numbers!r}.") from error
    if not 0 <= index < folds:
        raise CorpusError(f"Fold {numbers!r} does not exist; K runs from 0 to N − 1.")
    return index, folds


def _names(path: Path) -> frozenset[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        message = f"{str(path)!r} is neither a split nor a readable list; use {SPLIT_HELP}."
        raise CorpusError(message) from error
    return frozenset(line.strip() for line in lines if line.strip())


def _sentence(folder: Path, name: str, data: dict[str, Any]) -> RatedSentence:
    try:
        experts = {key: tuple(map(float, values)) for key, values in data.get("experts", {}).items()}
        shares = experts.get("completeness", ())
        if shares and max(shares) <= 1.0:
            # The raw sheets give completeness as a share while every other rating runs to 10.
            experts["completeness"] = tuple(10 * share for share in shares)
        age = data.get("age")
        return RatedSentence(
            id=name,
            text=str(data["text"]),
            speaker=str(data.get("speaker", name)),
            age=None if age is None else int(age),
            gender=str(data.get("gender", "")),
            audio=folder / str(data.get("audio", f"audio/{name}.opus")),
            words=tuple(_word(word) for word in data["words"]),
            experts=experts,
            **{key: float(data[key]) for key in SENTENCE_RATINGS},
        )
    except (KeyError, TypeError, ValueError) as error:
        message = f"Sentence {name!r} of {folder / 'labels.json'} is not in the agreed form: {error!r}."
        raise CorpusError(message) from error


def _word(data: dict[str, Any]) -> RatedWord:
    phones = tuple(str(phone) for phone in data["phones"])
    for phone in phones:
        if strip_stress(phone) not in ORDER:
            raise ValueError(f"{phone!r} is not one of the 39 ARPAbet phones")
    ratings = tuple(None if value is None else float(value) for value in data["phones-accuracy"])
    if len(ratings) != len(phones):
        raise ValueError(f"word {data['text']!r} has {len(phones)} phones but {len(ratings)} ratings")
    return RatedWord(
        text=str(data["text"]),
        phones=phones,
        phone_ratings=ratings,
        phone_experts=tuple(_experts(values) for values in data.get("phones-accuracy-experts", ())),
        **{key: float(data[key]) for key in WORD_RATINGS},
    )


def _experts(values: Iterable[float | None] | None) -> tuple[float | None, ...]:
    return tuple(None if value is None else float(value) for value in values or ())
