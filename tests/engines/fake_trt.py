"""Stand-ins of TensorRT 8.6, 10, 11 and TensorRT for RTX: the surface each version has, computing with ONNX
Runtime.

A "plan" is the ONNX file behind a header; executing it reads and writes the addresses that were set, so that
the project's own runtime can be tested whole on a machine without a GPU.
"""

from __future__ import annotations

import ctypes
import enum
import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import onnxruntime

from tests.engines.fake_cuda import FakeCuda

MAGIC = b"FAKEPLAN"


class DataType(enum.Enum):
    FLOAT = np.float32
    HALF = np.float16
    INT32 = np.int32
    INT64 = np.int64


class LayerType(enum.IntEnum):
    SHAPE = 0
    CONSTANT = 1
    QUANTIZE = 2
    MATRIX_MULTIPLY = 3


class TensorIOMode(enum.IntEnum):
    INPUT = 1
    OUTPUT = 2


class MemoryPoolType(enum.IntEnum):
    WORKSPACE = 0


_ELEMENTS = {1: DataType.FLOAT, 6: DataType.INT32, 7: DataType.INT64, 10: DataType.HALF}


def make_trt(version: str, cuda: FakeCuda, *, rtx: bool = False) -> Any:
    """The module of one version. ``module.events`` lists what a build was given; ``module.broken`` names
    what fails.
    """
    major = int(version.split(".")[0])
    old = major == 8
    module = SimpleNamespace(__version__=version, __file__="", events=[], broken=set(), cuda=cuda)
    flags = {"EXPLICIT_BATCH": 0} if old else {"STRONGLY_TYPED": 1}
    if major == 10:
        flags["EXPLICIT_BATCH"] = 0
    module.NetworkDefinitionCreationFlag = enum.IntEnum("NetworkDefinitionCreationFlag", flags)
    builder_flags = {"TF32": 7}
    if major in (8, 10):
        builder_flags.update(FP16=0, INT8=1, OBEY_PRECISION_CONSTRAINTS=11, PREFER_PRECISION_CONSTRAINTS=12)
    module.BuilderFlag = enum.IntEnum("BuilderFlag", builder_flags)
    sources = {"EDGE_MASK_CONVOLUTIONS": 3, "JIT_CONVOLUTIONS": 4}
    if not rtx and major < 11:
        sources.update(CUBLAS=0, CUBLAS_LT=1, CUDNN=2)
    module.TacticSource = enum.IntEnum("TacticSource", sources)
    if rtx or major == 11:
        names = ("NONE", "CURRENT", "SM75", "SM80", "SM86", "SM89", "SM120", "SM121")
        module.ComputeCapability = enum.IntEnum(
            "ComputeCapability", {name: i for i, name in enumerate(names)}
        )
    module.DataType, module.LayerType, module.TensorIOMode = DataType, LayerType, TensorIOMode
    module.MemoryPoolType = MemoryPoolType
    module.nptype = lambda dtype: dtype.value
    severity = enum.IntEnum(
        "Severity", {"INTERNAL_ERROR": 0, "ERROR": 1, "WARNING": 2, "INFO": 3, "VERBOSE": 4}
    )
    module.ILogger = type("ILogger", (), {"Severity": severity})
    if old:
        preview = {"FASTER_DYNAMIC_SHAPES_0805": 0, "PROFILE_SHARING_0806": 2}
        module.PreviewFeature = enum.IntEnum("PreviewFeature", preview)
        module.IInt8EntropyCalibrator2 = type("IInt8EntropyCalibrator2", (), {})
    else:
        module.IProgressMonitor = type("IProgressMonitor", (), {})
        strategies = {"STATIC": 0, "ON_PROFILE_CHANGE": 1, "USER_MANAGED": 2}
        module.ExecutionContextAllocationStrategy = enum.IntEnum(
            "ExecutionContextAllocationStrategy", strategies
        )

    def say(logger: Any, level: str, text: str) -> None:
        logger.log(severity[level], text)

    class Builder:
        def __init__(self, logger: Any) -> None:
            if "Builder" in module.broken:
                say(logger, "ERROR", "CUDA initialization failure with error: 35")
                raise TypeError("pybind11::init(): factory function returned nullptr")
            self.logger = logger

        def create_network(self, flags: int) -> Any:
            module.events.append(("network", flags))
            return Network()

        def create_builder_config(self) -> Any:
            return Config(module, old, rtx)

        def create_optimization_profile(self) -> Any:
            return Profile()

        def build_serialized_network(self, network: Any, config: Any) -> bytes | None:
            return built(module, self.logger, network, config, say)

    class OnnxParser:
        def __init__(self, network: Any, logger: Any) -> None:
            self.network, self.logger = network, logger
            self.errors: list[Any] = []

        @property
        def num_errors(self) -> int:
            return len(self.errors)

        def get_error(self, index: int) -> Any:
            return self.errors[index]

        def parse(self, data: bytes) -> bool:
            try:
                model = onnx.load_model_from_string(data)
            except Exception:
                self.errors.append(parse_error(-1, "", "", "Failed to parse the ONNX model.", old))
                return False
            for index, node in enumerate(model.graph.node):
                say(self.logger, "VERBOSE", f"Parsing node: {node.name or index} [{node.op_type}]")
                if node.op_type in module.broken:
                    self.errors.append(parse_error(index, node.name, node.op_type, "unsupported\n node", old))
            self.network.fill(model)
            return not self.errors

    class Runtime:
        def __init__(self, logger: Any) -> None:
            if "Runtime" in module.broken:
                raise TypeError("pybind11::init(): factory function returned nullptr")
            self.logger = logger

        def deserialize_cuda_engine(self, data: bytes) -> Any:
            if not data.startswith(MAGIC) or "deserialize" in module.broken:
                say(
                    self.logger,
                    "ERROR",
                    "Serialization assertion stdVersionRead == kSERIALIZATION_VERSION failed",
                )
                return None
            return Engine(module, data, self.logger, say, old)

    module.Builder, module.OnnxParser, module.Runtime = Builder, OnnxParser, Runtime
    return module


def parse_error(node: int, name: str, operator: str, text: str, old: bool) -> Any:
    parts: dict[str, Any] = {"node": lambda: node, "desc": lambda: text}
    if not old:
        parts.update(node_name=lambda: name, node_operator=lambda: operator)
    return SimpleNamespace(**parts)


class Network:
    def fill(self, model: Any) -> None:
        self.model = model
        self.layers = [Layer(node) for node in model.graph.node]

    @property
    def num_layers(self) -> int:
        return len(self.layers)

    def get_layer(self, index: int) -> Any:
        return self.layers[index]

    num_inputs = property(lambda self: len(self.model.graph.input))
    num_outputs = property(lambda self: len(self.model.graph.output))

    def get_input(self, index: int) -> Any:
        return tensor_of(self.model.graph.input[index])

    def get_output(self, index: int) -> Any:
        return tensor_of(self.model.graph.output[index])


class Layer:
    def __init__(self, node: Any) -> None:
        self.name = node.name or node.output[0]
        kinds = {
            "Shape": LayerType.SHAPE,
            "Constant": LayerType.CONSTANT,
            "QuantizeLinear": LayerType.QUANTIZE,
        }
        self.type = kinds.get(node.op_type, LayerType.MATRIX_MULTIPLY)
        self.num_outputs = len(node.output)
        self.precision: Any = None
        self.output_types: dict[int, Any] = {}

    def get_output(self, index: int) -> Any:
        return SimpleNamespace(dtype=DataType.FLOAT)

    def set_output_type(self, index: int, dtype: Any) -> None:
        self.output_types[index] = dtype


def tensor_of(value: Any) -> Any:
    kind = value.type.tensor_type
    shape = tuple(axis.dim_value or -1 for axis in kind.shape.dim)
    return SimpleNamespace(name=value.name, dtype=_ELEMENTS[kind.elem_type], shape=shape)


class Profile:
    def __init__(self) -> None:
        self.shapes: dict[str, list[list[int]]] = {}

    def set_shape(self, name: str, low: Any, usual: Any, high: Any) -> None:
        self.shapes[name] = [list(low), list(usual), list(high)]


class Config:
    def __init__(self, module: Any, old: bool, rtx: bool) -> None:
        self._module = module
        self.profiles: list[Profile] = []
        self.flags: list[str] = []
        self.progress_monitor: Any = None
        self.sources = 0b11111
        self.timing_cache: Any = None
        self.int8_calibrator: Any = None

    def set_memory_pool_limit(self, pool: Any, limit: int) -> None:
        self._module.events.append(("workspace", limit))

    def clear_flag(self, flag: Any) -> None:
        self._module.events.append(("cleared", flag.name))

    def set_flag(self, flag: Any) -> None:
        self.flags.append(flag.name)
        self._module.events.append(("flag", flag.name))

    def set_compute_capability(self, capability: Any, index: int) -> None:
        self._module.events.append(("target", capability.name))

    def add_optimization_profile(self, profile: Profile) -> None:
        self.profiles.append(profile)

    def set_preview_feature(self, feature: Any, wanted: bool) -> None:
        self._module.events.append(("preview", feature.name))

    def set_calibration_profile(self, profile: Profile) -> None:
        self._module.events.append(("calibration profile", profile.shapes["samples"][1]))

    def get_tactic_sources(self) -> int:
        return self.sources

    def set_tactic_sources(self, sources: int) -> None:
        self._module.events.append(("tactics", sources))

    def create_timing_cache(self, content: bytes) -> Any:
        return SimpleNamespace(content=content, serialize=lambda: b"timings")

    def set_timing_cache(self, cache: Any, ignore: bool) -> bool:
        self._module.events.append(("timing cache", cache.content))
        return cache.content in (b"", b"timings")


def built(module: Any, logger: Any, network: Network, config: Config, say: Any) -> bytes | None:
    if "build" in module.broken:
        say(logger, "ERROR", "Could not find any implementation for node /blocks.0/MatMul.")
        return None
    if config.int8_calibrator is not None:
        calibrator = config.int8_calibrator
        if calibrator.read_calibration_cache() is None:
            count = 0
            while calibrator.get_batch(["samples", "lengths"]) is not None:
                count += 1
            module.events.append(("calibrated", count))
            calibrator.write_calibration_cache(b"scales")
    if config.progress_monitor is not None:
        config.progress_monitor.phase_start("Building", None, 3)
        for step in range(3):
            if not config.progress_monitor.step_complete("Building", step):
                return None
        config.progress_monitor.phase_finish("Building")
    else:
        for index in range(40):
            say(logger, "VERBOSE", f"*************** Autotuning format combination: {index}")
    say(logger, "WARNING", "a warning")
    header = json.dumps([profile.shapes for profile in config.profiles]).encode()
    return MAGIC + len(header).to_bytes(4, "big") + header + network.model.SerializeToString()


class Engine:
    def __init__(self, module: Any, data: bytes, logger: Any, say: Any, old: bool) -> None:
        self._module, self._logger, self._say = module, logger, say
        size = int.from_bytes(data[8:12], "big")
        self.profiles = json.loads(data[12 : 12 + size])
        model = onnx.load_model_from_string(data[12 + size :])
        self.inputs = [tensor_of(value) for value in model.graph.input]
        self.outputs = [tensor_of(value) for value in model.graph.output]
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self.num_io_tensors = len(self.inputs) + len(self.outputs)
        self.num_optimization_profiles = len(self.profiles)
        if old:
            self.device_memory_size = 1 << 20
            self.create_execution_context_without_device_memory = self._context
        else:
            self.get_device_memory_size_for_profile_v2 = lambda index: (index + 1) << 20
            self.create_execution_context = lambda strategy: self._context() if strategy == 2 else None

    def _tensor(self, name: str) -> Any:
        return next(tensor for tensor in (*self.inputs, *self.outputs) if tensor.name == name)

    def get_tensor_name(self, index: int) -> str:
        return str((*self.inputs, *self.outputs)[index].name)

    def get_tensor_mode(self, name: str) -> TensorIOMode:
        return (
            TensorIOMode.INPUT if any(tensor.name == name for tensor in self.inputs) else TensorIOMode.OUTPUT
        )

    def get_tensor_dtype(self, name: str) -> Any:
        return self._tensor(name).dtype

    def get_tensor_shape(self, name: str) -> Any:
        return self._tensor(name).shape

    def get_tensor_profile_shape(self, name: str, index: int) -> Any:
        return self.profiles[index][name]

    def _context(self) -> Any:
        if "context" in self._module.broken:
            self._say(
                self._logger, "ERROR", "Requested amount of GPU memory could not be allocated: out of memory"
            )
            return None
        return (OldContext if hasattr(self, "device_memory_size") else Context)(self._module, self)


class Context:
    def __init__(self, module: Any, engine: Engine) -> None:
        self._module, self._engine = module, engine
        self.profile = 0
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.addresses: dict[str, int] = {}
        self.device_memory = 0

    def set_device_memory(self, address: int, nbytes: int) -> None:
        assert nbytes >= self._engine.get_device_memory_size_for_profile_v2(self.profile)
        self.device_memory = address

    def set_optimization_profile_async(self, index: int, stream: int) -> bool:
        self.profile = index
        return "profile" not in self._module.broken

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        low, _, high = self._engine.profiles[self.profile][name]
        self.shapes[name] = tuple(shape)
        fits = all(a <= b <= c for a, b, c in zip(low, shape, high, strict=True))
        return fits and "shape" not in self._module.broken

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        batch, samples = self.shapes["samples"]
        tensor = self._engine._tensor(name)
        return (batch, samples // 320 + 1, tensor.shape[2])

    def set_tensor_address(self, name: str, address: int) -> bool:
        self.addresses[name] = address
        return "address" not in self._module.broken

    def execute_async_v3(self, stream: int) -> bool:
        if "execute" in self._module.broken or not self.device_memory:
            return False
        shapes, addresses, engine = dict(self.shapes), dict(self.addresses), self._engine

        def work() -> None:
            feeds = {
                tensor.name: read(addresses[tensor.name], shapes[tensor.name], tensor.dtype.value)
                for tensor in engine.inputs
            }
            names = [tensor.name for tensor in engine.outputs]
            for name, array in zip(names, engine.session.run(names, feeds), strict=True):
                contiguous = np.ascontiguousarray(array)
                ctypes.memmove(addresses[name], contiguous.ctypes.data, contiguous.nbytes)

        self._module.cuda.queue(stream, work)
        return True


class OldContext(Context):
    """8.6: the memory is an attribute."""

    @property
    def set_device_memory(self) -> Any:
        raise AttributeError("set_device_memory")


def read(address: int, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    count = int(np.prod(shape))
    block = (ctypes.c_uint8 * (count * np.dtype(dtype).itemsize)).from_address(address)
    return np.frombuffer(block, dtype).reshape(shape).copy()
