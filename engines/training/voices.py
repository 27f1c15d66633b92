"""Synthesisers driven by phones: what was said is known, and where it can be had, when.

Each voice renders a batch of `Order`s. Words are handed over under invented names whose pronunciation
is given beside them, so no dictionary or letter rule of the synthesiser has a say.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from engines.training.synthesis_text import FUNCTION_WORDS

# Accents and phrasing hang on function words; festival's own entry for "to" would win over ours.
KEPT_SPELLINGS = {word for word in FUNCTION_WORDS.split() if len(word) > 1} - {"to"}
SILENCES = {"pau", "sil", "ssil", "brth", "h#", "#"}
FLITE_PITCH_HZ = {"slt": 175.0, "rms": 100.0, "awb": 125.0, "kal16": 105.0}
_MNEMONICS = """
AA=A: AE=a AH=V AO=O: AW=aU AY=aI B=b CH=tS D=d DH=D EH=E ER=3: EY=eI F=f G=g HH=h IH=I IY=i: JH=dZ K=k L=l
M=m N=n NG=N OW=oU OY=OI P=p R=r S=s SH=S T=t TH=T UH=U UW=u: V=v W=w Y=j Z=z ZH=Z
"""
ESPEAK_MNEMONICS = dict(pair.split("=") for pair in _MNEMONICS.split())
SURFACE_TO_ARPABET = {
    "ax": "AH",
    "ix": "IH",
    "axr": "ER",
    "dx": "T",
    "nx": "N",
    "el": "L",
    "em": "M",
    "en": "N",
}


@dataclass(frozen=True)
class Order:
    """One utterance to be rendered: its words, their phones (ARPAbet with stress), pauses and manner.

    `stretch` > 1 is slower, `pitch` > 1 higher, both relative to the voice's own; `variety` in 0..1
    steers whatever else the voice can vary."""

    words: tuple[str, ...]
    phones: tuple[tuple[str, ...], ...]
    pause_after: tuple[bool, ...]
    stretch: float
    pitch: float
    variety: float


@dataclass(frozen=True)
class Segment:
    """A phone in ARPAbet without stress, from start_s to end_s."""

    phone: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Rendering:
    """float32 mono samples in [-1, 1], and the phones' segments, None where the voice tells no times."""

    samples: np.ndarray
    rate_hz: int
    segments: tuple[Segment, ...] | None


class Flite:
    """flite's command line, one run per utterance with a lexicon of its words."""

    def __init__(self, voice: str) -> None:
        self.voice = voice

    def render(self, orders: Sequence[Order], folder: Path) -> list[Rendering | None]:
        return [self._render(order, folder) for order in orders]

    def _render(self, order: Order, folder: Path) -> Rendering | None:
        text, lexicon = named_words(order)
        addenda = "".join(
            f'"{name}" 0 : {" ".join(map(_radio, phones))}\n' for name, phones in lexicon.items()
        )
        (folder / "lexicon.txt").write_text(addenda)
        wave = folder / "flite.wav"
        command = ["flite", "-voice", self.voice, "-add_lex", str(folder / "lexicon.txt"), "-psdur"]
        command += ["--setf", f"duration_stretch={order.stretch:.3f}"]
        command += ["--setf", f"int_f0_target_mean={FLITE_PITCH_HZ[self.voice] * order.pitch:.1f}"]
        # The trailing space keeps one-word texts from being taken for a file name.
        done = subprocess.run(
            [*command, "-t", text + " ", "-o", str(wave)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode != 0 or "not in lexicon" in done.stdout + done.stderr:
            return None
        ends = [(name, float(end)) for name, end in re.findall(r"([a-z#]+):([0-9.]+)", done.stdout)]
        samples, rate_hz = soundfile.read(wave, dtype="float32")
        return Rendering(samples, rate_hz, segments_from_ends(ends))


class Festival:
    """festival in batch mode, one process for all orders of a batch."""

    def __init__(self, voice: str) -> None:
        self.voice = voice

    def render(self, orders: Sequence[Order], folder: Path) -> list[Rendering | None]:
        script = [
            '(define (write_segments utt file) (let ((fd (fopen file "w")))'
            ' (mapcar (lambda (s) (format fd "%s %f\\n" (item.name s) (item.feat s "end")))'
            " (utt.relation.items utt 'Segment)) (fclose fd)))",
            f"(voice_{self.voice})",
            # What is ordered shall be said: no reduction of vowels, no linking R.
            "(set! postlex_rules_hooks nil)",
            "(set! postlex_vowel_reduce_cart_tree nil)",
            "(set! own_mean (cadr (assoc 'target_f0_mean int_lr_params)))",
        ]
        for i, order in enumerate(orders):
            text, lexicon = named_words(order)
            for name, phones in lexicon.items():
                spelled = " ".join(map(_radio, phones))
                script.append(f"(lex.add.entry (list \"{name}\" 'nil (lex.syllabify.phstress '({spelled}))))")
            script += [
                f"(Parameter.set 'Duration_Stretch {order.stretch:.3f})",
                "(set! int_lr_params (cons (list 'target_f0_mean (* own_mean "
                f"{order.pitch:.3f})) (cons '(target_f0_std {8 + 16 * order.variety:.1f})"
                " (cddr int_lr_params))))",
                self._engine_options(order),
                f'(set! utt1 (utt.synth (Utterance Text "{text}")))',
                f'(utt.save.wave utt1 "{folder}/{i}.wav" \'riff)',
                f'(write_segments utt1 "{folder}/{i}.seg")',
            ]
        (folder / "batch.scm").write_text("\n".join(script))
        for i in range(len(orders)):
            (folder / f"{i}.seg").unlink(missing_ok=True)
        subprocess.run(
            ["festival", "-b", str(folder / "batch.scm")], capture_output=True, timeout=600, check=False
        )
        return [self._read(folder, i) for i in range(len(orders))]

    def _engine_options(self, order: Order) -> str:
        """HTS heeds no parameters, only its engine's options: speed and half tones."""
        if not self.voice.endswith("_hts"):
            return ""
        options = f'\'(("-r" {1 / order.stretch:.3f}) ("-fm" {12 * np.log2(order.pitch):.2f}))'
        return f"(set! hts_engine_params (append {self.voice}::hts_engine_params {options}))"

    @staticmethod
    def _read(folder: Path, i: int) -> Rendering | None:
        if not (folder / f"{i}.seg").exists():
            return None
        pairs = (line.split() for line in (folder / f"{i}.seg").read_text().splitlines())
        samples, rate_hz = soundfile.read(folder / f"{i}.wav", dtype="float32")
        return Rendering(samples, rate_hz, segments_from_ends([(name, float(end)) for name, end in pairs]))


class Espeak:
    """espeak-ng variants, phones in its own mnemonics; tells no times."""

    variants = ("", "+m1", "+m3", "+m7", "+f1", "+f2", "+f4", "+Andrea", "+Alex", "+steph2")

    def render(self, orders: Sequence[Order], folder: Path) -> list[Rendering | None]:
        return [self._render(order, folder / "espeak.wav") for order in orders]

    def _render(self, order: Order, wave: Path) -> Rendering | None:
        text = ""
        for phones, pause in zip(order.phones, order.pause_after, strict=True):
            text += f"[[{''.join(map(self._spell, phones))}]]{',' if pause else ''} "
        variant = self.variants[int(order.variety * 0.999 * len(self.variants))]
        command = ["espeak-ng", "-v", f"en-us{variant}", "-s", str(int(150 / order.stretch))]
        command += ["-p", str(int(np.clip(50 * order.pitch, 10, 95))), "-w", str(wave), text]
        if subprocess.run(command, capture_output=True, timeout=60, check=False).returncode != 0:
            return None
        samples, rate_hz = soundfile.read(wave, dtype="float32")
        return Rendering(samples, rate_hz, None)

    def _spell(self, phone: str) -> str:
        if phone == "AH0":
            return "@"
        if phone == "ER0":
            return "3"
        return ("'" if phone.endswith("1") else "") + ESPEAK_MNEMONICS[phone.rstrip("012")]


def named_words(order: Order) -> tuple[str, dict[str, tuple[str, ...]]]:
    """A text of invented names, commas at pauses, and each name's phones.

    Function words keep their spelling unless said in two ways."""
    lexicon: dict[str, tuple[str, ...]] = {}
    text = []
    for at, (word, phones, pause) in enumerate(
        zip(order.words, order.phones, order.pause_after, strict=True)
    ):
        name = word.lower()
        if name not in KEPT_SPELLINGS or lexicon.get(name, phones) != phones:
            name = (
                "".join("bdfgklmnprtvz"[at // 5**i % 13] + "aeiou"[at // 13**i % 5] for i in range(3)) + "k"
            )
        lexicon[name] = phones
        text.append(name + ("," if pause else ""))
    return " ".join(text).rstrip(",") + ".", lexicon


def segments_from_ends(ends: Sequence[tuple[str, float]]) -> tuple[Segment, ...]:
    """Segments of the radio phone set, each starting where the one before ends; silences left out."""
    segments = []
    start_s = 0.0
    for name, end_s in ends:
        if name not in SILENCES:
            segments.append(Segment(SURFACE_TO_ARPABET.get(name, name.upper()), start_s, end_s))
        start_s = end_s
    return tuple(segments)


def _radio(phone: str) -> str:
    lowered = phone.lower()
    return "ax0" if lowered == "ah0" else lowered.replace("2", "1") if lowered[-1] == "2" else lowered


def make_voice(name: str) -> Any:
    """The synthesiser of a voice name such as flite-slt or festival-kal_diphone."""
    engine, _, voice = name.partition("-")
    if engine == "flite":
        return Flite(voice)
    if engine == "festival":
        return Festival(voice)
    if engine == "espeak":
        return Espeak()
    if engine == "rhvoice":
        from engines.training import hmm_voices

        return hmm_voices.Rhvoice(voice)
    from engines.training import neural_voices

    return neural_voices.make_voice(engine, voice)
