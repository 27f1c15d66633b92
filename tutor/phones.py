"""The 39 phones of CMUdict in model order: ARPAbet, IPA, and how each is made (after Ladefoged & Johnson)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Phone:
    """One phone: ``arpabet`` without stress, General American ``ipa``, ``manner`` and ``place``; vowels have no voicing mark."""

    arpabet: str
    ipa: str
    manner: str
    place: str
    voiced: bool

    @property
    def is_vowel(self) -> bool:
        return self.manner in ("vowel", "diphthong")


PHONES: tuple[Phone, ...] = (
    Phone("AA", "ɑ", "vowel", "back open", True),
    Phone("AE", "æ", "vowel", "front near-open", True),
    Phone("AH", "ʌ", "vowel", "central open-mid", True),
    Phone("AO", "ɔ", "vowel", "back open-mid", True),
    Phone("AW", "aʊ", "diphthong", "open to back", True),
    Phone("AY", "aɪ", "diphthong", "open to front", True),
    Phone("B", "b", "stop", "bilabial", True),
    Phone("CH", "tʃ", "affricate", "postalveolar", False),
    Phone("D", "d", "stop", "alveolar", True),
    Phone("DH", "ð", "fricative", "dental", True),
    Phone("EH", "ɛ", "vowel", "front open-mid", True),
    Phone("ER", "ɝ", "vowel", "central rhotic", True),
    Phone("EY", "eɪ", "diphthong", "front close-mid", True),
    Phone("F", "f", "fricative", "labiodental", False),
    Phone("G", "ɡ", "stop", "velar", True),
    Phone("HH", "h", "fricative", "glottal", False),
    Phone("IH", "ɪ", "vowel", "front near-close", True),
    Phone("IY", "i", "vowel", "front close", True),
    Phone("JH", "dʒ", "affricate", "postalveolar", True),
    Phone("K", "k", "stop", "velar", False),
    Phone("L", "l", "approximant", "alveolar lateral", True),
    Phone("M", "m", "nasal", "bilabial", True),
    Phone("N", "n", "nasal", "alveolar", True),
    Phone("NG", "ŋ", "nasal", "velar", True),
    Phone("OW", "oʊ", "diphthong", "back close-mid", True),
    Phone("OY", "ɔɪ", "diphthong", "back to front", True),
    Phone("P", "p", "stop", "bilabial", False),
    Phone("R", "ɹ", "approximant", "postalveolar", True),
    Phone("S", "s", "fricative", "alveolar", False),
    Phone("SH", "ʃ", "fricative", "postalveolar", False),
    Phone("T", "t", "stop", "alveolar", False),
    Phone("TH", "θ", "fricative", "dental", False),
    Phone("UH", "ʊ", "vowel", "back near-close", True),
    Phone("UW", "u", "vowel", "back close", True),
    Phone("V", "v", "fricative", "labiodental", True),
    Phone("W", "w", "approximant", "labial-velar", True),
    Phone("Y", "j", "approximant", "palatal", True),
    Phone("Z", "z", "fricative", "alveolar", True),
    Phone("ZH", "ʒ", "fricative", "postalveolar", True),
)

PHONE_COUNT = len(PHONES)
BLANK = 0
"""Class 0 of the acoustic outputs: CTC blank, or silence in the frame head; phone i is class i + 1."""

CLASS_COUNT = PHONE_COUNT + 1
ORDER: tuple[str, ...] = tuple(phone.arpabet for phone in PHONES)
_INDEX = {name: index for index, name in enumerate(ORDER)}
_UNSTRESSED_IPA = {"AH": "ə", "ER": "ɚ"}


def strip_stress(arpabet: str) -> str:
    """``"AH0"`` → ``"AH"``."""
    return arpabet.rstrip("012")


def index_of(arpabet: str) -> int:
    """Position (0–38) of a phone in ``PHONES``; stress digits are ignored; ``KeyError`` for an unknown phone."""
    return _INDEX[strip_stress(arpabet)]


def class_of(arpabet: str) -> int:
    """Class (1–39) of a phone in the acoustic outputs."""
    return index_of(arpabet) + 1


def phone_of(arpabet: str) -> Phone:
    """The phone of an ARPAbet name, with or without stress."""
    return PHONES[index_of(arpabet)]


def stress_of(arpabet: str) -> int | None:
    """Stress digit of a vowel, or None where the name carries none."""
    return int(arpabet[-1]) if arpabet[-1:] in ("0", "1", "2") else None


def ipa_of(arpabet: str) -> str:
    """IPA of a phone; ``AH0`` and ``ER0`` become the reduced vowels."""
    name = strip_stress(arpabet)
    if stress_of(arpabet) == 0 and name in _UNSTRESSED_IPA:
        return _UNSTRESSED_IPA[name]
    return phone_of(name).ipa
