"""Columns of a batch's tables: name, type, unit, meaning, source; the data dictionary is made of these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "integer", "number"]


@dataclass(frozen=True)
class Column:
    """One column. ``source``: the part of Tutor or the literature the value comes from."""

    name: str
    kind: Kind
    unit: str
    meaning: str
    source: str


_FILE, _TIMES, _SCORER, _CLIP = "input", "alignment", "scorer", "audio measurement"
_PRAAT = "Praat via praat-parselmouth"

_WHOSE = (
    Column("utterance", "text", "", "id of the recording: its relative path without suffix", _FILE),
    Column("speaker", "text", "", "speaker as given by the input; empty where unknown", _FILE),
)

UTTERANCES: tuple[Column, ...] = (
    *_WHOSE,
    Column("audio", "text", "", "path of the recording", _FILE),
    Column("audio_sha256", "text", "", "checksum of the recording's file", _FILE),
    Column("text", "text", "", "what was to be read", _FILE),
    Column("problem", "text", "", "why the recording could not be scored; empty when it was", "batch"),
    Column(
        "verdict",
        "text",
        "",
        "graded, other_text (something else was read) or unclear (too poor to judge); only graded has scores",
        "assessment",
    ),
    Column("confidence", "number", "0–1", "trust in the scores as a whole", "assessment"),
    Column("notice", "text", "", "remark of the assessment, mostly empty", "assessment"),
    Column("duration_s", "number", "s", "length of the recording", _CLIP),
    Column("snr_db", "number", "dB", "signal-to-noise ratio", _CLIP),
    Column("level_dbfs", "number", "dB re full scale", "speech level", _CLIP),
    Column("clipped", "number", "0–1", "share of samples at full scale", _CLIP),
    Column("overall", "number", "0–100", "overall score", _SCORER),
    Column("accuracy", "number", "0–100", "sentence accuracy", _SCORER),
    Column("fluency", "number", "0–100", "fluency", _SCORER),
    Column("prosody", "number", "0–100", "prosody: stress, intonation, rhythm", _SCORER),
    Column("completeness", "number", "0–100", "share of the text that was read", _SCORER),
    Column("words", "integer", "words", "words of the text", _FILE),
    Column("mispronounced", "integer", "words", "words found mispronounced", "assessment"),
    Column("omitted", "integer", "words", "words of the text not said", "assessment"),
    Column("inserted", "integer", "words", "words said that are not in the text", "assessment"),
    Column("repeated", "integer", "words", "words said again", "assessment"),
    Column("syllables", "integer", "syllables", "vowels said", _TIMES),
    Column("speech_s", "number", "s", "from the first to the last sound", _TIMES),
    Column("speech_rate", "number", "syllables/s", "syllables by speech_s, pauses included", _TIMES),
    Column("articulation_rate", "number", "syllables/s", "the same without the pauses", _TIMES),
    Column("pauses", "integer", "pauses", "silences of at least 0.25 s between sounds", _TIMES),
    Column("pause_total_s", "number", "s", "sum of the pauses", _TIMES),
    Column("pause_mean_s", "number", "s", "mean pause; empty without pauses", _TIMES),
    Column("pause_share", "number", "0–1", "pauses as a share of speech_s", _TIMES),
    Column(
        "npvi_v", "number", "%", "normalised pairwise variability of vocalic intervals", "Grabe & Low 2002"
    ),
    Column("rpvi_c", "number", "ms", "raw pairwise variability of consonantal intervals", "Grabe & Low 2002"),
    Column("pct_v", "number", "%", "vocalic share of vocalic and consonantal intervals", "Ramus et al. 1999"),
    Column("delta_v_ms", "number", "ms", "standard deviation of vocalic intervals", "Ramus et al. 1999"),
    Column("delta_c_ms", "number", "ms", "standard deviation of consonantal intervals", "Ramus et al. 1999"),
    Column("varco_c", "number", "%", "delta_c divided by the mean consonantal interval", "Dellwo 2006"),
    Column("pitch_median_hz", "number", "Hz", "median pitch (autocorrelation, 75–600 Hz, 10 ms)", _PRAAT),
    Column("pitch_low_hz", "number", "Hz", "5th percentile of pitch", _PRAAT),
    Column("pitch_high_hz", "number", "Hz", "95th percentile of pitch", _PRAAT),
    Column("pitch_range_semitones", "number", "semitones", "between these two", _PRAAT),
    Column("voiced_share", "number", "0–1", "share of 10 ms frames with pitch", _PRAAT),
    Column(
        "intensity_mean_db",
        "number",
        "dB",
        "mean energy of the words, re 2e-5, uncalibrated",
        _PRAAT,
    ),
    Column("formant_ceiling_hz", "number", "Hz", "5000 below 155 Hz median pitch, else 5500", _PRAAT),
)

WORDS: tuple[Column, ...] = (
    *_WHOSE,
    Column("word_index", "integer", "", "place among the words of the result, from 1", "assessment"),
    Column("word", "text", "", "the word", _FILE),
    Column("start_s", "number", "s", "start from the beginning of the recording", _TIMES),
    Column("end_s", "number", "s", "end; equal to start where omitted", _TIMES),
    Column("status", "text", "", "ok, mispronounced, omitted, inserted or repeated", "assessment"),
    Column("score", "number", "0–100", "word score; where omitted, what raters give who heard something there", _SCORER),
    Column("accuracy", "number", "0–100", "word accuracy", _SCORER),
    Column("stress", "number", "0–100", "lexical stress", _SCORER),
    Column("confidence", "number", "0–1", "trust in the score", "assessment"),
    Column("guessed", "integer", "0 or 1", "1: the pronunciation is not from a dictionary", "lexicon"),
    Column("pronunciation", "text", "ARPAbet", "expected phones with stress", "lexicon"),
    Column("ipa", "text", "IPA", "the same in IPA", "lexicon"),
)

PHONES: tuple[Column, ...] = (
    *_WHOSE,
    Column("word_index", "integer", "", "the word it belongs to, as in the words table", "assessment"),
    Column("word", "text", "", "that word", _FILE),
    Column("phone_index", "integer", "", "place in the word, from 1", "lexicon"),
    Column("arpabet", "text", "ARPAbet", "expected phone without stress", "lexicon"),
    Column("stress", "integer", "0, 1, 2", "lexical stress; empty for consonants", "lexicon"),
    Column("ipa", "text", "IPA", "expected phone", "lexicon"),
    Column(
        "manner", "text", "", "vowel, diphthong, stop, affricate, fricative, nasal or approximant", "lexicon"
    ),
    Column("start_s", "number", "s", "start from the beginning of the recording", _TIMES),
    Column("end_s", "number", "s", "end", _TIMES),
    Column("duration_ms", "number", "ms", "length", _TIMES),
    Column("score", "number", "0–100", "phone score", _SCORER),
    Column(
        "rating", "number", "0–2", "the same on the raters' scale: 2 right, 1 strong accent, 0 wrong", _SCORER
    ),
    Column("confidence", "number", "0–1", "trust in the score", "assessment"),
    Column(
        "heard",
        "text",
        "ARPAbet",
        "likeliest other phone where the expected one is weak, else empty",
        "acoustic model",
    ),
    Column("heard_ipa", "text", "IPA", "the same in IPA", "acoustic model"),
    Column("heard_p", "number", "0–1", "its probability among all phones", "acoustic model"),
    Column("f1_hz", "number", "Hz", "first formant in the middle of a vowel (Burg, 5 formants)", _PRAAT),
    Column("f2_hz", "number", "Hz", "second formant", _PRAAT),
    Column("f3_hz", "number", "Hz", "third formant", _PRAAT),
    Column(
        "f1_lobanov", "number", "z", "F1 less the speaker's mean, by the speaker's deviation", "Lobanov 1971"
    ),
    Column("f2_lobanov", "number", "z", "the same for F2", "Lobanov 1971"),
)

TRACKS: tuple[Column, ...] = (
    Column("time_s", "number", "s", "middle of the analysis window, every 10 ms", _PRAAT),
    Column("pitch_hz", "number", "Hz", "pitch (autocorrelation, 75–600 Hz); empty where unvoiced", _PRAAT),
    Column("pitch_semitones", "number", "semitones", "the same, re 100 Hz", _PRAAT),
    Column("voiced", "integer", "0 or 1", "1: a pitch was found", _PRAAT),
    Column("intensity_db", "number", "dB", "intensity re 2e-5 for full scale 1, uncalibrated; empty at the edges", _PRAAT),
)

TABLES = {"utterances": UTTERANCES, "words": WORDS, "phones": PHONES}
