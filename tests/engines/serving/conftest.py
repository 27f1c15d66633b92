"""One real server with two tiny models for all tests that need one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from engines.manifest import load_manifest
from engines.serving.environment import find_environment
from tests.engines.tiny_model import write_tiny_model


def named_model(folder: Path, name: str, *, seed: int, version: str = "0") -> Path:
    """The tiny model under another name, version and weights."""
    write_tiny_model(folder, seed=seed)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest.update(name=name, version=version)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """A running ``Service`` of ``main`` and ``light`` with its keeper in a thread."""
    pytest.importorskip("tritonclient.grpc", reason="needs the extra 'serve'")
    environment = find_environment()
    if environment is None:
        pytest.skip("the server's environment is not made (tutor serve --setup)")
    from engines.serving.events import Events
    from engines.serving.server import free_port
    from engines.serving.service import Options, Service

    root = tmp_path_factory.mktemp("service")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUTOR_CACHE_DIR", str(root / "cache"))
        folders = [named_model(root / name, name, seed=seed) for seed, name in enumerate(("main", "light"), 7)]
        options = Options(port=free_port(), dashboard_port=free_port())
        events = Events(root / "events.jsonl")
        service = Service(environment, [load_manifest(folder) for folder in folders], options, events)
        service.start()
        service.run_in_background()
        try:
            yield service
        finally:
            service.stop()
            events.close()
