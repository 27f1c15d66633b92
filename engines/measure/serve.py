"""A TensorRT engine behind a pipe, so that Python 3.12 can use the one that only Python 3.9 can load.

``python3.9 -m engines.measure.serve WORK MODEL PRECISION`` reads int32 n and n float32 samples from stdin
and answers int32 frames, int32 hidden size and the three outputs as float32 on stdout, until stdin ends.
"""

from __future__ import annotations

import os
import sys
from typing import Any, BinaryIO

import numpy as np

from .trt import OUTPUTS, Bench


def main() -> int:
    bench = Bench(sys.argv[1])
    engine = bench.engine(sys.argv[2], sys.argv[3])
    source, target = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # Whatever TensorRT prints must not get between the answers.
    os.dup2(2, 1)
    while True:
        head = source.read(4)
        if len(head) < 4:
            return 0
        samples = np.frombuffer(source.read(4 * int(np.frombuffer(head, np.int32)[0])), np.float32)
        _answer(target, engine.infer([samples]), len(samples) // 320 + 1)


def _answer(target: BinaryIO, arrays: dict[str, Any], frames: int) -> None:
    parts = [np.ascontiguousarray(arrays[name][0, :frames], np.float32) for name in OUTPUTS]
    target.write(np.array([frames, parts[2].shape[1]], np.int32).tobytes())
    for part in parts:
        target.write(part.tobytes())
    target.flush()


if __name__ == "__main__":
    raise SystemExit(main())
