"""Alignment of constructed posteriors: the right answer is known frame by frame."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tutor.spoken_model import posteriors
from tutor.align import align

WORDS = [[("W", "IY1")], [("K", "AO1", "L")], [("IH1", "T")], [("B", "EH1", "R")]]
READ = ["W", "IY", "K", "AO", "L", "IH", "T", "B", "EH", "R"]


def test_every_phone_is_placed_where_it_was_said() -> None:
    found = align(posteriors(["-"] * 7 + READ + ["-"] * 4), WORDS)
    starts = np.concatenate([word.starts for word in found.words])
    ends = np.concatenate([word.ends for word in found.words])
    assert starts.tolist() == [7 + 5 * index for index in range(10)]
    assert ends.tolist() == [12 + 5 * index for index in range(10)]
    assert not found.extra and all(word.said for word in found.words)
    assert found.score == pytest.approx(np.log(0.9), abs=1e-6)


def test_silence_between_words_belongs_to_no_phone() -> None:
    found = align(posteriors(["W", "IY", "-", "-", "-", "K", "AO", "L", "IH", "T", "B", "EH", "R"]), WORDS)
    assert found.words[0].ends[-1] == 10
    assert found.words[1].starts[0] == 13


def test_the_pronunciation_that_fits_wins() -> None:
    words = [[("T", "AH0", "M", "EY1", "T", "OW0"), ("T", "AH0", "M", "AA1", "T", "OW0")]]
    found = align(posteriors(["T", "AH", "M", "AA", "T", "OW"]), words)
    assert found.words[0].variant == 1
    assert align(posteriors(["T", "AH", "M", "EY", "T", "OW"]), words).words[0].variant == 0


@pytest.mark.parametrize("missing", [0, 1, 3])
def test_a_word_left_out_is_found(missing: int) -> None:
    spoken = [phone.rstrip("012") for index, word in enumerate(WORDS) if index != missing for phone in word[0]]
    found = align(posteriors(["-"] * 5 + spoken + ["-"] * 5), WORDS)
    assert [word.said for word in found.words] == [index != missing for index in range(4)]
    skipped = found.words[missing]
    assert (skipped.ends - skipped.starts == 1).all()


def test_extra_speech_is_found_in_its_place() -> None:
    spoken = ["W", "IY", "Z", "UW", "M", "OY", "SH", "AW", "ZH", "K", "AO", "L", "IH", "T", "B", "EH", "R"]
    found = align(posteriors(spoken), WORDS)
    assert [(span.before, span.start, span.end) for span in found.extra] == [(1, 10, 45)]
    assert found.words[1].starts[0] == 45


def test_strict_takes_every_word_as_said() -> None:
    spoken = ["W", "IY", "IH", "T", "B", "EH", "R"]
    assert all(word.said for word in align(posteriors(spoken), WORDS, strict=True).words)
    assert not all(word.said for word in align(posteriors(spoken), WORDS).words)


def test_a_piece_ends_where_its_frames_end() -> None:
    found = align(posteriors(["W", "IY", "K", "AO", "L", "-", "-"]), WORDS, whole=False)
    assert len(found.words) == 2
    assert all(word.said for word in found.words)


def test_a_wrong_phone_does_not_move_its_word() -> None:
    found = align(posteriors(["W", "IY", "K", "AO", "L", "IH", "T", "P", "EH", "R"]), WORDS)
    assert all(word.said for word in found.words)
    # Where P ends and EH begins cannot be told: both are equally unexpected in P's frames.
    assert found.words[3].starts[0] == 35 and found.words[3].starts[2] == 45
