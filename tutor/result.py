"""The answer about one recording, and its JSON form (schema ``tutor.score/1``, documented in README)."""

from __future__ import annotations

from dataclasses import dataclass, field, is_dataclass
from typing import Any

from tutor.acoustic import EngineInfo

SCHEMA = "tutor.score/1"

OK, MISPRONOUNCED, OMITTED, INSERTED, REPEATED = "ok", "mispronounced", "omitted", "inserted", "repeated"
"""Word statuses."""

GRADED, OTHER_TEXT, UNCLEAR = "graded", "other_text", "unclear"
"""Verdicts: scores mean something; something else was read; the audio is too poor to judge."""


@dataclass(frozen=True)
class AudioInfo:
    """What was heard: length after decoding, speech level, signal-to-noise ratio, share of clipped samples (0–1)."""

    duration_s: float
    snr_db: float
    level_dbfs: float
    clipped: float


@dataclass(frozen=True)
class Heard:
    """A phone that may have been said in place of the expected one, with its probability 0–1."""

    arpabet: str
    ipa: str
    p: float


@dataclass(frozen=True)
class PhoneResult:
    """``arpabet`` with stress; times in seconds from the start of the recording; ``score`` 0–100, ``rating`` 0–2."""

    arpabet: str
    ipa: str
    start: float
    end: float
    score: float
    rating: float
    confidence: float
    heard: tuple[Heard, ...] = ()


@dataclass(frozen=True)
class WordResult:
    """One word, scores 0–100; ``guessed``: its pronunciation is not from a dictionary.

    An omitted word has start == end; its scores are those that raters give who heard something there, and not to be shown.
    """

    text: str
    start: float
    end: float
    score: float
    accuracy: float
    stress: float
    status: str
    confidence: float
    guessed: bool = False
    phonemes: tuple[PhoneResult, ...] = ()


@dataclass(frozen=True)
class Scores:
    """Sentence scores, 0–100."""

    overall: float
    accuracy: float
    fluency: float
    prosody: float
    completeness: float


@dataclass(frozen=True)
class Tip:
    """Advice drawn from the evidence. ``kind`` names the rule, ``phone`` (ARPAbet) and ``word`` (index) what it is about.

    ``values`` fill the rule's sentence, so that ``feedback.tip_text`` can say it in another language.
    """

    kind: str
    text: str
    word: int | None = None
    phone: str | None = None
    heard: str | None = None
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Assessment:
    """One scored recording. ``verdict``: graded, other_text or unclear; ``confidence`` 0–1; ``notice``: one line or empty."""

    text: str
    audio: AudioInfo
    engine: EngineInfo
    timing_ms: dict[str, float]
    scores: Scores
    words: tuple[WordResult, ...]
    verdict: str = GRADED
    confidence: float = 1.0
    notice: str = ""
    tips: tuple[Tip, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """Plain dicts and lists, ready for ``json.dumps``; numbers rounded to what they mean."""
        return {"schema": SCHEMA, **_plain(self)}


def from_json(data: dict[str, Any]) -> Assessment:
    """The inverse of ``Assessment.to_json`` (up to rounding). ``KeyError`` or ``TypeError`` for another schema."""
    if data["schema"] != SCHEMA:
        raise KeyError(f"schema {data['schema']!r} where {SCHEMA!r} was expected")
    words = tuple(
        WordResult(**{**word, "phonemes": tuple(_phone(phone) for phone in word["phonemes"])}) for word in data["words"]
    )
    return Assessment(
        text=data["text"],
        audio=AudioInfo(**data["audio"]),
        engine=EngineInfo(**data["engine"]),
        timing_ms=dict(data["timing_ms"]),
        scores=Scores(**data["scores"]),
        words=words,
        verdict=data["verdict"],
        confidence=data["confidence"],
        notice=data["notice"],
        tips=tuple(Tip(**tip) for tip in data["tips"]),
    )


def _phone(data: dict[str, Any]) -> PhoneResult:
    return PhoneResult(**{**data, "heard": tuple(Heard(**heard) for heard in data["heard"])})


def _plain(value: Any) -> Any:
    """Dataclasses as dicts, tuples as lists, numbers rounded."""
    if isinstance(value, float):
        return round(value, 3)
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return {key: _plain(item) for key, item in vars(value).items()} if is_dataclass(value) else value
