"""TensorRT 8.6, 10, 11 and TensorRT for RTX behind one surface: every difference between them is in this
file.

What each version is given:

===================  ==================  ===================  ==================  =====================
                     8.6                 10                   11                  RTX 1
===================  ==================  ===================  ==================  =====================
network flags        EXPLICIT_BATCH      STRONGLY_TYPED       STRONGLY_TYPED      STRONGLY_TYPED
                                                              (kept, no effect)
where types live     builder flags       in the ONNX          in the ONNX         in the ONNX
FP16                 BuilderFlag.FP16    typed ONNX           typed ONNX          typed ONNX
FP32 products        never as TF32       never as TF32        never as TF32       never as TF32
INT8                 INT8 + calibrator   Q/DQ ONNX            Q/DQ ONNX           Q/DQ ONNX
layers kept FP32     layer.precision     typed ONNX           typed ONNX          typed ONNX
profiles             one (see             all                  all                 all
                     ``plan.in_one``)
progress, cancel     none (log lines)    IProgressMonitor     IProgressMonitor    IProgressMonitor
timing cache         yes                 yes                  yes                 none (its calls do nothing)
target GPU           the present one     the present one      the present one     SM75 … SM120 by name
tactic sources       less stubbed cuBLAS its own              its own             its own
                     and cuDNN
FP32 on SM75         yes                 yes                  yes                 no FP32 matrix products
profile, contexts    shared if asked     shared               shared              shared
activation memory    of all profiles     of the profile       of the profile      of the profile
context without it   a method            a strategy           a strategy          a strategy
===================  ==================  ===================  ==================  =====================

TensorRT 10 still has builder flags for precision; it is given typed networks all the same, so that one ONNX
file means one precision everywhere. This module and cuda, plan, calibrate, trt_lane and trt_runtime import
numpy, cuda-python and TensorRT only, and run on Python 3.9.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Sequence
from typing import Any

FULL, RTX = "tensorrt", "tensorrt_rtx"
PRECISIONS = ("fp32", "fp16", "int8")
TARGETS = ("current", "sm75", "sm80", "sm86", "sm89", "sm120")


class LibraryProblem(RuntimeError):
    """TensorRT is not there, too old or too new, or cannot do what was asked; the text says which."""


class Library:
    """One imported TensorRT with what it can do. ``module`` is the Python package itself."""

    def __init__(self, module: Any, name: str) -> None:
        """Raises ``LibraryProblem`` for a release outside 8.6–11 (TensorRT) or 1.x (TensorRT for RTX)."""
        self.module = module
        self.name = name
        self.version = str(module.__version__)
        numbers = tuple(int(part) for part in self.version.split(".")[:2])
        supported = numbers[0] == 1 if name == RTX else (8, 6) <= numbers < (12, 0) and numbers[0] != 9
        if not supported:
            raise LibraryProblem(
                f"{name} {self.version} is not supported; TensorRT 8.6, 10, 11 and RTX 1 are"
            )
        self.is_rtx = name == RTX
        self.typed_by_flags = not self.is_rtx and numbers[0] < 10
        self.has_calibrator = self.typed_by_flags
        # 8.6.0 answered wrongly (mean error 1.04 nats) with a profile of batch 1 beside another:
        # engines/measure/results/two_profiles.json.
        self.many_profiles = not self.typed_by_flags
        self.has_timing_cache = not self.is_rtx
        self.has_monitor = hasattr(module, "IProgressMonitor")
        self.has_targets = self.is_rtx and hasattr(module, "ComputeCapability")

    @property
    def title(self) -> str:
        return f"{self.name} {self.version}"

    def network_flags(self) -> int:
        """The bit mask for ``Builder.create_network``."""
        flags = self.module.NetworkDefinitionCreationFlag
        if self.typed_by_flags:
            return 1 << int(flags.EXPLICIT_BATCH)
        return 1 << int(flags.STRONGLY_TYPED)

    def check(self, precision: str, target: str) -> None:
        """Refuse, before any work, what this version cannot build."""
        if precision not in PRECISIONS:
            raise LibraryProblem("precision {!r} is not one of {}".format(precision, ", ".join(PRECISIONS)))
        if target not in TARGETS:
            raise LibraryProblem("target {!r} is not one of {}".format(target, ", ".join(TARGETS)))
        if target != "current" and not self.has_targets:
            raise LibraryProblem(f"{self.title} builds for the GPU of this machine only, not for {target}")
        if self.is_rtx and target == "sm75" and precision == "fp32":
            raise LibraryProblem("TensorRT for RTX has no FP32 matrix products on sm75; build fp16 for it")

    def set_precision(
        self,
        config: Any,
        network: Any,
        precision: str,
        keep_fp32: tuple[str, ...],
        nodes: Sequence[str] = (),
    ) -> list[str]:
        """Give the builder its precision where flags carry it; returns the names of the layers held at
        FP32.

        nodes: names of all of the ONNX file's nodes. TF32, on unless refused, would round the front end's power
        spectrum as FP16 does.
        """
        trt = self.module
        if hasattr(trt.BuilderFlag, "TF32"):
            config.clear_flag(trt.BuilderFlag.TF32)
        if not self.typed_by_flags or precision == "fp32":
            return []
        config.set_flag(trt.BuilderFlag.FP16)
        if precision == "int8":
            config.set_flag(trt.BuilderFlag.INT8)
        if not keep_fp32:
            return []
        # Where no kernel of the wanted type exists the builder takes another and says so; the gate judges.
        config.set_flag(trt.BuilderFlag.PREFER_PRECISION_CONSTRAINTS)
        names = [str(network.get_layer(index).name) for index in range(network.num_layers)]
        chosen = _with_helpers(names, nodes, keep_fp32)
        floats = (trt.DataType.FLOAT, trt.DataType.HALF)
        fixed = (trt.LayerType.SHAPE, trt.LayerType.CONSTANT)
        held = []
        for index in range(network.num_layers):
            layer = network.get_layer(index)
            if index not in chosen or layer.type in fixed:
                continue
            if any(layer.get_output(i).dtype not in floats for i in range(layer.num_outputs)):
                continue
            layer.precision = trt.DataType.FLOAT
            for output in range(layer.num_outputs):
                layer.set_output_type(output, trt.DataType.FLOAT)
            held.append(str(layer.name))
        return held

    def set_calibrator(self, config: Any, calibrator: Any, profile: Any) -> None:
        """INT8 scales of a network without Q/DQ nodes; only where ``has_calibrator``."""
        config.int8_calibrator = calibrator
        config.set_calibration_profile(profile)

    def set_target(self, config: Any, target: str) -> None:
        if self.has_targets:
            capability = self.module.ComputeCapability
            config.num_compute_capabilities = 1
            config.set_compute_capability(getattr(capability, target.upper()), 0)

    def set_workspace(self, config: Any, limit_bytes: int) -> None:
        config.set_memory_pool_limit(self.module.MemoryPoolType.WORKSPACE, limit_bytes)

    def share_profiles(self, config: Any) -> None:
        """Let many contexts use one profile at once, which 8.6 forbids unless asked and later ones always
        allow.
        """
        if self.typed_by_flags:
            features = self.module.PreviewFeature
            config.set_preview_feature(features.PROFILE_SHARING_0806, True)
            config.set_preview_feature(features.FASTER_DYNAMIC_SHAPES_0805, True)

    def drop_stubbed_tactics(self, config: Any, stubbed: bool) -> None:
        """Without real cuBLAS and cuDNN (see ``libraries_are_stubs``) their tactics must not be tried."""
        if not (self.typed_by_flags and stubbed):
            return
        sources = config.get_tactic_sources()
        for name in ("CUBLAS", "CUBLAS_LT", "CUDNN"):
            sources &= ~(1 << int(getattr(self.module.TacticSource, name)))
        config.set_tactic_sources(sources)

    def parser_errors(self, parser: Any, nodes: list[str]) -> list[str]:
        """Every error of a failed parse, each with the node it is about.

        nodes: the nodes the parser's log named, in order; 8.6 gives only a node's number with an error.
        """
        lines = []
        for index in range(parser.num_errors):
            error = parser.get_error(index)
            if hasattr(error, "node_name") and error.node_name():
                where = f"{error.node_name()} ({error.node_operator()})"
            else:
                number = int(error.node())
                where = nodes[number] if 0 <= number < len(nodes) else f"node {number}"
            lines.append(f"{where}: {_one_line(error.desc())}")
        return lines

    def monitor(self, tell: Callable[[str, int, int], bool]) -> Any:
        """A progress monitor calling ``tell(phase, done, total)``; False cancels. None where the version has
        none.
        """
        if not self.has_monitor:
            return None
        base = self.module.IProgressMonitor

        class Monitor(base):  # type: ignore[misc, valid-type]
            def __init__(self) -> None:
                base.__init__(self)
                self.totals: dict[str, int] = {}

            def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
                self.totals[phase_name] = num_steps

            def step_complete(self, phase_name: str, step: int) -> bool:
                return tell(phase_name, step + 1, self.totals.get(phase_name, 0))

            def phase_finish(self, phase_name: str) -> None:
                self.totals.pop(phase_name, None)

        return Monitor()

    def logger(self, hear: Callable[[int, str], None]) -> Any:
        """A logger handing ``(severity, text)`` on; severity 0 internal error, 1 error, 2 warning, 3 info, 4
        verbose.
        """
        base = self.module.ILogger
        severities = base.Severity
        order = ("INTERNAL_ERROR", "ERROR", "WARNING", "INFO", "VERBOSE")
        ranks = {int(getattr(severities, name)): rank for rank, name in enumerate(order)}

        class Logger(base):  # type: ignore[misc, valid-type]
            def __init__(self) -> None:
                base.__init__(self)

            def log(self, severity: Any, message: str) -> None:
                hear(ranks.get(int(severity), 1), str(message))

        return Logger()

    def context_bytes(self, engine: Any, profile: int) -> int:
        """Activation memory of one execution context; 8.6 knows only that of its largest profile."""
        for name in ("get_device_memory_size_for_profile_v2", "get_device_memory_size_for_profile"):
            if hasattr(engine, name):
                return int(getattr(engine, name)(profile))
        return int(engine.device_memory_size)

    def create_context(self, engine: Any) -> Any:
        """An execution context without activation memory of its own; None where TensorRT refuses."""
        if hasattr(self.module, "ExecutionContextAllocationStrategy"):
            return engine.create_execution_context(
                self.module.ExecutionContextAllocationStrategy.USER_MANAGED
            )
        return engine.create_execution_context_without_device_memory()

    def give_memory(self, context: Any, address: int, nbytes: int) -> None:
        if hasattr(context, "set_device_memory"):
            context.set_device_memory(address, nbytes)
        else:
            context.device_memory = address


def load(name: str) -> Library:
    """Import ``tensorrt`` or ``tensorrt_rtx``; ``LibraryProblem`` when it is missing, broken or
    unsupported.
    """
    try:
        module = importlib.import_module(name)
    except Exception as error:
        # A package whose shared libraries are absent raises OSError or RuntimeError rather than ImportError.
        extra = "rtx" if name == RTX else "gpu"
        why = _one_line(error)[:160]
        raise LibraryProblem(
            f"{name} cannot be loaded ({why}); install it with: python3 -m pip install '.[{extra}]'"
        ) from error
    return Library(module, name)


def node_of(layer_name: str) -> str:
    """TensorRT 8.6 names helper layers after their ONNX node with a suffix; the ONNX name comes first."""
    return layer_name.split(" ")[0].split("_output_cast")[0]


def _with_helpers(names: list[str], nodes: Sequence[str], wanted: tuple[str, ...]) -> set[int]:
    """Indices of the layers of the ``wanted`` nodes and of the parser's own layers beside them.

    A node may become several layers (a softmax and its logarithm, a reshape and its convolution) of which
    only one bears the node's name.
    """
    known = set(nodes) | set(wanted)
    chosen: set[int] = set()
    helpers: list[int] = []
    before = False
    for index, name in enumerate([*names, ""]):
        node = node_of(name)
        if name and node not in known:
            helpers.append(index)
            continue
        now = node in wanted
        if now:
            chosen.add(index)
        if now or before:
            chosen.update(helpers)
        helpers, before = [], now
    return chosen


def _one_line(text: object) -> str:
    return " ".join(str(text).split())


def libraries_are_stubs(library: Library) -> bool:
    """True where cuBLAS beside TensorRT is a stand-in of a few kilobytes, put there so that TensorRT
    loads.
    """
    folder = os.path.dirname(str(getattr(library.module, "__file__", "") or ""))
    path = os.path.join(folder, "libcublas.so.12")
    return os.path.isfile(path) and os.path.getsize(path) < 1_000_000
