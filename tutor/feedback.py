"""Tips from the evidence: which sounds, words, stresses and melodies to work on first, and how."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from tutor import guide
from tutor.calibration import LIMITS, is_wrong
from tutor.function_words import is_function_word
from tutor.paths import assets_dir
from tutor.phones import ipa_of, phone_of, stress_of, strip_stress
from tutor.prosody import Prosody, articulation_rate, find_pauses
from tutor.result import (
    GRADED,
    INSERTED,
    MISPRONOUNCED,
    OK,
    OMITTED,
    REPEATED,
    Assessment,
    Heard,
    PhoneResult,
    Tip,
    WordResult,
)
from tutor.tomlfile import read_toml

MAX_TIPS = 5
MAX_PHONE_TIPS = 3
MIN_CONFIDENCE = 0.5
"""Below this nothing is said about a phone or a word: a wrong accusation costs more than a missed fault."""

REDUCED_FAULT_RATING = LIMITS.wrong_phone / 2
"""Reduced vowels of function words are faults only below this rating (of 2)."""

POLISH_RATING = 1.5
"""Where nothing is wrong, the weakest phone below this is what to work on next."""

MIN_HEARD_P = 0.4
DROPPED_S = 0.045
"""A consonant that got at most two frames and a poor score was not there to be heard."""

MIN_STRESS = 50.0
FLAT_SEMITONES = 2.8
RISE_SEMITONES, FALL_SEMITONES = 4.0, -1.5
SLOW_RATE, FAST_RATE = 2.3, 6.8
"""Syllables per second of speech. Of 223 readings rated 9 or 10 for prosody 1 in 20 is outside each limit."""

REDUCED_VOWELS = ("ə", "ɚ")
QUESTION_WORDS = frozenset(("what", "when", "where", "which", "who", "whom", "whose", "why", "how"))


@dataclass(frozen=True)
class _Fault:
    """One thing found: ``weight`` ranks it (0 to about 2), ``words`` are where it was found."""

    weight: float
    tip: Tip
    words: tuple[str, ...] = ()


def tips(assessment: Assessment, prosody: Prosody | None = None) -> tuple[Tip, ...]:
    """At most five pieces of advice, the most useful first; none where the evidence is weak.

    ``prosody`` (of the same recording) adds melody and checks stress; without it timing alone is judged.
    """
    if assessment.verdict != GRADED:
        return (_tip(assessment.verdict),)
    recording = list(_recording_faults(assessment))
    if assessment.confidence < MIN_CONFIDENCE:
        return tuple(fault.tip for fault in recording)
    phones = _ranked(_merged(list(_phone_faults(assessment.words))))[:MAX_PHONE_TIPS]
    if not phones:
        phones = list(_weakest_phone(assessment.words))
    others = [
        *recording,
        *_word_faults(assessment.words),
        *_stress_faults(assessment.words, prosody),
        *_pace_faults(assessment),
        *_melody_faults(assessment, prosody),
    ]
    return tuple(fault.tip for fault in _ranked(phones + others)[:MAX_TIPS])


def tip_text(
    tip: Tip, language: str = "en", first_language: str | None = None, *, with_pairs: bool = True
) -> str:
    """The tip in ``language`` ("en" or a "zh…" code), with the note for a first language (BCP 47) if any.

    ``with_pairs=False`` leaves out the words to try, for those who show ``guide.pairs_for`` in another way.
    """
    sentences = [_rule(tip.kind).in_language(language).format(**tip.values)]
    if tip.phone is not None:
        confusion = guide.confusions().get((tip.phone, tip.heard or ""))
        advice = confusion.advice if confusion else guide.phone_guide(tip.phone).cue
        if _uses_advice(tip.kind):
            sentences.append(advice.in_language(language))
        pairs = guide.pairs_for(tip.phone, tip.heard)
        if with_pairs and pairs and tip.values.get("ipa") not in REDUCED_VOWELS:
            listed = ", ".join(" – ".join(pair) for pair in pairs)
            sentences.append(_rule("pairs").in_language(language).format(pairs=listed))
        if first_language and (note := guide.language_note(first_language, tip.phone, tip.heard)):
            sentences.append(note.text.in_language(language))
    joint = "" if language.lower().startswith("zh") else " "
    return joint.join(sentences)


def rule_kinds() -> tuple[str, ...]:
    """The kinds of tip there are."""
    return tuple(kind for kind in _rules() if kind != "pairs")


def _recording_faults(assessment: Assessment) -> Iterator[_Fault]:
    if assessment.audio.clipped > 0.002:
        yield _Fault(0.9, _tip("recording_clipped"))
    if assessment.audio.snr_db < 10:
        yield _Fault(0.8, _tip("recording_noisy"))


def _word_faults(words: tuple[WordResult, ...]) -> Iterator[_Fault]:
    for status, weight in ((OMITTED, 1.3), (REPEATED, 0.7), (INSERTED, 0.8)):
        places = (place for place, word in enumerate(words) if word.status == status)
        found = [(place, words[place]) for place in places if words[place].confidence >= MIN_CONFIDENCE]
        if found:
            listed = _listed([word.text for _, word in found])
            yield _Fault(weight + 0.1 * len(found), _tip(f"words_{status}", word=found[0][0], words=listed))


def _phone_faults(words: tuple[WordResult, ...]) -> Iterator[_Fault]:
    for index, word in enumerate(words):
        if word.status not in (OK, MISPRONOUNCED) or word.confidence < MIN_CONFIDENCE:
            continue
        function_word = is_function_word(word.text)
        for place, phone in enumerate(word.phonemes):
            reduced = function_word and phone_of(phone.arpabet).is_vowel
            fault = phone.rating < REDUCED_FAULT_RATING if reduced else is_wrong(phone)
            if not fault or phone.confidence < MIN_CONFIDENCE:
                continue
            weight = (1 - phone.rating / 2) * phone.confidence * (0.6 if function_word else 1.0)
            tip = _phone_tip(word, place, phone)
            yield _Fault(weight, replace(tip, word=index), (word.text,))


def _weakest_phone(words: tuple[WordResult, ...]) -> Iterator[_Fault]:
    judged = [
        (phone.rating, index, phone)
        for index, word in enumerate(words)
        if word.status == OK and not is_function_word(word.text)
        for phone in word.phonemes
        if phone.confidence >= MIN_CONFIDENCE and phone.rating < POLISH_RATING
    ]
    if judged:
        _, index, phone = min(judged, key=lambda entry: entry[:2])
        values = {"ipa": phone.ipa or ipa_of(phone.arpabet), "words": _listed([words[index].text])}
        tip = _phone_tip_of("phone_polish", strip_stress(phone.arpabet), None, values)
        yield _Fault(0.3, _worded(replace(tip, word=index)))


def _phone_tip(word: WordResult, place: int, phone: PhoneResult) -> Tip:
    name, last = strip_stress(phone.arpabet), place == len(word.phonemes) - 1
    heard = _rival(phone)
    values = {"ipa": phone.ipa or ipa_of(phone.arpabet)}
    if _dropped(phone):
        return _phone_tip_of("final_dropped" if last else "consonant_dropped", name, None, values)
    if heard is None:
        return _phone_tip_of("phone_weak", name, None, values)
    other = strip_stress(heard.arpabet)
    values["heard_ipa"] = heard.ipa or ipa_of(heard.arpabet)
    if last and _devoiced(name, other):
        return _phone_tip_of("final_devoiced", name, other, values)
    return _phone_tip_of("phone_substituted", name, other, values)


def _phone_tip_of(kind: str, phone: str, heard: str | None, values: dict[str, str]) -> Tip:
    return Tip(kind=kind, text="", phone=phone, heard=heard, values=values)


def _rival(phone: PhoneResult) -> Heard | None:
    """The most probable other phone, if it is probable enough and beats the expected one."""
    name = strip_stress(phone.arpabet)
    own = max((heard.p for heard in phone.heard if strip_stress(heard.arpabet) == name), default=0.0)
    others = [heard for heard in phone.heard if heard.arpabet and strip_stress(heard.arpabet) != name]
    best = max(others, key=lambda heard: heard.p, default=None)
    return best if best is not None and best.p >= MIN_HEARD_P and best.p > own else None


def _dropped(phone: PhoneResult) -> bool:
    short = phone.end - phone.start <= DROPPED_S
    return short and not phone_of(phone.arpabet).is_vowel and _rival(phone) is None


def _devoiced(expected: str, heard: str) -> bool:
    one, other = phone_of(expected), phone_of(heard)
    return one.voiced and not other.voiced and one.manner == other.manner and one.place == other.place


def _merged(faults: list[_Fault]) -> list[_Fault]:
    """The same fault in several words becomes one tip that names up to three of them and weighs more."""
    groups: dict[tuple[str, str | None, str | None], list[_Fault]] = {}
    for fault in faults:
        groups.setdefault((fault.tip.kind, fault.tip.phone, fault.tip.heard), []).append(fault)
    merged = []
    for group in groups.values():
        first, *rest = sorted(group, key=lambda fault: -fault.weight)
        words = _listed(list(dict.fromkeys(word for fault in (first, *rest) for word in fault.words)))
        tip = replace(first.tip, values={**first.tip.values, "words": words})
        merged.append(_Fault(first.weight + 0.4 * sum(fault.weight for fault in rest), _worded(tip)))
    return merged


def _stress_faults(words: tuple[WordResult, ...], prosody: Prosody | None) -> Iterator[_Fault]:
    for index, word in enumerate(words):
        vowels = [phone for phone in word.phonemes if phone_of(phone.arpabet).is_vowel]
        primary = [place for place, vowel in enumerate(vowels) if stress_of(vowel.arpabet) == 1]
        if len(vowels) < 2 or len(primary) != 1 or word.status not in (OK, MISPRONOUNCED):
            continue
        if word.stress >= MIN_STRESS or word.confidence < MIN_CONFIDENCE:
            continue
        if prosody is not None and prosody.strongest[index] == primary[0]:
            continue
        vowel = ipa_of(vowels[primary[0]].arpabet)
        tip = _tip(
            "stress_wrong", word=index, words=_listed([word.text]), ipa=_stressed_ipa(word), vowel=vowel
        )
        yield _Fault(0.5 + 0.8 * (1 - word.stress / 100) * word.confidence, tip)


def _pace_faults(assessment: Assessment) -> Iterator[_Fault]:
    words = assessment.words
    syllables = sum(phone_of(phone.arpabet).is_vowel for word in words for phone in word.phonemes)
    rate = articulation_rate(words)
    if syllables >= 6 and rate < SLOW_RATE:
        yield _Fault(0.6, _tip("too_slow", rate=f"{rate:.1f}"))
    if syllables >= 6 and rate > FAST_RATE:
        yield _Fault(0.7, _tip("too_fast", rate=f"{rate:.1f}"))
    inner = [pause for pause in find_pauses(words, assessment.text) if not pause.at_mark]
    if len(inner) >= 2 and len(inner) >= len(words) / 8:
        longest = max(inner, key=lambda pause: pause.end_s - pause.start_s)
        yield _Fault(
            0.6 + 0.1 * len(inner),
            _tip(
                "too_many_pauses",
                word=longest.after,
                count=str(len(inner)),
                words=_listed([words[longest.after].text]),
            ),
        )


def _melody_faults(assessment: Assessment, prosody: Prosody | None) -> Iterator[_Fault]:
    if prosody is None:
        return
    final, text = prosody.final_semitones, assessment.text.rstrip("\"'”’) ")
    first_word = assessment.words[0].text.lower() if assessment.words else ""
    if not math.isnan(final):
        if (
            text.endswith("?")
            and first_word not in QUESTION_WORDS
            and " or " not in text
            and final < FALL_SEMITONES
        ):
            yield _Fault(0.5 + min(-final, 6) / 12, _tip("question_should_rise"))
        elif text.endswith((".", "!")) and final > RISE_SEMITONES:
            yield _Fault(0.5 + min(final, 6) / 12, _tip("statement_should_fall"))
    if len(assessment.words) >= 4 and prosody.range_semitones < FLAT_SEMITONES:
        yield _Fault(0.5, _tip("flat_intonation"))


def _ranked(faults: list[_Fault]) -> list[_Fault]:
    return sorted(faults, key=lambda fault: -fault.weight)


def _listed(words: list[str]) -> str:
    return ", ".join(f"“{word}”" for word in words[:3])


def _stressed_ipa(word: WordResult) -> str:
    """IPA of the word with ˈ before the syllable's vowel and the one consonant that leads into it."""
    names = [phone.arpabet for phone in word.phonemes]
    vowel = next(place for place, name in enumerate(names) if stress_of(name) == 1)
    mark = vowel - 1 if vowel and not phone_of(names[vowel - 1]).is_vowel else vowel
    return "".join(("ˈ" if place == mark else "") + ipa_of(name) for place, name in enumerate(names))


def _tip(kind: str, *, word: int | None = None, **values: str) -> Tip:
    return _worded(Tip(kind=kind, text="", word=word, values=values))


def _worded(tip: Tip) -> Tip:
    return replace(tip, text=tip_text(tip))


def _uses_advice(kind: str) -> bool:
    return kind in ("phone_substituted", "phone_weak", "phone_polish", "consonant_dropped")


@lru_cache(maxsize=1)
def _rules() -> dict[str, guide.Text]:
    table = read_toml(assets_dir() / "tips" / "rules.toml")
    return {kind: guide.Text(entry["text"], entry["zh"]) for kind, entry in table.items()}


def _rule(kind: str) -> guide.Text:
    return _rules()[kind]
