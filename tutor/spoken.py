"""Written English to the words a reader says, each with the characters it comes from."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from tutor import numerals
from tutor.errors import Message, TextError

MAX_WORDS = 500
MAX_CHARACTERS = 20_000
MAX_LETTERS = 60
"""Of one word; the longest in any dictionary has 45."""

_FOLDED = {
    "‘": "'", "’": "'", "ʼ": "'", "´": "'", "`": "'", "′": "'", "“": '"', "”": '"', "–": "-", "—": " - ",
    "‐": "-", "‑": "-", "‒": "-", "−": "-", "⁄": "/", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o",
    "Ø": "O", "ß": "ss", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "th", "þ": "th", "ı": "i", "×": " x ",
    "÷": " / ",
}  # fmt: skip
_SCRIPTS = {
    "CJK": Message("Chinese"), "HIRAGANA": Message("Japanese"), "KATAKANA": Message("Japanese"),
    "HANGUL": Message("Korean"), "CYRILLIC": Message("Cyrillic"), "ARABIC": Message("Arabic"),
}  # fmt: skip
_ABBREVIATIONS = {
    "mr": "mister", "mrs": "missus", "dr": "doctor", "prof": "professor", "jr": "junior", "sr": "senior",
    "vs": "versus", "etc": "et cetera", "e.g": "for example", "i.e": "that is", "approx": "approximately",
    "dept": "department", "ave": "avenue", "blvd": "boulevard", "rd": "road", "mt": "mount", "gen": "general",
    "col": "colonel", "lt": "lieutenant", "capt": "captain", "sgt": "sergeant", "gov": "governor",
    "sen": "senator", "rev": "reverend", "hon": "honorable", "inc": "incorporated", "ltd": "limited",
    "corp": "corporation", "apt": "apartment", "tel": "telephone", "vol": "volume", "fig": "figure",
    "p.s": "p s", "ph.d": "p h d", "mon": "monday", "tue": "tuesday", "tues": "tuesday", "wed": "wednesday",
    "thu": "thursday", "thurs": "thursday", "fri": "friday", "sat": "saturday", "sun": "sunday",
    "jan": "january", "feb": "february", "mar": "march", "apr": "april", "jun": "june", "jul": "july",
    "aug": "august", "sep": "september", "sept": "september", "oct": "october", "nov": "november",
    "dec": "december",
}  # fmt: skip
# These need no full stop to be known as abbreviations.
_BARE = {"mr", "mrs", "dr", "prof", "jr", "vs", "etc", "ltd", "blvd"}
_SYMBOLS = {"&": "and", "+": "plus", "=": "equals", "@": "at", "%": "percent"}
# Sounds like a word although written in capitals; other short ones are tried letter by letter as well.
_WORD_LIKE = {"nasa", "nato", "unesco", "unicef", "opec", "aids", "radar", "laser", "covid", "ok"}
_WORD = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)*'?")
_DOTTED = re.compile(r"(?:[A-Za-z]\.){2,8}(?:[A-Za-z](?![A-Za-z]))?")
_ABBREVIATED = re.compile(r"(?:[Pp]h\.[Dd]|[A-Za-z]+|[eE]\.g|[iI]\.e|[Pp]\.[Ss])(?=\.)")
_ADDRESS = re.compile(
    r"(?:[A-Za-z0-9._-]{1,64}@)?(?:[A-Za-z0-9-]{1,64}\.){1,9}"
    r"(?:com|org|net|edu|gov|info|io|uk|eu|us|ca|au|cn|de|fr)\b"
)
_CLITIC = re.compile(r"'(?:tis|twas|em|til|cause|bout|round|n)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Token:
    """One spoken word. ``spelled``: letters it may be read as (``USA``) or empty; ``plural``: with s."""

    text: str
    span: tuple[int, int]
    spelled: str = ""
    plural: bool = False


@dataclass(frozen=True)
class _Folded:
    """Plain ASCII of a text, and for each of its characters the range of the original it stands for."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        return self.starts[start], self.ends[end - 1]


def tidy(text: str) -> str:
    """The text as shown and counted by spans: NFC, outer blanks removed.

    Raises ``TextError`` for too much text and for control characters.
    """
    if len(text) > MAX_CHARACTERS:
        raise TextError(
            "The text has {count} characters (about {words} words); at most {most} words can be read at once, so "
            "split it.",
            count=len(text),
            words=len(text.split()),
            most=MAX_WORDS,
        )
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs") and character not in "\t\n\r\v\f\x85":
            raise TextError(
                "The text holds the control character U+{code:04X}; give plain text instead.",
                code=ord(character),
            )
    return unicodedata.normalize("NFC", text).strip()


def words_of(text: str, accent: str = "us") -> list[Token]:
    """The spoken words of a tidy text, at least one.

    Raises ``TextError`` when it has none, more than 500, or letters of another script.
    """
    folded = _fold(text)
    tokens: list[Token] = []
    at = 0
    shouted = not re.search(r"[a-z]", folded.text)
    dots = {
        match.start() + dot.start()
        for match in _ADDRESS.finditer(folded.text)
        for dot in re.finditer(r"\.", match.group())
    }
    while at < len(folded.text):
        if at in dots:
            tokens.append(Token("dot", folded.span(at, at + 1)))
            at += 1
            continue
        at, found = _next(folded, at, accent, shouted)
        tokens.extend(found)
        if len(tokens) > MAX_WORDS:
            count = max(len(tokens), len(text.split()))
            raise TextError(
                "The text has {count} words or more; at most {most} can be read at once, so split it.",
                count=count,
                most=MAX_WORDS,
            )
    if not tokens:
        raise _why_nothing(text)
    return tokens


def _next(folded: _Folded, at: int, accent: str, shouted: bool) -> tuple[int, list[Token]]:
    text = folded.text
    number = numerals.read(text, at, accent)
    if number is not None:
        end, words = number
        return end, [Token(word, folded.span(at, end)) for word in words]
    if dotted := _DOTTED.match(text, at):
        expansion = _ABBREVIATIONS.get(dotted.group().lower().rstrip("."))
        if expansion:
            return dotted.end(), [Token(word, folded.span(at, dotted.end())) for word in expansion.split()]
        return dotted.end(), [
            Token(dotted.group(), folded.span(at, dotted.end()), dotted.group().replace(".", ""))
        ]
    if not _inside_word(text, at):
        if found := _abbreviation(folded, at):
            return found
        if clitic := _CLITIC.match(text, at):
            return clitic.end(), [Token(clitic.group(), folded.span(at, clitic.end()))]
    if word := _WORD.match(text, at):
        end = word.end()
        # A closing quote belongs to the word only where it makes a plural possessive.
        if word.group().endswith("'") and not (
            word.group()[-2:-1] in "sS" and text.count("'", 0, at) % 2 == 0
        ):
            end -= 1
        return end, [_plain(folded, at, end, shouted)]
    symbol = _SYMBOLS.get(text[at])
    if symbol and _reads_symbol(text, at):
        return at + 1, [Token(symbol, folded.span(at, at + 1))]
    return at + 1, []


def _abbreviation(folded: _Folded, at: int) -> tuple[int, list[Token]] | None:
    text = folded.text
    if street := re.compile(r"St\.(?=(\s+[A-Z])?)").match(text, at):
        word = "saint" if street.group(1) else "street"
        return street.end(), [Token(word, folded.span(at, street.end()))]
    if number := re.compile(r"No\.(?=\s*\d)").match(text, at):
        return number.end(), [Token("number", folded.span(at, number.end()))]
    match = _ABBREVIATED.match(text, at)
    if match:
        end, key = match.end() + 1, match.group().lower()
        # "I sat." and "in the sun." are sentences' ends; their abbreviations stand before more.
        weekday = len(key) == 3 and key in (
            "mon",
            "wed",
            "sat",
            "sun",
            "mar",
            "jan",
            "dec",
            "sen",
            "gen",
            "fig",
            "apt",
        )
        if weekday and not (text[at].isupper() and re.match(r",?\s*[\w]", text[end:])):
            return None
    else:
        bare = _WORD.match(text, at)
        if bare is None or bare.group().lower() not in _BARE:
            return None
        end, key = bare.end(), bare.group().lower()
    expansion = _ABBREVIATIONS.get(key)
    if expansion is None:
        return None
    return end, [Token(word, folded.span(at, end)) for word in expansion.split()]


def _plain(folded: _Folded, start: int, end: int, shouted: bool) -> Token:
    word = folded.text[start:end]
    span = folded.span(start, end)
    if len(word) > MAX_LETTERS:
        raise TextError(
            "The text holds a word of {letters} letters ({word}…); put spaces between the words.",
            letters=len(word),
            word=word[:12],
        )
    plural = len(word) > 2 and word[-1] == "s" and word[:-1].rstrip("'").isupper()
    letters = word[:-1].rstrip("'") if plural else word
    if (
        2 <= len(letters) <= 5
        and letters.isupper()
        and letters.isalpha()
        and letters.lower() not in _WORD_LIKE
    ):
        if not shouted:
            return Token(word, span, letters, plural)
        if not re.search(r"[AEIOUY]", letters):
            return Token(word, span, letters)
    return Token(word, span)


def _inside_word(text: str, at: int) -> bool:
    return at > 0 and text[at - 1].isalnum()


def _reads_symbol(text: str, at: int) -> bool:
    """Whether a sign joins words or numbers, and is not decoration."""
    before, after = text[:at].rstrip(), text[at + 1 :].lstrip()
    return bool(before and after and before[-1].isalnum() and after[0].isalnum())


def _fold(text: str) -> _Folded:
    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for at, character in enumerate(text):
        plain = _plain_form(character)
        if plain and unicodedata.decomposition(character).startswith("<fraction>"):
            plain = f" {plain}" if characters and characters[-1].isdigit() else plain
        for part in plain:
            characters.append(part)
            starts.append(at)
            ends.append(at + 1)
        if not plain and characters:
            ends[-1] = at + 1
    return _Folded("".join(characters), tuple(starts), tuple(ends))


def _plain_form(character: str) -> str:
    if character < "\x80":
        return " " if character in "\v\f" else character
    if character in _FOLDED:
        return _FOLDED[character]
    category = unicodedata.category(character)
    if category in ("Mn", "Me", "Cf"):
        return ""
    if character in "£€¥°":
        return character
    parts = [_FOLDED.get(part, part) for part in unicodedata.normalize("NFKD", character)]
    plain = "".join(part for part in parts if part < "\x80")
    if plain:
        return plain
    if category.startswith("L") or category == "Nd":
        name = unicodedata.name(character, "unknown").split()[0]
        script = _SCRIPTS.get(name, name.capitalize())
        raise TextError(
            "The text holds {script} letters ({character}); only English can be scored, so give that.",
            script=script,
            character=character,
        )
    return " "


def _why_nothing(text: str) -> TextError:
    if not text:
        return TextError("The text is empty; give the sentence that is read.")
    return TextError("The text has no words (only signs or emoji); give the sentence that is read.")
