"""Tips follow the evidence, name it, and keep quiet where it is weak."""

from __future__ import annotations

import string
from dataclasses import replace

import numpy as np
import pytest

from tutor import feedback, guide
from tutor.acoustic import EngineInfo
from tutor.phones import ipa_of
from tutor.prosody import EnergyTrack, PitchTrack, Prosody
from tutor.result import (
    INSERTED,
    OMITTED,
    OTHER_TEXT,
    REPEATED,
    UNCLEAR,
    Assessment,
    AudioInfo,
    Heard,
    PhoneResult,
    Scores,
    Tip,
    WordResult,
)

NAN = float("nan")


def phone(
    arpabet: str, start: float = 0.0, rating: float = 1.9, confidence: float = 0.9, **heard: float
) -> PhoneResult:
    rivals = tuple(Heard(name, ipa_of(name), p) for name, p in heard.items())
    return PhoneResult(arpabet, ipa_of(arpabet), start, start + 0.1, 50 * rating, rating, confidence, rivals)


def word(text: str, start: float, *phones: PhoneResult, **changes: object) -> WordResult:
    timed = tuple(
        replace(one, start=start + 0.1 * place, end=start + 0.1 * place + one.end - one.start)
        for place, one in enumerate(phones)
    )
    end = start + 0.1 * len(phones)
    made = WordResult(text, start, end, 90.0, 90.0, 90.0, "ok", 0.9, phonemes=timed)
    return replace(made, **changes)  # type: ignore[arg-type]


def assessment(*words: WordResult, text: str = "", **changes: object) -> Assessment:
    made = Assessment(
        text=text or " ".join(one.text for one in words) + ".",
        audio=AudioInfo(3.0, 30.0, -20.0, 0.0),
        engine=EngineInfo("canned", "test", "float32", ""),
        timing_ms={},
        scores=Scores(80.0, 80.0, 80.0, 80.0, 80.0),
        words=words,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def prosody(**changes: object) -> Prosody:
    empty = np.zeros(0, dtype=np.float32)
    made = Prosody(
        PitchTrack(empty, empty, np.zeros(0, dtype=bool), empty),
        EnergyTrack(empty, empty),
        8.0,
        -3.0,
        4.0,
        (),
        (None,) * 20,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def think(start: float = 0.0, rating: float = 0.2, confidence: float = 0.9, p: float = 0.8) -> WordResult:
    return word(
        "think",
        start,
        phone("TH", rating=rating, confidence=confidence, S=p),
        phone("IH1"),
        phone("NG"),
        phone("K"),
    )


def kinds(found: tuple[Tip, ...]) -> list[str]:
    return [tip.kind for tip in found]


def test_a_substitution_names_both_sounds_the_way_out_and_pairs() -> None:
    (tip,) = feedback.tips(assessment(think()))
    assert (tip.kind, tip.phone, tip.heard, tip.word) == ("phone_substituted", "TH", "S", 0)
    assert "“think”" in tip.text and "/θ/" in tip.text and "/s/" in tip.text
    assert "between the teeth" in tip.text and "think – sink" in tip.text


def test_a_good_reading_gets_no_tip() -> None:
    assert feedback.tips(assessment(think(rating=1.9, p=0.0))) == ()


@pytest.mark.parametrize("weak", [{"confidence": 0.3}, {"rating": 1.6}])
def test_weak_evidence_accuses_nobody(weak: dict[str, float]) -> None:
    assert feedback.tips(assessment(think(**weak))) == ()


def test_where_nothing_is_wrong_the_weakest_phone_comes_next() -> None:
    (tip,) = feedback.tips(assessment(think(rating=1.4), think(1.0, rating=1.3, p=0.1)))
    assert (tip.kind, tip.phone, tip.word) == ("phone_polish", "TH", 1)
    assert "Nearly there" in tip.text and "teeth" in tip.text
    (tip,) = feedback.tips(
        assessment(think(rating=1.4), word("red", 1.0, phone("R", rating=0.3), phone("EH1")))
    )
    assert tip.phone == "R"


def test_pairs_are_left_out_for_reduced_vowels() -> None:
    (tip,) = feedback.tips(assessment(word("about", 0.0, phone("AH0", rating=0.2), phone("B"), phone("AW1"))))
    assert tip.phone == "AH" and "Try" not in tip.text


def test_an_unsure_assessment_speaks_of_the_recording_only() -> None:
    noisy = assessment(think(), confidence=0.2, audio=AudioInfo(3.0, 4.0, -30.0, 0.05))
    assert kinds(feedback.tips(noisy)) == ["recording_clipped", "recording_noisy"]


@pytest.mark.parametrize("verdict", [OTHER_TEXT, UNCLEAR])
def test_ungraded_recordings_get_the_one_tip_that_says_why(verdict: str) -> None:
    assert kinds(feedback.tips(assessment(think(), verdict=verdict))) == [verdict]


def test_the_same_fault_in_two_words_is_one_tip_that_ranks_first() -> None:
    bad_r = word("red", 1.0, phone("R", rating=0.1, W=0.9), phone("EH1"), phone("D"))
    found = feedback.tips(assessment(think(), bad_r, think(1.5)))
    assert [tip.phone for tip in found] == ["TH", "R"]
    assert found[0].text.count("“think”") == 1


def test_an_unlikely_rival_is_not_named() -> None:
    (tip,) = feedback.tips(assessment(think(p=0.2)))
    assert (tip.kind, tip.heard) == ("phone_weak", None)


def test_a_final_consonant_without_time_was_dropped() -> None:
    short = replace(phone("D", rating=0.1), end=0.02)
    (tip,) = feedback.tips(assessment(word("red", 0.0, phone("R"), phone("EH1"), short)))
    assert (tip.kind, tip.phone) == ("final_dropped", "D")
    (tip,) = feedback.tips(assessment(word("draw", 0.0, short, phone("R"), phone("AO1"))))
    assert tip.kind == "consonant_dropped"


def test_final_devoicing_has_its_own_advice() -> None:
    (tip,) = feedback.tips(assessment(word("eyes", 0.0, phone("AY1"), phone("Z", rating=0.3, S=0.9))))
    assert tip.kind == "final_devoiced" and "longer" in tip.text


def test_function_word_vowels_are_judged_mildly() -> None:
    reduced = word("to", 0.0, phone("T"), phone("UW1", rating=0.7, AH=0.9))
    full = word("too", 0.0, phone("T"), phone("UW1", rating=0.7, AH=0.9))
    assert feedback.tips(assessment(reduced)) == ()
    assert kinds(feedback.tips(assessment(full))) == ["phone_substituted"]


@pytest.mark.parametrize("status", [OMITTED, INSERTED, REPEATED])
def test_words_that_do_not_match_are_listed(status: str) -> None:
    (tip,) = feedback.tips(assessment(think(rating=1.9, p=0.0), word("the", 1.0, status=status)))
    assert tip.kind == f"words_{status}" and "“the”" in tip.text and tip.word == 1


def stressed(stress: float) -> WordResult:
    sounds = [phone(name) for name in ("B", "IH0", "L", "OW1")]
    return word("below", 0.0, *sounds, stress=stress)


def test_wrong_stress_shows_where_it_belongs() -> None:
    (tip,) = feedback.tips(assessment(stressed(20.0)))
    assert tip.kind == "stress_wrong" and "/bɪˈloʊ/" in tip.text


def test_measured_stress_can_clear_the_learner() -> None:
    poor = assessment(stressed(20.0))
    assert feedback.tips(poor, prosody(strongest=(1,))) == ()
    assert kinds(feedback.tips(poor, prosody(strongest=(0,)))) == ["stress_wrong"]


def spoken(text: str, step_s: float = 0.5, sounds: int = 2) -> Assessment:
    words = text.strip(".?!").replace(",", "").split()
    made = [phone("S")] * (sounds - 1) + [phone("AH1")]
    timed = (word(one, step_s * place, *made) for place, one in enumerate(words))
    return assessment(*timed, text=text)


@pytest.mark.parametrize(
    ("text", "final", "expected"),
    [
        ("Are you coming home?", -4.0, ["question_should_rise"]),
        ("Are you coming home?", 5.0, []),
        ("Where are you going?", -4.0, []),
        ("Tea or coffee?", -4.0, []),
        ("We are going home.", 5.0, ["statement_should_fall"]),
        ("We are going home.", -4.0, []),
        ("We are going home.", NAN, []),
    ],
)
def test_final_melody_depends_on_the_kind_of_sentence(text: str, final: float, expected: list[str]) -> None:
    assert kinds(feedback.tips(spoken(text, 0.21), prosody(final_semitones=final))) == expected


def test_flat_melody() -> None:
    flat = prosody(range_semitones=2.0)
    assert kinds(feedback.tips(spoken("We are going home.", 0.21), flat)) == ["flat_intonation"]


def test_pace_and_pauses() -> None:
    quick = spoken("we are going home to eat", 0.11, sounds=1)
    assert kinds(feedback.tips(quick)) == ["too_fast"]
    slow = tuple(
        word(one, 0.55 * place, phone("AH1"), *[phone("S")] * 4) for place, one in enumerate("abcdef")
    )
    assert kinds(feedback.tips(assessment(*slow))) == ["too_slow"]
    assert kinds(feedback.tips(spoken("we are going home to eat", 0.6))) == ["too_many_pauses"]
    assert kinds(feedback.tips(spoken("we, are, going, home, to, eat", 0.6))) == []


def test_at_most_five_tips_and_three_about_phones() -> None:
    names = ("TH", "R", "L", "V", "W")
    words = [
        word(f"w{n}", n, phone(name, rating=0.1), phone("AH1"), phone("K")) for n, name in enumerate(names)
    ]
    extra = [
        word("gone", 9.0, status=OMITTED),
        word("more", 9.0, status=INSERTED),
        word("again", 9.0, status=REPEATED),
    ]
    found = feedback.tips(assessment(*words, *extra, audio=AudioInfo(3.0, 4.0, -30.0, 0.05)))
    assert len(found) == 5
    assert sum(tip.phone is not None for tip in found) <= 3


def test_every_tip_can_be_said_in_chinese_from_its_fields() -> None:
    for tip in feedback.tips(assessment(think(), stressed(10.0), word("the", 2.0, status=OMITTED))):
        chinese = feedback.tip_text(tip, "zh_CN")
        assert tip.text == feedback.tip_text(tip)
        assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)
        assert "{" not in chinese


def test_a_first_language_note_is_added() -> None:
    (tip,) = feedback.tips(assessment(think()))
    note = guide.language_note("zh", "TH", "S")
    assert note is not None
    assert note.text.en in feedback.tip_text(tip, "en", "zh")
    assert note.text.en not in feedback.tip_text(tip, "en")


def test_both_languages_of_a_rule_fill_the_same_fields() -> None:
    for kind in feedback.rule_kinds():
        rule = feedback._rule(kind)
        fields = [
            {name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (rule.en, rule.zh)
        ]
        assert fields[0] == fields[1], kind
