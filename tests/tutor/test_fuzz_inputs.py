"""Whatever comes in, the readers answer with a result or with one clear line; nothing else, and soon."""

import io
import unicodedata

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tutor import phones
from tutor.clip import clip_from_samples, pieces, read_clip
from tutor.errors import AudioError, CorpusError, TextError
from tutor.lexicon import read_lexicon
from tutor.prompts import make_prompt
from tutor.timebase import MAX_SAMPLES, MIN_SAMPLES, SAMPLE_RATE


def many(count):
    return settings(
        max_examples=count, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip


def _recording():
    clock = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    buzz = sum(np.sin(2 * np.pi * 130 * k * clock) / k for k in range(1, 20))
    rng = np.random.default_rng(5)
    return 0.1 * buzz * (0.55 - 0.45 * np.cos(8 * np.pi * clock)) + 1e-3 * rng.standard_normal(len(clock))


def _encoded():
    kinds = {
        "wav": ("WAV", "PCM_16"), "float wav": ("WAV", "FLOAT"), "adpcm wav": ("WAV", "IMA_ADPCM"),
        "flac": ("FLAC", "PCM_16"), "vorbis": ("OGG", "VORBIS"), "opus": ("OGG", "OPUS"),
        "mp3": ("MP3", "MPEG_LAYER_III"),
    }  # fmt: skip
    files = {}
    for name, (form, subtype) in kinds.items():
        target = io.BytesIO()
        soundfile.write(target, _recording(), SAMPLE_RATE, format=form, subtype=subtype)
        files[name] = target.getvalue()
    return files


FILES = _encoded()


def check_clip(read):
    try:
        clip = read()
    except AudioError as error:
        assert str(error) and "\n" not in str(error) and len(str(error)) < 300
        return False
    assert clip.samples.dtype == np.float32 and clip.samples.ndim == 1
    assert len(clip.samples) >= MIN_SAMPLES
    assert np.isfinite(clip.samples).all() and np.abs(clip.samples).max() <= 1
    start_s, end_s = clip.speech
    assert start_s >= 0
    assert start_s < end_s <= clip.info.duration_s
    assert np.isfinite([clip.info.snr_db, clip.info.level_dbfs]).all() and 0 <= clip.info.clipped <= 1
    for start, end in pieces(clip):
        assert start >= 0
        assert end <= len(clip.samples)
        assert MIN_SAMPLES <= end - start <= MAX_SAMPLES
    return True


@pytest.mark.parametrize("kind", FILES)
def test_untouched_files_are_read(kind):
    assert check_clip(lambda: read_clip(io.BytesIO(FILES[kind])))


@pytest.mark.parametrize("kind", FILES)
def test_damaged_recordings(kind):
    whole = FILES[kind]
    place = st.one_of(st.integers(0, 63), st.integers(0, 511), st.integers(0, len(whole) - 1))
    change = st.tuples(place, st.one_of(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]), st.integers(0, 255)))
    cut = st.one_of(st.just(len(whole)), st.integers(0, 128), st.integers(0, len(whole)))

    @many(400)
    @given(st.lists(change, max_size=12), cut)
    def damaged(changes, length):
        data = bytearray(whole)
        for at, value in changes:
            data[at] = value
        check_clip(lambda: read_clip(io.BytesIO(bytes(data[:length]))))

    damaged()


@many(600)
@given(
    st.sampled_from(
        [b"", b"RIFF", b"RIFF\xff\xff\xff\xffWAVEfmt ", b"fLaC", b"OggS", b"ID3", b"\xff\xfb\x90", b"FORM"]
    ),
    st.binary(max_size=400),
)
def test_bytes_that_are_no_recording(head, body):
    check_clip(lambda: read_clip(io.BytesIO(head + body)))


@many(300)
@given(
    st.sampled_from([8000, 11025, 16000, 22050, 44100, 48000, 96000, 1, 10**9]),
    st.integers(0, 2000),
    st.integers(1, 3),
    st.sampled_from(["float32", "float64", "int16", "int32", "uint8", "complex64", "bool"]),
    st.sampled_from([0.0, 1e-9, 0.1, 1.0, 1e6, 1e30, float("nan"), float("inf")]),
    st.integers(0, 2**32 - 1),
)
def test_any_samples(rate_hz, milliseconds, channels, dtype, scale, seed):
    rng = np.random.default_rng(seed)
    count = int(min(rate_hz, 96000) * milliseconds / 1000)
    with np.errstate(all="ignore"):
        noise = (
            np.nan_to_num(scale * rng.standard_normal((count, channels)), nan=0) if "int" in dtype else None
        )
        samples = (
            (scale * rng.standard_normal((count, channels))) if noise is None else np.clip(noise, 0, 100)
        )
        given_samples = samples.astype(dtype)
    check_clip(lambda: clip_from_samples(given_samples, rate_hz))


def check_prompt(text, accent):
    try:
        prompt = make_prompt(text, accent=accent)
    except TextError as error:
        assert str(error) and "\n" not in str(error) and len(str(error)) < 300
        return False
    assert prompt.words and prompt.text == unicodedata.normalize("NFC", text).strip()
    for word in prompt.words:
        assert word.text.isascii() and word.text.strip()
        assert 0 <= word.span[0] < word.span[1] <= len(prompt.text)
        assert word.pronunciations
        for known in word.pronunciations:
            assert known and all(phones.index_of(phone) >= 0 for phone in known)
            assert all(
                (phones.stress_of(phone) is not None) == phones.phone_of(phone).is_vowel for phone in known
            )
    assert [word.span for word in prompt.words] == sorted(word.span for word in prompt.words)
    return True


ACCENTS = st.sampled_from(["us", "uk"])


@many(1000)
@given(st.text(max_size=60), ACCENTS)
def test_any_text(text, accent):
    check_prompt(text, accent)


@many(1000)
@given(st.text(alphabet="0123456789,.:/-+$£€%°#'’ astndrhkmp°VIXÀé½—\n", max_size=30), ACCENTS)
def test_any_arrangement_of_numbers_and_signs(text, accent):
    check_prompt(text, accent)


_FORMS = (
    "Dr. St. e.g. U.S. 3rd 1990s '80s $5.50 £1bn 20€ 3/4 12/31/99 2024-02-30 10:60 7pm"
    " 5 km 100m -3 ½ March May 3, 31st of don't I'd've dogs' 'n' rock USA DVDs COVID-19"
    " x@y.com www.a.uk & + = # No. naïve Æ ß IX ... — ( ) \" flibber 0 00 1e5"
)
FRAGMENTS = st.sampled_from(_FORMS.split())


@many(600)
@given(st.lists(FRAGMENTS, min_size=1, max_size=8), st.sampled_from([" ", "", "-", "\n"]), ACCENTS)
def test_any_order_of_forms(fragments, glue, accent):
    check_prompt(glue.join(fragments), accent)


@many(400)
@given(
    st.one_of(
        st.binary(max_size=80), st.text(alphabet="abB ehr012#;()\n\r\t'\ufeffé", max_size=80).map(str.encode)
    )
)
def test_any_lexicon_file(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "fuzz.dict"
    path.write_bytes(content)
    try:
        entries = read_lexicon(path)
    except CorpusError as error:
        assert "\n" not in str(error)
    else:
        assert all(known for forms in entries.values() for known in forms)


def test_long_and_repetitive_texts_answer_quickly():
    for unit in (
        "9",
        "'",
        "1,",
        "1.",
        "1/",
        "a.",
        "(555) ",
        "& ",
        "$1 ",
        "Mar ",
        "\u0301",
        "I'",
        "x-",
        "@",
        "1:2",
    ):
        check_prompt(unit * (19_000 // len(unit)), "us")
