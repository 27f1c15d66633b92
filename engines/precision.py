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

from engines.fp16 import to_fp16
from engines.onnx_graph import (
    WEIGHTED,
    final_softmax,
    front_end,
    name_nodes,
    onnx_package,
    quantisable,
    stacks,
    unpacked,
)
from engines.ranges import ranges_of
from tutor.acoustic import Floats
from tutor.errors import Cancelled, ModelError, TutorError
from tutor.progress import Progress, silent

PRECISIONS = ("fp32", "fp16", "int8")
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
            model = to_fp16(model)
        elif precision == "int8":
            # Q and DQ take a scale per channel from operator set 13 on, FP16 scales from 19 on.
            model = _at_least(model, 19 if rest == "fp16" else 13)
            model = _to_int8(model, clips, keep, method, front, paired, folder, progress)
            if rest == "fp16":
                model = to_fp16(model)
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


def keep_fp32(data: bytes) -> tuple[str, ...]:
    """Nodes that stay FP32 where builder flags, not the ONNX file, carry the precision (TensorRT 8.6)."""
    model = unpacked(data)
    return front_end(model) + final_softmax(model)


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
        ranges = ranges_of(path, WEIGHTED, clips, method, folder=folder, progress=progress)
        quantizer = quantization.QDQQuantizer(
            load_model_with_shape_infer(path),
            True,  # a scale per channel
            False,  # all 256 steps
            quantization.QuantType.QInt8,
            quantization.QuantType.QInt8,
            ranges,
            [],
            rest,
            list(WEIGHTED),
            # TensorRT takes symmetric scales only, and multiplies biases in floating point.
            {
                "ActivationSymmetric": True,
                "WeightSymmetric": True,
                "QuantizeBias": False,
                "AddQDQPairToWeight": paired,
                # What follows a product is not quantised again; TensorRT fuses it with the product.
                "OpTypesToExcludeOutputQuantization": list(WEIGHTED) if paired else [],
                "TensorQuantOverrides": _columns(model),
            },
        )
        quantizer.quantize_model()
        quantizer.model.save_model_to_file(str(target))
        return onnx.load(str(target))


def _columns(model: Any) -> dict[str, list[dict[str, int]]]:
    """The axis of the columns of every stack of matrices, where ONNX Runtime would take the rows for channels."""
    return {stack.name: [{"axis": len(stack.dims) - 1}] for stack in stacks(model)}


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


