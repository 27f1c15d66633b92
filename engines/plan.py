"""Builds a TensorRT engine ("plan") from an ONNX file: profiles, precision, target, timing cache, progress,
cancel.

Imports TensorRT through trt_compat only and runs on Python 3.9; writes nothing but the timing cache.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .trt_compat import Library

Report = Callable[[str, int, int], bool]
"""``report(label, done, total)``; False asks for a stop; ``total`` 0 where it is not known."""

PARSING = "Parsing node: "
"""How the parser's verbose log begins the line that names a node and its operator."""

INPUT_RANKS = {"samples": 2, "lengths": 1}


class BuildFailed(RuntimeError):
    """No engine came out; the text holds every parser error, or the builder's own last errors."""


class BuildStopped(RuntimeError):
    """``report`` asked for a stop."""


@dataclass(frozen=True)
class Shapes:
    """One optimisation profile: smallest, usual and largest batch and samples."""

    name: str
    batch: tuple[int, int, int]
    samples: tuple[int, int, int]


def in_one(profiles: Sequence[Shapes]) -> Shapes:
    """One profile for every length that ``profiles`` take, for a version that miscounts with several.

    Attention's memory grows with batch × length²; the longest clips come in batches that need no more of it than
    the largest batch of the given profiles.
    """
    longest = max(shapes.samples[2] for shapes in profiles)
    most = max(1, *(shapes.batch[2] * shapes.samples[2] ** 2 // longest**2 for shapes in profiles))
    last = profiles[-1]
    least = min(shapes.samples[0] for shapes in profiles)
    return Shapes("all", (1, min(last.batch[1], most), most), (least, last.samples[1], longest))


@dataclass(frozen=True)
class BuildOptions:
    """keep_fp32: ONNX nodes that stay FP32 where flags carry the precision; timing_cache: a file kept
    between builds. effort: 0 to 5, how long the builder looks for faster kernels.
    """

    profiles: tuple[Shapes, ...]
    precision: str = "fp32"
    target: str = "current"
    workspace_bytes: int = 2 << 30
    timing_cache: str = ""
    keep_fp32: tuple[str, ...] = ()
    stubbed_libraries: bool = False
    effort: int = 3


@dataclass(frozen=True)
class Tensor:
    """A tensor at the edge of a network: -1 marks a dynamic axis."""

    name: str
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """A built engine: ``data`` is the file's content; ``warnings`` the builder's, each once."""

    data: bytes
    seconds: float
    layers: int
    held_fp32: tuple[str, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    warnings: tuple[str, ...]


def never_stop(label: str, done: int, total: int) -> bool:
    return True


def build(
    library: Library,
    onnx: bytes,
    options: BuildOptions,
    *,
    calibrator: Any = None,
    report: Report = never_stop,
) -> Plan:
    """Parse and build. Raises ``LibraryProblem``, ``BuildFailed`` or ``BuildStopped``.

    calibrator: see ``calibrate``; needed for INT8 of a network without Q/DQ nodes where the version has
    calibrators.
    """
    library.check(options.precision, options.target)
    if not options.profiles:
        raise BuildFailed("no optimisation profile was given; the model's manifest should name at least one")
    started = time.monotonic()
    build_log = _Log(report)
    trt = library.module
    try:
        builder = trt.Builder(library.logger(build_log.hear))
    except TypeError as error:
        # What pybind makes of a null pointer: no driver, or one too old.
        raise BuildFailed(f"the builder cannot start: {build_log.last_errors()}") from error
    network = builder.create_network(library.network_flags())
    parser = trt.OnnxParser(network, library.logger(build_log.hear))
    build_log.tell("parse", 0, 1)
    if not parser.parse(onnx):
        errors = library.parser_errors(parser, build_log.nodes) or [build_log.last_errors()]
        raise BuildFailed("the ONNX file cannot be parsed: {}".format("; ".join(errors)))
    build_log.tell("parse", 1, 1)
    config = builder.create_builder_config()
    library.set_workspace(config, options.workspace_bytes)
    config.builder_optimization_level = options.effort
    library.set_target(config, options.target)
    library.share_profiles(config)
    library.drop_stubbed_tactics(config, options.stubbed_libraries)
    for shapes in options.profiles if library.many_profiles else (in_one(options.profiles),):
        config.add_optimization_profile(_profile(builder, network, shapes))
    # The parser's log says "NAME [OPERATOR]".
    nodes = [line.rpartition(" [")[0] or line for line in build_log.nodes]
    held = library.set_precision(config, network, options.precision, options.keep_fp32, nodes)
    if options.precision == "int8" and library.has_calibrator and not _is_quantised(trt, network):
        if calibrator is None:
            raise BuildFailed("INT8 needs a calibrator, or a model with Q/DQ nodes; none was given")
        library.set_calibrator(config, calibrator, _profile(builder, network, calibrator.shapes))
    cache = _open_timing_cache(config, options.timing_cache if library.has_timing_cache else "")
    monitor = library.monitor(build_log.tell)
    if monitor is not None:
        config.progress_monitor = monitor
    serialized = builder.build_serialized_network(network, config)
    if calibrator is not None and calibrator.problem is not None:
        raise BuildFailed(f"calibration failed ({calibrator.problem})") from calibrator.problem
    if build_log.stopped or (calibrator is not None and calibrator.stopped):
        raise BuildStopped("the build was stopped")
    if serialized is None:
        raise BuildFailed(f"the builder found no engine: {build_log.last_errors()}")
    _keep_timing_cache(cache, options.timing_cache)
    return Plan(
        data=bytes(serialized),
        seconds=time.monotonic() - started,
        layers=int(network.num_layers),
        held_fp32=tuple(held),
        inputs=tuple(_tensor(network.get_input(index)) for index in range(network.num_inputs)),
        outputs=tuple(_tensor(network.get_output(index)) for index in range(network.num_outputs)),
        warnings=tuple(build_log.warnings),
    )


class _Log:
    """What the builder says: errors kept for the failure message, progress handed on where no monitor
    exists.
    """

    def __init__(self, report: Report) -> None:
        self._report = report
        self._errors: list[str] = []
        self._tactics = 0
        self.warnings: list[str] = []
        self.stopped = False
        self.nodes: list[str] = []

    def hear(self, severity: int, text: str) -> None:
        if severity > 2:
            # Hundreds of thousands of lines, some of megabytes, come this way.
            self._overhear(text)
            return
        line = " ".join(text[:600].split())[:300]
        if severity <= 1:
            self._errors.append(line)
        elif line not in self.warnings and len(self.warnings) < 50:
            self.warnings.append(line)

    def _overhear(self, text: str) -> None:
        if text.startswith(PARSING):
            self.nodes.append(" ".join(text[len(PARSING) : 300].split()))
        elif "Autotuning format combination" in text:
            self._tactics += 1
            if self._tactics % 20 == 0:
                self.tell("choosing kernels", self._tactics, 0)

    def tell(self, label: str, done: int, total: int) -> bool:
        # Once asked to stop it stays stopped: the builder may still report a few steps of other phases.
        if not self.stopped and not self._report(label, done, total):
            self.stopped = True
        return not self.stopped

    def last_errors(self) -> str:
        return "; ".join(self._errors[-3:] or self.warnings[-3:]) or "it gave no reason"


def _profile(builder: Any, network: Any, shapes: Shapes) -> Any:
    profile = builder.create_optimization_profile()
    for index in range(network.num_inputs):
        name = str(network.get_input(index).name)
        if name not in INPUT_RANKS:
            raise BuildFailed(f"the graph has an input {name!r}; samples and lengths were expected")
        rank = INPUT_RANKS[name]
        profile.set_shape(name, *((shapes.batch[i], shapes.samples[i])[:rank] for i in range(3)))
    return profile


def _is_quantised(trt: Any, network: Any) -> bool:
    kind = trt.LayerType.QUANTIZE
    return any(network.get_layer(index).type == kind for index in range(network.num_layers))


def _tensor(tensor: Any) -> Tensor:
    dtype = str(tensor.dtype).split(".")[-1].lower()
    return Tensor(str(tensor.name), dtype, tuple(int(size) for size in tensor.shape))


def _open_timing_cache(config: Any, path: str) -> Any:
    if not path:
        return None
    content = b""
    if os.path.isfile(path):
        with open(path, "rb") as stream:
            content = stream.read()
    cache = config.create_timing_cache(content)
    if cache is None or not config.set_timing_cache(cache, False):
        # A cache of another version or GPU is refused; an empty one always fits.
        cache = config.create_timing_cache(b"")
        config.set_timing_cache(cache, False)
    return cache


def _keep_timing_cache(cache: Any, path: str) -> None:
    if cache is None or not path:
        return
    folder = os.path.dirname(os.path.abspath(path))
    os.makedirs(folder, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder)
    with os.fdopen(handle, "wb") as stream:
        stream.write(bytes(cache.serialize()))
    os.replace(temporary, path)
