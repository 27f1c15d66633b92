"""The whole path on constructed speech: what was said is known, so is what must come out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from tests.tutor.spoken_model import SpokenModel, clip_for
from tutor import result
from tutor.acoustic import AcousticOutput, Floats, ScorerInput, ScorerOutput
from tutor.assess import assess, assess_batch, score_utterance, utterance
from tutor.errors import AudioError, Cancelled, EngineError
from tutor.prompts import Prompt, prompt_from_phones

TEXT = [("We", ["W", "IY1"]), ("call", ["K", "AO1", "L"]), ("it", ["IH1", "T"]), ("bear", ["B", "EH1", "R"])]
PROMPT = prompt_from_phones("We call it bear", TEXT)
READ = ["-"] * 6 + ["W", "IY", "K", "AO", "L", "IH", "T", "B", "EH", "R"] + ["-"] * 6


def _assess(spoken: list[str], prompt: Prompt = PROMPT, **sound: float) -> result.Assessment:
    return assess(clip_for(spoken, **sound), prompt, SpokenModel(spoken))


def test_a_good_reading_scores_high_and_says_when() -> None:
    found = _assess(READ)
    assert found.verdict == result.GRADED
    assert [word.status for word in found.words] == [result.OK] * 4
    assert found.scores.overall == pytest.approx(100, abs=0.1)
    first = found.words[0]
    assert first.start == pytest.approx(5.5 * 0.02, abs=1e-9)
    assert [round(phone.end - phone.start, 6) for phone in first.phonemes] == [0.1, 0.1]
    assert set(found.timing_ms) == {"acoustic", "align", "evidence", "scorer", "feedback", "total"}


def test_a_substituted_phone_is_named() -> None:
    spoken = ["P" if name == "B" else name for name in READ]
    bear = _assess(spoken).words[3]
    assert bear.status == result.MISPRONOUNCED
    wrong = bear.phonemes[0]
    assert wrong.rating < 1 and wrong.heard[0].arpabet == "P" and wrong.heard[0].p > 0.8
    assert bear.phonemes[2].heard == ()


def test_omitted_inserted_and_repeated_words_are_told_apart() -> None:
    without = [name for name in READ if name not in ("IH", "T")]
    assert [word.status for word in _assess(without).words] == ["ok", "ok", "omitted", "ok"]
    assert _assess(without).scores.completeness < 80
    at = READ.index("IH")
    repeated = _assess([*READ[:at], *READ[at - 3 : at], *READ[at:]])
    assert ("call", "repeated") in [(word.text, word.status) for word in repeated.words]
    inserted = _assess([*READ[:at], "Z", "UW", "M", "OY", "SH", *READ[at:]])
    assert "inserted" in [word.status for word in inserted.words]
    assert [word.text for word in inserted.words if word.phonemes] == ["We", "call", "it", "bear"]


def test_another_text_is_recognised_and_not_graded() -> None:
    other = ["-"] * 4 + ["M", "AO", "N", "IH", "NG", "T", "R", "EY", "N", "Z", "L", "IY", "V"] + ["-"] * 4
    found = _assess(other)
    assert found.verdict == result.OTHER_TEXT
    assert found.scores.overall <= 20 and found.notice
    assert not any(phone.heard for word in found.words for phone in word.phonemes)


@pytest.mark.parametrize("sound", [{"snr_db": 1.0}, {"clipped": 0.2}])
def test_poor_sound_accuses_nobody(sound: dict[str, float]) -> None:
    spoken = ["P" if name == "B" else name for name in READ]
    found = _assess(spoken, **sound)
    assert found.verdict == result.UNCLEAR and found.notice
    assert result.MISPRONOUNCED not in [word.status for word in found.words]
    assert found.confidence < _assess(READ).confidence


def test_long_recordings_join_without_a_seam() -> None:
    sentences = 24
    spoken = (READ + ["-"] * 40) * sentences
    words = TEXT * sentences
    clip = clip_for(spoken)
    long = prompt_from_phones(" ".join(name for name, _ in words), words)
    model = SpokenModel(spoken)
    found = assess(_with_pauses(clip, spoken), long, model)
    assert len(model.lengths) > 2 and max(model.lengths) <= 240_000
    assert len(found.words) == 4 * sentences and {word.status for word in found.words} == {"ok"}
    starts = np.array([word.start for word in found.words[::4]])
    period = (len(READ) - 10 + 50 + 40) * 0.02
    assert np.allclose(np.diff(starts), period, atol=0.021)


def _with_pauses(clip: object, spoken: list[str]) -> object:
    """Loud where something is said, so that the cuts fall into the pauses; the place stays readable from sample 0."""
    from tutor.clip import Clip

    assert isinstance(clip, Clip)
    return _Placed(clip.samples, clip.info, clip.speech)


class _Placed:
    """A clip whose pieces are cut every ten sentences' pause, as ``tutor.clip.pieces`` would."""

    def __init__(self, samples: np.ndarray, info: result.AudioInfo, speech: tuple[float, float]) -> None:
        self.samples, self.info, self.speech = samples, info, speech


@pytest.fixture(autouse=True)
def _pieces_in_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    from tutor import assess as module

    period = (len(READ) - 10 + 50 + 40) * 320

    def pieces(clip: object) -> list[tuple[int, int]]:
        count = len(clip.samples)  # type: ignore[attr-defined]
        edges = [*range(0, count, 5 * period), count]
        return [(start, end) for start, end in pairwise(edges) if end - start > period // 2]

    monkeypatch.setattr(module, "pieces", pieces)


def test_one_bad_recording_spoils_no_other() -> None:
    tiny = clip_for(["W", "IY"])
    long_text = prompt_from_phones("call " * 60, [("call", ["K", "AO1", "L"])] * 60)
    model = SpokenModel(READ)
    answers = assess_batch([(clip_for(READ), PROMPT), (tiny, long_text), (clip_for(READ), PROMPT)], model)
    assert isinstance(answers[1], AudioError)
    assert isinstance(answers[0], result.Assessment)
    assert answers[0].scores == answers[2].scores  # type: ignore[union-attr]


def test_progress_can_stop_it() -> None:
    with pytest.raises(Cancelled):
        assess(clip_for(READ), PROMPT, SpokenModel(READ), progress=lambda label, done, total: False)


def test_the_json_form_comes_back() -> None:
    found = _assess(["P" if name == "B" else name for name in READ])
    data = json.loads(json.dumps(found.to_json()))
    assert data["schema"] == result.SCHEMA
    again = result.from_json(data)
    assert again.to_json() == found.to_json()
    with pytest.raises(KeyError):
        result.from_json({**data, "schema": "tutor.score/0"})


class _Switching(SpokenModel):
    """A model whose scorer is gone for the first ``failures`` asks, as while a server changes versions."""

    def __init__(self, spoken: list[str], failures: int) -> None:
        super().__init__(spoken)
        self.failures, self.asked, self.heard = failures, 0, 0

    def listen(self, clips: Sequence[Floats]) -> list[AcousticOutput]:
        self.heard += len(clips)
        return super().listen(clips)

    def score(self, evidence: Sequence[ScorerInput]) -> list[ScorerOutput]:
        self.asked += 1
        if self.asked <= self.failures:
            raise EngineError("version 1 is gone")
        return super().score(evidence)


def test_a_take_is_heard_again_when_its_model_was_replaced() -> None:
    model = _Switching(READ, failures=1)
    found = assess(clip_for(READ), PROMPT, model)
    assert (model.heard, model.asked) == (2, 2)
    assert found.scores == _assess(READ).scores


def test_a_scorer_that_fails_twice_is_not_asked_again() -> None:
    model = _Switching(READ, failures=9)
    with pytest.raises(EngineError, match="version 1 is gone"):
        assess(clip_for(READ), PROMPT, model)
    assert (model.heard, model.asked) == (2, 2)


def test_only_the_take_in_between_is_heard_again() -> None:
    model = _Switching(READ, failures=1)
    answers = assess_batch([(clip_for(READ), PROMPT)] * 3, model)
    assert (model.heard, model.asked) == (4, 4)
    assert len({answer.scores for answer in answers}) == 1  # type: ignore[union-attr]


def test_long_recordings_in_company_are_heard_with_the_others() -> None:
    spoken = (READ + ["-"] * 40) * 12
    long = prompt_from_phones("We call it bear " * 12, TEXT * 12)
    clip = _with_pauses(clip_for(spoken), spoken)
    alone = assess(clip, long, SpokenModel(spoken))  # type: ignore[arg-type]
    asked: list[int] = []

    class Counted(SpokenModel):
        def listen(self, clips: Sequence[Floats]) -> list[AcousticOutput]:
            asked.append(len(clips))
            return super().listen(clips)

    together = assess_batch([(clip, long), (clip_for(READ), PROMPT)], Counted(spoken))  # type: ignore[list-item]
    assert len(asked) == 1 and asked[0] > 3
    assert together[0].words == alone.words  # type: ignore[union-attr]


def test_one_utterance_up_to_the_raters_scales() -> None:
    clip = clip_for(READ)
    piece = score_utterance(clip, PROMPT, SpokenModel(READ))
    assert piece.evidence.features.shape[0] == len(piece.scores.phone) == 10
    assert piece.scores.word.shape == (4, 3) and piece.scores.sentence.shape == (5,)
    assert [word.said for word in piece.alignment.words] == [True] * 4
    assert np.array_equal(utterance(clip), clip.samples)
    with pytest.raises(AudioError):
        score_utterance(clip_for(["W", "IY"]), prompt_from_phones("call " * 60, [TEXT[1]] * 60), SpokenModel(READ))
