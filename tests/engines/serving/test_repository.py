"""The repository's form, as Triton's own parser sees it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("tritonclient.grpc", reason="needs the extra 'serve'")

from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

from engines.manifest import load_manifest
from engines.serving import export, policy, repository
from tests.engines.tiny_model import write_tiny_model
from tutor.errors import InputError, ModelError

SETTINGS = policy.cpu_policy(2)


def _config(folder: Path) -> Any:
    return text_format.Parse((folder / "config.pbtxt").read_text(), model_config_pb2.ModelConfig())


def test_every_served_graph_is_there(tiny_folder: Path, tmp_path: Path) -> None:
    names = repository.write_repository(tmp_path / "models", [load_manifest(tiny_folder)], SETTINGS)
    assert set(names) == {"tiny_acoustic", "tiny_acoustic_peak", "tiny_scorer", policy.STATUS}
    for name in names:
        config = _config(tmp_path / "models" / name)
        assert config.name == name and config.backend == "python"
        assert (tmp_path / "models" / name / "1" / "model.py").is_file()


def test_ragged_requests_merge_and_queues_have_an_end(tiny_folder: Path, tmp_path: Path) -> None:
    repository.write_repository(tmp_path, [load_manifest(tiny_folder)], SETTINGS)
    config = _config(tmp_path / "tiny_acoustic")
    samples, lengths = sorted(config.input, key=lambda item: item.name != "samples")
    assert samples.allow_ragged_batch and list(samples.dims) == [-1]
    assert list(lengths.dims) == [1] and lengths.HasField("reshape") and not lengths.reshape.shape
    assert config.max_batch_size == SETTINGS.normal.max_batch
    queue = config.dynamic_batching
    assert queue.max_queue_delay_microseconds <= 100_000
    assert queue.default_queue_policy.max_queue_size == SETTINGS.normal.max_queue > 0
    assert {item.name: list(item.dims) for item in config.output}["hidden"] == [-1, 8]


def test_two_versions_are_kept_and_numbers_never_return(tiny_folder: Path, tmp_path: Path) -> None:
    manifest = load_manifest(tiny_folder)
    for _ in range(3):
        repository.add_version(tmp_path, manifest, SETTINGS)
    target = tmp_path / "tiny_scorer"
    assert repository.versions(target) == (2, 3)
    assert _config(target).version_policy.latest.num_versions == 2
    (target / "3" / "model.onnx").unlink()
    (target / "3" / "model.py").unlink()
    (target / "3").rmdir()
    repository.add_version(tmp_path, manifest, SETTINGS)
    assert repository.versions(target) == (2, 4)
    titles = json.loads(_config(target).parameters["titles"].string_value)
    assert titles["4"].startswith("tiny 0|")


def test_a_model_without_our_scorer_is_refused(tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "tiny")
    data = json.loads((folder / "manifest.json").read_text())
    data["scorer"] = None
    (folder / "manifest.json").write_text(json.dumps(data))
    with pytest.raises(ModelError, match="cannot be served"):
        repository.write_repository(tmp_path / "models", [load_manifest(folder)], SETTINGS)


@pytest.mark.parametrize("backend", export.BACKENDS)
def test_export_needs_nothing_of_ours_on_the_server(tiny_folder: Path, tmp_path: Path, backend: str) -> None:
    names = export.export_repository(tmp_path / "out", [load_manifest(tiny_folder)], backend=backend)
    assert policy.STATUS not in names
    for name in names:
        target = tmp_path / "out" / "models" / name
        config = _config(target)
        assert config.backend == "onnxruntime" and not any(item.allow_ragged_batch for item in config.input)
        assert not list(target.rglob("*.py")), "python code of ours is not wanted on a stock server"
        assert (target / "1" / "model.onnx").is_file()
    plan = text_format.Parse(
        (tmp_path / "out/models/tiny_acoustic/configs/tensorrt.pbtxt").read_text(),
        model_config_pb2.ModelConfig(),
    )
    assert plan.backend == "tensorrt" and plan.default_model_filename == "model.plan"
    compose = yaml.safe_load((tmp_path / "out" / "compose.yaml").read_text())
    assert ("tensorrt" in compose["services"]["triton"]["command"]) == (backend == "tensorrt")
    assert "ports" not in compose["services"]["triton"], "only the front server is reachable"
    kinds = {item["kind"] for item in yaml.safe_load_all((tmp_path / "out" / "kubernetes.yaml").read_text())}
    assert kinds == {"Deployment", "Service", "NetworkPolicy", "Ingress"}


def test_export_spares_a_folder_in_use(tiny_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(InputError, match="not an empty folder"):
        export.export_repository(tmp_path, [load_manifest(tiny_folder)])
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine.txt"]
