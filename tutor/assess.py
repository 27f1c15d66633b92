"""The whole path as one function: clip, prompt, model → assessment. Nothing flows back.

pieces → acoustic model → alignment → evidence → scorer → words, scores, verdict → tips
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tutor import feedback
from tutor.acoustic import AcousticOutput, Floats, Model, ScorerInput
from tutor.align import Alignment, ExtraSpeech, align
from tutor.calibration import LIMITS
from tutor.clip import Clip, pieces
from tutor.errors import AudioError, Cancelled, EngineError, TutorError
from tutor.evidence import expected_phones, gather_evidence
from tutor.progress import Progress, silent
from tutor.prompts import Prompt, Word
from tutor.readings import Reading, believed, is_plain
from tutor.result import GRADED, MISPRONOUNCED, OK, OMITTED, OTHER_TEXT, UNCLEAR, Assessment, Scores, WordResult
from tutor.scoring import ScoredPiece, audio_trust, match_of, sentence_scores, word_results
from tutor.timebase import FRAME_S, MAX_SAMPLES, MIN_SAMPLES, samples_of, seconds_of

_MARGIN_S = 1.0
_SHORTEST_EXTRA = 8
_LONGEST_REPEAT = 3
_REPEAT_SCORE = -1.5
"""Mean log posterior a frame from which extra speech counts as a repetition of the words before it."""

_WORDS_PER_SECOND = 6
_OTHER_TEXT_TOP = 20.0
_STAGES = ("acoustic", "align", "evidence", "scorer")
_NOTHING_PLACED = "No word of the text could be placed in this recording; record it again."


def assess(clip: Clip, prompt: Prompt, model: Model, *, progress: Progress = silent) -> Assessment:
    """Score one recording of one text.

    Raises ``AudioError`` for a recording too short for its text, ``EngineError`` when the model fails, and
    ``Cancelled`` when ``progress`` asks for a stop.
    """
    [answer] = assess_batch([(clip, prompt)], model, progress=progress)
    if isinstance(answer, TutorError):
        raise answer
    return answer


def assess_batch(
    pairs: Sequence[tuple[Clip, Prompt]], model: Model, *, progress: Progress = silent
) -> list[Assessment | TutorError]:
    """Score several recordings together; what is wrong with one recording is its answer and spoils no other.

    Raises ``EngineError`` and ``Cancelled``.
    """
    begun = time.perf_counter()
    ranges = [_ranges(clip) for clip, _ in pairs]
    # Alone, a long recording is heard piece by piece, so that its progress shows and it can be stopped.
    together = [number for number, spans in enumerate(ranges) if len(spans) == 1 or len(pairs) > 1]
    samples = [_cut(pairs[number][0], *span) for number in together for span in ranges[number]]
    outputs = iter(model.listen(samples) if samples else ())
    heard = {number: [next(outputs) for _ in ranges[number]] for number in together}
    listened_ms = _since(begun) / max(1, len(together))
    answers: list[Assessment | TutorError] = []
    for number, (clip, prompt) in enumerate(pairs):
        if not progress("scoring", number, len(pairs)):
            raise Cancelled("Scoring was stopped.")
        try:
            answers.append(_assess(clip, prompt, model, ranges[number], heard.get(number), listened_ms, progress))
        except AudioError as error:
            answers.append(error)
    return answers


def utterance(clip: Clip) -> Floats:
    """What the acoustic model is given of a clip that fits in one piece: float32 (n,), 0.3 to 15 s at 16 kHz.

    That is the speech with up to a second on either side; of a longer recording, its first piece.
    """
    return _cut(clip, *_ranges(clip)[0])


def score_utterance(clip: Clip, prompt: Prompt, model: Model) -> ScoredPiece:
    """One utterance up to the raters' scales, for fitting and measuring: forced alignment, goodness-of-pronunciation
    evidence and the scorer's answer, before any limit, verdict or tip. Its P phones are those of the pronunciations
    that fitted best.

    Only the first piece of a recording of more than 15 s is scored, as if the text ended with it. Raises ``AudioError``
    for an utterance too short for its text, ``EngineError`` when the model fails.
    """
    ranges = _ranges(clip)
    timing = dict.fromkeys(_STAGES, 0.0)
    piece = _piece(_cut(clip, *ranges[0]), None, ranges[0][0], prompt.words, model, True, timing)
    if piece is None:
        raise AudioError(_NOTHING_PLACED)
    return piece


def _assess(
    clip: Clip,
    prompt: Prompt,
    model: Model,
    ranges: Sequence[tuple[int, int]],
    outputs: list[AcousticOutput] | None,
    listened_ms: float,
    progress: Progress,
) -> Assessment:
    timing = dict.fromkeys(_STAGES, 0.0)
    timing["acoustic"] = listened_ms if outputs else 0.0
    scored: list[ScoredPiece] = []
    at = 0
    for index, (start, end) in enumerate(ranges):
        if outputs is None and not progress("scoring pieces", index, len(ranges)):
            raise Cancelled("Scoring was stopped.")
        last = index == len(ranges) - 1
        reach = len(prompt.words) if last else at + int(seconds_of(end - start) * _WORDS_PER_SECOND) + 8
        heard = outputs[index] if outputs else None
        piece = _piece(_cut(clip, start, end), heard, start, prompt.words[at:reach], model, last, timing)
        if piece is not None:
            scored.append(piece)
            at += len(piece.words)
    if not scored:
        raise AudioError(_NOTHING_PLACED)
    began = time.perf_counter()
    result = _concluded(clip, prompt, model, scored)
    result = replace(result, tips=feedback.tips(result))
    timing["feedback"] = _since(began)
    timing["total"] = sum(timing.values())
    return replace(result, timing_ms=timing)


def _piece(
    samples: Floats,
    heard: AcousticOutput | None,
    start: int,
    words: Sequence[Word],
    model: Model,
    last: bool,
    timing: dict[str, float],
) -> ScoredPiece | None:
    """Samples from ``start`` on, placed and scored; None where no word fits in. ``heard``: the model's answer if known.

    When scoring fails, the model may have been replaced since it listened (by a new version, by another backend), and no
    other scorer can read its hidden states: the piece is heard once more. A second failure is final; a model that stands
    on others has tried them all by then.
    """
    failure = EngineError("The scorer was not asked.")
    for output in (heard, None):
        began = time.perf_counter()
        output = output or model.listen([samples])[0]
        timing["acoustic"] += _since(began)
        began = time.perf_counter()
        placed = [_aligned(output, words, whole=last)]
        said = tuple(words[: len(placed[0].words)])
        if not said:
            return None
        if not is_plain(placed[0]):
            placed.append(_aligned(output, said, whole=last, strict=True))
        timing["align"] += _since(began)
        began = time.perf_counter()
        shown = [_evidence(output, said, alignment) for alignment in placed if len(alignment.words) == len(said)]
        repeats = _repeats(output, said, placed[0])
        timing["evidence"] += _since(began)
        began = time.perf_counter()
        try:
            answers = model.score(shown)
        except EngineError as error:
            failure = error
            continue
        timing["scorer"] += _since(began)
        readings = [Reading(*parts) for parts in zip(placed, shown, answers, strict=False)]
        frames = len(output.frame_log_posteriors)
        reading = believed(readings[0], readings[-1], frames, bool(repeats))
        return ScoredPiece(seconds_of(start), said, reading.alignment, reading.evidence, reading.scores, repeats)
    raise failure


def _concluded(clip: Clip, prompt: Prompt, model: Model, scored: Sequence[ScoredPiece]) -> Assessment:
    trust = audio_trust(clip.info)
    words = [word for piece in scored for word in word_results(piece, trust)]
    scores = sentence_scores(scored)
    match = match_of(scored)
    verdict, notice = GRADED, ""
    if match < LIMITS.same_text:
        verdict = OTHER_TEXT
        notice = "This does not sound like the sentence; read the sentence shown, or choose the one you read."
        share = match / LIMITS.same_text
        scores = _capped(scores, _OTHER_TEXT_TOP * share)
        words = [_unread(word, share) for word in words if word.phonemes]
    elif clip.info.snr_db < LIMITS.poor_snr_db or clip.info.clipped > LIMITS.poor_clipping:
        verdict = UNCLEAR
        reason = "too noisy" if clip.info.snr_db < LIMITS.poor_snr_db else "overloaded"
        notice = f"The recording is {reason} to judge single sounds; find a quieter place or lower the input level."
        words = [_unaccused(word) for word in words]
    return Assessment(
        text=prompt.text,
        audio=clip.info,
        engine=model.info,
        timing_ms={},
        scores=scores,
        words=tuple(words),
        verdict=verdict,
        confidence=trust * float(np.clip(match / (2 * LIMITS.same_text), 0.2, 1.0)),
        notice=notice,
    )


def _ranges(clip: Clip) -> list[tuple[int, int]]:
    """Sample ranges to score: the speech with a margin where it fits in one piece, else cuts at pauses."""
    count = len(clip.samples)
    first = max(0, samples_of(clip.speech[0] - _MARGIN_S))
    last = min(count, samples_of(clip.speech[1] + _MARGIN_S))
    if last - first > MAX_SAMPLES:
        return pieces(clip)
    missing = max(0, MIN_SAMPLES - (last - first))
    first = max(0, first - missing)
    return [(first, max(last, min(count, first + MIN_SAMPLES)))]


def _cut(clip: Clip, start: int, end: int) -> Floats:
    samples = clip.samples[start:end]
    if len(samples) < MIN_SAMPLES:
        samples = np.pad(samples, (0, MIN_SAMPLES - len(samples)))
    return samples


def _aligned(output: AcousticOutput, words: Sequence[Word], *, whole: bool, strict: bool = False) -> Alignment:
    choices = [word.pronunciations for word in words]
    shortest = sum(min(len(phones) for phones in choice) for choice in choices)
    frames = len(output.frame_log_posteriors)
    if whole and shortest > 3 * frames:
        seconds = frames * FRAME_S
        raise AudioError(
            "{seconds:.1f} s of speech cannot hold a text of {shortest} sounds; record the whole text or shorten "
            "it.",
            seconds=seconds,
            shortest=shortest,
        )
    aligned = align(output.frame_log_posteriors, choices, whole=whole, strict=strict)
    extra = tuple(span for span in aligned.extra if span.end - span.start >= _SHORTEST_EXTRA)
    return replace(aligned, extra=extra)


def _evidence(output: AcousticOutput, words: Sequence[Word], aligned: Alignment) -> ScorerInput:
    chosen = [word.pronunciations[place.variant] for word, place in zip(words, aligned.words, strict=True)]
    starts = np.concatenate([place.starts for place in aligned.words])
    ends = np.concatenate([place.ends for place in aligned.words])
    return gather_evidence(output, expected_phones(chosen), starts, ends)


def _repeats(output: AcousticOutput, words: Sequence[Word], aligned: Alignment) -> dict[int, int]:
    """First frame of extra speech → number of the word it repeats, where it sounds like the words around it."""
    found = {}
    for span in aligned.extra:
        best = max(
            ((_likeness(output, words, span, first), first) for first in _candidates(span, len(words))),
            default=(_REPEAT_SCORE, -1),
        )
        if best[0] > _REPEAT_SCORE:
            found[span.start] = best[1]
    return found


def _candidates(span: ExtraSpeech, count: int) -> range:
    return range(max(0, span.before - _LONGEST_REPEAT), min(count, span.before + 1))


def _likeness(output: AcousticOutput, words: Sequence[Word], span: ExtraSpeech, first: int) -> float:
    choices = [word.pronunciations for word in words[first : max(first + 1, span.before)]]
    frames = output.frame_log_posteriors[span.start : span.end]
    if sum(min(len(phones) for phones in choice) for choice in choices) > len(frames):
        return -np.inf
    return align(frames, choices, strict=True).score


def _capped(scores: Scores, top: float) -> Scores:
    return Scores(
        *(min(top, value) for value in (scores.overall, scores.accuracy, scores.fluency, scores.prosody, scores.completeness))
    )


def _unread(word: WordResult, share: float) -> WordResult:
    """A word of a text that was not read: no times to trust, nothing heard in place of its phones.

    Its marks fade with the ``share`` of the least match that a reading has: a weak speaker who did read the sentence
    lands just below it, and no mark should jump there.
    """
    phones = tuple(
        replace(phone, score=phone.score * share, rating=phone.rating * share, heard=()) for phone in word.phonemes
    )
    marks = {name: getattr(word, name) * share for name in ("score", "accuracy", "stress")}
    return replace(word, **marks, status=OMITTED, phonemes=phones)


def _unaccused(word: WordResult) -> WordResult:
    phones = tuple(replace(phone, heard=()) for phone in word.phonemes)
    return replace(word, status=OK if word.status == MISPRONOUNCED else word.status, phonemes=phones)


def _since(began: float) -> float:
    return 1000 * (time.perf_counter() - began)
