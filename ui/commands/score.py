"""``tutor score``: one recording of a known text, as a table or JSON."""

from __future__ import annotations

import argparse
import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tutor.errors import AudioError, TextError

if TYPE_CHECKING:
    from tutor.clip import Clip

HELP = "score one recording of a known text"
LARGEST_PIPE = 600_000_000
LARGEST_TEXT = 1_000_000


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("audio", help="wav, flac, ogg/opus or mp3 file; - reads it from standard input")
    text = parser.add_mutually_exclusive_group(required=True)
    text.add_argument("--text", help="what was to be read")
    text.add_argument("--text-file", type=Path, help="a UTF-8 file that holds it")
    parser.add_argument("--accent", choices=("us", "uk"), default="us", help="pronunciation taken as right (default: us)")
    parser.add_argument("--lexicon", type=Path, help="own pronunciations: a word and its ARPAbet phones on each line")
    parser.add_argument("--denoise", action="store_true", help="reduce noise first (extra: denoise); off by default, see README")
    parser.add_argument("--model", default="main", help="main, light or a model folder")
    parser.add_argument("--engine", default="auto", help="auto, onnx_cpu, onnx_cuda, tensorrt, tensorrt_rtx, triton://host:port")
    parser.add_argument("--json", action="store_true", help="the whole result on stdout, schema tutor.score/1")


def run(arguments: argparse.Namespace) -> int:
    """Score and print."""
    from engines.choose import open_model
    from tutor.assess import assess
    from tutor.prompts import make_prompt
    from ui.console import progress_bar
    from ui.score_table import print_assessment

    prompt = make_prompt(_text(arguments), accent=arguments.accent, lexicon=arguments.lexicon)
    clip = _clip(arguments.audio)
    if arguments.denoise:
        from tutor.clip import clip_from_samples
        from tutor.denoise import denoise
        from tutor.timebase import SAMPLE_RATE

        clip = clip_from_samples(denoise(clip.samples), SAMPLE_RATE)
    model = open_model(arguments.model, arguments.engine)
    try:
        with progress_bar() as progress:
            assessment = assess(clip, prompt, model, progress=progress)
    finally:
        model.close()
    if arguments.json:
        print(json.dumps(assessment.to_json(), ensure_ascii=False, indent=1))
    else:
        print_assessment(assessment)
    return 0


def _text(arguments: argparse.Namespace) -> str:
    if arguments.text is not None:
        return str(arguments.text)
    try:
        with arguments.text_file.open("rb") as stream:
            data = stream.read(LARGEST_TEXT + 1)
    except OSError as error:
        raise TextError(f"{arguments.text_file} cannot be read ({error.strerror}); name a text file.") from error
    if len(data) > LARGEST_TEXT:
        raise TextError(f"{arguments.text_file} is larger than 1 MB; give the text of one recording.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TextError(f"{arguments.text_file} is not UTF-8 text; save it as UTF-8.") from error


def _clip(source: str) -> Clip:
    from tutor.clip import read_clip

    if source != "-":
        return read_clip(Path(source))
    data = sys.stdin.buffer.read(LARGEST_PIPE + 1)
    if len(data) > LARGEST_PIPE:
        raise AudioError("Standard input holds more than 600 MB; give at most 10 minutes of sound.")
    return read_clip(io.BytesIO(data))
