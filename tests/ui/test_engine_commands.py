"""``tutor engine``, ``model``, ``doctor`` and ``bench`` through the command line's own entrance."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from engines import benchmark, calibration_report, recordings
from engines.canned import CannedModel
from engines.manifest import load_manifest
from engines.verify import Case
from tests.engines.check_model import clip_of
from tests.engines.tiny_model import write_tiny_model
from tutor.errors import AudioError, CorpusError
from tutor.progress import Progress, silent
from ui import console
from ui.cli import main

needs_rtx = pytest.mark.skipif(
    importlib.util.find_spec("tensorrt_rtx") is None, reason="tensorrt-rtx is not installed"
)
CASES = [Case("one", clip_of(20_000, 1), "one"), Case("two", clip_of(40_000, 2), "two")]


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("CACHE", "DATA", "CONFIG"):
        monkeypatch.setenv(f"TUTOR_{kind}_DIR", str(tmp_path / kind.lower()))
    monkeypatch.setattr(recordings, "load_cases", lambda folder=None, limit=0: CASES[: limit or None])


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny_model(tmp_path_factory.mktemp("model") / "tiny"))


@pytest.fixture
def assess(monkeypatch: pytest.MonkeyPatch) -> None:
    """A path short enough to be timed in a test: listens, and answers fixed scores."""

    def assess(clip: Any, prompt: Any, model: Any) -> Any:
        answer = model.listen([clip.samples])[0]
        phones = tuple(SimpleNamespace(score=float(value)) for value in 50 + answer.log_posteriors[:4, 1])
        return SimpleNamespace(
            timing_ms={"acoustic": 1.0, "total": 2.0}, words=(SimpleNamespace(phonemes=phones),)
        )

    module = ModuleType("tutor.assess")
    module.assess = assess  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tutor.assess", module)


def output(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_doctor_tells_what_is_there(tiny: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json", "--model", tiny]) == 0
    report = output(capsys)
    assert report["schema"] == "tutor.doctor/1" and report["engine"]["chosen"]
    assert any(part["name"] == "numpy" and part["version"] == np.__version__ for part in report["parts"])
    assert report["models"][-1]["problem"] == "" and report["engine"]["reason"]
    assert main(["doctor", "--model", tiny]) == 0
    text = capsys.readouterr().out
    assert f"Engine: {report['engine']['chosen']}" in text and "Microphone" in text


def test_doctor_without_a_model_exits_3_and_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--model", str(tmp_path)]) == 3
    told = capsys.readouterr()
    assert "manifest.json is missing" in told.out and "cannot score" in told.err


def test_doctor_shows_damaged_engines(tiny: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cache" / "engines").mkdir(parents=True)
    (tmp_path / "cache" / "engines" / "old.plan").write_bytes(b"old")
    assert main(["doctor", "--model", tiny]) == 0
    assert "unusable: old.json is missing or garbled" in capsys.readouterr().out


def test_doctor_asks_a_gpu_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    from engines import choose, cuda
    from tests.engines.fake_cuda import Code, FakeCuda
    from ui.commands import doctor

    monkeypatch.setattr(choose, "gpu_driver", lambda: "")
    fake = FakeCuda(devices=2)
    monkeypatch.setattr(cuda, "runtime_module", lambda: fake)
    found = doctor._gpu()
    assert [device["capability"] for device in found["devices"]] == ["sm89", "sm89"]
    fake.fail["cudaGetDeviceCount"] = [Code.cudaErrorInsufficientDriver]
    assert "update the NVIDIA driver" in doctor._gpu()["problem"]


@needs_rtx
def test_engines_are_built_ahead_listed_and_cleaned(tiny: str, capsys: pytest.CaptureFixture[str]) -> None:
    build = [
        "engine",
        "build",
        "--model",
        tiny,
        "--library",
        "tensorrt_rtx",
        "--target",
        "sm89",
        "--precision",
        "fp16",
    ]
    assert main([*build, "--profile", "interactive", "--json"]) == 0
    built = output(capsys)
    assert (
        built[0]["target"] == "sm89" and built[0]["verdict"] == "untried" and Path(built[0]["path"]).is_file()
    )
    assert main(["engine", "list", "--json"]) == 0
    assert output(capsys) == built
    assert main(["engine", "list"]) == 0
    assert "tiny fp16 by tensorrt_rtx" in capsys.readouterr().out
    assert main(["engine", "verify", "--model", tiny]) == 0
    Path(built[0]["path"]).write_bytes(b"cut")
    assert main(["engine", "list"]) == 0
    assert "damaged" in capsys.readouterr().err
    assert main(["engine", "clean"]) == 0
    assert "MB freed" in capsys.readouterr().out
    assert not Path(built[0]["path"]).exists()


@needs_rtx
def test_all_generations_though_one_cannot_be_had(tiny: str, capsys: pytest.CaptureFixture[str]) -> None:
    build = ["engine", "build", "--model", tiny, "--target", "all", "--precision", "fp32", "--profile", "interactive"]
    assert main(build) == 1
    told = capsys.readouterr()
    assert told.err.startswith("tutor: sm75: ") and told.err.count("\n") == 1
    for target in ("sm80", "sm86", "sm89", "sm120"):
        assert f" on {target}: " in told.out
    assert "not verified: that takes such a GPU" in told.out and "4 of 5 built, in " in told.out


@needs_rtx
@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot send itself Ctrl-C on Windows")
def test_ctrl_c_reaches_the_builder(
    tiny: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def pressed() -> Iterator[Progress]:
        def report(label: str, done: int, total: int) -> bool:
            if label.endswith("Building engine") and done == 1:
                os.kill(os.getpid(), signal.SIGINT)
            return True

        yield report

    monkeypatch.setattr(console, "progress_bar", pressed)
    assert main(["engine", "build", "--model", tiny, "--target", "all", "--precision", "fp16"]) == 130
    assert "stopped" in capsys.readouterr().err
    assert main(["engine", "list"]) == 0 and capsys.readouterr().out == ""
    with pytest.raises(KeyboardInterrupt), console.stoppable(silent) as progress:
        assert progress("work", 0, 2)
        os.kill(os.getpid(), signal.SIGINT)
        assert not progress("work", 1, 2)


def test_only_work_under_way_has_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(console, "console", lambda: Console(file=screen, force_terminal=True, width=80))
    with console.progress_bar() as progress:
        progress("reading", 3, 3)
        progress("building", 1, 3)
        progress("reading", 3, 3)
        screen.truncate(0)
    assert "building" in screen.getvalue() and "reading" not in screen.getvalue()


def test_no_engine_for_this_machine(
    tiny: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from engines import choose

    monkeypatch.setattr(choose, "gpu_driver", lambda: "no NVIDIA driver is installed")
    assert main(["engine", "build", "--model", tiny]) == 3
    told = capsys.readouterr().err
    assert "no NVIDIA driver is installed" in told and "--target" in told
    assert main(["engine", "verify", "--model", tiny]) == 0
    assert "nothing was verified" in capsys.readouterr().err


@needs_rtx
def test_a_build_that_cannot_be_done_exits_3(tiny: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--library", "tensorrt_rtx", "--target", "sm75", "--precision", "fp32"]
    assert main(["engine", "build", "--model", tiny, *options]) == 3
    assert "sm75" in capsys.readouterr().err


def test_without_any_tensorrt_the_extra_is_named(
    tiny: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from engines import choose

    monkeypatch.setattr(choose, "installed_version", lambda name: "")
    assert main(["engine", "build", "--model", tiny]) == 3
    assert "pip install '.[rtx]'" in capsys.readouterr().err


def test_a_failed_gate_exits_1(tiny: str, capsys: pytest.CaptureFixture[str]) -> None:
    from engines import engine_store

    key = engine_store.key_of(load_manifest(Path(tiny)), "tensorrt 10.3.0", "fp16", target="sm89")
    engine_store.judge(engine_store.save(key, b"plan", 1.0), engine_store.FAILED, {"failures": ["kl is 9"]})
    assert main(["engine", "list"]) == 1
    assert "not used: kl is 9" in capsys.readouterr().out


def test_calibration_figures(
    tiny: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibration_report, "HEARD", calibration_report.HEARD[:2])
    assert main(["engine", "calibrate", "--model", "light", "--limit", "2", "--json"]) == 0
    rows = output(capsys)
    assert {row["calibrated on"] for row in rows} == {"quiet only", "everywhere"}
    assert {row["heard in"] for row in rows} == {"quiet", "20 dB"}
    assert main(["engine", "calibrate", "--model", tiny, "--sweep", "--write", "--limit", "1"]) == 0
    assert "kl " in capsys.readouterr().out
    assert isinstance(load_manifest(Path(tiny)).calibration["int8_keep"], list)


@pytest.fixture
def spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real speech where the whole path is walked: a chirp is refused as no speech."""
    speech, text = benchmark.speech_of(2.0)
    cases = [Case("a", speech, text), Case("b", speech[::-1].copy(), text)]
    monkeypatch.setattr(recordings, "load_cases", lambda folder=None: cases)
    monkeypatch.setattr(benchmark, "speech_of", lambda seconds: (speech, text))


def test_the_way_to_production(
    tiny: str, tmp_path: Path, assess: None, spoken: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["model", "stage", tiny]) == 0
    identity = capsys.readouterr().out.strip()
    assert main(["model", "promote", identity, "--name", "tiny"]) == 3
    assert "lacks the metric" in capsys.readouterr().err
    folder = tmp_path / "good"
    write_tiny_model(folder, seed=3)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["metrics"] = {"phone_pearson": 0.7, "word_accuracy_pearson": 0.7, "sentence_total_pearson": 0.9}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert main(["model", "stage", str(folder)]) == 0
    good = capsys.readouterr().out.strip()
    assert main(["model", "promote", good, "--name", "tiny"]) == 0
    capsys.readouterr()
    assert main(["model", "compare", identity, "--name", "tiny", "--json"]) == 0
    figures = output(capsys)
    assert figures["recordings"] == 4 and figures["shift"] != 0
    assert main(["model", "compare", identity, "--name", "tiny"]) == 0
    assert "latency_ratio" in capsys.readouterr().out
    assert main(["model", "list", "--name", "tiny"]) == 0
    assert f"{good}: in use" in capsys.readouterr().out
    assert main(["model", "list", "--name", "tiny", "--json"]) == 0
    assert {row["id"]: row["in_use"] for row in output(capsys)} == {good: True, identity: False}
    assert main(["model", "rollback", "--name", "tiny"]) == 0
    assert "the shipped one" in capsys.readouterr().out
    assert main(["model", "log"]) == 0
    assert "rolled back" in capsys.readouterr().out
    assert main(["model", "log", "--json"]) == 0


def test_export_of_another_precision(tiny: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "export", str(tmp_path / "int8"), "--model", tiny, "--precision", "int8"]) == 0
    assert json.loads((tmp_path / "int8" / "manifest.json").read_text())["acoustic"]["precision"] == "int8"
    assert main(["model", "export", str(tmp_path / "int8"), "--model", tiny]) == 3


def test_bench_table_and_json(
    tiny: str, assess: None, spoken: None, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["bench", "--model", tiny, "--backends", "onnx_cpu,canned", "--repeats", "3", "--seconds", "1"]
    assert main([*words, "--concurrency", "1,4", "--duration", "0.2", "--json"]) == 0
    reports = output(capsys)["reports"]
    assert [report["engine"]["backend"] for report in reports] == ["onnx_cpu", "canned"]
    assert set(reports[0]["stages"]) == {"decode", "prompt", "acoustic", "total"}
    assert reports[0]["load"][1]["speakers"] == 4 and reports[0]["load"][1]["failed"] == 0
    assert reports[0]["load"][1]["takes_per_s"] > 1 and reports[0]["peak_memory_mb"] > 30
    assert main([*words, "--concurrency", "2", "--duration", "0.1"]) == 0
    text = capsys.readouterr().out
    assert "real time" in text and "2 speakers" in text


def test_failures_under_load_are_counted() -> None:
    class Refusing(CannedModel):
        def listen(self, clips: Any) -> Any:
            raise AudioError("no")

    report = benchmark.bench_load(Refusing(), [clip_of(16_000, 1)], 2, duration_s=0.05)
    assert report.failed > 0 and report.takes_per_s == 0 and np.isnan(report.latency.p50)


def test_many_speakers_share_batches() -> None:
    report = benchmark.bench_load(CannedModel(delay_s=0.02), [clip_of(16_000, 1)], 8, duration_s=0.4)
    assert report.mean_batch > 4 and report.failed == 0
    alone = benchmark.bench_load(CannedModel(delay_s=0.02), [clip_of(16_000, 1)], 1, duration_s=0.2)
    assert alone.mean_batch == 1.0


def test_percentiles_are_in_milliseconds() -> None:
    times = benchmark.spread([0.001] * 98 + [0.1, 0.2])
    assert times.p50 == pytest.approx(1.0) and times.p99 > 50
    report = benchmark.time_listen(CannedModel(), clip_of(16_000, 1), repeats=3)
    assert 0 < report.p50 < 1000


def test_bundled_speech_close_to_a_length() -> None:
    samples, text = benchmark.speech_of(5.0)
    assert 3.0 < len(samples) / 16_000 < 7.0 and samples.dtype == np.float32 and text


def test_recordings_of_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    import soundfile

    speech, _ = benchmark.speech_of(2.0)
    soundfile.write(tmp_path / "a.wav", speech, 16_000)
    (tmp_path / "a.lab").write_text("We call\nit bear")
    soundfile.write(tmp_path / "b.flac", np.tile(speech, 10), 16_000)
    (tmp_path / "c.wav").write_bytes(b"no sound")
    cases = recordings.load_cases(tmp_path)
    assert [(case.name, case.text) for case in cases] == [("a", "We call it bear"), ("b", "")]
    assert len(cases[1].samples) == 240_000
    noisy = recordings.noisy_cases(cases)
    assert len(noisy) == 4 and noisy[0].text == "We call it bear" and noisy[1].text == ""
    assert len(recordings.load_cases(tmp_path, limit=1)) == 1
    assert len(recordings.voices(tmp_path)) == 2
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match="No usable recording"):
        recordings.load_cases(tmp_path / "empty")
    assert recordings.load_cases(limit=2)[0].text
