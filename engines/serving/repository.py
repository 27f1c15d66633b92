"""The model repository Triton reads: a folder per served graph with config.pbtxt and numbered versions."""

from __future__ import annotations

import json
import os
import shutil
import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engines.manifest import Graph, Manifest
from engines.serving import policy, served_model, status_model
from engines.serving.policy import ACOUSTIC, NORMAL, PEAK, SCORER, Batching, Policy
from tutor import timebase
from tutor.errors import InstallError, ModelError
from tutor.paths import write_atomic

PYTHON, ONNXRUNTIME, TENSORRT = "python", "onnxruntime", "tensorrt"
_FILES = {PYTHON: "model.onnx", ONNXRUNTIME: "model.onnx", TENSORRT: "model.plan"}
_KEPT_VERSIONS = 2
"""The newest and the one before: a take heard by the old version is still scored by the old scorer."""


def write_repository(folder: Path, manifests: Sequence[Manifest], settings: Policy, *, backend: str = PYTHON) -> tuple[str, ...]:
    """Write every served graph of ``manifests`` (best model first) into an empty ``folder``; their names.

    Raises ``ModelError`` for a model without a scorer of ours, ``InstallError`` where the folder cannot be
    written.
    """
    names: list[str] = []
    try:
        for manifest in manifests:
            names += add_version(folder, manifest, settings, backend=backend)
        if backend == PYTHON:
            _write_status(folder)
            names.append(policy.STATUS)
    except OSError as error:
        raise InstallError(f"The model repository {folder} cannot be written ({error}); free or name another.") from error
    return tuple(names)


def add_version(folder: Path, manifest: Manifest, settings: Policy, *, backend: str = PYTHON) -> list[str]:
    """Put ``manifest`` beside what ``folder`` already serves under its name; the served names, scorer first.

    A scorer must be loaded before the acoustic graph whose hidden states it reads, hence the order.
    """
    served = [
        (SCORER, NORMAL, settings.scorer),
        (ACOUSTIC, NORMAL, settings.normal),
        (ACOUSTIC, PEAK, settings.peak),
    ]
    return [_add(folder, manifest, role, tier, batching, backend, settings.why) for role, tier, batching in served]


def versions(folder: Path) -> tuple[int, ...]:
    """Version numbers of one served graph, ascending."""
    return tuple(sorted(int(entry.name) for entry in folder.iterdir() if entry.is_dir() and entry.name.isdigit()))


def config_text(manifest: Manifest, role: str, tier: str, batching: Batching, *, titles: dict[int, str], backend: str) -> str:
    """config.pbtxt of one served graph, as protobuf's own text format."""
    from google.protobuf import text_format
    from tritonclient.grpc import model_config_pb2

    graph = _graph(manifest, role)
    config = model_config_pb2.ModelConfig(
        name=policy.served_name(manifest.name, role, tier),
        backend=backend,
        default_model_filename="model.py" if backend == PYTHON else _FILES[backend],
        max_batch_size=batching.max_batch,
    )
    count = "lengths" if role == ACOUSTIC else "counts"
    for name, spec in graph.inputs.items():
        item = config.input.add(name=name, data_type=_data_type(spec))
        if name == count:
            # One number a row: Triton wants a shape of at least one axis, the graph has none.
            item.dims.append(1)
            item.reshape.SetInParent()
        else:
            item.dims.extend(_dims(spec))
            item.allow_ragged_batch = backend == PYTHON
    for name, spec in graph.outputs.items():
        config.output.add(name=name, data_type=_data_type(spec)).dims.extend(_dims(spec))
    queue = config.dynamic_batching
    queue.preferred_batch_size.extend(batching.preferred)
    queue.max_queue_delay_microseconds = batching.queue_delay_us
    queue.default_queue_policy.max_queue_size = batching.max_queue
    queue.default_queue_policy.default_timeout_microseconds = batching.timeout_us
    group = config.instance_group.add(count=batching.instances)
    group.kind = group.KIND_CPU if backend == PYTHON else group.KIND_AUTO
    config.version_policy.latest.num_versions = _KEPT_VERSIONS
    parameters = {
        "role": role,
        "tier": tier,
        "model": manifest.name,
        "ragged": str(int(backend == PYTHON)),
        "step": str(batching.step),
        "titles": json.dumps(titles),
    }
    if backend == PYTHON:
        parameters["settings"] = json.dumps(asdict(_settings(graph, role, batching)))
        parameters["threads"] = str(batching.threads)
    for key, value in parameters.items():
        config.parameters[key].string_value = value
    return str(text_format.MessageToString(config))


def _add(folder: Path, manifest: Manifest, role: str, tier: str, batching: Batching, backend: str, why: str) -> str:
    name = policy.served_name(manifest.name, role, tier)
    target = folder / name
    target.mkdir(parents=True, exist_ok=True)
    known = versions(target)
    titles_file = target / "titles.json"
    titles: dict[int, str] = {}
    if titles_file.exists():
        titles = {int(key): value for key, value in json.loads(titles_file.read_text()).items()}
    # A number is never used twice, not even after going back: clients remember what each stands for.
    number = max([0, *known, *titles]) + 1
    titles[number] = f"{manifest.title}|{_graph(manifest, role).precision}"
    _write_version(target, number, manifest.folder / _graph(manifest, role).file, backend)
    write_atomic(titles_file, json.dumps(titles).encode())
    text = config_text(manifest, role, tier, batching, titles=titles, backend=backend)
    write_atomic(target / "config.pbtxt", _commented(why, text))
    if backend == ONNXRUNTIME and role == ACOUSTIC:
        plan = config_text(manifest, role, tier, batching, titles=titles, backend=TENSORRT)
        write_atomic(target / "configs" / "tensorrt.pbtxt", _commented(why, plan))
    for old in known[: 1 - _KEPT_VERSIONS or None]:
        shutil.rmtree(target / str(old))
    return name


def _commented(why: str, text: str) -> bytes:
    lines = textwrap.wrap(why, 100)
    return ("".join(f"# {line}\n" for line in lines) + text).encode()


def _write_version(target: Path, number: int, graph: Path, backend: str) -> None:
    # Triton counts any numbered folder as a version, so it appears under its number only when it is whole.
    partial = target / f".{number}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    shutil.copyfile(graph, partial / "model.onnx")
    if backend == PYTHON:
        shutil.copyfile(Path(served_model.__file__), partial / "model.py")
    os.replace(partial, target / str(number))


def _write_status(folder: Path) -> None:
    from google.protobuf import text_format
    from tritonclient.grpc import model_config_pb2

    config = model_config_pb2.ModelConfig(name=policy.STATUS, backend=PYTHON, max_batch_size=0)
    config.output.add(name="status", data_type=model_config_pb2.TYPE_STRING).dims.append(1)
    config.input.add(name="ask", data_type=model_config_pb2.TYPE_BOOL).dims.append(1)
    group = config.instance_group.add(count=1)
    group.kind = group.KIND_CPU
    config.parameters["state"].string_value = str(state_file(folder))
    target = folder / policy.STATUS
    (target / "1").mkdir(parents=True)
    shutil.copyfile(Path(status_model.__file__), target / "1" / "model.py")
    write_atomic(target / "config.pbtxt", str(text_format.MessageToString(config)).encode())


def state_file(folder: Path) -> Path:
    """Where the keeper writes the tier and ``tutor_status`` reads it; beside the repository, not in it."""
    return folder.parent / f"{folder.name}.state.json"


def _settings(graph: Graph, role: str, batching: Batching) -> served_model.Settings:
    acoustic = role == ACOUSTIC
    count = "lengths" if acoustic else "counts"
    return served_model.Settings(
        count=count,
        unit=timebase.FRAME_SAMPLES if acoustic else 1,
        extra=1 if acoustic else 0,
        least=timebase.MIN_SAMPLES if acoustic else 1,
        most=timebase.MAX_SAMPLES if acoustic else policy.MOST_PHONES,
        rows_at_once=batching.rows_at_once,
        fixed_rows=batching.max_batch if batching.fixed else 0,
        step=batching.step,
        positional=tuple(name for name in graph.inputs if name != count),
        ragged=tuple(name for name in graph.outputs if name != "sentence"),
        flat=tuple(name for name in graph.outputs if name == "sentence"),
    )


def _graph(manifest: Manifest, role: str) -> Graph:
    if manifest.acoustic.token_map is not None or manifest.scorer is None:
        raise ModelError(f"Model {manifest.title} cannot be served: it has no scorer of its own; choose another.")
    return manifest.acoustic if role == ACOUSTIC else manifest.scorer


def _data_type(spec: str) -> Any:
    from tritonclient.grpc import model_config_pb2

    kinds = {"float32": model_config_pb2.TYPE_FP32, "int32": model_config_pb2.TYPE_INT32}
    kind = spec.partition("[")[0]
    if kind not in kinds:
        raise ModelError(f"A tensor of type {kind!r} cannot be served; export the model with float32 and int32.")
    return kinds[kind]


def _dims(spec: str) -> list[int]:
    """Axes after the batch; a named axis may have any length."""
    axes = [axis.strip() for axis in spec.partition("[")[2].rstrip("]").split(",")][1:]
    return [int(axis) if axis.isdigit() else -1 for axis in axes]
