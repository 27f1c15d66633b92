"""A model repository for a stock Triton container or cluster, with Compose and Kubernetes examples."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from string import Template

from engines.manifest import Manifest
from engines.serving import policy
from engines.serving.gateway import Certificate, Front, Limits, configuration
from engines.serving.repository import ONNXRUNTIME, TENSORRT, write_repository
from engines.serving.server import Ports
from tutor.errors import InputError, InstallError
from tutor.paths import write_atomic

BACKENDS = (ONNXRUNTIME, TENSORRT)
_DEPLOY = Path(__file__).parent / "files" / "deploy"


def export_repository(folder: Path, manifests: Sequence[Manifest], *, backend: str = ONNXRUNTIME) -> tuple[str, ...]:
    """Write ``folder/models``, ``compose.yaml``, ``kubernetes.yaml``, ``front/nginx.conf`` and
    ``README.md``; the served names.

    Raises ``InputError`` for a folder that is not empty, ``InstallError`` where it cannot be written.
    """
    if backend not in BACKENDS:
        raise InputError(f"A stock Triton is exported for {' or '.join(BACKENDS)}, not {backend!r}.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is not an empty folder; name a new one.")
    settings = policy.gpu_policy()
    names = write_repository(folder / "models", manifests, settings, backend=ONNXRUNTIME)
    chosen = " --model-config-name=tensorrt" if backend == TENSORRT else ""
    values = {
        "titles": ", ".join(manifest.title for manifest in manifests),
        "backend": "TensorRT (bring the plans)" if backend == TENSORRT else "ONNX Runtime",
        "max_batch": settings.normal.max_batch,
        "config_name": chosen,
        "config_argument": f",{chosen}" if chosen else "",
    }
    try:
        for source in sorted(_DEPLOY.glob("*.*")):
            text = Template(source.read_text(encoding="utf-8")).substitute(values)
            write_atomic(folder / source.name, text.encode())
        write_atomic(folder / "front" / "nginx.conf", _front().encode())
        write_atomic(folder / "front" / "dashboard.html", (_DEPLOY.parent / "dashboard.html").read_bytes())
    except OSError as error:
        raise InstallError(f"{folder} cannot be written ({error}); free or name another.") from error
    return names


def _front() -> str:
    """The front server of ``tutor serve``, with the container's names in place of this machine's."""
    inside = Path("/etc/nginx/tutor")
    text = configuration(
        Path("/tmp"),
        Ports(grpc=8001, http=8000, metrics=8002),
        Front(dashboard_port=8003, host="0.0.0.0", port=8001),
        certificate=Certificate(inside / "server.pem", inside / "server.key", None),
        tokens=("replace-this-token-by-your-own",),
        limits=Limits(),
        upstream="triton",
        files=inside,
    )
    return text.replace("user root;\n", "")
