"""README's GPU tables from the result files: ``python -m engines.measure.tables [--write README.md]``.

Reads trt.json, torch.json, gate.json and path.json of a folder (default: ``results`` beside this file) as
``measure.run`` wrote them; what was not run is shown as such. ``--write`` replaces what stands between the
markers in a file.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from tutor.paths import write_atomic
from tutor.timebase import SAMPLE_RATE

BEGIN, END = "<!-- gpu -->", "<!-- /gpu -->"
NOTHING = "–"
SPEAKERS = (1, 8, 20, 80, 256, 1024)
LENGTHS_S = (1, 3, 5, 10)
BYTES_PER_S = 4.8e12
RATES = {"fp32": 67e12, "fp16": 990e12, "int8": 1979e12}
"""An H200's memory bandwidth, and operations a second of dense products, by its data sheet."""

Figures = Mapping[str, Any]


class Results:
    """The result files of one folder; missing ones are empty."""

    def __init__(self, folder: Path) -> None:
        self.trt, self.torch, self.gate, self.path = (
            _read(folder / f"{name}.json") for name in ("trt", "torch", "gate", "path")
        )

    def work(self, model: str, shape: str) -> Figures:
        """Operations and values of ``shape`` ("1 x 5 s", "16 x 4 s"); empty if they were not counted."""
        found: Figures = self.trt.get("work", {}).get(model, {}).get(shape, {})
        return found

    def p95_ms(self, engine: str) -> dict[int, float]:
        """p95 by number of speakers: ``engine`` is "main fp16" (TensorRT) or "main eager fp32" (PyTorch)."""
        crowd = self.trt.get(f"load {engine}", {})
        if not crowd:
            crowd = {key.split()[0]: value for key, value in self.torch.get(engine, {}).items() if "sp" in key}
        found = {count: _at(crowd, str(count), "p95_ms") for count in SPEAKERS}
        return {count: value for count, value in found.items() if value is not None}


def report(results: Results) -> str:
    """All tables as markdown."""
    parts = (device_line, builds, latencies, crowds, sources_table, path_and_profile, costliest_layers, bars)
    return "\n\n".join(text for text in (part(results) for part in parts) if text)


def device_line(results: Results) -> str:
    device, torch = results.trt.get("device", {}), results.torch.get("device", {})
    if not device:
        return ""
    return (
        f"One {device['name']}, {device['library'].replace('tensorrt', 'TensorRT')}, driver for CUDA "
        f"{device['driver'] // 1000}.{device['driver'] % 1000 // 10}, PyTorch {torch.get('torch', NOTHING)}; "
        "m60 to m400 are Conformers of so many million random weights."
    )


def builds(results: Results) -> str:
    """Build time, size and the gate's figures (the posteriors' parity where the gate was not run)."""
    rows = []
    for name, found in results.trt.items():
        if not name.startswith("build "):
            continue
        engine = name[6:]
        gate = results.gate.get(engine, {})
        parity = results.trt.get(f"parity {engine}", {})
        worst = {key: _worst(parity, key) for key in ("max_abs", "mean_abs", "kl")}
        verdict = NOTHING
        if gate:
            verdict = "passed" if not gate["failures"] else "failed: " + "; ".join(gate["failures"])
        rows.append(
            [
                engine,
                _number(found["seconds"], 0),
                _number(found["bytes"] / 1e6, 0),
                *(_scientific(gate.get(key, worst[key])) for key in worst),
                _number(gate.get("shift"), 3),
                _number(gate.get("rank"), 4),
                verdict,
            ]
        )
    heads = ["engine", "build s", "MB", "max abs", "mean abs", "KL", "phone shift of 100", "rank", "gate"]
    return _table(heads, rows)


def latencies(results: Results) -> str:
    """One recording, host to host: p50 / p95 / p99."""
    rows = []
    modes = ("eager fp32", "eager tf32", "eager fp16", "compile fp32", "compile fp16", "onnxruntime fp32")
    for mode in modes:
        found = results.torch.get(f"main {mode}", {})
        if "5 s" in found:
            rows.append([_baseline(mode), *(_triple(found.get(f"{length} s")) for length in LENGTHS_S)])
    for engine in ("main fp32", "main fp16", "main int8", "main int8qdq", "light fp16"):
        found = results.trt.get(f"latency {engine}", {})
        for label, words in (("plain", "TensorRT "), ("graphs", "with CUDA graphs ")):
            if f"{label} 5 s" in found:
                cells = (_triple(found.get(f"{label} {length} s")) for length in LENGTHS_S)
                rows.append([words + engine.replace("main ", ""), *cells])
    return _table(["ms: p50 / p95 / p99", *(f"{length} s" for length in LENGTHS_S)], rows)


def crowds(results: Results) -> str:
    """p95 by speakers, each sending 3–5 s takes one after another; rate at the most; memory."""
    rows = []
    for name, found in results.torch.items():
        if any("speakers" in key for key in found):
            crowd = {key.split()[0]: value for key, value in found.items() if "speakers" in key}
            rows.append(_crowd_row(_baseline(name), crowd, found.get("memory_mb")))
    for name, found in results.trt.items():
        if name.startswith("load "):
            rows.append(_crowd_row("TensorRT " + name[5:], found, found.get("memory_mb")))
    heads = ["p95 ms at … speakers", *(str(count) for count in SPEAKERS), "takes/s at most", "GPU MB"]
    return _table(heads, rows)


def _baseline(name: str) -> str:
    """Who answers in a mode of torch.json: PyTorch, or ONNX Runtime's CUDA."""
    runtime = "onnxruntime" in name
    return ("ONNX Runtime CUDA " if runtime else "PyTorch ") + name.replace("onnxruntime ", "")


def costliest_layers(results: Results) -> str:
    """Where the kernels' time goes, by TensorRT's profiler: layers of one kind in all blocks together."""
    rows = []
    for shape, found in _items(results.trt.get("layers main fp16")):
        kinds: dict[str, float] = {}
        for name, took in found["layers"]:
            kind = _kind(name)
            kinds[kind] = kinds.get(kind, 0.0) + took
        for kind, took in sorted(kinds.items(), key=lambda item: -item[1])[:5]:
            rows.append([shape, f"`{kind}`", f"{took:.2f}", f"{100 * took / found['all']:.0f} %"])
    return _table(["call", "layers", "ms", "share"], rows)


def _kind(name: str) -> str:
    """One name for a layer in every block; a fused region by where it begins and ends."""
    plain = re.sub(r"blocks\.\d+", "blocks", name)
    if plain.startswith("{ForeignNode["):
        first, _, last = plain[len("{ForeignNode[") :].partition("...")
        plain = f"fused: {first.split(' + ')[0]} … {last.split(' + ')[0].rstrip(']}')}"
    return re.sub(r"_?\d+", "", plain.split(" + ")[0])


def sources_table(results: Results) -> str:
    """The service described in the mission, beside the same comparison on this card."""
    old, new = results.torch.get("m60 eager fp32", {}), results.trt.get("load m90 fp16", {})
    same = results.trt.get("load m60 fp16", {})
    if not (old and new):
        return ""
    p95 = results.p95_ms("m60 eager fp32").get(80)

    def users(engine: str) -> float | None:
        return speakers_at(results.p95_ms(engine), p95) if p95 else None

    def latency(crowd: Figures) -> str:
        return _change(_at(old, "256 speakers", "mean_ms"), _at(crowd, "256", "mean_ms"), " ms")

    def memory(crowd: Figures) -> str:
        return _change(old.get("memory_mb"), crowd.get("memory_mb"), " MB")

    rows = [
        ["average latency, 256 speakers", "620 → 190 ms, 3.3 ×", latency(new), latency(same)],
        ["speakers at PyTorch's p95 with 80", "20 → 80, 4 ×",
         *(_change(80, users(f"{name} fp16"), "", more=True) for name in ("m90", "m60"))],
        ["GPU memory", "7.8 → 4.1 GB, 1.9 ×", memory(new), memory(same)],
        ["model size", "60 → 90 M", "60 → 90 M", "60 → 60 M"],
    ]  # fmt: skip
    return _table(["PyTorch FP32 → TensorRT FP16", "the source", "here, m60 → m90", "here, m60 → m60"], rows)


def path_and_profile(results: Results) -> str:
    """Where a take's time goes."""
    lines = []
    for label in ("gpu", "cpu"):
        found = results.path.get(label)
        if found:
            stages = ", ".join(f"{name} {value:.1f}" for name, value in found["stages_ms"].items())
            lines.append(
                f"- samples → scores, 5 s take, {label.upper()}: p50 {found['total']['p50_ms']:.1f}, "
                f"p95 {found['total']['p95_ms']:.1f} ms ({stages} ms)"
            )
    for shape, parts in _items(results.trt.get("profile main fp16")):
        lines.append(f"- {shape} on the GPU, ms: " + ", ".join(f"{k} {v:.2f}" for k, v in parts.items()))
    buckets = {
        int(name[7:]): found
        for name, found in results.trt.get("latency main fp16", {}).items()
        if name.startswith("bucket ")
    }
    if buckets:
        told = ", ".join(
            f"{'none' if step == 1 else f'{step / SAMPLE_RATE:g} s'} {found['p50_ms']:.2f} / {found['p95_ms']:.2f}"
            for step, found in sorted(buckets.items())
        )
        lines.append(f"- takes of 1 to 7 s rounded up to buckets of one CUDA graph each, p50 / p95 ms: {told}")
    story = results.path.get("faults", {}).get("story", [])
    if story:
        told = ", ".join(f"{event['event']}: {event['backend']} in {event['ms']:.0f} ms" for event in story)
        lines.append(f"- the worker killed and started again: {told}; every take was scored")
    for label, outcome in _items(results.trt.get("faults main fp16")):
        lines.append(f"- {label}: {outcome}")
    return "\n".join(lines)


def bars(results: Results) -> str:
    """The issue's bars, met or missed, each with its distance from the card's own limit."""
    crowds_at_300_ms = (
        ("p95 of 1,024 speakers", "main", "1024", _of_the_card(results, "crowd")),
        ("the same, takes of like length batched together", "main", "1024 by length", ""),
        ("all as they come, light model (it answers under such a crowd)", "light", "1024", ""),
    )
    rows = [
        _bar(
            "one 5 s recording, against PyTorch eager FP32",
            _ratio(
                _at(results.torch.get("main eager fp32", {}), "5 s", "p50_ms"),
                _at(results.trt.get("latency main fp16", {}), "graphs 5 s", "p50_ms"),
            ),
            4,
            " ×",
            _of_the_card(results, "one"),
        ),
        _bar("speakers at the same p95, against PyTorch eager FP32", _speaker_ratio(results), 6, " ×", ""),
        *(
            _bar(name, _at(results.trt.get(f"load {engine} fp16", {}), crowd, "p95_ms"), 300, " ms", limit, most=True)
            for name, engine, crowd, limit in crowds_at_300_ms
        ),
        _bar("p95 samples → scores, 5 s", _at(results.path, "gpu", "total", "p95_ms"), 15, " ms", "", most=True),
        _bar(
            "offline, acoustic model",
            _at(results.trt.get("offline main fp16", {}), "streamed", "times_real_time"),
            2_000,
            " × real time",
            _of_the_card(results, "offline"),
        ),
    ]
    return _table(["bar", "asked", "found", "", "of the card's own limit"], rows)


def speakers_at(p95_ms: Mapping[int, float], wanted_ms: float) -> float | None:
    """Speakers served at ``wanted_ms``: between two measured crowds by interpolation, beyond the last in
    proportion (it is saturated there). None where even the smallest crowd takes longer.
    """
    points = sorted(p95_ms.items())
    if not points or points[0][1] > wanted_ms:
        return None
    for (fewer, low), (more, high) in pairwise(points):
        if low <= wanted_ms <= high:
            return fewer + (more - fewer) * (wanted_ms - low) / max(high - low, 1e-9)
    most, slowest = points[-1]
    return most * max(1.0, wanted_ms / slowest)


def _speaker_ratio(results: Results) -> float | None:
    """By how much PyTorch's crowds of 20, 80 and 256 may grow at their p95; the middle one of the three."""
    ours, theirs = results.p95_ms("main fp16"), results.p95_ms("main eager fp32")
    ratios = [(speakers_at(ours, theirs[n]) or 0.0) / n for n in (20, 80, 256) if n in theirs and ours]
    return sorted(ratios)[len(ratios) // 2] if ratios else None


def _of_the_card(results: Results, what: str) -> str:
    """Operations (and, for one recording, bytes) a second against the card's data sheet."""
    if what == "one":
        work, found = results.work("main", "1 x 5 s"), results.trt.get("latency main fp16", {})
        took = _at(found, "graphs 5 s", "p50_ms")
        if not (work and took):
            return NOTHING
        floor_s = max(
            work["flops"] / RATES["fp16"], (2 * work["weights"] + 4 * work["values_io"]) / BYTES_PER_S
        )
        return f"{1e5 * floor_s / took:.1f} % (floor {floor_s * 1e6:.0f} µs): launches, not work"
    work = results.work("main", "16 x 4 s")
    takes: float | None = None
    if what == "crowd":
        takes = _at(results.trt.get("load main fp16", {}), "1024", "takes_per_s")
    else:
        times = _at(results.trt.get("offline main fp16", {}), "streamed", "times_real_time")
        takes = times / 4 if times else None
    if not (work and takes):
        return NOTHING
    rate = takes * work["flops"] / 16
    return f"{100 * rate / RATES['fp16']:.0f} % ({rate / 1e12:.0f} of {RATES['fp16'] / 1e12:.0f} TFLOP/s)"


def _bar(
    name: str, found: float | None, wanted: float, unit: str, limit: str, *, most: bool = False
) -> list[str]:
    asked = f"{'≤' if most else '≥'} {wanted:,}{unit}"
    if found is None:
        return [name, asked, "not run", "", limit or NOTHING]
    met = found <= wanted if most else found >= wanted
    shown = f"{found:,.0f}" if found >= 100 else f"{found:.1f}"
    return [name, asked, shown + unit, "met" if met else "**missed**", limit or NOTHING]


def _crowd_row(name: str, crowd: Figures, memory_mb: float | None) -> list[str]:
    cells = [_number(_at(crowd, str(count), "p95_ms"), 1) for count in SPEAKERS]
    rates = [_at(crowd, str(count), "takes_per_s") or 0.0 for count in SPEAKERS]
    return [name, *cells, _number(max(rates), 0), _number(memory_mb, 0)]


def _change(old: float | None, new: float | None, unit: str, *, more: bool = False) -> str:
    if old is None or new is None or not old or not new:
        return "not run"
    factor = new / old if more else old / new
    digits = 1 if min(old, new) < 100 and unit == " ms" else 0
    return f"{old:.{digits}f} → {new:.{digits}f}{unit}, {factor:.1f} ×"


def _ratio(one: float | None, other: float | None) -> float | None:
    return one / other if one and other else None


def _worst(parity: Figures, key: str) -> float | None:
    values = [part[key] for part in parity.values() if isinstance(part, dict) and key in part]
    return max(values) if values else None


def _triple(found: Figures | None) -> str:
    if not found:
        return NOTHING
    return " / ".join(f"{found[name]:.2f}" for name in ("p50_ms", "p95_ms", "p99_ms"))


def _number(value: float | None, digits: int) -> str:
    return NOTHING if value is None else f"{value:,.{digits}f}"


def _scientific(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.1e}"


def _at(figures: Any, *keys: str) -> float | None:
    for key in keys:
        if not isinstance(figures, Mapping) or key not in figures:
            return None
        figures = figures[key]
    return float(figures)


def _items(figures: Figures | None) -> Iterable[tuple[str, Any]]:
    return [(name, value) for name, value in (figures or {}).items() if name != "step_s"]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return {name: value for name, value in found.items() if not (isinstance(value, dict) and "error" in value)}


def written(text: str, tables: str) -> str:
    """``text`` with ``tables`` between its markers; ``ValueError`` without the markers."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the file has no {BEGIN} … {END}")
    return f"{head}{BEGIN}\n{tables}\n{END}{tail}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=Path(__file__).parent / "results")
    parser.add_argument("--write", type=Path, help="a file with the markers, such as README.md")
    arguments = parser.parse_args()
    tables = report(Results(arguments.results)) or "Not run yet."
    if arguments.write:
        text = written(arguments.write.read_text(encoding="utf-8"), tables)
        write_atomic(arguments.write, text.encode("utf-8"))
    else:
        print(tables)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
