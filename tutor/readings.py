"""Two readings of one piece: the free one, which may leave words out and pass through extra speech, and the strict one,
which takes every word as read. Which of them the learner is told about.

A recogniser unsure of a weak speaker sometimes finds it cheaper to skip a word, and then hears everything around it in
the wrong place. On 25 speakers no model had heard, 8 % of the sentences got skips or extra speech from the free reading,
and believing all of them cost 0.033 of the phone scores' correlation with the raters; asking that the rest sounds no worse
(``MARGIN``) won back all but 0.001 of it. The limits on single words came later; with them three of four words that were
left out on purpose, and that the free reading found, are still reported.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tutor.acoustic import Floats, ScorerInput, ScorerOutput
from tutor.align import Alignment

MARGIN = 0.03
"""How much worse (marks, 0–2) the words of the free reading may sound than the same words in the strict one."""

PROBABLY_READ, CLEARLY_READ = 1.7, 1.85
"""A word that gets such marks (0–2) in the strict reading was not left out, the lower one unless ``CLEAR_GAIN`` says so."""

LEAST_GAIN, CLEAR_GAIN = 1.5, 5.0
"""Natural-log likelihood by which a reading with words left out must beat the strict one at all, and to be clearly better.

Of 760 sentences with a word too many in the text 2.5 finds 411 and 1.5 458, of which 313 of 500 are of speakers in training; as
they stand, 11 and 12 of their 4,770 words are taken as left out; with 1 it is 473 and 15.
"""


@dataclass(frozen=True)
class Reading:
    """One placement of the text with what it shows and what the scorer says of it."""

    alignment: Alignment
    evidence: ScorerInput
    scores: ScorerOutput


def is_plain(alignment: Alignment) -> bool:
    """Whether every word was read and nothing else: both readings are then the same."""
    return not alignment.extra and all(word.said for word in alignment.words)


def believed(free: Reading, strict: Reading, frames: int, repeated: bool) -> Reading:
    """The reading to report of a piece of so many frames; ``repeated``: the free one's extra speech repeats words of the text.

    Leaving something out must not spoil what is left, and what sounds right where it belongs was not left out. Speech that
    only hesitates is reported with the free reading's times and the strict one's scores: raters count it against the words
    around it. A word said again counts half against it.

    No mark jumps where a verdict does: a word left out keeps the marks that the strict reading gives it, low as they are,
    since raters often heard something there (squared error over all phones of such sentences of 112 speakers: 203 with
    them, 246 with zeros).
    """
    said = np.array([word.said for word in free.alignment.words])
    if not said.any():
        scores = free.scores
        return replace(free, scores=replace(scores, phone=np.zeros_like(scores.phone), word=np.zeros_like(scores.word)))
    strict_marks = _marks(strict)
    spoilt = _marks(free)[said].mean() < strict_marks[said].mean() - MARGIN
    gain = frames * (free.alignment.score - strict.alignment.score)
    doubtful = not said.all() and gain < LEAST_GAIN
    if spoilt or doubtful or (strict_marks[~said] > (CLEARLY_READ if gain >= CLEAR_GAIN else PROBABLY_READ)).any():
        return strict
    if not said.all() or repeated:
        return replace(free, scores=_weighed(free, strict, np.where(said, 0.5 * repeated, 1.0)))
    same = _variants(free) == _variants(strict)
    return Reading(free.alignment, strict.evidence, strict.scores) if same else free


def _weighed(reading: Reading, other: Reading, share: np.ndarray[Any, Any]) -> ScorerOutput:
    """The reading's scores, of each word a ``share`` (W,) 0–1 replaced by the other's: of the same phones or, where the
    other heard another pronunciation of the word, its mean.
    """
    words, phone = reading.evidence.words, _marks(other)[reading.evidence.words]
    for number, variants in enumerate(zip(_variants(reading), _variants(other), strict=True)):
        if variants[0] == variants[1]:
            phone[words == number] = other.scores.phone[other.evidence.words == number]
    of_word = share.astype(np.float32)[:, None]
    of_phone = of_word[words, 0]
    return replace(
        reading.scores,
        phone=(1 - of_phone) * reading.scores.phone + of_phone * phone,
        word=(1 - of_word) * reading.scores.word + of_word * other.scores.word,
    )


def _variants(reading: Reading) -> list[int]:
    return [word.variant for word in reading.alignment.words]


def _marks(reading: Reading) -> Floats:
    """Mean phone mark of each word, 0–2: (W,)."""
    words = reading.evidence.words
    sums = np.bincount(words, weights=reading.scores.phone, minlength=len(reading.alignment.words))
    result: Floats = (sums / np.bincount(words, minlength=len(sums)).clip(min=1)).astype(np.float32)
    return result
