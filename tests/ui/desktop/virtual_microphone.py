"""A microphone and a screen made of software: PulseAudio with a null sink whose monitor records, and Xvfb."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SINK = "tutor_test"
CONFIG = f"""
.fail
load-module module-null-sink sink_name={SINK} rate=48000 channels=1 channel_map=mono
load-module module-native-protocol-unix
set-default-sink {SINK}
set-default-source {SINK}.monitor
"""
PROGRAMS = ("pulseaudio", "pactl", "pacat", "paplay", "Xvfb", "xdotool")


def missing_programs() -> list[str]:
    """Programs an end-to-end test needs and this machine lacks."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


class VirtualMicrophone:
    """``environment`` for programs that are to hear it; ``say`` plays a file into it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.environment = dict(os.environ)
        for name in ("XDG_RUNTIME_DIR", "PULSE_RUNTIME_PATH", "PULSE_STATE_PATH"):
            place = folder / name.lower()
            place.mkdir(mode=0o700)
            self.environment[name] = str(place)
        self.environment["PULSE_COOKIE"] = str(folder / "cookie")
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start the sound server; returns when it answers."""
        config = self._folder / "server.pa"
        config.write_text(CONFIG)
        self._run(
            "pulseaudio", "-n", "-F", str(config), "--daemonize=no", "--exit-idle-time=-1", "--disallow-exit"
        )
        until = time.monotonic() + 15
        while subprocess.run(["pactl", "info"], env=self.environment, capture_output=True).returncode:
            if time.monotonic() > until:
                raise RuntimeError("pulseaudio does not answer")
            time.sleep(0.1)
        # Without a stream the sink idles with two seconds of latency.
        self._run(
            "pacat", f"--device={SINK}", "--latency-msec=20", "--rate=48000", "--channels=1", "/dev/zero"
        )
        time.sleep(2.5)

    def say(self, sound: Path) -> subprocess.Popen[bytes]:
        """Play a WAV file into the microphone; the process ends with the sound."""
        return self._run("paplay", "--latency-msec=40", f"--device={SINK}", str(sound))

    def stop_server(self) -> None:
        """What happens when the sound system dies."""
        self._processes[0].send_signal(signal.SIGKILL)
        self._processes[0].wait()

    def stop(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _run(self, *command: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._processes.append(process)
        return process


@contextmanager
def virtual_screen(size: str = "1280x800x24") -> Iterator[str]:
    """A display of its own; yields its name such as ``:7``."""
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", size, "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=(writer,), stderr=subprocess.DEVNULL)
    os.close(writer)
    with os.fdopen(reader) as numbers:
        name = f":{numbers.readline().strip()}"
    try:
        yield name
    finally:
        server.terminate()
        server.wait(5)
