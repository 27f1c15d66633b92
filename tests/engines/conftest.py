"""A tiny model with the whole contract, written once for all engine tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines.tiny_model import write_tiny_model


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny")
