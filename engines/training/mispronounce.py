"""Deliberate errors: words with canonical phones in, the phones to be said out, slot by slot.

The confusions follow what is commonly reported of learners with eight first languages
(e.g. Swan and Smith, Learner English, 2001); a share is uniform within the phone's class so that a
recogniser does not learn the table instead of the sound.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

VOWELS = ("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW")
CLASSES: tuple[tuple[str, ...], ...] = (
    VOWELS,
    ("B", "D", "G", "K", "P", "T"),
    ("CH", "DH", "F", "HH", "JH", "S", "SH", "TH", "V", "Z", "ZH"),
    ("M", "N", "NG"),
    ("L", "R", "W", "Y"),
)
CLASS_OF = {phone: members for members in CLASSES for phone in members}

# Word-final obstruents lose their voice in most of these languages.
DEVOICED = {"B": "P", "D": "T", "G": "K", "V": "F", "Z": "S", "DH": "TH", "ZH": "SH", "JH": "CH"}

# First language: canonical phone:what is said instead ("-" dropped), weights by repetition.
_ACCENT_TABLES = {
    "mandarin": """
TH:S/S/T/F DH:D/D/Z/L V:W/W/F W:V R:L/W L:R/N/AO Z:S/S/JH IH:IY/IY IY:IH EH:AE/AE/EY AE:EH/EH/AH/AA
UH:UW/UW UW:UH AA:AO/AH AO:AA/OW AH:AA/AA/EH ER:AH/UH NG:N/N N:NG/NG/L ZH:JH/SH/R SH:S CH:SH/T JH:CH/ZH
EY:EH/EH OW:AO/AO AW:AA/AO AY:AE/AA B:P D:T G:K M:N Y:IY
""",
    "spanish": """
TH:T/S/F DH:D/D V:B/B/B Z:S/S/S ZH:SH/JH SH:CH/CH/S JH:Y/CH IH:IY/IY/IY AE:AA/EH/AA AH:AA/AA/OW UH:UW/UW
AO:OW/OW ER:EH/AA/AO HH:-/Y NG:N/N M:N N:NG Y:JH/JH W:G EY:EH OW:AO D:DH B:V T:- P:B K:G
""",
    "japanese": """
TH:S/S/S DH:Z/Z/D V:B/B R:L/L L:R/R/R F:HH/HH HH:F IH:IY/IY AE:AA/AH/EH AH:AA/AA UH:UW/UW ER:AA/AA
AO:OW/OW AA:AO ZH:JH/JH Z:JH/S S:SH T:CH NG:N/N/G W:- Y:- OW:AO/AO EY:EH/EH M:N N:NG/M
""",
    "korean": """
TH:S/S/T DH:D/D V:B/B F:P/P/P Z:JH/JH/S ZH:JH/JH R:L/L L:R/R IH:IY/IY IY:IH AE:EH/EH/EH EH:AE UH:UW/UW
AO:AA/OW AH:AA/AO ER:AO/AH W:- Y:- SH:S/S JH:CH B:P D:T G:K OW:AO N:L NG:N
""",
    "arabic": """
P:B/B/B V:F/F/F NG:N/G CH:SH/SH ZH:JH TH:S/T/T DH:Z/D/D G:K IH:IY/EH EH:IH/IH AE:AA AH:AA/AE AO:OW/OW/AA
UH:UW/UW ER:EH/AA OW:AO/UW EY:EH/IY JH:ZH B:P
""",
    "hindi": """
TH:T/T/T DH:D/D/D V:W/W/W W:V/V/V Z:JH/JH/S ZH:JH/Z/SH F:P/P SH:S S:SH AE:EH/EH EH:AE AO:AA/AA AA:AO
EY:EH/EH OW:AO/AO ER:AH/AH IH:IY AH:AA NG:N
""",
    "german": """
TH:S/S/F DH:Z/Z/D W:V/V/V V:F/W AE:EH/EH/EH EH:AE R:L/W ZH:SH/SH JH:CH/CH Z:S/S S:Z AH:AA/AA OW:AO/AO
EY:EH/EH ER:EH/AO UH:UW IH:IY AO:OW NG:N
""",
    "french": """
TH:S/S/F DH:Z/Z/D/V HH:-/-/- R:W/L IH:IY/IY/IY UH:UW/UW AE:AA/AA/EH AH:ER/AA/AO CH:SH/SH/SH JH:ZH/ZH/ZH
NG:N/G OW:AO/AO EY:EH/EH ER:EH/AO AO:OW AW:AA/AO P:B T:D K:G
""",
}
ACCENTS: dict[str, dict[str, tuple[str, ...]]] = {
    accent: {entry.split(":")[0]: tuple(entry.split(":")[1].split("/")) for entry in table.split()}
    for accent, table in _ACCENT_TABLES.items()
}
DEVOICING = {"mandarin", "german", "korean", "spanish", "arabic"}
EPENTHETIC = {"japanese": ("UW", "OW", "AH"), "korean": ("UH", "AH"), "spanish": ("EH", "AH")}


@dataclass(frozen=True)
class Slot:
    """One place of a word: its canonical phone (None: inserted) and what is said (None: dropped).

    Both are ARPAbet; vowels carry a stress digit."""

    canonical: str | None
    said: str | None


@dataclass(frozen=True)
class SpokenWord:
    """A word and its slots in order."""

    text: str
    slots: tuple[Slot, ...]

    @property
    def canonical(self) -> list[str]:
        return [slot.canonical for slot in self.slots if slot.canonical is not None]

    @property
    def said(self) -> list[str]:
        return [slot.said for slot in self.slots if slot.said is not None]

    def edits(self) -> list[dict[str, Any]]:
        """The differences, {op: sub|del|ins, index, canonical, said}, without stress.

        `index` counts canonical phones; an insertion's is that of the phone it stands before."""
        found: list[dict[str, Any]] = []
        index = 0
        for slot in self.slots:
            canonical, said = bare(slot.canonical), bare(slot.said)
            if canonical != said:
                op = "ins" if canonical is None else "del" if said is None else "sub"
                found.append({"op": op, "index": index, "canonical": canonical, "said": said})
            index += canonical is not None
        return found


def bare(phone: str | None) -> str | None:
    """A phone without its stress digit."""
    return None if phone is None else phone.rstrip("012")


def is_vowel(phone: str | None) -> bool:
    """Whether a phone, with or without stress digit, is a vowel."""
    return bare(phone) in VOWELS


def canonical_word(text: str, phones: tuple[str, ...]) -> SpokenWord:
    """The word said as the dictionary has it."""
    return SpokenWord(text, tuple(Slot(phone, phone) for phone in phones))


def mispronounce(
    words: list[SpokenWord], rate: float, accent: str, rng: np.random.Generator
) -> list[SpokenWord]:
    """Canonical words with about `rate` of their phones (at least one) said wrongly.

    `accent` is a key of ACCENTS; two of its habits are made frequent, as a speaker's are."""
    table = ACCENTS[accent]
    present = sorted({str(bare(phone)) for word in words for phone in word.canonical} & set(table))
    habits = set(rng.choice(present, min(2, len(present)), replace=False)) if present else set()
    weights = np.array(
        [
            5.0 if bare(phone) in habits else 1.6 if bare(phone) in table else 0.7
            for word in words
            for phone in word.canonical
        ]
    )
    chance = np.minimum(weights * rate * len(weights) / weights.sum(), 0.9)
    chosen = rng.random(len(weights)) < chance
    if not chosen.any():
        chosen[rng.choice(len(weights), p=weights / weights.sum())] = True
    result = []
    first = 0
    for word in words:
        marks = chosen[first : first + len(word.canonical)]
        first += len(word.canonical)
        result.append(_shift_stress(_spoil(word, marks, accent, rng), rng))
    return result


def _spoil(word: SpokenWord, marks: np.ndarray, accent: str, rng: np.random.Generator) -> SpokenWord:
    phones = word.canonical
    slots: list[Slot] = []
    for at, phone in enumerate(phones):
        before = slots[-1].said if slots else None
        after = phones[at + 1] if at + 1 < len(phones) else None
        if not marks[at]:
            slots.append(Slot(phone, phone))
            continue
        draw = rng.random()
        if draw < 0.16 and _may_drop(phones, at, slots, rng):
            slots.append(Slot(phone, None))
        elif draw > 0.86:
            slots.extend(_with_insertion(phone, before, after, accent, rng))
        else:
            said = _substitute(phone, at == len(phones) - 1, accent, {bare(before), bare(after)}, rng)
            if said is None and not _may_drop(phones, at, slots, rng):
                said = phone
            slots.append(Slot(phone, said))
    return SpokenWord(word.text, tuple(slots))


def _substitute(
    phone: str, final: bool, accent: str, neighbours: set[str | None], rng: np.random.Generator
) -> str | None:
    plain = str(bare(phone))
    options = list(ACCENTS[accent].get(plain, ()))
    if final and accent in DEVOICING and plain in DEVOICED:
        options = options + [DEVOICED[plain]] * 3
    if not options or rng.random() < 0.3:
        options = [other for other in CLASS_OF[plain] if other != plain]
    # A doubled phone cannot be told from a long one, so it would be an unsure label.
    options = [other for other in options if other not in neighbours] or [
        other for other in CLASS_OF[plain] if other != plain and other not in neighbours
    ]
    if not options:
        return phone
    said = str(rng.choice(options))
    if said == "-":
        return None
    return said + (phone[-1] if is_vowel(phone) else "0") if is_vowel(said) else said


def _may_drop(phones: list[str], at: int, done: list[Slot], rng: np.random.Generator) -> bool:
    left = sum(slot.said is not None for slot in done) + len(phones) - at - 1
    if left < 2:
        return False
    if is_vowel(phones[at]):
        others = any(is_vowel(slot.said) for slot in done) or any(map(is_vowel, phones[at + 1 :]))
        return others and phones[at].endswith("0") and rng.random() < 0.3
    in_cluster = (at > 0 and not is_vowel(phones[at - 1])) or (
        at + 1 < len(phones) and not is_vowel(phones[at + 1])
    )
    return in_cluster or at == len(phones) - 1 or rng.random() < 0.3


def _with_insertion(
    phone: str, before: str | None, after: str | None, accent: str, rng: np.random.Generator
) -> list[Slot]:
    own = Slot(phone, phone)
    if is_vowel(phone):
        extra = [c for c in ("N", "T", "R", "HH", "S", "L", "D", "K", "G") if c != bare(after)]
        return [own, Slot(None, str(rng.choice(extra)))]
    if before is None and bare(phone) == "S" and after is not None and not is_vowel(after):
        return [Slot(None, "EH0" if rng.random() < 0.6 else "IH0"), own]
    if after is not None and is_vowel(after):
        glides = [c for c in ("R", "L", "W", "Y") if c != bare(phone)]
        return [own, Slot(None, str(rng.choice(glides)))]
    vowels = ("AH", "AH", "IH", *EPENTHETIC.get(accent, ()))
    return [own, Slot(None, f"{rng.choice(vowels)}0")]


def _shift_stress(word: SpokenWord, rng: np.random.Generator) -> SpokenWord:
    vowels = [i for i, slot in enumerate(word.slots) if slot.said is not None and is_vowel(slot.said)]
    if len(vowels) < 2 or rng.random() > 0.12:
        return word
    target = int(rng.choice(vowels))
    slots = list(word.slots)
    for i in vowels:
        slots[i] = replace(slots[i], said=f"{bare(slots[i].said)}{1 if i == target else 0}")
    return replace(word, slots=tuple(slots))
