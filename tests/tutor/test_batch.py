"""Whole runs with a canned model: outputs, resuming after every kind of end, the same bytes each way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from readings import babble

from engines.canned import CannedModel
from tutor import phonetics
from tutor.acoustic import EngineInfo
from tutor.batch import JOURNAL, FileDone, RunSummary, Settings, run_batch
from tutor.errors import CorpusError, OutputError
from tutor.intake import Intake, take_in
from tutor.outputs import RESULTS, write_outputs
from tutor.verification import verify

ROOT = Path(__file__).parents[2]
TEXTS = ("We call it bear", "Call it", "We call it", "It bear")
SETTINGS = Settings("canned", "canned", "key", acoustics=False)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two speakers, seven good recordings and one that is silent."""
    import numpy as np
    import soundfile

    folder = tmp_path_factory.mktemp("corpus")
    for number in range(7):
        audio = babble(folder / f"s{number % 2}" / f"{number} é.wav", 0.8 + 0.2 * number, 110.0 + 10 * number)
        audio.with_suffix(".txt").write_text(TEXTS[number % 4], encoding="utf-8")
    soundfile.write(folder / "s1" / "silent.wav", np.zeros(16_000), 16_000)
    (folder / "s1" / "silent.txt").write_text("We call it bear", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def intake(corpus: Path) -> Intake:
    return take_in(corpus)


def run(intake: Intake, out: Path, **options: object) -> RunSummary:
    options = {"settings": SETTINGS, "workers": 0, **options}
    return run_batch(intake.items, out, CannedModel, **options)  # type: ignore[arg-type]


def finish(intake: Intake, out: Path, corpus: Path, settings: Settings = SETTINGS) -> dict[str, bytes]:
    summary = RunSummary(len(intake.items), 0, 8, 1, False, 10.0, 1.0)
    made = write_outputs(out, corpus, intake, settings, summary, reports=False)
    return {name: (out / name).read_bytes() for name in made.files if name != "run.json"}


def results(out: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (out / RESULTS).read_text(encoding="utf-8").splitlines()]


def test_a_run_scores_all_and_reports_failures(intake: Intake, tmp_path: Path) -> None:
    heard: list[FileDone] = []
    summary = run(intake, tmp_path, finished=heard.append)
    assert (summary.total, summary.scored, summary.failed, summary.stopped) == (8, 7, 1, False)
    failed = [item for item in heard if item.error]
    assert [item.id for item in failed] == ["s1/silent"] and len(heard) == 8
    assert all(item.overall is not None for item in heard if not item.error)


def test_outputs_are_sorted_complete_and_listed(intake: Intake, corpus: Path, tmp_path: Path) -> None:
    run(intake, tmp_path)
    files = finish(intake, tmp_path, corpus)
    assert [line["id"] for line in results(tmp_path)] == sorted(item.id for item in intake.items)
    assert {"utterances.csv", "words.csv", "phones.csv", "dictionary.csv", "problems.csv"} <= set(files)
    grids = sorted(
        path.relative_to(tmp_path).as_posix() for path in (tmp_path / "textgrids").rglob("*.TextGrid")
    )
    assert len(grids) == 7 and grids[0] == "textgrids/s0/0 é.TextGrid"
    manifest = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert manifest["settings"]["model_key"] == "key" and manifest["versions"]["tutor"]
    assert set(manifest["files"]) == set(files)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_same_bytes_whatever_workers_order_and_batches(intake: Intake, corpus: Path, tmp_path: Path) -> None:
    ways = {
        "one": {},
        "two": {"workers": 2},
        "batches": {"batch_size": 3},
        "backwards": {},
    }
    made = {}
    for name, options in ways.items():
        items = Intake(intake.layout, intake.items[::-1], ()) if name == "backwards" else intake
        run(items, tmp_path / name, **options)
        made[name] = finish(intake, tmp_path / name, corpus)
    for name in ways:
        assert made[name] == made["one"], name


def test_a_stop_keeps_what_is_done_and_the_next_run_does_the_rest(intake: Intake, tmp_path: Path) -> None:
    first = run(intake, tmp_path, progress=lambda label, done, total: done < 3)
    assert first.stopped and first.scored + first.failed == 3
    second = run(intake, tmp_path)
    assert (second.before, second.scored + second.failed, second.stopped) == (3, 5, False)
    lines = (tmp_path / JOURNAL).read_text(encoding="utf-8").splitlines()
    assert len({json.loads(line)["id"] for line in lines}) == len(lines) == 8, "nothing is done twice"
    assert run(intake, tmp_path).before == 8


def test_what_changed_is_scored_again(tmp_path: Path) -> None:
    for name in "ab":
        babble(tmp_path / "in" / f"{name}.wav", 0.6).with_suffix(".txt").write_text(
            "call it", encoding="utf-8"
        )
    out = tmp_path / "out"
    run(take_in(tmp_path / "in"), out)
    (tmp_path / "in" / "a.txt").write_text("call", encoding="utf-8")
    assert run(take_in(tmp_path / "in"), out).scored == 1
    babble(tmp_path / "in" / "b.wav", 0.7)
    assert run(take_in(tmp_path / "in"), out).scored == 1
    other = Settings("canned", "canned", "another key", acoustics=False)
    assert run(take_in(tmp_path / "in"), out, settings=other).scored == 2


def test_failures_are_kept_unless_asked_for(intake: Intake, tmp_path: Path) -> None:
    run(intake, tmp_path)
    assert run(intake, tmp_path).before == 8
    again = run(intake, tmp_path, retry_failed=True)
    assert (again.before, again.failed) == (7, 1)


class Bursting(CannedModel):
    """Has a fault with clips of a certain length."""

    def listen(self, clips):  # type: ignore[no-untyped-def]
        if any(len(clip) > 1.9 * 16_000 for clip in clips):
            raise RuntimeError("burst")
        return super().listen(clips)


def test_one_bad_file_takes_no_other_with_it(intake: Intake, tmp_path: Path) -> None:
    heard: list[FileDone] = []
    summary = run_batch(
        intake.items, tmp_path, Bursting, SETTINGS, workers=0, batch_size=8, finished=heard.append
    )
    assert summary.scored == 6
    burst = [item.id for item in heard if item.error == "Internal error: RuntimeError: burst"]
    assert burst == ["s0/6 é"]


class Falling(CannedModel):
    """Stands in for a model whose engine fails at the second file, so that a lesser one takes over."""

    def listen(self, clips):  # type: ignore[no-untyped-def]
        heard = super().listen(clips)
        self._heard_before = getattr(self, "_heard_before", 0) + 1
        # The first call was not a file's.
        if self._heard_before > 2:
            self._info = EngineInfo("onnx_cpu", "light 1", "fp32", "")
        return heard


def test_answers_of_another_engine_are_not_mixed_in(intake: Intake, tmp_path: Path) -> None:
    heard: list[FileDone] = []
    run_batch(intake.items, tmp_path, Falling, SETTINGS, workers=0, finished=heard.append)
    assert [item.error for item in heard].count("") == 1
    assert (
        sum("canned 1 on canned failed and light 1 on onnx_cpu took over" in item.error for item in heard)
        == 6
    )


SLOW = """
import sys, threading, time
from functools import partial
from pathlib import Path
sys.path[:0] = [{root!r}, {tests!r}]
from engines.canned import CannedModel
from test_batch import SETTINGS
from tutor.batch import run_batch
from tutor.intake import take_in
if __name__ == "__main__":
    model = partial(CannedModel, delay_s=0.15)
    run_batch(take_in(Path({corpus!r})).items, Path({out!r}), model, SETTINGS, workers=2)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX")
def test_kill_9_loses_nothing_finished(intake: Intake, corpus: Path, tmp_path: Path) -> None:
    script = tmp_path / "slow.py"
    out = tmp_path / "out"
    tests = str(Path(__file__).parent)
    script.write_text(
        SLOW.format(root=str(ROOT), tests=tests, corpus=str(corpus), out=str(out)), encoding="utf-8"
    )
    process = subprocess.Popen([sys.executable, str(script)], start_new_session=True)
    journal = out / JOURNAL
    deadline = time.monotonic() + 60
    while not (journal.is_file() and journal.read_bytes().count(b"\n") >= 2):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    _wait_for_the_end_of(process.pid)
    finished = journal.read_bytes().count(b"\n")
    summary = run(intake, out)
    assert summary.before == finished and summary.scored + summary.failed == 8 - finished > 0
    run(intake, tmp_path / "straight")
    assert finish(intake, out, corpus) == finish(intake, tmp_path / "straight", corpus)


def _wait_for_the_end_of(group: int) -> None:
    """Workers notice that their parent is gone and end by themselves."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    raise AssertionError("workers outlive their parent")


def test_a_full_disk_ends_the_run_and_the_next_goes_on(
    intake: Intake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, written = os.write, [0]

    def filling(file: int, data: bytes) -> int:
        written[0] += len(data)
        if written[0] > 9_000:
            raise OSError(28, "No space left on device")
        return write(file, data)

    with monkeypatch.context() as patched:
        patched.setattr("tutor.journal.os.write", filling)
        with pytest.raises(OutputError, match="No space left on device"):
            run(intake, tmp_path)
    summary = run(intake, tmp_path)
    assert 0 < summary.before < 8 and summary.before + summary.scored + summary.failed == 8


def test_a_disk_that_fills_while_writing_tables_leaves_no_part(
    intake: Intake, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tutor import tables

    run(intake, tmp_path)
    finish(intake, tmp_path, corpus)
    before = (tmp_path / "words.csv").read_bytes()

    def full(self: object) -> list[Path]:
        raise OutputError("No space left on device")

    monkeypatch.setattr(tables.TableWriter, "finish", full)
    with pytest.raises(OutputError):
        finish(intake, tmp_path, corpus)
    assert (tmp_path / "words.csv").read_bytes() == before
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.skipif(not phonetics.installed(), reason="praat-parselmouth (linguist extra) is missing")
def test_acoustics_reach_tables_and_tracks(intake: Intake, corpus: Path, tmp_path: Path) -> None:
    settings = Settings("canned", "canned", "key", tracks=True)
    run(intake, tmp_path, settings=settings)
    finish(intake, tmp_path, corpus, settings)
    line = next(line for line in results(tmp_path) if line["id"] == "s0/0 é")
    assert isinstance(line["phonetics"], dict)
    assert line["phonetics"]["pitch_median_hz"] == pytest.approx(110, rel=0.03)
    track = (tmp_path / "tracks" / "s0" / "0 é.csv").read_text(encoding="utf-8").splitlines()
    assert track[0] == "time_s,pitch_hz,pitch_semitones,voiced,intensity_db"
    voiced = [row.split(",") for row in track[1:] if row.split(",")[3] == "1"]
    assert len(voiced) > 20 and all(float(row[1]) > 75 for row in voiced)
    (tmp_path / "tracks" / "s0" / "0 é.csv").write_bytes(b"")
    (tmp_path / "tracks" / "s1" / "1 é.csv").unlink()
    again = run(intake, tmp_path, settings=settings)
    assert again.scored == 2, "a track that a power cut emptied, or that is gone, is made again"
    assert (tmp_path / "tracks" / "s0" / "0 é.csv").read_text(encoding="utf-8").splitlines() == track


def test_verify_finds_nothing_where_nothing_changed(intake: Intake, corpus: Path, tmp_path: Path) -> None:
    run(intake, tmp_path)
    finish(intake, tmp_path, corpus)
    verification = verify(tmp_path, CannedModel, "key", workers=0)
    assert (verification.findings, verification.recordings) == ((), 8)
    assert verify(tmp_path, CannedModel, "key", workers=0, sample=2).recordings == 2


def test_verify_finds_other_scores_files_and_models(intake: Intake, corpus: Path, tmp_path: Path) -> None:
    run(intake, tmp_path)
    finish(intake, tmp_path, corpus)
    (tmp_path / "words.csv").write_text("changed", encoding="utf-8")
    (tmp_path / "phones.csv").unlink()
    worse = partial(CannedModel, weak=("K",))
    found = {item.name: item.what for item in verify(tmp_path, worse, "new", workers=0).findings}
    assert "another checksum" in found["words.csv"]
    assert "cannot be read" in found["phones.csv"]
    assert "another than the run's" in found["model canned"]
    assert " was " in found["s0/0 é"] and " is now " in found["s0/0 é"]


def test_verify_wants_a_finished_batch(intake: Intake, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no batch"):
        verify(tmp_path, CannedModel, "key")
    run(intake, tmp_path)
    with pytest.raises(CorpusError, match="unfinished"):
        verify(tmp_path, CannedModel, "key")
