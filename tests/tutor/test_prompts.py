"""Texts to the words that are read aloud."""

import sys

import pytest

from tutor import numberwords
from tutor.errors import InstallError, TextError
from tutor.prompts import make_prompt, prompt_from_phones
from tutor.spoken import MAX_WORDS


def words(text, accent="us"):
    return " ".join(word.text for word in make_prompt(text, accent=accent).words)


def test_plain_sentence():
    prompt = make_prompt("  We call it bear.\n")
    assert prompt.text == "We call it bear."
    assert [word.text for word in prompt.words] == ["We", "call", "it", "bear"]
    assert [prompt.text[slice(*word.span)] for word in prompt.words] == ["We", "call", "it", "bear"]
    assert prompt.words[3].pronunciations == (("B", "EH1", "R"),)
    assert not any(word.guessed for word in prompt.words)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # whole numbers
        ("I have 3 cats and 21 dogs", "I have three cats and twenty one dogs"),
        ("1,234,567", "one million two hundred thirty four thousand five hundred sixty seven"),
        ("agent 007", "agent zero zero seven"),
        (
            "12345678901234567",
            "one two three four five six seven eight nine zero one two three four five six seven",
        ),
        ("It is -5 now", "It is minus five now"),
        ("room #12", "room number twelve"),
        ("No. 5", "number five"),
        ("a 20-year-old man", "a twenty year old man"),
        ("pages 3-4", "pages three to four"),
        ("A4 and MP3", "A four and MP three"),
        # decimals, fractions, percentages
        ("3.14", "three point one four"),
        (".5", "point five"),
        ("0.05%", "zero point zero five percent"),
        ("100 %", "one hundred percent"),
        ("1/2 or 3/4 or 2/3", "one half or three quarters or two thirds"),
        ("3 1/2 miles", "three and a half miles"),
        ("3½ miles, ¼ mile", "three and a half miles one quarter mile"),
        ("24/7", "twenty four seven"),
        # ordinals
        ("the 1st, 2nd, 3rd and 21st", "the first second third and twenty first"),
        ("Henry VIII in World War II", "Henry the eighth in World War two"),
        # years and dates
        ("in 1999 and 2005", "in nineteen ninety nine and two thousand five"),
        ("in 1905, 1900, 2010", "in nineteen oh five nineteen hundred twenty ten"),
        ("the 1990s and '80s", "the nineteen nineties and eighties"),
        ("1914-1918", "nineteen fourteen to nineteen eighteen"),
        ("1800 people", "one thousand eight hundred people"),
        ("On March 3, 2024", "On March third twenty twenty four"),
        ("on Sept. 9th", "on September ninth"),
        ("the 4th of July", "the fourth of July"),
        ("on 2024-05-06", "on May sixth twenty twenty four"),
        ("12/25/1998", "December twenty fifth nineteen ninety eight"),
        ("25/12/1998", "December twenty fifth nineteen ninety eight"),
        ("May I go in May?", "May I go in May"),
        # times
        ("at 3:15 pm", "at three fifteen p.m."),
        ("at 9:05", "at nine oh five"),
        ("at 12:00", "at twelve o'clock"),
        ("at 7 a.m.", "at seven a.m."),
        # money
        ("It costs $5.50", "It costs five dollars fifty cents"),
        ("$1, £3 or 20€", "one dollar three pounds or twenty euros"),
        ("$0.99", "ninety nine cents"),
        ("$3 million", "three million dollars"),
        ("$1.5bn", "one point five billion dollars"),
        ("£2.01", "two pounds one penny"),
        # measures
        ("5 km in 20 min", "five kilometers in twenty minutes"),
        ("1 kg", "one kilogram"),
        ("a 5-km run", "a five kilometer run"),
        ("60 mph", "sixty miles per hour"),
        ("-5°C and 72 °F", "minus five degrees Celsius and seventy two degrees Fahrenheit"),
        # telephones
        ("call 555-1234", "call five five five one two three four"),
        # abbreviations
        ("Dr. Smith met Mr Jones", "doctor Smith met mister Jones"),
        ("St. John lives on Main St.", "saint John lives on Main street"),
        ("e.g. this, i.e. that, etc.", "for example this that is that et cetera"),
        ("We sat. The sun. Fig trees.", "We sat The sun Fig trees"),
        ("the U.S. and the USA", "the U.S. and the USA"),
        # signs
        ("AT&T and R & D", "AT and T and R and D"),
        ("2 + 2 = 4", "two plus two equals four"),
        ("me@mail.com or www.bbc.co.uk", "me at mail dot com or www dot bbc dot co dot uk"),
        ("*** really *** — yes…", "really yes"),
        # letters and signs of other kinds
        ("“Don’t”, she said", "Don't she said"),
        ("café, naïve, Zürich", "cafe naive Zurich"),
        ("cafe\u0301", "cafe"),
        ("well-known mother-in-law", "well known mother in law"),
        ("the dogs' bowls aren't 'nice'", "the dogs' bowls aren't nice"),
        ("rock 'n' roll", "rock 'n roll"),
        ("\uff28\uff45\uff4c\uff4c\uff4f \U0001d427\U0001d428", "Hello no"),
        ("soft\u00adhyphen and zero\u200bwidth", "softhyphen and zerowidth"),
        ("I ❤ tea 👍", "I tea"),
    ],
)
def test_spoken_form(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2005", "two thousand and five"),
        ("1,250,001", "one million two hundred and fifty thousand and one"),
        ("101", "one hundred and one"),
        ("the 101st", "the one hundred and first"),
        ("12/05/1998", "the twelfth of May nineteen ninety eight"),
        ("March 3", "March the third"),
        ("3 March", "the third of March"),
        ("5 km", "five kilometres"),
        ("200,000", "two hundred thousand"),
        ("0800 123 4567", "zero eight zero zero one two three four five six seven"),
    ],
)
def test_british_reading(text, expected):
    assert words(text, "uk") == expected


def test_spans_point_at_what_is_written():
    prompt = make_prompt("On “March 3, 2024” he’d paid $5.50.")
    spans = {word.text: prompt.text[slice(*word.span)] for word in prompt.words}
    assert spans["twenty"] == "March 3, 2024"
    assert spans["he'd"] == "he’d"
    assert spans["fifty"] == "$5.50"
    starts = [word.span for word in prompt.words]
    assert starts == sorted(starts)


def test_accents_do_not_shift_spans():
    prompt = make_prompt("Le cafe\u0301 ﬁve — ½")
    assert [prompt.text[slice(*word.span)] for word in prompt.words][:3] == ["Le", "café", "ﬁve"]
    assert prompt.text[slice(*prompt.words[-1].span)] == "½"
    assert make_prompt("two cats\u0331").words[1].span == (4, 9)


def test_acronyms_may_be_letters_or_words():
    (it,) = (word for word in make_prompt("She likes IT").words if word.text == "IT")
    assert it.pronunciations == (("IH1", "T"), ("AY1", "T", "IY1"))
    bgt = make_prompt("the BGT").words[1]
    assert bgt.pronunciations == (("B", "IY1", "JH", "IY1", "T", "IY1"),) and not bgt.guessed
    assert make_prompt("two BGTs").words[1].pronunciations[0][-3:] == ("T", "IY1", "Z")
    assert (
        make_prompt("the OCEAN is big").words[1].pronunciations
        == make_prompt("ocean").words[0].pronunciations
    )


def test_capitals_throughout_are_words():
    assert make_prompt("IT IS FOR US").words[0].pronunciations == (("IH1", "T"),)


def test_unknown_words_are_marked():
    prompt = make_prompt("The flobberworm sat")
    assert [word.guessed for word in prompt.words] == [False, True, False]


def test_user_lexicon(tmp_path):
    path = tmp_path / "mine.dict"
    path.write_text("flobberworm  F L AO1 B ER0\n")
    assert make_prompt("Flobberworm!", lexicon=path).words[0].pronunciations == (
        ("F", "L", "AO1", "B", "ER0"),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "empty"), (" \n\t", "empty"), ("👍🎉", "no words"), ("...!?", "no words"),
        ("Привет", "Cyrillic"), ("你好", "Chinese"), ("こんにちは", "Japanese"), ("안녕", "Korean"),
        ("γειά", "Greek"),
        ("שלום", "Hebrew"), ("I said 你好 to him", "Chinese"), ("bell\x07", "U\\+0007"),
        ("nul\x00", "U\\+0000"), ("\udc80", "U\\+DC80"),
        ("word " * 10_000, "10000 words"), ("word " * (MAX_WORDS + 1), "501 words"), ("9" * 600, "600 words"),
        ("a" * 30_000, "characters"), ("٣", "Arabic"), ("m" * 61, "61 letters"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("accent", ["us", "uk"])
def test_unusable_text(text, expected, accent):
    with pytest.raises(TextError, match=expected) as caught:
        make_prompt(text, accent=accent)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 250


def test_the_longest_text_allowed():
    assert len(make_prompt("word " * MAX_WORDS).words) == MAX_WORDS


def test_prompt_from_phones():
    prompt = prompt_from_phones(
        "We call it, call it bear", [("call", ["K", "AO1", "L"]), ("it", ["IH1", "T"]), ("CALL", ["K"])]
    )
    assert [word.span for word in prompt.words] == [(3, 7), (8, 10), (12, 16)]
    assert prompt.words[0].pronunciations == (("K", "AO1", "L"),)
    assert prompt_from_phones("As a cat", [("a", ["AH0"])]).words[0].span == (3, 4)
    assert prompt_from_phones("x", [("elsewhere", ["K"])]).words[0].span == (0, 0)


@pytest.mark.parametrize("given", [[], [("we", [])], [("we", ["W", "QQ1"])]])
def test_prompt_from_unusable_phones(given):
    with pytest.raises(TextError):
        prompt_from_phones("we", given)


def test_every_year_reads_as_words():
    for number in range(1000, 3000):
        assert all(word.isalpha() for word in numberwords.year(number))


@pytest.mark.parametrize("library", ["icu_rbnf", "inflect"])
def test_either_library_spells_numbers_the_same(monkeypatch, library):
    pytest.importorskip(library, reason=f"{library} is installed on some systems only")
    monkeypatch.setitem(sys.modules, {"icu_rbnf": "inflect", "inflect": "icu_rbnf"}[library], None)
    numberwords._speller.cache_clear()
    try:
        assert " ".join(numberwords.cardinal("1,000,101", "uk")) == "one million one hundred and one"
        assert " ".join(numberwords.cardinal("21")) == "twenty one"
        assert " ".join(numberwords.cardinal("1999")) == "one thousand nine hundred ninety nine"
        assert " ".join(numberwords.ordinal("100,000", "uk")) == "one hundred thousandth"
        assert " ".join(numberwords.ordinal("1012", "uk")) == "one thousand and twelfth"
    finally:
        numberwords._speller.cache_clear()


def test_missing_libraries_say_reinstall(monkeypatch):
    monkeypatch.setitem(sys.modules, "icu_rbnf", None)
    monkeypatch.setitem(sys.modules, "inflect", None)
    numberwords._speller.cache_clear()
    with pytest.raises(InstallError, match="reinstall"):
        numberwords.cardinal("5")


def test_plurals():
    assert numberwords.plural(["twenty"]) == ["twenties"]
    assert numberwords.plural(["six"]) == ["sixes"]
    assert numberwords.plural(["two", "third"]) == ["two", "thirds"]
