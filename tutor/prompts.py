"""A text to be read aloud: its words, how each may be said, and where in the text it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tutor import phones, spoken
from tutor.errors import Message, TextError
from tutor.lexicon import Accent, Lexicon, distinct, plural_ending

_MAX_AMBIGUOUS = 3


@dataclass(frozen=True)
class Word:
    """``text`` as spoken (``twenty`` for 20); ``pronunciations``: ARPAbet with stress, likeliest first;
    ``guessed``: not from a dictionary; ``span``: the characters of ``Prompt.text`` it comes from."""

    text: str
    pronunciations: tuple[tuple[str, ...], ...]
    guessed: bool
    span: tuple[int, int]


@dataclass(frozen=True)
class Prompt:
    """``text`` as it is shown; ``words`` in the order in which they are said, at least one."""

    text: str
    words: tuple[Word, ...]


def make_prompt(text: str, *, accent: Accent = "us", lexicon: Path | None = None) -> Prompt:
    """English text to words and pronunciations; numbers, dates, money and abbreviations are spoken out.

    Raises ``TextError`` for text without words, in another script, with control characters or of more than
    500 words; ``CorpusError`` for a ``lexicon`` file (CMUdict's form) that cannot be used.
    """
    shown = spoken.tidy(text)
    tokens = spoken.words_of(shown, accent)
    book = Lexicon(accent, lexicon)
    return Prompt(shown, tuple(_word(token, book) for token in tokens))


def prompt_from_phones(text: str, words: Sequence[tuple[str, Sequence[str]]]) -> Prompt:
    """A prompt whose pronunciations are given, one a word, as a corpus has them.

    Raises ``TextError`` for no words, a word without phones or a phone that is not ARPAbet.
    """
    if not words:
        raise TextError("A prompt without words was given; at least one is needed.")
    result = []
    at = 0
    for name, names in words:
        span = _span_of(name, text, at)
        at = span[1]
        unknown = [phone for phone in names if phones.strip_stress(phone) not in phones.ORDER]
        if unknown or not names:
            raise TextError(
                "The word {name!r} has {found} where ARPAbet phones were expected.",
                name=name,
                found=unknown or Message("no phones"),
            )
        result.append(Word(name, (tuple(names),), False, span))
    return Prompt(text, tuple(result))


def _span_of(name: str, text: str, at: int) -> tuple[int, int]:
    """Where the whole word next stands in ``text`` from ``at`` on, capitals aside; (at, at) where it does not."""
    shown, wanted = text.lower(), name.lower()
    # A few capitals, none of them English, are longer in lower case; places are then told by the text as it is.
    if len(shown) != len(text):
        shown, wanted = text, name
    start = shown.find(wanted, at)
    while start >= 0:
        end = start + len(wanted)
        if not any(char.isalnum() or char == "_" for char in (shown[max(0, start - 1) : start] + shown[end : end + 1])):
            return start, end
        start = shown.find(wanted, start + 1)
    return at, at


def _word(token: spoken.Token, book: Lexicon) -> Word:
    if not token.spelled:
        entry = book.pronounce(token.text)
        return Word(token.text, entry.pronunciations, entry.guessed, token.span)
    letters = book.spelled(token.spelled)
    letters += plural_ending(letters) if token.plural else ()
    known = book.pronounce(token.text).pronunciations if token.text in book else ()
    # IT and US may be meant as letters, OCEAN hardly.
    spelled = (letters,) if not known or len(token.spelled) <= _MAX_AMBIGUOUS else ()
    return Word(token.text, distinct([*known, *spelled]), False, token.span)
