"""An acoustic graph in FP16 but for its front end and its final log-softmax, by ONNX Runtime's converter."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.onnx_graph import final_softmax, front_end, name_nodes, onnx_package

_MASK_FLOOR = -3.0e4


def to_fp16(model: Any) -> Any:
    from onnxruntime.transformers.float16 import convert_float_to_float16

    name_nodes(model)
    _soften_masks(model)
    _convolve_front(model)
    blocked = list(front_end(model) + final_softmax(model))
    return _without_detours(convert_float_to_float16(model, keep_io_types=True, node_block_list=blocked))


def _convolve_front(model: Any) -> None:
    """The front end's products as convolutions of width 1, since TensorRT for RTX has no FP32 products on SM75."""
    onnx = onnx_package()
    graph = model.graph
    front = set(front_end(model))
    stored = {tensor.name: tensor for tensor in graph.initializer}
    stored |= {node.output[0]: node.attribute[0].t for node in graph.node if node.op_type == "Constant"}
    ranks = {
        value.name: len(value.type.tensor_type.shape.dim)
        for value in onnx.shape_inference.infer_shapes(model).graph.value_info
    }
    for node in [node for node in graph.node if node.op_type == "MatMul" and node.name in front]:
        [frames, matrix], [product], name = node.input, node.output, node.name
        if matrix not in stored or len(stored[matrix].dims) != 2 or ranks.get(frames) != 3:
            continue
        kernel = onnx.numpy_helper.to_array(stored[matrix]).T[:, :, None]
        graph.initializer.append(onnx.numpy_helper.from_array(kernel.copy(), f"{name}/kernel"))
        place = list(graph.node).index(node)
        graph.node.remove(node)
        turn, make = {"perm": [0, 2, 1]}, onnx.helper.make_node
        for added in (
            make("Transpose", [f"{name}/wide"], [product], f"{name}/back", **turn),
            make("Conv", [f"{name}/turned", f"{name}/kernel"], [f"{name}/wide"], name),
            make("Transpose", [frames], [f"{name}/turned"], f"{name}/turn", **turn),
        ):
            graph.node.insert(place, added)


def _without_detours(model: Any) -> Any:
    """Undo what the converter does between two nodes that stay FP32: to FP16 and back again, which cuts off a power
    spectrum at both ends.
    """
    onnx = onnx_package()
    float32, float16 = onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16
    graph = onnx.shape_inference.infer_shapes(model).graph
    kinds = {value.name: value.type.tensor_type.elem_type for value in (*graph.value_info, *graph.input)}
    kinds |= {tensor.name: tensor.data_type for tensor in graph.initializer}
    casts = [(node, node.attribute[0].i) for node in model.graph.node if node.op_type == "Cast"]
    narrowed = {
        node.output[0]: node.input[0] for node, to in casts if to == float16 and kinds.get(node.input[0]) == float32
    }
    straight = {
        node.output[0]: narrowed[node.input[0]] for node, to in casts if to == float32 and node.input[0] in narrowed
    }
    for node in model.graph.node:
        node.input[:] = [straight.get(name, name) for name in node.input]
    used = {name for node in model.graph.node for name in node.input} | {item.name for item in model.graph.output}
    for node, _ in casts:
        if node.output[0] not in used:
            model.graph.node.remove(node)
    return model


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
