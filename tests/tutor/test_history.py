from __future__ import annotations

import io
import json
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from tutor.acoustic import EngineInfo
from tutor.attempt import Attempt, streak_days
from tutor.errors import InputError, InstallError
from tutor.history import SCHEMA, History
from tutor.result import OTHER_TEXT, Assessment, AudioInfo, Heard, PhoneResult, Scores, WordResult

THINK = Assessment(
    text="Think.",
    audio=AudioInfo(1.2, 30.0, -20.0, 0.0),
    engine=EngineInfo("canned", "canned 1", "fp32", "test"),
    timing_ms={"total": 80.0},
    scores=Scores(70.0, 71.0, 72.0, 73.0, 100.0),
    words=(
        WordResult("think", 0.1, 0.6, 60.0, 60.0, 100.0, "ok", 0.9, False, (
            PhoneResult("TH", "θ", 0.1, 0.2, 30.0, 0.6, 0.9, (Heard("S", "s", 0.7), Heard("TH", "θ", 0.2))),
            PhoneResult("IH1", "ɪ", 0.2, 0.3, 90.0, 1.8, 0.9),
        )),
    ),
)  # fmt: skip
SOUND = np.sin(np.arange(1600) / 5).astype(np.float32) * 0.5


def scored(
    overall: float, *, when: float = 1000.0, learner: str = "", item: str = "", samples: bool = False
) -> Attempt:
    assessment = replace(THINK, scores=replace(THINK.scores, overall=overall))
    return Attempt(learner, item, when, assessment, SOUND if samples else None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "history.db"


def test_keeps_an_attempt_whole(path: Path) -> None:
    history = History(path)
    number = history.add(scored(70, samples=True))
    history.close()
    again = History(path)
    attempt = again.attempt(number)
    assert attempt.assessment == THINK
    assert attempt.samples is not None
    assert np.abs(attempt.samples - SOUND).max() < 1e-4
    assert [(score.arpabet, score.heard, score.score) for score in again.phone_scores("")] == [
        ("TH", "S", 30.0), ("IH", "", 90.0),
    ]  # fmt: skip
    again.close()


def test_summaries_best_and_days(path: Path) -> None:
    history = History(path)
    for at, overall in enumerate((60, 90, 70)):
        history.add(scored(overall, when=86_400.0 * (at + 3), item="i1"))
    history.add(scored(99, learner="Ana"))
    assert [summary.overall for summary in history.summaries("")] == [60, 90, 70]
    assert history.summaries("", text="Other") == []
    assert history.attempt(history.best("", "Think.") or 0).assessment.scores.overall == 90
    assert history.best("", "Other") is None
    assert history.best_by_item("") == {"i1": 90}
    assert len(history.days("")) == 3
    weakest = history.phone_means("")[0]
    assert (weakest.arpabet, weakest.score, weakest.count, weakest.heard) == ("TH", 30, 3, "S")
    history.close()


def test_ungraded_attempts_judge_no_sounds(path: Path) -> None:
    history = History(path)
    history.add(replace(scored(0), assessment=replace(THINK, verdict=OTHER_TEXT)))
    assert history.phone_scores("") == []
    history.close()


def test_roster_keeps_order_and_attempts(path: Path) -> None:
    history = History(path)
    history.add(scored(80, learner="Bo"))
    history.set_learners(["Bo", "Ana", "Bo", ""])
    assert history.learners() == ["Bo", "Ana"]
    history.set_learners(["Ana"])
    assert len(history.summaries("Bo")) == 1
    history.close()


def test_export_and_delete(path: Path, tmp_path: Path) -> None:
    history = History(path)
    history.add(scored(70, samples=True, learner="=HYPERLINK(1)"))
    history.add(scored(80))
    assert history.export(tmp_path / "all.zip") == 2
    with zipfile.ZipFile(tmp_path / "all.zip") as bundle:
        assert sorted(bundle.namelist()) == ["attempts.csv", "attempts.json", "recordings/1.flac"]
        assert "'=HYPERLINK(1)" in bundle.read("attempts.csv").decode("utf-8-sig")
        assert json.loads(bundle.read("attempts.json"))[1]["assessment"]["schema"] == "tutor.score/1"
        assert bundle.read("recordings/1.flac")[:4] == b"fLaC"
    history.delete_audio()
    assert not history.summaries("=HYPERLINK(1)")[0].has_audio
    history.delete_all()
    assert history.summaries("") == [] and history.learners() == []
    history.close()
    assert b"HYPERLINK" not in path.read_bytes()
    with pytest.raises(InputError, match="cannot be written"):
        (tmp_path / "a-file").write_text("x")
        again = History(path)
        try:
            again.export(tmp_path / "a-file" / "all.zip")
        finally:
            again.close()


def test_a_missing_attempt(path: Path) -> None:
    history = History(path)
    with pytest.raises(InputError, match="no longer"):
        history.attempt(7)
    history.close()


def test_migrates_every_older_version(path: Path) -> None:
    path.parent.mkdir(parents=True)
    for version in range(len(SCHEMA)):
        path.unlink(missing_ok=True)
        database = sqlite3.connect(path)
        for script in SCHEMA[:version]:
            database.executescript(script)
        database.execute(f"PRAGMA user_version={version}")
        if version:
            database.execute("INSERT INTO attempt VALUES (1,'Ana','','t',1,1,1,1,1,1,x'00')")
        database.commit()
        database.close()
        history = History(path)
        assert history.learners() == (["Ana"] if version == 1 else [])
        history.add(scored(70))
        history.close()


def test_refuses_a_newer_file_and_leaves_it_alone(path: Path) -> None:
    History(path).close()
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version=99")
    database.close()
    with pytest.raises(InstallError, match="newer Tutor"):
        History(path)
    assert sqlite3.connect(path).execute("PRAGMA user_version").fetchone() == (99,)


def test_a_damaged_file_is_set_aside(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"this was never a database" * 200)
    history = History(path)
    assert history.set_aside is not None and history.set_aside.read_bytes().startswith(b"this was")
    assert history.add(scored(70)) == 1
    history.close()


def test_an_unusable_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InstallError, match="cannot be opened"):
        History(tmp_path / "file" / "history.db")


WRITER = """
import sys
sys.path[:0] = sys.argv[2:]
from pathlib import Path
from test_history import History, scored
history = History(Path(sys.argv[1]))
while True:
    print(history.add(scored(70, samples=True)), flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is a POSIX signal")
@pytest.mark.parametrize("delay_s", [0.0, 0.011, 0.023])
def test_kill_during_a_save_loses_at_most_that_take(path: Path, delay_s: float) -> None:
    folders = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]
    command = [sys.executable, "-c", WRITER, str(path), *folders]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert isinstance(writer.stdout, io.BufferedReader)
        for _ in range(3):
            writer.stdout.readline()
        time.sleep(delay_s)
        writer.send_signal(signal.SIGKILL)
        told = [int(line) for line in writer.stdout.read().split()] or [3]
    history = History(path)
    assert history.set_aside is None
    kept = history.summaries("")
    assert told[-1] <= len(kept) <= told[-1] + 1
    assert all(history.attempt(summary.id).samples is not None for summary in kept)
    assert history.add(scored(80)) == len(kept) + 1
    history.close()


def test_streaks() -> None:
    today = date(2026, 3, 10)
    days = {today - timedelta(days=gap) for gap in (1, 2, 3, 5)}
    assert streak_days(days, today) == 3
    assert streak_days(days | {today}, today) == 4
    assert streak_days(set(), today) == 0
    assert streak_days({today - timedelta(days=2)}, today) == 0
