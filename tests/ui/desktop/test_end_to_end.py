"""The whole way: a sound server, a real stream, a screen, mouse and keys, scores like those of the file."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from virtual_microphone import VirtualMicrophone, missing_programs, virtual_screen

from tutor.history import History
from tutor.paths import assets_dir

sounddevice = pytest.importorskip("sounddevice", reason="sounddevice or PortAudio is not installed")
pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the virtual microphone needs PulseAudio on Linux"),
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {', '.join(missing_programs())}"),
]
SAMPLE, TEXT = assets_dir() / "samples" / "bear-good.flac", "We call it bear."
MODEL = assets_dir() / "models" / "main"


class DrivenWindow:
    """The window's process and what it tells."""

    def __init__(self, display: str, environment: dict[str, str], *arguments: str) -> None:
        places = {"PYTHONPATH": str(Path(__file__).parents[3])}
        self._environment = {**environment, **places, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
        script = Path(__file__).with_name("driven_window.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script), *arguments],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: queue.Queue[dict[str, Any]] = queue.Queue()
        self._told: list[dict[str, Any]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            if line.startswith("{"):
                self._lines.put(json.loads(line))

    def wait_for(self, event: str, timeout_s: float = 60, **fields: Any) -> dict[str, Any]:
        """The first telling of its kind that was not waited for yet; others stay for later."""
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            for told in self._told:
                if told["event"] == event and fields.items() <= told.items():
                    self._told.remove(told)
                    return told
            try:
                self._told.append(self._lines.get(timeout=0.2))
            except queue.Empty:
                if self.process.poll() is not None:
                    errors = self.process.communicate()[1]
                    raise AssertionError(f"the window ended: {errors[-2000:]}") from None
        raise AssertionError(f"no {event} {fields} within {timeout_s} s; told: {self._told}")

    def x(self, *command: str) -> str:
        done = subprocess.run(
            ["xdotool", *command], env=self._environment, capture_output=True, text=True, timeout=20
        )
        return done.stdout

    def click(self, at: dict[str, Any]) -> None:
        self.x("mousemove", str(at["x"]), str(at["y"]), "click", "1")

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        self._reader.join(5)


@pytest.fixture
def microphone(tmp_path: Path, folders: Path) -> Iterator[VirtualMicrophone]:
    place = tmp_path / "sound"
    place.mkdir()
    made = VirtualMicrophone(place)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def open_window(microphone: VirtualMicrophone) -> Iterator[Callable[..., DrivenWindow]]:
    made: list[DrivenWindow] = []
    with virtual_screen() as display:

        def make(*arguments: str) -> DrivenWindow:
            made.append(DrivenWindow(display, microphone.environment, *arguments))
            return made[-1]

        yield make
        for window in made:
            window.close()


@pytest.fixture
def sentence(tmp_path: Path) -> Path:
    samples, rate_hz = soundfile.read(SAMPLE, dtype="float32")
    path = tmp_path / "sentence.wav"
    soundfile.write(path, samples, rate_hz, subtype="PCM_16")
    return path


def test_click_record_and_stop_scores_like_the_file(
    open_window: Callable[..., DrivenWindow], microphone: VirtualMicrophone, sentence: Path, folders: Path
) -> None:
    assess = pytest.importorskip("tutor.assess", reason="tutor.assess is not there").assess
    from engines.choose import open_model
    from tutor.clip import read_clip
    from tutor.prompts import make_prompt

    name, engine = (str(MODEL), "onnx_cpu") if (MODEL / "manifest.json").exists() else ("main", "canned")
    model = open_model(name, engine)
    expected = assess(read_clip(sentence), make_prompt(TEXT), model)
    model.close()
    window = open_window(TEXT, engine, name, "0")
    button = window.wait_for("button")
    window.wait_for("ready")
    window.click(button)
    window.wait_for("state", state="recording")
    time.sleep(0.3)
    microphone.say(sentence).wait(30)
    time.sleep(0.4)
    window.click(button)
    scored = window.wait_for("scored")
    window.wait_for("latency")
    assert scored["text"] == TEXT
    assert scored["verdict"] == expected.verdict
    assert scored["scores"]["overall"] == pytest.approx(expected.scores.overall, abs=1.0)
    window.close()
    history = History(folders / "tutor_data_dir" / "history.db")
    assert [summary.text for summary in history.summaries("")] == [TEXT]
    history.close()


def test_keys_and_automatic_stop(
    open_window: Callable[..., DrivenWindow], microphone: VirtualMicrophone, sentence: Path
) -> None:
    pytest.importorskip("tutor.assess", reason="tutor.assess is not there")
    window = open_window(TEXT, "canned", "main", "0.6")
    window.wait_for("button")
    found = window.x("search", "--sync", "--onlyvisible", "--name", "Tutor").split()
    window.x("windowfocus", found[-1], "key", "--window", found[-1], "space")
    window.wait_for("state", state="recording")
    microphone.say(sentence)
    window.wait_for("loud")
    window.wait_for("state", state="working")
    window.wait_for("scored")


def test_a_dying_sound_server_keeps_the_take_and_the_window(
    open_window: Callable[..., DrivenWindow], microphone: VirtualMicrophone, sentence: Path
) -> None:
    pytest.importorskip("tutor.assess", reason="tutor.assess is not there")
    window = open_window(TEXT, "canned", "main", "0")
    window.click(window.wait_for("button"))
    window.wait_for("state", state="recording")
    microphone.say(sentence).wait(30)
    microphone.stop_server()
    told = window.wait_for("message")
    assert "What was recorded is kept" in told["text"]
    window.wait_for("scored")
    window.process.send_signal(signal.SIGTERM)


def test_a_recorded_stream_is_what_was_played(
    microphone: VirtualMicrophone, sentence: Path, tmp_path: Path
) -> None:
    script = (
        "import sys, time, numpy as np\n"
        "from tutor.microphone import Microphone\n"
        "m = Microphone(); m.open(); print('open', flush=True); sys.stdin.readline()\n"
        "np.save(sys.argv[1], m.take()); m.close()\n"
    )
    recorder = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "take.npy")],
        env={**microphone.environment, "PYTHONPATH": str(Path(__file__).parents[3])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert recorder.stdout is not None
    assert recorder.stdout.readline().strip() == "open"
    microphone.say(sentence).wait(30)
    time.sleep(0.3)
    _, errors = recorder.communicate("stop\n", timeout=30)
    assert recorder.returncode == 0, errors
    take = np.load(tmp_path / "take.npy")
    played, _ = soundfile.read(sentence, dtype="float32")
    size = 1 << int(np.ceil(np.log2(len(take) + len(played))))
    product = np.fft.irfft(np.fft.rfft(take, size) * np.conj(np.fft.rfft(played, size)), size)
    shift = int(product[: len(take)].argmax())
    part = take[shift : shift + len(played)]
    assert np.corrcoef(part, played[: len(part)])[0, 1] > 0.9
