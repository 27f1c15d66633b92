"""What a learner would notice, measured on held-out speech: wrong sentences, false alarms, noise, what was heard, times.

``python -m engines.training.bars --model main --rated … [--native …] [--synthetic …]`` prints one line a question. The rated
speakers are the ones training held out; the native speaker's other sentences were trained on (the only one there is).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from engines.training.held_out import held_out_ids, observe
from tutor import result
from tutor.align import Alignment
from tutor.assess import assess, score_utterance
from tutor.clip import Clip, clip_from_samples, read_clip
from tutor.denoise import denoise
from tutor.errors import TutorError
from tutor.evidence import FEATURES
from tutor.phones import ORDER, index_of
from tutor.prompts import Prompt, Word, make_prompt
from tutor.timebase import FRAME_S, SAMPLE_RATE

_MEANS = slice(FEATURES.index(f"mean_{ORDER[0]}"), FEATURES.index(f"mean_{ORDER[-1]}") + 1)
_PEAKS = slice(FEATURES.index(f"peak_{ORDER[0]}"), FEATURES.index(f"peak_{ORDER[-1]}") + 1)


def wrong_sentences(model: Any, folder: Path, pairs: int) -> str:
    """Right texts against random other texts."""
    labels = json.loads((folder / "labels.json").read_text("utf-8"))
    keys, rng = held_out_ids(labels), np.random.default_rng(1)
    low, lost, differences = 0, 0, []
    for _ in range(pairs):
        one, other = rng.choice(len(keys), 2, replace=False)
        clip = read_clip(folder / labels[keys[one]]["audio"])
        try:
            wrong = assess(clip, make_prompt(labels[keys[other]]["text"].lower()), model).scores.overall
        except TutorError:
            wrong = 0.0
        right = assess(clip, make_prompt(labels[keys[one]]["text"].lower()), model)
        low += wrong <= 20
        lost += right.verdict == result.OTHER_TEXT
        differences.append(right.scores.overall)
    return (
        f"wrong sentence at most 20: {low} of {pairs}; right sentence taken for another: {lost} of {pairs}; "
        f"its mean score {np.mean(differences):.0f}"
    )


def words_left_out_and_put_in(model: Any, folder: Path) -> str:
    """A word too many in the text (so it was left out), or one too few (so it was put in), against the true text."""
    labels = json.loads((folder / "labels.json").read_text("utf-8"))
    keys, rng = held_out_ids(labels)[::2], np.random.default_rng(0)
    sentences = [make_prompt(labels[key]["text"].lower()).words for key in keys]
    longer = [word for words in sentences for word in words if len(word.pronunciations[0]) > 2]
    omitted = falsely = words_read = extra = put_in = 0

    def heard(clip: Clip, words: list[Word]) -> Alignment:
        return score_utterance(clip, Prompt("", tuple(words)), model).alignment

    for key, words in zip(keys, map(list, sentences), strict=True):
        clip = read_clip(folder / labels[key]["audio"])
        falsely += sum(not word.said for word in heard(clip, words).words)
        words_read += len(words)
        at = int(rng.integers(len(words) + 1))
        omitted += not heard(clip, [*words[:at], longer[int(rng.integers(len(longer)))], *words[at:]]).words[at].said
        if len(words) > 2:
            at = int(rng.integers(len(words)))
            extra += any(span.before == at for span in heard(clip, [*words[:at], *words[at + 1 :]]).extra)
            put_in += 1
    return (
        f"words left out: {omitted} of {len(keys)} found, {falsely} of {words_read} read words taken as left out; "
        f"words put in: {extra} of {put_in} found"
    )


def native_alarms(model: Any, folder: Path, count: int) -> str:
    """Words of a native speaker that are flagged."""
    texts = json.loads((folder / "transcripts.json").read_text("utf-8"))
    flagged = words = 0
    for key in list(texts)[:: max(1, len(texts) // count)]:
        answer = assess(read_clip(folder / "audio" / f"{key}.opus"), make_prompt(texts[key]), model)
        flagged += sum(word.status != result.OK for word in answer.words)
        words += len(answer.words)
    return f"native speaker: {flagged} of {words} words flagged ({100 * flagged / words:.1f} %)"


def noise_shift(model: Any, folder: Path, count: int) -> str:
    """Sentence scores with speech-shaped noise at 30 dB, and at 10 dB with and without noise reduction."""
    labels = json.loads((folder / "labels.json").read_text("utf-8"))
    keys, rng = held_out_ids(labels), np.random.default_rng(2)
    plain, reduced, unclear = [], [], 0
    for key in keys[:: max(1, len(keys) // count)]:
        clip = read_clip(folder / labels[key]["audio"])
        spectrum = np.fft.rfft(rng.normal(size=len(clip.samples)))
        spectrum *= np.minimum(1, 500 / np.maximum(60, np.linspace(0, SAMPLE_RATE / 2, len(spectrum))))
        noise = np.fft.irfft(spectrum, len(clip.samples))
        noise *= np.sqrt(np.mean(clip.samples**2) / np.mean(noise**2))
        prompt = make_prompt(labels[key]["text"].lower())
        mild, strong = ((clip.samples + noise * 10 ** (-db / 20)).astype(np.float32) for db in (30, 10))
        try:
            sounds = [clip_from_samples(sound, SAMPLE_RATE) for sound in (mild, strong, denoise(strong))]
            answers = [assess(sound, prompt, model) for sound in sounds]
        except TutorError:
            unclear += 1
            continue
        unclear += answers[1].verdict == result.UNCLEAR
        overall = [answer.scores.overall for answer in answers]
        plain.append(overall[1] - overall[0])
        reduced.append(overall[2] - overall[0])
    return (
        f"30 to 10 dB of noise: mean change {np.mean(plain):+.1f}, mean absolute {np.mean(np.abs(plain)):.1f} of 100 "
        f"over {len(plain)}; with noise reduction {np.mean(reduced):+.1f}, {np.mean(np.abs(reduced)):.1f}; {unclear} not judged"
    )


def heard_and_times(model: Any, folders: list[Path]) -> list[str]:
    """Deliberate substitutions named in the top three, and the starts of phones against the synthesiser's own."""
    lines, errors = [], []
    by_voice: dict[str, list[tuple[bool, bool]]] = {}
    for folder in folders:
        for item in json.loads((folder / "labels.json").read_text("utf-8")).values():
            if item["split"] != "test":
                continue
            words = [(word["text"], word["canonical"]) for word in item["words"]]
            piece = observe(model, folder / item["audio"], words, item["text"])
            if piece is None:
                continue
            pairs = [pair for pair in item["canonical"] if pair[0] is not None]
            for row, (expected, said) in enumerate(pairs):
                if said is None or said.rstrip("012") == expected.rstrip("012"):
                    continue
                share = piece.evidence.features[row][_MEANS] + piece.evidence.features[row][_PEAKS]
                order = [index for index in np.argsort(-share) if index != index_of(expected)]
                by_voice.setdefault(item["voice"], []).append((order[0] == index_of(said), index_of(said) in order[:3]))
            if (
                item.get("times")
                and all(said and said == expected.rstrip("012") for expected, said in pairs)
                and len(item["said"]) == len(pairs)
            ):
                starts = np.concatenate([word.starts for word in piece.alignment.words])
                found = np.maximum(0, (starts - 0.5) * FRAME_S) + piece.offset_s
                errors.append(np.abs(found - np.array(item["times"])[:, 0]))
    for voice, rows in sorted(by_voice.items()):
        first, third = np.mean(rows, axis=0)
        lines.append(
            f"substitutions of {voice}: named first {100 * first:.0f} %, in the top three {100 * third:.0f} % of {len(rows)}"
        )
    if errors:
        joined = 1000 * np.concatenate(errors)
        lines.append(
            f"phone starts against the synthesiser's: median {np.median(joined):.0f} ms, "
            f"90 % within {np.percentile(joined, 90):.0f} ms"
        )
    return lines


def main() -> None:
    from engines.choose import open_model

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="main")
    parser.add_argument("--rated", type=Path, required=True)
    parser.add_argument("--native", type=Path)
    parser.add_argument("--synthetic", type=Path, nargs="*", default=[])
    parser.add_argument("--count", type=int, default=200)
    arguments = parser.parse_args()
    model = open_model(arguments.model, "onnx_cpu")
    print(wrong_sentences(model, arguments.rated, arguments.count), flush=True)
    print(words_left_out_and_put_in(model, arguments.rated), flush=True)
    print(noise_shift(model, arguments.rated, arguments.count // 2), flush=True)
    if arguments.native:
        print(native_alarms(model, arguments.native, arguments.count), flush=True)
    for line in heard_and_times(model, arguments.synthetic):
        print(line, flush=True)


if __name__ == "__main__":
    main()
