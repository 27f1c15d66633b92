"""Words to pronunciations: dictionary, accents, a user's own file, guesses."""

import time

import pytest

from tutor import lexicon, paths, phones
from tutor.errors import CorpusError, InstallError
from tutor.lexicon import Lexicon, distinct, lookup, read_lexicon


def said(word, accent="us"):
    return [" ".join(known) for known in Lexicon(accent).pronounce(word).pronunciations]


def test_every_word_of_the_dictionary_is_found_by_bisection():
    expected = {}
    lines = (paths.assets_dir() / "lexicon" / "cmudict.txt").read_text().splitlines()
    for line in lines:
        word, *names = line.split(" ")
        expected.setdefault(word, []).append(tuple(names))
    assert len(expected) > 126_000
    assert list(expected) == sorted(expected)
    chosen = list(expected)[::37]
    assert all(
        list(lookup(word)) == expected[word]
        for word in [*chosen, next(iter(expected)), next(reversed(expected))]
    )


@pytest.mark.parametrize("word", ["", "qqqq", "!", "zzzzzz", "thé", "a b", "aardvarkx", "~"])
def test_absent_words(word):
    assert lookup(word) == ()


def test_a_sentence_is_looked_up_at_once():
    lexicon._dictionary.cache_clear()
    started = time.perf_counter()
    book = Lexicon()
    for word in ("she", "had", "your", "dark", "suit", "in", "greasy", "wash", "water", "all", "year"):
        assert not book.pronounce(word).guessed
    assert time.perf_counter() - started < 0.1


def test_variants_and_weak_forms():
    assert said("the") == ["DH AH0", "DH IY0"]
    assert {"AE1 N D", "AH0 N"} <= set(said("and"))
    assert {"R EH1 K ER0 D", "R AH0 K AO1 R D"} <= set(said("Record"))
    assert {"T UW1", "T AH0"} <= set(said("TO"))


def test_variants_that_sound_alike_are_given_once():
    assert distinct([("DH", "AH0"), ("DH", "AH1"), ("DH", "IY0")]) == (("DH", "AH0"), ("DH", "IY0"))
    noun, verb = ("IH1", "N", "K", "R", "IY2", "S"), ("IH0", "N", "K", "R", "IY1", "S")
    assert distinct([noun, verb]) == (noun, verb)
    assert len(distinct([("B", f"{vowel}1") for vowel in phones.ORDER[:12]])) == lexicon.MAX_PRONUNCIATIONS


@pytest.mark.parametrize(
    ("word", "form"),
    [
        ("car", "K AA1"), ("car", "K AA1 R"), ("hard", "HH AA1 D"), ("better", "B EH1 T AH0"),
        ("bird", "B ER1 D"), ("very", "V EH1 R IY0"), ("here", "HH IY1 AH0"), ("hurry", "HH AH1 R IY0"),
        ("hot", "HH AO1 T"), ("father", "F AA1 DH AH0"), ("dance", "D AA1 N S"),
        ("dancing", "D AA1 N S IH0 NG"),
        ("can't", "K AA1 N T"), ("ant", "AE1 N T"), ("new", "N Y UW1"), ("noon", "N UW1 N"),
        ("tutor", "T Y UW1 T AH0"), ("tomato", "T AH0 M AA1 T OW0"), ("schedule", "SH EH1 D Y UW0 L"),
        ("command", "K AH0 M AA1 N D"),
    ],
)  # fmt: skip
def test_british_forms(word, form):
    assert form in said(word, "uk")


def test_british_and_american_differ_only_where_they_should():
    assert said("better") == ["B EH1 T ER0"]
    assert "K AA1" not in said("car")
    assert said("sit") == said("sit", "uk")
    assert "K AO0 M AH0 N D" not in said("command", "uk")


def test_all_british_forms_are_made_of_known_phones():
    words = [line.split(b" ")[0].decode() for line in lexicon._dictionary()[:].splitlines()[::41]]
    book = Lexicon("uk")
    for word in words:
        found = book.pronounce(word).pronunciations
        assert found and all(phones.index_of(phone) >= 0 for known in found for phone in known)


@pytest.mark.parametrize(
    ("word", "form"),
    [
        ("tutor's", "T UW1 T ER0 Z"), ("giraffes'", "JH ER0 AE1 F S"),
        ("hypothesis's", "HH AY0 P AA1 TH AH0 S AH0 S IH0 Z"),
        ("i'd've", "AY1 D AH0 V"), ("parrot'll", "P EH1 R AH0 T AH0 L"),
        ("viewings", "V Y UW1 IH0 NG Z"),
    ],
)  # fmt: skip
def test_endings_of_known_words(word, form):
    entry = Lexicon().pronounce(word)
    assert not entry.guessed
    assert tuple(form.split()) in entry.pronunciations


@pytest.mark.parametrize("word", ["flobberworm", "brillig", "zyx", "bcdfg", "q" * 70, "aeiou" * 14, "x"])
@pytest.mark.parametrize("accent", ["us", "uk"])
def test_unknown_words_are_guessed_and_marked(word, accent):
    entry = Lexicon(accent).pronounce(word)
    assert entry.guessed == (word != "x")
    assert all(phones.index_of(phone) >= 0 for known in entry.pronunciations for phone in known)
    assert all(entry.pronunciations)


def test_guess_follows_the_spelling():
    assert Lexicon().pronounce("flobberworm").pronunciations[0][:4] == ("F", "L", "AA1", "B")


def test_compounds_are_guessed_from_their_parts():
    entry = Lexicon().pronounce("nightglow")
    assert entry.guessed and entry.pronunciations == (("N", "AY1", "T", "G", "L", "OW2"),)


def test_letters():
    assert Lexicon().spelled("USA") == ("Y", "UW1", "EH1", "S", "EY1")
    assert Lexicon("uk").spelled("Z") == ("Z", "EH1", "D")


def test_user_file_goes_first(tmp_path):
    path = tmp_path / "mine.dict"
    path.write_text(
        "\ufeff;;; my names\nBear  b iy r # as at home\nflobberworm F L AA1 B\nbear(2) B EH1 R\n\n", "utf-8"
    )
    book = Lexicon(user_file=path)
    assert book.pronounce("bear").pronunciations == (("B", "IY1", "R"), ("B", "EH1", "R"))
    assert not book.pronounce("Flobberworm").guessed
    assert "flobberworm" in book and "flobberworms" not in book
    assert book.pronounce("call").pronunciations == (("K", "AO1", "L"),)
    assert Lexicon("uk", path).pronounce("bear").pronunciations[0] == ("B", "IY1", "R")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"bear B EH1 R\nwolf\n", "line 2: a word without phones"),
        (b"\n\nbear B EE1 R\n", "line 3: 'EE1' is not an ARPAbet phone"),
        (b"bear B1 EH1 R\n", "line 1: 'B1'"),
        (b"bear " + b"B " * 65, "line 1: 65 phones"),
        (b"\xff\xfe\x00b", "not UTF-8"),
        (b"bear B EH12", "line 1: 'EH12'"),
    ],
)
def test_damaged_user_files(tmp_path, content, expected):
    path = tmp_path / "mine.dict"
    path.write_bytes(content)
    with pytest.raises(CorpusError, match=expected) as caught:
        read_lexicon(path)
    assert "\n" not in str(caught.value)


def test_missing_and_huge_user_files(tmp_path):
    with pytest.raises(CorpusError, match="cannot be read"):
        Lexicon(user_file=tmp_path / "none.dict")
    with pytest.raises(CorpusError, match="cannot be read"):
        Lexicon(user_file=tmp_path)
    huge = tmp_path / "huge.dict"
    with huge.open("wb") as stream:
        stream.truncate(30_000_000)
    with pytest.raises(CorpusError, match="larger than"):
        Lexicon(user_file=huge)


def test_lists_that_ship_are_sound():
    for name in ("variants.txt", "uk.txt"):
        assert len(read_lexicon(paths.assets_dir() / "lexicon" / name)) > 40
    bath = (paths.assets_dir() / "lexicon" / "uk_bath.txt").read_text().splitlines()[1:]
    assert len(bath) > 80
    assert all("AE" in " ".join(" ".join(known) for known in lookup(word)) for word in bath)


def test_missing_dictionary_says_reinstall(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "assets_dir", lambda: tmp_path)
    lexicon._dictionary.cache_clear()
    try:
        with pytest.raises(InstallError, match="reinstall"):
            lookup("bear")
    finally:
        lexicon._dictionary.cache_clear()
