"""The limits between numbers and words: when a phone is weak, a word mispronounced, a reading another text, a sound too poor.

Set on speakers held out from training; ``engines/training/calibrate.py`` and ``bars.py`` print what each one does.
"""

from __future__ import annotations

from dataclasses import dataclass

from tutor.phones import phone_of
from tutor.result import PhoneResult


@dataclass(frozen=True)
class Limits:
    """Ratings are on the experts' scales: phones 0–2, words 0–10.

    weak_phone: below it a phone names what was heard instead. wrong_phone: below it the phone counts as wrong.
    clear_error: one phone below it makes its word mispronounced. weak_word: so does an accuracy below this.
    contradicted_*: where the expected phone's posterior is below ``own`` and another's above ``rival``, the phone gets
    at most ``rating`` and its word is mispronounced, however good the speaker: learners must hear of it though raters
    often let it pass.
    replaced_*: a phone below this ``rating`` that sounds like another with more than ``rival`` makes its word mispronounced
    too; its mark stays. Of deliberate substitutions of voices never trained on 64 % are flagged so instead of 58 %; of the phones
    it adds among learners' raters hold two of three for less than right.
    same_text: below this match (0–1) something else was read.
    poor_snr_db, poor_clipping: beyond these a recording is too poor to accuse anyone; clear_snr_db: from here on the
    sound is trusted fully.
    """

    weak_phone: float = 1.6
    wrong_phone: float = 0.8
    clear_error: float = 0.45
    weak_word: float = 6.0
    contradicted_own: float = 0.035
    contradicted_rival: float = 0.8
    contradicted_rating: float = 1.5
    replaced_rival: float = 0.6
    replaced_rating: float = 1.4
    same_text: float = 0.125
    poor_snr_db: float = 4.0
    poor_clipping: float = 0.05
    clear_snr_db: float = 20.0


LIMITS = Limits()


def is_replaced(phone: PhoneResult) -> bool:
    """Whether another phone was heard in its place: so clearly that a fair mark does not matter, or with a weak one.

    A vowel for an unstressed one does not count: native speakers weaken them in many ways.
    """
    if not phone.heard or (phone.arpabet.endswith("0") and phone_of(phone.heard[0].arpabet).is_vowel):
        return False
    heard = phone.heard[0].p
    clearly = heard > LIMITS.contradicted_rival and phone.rating <= LIMITS.contradicted_rating
    return clearly or (heard > LIMITS.replaced_rival and phone.rating < LIMITS.replaced_rating)


def is_wrong(phone: PhoneResult) -> bool:
    """Whether a learner should hear of this phone: its rating says so, or another phone was heard in its place."""
    return phone.rating < LIMITS.wrong_phone or is_replaced(phone)
