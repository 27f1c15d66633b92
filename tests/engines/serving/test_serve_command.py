"""``tutor serve`` as a user meets it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engines.serving.environment import environment_dir, find_environment
from engines.serving.server import free_port
from tests.engines.serving.conftest import named_model
from ui.cli import main


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTOR_SERVER_ENV", str(environment_dir()))
    monkeypatch.setenv("TUTOR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("TUTOR_CONFIG_DIR", str(tmp_path / "config"))


def test_export_and_its_second_time(tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tritonclient.grpc", reason="needs the extra 'serve'")
    arguments = ["serve", "--models", str(tiny_folder), "--export-repository", str(tmp_path / "out")]
    assert main(arguments) == 0
    assert "tiny_acoustic" in capsys.readouterr().out
    assert main(arguments) == 2
    assert "not an empty folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--loadtest", "0"], 2, "1 to 1000"),
        (["--simulate", "0"], 2, "1 to 100000"),
        (["--simulate", "10", "--service-ms", "0", "0"], 2, "not both 0"),
        (["--simulate", "10", "--port", "9"], 2, "No server runs on port 9"),
        (["--switch", "no-such-model"], 3, "no-such-model"),
        (["--roll-back", "main", "--port", "9"], 2, "No Tutor server runs on port 9"),
        (["--log-file", "/no/such/folder/log"], 2, "cannot be written"),
        (["--cert", "x.pem", "--host", "127.0.0.1", "--gpu"], 3, "NVIDIA driver"),
    ],
)
def test_mistakes_get_one_line(arguments: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", *arguments]) == code
    error = capsys.readouterr().err
    assert told in error and error.count("\n") == 1


def test_simulation_says_how_many_servers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "simulated.json"
    arguments = ["serve", "--simulate", "10000", "--service-ms", "4", "3", "--json", str(target)]
    assert main(arguments) == 0
    found = json.loads(target.read_text())
    # 667 takes a second at 3 ms and a bit each need more than two servers and fewer than five.
    assert 3 <= found["needed"] <= 4
    assert "needed for p95 of 1 s" in capsys.readouterr().out


@pytest.mark.triton
def test_serves_until_told_to_stop_and_leaves_nothing(tmp_path: Path) -> None:
    if find_environment() is None:
        pytest.skip("the server's environment is not made (tutor serve --setup)")
    model = named_model(tmp_path / "main", "main", seed=1)
    port, dashboard = free_port(), free_port()
    log = tmp_path / "log.jsonl"
    command = [sys.executable, "-m", "ui.cli", "serve", "--models", str(model), "--port", str(port)]
    command += ["--dashboard-port", str(dashboard), "--log-file", str(log)]
    root = Path(__file__).parents[3]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        assert f"main 0 at triton://127.0.0.1:{port}" in process.stdout.readline()
        tested = subprocess.run(
            [
                sys.executable,
                "-m",
                "ui.cli",
                "serve",
                "--loadtest",
                "2",
                "--minutes",
                "0.05",
                "--port",
                str(port),
            ],
            capture_output=True,
            text=True,
            cwd=root,
            check=False,
        )
        assert tested.returncode == 0, tested.stderr
        second = subprocess.run(command, capture_output=True, text=True, cwd=root, check=False)
        assert second.returncode == 2 and "runs on port" in second.stderr
        children = _children(process.pid)
        assert len(children) >= 2
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    time.sleep(0.5)
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
    events = [json.loads(line)["event"] for line in log.read_text().splitlines()]
    assert events[0] == "tier" and "ready" in events and events[-1] == "stopped"


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for word in task.read_text().split():
            found += [int(word), *_children(int(word))]
    assert os.getpid() not in found
    return found
