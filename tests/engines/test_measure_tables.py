"""README's GPU tables from a small made-up result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engines.measure import tables
from engines.measure.tables import Results, report, speakers_at, written


def times(ms: float) -> dict[str, float]:
    return {"count": 100, "mean_ms": ms, "p50_ms": ms, "p95_ms": 2 * ms, "p99_ms": 3 * ms, "takes_per_s": 3_000}


FILES: dict[str, dict[str, Any]] = {
    "trt": {
        "work": {"main": {"1 x 5 s": {"flops": 1.5e10, "weights": 2.7e7, "values_io": 2.6e5}}},
        "device": {"name": "NVIDIA H200", "library": "tensorrt 8.6.0", "driver": 13000},
        "build main fp16": {"seconds": 91.4, "bytes": 61_000_000},
        "build main int8": {"seconds": 91.4, "bytes": 31_000_000},
        "parity main int8": {"alone": {"max_abs": 1.0, "mean_abs": 0.1, "kl": 0.01}, "step_s": 3},
        "latency main fp16": {"plain 5 s": times(4.0), "graphs 5 s": times(2.0)},
        "load main fp16": {"20": times(3.0), "80": times(10.0), "1024": times(170.0), "memory_mb": 4_000},
        "load m90 fp16": {"80": times(5.0), "256": times(50.0), "memory_mb": 3_000},
        "offline main fp16": {"streamed": {"times_real_time": 9_000.0}},
        "failed: load main int8": {"error": "killed"},
    },
    "torch": {
        "device": {"torch": "2.11.0"},
        "main eager fp32": {"5 s": times(20.0), "20 speakers": times(40.0), "memory_mb": 5_000},
        "m60 eager fp32": {"80 speakers": times(15.0), "256 speakers": times(110.0), "memory_mb": 6_000},
        "light eager fp32": {"error": "out of memory"},
    },
    "gate": {"main fp16": {"max_abs": 0.2, "mean_abs": 0.004, "kl": 1e-4, "shift": 0.1, "rank": 0.999, "failures": []}},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    return tmp_path


def row(text: str, start: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.startswith(f"| {start}"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_bars_are_judged_and_what_was_not_run_is_said(folder: Path) -> None:
    text = report(Results(folder))
    assert row(text, "one 5 s recording")[1:4] == ["≥ 4 ×", "10.0 ×", "met"]
    # Work of 1.5e10 operations at 990 TFLOP/s is 15 µs, more than moving the weights; 2 ms were measured.
    assert row(text, "one 5 s recording")[4].startswith("0.8 % (floor 15 µs)")
    assert row(text, "p95 of 1,024")[1:4] == ["≤ 300 ms", "340 ms", "**missed**"]
    assert row(text, "p95 samples → scores")[2] == "not run"
    assert row(text, "offline")[2:4] == ["9,000 × real time", "met"]
    # PyTorch's 20 speakers wait 80 ms; TensorRT's crowd does so between 80 (20 ms) and 1024 (340 ms).
    assert row(text, "speakers at the same p95")[2] == f"{(80 + 944 * 60 / 320) / 20:.1f} ×"


def test_tables_hold_every_engine(folder: Path) -> None:
    text = report(Results(folder))
    assert row(text, "main fp16")[-1] == "passed" and row(text, "main int8")[3:5] == ["1.0e+00", "1.0e-01"]
    assert row(text, "PyTorch eager fp32")[3] == "20.00 / 40.00 / 60.00"
    assert row(text, "with CUDA graphs fp16")[3] == "2.00 / 4.00 / 6.00"
    assert row(text, "TensorRT main fp16")[1:] == ["–", "–", "6.0", "20.0", "–", "340.0", "3,000", "4,000"]
    assert row(text, "average latency")[2:4] == ["110.0 → 50.0 ms, 2.2 ×", "not run"]
    # PyTorch's 80 speakers wait 30 ms; m90's crowd does so between 80 (10 ms) and 256 (100 ms).
    assert row(text, "speakers at PyTorch's p95")[2] == f"80 → {80 + 176 * 20 / 90:.0f}, 1.5 ×"
    assert row(text, "GPU memory")[2] == "6000 → 3000 MB, 2.0 ×"
    assert row(text, "all as they come, light model (it answers under such a crowd)")[2] == "not run"
    assert "TensorRT light" not in text and "killed" not in text


def test_speakers_at_a_latency() -> None:
    crowd = {1: 2.0, 20: 10.0, 80: 40.0}
    assert speakers_at(crowd, 1.0) is None and speakers_at({}, 5.0) is None
    assert speakers_at(crowd, 25.0) == pytest.approx(50) and speakers_at(crowd, 80.0) == pytest.approx(160)


def test_nothing_measured_and_the_markers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"a\n{tables.BEGIN}\nold\n{tables.END}\nb\n")
    monkeypatch.setattr("sys.argv", ["tables", "--results", str(tmp_path), "--write", str(readme)])
    assert tables.main() == 0
    assert "old" not in readme.read_text() and readme.read_text().endswith(f"{tables.END}\nb\n")
    with pytest.raises(ValueError, match="has no"):
        written("nothing", "x")


def test_layers_of_one_kind_are_told_together(tmp_path: Path) -> None:
    layers = [["/blocks.0/out/Conv", 1.0], ["/blocks.1/out/Conv", 2.0], ["{ForeignNode[/a/b_1 + x.../c/d_2 + y]}", 4.0]]
    found = {"layers main fp16": {"64 x 4 s": {"all": 10.0, "layers": layers, "count": 3}, "step_s": 1.0}}
    (tmp_path / "trt.json").write_text(json.dumps(found))
    table = tables.costliest_layers(Results(tmp_path))
    assert "| 64 x 4 s | `fused: /a/b … /c/d` | 4.00 | 40 % |" in table
    assert "| 64 x 4 s | `/blocks/out/Conv` | 3.00 | 30 % |" in table
