"""From alignment, evidence and the scorer's answer to words and phones a learner can read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tutor.acoustic import Floats, Ints, ScorerInput, ScorerOutput
from tutor.align import Alignment, ExtraSpeech
from tutor.calibration import LIMITS, is_replaced
from tutor.evidence import FEATURES
from tutor.function_words import is_function_word
from tutor.phones import ORDER, PHONES, ipa_of, phone_of
from tutor.prompts import Word
from tutor.result import INSERTED, MISPRONOUNCED, OK, OMITTED, REPEATED, AudioInfo, Heard, PhoneResult, Scores, WordResult
from tutor.timebase import seconds_of_frame

_MEANS = slice(FEATURES.index(f"mean_{ORDER[0]}"), FEATURES.index(f"mean_{ORDER[-1]}") + 1)
_PEAKS = slice(FEATURES.index(f"peak_{ORDER[0]}"), FEATURES.index(f"peak_{ORDER[-1]}") + 1)
TOP = 3
EXTRA_TEXT = "(extra)"
_LIKELIHOOD_WEIGHT = 0.1


@dataclass(frozen=True)
class ScoredPiece:
    """One piece of a recording: ``offset_s`` is the time of its first sample.

    ``words`` W of the text, forced ``alignment`` of them, ``evidence`` and ``scores`` of the P phones of the
    pronunciations that fitted, ``repeats``: first frame of extra speech → number of the word said again.
    """

    offset_s: float
    words: tuple[Word, ...]
    alignment: Alignment
    evidence: ScorerInput
    scores: ScorerOutput
    repeats: dict[int, int]


def audio_trust(audio: AudioInfo) -> float:
    """How far the sound itself can be trusted, 0–1: falls with noise and clipping."""
    noise = (audio.snr_db - LIMITS.poor_snr_db) / (LIMITS.clear_snr_db - LIMITS.poor_snr_db)
    clipping = 1.0 - audio.clipped / (2 * LIMITS.poor_clipping)
    return float(np.clip(0.4 + 0.6 * noise, 0.1, 1.0) * np.clip(clipping, 0.1, 1.0))


def match_of(pieces: Sequence[ScoredPiece]) -> float:
    """How well the sound bears out the text, 0–1.

    Mean support of the expected phones, less for speech that is not in the text (by the root of its share: a learner who
    starts again still reads the text), less for a path that is unlikely frame by frame.
    """
    support = np.concatenate([phone_support(piece) for piece in pieces])
    extra = sum(span.end - span.start for piece in pieces for span in piece.alignment.extra)
    said = sum(int((word.ends - word.starts).sum()) for piece in pieces for word in piece.alignment.words if word.said)
    likelihood = np.average(
        [piece.alignment.score for piece in pieces], weights=[len(piece.evidence.phones) for piece in pieces]
    )
    match = support.mean() * np.sqrt(said / max(1, said + extra)) + _LIKELIHOOD_WEIGHT * likelihood
    return float(np.clip(match, 0.0, 1.0))


def phone_support(piece: ScoredPiece) -> Floats:
    """Posterior of each expected phone, the better of the two views, 0–1; 0 for phones of skipped words: (P,)."""
    rows = np.arange(len(piece.evidence.phones))
    means = piece.evidence.features[:, _MEANS][rows, piece.evidence.phones]
    peaks = piece.evidence.features[:, _PEAKS][rows, piece.evidence.phones]
    said = np.array([word.said for word in piece.alignment.words])[piece.evidence.words]
    result: Floats = np.where(said, np.maximum(means, peaks), 0.0).astype(np.float32)
    return result


def heard_instead(features: Floats, expected: int) -> tuple[Heard, ...]:
    """The likeliest other phones of one phone's evidence (F,), with probabilities among all phones."""
    share = 0.5 * features[_MEANS] + 0.5 * features[_PEAKS]
    share = share / max(float(share.sum()), 1e-6)
    order = [int(index) for index in np.argsort(-share) if index != expected][:TOP]
    return tuple(Heard(ORDER[index], PHONES[index].ipa, float(share[index])) for index in order)


def contradicted(features: Floats, expected: int) -> bool:
    """Whether one phone's evidence (F,) clearly shows another phone in its place."""
    own = max(float(features[_MEANS][expected]), float(features[_PEAKS][expected]))
    return own < LIMITS.contradicted_own and heard_instead(features, expected)[0].p > LIMITS.contradicted_rival


def word_results(piece: ScoredPiece, trust: float) -> list[WordResult]:
    """Expected words with their phones, and extra speech in its place."""
    results: list[WordResult] = []
    extras = list(piece.alignment.extra)
    at = 0
    for number, (word, aligned) in enumerate(zip(piece.words, piece.alignment.words, strict=True)):
        while extras and extras[0].before <= number:
            results.append(_extra_word(piece, extras.pop(0)))
        count = len(aligned.starts)
        rows = slice(at, at + count)
        at += count
        results.append(_word(piece, word, number, rows, trust))
    results.extend(_extra_word(piece, span) for span in extras)
    return results


def _word(piece: ScoredPiece, word: Word, number: int, rows: slice, trust: float) -> WordResult:
    aligned = piece.alignment.words[number]
    names = word.pronunciations[aligned.variant]
    times = _seconds(piece, aligned.starts, aligned.ends)
    ratings = np.clip(piece.scores.phone[rows], 0, 2).tolist()
    if not aligned.said:
        at = times[0][0]
        silent = tuple(
            PhoneResult(name, ipa_of(name), at, at, 50 * mark, mark, trust) for name, mark in zip(names, ratings, strict=True)
        )
        accuracy, stress, total = (10 * float(value) for value in np.clip(piece.scores.word[number], 0, 10))
        return WordResult(word.text, at, at, total, accuracy, stress, OMITTED, trust, word.guessed, silent)
    phones = []
    dropped = 0.0
    certain = np.clip(1.0 - 0.5 * piece.scores.phone_spread[rows], 0.0, 1.0).tolist()
    found = zip(range(rows.start, rows.stop), names, times, ratings, certain, strict=True)
    for index, name, (start, end), rating, sure in found:
        expected = int(piece.evidence.phones[index])
        confidence = sure * trust
        other = contradicted(piece.evidence.features[index], expected)
        if other and rating > LIMITS.contradicted_rating:
            dropped += rating - LIMITS.contradicted_rating
            rating = LIMITS.contradicted_rating
            confidence = max(confidence, 0.75 * trust)
        heard = heard_instead(piece.evidence.features[index], expected) if rating < LIMITS.weak_phone else ()
        phones.append(PhoneResult(name, ipa_of(name), start, end, 50 * rating, rating, confidence, heard))
    accuracy, stress, total = (float(value) for value in piece.scores.word[number])
    # A word falls with its phones: by the share of its marks that the contradicted ones lost.
    accuracy, total = (max(0.0, value - 10 * dropped / (2 * len(phones))) for value in (accuracy, total))
    clear_error = min(phone.rating for phone in phones) < LIMITS.clear_error
    reduces = is_function_word(word.text)
    replaced = any(is_replaced(phone) and not (reduces and phone_of(phone.arpabet).is_vowel) for phone in phones)
    status = MISPRONOUNCED if replaced or clear_error or accuracy < LIMITS.weak_word else OK
    confidence = float(np.mean([phone.confidence for phone in phones])) * (0.8 if word.guessed else 1.0)
    return WordResult(
        word.text,
        times[0][0],
        times[-1][1],
        10 * total,
        10 * accuracy,
        10 * stress,
        status,
        confidence,
        word.guessed,
        tuple(phones),
    )


def _extra_word(piece: ScoredPiece, span: ExtraSpeech) -> WordResult:
    [(start_s, end_s)] = _seconds(piece, np.array([span.start]), np.array([span.end]))
    repeated = piece.repeats.get(span.start)
    text = EXTRA_TEXT if repeated is None else piece.words[repeated].text
    return WordResult(text, start_s, end_s, 0.0, 0.0, 0.0, INSERTED if repeated is None else REPEATED, 0.5)


def _seconds(piece: ScoredPiece, starts: Ints, ends: Ints) -> list[tuple[float, float]]:
    return [
        (piece.offset_s + seconds_of_frame(int(start)), piece.offset_s + seconds_of_frame(int(end)))
        for start, end in zip(starts, ends, strict=True)
    ]


def sentence_scores(pieces: Sequence[ScoredPiece]) -> Scores:
    """Sentence scores, 0–100: the pieces' mean, weighted by their phones; skipped words bring completeness down."""
    weights = np.array([len(piece.evidence.phones) for piece in pieces], dtype=float)
    rows = np.stack([piece.scores.sentence for piece in pieces])
    accuracy, fluency, prosody, completeness, total = (10 * (weights[:, None] * rows).sum(axis=0) / weights.sum()).tolist()
    words = [word.said for piece in pieces for word in piece.alignment.words]
    said = sum(words) / len(words)
    return Scores(total * said, accuracy * said, fluency, prosody, min(completeness, 100.0) * said)
