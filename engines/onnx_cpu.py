"""ONNX Runtime, the backend that is always there. Clips run one by one: no answer depends on its
neighbours.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from engines import batches, foreign
from engines.manifest import Graph, Manifest
from engines.plain_scorer import PlainScorer
from tutor.acoustic import AcousticOutput, EngineInfo, Floats, ScorerInput, ScorerOutput
from tutor.errors import EngineError, InstallError, ModelError, OutOfMemory

CPU = ("CPUExecutionProvider",)
_MOST_THREADS = 8


class OnnxGraph:
    """One ONNX file opened by ONNX Runtime; arrays by name in, arrays by name out."""

    def __init__(self, path: Path, graph: Graph, *, threads: int = 0, providers: Sequence[Any] = CPU) -> None:
        """Raises ``ModelError`` for a file that is no such graph, ``InstallError`` without ONNX Runtime.

        threads: 0 takes one per physical core (at most 8: a clip is too small a job for more).
        """
        try:
            self._session = _session(str(path), threads, providers)
        except InstallError:
            raise
        except Exception as error:
            raise ModelError(
                "{path} cannot be opened by ONNX Runtime ({reason}); reinstall the model.",
                path=path,
                reason=_line(error),
            ) from error
        found = {item.name for item in self._session.get_inputs()}
        answered = {item.name for item in self._session.get_outputs()}
        self.inputs = tuple(name for name in graph.inputs if name in found)
        self.outputs = tuple(graph.outputs)
        missing = (set(graph.inputs) - found) | (set(self.outputs) - answered)
        if missing - {"words", "hidden", "phones"}:
            raise ModelError(
                "{path} lacks the tensors {tensors}; export the model again.",
                path=path,
                tensors=", ".join(sorted(missing)),
            )
        if found - set(graph.inputs):
            unknown = ", ".join(sorted(found - set(graph.inputs)))
            raise ModelError(
                "{path} wants inputs that its manifest does not name ({unknown}); export the model again.",
                path=path,
                unknown=unknown,
            )

    @property
    def providers(self) -> tuple[str, ...]:
        return tuple(self._session.get_providers())

    def run(self, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Raises ``OutOfMemory`` or ``EngineError``."""
        try:
            answers = self._session.run(list(self.outputs), {name: arrays[name] for name in self.inputs})
        except Exception as error:
            line = _line(error)
            if "allocate" in line.lower() or "out of memory" in line.lower():
                raise OutOfMemory(
                    "ONNX Runtime has too little memory ({line}); close other programs.",
                    line=line,
                ) from error
            raise EngineError(
                "ONNX Runtime failed ({line}); try again or choose another engine.",
                line=line,
            ) from error
        return dict(zip(self.outputs, answers, strict=True))


class OnnxBytes:
    """An ONNX file held in memory, for measuring variants of a model; all outputs by name."""

    def __init__(self, data: bytes, *, threads: int = 0) -> None:
        self._session = _session(data, threads, CPU)
        self._outputs = [item.name for item in self._session.get_outputs()]

    def run(self, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Raises whatever ONNX Runtime raises."""
        return dict(zip(self._outputs, self._session.run(self._outputs, dict(arrays)), strict=True))


class OnnxScorer:
    """The scorer graph; utterance by utterance, on the CPU whatever backend listens (it is tiny)."""

    def __init__(self, manifest: Manifest, *, threads: int = 0) -> None:
        path = manifest.scorer_path
        if manifest.scorer is None or path is None:
            raise ModelError(
                "Model {model} has no scorer; name one in its manifest.",
                model=manifest.title,
            )
        self._features = len(manifest.scorer.features)
        self._graph = OnnxGraph(path, manifest.scorer, threads=threads)

    def score(self, evidence: Sequence[ScorerInput]) -> list[ScorerOutput]:
        """Scores in the same order; ``EngineError`` on failure, ``ModelError`` for other features than its
        own.
        """
        answers = []
        for item in evidence:
            if self._features and item.features.shape[1] != self._features:
                raise ModelError(
                    "The scorer takes {features} features and was given {given}; use a model made for this "
                    "version of Tutor.",
                    features=self._features,
                    given=item.features.shape[1],
                )
            answers += batches.scorer_outputs(self._graph.run(batches.scorer_inputs([item])), [item])
        return answers


class OnnxModel:
    """``tutor.acoustic.Model`` by ONNX Runtime."""

    def __init__(
        self,
        manifest: Manifest,
        *,
        threads: int = 0,
        reason: str = "",
        backend: str = "onnx_cpu",
        providers: Sequence[Any] = CPU,
        exact: bool = False,
    ) -> None:
        """exact: never the INT8 graph for CPUs, as a reference must be.

        Raises ``ModelError`` for unusable files and ``InstallError`` without ONNX Runtime.
        """
        self._manifest = manifest
        quick = None if exact or tuple(providers) != CPU else manifest.acoustic_cpu
        graph = quick or manifest.acoustic
        self._info = EngineInfo(backend, manifest.title, graph.precision, reason)
        self._acoustic: OnnxGraph | None = OnnxGraph(
            manifest.folder / graph.file, graph, threads=threads, providers=providers
        )
        self._providers = self._acoustic.providers
        self._scorer: OnnxScorer | PlainScorer | None = scorer_of(manifest, threads=threads)

    @property
    def info(self) -> EngineInfo:
        return self._info

    @property
    def providers(self) -> tuple[str, ...]:
        """What ONNX Runtime really uses; it drops a provider silently when that cannot start."""
        return self._providers

    def listen(self, clips: Sequence[Floats]) -> list[AcousticOutput]:
        """See ``tutor.acoustic.Model``; ``AudioError`` for clips of another form, ``EngineError`` on
        failure.
        """
        batches.check_clips(clips)
        if self._acoustic is None:
            raise EngineError("The model was closed; open it again.")
        return [self._listen(self._acoustic, clip) for clip in clips]

    def score(self, evidence: Sequence[ScorerInput]) -> list[ScorerOutput]:
        """See ``tutor.acoustic.Model``."""
        if self._scorer is None:
            raise EngineError("The model was closed; open it again.")
        return self._scorer.score(evidence)

    def close(self) -> None:
        self._acoustic = self._scorer = None

    def _listen(self, graph: OnnxGraph, clip: Floats) -> AcousticOutput:
        token_map = self._manifest.acoustic.token_map
        if token_map is not None:
            return foreign.heard(graph.run(foreign.inputs(clip, token_map)), len(clip), token_map)
        return batches.acoustic_outputs(graph.run(batches.acoustic_inputs([clip])), [len(clip)])[0]


def scorer_of(manifest: Manifest, *, threads: int = 0) -> OnnxScorer | PlainScorer:
    """The model's own scorer, or the one by rule where it has none."""
    return PlainScorer() if manifest.scorer is None else OnnxScorer(manifest, threads=threads)


def available_providers() -> tuple[str, ...]:
    """Execution providers compiled into the installed ONNX Runtime; empty without one."""
    try:
        return tuple(_runtime().get_available_providers())
    except InstallError:
        return ()


def physical_cores() -> int:
    """Physical cores this process may use, at most 8, at least 1."""
    try:
        allowed = os.sched_getaffinity(0)
    except AttributeError:
        return max(1, min(_MOST_THREADS, (os.cpu_count() or 2) // 2))
    cores = set()
    for cpu in allowed:
        siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        cores.add(siblings.read_text().strip() if siblings.exists() else str(cpu))
    return max(1, min(_MOST_THREADS, len(cores)))


def _session(source: str | bytes, threads: int, providers: Sequence[Any]) -> Any:
    runtime = _runtime()
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = threads or physical_cores()
    options.inter_op_num_threads = 1
    # Waiting threads that spin would take the learner's second core between two layers.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Measured with the 12 M-parameter model and 15 s: arena and memory pattern peak at 161 MB, malloc at 211
    # MB.
    options.enable_cpu_mem_arena = True
    options.enable_mem_pattern = True
    return runtime.InferenceSession(source, options, providers=list(providers))


def _runtime() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise InstallError(
            "ONNX Runtime cannot be loaded; reinstall Tutor: python3 -m pip install ."
        ) from error
    onnxruntime.set_default_logger_severity(4)
    onnxruntime.disable_telemetry_events()
    return onnxruntime


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
