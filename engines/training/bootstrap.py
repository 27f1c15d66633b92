"""First alignments: pocketsphinx places the canonical phones of every sentence in time.

pocketsphinx's acoustic model is older than the corpora, so it may teach. Its times only seed the frame head:
later rounds realign with the network's own posteriors. Once there is a model of our own, ``--model assets/models/main``
places them closer, and in seconds on a GPU.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tutor.paths import write_atomic
from tutor.phones import ORDER
from tutor.timebase import FRAME_S

FRAMES_PER_SECOND = 100


def utterances(corpus: Path) -> Iterator[tuple[str, Path, list[list[str]]]]:
    """Yield (id, audio file, words as phone lists without stress) of a ``labels.json`` + ``audio/`` folder."""
    labels = json.loads((corpus / "labels.json").read_text("utf-8"))
    for key, item in labels.items():
        words = [[phone.rstrip("012") for phone in word["phones"]] for word in item["words"]]
        yield key, corpus / item.get("audio", f"audio/{key}.opus"), words


def align_phones(decoder: Any, pcm: bytes, words: list[list[str]]) -> list[tuple[str, float, float]] | None:
    """Return (phone or ``SIL``, start_s, end_s) in order, or None where no path was found.

    ``pcm`` is 16 kHz mono little-endian int16. Words enter the dictionary under made-up names so that exactly
    the given phones are aligned.
    """
    names = []
    for index, phones in enumerate(words):
        name = f"w{index}_{'_'.join(phones)}".lower()
        if decoder.lookup_word(name) is None:
            decoder.add_word(name, " ".join(phones), True)
        names.append(name)
    try:
        decoder.set_align_text(" ".join(names))
        for two_pass in (False, True):
            if two_pass:
                decoder.set_alignment()
            decoder.start_utt()
            decoder.process_raw(pcm, full_utt=True)
            decoder.end_utt()
        alignment = decoder.get_alignment()
    except RuntimeError:
        return None
    if alignment is None:
        return None
    return [
        (phone.name, phone.start / FRAMES_PER_SECOND, (phone.start + phone.duration) / FRAMES_PER_SECOND)
        for word in alignment
        for phone in word
    ]


_decoder: Any = None


def _open_decoder() -> None:
    global _decoder
    from pocketsphinx import Decoder

    _decoder = Decoder(lm=None, bestpath=False, loglevel="FATAL", beam=1e-80, wbeam=1e-60, pbeam=1e-80)


def _align_file(task: tuple[str, Path, list[list[str]]]) -> tuple[str, list[tuple[str, float, float]] | None]:
    import soundfile

    key, path, words = task
    samples, _ = soundfile.read(path, dtype="float32")
    pcm = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
    return key, align_phones(_decoder, pcm, words)


def align_by_model(corpus: Path, folder: Path, limit: int | None) -> dict[str, list[tuple[str, float, float]] | None]:
    """The same from a run or model folder's own posteriors."""
    from engines.training import data, options
    from engines.training.train import align_bank, assembled

    device = options.device()
    bank = data.Bank(data.native_corpus(corpus, None)[:limit], device)
    align_bank(assembled([str(folder)]).to(device), bank, 600.0)
    result: dict[str, list[tuple[str, float, float]] | None] = {}
    for item in bank.items:
        assert item.starts is not None and item.ends is not None
        spans = zip(item.classes.tolist(), (item.starts * FRAME_S).tolist(), (item.ends * FRAME_S).tolist(), strict=True)
        # Frames are known by their middle; a phone begins half a frame before the middle of its first.
        found = [(ORDER[number - 1], max(0.0, start - FRAME_S / 2), end - FRAME_S / 2) for number, start, end in spans]
        result[item.key] = found if item.ends.any() else None
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, help="folder with labels.json and audio/")
    parser.add_argument("out", type=Path, help="JSON to write: {id: [[phone, start_s, end_s], ...]}")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--model", type=Path, help="run or model folder that places the phones instead of pocketsphinx")
    arguments = parser.parse_args()
    if arguments.model:
        aligned = align_by_model(arguments.corpus, arguments.model, arguments.limit)
    else:
        tasks = list(utterances(arguments.corpus))[: arguments.limit]
        with multiprocessing.Pool(arguments.jobs, _open_decoder) as pool:
            aligned = dict(pool.imap_unordered(_align_file, tasks, chunksize=16))
    missing = [key for key, value in aligned.items() if value is None]
    print(f"{len(aligned) - len(missing)} of {len(aligned)} aligned; without a path: {missing[:10]}")
    write_atomic(arguments.out, json.dumps({k: v for k, v in sorted(aligned.items()) if v}).encode())


if __name__ == "__main__":
    main()
