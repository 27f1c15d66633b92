"""Words that are weak in connected speech: their vowels are reduced, and only the loss of a sound counts."""

from __future__ import annotations

_FUNCTION_WORDS = """
a an and are as at be but by can could do for from had has have he her him his i if in is it me my of on or
our she should so some than that the their them then there they to us was we were will with would you your
"""
_KNOWN = frozenset(_FUNCTION_WORDS.split())


def is_function_word(text: str) -> bool:
    """Whether a word as written, punctuation included, is one of them."""
    return text.lower().strip(".,!?") in _KNOWN
