"""What Tutor knows of an acoustic ONNX graph: where its front end ends, where its answers begin, what is weighed."""

from __future__ import annotations

from typing import Any

import numpy as np

from tutor.errors import InstallError

WEIGHTED = ("Conv", "MatMul", "Gemm")
_SCALED = ("QuantizeLinear", "DequantizeLinear")


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
            if node.op_type in WEIGHTED and any(name in weights for name in node.input):
                return tuple(item.name for item in _ancestors(node, maker) if item.op_type not in _SCALED)
            after_log.update(node.output)
    return ()


def final_softmax(model: Any) -> tuple[str, ...]:
    """Names of the nodes that make the posteriors' logarithms, and of all behind them (the mean of several
    members). The softmax of an attention is none of them: products come after it.
    """
    multiplied: set[str] = set()
    for node in reversed(model.graph.node):
        if node.op_type in WEIGHTED or any(name in multiplied for name in node.output):
            multiplied.update(node.input)
    found: list[str] = []
    behind: set[str] = set()
    for node in model.graph.node:
        last = node.op_type in ("LogSoftmax", "Softmax") and node.output[0] not in multiplied
        if last or any(name in behind for name in node.input):
            found.append(node.name)
            behind.update(node.output)
    return tuple(found)


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
        if node.op_type in WEIGHTED
        and node.name not in fixed
        and any(name in weights for name in node.input)
    )


def stacks(model: Any) -> list[Any]:
    """Stored weights of rank 3 and more that products multiply by, matrix by matrix (the members of a committee)."""
    factors = {node.input[1] for node in model.graph.node if node.op_type == "MatMul"}
    return [
        tensor for tensor in model.graph.initializer if len(tensor.dims) > 2 and tensor.name in factors
    ]


def name_nodes(model: Any) -> None:
    taken = {node.name for node in model.graph.node}
    for index, node in enumerate(model.graph.node):
        if not node.name:
            node.name = next(
                name for name in (f"{node.op_type}_{index}", f"{node.op_type}_x{index}") if name not in taken
            )


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


def onnx_package() -> Any:
    try:
        import onnx
        import onnx.helper
        import onnx.numpy_helper
        import onnx.shape_inference
        import onnx.version_converter
    except ImportError as error:
        raise InstallError(
            "The onnx package is needed for this; install it: python3 -m pip install '.[gpu]'."
        ) from error
    return onnx
