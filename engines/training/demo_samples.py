"""The demo recordings under assets/samples/: synthetic readings with errors made to order.

Run as ``python -m engines.training.demo_samples``; it overwrites the recordings and samples.json.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from engines.training.voices import Order, make_voice
from tutor import paths
from tutor.decode import resample
from tutor.prompts import make_prompt
from tutor.timebase import SAMPLE_RATE

LICENCES = {
    "flite-awb": "CMU Flite and CMU ARCTIC awb, BSD-like",
}
_LEAD_S, _TAIL_S = 0.45, 0.55
_PEAK = 0.45
_NOISE = 4e-4


@dataclass(frozen=True)
class Said:
    """What was said in place of word ``word``: ``phones`` of each word said there, none if omitted.

    ``kind``: substituted, dropped, stress, omitted, inserted or repeated."""

    word: int
    kind: str
    phones: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """One recording: name, text to be read, voice, what goes wrong; ``spoken``: another text instead."""

    name: str
    text: str
    voice: str
    summary: str
    said: tuple[Said, ...] = ()
    spoken: str = ""
    stretch: float = 1.15
    pause_after: tuple[int, ...] = field(default=())


PLANS = (
    Plan("bear-good", "We call it bear.", "flite-awb", "a good reading"),
    Plan(
        "bear-pear", "We call it bear.", "flite-awb", "the B of bear is said as P",
        (Said(3, "substituted", ("P EH1 R",)),),
    ),
    Plan(
        "think-sink", "I think the bus is late.", "flite-awb", "the TH of think is said as S",
        (Said(1, "substituted", ("S IH1 NG K",)),),
    ),
    Plan(
        "very-wery", "This is a very long street.", "flite-awb", "the V of very is said as W",
        (Said(3, "substituted", ("W EH1 R IY0",)),),
    ),
    Plan(
        "three-tree", "The three brothers live together.", "flite-awb", "the TH of three is said as T, of brothers as D",
        (Said(1, "substituted", ("T R IY1",)), Said(2, "substituted", ("B R AH1 D ER0 Z",))),
    ),
    Plan(
        "rice-lice", "My brother likes rice and fish.", "flite-awb", "the R of rice is said as L",
        (Said(3, "substituted", ("L AY1 S",)),),
    ),
    Plan(
        "ship-sheep", "The ship is in the water.", "flite-awb", "ship is said as sheep",
        (Said(1, "substituted", ("SH IY1 P",)),),
    ),
    Plan(
        "card-car", "Please give me the red card now.", "flite-awb", "the final D of card is dropped",
        (Said(5, "dropped", ("K AA1 R",)),),
    ),
    Plan(
        "tea-omitted", "I would like a cup of hot tea.", "flite-awb", "the word hot is left out",
        (Said(6, "omitted"),),
    ),
    Plan(
        "house-repeated", "She lives in a small house near the river.", "flite-awb",
        "lives is said twice, and the word beautiful comes before house",
        (Said(1, "repeated", ("L IH1 V Z", "L IH1 V Z")), Said(5, "inserted", ("B Y UW1 T AH0 F AH0 L", "HH AW1 S"))),
        pause_after=(1,),
    ),
    Plan(
        "hotel-stress", "The hotel is beside the station.", "flite-awb",
        "hotel is stressed on its first syllable", (Said(1, "stress", ("HH OW1 T EH0 L",)),),
    ),
    Plan(
        "other-text", "We call it bear.", "flite-awb", "another sentence is read",
        spoken="The morning train leaves at seven.",
    ),
    Plan(
        "numbers-good", "On March 3 she paid $5.50 for 2 tickets.", "flite-awb",
        "a good reading with numbers", pause_after=(2,),
    ),
)  # fmt: skip


def spoken_words(plan: Plan) -> list[tuple[int, tuple[str, ...]]]:
    """(word index, phones) of all that is said, in order; extra words carry their place's index."""
    prompt = make_prompt(plan.spoken or plan.text)
    changed = {said.word: said for said in plan.said}
    result: list[tuple[int, tuple[str, ...]]] = []
    for index, word in enumerate(prompt.words):
        if index in changed:
            result += [(index, tuple(phones.split())) for phones in changed[index].phones]
        else:
            result.append((index, word.pronunciations[0]))
    return result


def describe(plan: Plan) -> dict[str, Any]:
    """The entry of samples.json."""
    words = make_prompt(plan.text).words
    return {
        "file": f"{plan.name}.flac",
        "text": plan.text,
        "summary": plan.summary,
        "good": not plan.said and not plan.spoken,
        "spoken": plan.spoken or None,
        "errors": [
            {
                "word": said.word,
                "text": words[said.word].text,
                "kind": said.kind,
                "expected": list(words[said.word].pronunciations[0]),
                "said": [phones.split() for phones in said.phones],
            }
            for said in plan.said
        ],
        "voice": plan.voice,
        "licence": LICENCES[plan.voice],
    }


def render(plan: Plan, seed: int) -> np.ndarray:
    """float32 (n,) at 16 kHz: the reading between stretches of room, over a faint steady noise."""
    said = spoken_words(plan)
    last = len(said) - 1
    order = Order(
        # The synthesiser gets invented names, so that its own dictionary has no say.
        tuple(f"q{at}" for at in range(len(said))),
        tuple(phones for _, phones in said),
        tuple(index in plan.pause_after and at != last and said[at + 1][0] != index for at, (index, _) in enumerate(said)),
        plan.stretch,
        1.0,
        0.4,
    )
    with tempfile.TemporaryDirectory() as folder:
        (rendering,) = make_voice(plan.voice).render([order], Path(folder))
    voice = resample(rendering.samples, rendering.rate_hz).samples
    voice = voice * np.float32(_PEAK / np.abs(voice).max())
    pads = [np.zeros(round(s * SAMPLE_RATE), np.float32) for s in (_LEAD_S, _TAIL_S)]
    sound = np.concatenate([pads[0], voice, pads[1]])
    white = np.random.default_rng(seed).standard_normal(len(sound))
    room = np.convolve(white, np.ones(8) / np.sqrt(8), mode="same")
    return np.asarray(np.clip(sound + _NOISE * room, -1, 1), np.float32)


def main() -> None:
    """Write all recordings and samples.json."""
    import onnxruntime

    onnxruntime.set_seed(20)
    folder = paths.assets_dir() / "samples"
    for seed, plan in enumerate(PLANS):
        soundfile.write(folder / f"{plan.name}.flac", render(plan, seed), SAMPLE_RATE, subtype="PCM_16")
    entries = [describe(plan) for plan in PLANS]
    text = json.dumps({"schema": "tutor.samples/1", "samples": entries}, indent=2) + "\n"
    paths.write_atomic(folder / "samples.json", text.encode())


if __name__ == "__main__":
    main()
