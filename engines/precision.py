"""FP32, FP16 and Q/DQ INT8 variants of an acoustic ONNX file, made by ONNX Runtime's model tools.

The log-mel front end (everything before the first layer with weights of its own that follows the logarithm)
stays
FP32: a power spectrum spans more than FP16 can hold. The final log-softmax stays FP32 too.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.ranges import ranges_of
from tutor.acoustic import Floats
from tutor.errors import Cancelled, InstallError, ModelError, TutorError
from tutor.progress import Progress, silent

PRECISIONS = ("fp32", "fp16", "int8")
_WEIGHTED = ("Conv", "MatMul", "Gemm")
_SCALED = ("QuantizeLinear", "DequantizeLinear")
_MASK_FLOOR = -3.0e4
_WORTH_STORING = 4096


def variant(
    data: bytes,
    precision: str,
    *,
    clips: Sequence[Floats] = (),
    keep: Sequence[str] = (),
    rest: str = "fp16",
    method: str = "minmax",
    front: bool = False,
    paired: bool = False,
    folder: Path | None = None,
    progress: Progress = silent,
) -> bytes:
    """The ONNX file ``data`` with its types set for ``precision``; ``ModelError`` if the tools cannot make
    it.

    clips: what INT8 is calibrated on. keep: nodes (by name) left unquantised in INT8 besides the front end.
    rest: type of what INT8 leaves alone; "fp16" for GPUs, "fp32" for ONNX Runtime on a CPU. method: how INT8's
    scales follow from what was seen, one of METHODS. front: quantise the front end too, which only an
    experiment would. paired: weights stay FP32 with a pair of Q and DQ behind them, for TensorRT 8. folder: where
    INT8 keeps what it saw, so that a calibration that was stopped goes on; None keeps nothing.
    """
    if precision not in PRECISIONS:
        raise ModelError(
            "No precision is called {precision!r}; choose one of {known}.",
            precision=precision,
            known=", ".join(PRECISIONS),
        )
    try:
        model = unpacked(data)
        if precision == "fp16":
            model = _to_fp16(model)
        elif precision == "int8":
            # Q and DQ take a scale per channel from operator set 13 on, FP16 scales from 19 on.
            model = _at_least(model, 19 if rest == "fp16" else 13)
            model = _to_int8(model, clips, keep, method, front, paired, folder, progress)
            if rest == "fp16":
                model = _to_fp16(model)
        return bytes(model.SerializeToString())
    except TutorError:
        raise
    except Exception as error:
        # The tools raise whatever their internals do; none of it is the caller's business.
        line = " ".join(str(error).split())[:200]
        raise ModelError(
            "The {precision} variant cannot be made ({line}); use fp32 or export the model again.",
            precision=precision,
            line=line,
        ) from error


def unpacked(data: bytes) -> Any:
    """The ONNX model with weights stored as FP16 or INT8 behind Cast (and Mul by a scale) as FP32
    initialisers.
    """
    onnx = onnx_package()
    model = onnx.load_model_from_string(data)
    graph = model.graph
    stored = {tensor.name: tensor for tensor in graph.initializer}
    folded: list[Any] = []
    for node in list(graph.node):
        if node.op_type != "Cast" or node.input[0] not in stored:
            continue
        target = next(attribute.i for attribute in node.attribute if attribute.name == "to")
        if target != onnx.TensorProto.FLOAT:
            continue
        values = onnx.numpy_helper.to_array(stored[node.input[0]]).astype(np.float32)
        folded.append(onnx.numpy_helper.from_array(values, node.output[0]))
        graph.node.remove(node)
    ready = {tensor.name: tensor for tensor in folded} | stored
    for node in list(graph.node):
        if node.op_type == "Mul" and all(name in ready for name in node.input):
            factors = [onnx.numpy_helper.to_array(ready[name]) for name in node.input]
            folded.append(onnx.numpy_helper.from_array(factors[0] * factors[1], node.output[0]))
            graph.node.remove(node)
    used = {name for node in graph.node for name in node.input}
    folded = [tensor for tensor in folded if tensor.name in used]
    for tensor in list(graph.initializer):
        if tensor.name not in used:
            graph.initializer.remove(tensor)
    graph.initializer.extend(folded)
    return model


def front_end(model: Any) -> tuple[str, ...]:
    """Names of the nodes up to the first weighted layer after the logarithm; () for a graph without one."""
    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer}
    # Once quantised, a weight comes out of a DequantizeLinear.
    weights |= {node.output[0] for node in graph.node if node.op_type == _SCALED[1] and node.input[0] in weights}
    maker = {output: node for node in graph.node for output in node.output}
    after_log: set[str] = set()
    for node in graph.node:
        if node.op_type == "Log" or any(name in after_log for name in node.input):
            if node.op_type in _WEIGHTED and any(name in weights for name in node.input):
                return tuple(item.name for item in _ancestors(node, maker) if item.op_type not in _SCALED)
            after_log.update(node.output)
    return ()


def final_softmax(model: Any) -> tuple[str, ...]:
    """Names of the nodes that make the posteriors' logarithms, and of all behind them (the mean of several
    members). The softmax of an attention, which multiplies values, is none of them.
    """
    multiplied = {name for node in model.graph.node if node.op_type == "MatMul" for name in node.input}
    found: list[str] = []
    behind: set[str] = set()
    for node in model.graph.node:
        last = node.op_type == "LogSoftmax" or (node.op_type == "Softmax" and node.output[0] not in multiplied)
        if last or any(name in behind for name in node.input):
            found.append(node.name)
            behind.update(node.output)
    return tuple(found)


def keep_fp32(data: bytes) -> tuple[str, ...]:
    """Nodes that stay FP32 where builder flags, not the ONNX file, carry the precision (TensorRT 8.6)."""
    model = unpacked(data)
    return front_end(model) + final_softmax(model)


def quantisable(data: bytes, front: bool = False) -> tuple[str, ...]:
    """Nodes that INT8 may touch: products and convolutions with stored weights, behind the front end (or
    there too).
    """
    model = unpacked(data)
    weights = {tensor.name for tensor in model.graph.initializer}
    fixed = set() if front else set(front_end(model))
    return tuple(
        node.name
        for node in model.graph.node
        if node.op_type in _WEIGHTED
        and node.name not in fixed
        and any(name in weights for name in node.input)
    )


def sensitivity(
    data: bytes,
    groups: Sequence[Sequence[str]],
    clips: Sequence[Floats],
    loss: Callable[[bytes], float],
    *,
    folder: Path | None = None,
    progress: Progress = silent,
) -> list[float]:
    """``loss`` of the INT8 variant when only one group of nodes is quantised, group by group: the higher the
    costlier.
    """
    everything = set(quantisable(data))
    losses = []
    for index, group in enumerate(groups):
        if not progress("sensitivity", index, len(groups)):
            raise Cancelled("The measurement was stopped.")
        keep = tuple(everything - set(group))
        losses.append(loss(variant(data, "int8", clips=clips, keep=keep, rest="fp32", folder=folder)))
    return losses


def _to_fp16(model: Any) -> Any:
    from onnxruntime.transformers.float16 import convert_float_to_float16

    name_nodes(model)
    _soften_masks(model)
    blocked = list(front_end(model) + final_softmax(model))
    return convert_float_to_float16(model, keep_io_types=True, node_block_list=blocked)


def _to_int8(
    model: Any,
    clips: Sequence[Floats],
    keep: Sequence[str],
    method: str,
    front: bool,
    paired: bool,
    folder: Path | None,
    progress: Progress,
) -> Any:
    from onnxruntime import quantization
    from onnxruntime.quantization.quant_utils import load_model_with_shape_infer

    if not clips:
        raise ModelError("INT8 needs recordings to calibrate on; none were given.")
    onnx = onnx_package()
    name_nodes(model)
    if front:
        _constants_stored(model)
    candidates = set(quantisable(model.SerializeToString(), front)) - set(keep)
    rest = [node.name for node in model.graph.node if node.name not in candidates]
    with TemporaryDirectory() as scratch, quiet():
        path, target = Path(scratch) / "fp32.onnx", Path(scratch) / "int8.onnx"
        onnx.save(model, str(path))
        ranges = ranges_of(path, _WEIGHTED, clips, method, folder=folder, progress=progress)
        quantizer = quantization.QDQQuantizer(
            load_model_with_shape_infer(path),
            True,  # a scale per channel
            False,  # all 256 steps
            quantization.QuantType.QInt8,
            quantization.QuantType.QInt8,
            ranges,
            [],
            rest,
            list(_WEIGHTED),
            # TensorRT takes symmetric scales only, and multiplies biases in floating point.
            {
                "ActivationSymmetric": True,
                "WeightSymmetric": True,
                "QuantizeBias": False,
                "AddQDQPairToWeight": paired,
                # What follows a product is not quantised again; TensorRT fuses it with the product.
                "OpTypesToExcludeOutputQuantization": list(_WEIGHTED) if paired else [],
                "TensorQuantOverrides": _columns(model),
            },
        )
        quantizer.quantize_model()
        quantizer.model.save_model_to_file(str(target))
        return onnx.load(str(target))


def _columns(model: Any) -> dict[str, list[dict[str, int]]]:
    """The axis of the columns of every stack of matrices, where ONNX Runtime would take the rows for channels."""
    return {stack.name: [{"axis": len(stack.dims) - 1}] for stack in stacks(model)}


def stacks(model: Any) -> list[Any]:
    """Stored weights of rank 3 and more that products multiply by, matrix by matrix (the members of a committee)."""
    factors = {node.input[1] for node in model.graph.node if node.op_type == "MatMul"}
    return [
        tensor for tensor in model.graph.initializer if len(tensor.dims) > 2 and tensor.name in factors
    ]


def _at_least(model: Any, operator_set: int) -> Any:
    found = next(item.version for item in model.opset_import if item.domain in ("", "ai.onnx"))
    return model if found >= operator_set else onnx_package().version_converter.convert_version(model, operator_set)


def _constants_stored(model: Any) -> None:
    """Large constants (the front end's kernels) become stored weights, which alone are quantised."""
    graph = model.graph
    for node in [node for node in graph.node if node.op_type == "Constant"]:
        for attribute in node.attribute:
            if attribute.name == "value" and np.prod(attribute.t.dims) >= _WORTH_STORING:
                graph.initializer.add().CopyFrom(attribute.t)
                graph.initializer[-1].name = node.output[0]
                graph.node.remove(node)


@contextmanager
def quiet() -> Iterator[None]:
    """The quantiser advises on the root logger to do what was just done, and prints what it is about."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        root.setLevel(level)


def _ancestors(node: Any, maker: dict[str, Any]) -> list[Any]:
    found: dict[int, Any] = {}
    waiting = [name for name in node.input]
    while waiting:
        name = waiting.pop()
        parent = maker.get(name)
        if parent is not None and id(parent) not in found:
            found[id(parent)] = parent
            waiting.extend(parent.input)
    return list(found.values())


def name_nodes(model: Any) -> None:
    taken = {node.name for node in model.graph.node}
    for index, node in enumerate(model.graph.node):
        if not node.name:
            node.name = next(
                name for name in (f"{node.op_type}_{index}", f"{node.op_type}_x{index}") if name not in taken
            )


def _soften_masks(model: Any) -> None:
    """Bring the huge negative constants of attention masks into FP16's range, far below any real score."""
    onnx = onnx_package()

    def softened(values: NDArray[Any]) -> NDArray[Any] | None:
        if values.dtype != np.float32 or values.size > 64 or not (values < _MASK_FLOOR).any():
            return None
        bounded: NDArray[Any] = np.maximum(values, np.float32(_MASK_FLOOR))
        return bounded

    for tensor in model.graph.initializer:
        values = softened(onnx.numpy_helper.to_array(tensor))
        if values is not None:
            tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))
    for node in model.graph.node:
        for attribute in node.attribute:
            if node.op_type == "Constant" and attribute.name == "value":
                values = softened(onnx.numpy_helper.to_array(attribute.t))
                if values is not None:
                    attribute.t.CopyFrom(onnx.numpy_helper.from_array(values, attribute.t.name))


def onnx_package() -> Any:
    try:
        import onnx
        import onnx.numpy_helper
        import onnx.version_converter
    except ImportError as error:
        raise InstallError(
            "The onnx package is needed for this; install it: python3 -m pip install '.[gpu]'."
        ) from error
    return onnx
