"""ONNX Runtime on an NVIDIA GPU, where the installed ONNX Runtime was built for it."""

from __future__ import annotations

from engines.manifest import Manifest
from engines.onnx_cpu import CPU, OnnxModel, available_providers
from tutor.errors import InstallError

PROVIDER = "CUDAExecutionProvider"


def open_cuda(manifest: Manifest, *, device: int = 0, reason: str = "") -> OnnxModel:
    """Raises ``InstallError`` where ONNX Runtime lacks CUDA or silently leaves it out, ``ModelError`` as
    ``OnnxModel``.
    """
    if PROVIDER not in available_providers():
        raise InstallError(
            "This ONNX Runtime has no CUDA; install it with: python3 -m pip install onnxruntime-gpu."
        )
    providers = [(PROVIDER, {"device_id": device}), *CPU]
    model = OnnxModel(manifest, reason=reason, backend="onnx_cuda", providers=providers)
    if PROVIDER not in model.providers:
        model.close()
        raise InstallError(
            "ONNX Runtime cannot start CUDA; its CUDA and cuDNN libraries must match the driver."
        )
    return model
