"""Synthetic speech: errors, labels, and three utterances through flite where it is installed."""

import json
import shutil
import tarfile
from itertools import pairwise

import numpy as np
import pytest

from engines.training import neural_voices, synthesis, synthesis_labels, synthesis_text
from engines.training.mispronounce import (
    ACCENTS,
    CLASS_OF,
    Slot,
    SpokenWord,
    bare,
    canonical_word,
    is_vowel,
    mispronounce,
)
from engines.training.voices import Order, Rendering, Segment, named_words, segments_from_ends

THINK = ("TH", "IH1", "NG", "K")
WORDS = [
    canonical_word("THINK", THINK),
    canonical_word("STRONGER", ("S", "T", "R", "AO1", "NG", "G", "ER0")),
    canonical_word("VISION", ("V", "IH1", "ZH", "AH0", "N")),
]
SOURCES = synthesis_text.Sources((("THINK", "ABOUT", "IT"),), (), ("VISION", "COIN"), np.array([0.5, 0.5]))


@pytest.fixture(scope="module")
def pronunciations():
    return synthesis_text.load_pronunciations()


def test_accent_tables_name_only_known_phones():
    for table in ACCENTS.values():
        for phone, said in table.items():
            assert phone in CLASS_OF
            assert all(other == "-" or (other in CLASS_OF and other != phone) for other in said)


def test_words_keep_their_canonical_phones_whatever_is_said():
    rng = np.random.default_rng(1)
    for _ in range(200):
        accent = str(rng.choice(sorted(ACCENTS)))
        for before, after in zip(WORDS, mispronounce(WORDS, 0.3, accent, rng), strict=True):
            assert after.canonical == before.canonical
            assert after.said
            assert all(is_vowel(phone) == phone[-1].isdigit() for phone in after.said)
            assert any(map(is_vowel, after.said))


def test_error_rate_follows_the_wish():
    rng = np.random.default_rng(2)
    rates = {}
    for wish in (0.05, 0.3):
        spoken = [word for _ in range(300) for word in mispronounce(WORDS * 3, wish, "mandarin", rng)]
        rates[wish] = sum(len(w.edits()) for w in spoken) / sum(len(w.canonical) for w in spoken)
    assert rates[0.05] == pytest.approx(0.05, abs=0.03)
    assert rates[0.3] == pytest.approx(0.3, abs=0.06)


def test_all_three_kinds_of_error_occur_and_th_becomes_s_in_mandarin():
    rng = np.random.default_rng(3)
    edits = [
        e for _ in range(300) for word in mispronounce(WORDS, 0.3, "mandarin", rng) for e in word.edits()
    ]
    assert {e["op"] for e in edits} == {"sub", "del", "ins"}
    th = [e["said"] for e in edits if e["op"] == "sub" and e["canonical"] == "TH"]
    assert th.count("S") > len(th) / 4


def test_edits_count_canonical_phones():
    word = SpokenWord(
        "THINK", (Slot("TH", "S"), Slot(None, "R"), Slot("IH1", "IH0"), Slot("NG", None), Slot("K", "K"))
    )
    assert word.edits() == [
        {"op": "sub", "index": 0, "canonical": "TH", "said": "S"},
        {"op": "ins", "index": 1, "canonical": None, "said": "R"},
        {"op": "del", "index": 2, "canonical": "NG", "said": None},
    ]


def test_same_seed_same_plan_other_number_other_plan(pronunciations):
    first = synthesis.plan_utterance("flite-slt", 5, 1, SOURCES, pronunciations)
    assert first == synthesis.plan_utterance("flite-slt", 5, 1, SOURCES, pronunciations)
    assert first != synthesis.plan_utterance("flite-slt", 6, 1, SOURCES, pronunciations)


def test_templates_agree_their_article_and_are_mostly_in_the_dictionary(pronunciations):
    rng = np.random.default_rng(4)
    sentences = [synthesis_text.fill_template(rng) for _ in range(300)]
    known = [s for s in sentences if all(word in pronunciations for word in s)]
    assert len(known) > 250
    for sentence in sentences:
        for article, following in pairwise(sentence):
            assert not (article == "A" and following[0] in "AEIOU")


def test_the_is_full_before_a_vowel_more_often_than_before_a_consonant(pronunciations):
    rng = np.random.default_rng(5)

    def full(noun):
        drawn = [synthesis_text.pronounce(("THE", noun), pronunciations, rng)[0] for _ in range(100)]
        return drawn.count(("DH", "IY0"))

    assert full("APPLE") > 70
    assert full("BOOK") < 25


def test_invented_names_differ_and_function_words_stay():
    phones = (("DH", "AH0"), ("K", "OW1", "T"), ("D", "AH0"))
    order = Order(("THE", "COAT", "THE"), phones, (True, False, False), 1, 1, 0)
    text, lexicon = named_words(order)
    names = text.rstrip(".").replace(",", "").split()
    assert text.startswith("the, ")
    assert [lexicon[name] for name in names] == list(order.phones)
    assert names[1] != "coat"


def test_silences_are_gaps_between_segments():
    segments = segments_from_ends([("pau", 0.2), ("ax", 0.3), ("pau", 0.5), ("dx", 0.6)])
    assert segments == (Segment("AH", 0.2, 0.3), Segment("T", 0.5, 0.6))


def test_reconcile_takes_the_synthesisers_word_for_it():
    words = [canonical_word("THE", ("DH", "AH0")), canonical_word("EAR", ("IH1", "R"))]
    reported = [Segment(phone, i, i + 1) for i, phone in enumerate(("DH", "IY", "IH", "ER", "R"))]
    reconciled = synthesis_labels.reconcile(words, reported)
    assert reconciled is not None
    heard, times = reconciled
    assert [bare(phone) for word in heard for phone in word.said] == ["DH", "IY", "IH", "R"]
    assert len(times) == 4
    assert times[-1] == (4, 5)
    assert synthesis_labels.reconcile(words, [Segment("K", i, i + 1) for i in range(8)]) is None


def test_align_finds_the_cheapest_way():
    assert synthesis_labels.align("abcd", "acd") == [(0, 0), (1, None), (2, 1), (3, 2)]
    assert synthesis_labels.align("ad", "abd") == [(0, 0), (None, 1), (1, 2)]


def test_finish_puts_samples_and_segments_on_one_time_axis(pronunciations):
    utterance = synthesis.plan_utterance("flite-slt", 1, 1, SOURCES, pronunciations)
    samples = np.zeros(32_000, np.float32)
    samples[16_000:24_000] = np.sin(np.arange(8_000) / 5)
    finished = synthesis.finish(Rendering(samples, 16_000, (Segment("AA", 1.0, 1.5),)), utterance)
    assert finished is not None
    audio, segments = finished
    assert segments is not None
    loud = np.flatnonzero(np.abs(audio) > 0.05 * np.abs(audio).max()) / 16_000
    assert segments[0].start_s == pytest.approx(loud[0], abs=0.005)
    assert segments[0].end_s == pytest.approx(loud[-1], abs=0.005)
    assert loud[0] < 0.3
    assert synthesis.finish(Rendering(np.zeros(100, np.float32), 16_000, None), utterance) is None


def test_neural_symbols_and_their_lengths_give_segments():
    order = Order(("MY", "TOE"), (("M", "AY1"), ("T", "OW1")), (True, False), 1, 1, 0)
    symbols = neural_voices.symbols_of(order, {"M": "m", "AY": "aɪ", "T": "t", "OW": "oʊ"})
    assert "".join(symbol for symbol, _ in symbols) == "mˈaɪ, tˈoʊ."
    segments = neural_voices.segments_of(symbols, np.full(len(symbols), 0.1))
    assert [s.phone for s in segments] == ["M", "AY", "T", "OW"]
    assert segments[1].end_s == pytest.approx(0.4)
    assert segments[2].start_s > segments[1].end_s + 0.09


@pytest.mark.skipif(shutil.which("flite") is None, reason="flite is not installed")
def test_flite_says_the_phones_at_the_times_it_tells(tmp_path, pronunciations):
    for name in ("audio", "batches"):
        (tmp_path / name).mkdir()
    utterances = tuple(
        synthesis.plan_utterance("flite-awb", number, 3, SOURCES, pronunciations) for number in range(3)
    )
    _, made_s, lost = synthesis.make_batch(("flite-awb", 0, utterances, tmp_path))
    assert lost == 0
    labels = synthesis_labels.join_labels(tmp_path)
    assert sum(entry["length_s"] for entry in labels.values()) == pytest.approx(made_s)
    for entry in labels.values():
        audio, rate_hz = synthesis.soundfile.read(tmp_path / entry["audio"])
        assert rate_hz == 16_000
        assert len(audio) / rate_hz == pytest.approx(entry["length_s"], abs=0.001)
        assert entry["split"] == "test"
        assert [said for _, said in entry["canonical"] if said] == entry["said"]
        assert len(entry["times"]) == len(entry["said"])
        power = {True: [], False: []}
        for phone, (start_s, end_s) in zip(entry["said"], entry["times"], strict=True):
            power[phone in ("AA", "AE", "AH", "AW", "AO", "IH", "OY")].append(
                np.mean(audio[int(start_s * rate_hz) : int(end_s * rate_hz)] ** 2)
            )
        assert np.mean(power[True]) > 2 * np.mean(power[False])
    packed = synthesis_labels.pack(tmp_path, ["flite-awb"], tmp_path / "pack" / "p", 15_000)
    assert len(packed) > 1
    found = {}
    for path in packed:
        with tarfile.open(path) as tar:
            member = tar.extractfile("labels.json")
            assert member is not None
            found.update(json.load(member))
    assert found == labels
