"""What the controller hands to the views: frozen dataclasses, ready to be painted."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tutor.attempt import PhoneMean, Summary
from tutor.prompts import Prompt
from tutor.result import INSERTED, OMITTED, REPEATED, Assessment, WordResult
from ui.desktop.parts.ribbon import RibbonWord
from ui.desktop.plots.pictures import Pictures
from ui.desktop.plots.span import Span


@dataclass(frozen=True)
class Sentence:
    """What is to be said. ``place``: lesson title; ``number`` of ``total`` in it; ``item``: id, empty for
    own text; ``tune``: the final melody asked for."""

    text: str
    place: str = ""
    number: int = 1
    total: int = 1
    item: str = ""
    tune: str = ""
    best: float | None = None


def without_marks(word: WordResult) -> WordResult:
    """The word and its sounds with marks of 0."""
    sounds = tuple(replace(phone, score=0.0, rating=0.0) for phone in word.phonemes)
    return replace(word, score=0.0, accuracy=0.0, stress=0.0, phonemes=sounds)


@dataclass(frozen=True)
class Take:
    """A scored recording. ``pictures`` None until they are computed; ``prompt`` None for one from the
    history."""

    assessment: Assessment
    prompt: Prompt | None = None
    pictures: Pictures | None = None

    @property
    def words(self) -> tuple[WordResult, ...]:
        """The words with the marks that a learner is shown: none for a word left out, whatever raters would give who heard
        something there.
        """
        return tuple(without_marks(word) if word.status == OMITTED else word for word in self.assessment.words)

    @property
    def ribbon(self) -> tuple[RibbonWord, ...]:
        """The words as written, with their scores."""
        spellings = iter(written_words(self.prompt)) if self._is_aligned() else iter(())
        return tuple(
            RibbonWord(
                word.text if word.status in (INSERTED, REPEATED) else next(spellings, word.text),
                word.score,
                word.status,
                word.guessed,
            )
            for word in self.words
        )

    @property
    def word_spans(self) -> tuple[Span, ...]:
        return tuple(Span(word.start, word.end, word.text) for word in self.assessment.words)

    @property
    def phone_spans(self) -> tuple[Span, ...]:
        return tuple(
            Span(phone.start, phone.end, phone.ipa)
            for word in self.assessment.words
            for phone in word.phonemes
        )

    def _is_aligned(self) -> bool:
        planned = [word for word in self.assessment.words if word.status not in (INSERTED, REPEATED)]
        return self.prompt is not None and len(planned) == len(self.prompt.words)


def written_words(prompt: Prompt | None) -> list[str]:
    """How each word of a prompt is written, with the punctuation after it."""
    words = []
    for word in prompt.words if prompt else ():
        start, end = word.span
        text = prompt.text if prompt else ""
        while end < len(text) and not text[end].isspace() and not text[end].isalnum():
            end += 1
        words.append(text[start:end] or word.text)
    return words


@dataclass(frozen=True)
class Latency:
    """From the end of a recording to its scores on the screen: milliseconds of each stage, in order."""

    stages_ms: dict[str, float]

    @property
    def total_ms(self) -> float:
        return sum(self.stages_ms.values())


@dataclass(frozen=True)
class Status:
    """The line at the bottom."""

    engine: str = ""
    detail: str = ""
    ready: bool = False
    latency: Latency | None = None
    keep_audio: bool = False


@dataclass(frozen=True)
class Progress:
    """One learner's history in figures."""

    summaries: tuple[Summary, ...] = ()
    phones: tuple[PhoneMean, ...] = ()
    phone_series: dict[str, tuple[tuple[float, float], ...]] | None = None
    streak_days: int = 0
    days: int = 0
