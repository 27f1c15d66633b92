"""Which of two readings is believed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tutor.acoustic import ScorerInput, ScorerOutput
from tutor.align import AlignedWord, Alignment, ExtraSpeech
from tutor.readings import Reading, believed, is_plain

WORDS = np.array([0, 0, 1, 2, 2], dtype=np.int32)


def reading(
    marks: list[float],
    said: tuple[bool, ...] = (True, True, True),
    extra: tuple[ExtraSpeech, ...] = (),
    likelihood: float = 0.0,
) -> Reading:
    counts = np.bincount(WORDS)
    words = tuple(
        AlignedWord(0, np.zeros(count, np.int32), np.ones(count, np.int32), read)
        for count, read in zip(counts, said, strict=True)
    )
    evidence = ScorerInput(np.zeros(5, np.int32), WORDS, np.zeros((5, 3), np.float32), np.zeros((5, 2), np.float32))
    scores = ScorerOutput(
        np.array(marks, np.float32), np.zeros(5, np.float32), np.zeros((3, 3), np.float32), np.zeros(5, np.float32)
    )
    return Reading(Alignment(words, extra, likelihood), evidence, scores)


def test_a_word_left_out_is_believed_when_the_others_sound_as_good_without_it() -> None:
    strict = reading([1.9, 1.8, 0.4, 1.8, 1.9])
    for gain, believed_one in ((0.04, True), (0.01, False)):
        free = reading([1.9, 1.9, 0.1, 1.9, 1.9], (True, False, True), likelihood=gain)
        answer = believed(free, strict, 100, False)
        assert (not answer.alignment.words[1].said) is believed_one
        if believed_one:  # what else was read sounds as the free reading says, the word left out keeps its low mark
            assert np.allclose(answer.scores.phone, [1.9, 1.9, 0.4, 1.9, 1.9])


def test_a_word_is_not_called_left_out_when_that_spoils_the_others() -> None:
    free = reading([1.0, 1.1, 0.1, 1.2, 1.9], (True, False, True))
    strict = reading([1.8, 1.8, 1.5, 1.8, 1.9])
    assert believed(free, strict, 100, False) is strict


def test_a_word_that_sounds_right_in_its_place_was_not_left_out() -> None:
    free = reading([1.8, 1.8, 0.0, 1.8, 1.8], (True, False, True), likelihood=0.04)
    assert believed(free, reading([1.8, 1.8, 1.9, 1.8, 1.8]), 100, False).alignment.words[1].said
    assert not believed(free, reading([1.8, 1.8, 1.5, 1.8, 1.8]), 100, False).alignment.words[1].said


def test_hesitation_keeps_its_times_and_counts_in_the_scores() -> None:
    free = reading([1.9] * 5, extra=(ExtraSpeech(1, 10, 20),))
    strict = reading([1.9, 1.2, 1.2, 1.9, 1.9])
    answer = believed(free, strict, 100, False)
    assert answer.alignment is free.alignment
    assert answer.scores is strict.scores and answer.evidence is strict.evidence


def test_a_repeated_word_counts_half_in_the_scores() -> None:
    free = reading([1.9] * 5, extra=(ExtraSpeech(1, 10, 20),))
    answer = believed(free, reading([1.2] * 5), 100, True)
    assert answer.alignment is free.alignment
    assert np.allclose(answer.scores.phone, 1.55)


def test_other_pronunciations_are_never_mixed() -> None:
    free = reading([1.9] * 5, extra=(ExtraSpeech(1, 10, 20),))
    strict = reading([1.2] * 5)
    words = (replace(strict.alignment.words[0], variant=1), *strict.alignment.words[1:])
    strict = replace(strict, alignment=replace(strict.alignment, words=words))
    assert np.array_equal(believed(free, strict, 100, False).scores.phone, free.scores.phone)


def test_a_word_left_out_keeps_the_strict_mark_in_whatever_pronunciation_that_took() -> None:
    free = reading([1.9, 1.9, 0.1, 1.9, 1.9], (True, False, True), likelihood=0.04)
    strict = reading([1.9, 1.8, 0.4, 1.8, 1.9])
    for number in range(3):
        words = [replace(word, variant=int(at == number)) for at, word in enumerate(strict.alignment.words)]
        other = replace(strict, alignment=replace(strict.alignment, words=tuple(words)))
        assert np.allclose(believed(free, other, 100, False).scores.phone, [1.9, 1.9, 0.4, 1.9, 1.9])
    free = reading([1.9, 1.9, 1.9, 0.1, 0.3], (True, True, False), likelihood=0.04)
    strict = reading([1.9, 1.8, 1.8, 0.2, 0.8])
    words = (*strict.alignment.words[:2], replace(strict.alignment.words[2], variant=1))
    other = replace(strict, alignment=replace(strict.alignment, words=words))
    assert np.allclose(believed(free, other, 100, False).scores.phone[3:], [0.5, 0.5]), "its mean"


def test_where_no_word_was_read_the_free_reading_stands() -> None:
    free = reading([0.3] * 5, (False, False, False))
    answer = believed(free, reading([1.0] * 5), 100, False)
    assert answer.alignment is free.alignment
    assert not answer.scores.phone.any()


def test_plain() -> None:
    assert is_plain(reading([1.0] * 5).alignment)
    assert not is_plain(reading([1.0] * 5, (True, True, False)).alignment)
    assert not is_plain(reading([1.0] * 5, extra=(ExtraSpeech(0, 1, 2),)).alignment)
