"""From a model folder to a verified engine in the cache: types, calibration, build, parity gate."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engines import calibrate, cuda, engine_store, plan, precision, trt_compat
from engines.calibration_set import calibration_set, save_set
from engines.engine_store import EngineKey, StoredEngine
from engines.manifest import Manifest, Profile
from engines.onnx_cpu import OnnxModel
from engines.tensorrt_model import border, open_engine
from engines.verify import Case, PhoneScores, verify
from tutor.acoustic import Floats
from tutor.errors import Cancelled, DeviceLost, EngineError, InstallError, ModelError, OutOfMemory
from tutor.progress import Progress, silent


@dataclass(frozen=True)
class BuildRequest:
    """What to build. ``profiles``: names from the manifest, all of them if empty; ``keep``: nodes INT8
    leaves alone besides those that the manifest's ``calibration`` lists as ``int8_keep``.
    """

    manifest: Manifest
    library: str
    precision: str = "fp16"
    target: str = "current"
    profiles: tuple[str, ...] = ()
    workspace_bytes: int = 2 << 30
    device: int = 0
    keep: tuple[str, ...] = ()

    @property
    def kept(self) -> tuple[str, ...]:
        """All nodes that INT8 leaves alone."""
        return tuple(dict.fromkeys((*self.keep, *self.manifest.int8_keep)))

    def chosen_profiles(self) -> dict[str, Profile]:
        """``ModelError`` for a profile that the manifest does not name."""
        wanted = self.profiles or tuple(self.manifest.profiles)
        unknown = [name for name in wanted if name not in self.manifest.profiles]
        if unknown:
            known = ", ".join(self.manifest.profiles)
            raise ModelError(
                "Model {model} has no profile {profile!r}; it has {known}.",
                model=self.manifest.title,
                profile=unknown[0],
                known=known,
            )
        return {name: self.manifest.profiles[name] for name in wanted}


def key_for(request: BuildRequest) -> EngineKey:
    """The key under which the engine is kept; asks the GPU who it is unless a target is named.

    Raises ``InstallError`` without the library and ``DeviceLost`` without a GPU.
    """
    with border():
        library = trt_compat.load(request.library)
        if request.target == "current":
            info = cuda.Cuda(request.device).info()
            gpu, driver = f"{info.name} sm{info.capability[0]}{info.capability[1]}", info.driver
        else:
            gpu, driver = "", 0
    return engine_store.key_of(
        request.manifest,
        library.title,
        request.precision,
        target=request.target,
        gpu=gpu,
        driver=driver,
        profiles=request.chosen_profiles(),
        kept=request.kept if request.precision == "int8" else (),
    )


def ready_made(request: BuildRequest) -> StoredEngine | None:
    """An engine that needs no building, only the gate: left unverified, or built ahead for the generation of this
    machine's GPU and now kept as its own. None without one; raises as ``key_for``.
    """
    key = key_for(request)
    generation = key.gpu.rpartition(" ")[2]
    ahead = [replace(request, target=generation)] if generation in trt_compat.TARGETS else []
    for wanted in (request, *ahead):
        try:
            found = engine_store.find(key_for(wanted))
        except ModelError:
            continue
        if found.verdict == engine_store.UNTRIED:
            return found if wanted is request else _kept(key, found.path.read_bytes(), found.build_s)
    return None


def build_engine(
    request: BuildRequest, *, clips: Sequence[Floats] = (), progress: Progress = silent
) -> StoredEngine:
    """Build and keep an engine, replacing whatever lay there.

    clips: speech from which INT8's calibration set is made. Raises ``InstallError``, ``DeviceLost``,
    ``EngineError`` (the build failed), ``Cancelled`` (``progress`` said stop; nothing is kept).
    """
    key = key_for(request)
    profiles = tuple(
        plan.Shapes(name, item.batch, item.samples) for name, item in request.chosen_profiles().items()
    )
    with border():
        library = trt_compat.load(request.library)
        library.check(request.precision, request.target)
        source = request.manifest.acoustic_path.read_bytes()
        by_flags = library.typed_by_flags
        calibration = _calibration(request, clips)
        onnx = _typed(request, source, "fp32" if by_flags else request.precision, calibration, progress)
        options = plan.BuildOptions(
            profiles=profiles,
            precision=request.precision,
            target=request.target,
            workspace_bytes=request.workspace_bytes,
            timing_cache=str(_timing_cache(key)),
            keep_fp32=_held(request, source) if by_flags and request.precision != "fp32" else (),
            stubbed_libraries=trt_compat.libraries_are_stubs(library),
        )
        calibrator = None
        if library.has_calibrator and request.precision == "int8":
            calibrator = _calibrator(request, library, profiles, calibration, progress)
        try:
            built = plan.build(library, onnx, options, calibrator=calibrator, report=progress)
        finally:
            if calibrator is not None:
                calibrator.close()
    return _kept(key, built.data, built.seconds)


def verify_engine(
    manifest: Manifest,
    stored: StoredEngine,
    cases: Sequence[Case],
    *,
    device: int = 0,
    phone_scores: PhoneScores | None = None,
    progress: Progress = silent,
) -> StoredEngine:
    """Run the parity gate on a stored engine and keep its verdict; an engine that cannot even be opened has
    failed.

    A GPU that is full or gone says nothing of the engine: ``OutOfMemory`` and ``DeviceLost`` are raised, and it
    stays as it was.
    """
    engine_store.check_whole(stored)
    reference = OnnxModel(manifest, exact=True)
    try:
        candidate = open_engine(manifest, stored, device=device, reason="verification", unverified=True)
    except (OutOfMemory, DeviceLost):
        reference.close()
        raise
    except (EngineError, InstallError) as error:
        reference.close()
        return engine_store.judge(stored, engine_store.FAILED, {"failures": [str(error)]})
    try:
        parity = verify(
            reference, candidate, cases, stored.key.precision, phone_scores=phone_scores, progress=progress
        )
    finally:
        candidate.close()
        reference.close()
    return engine_store.judge(
        stored, engine_store.PASSED if parity.passed else engine_store.FAILED, parity.to_json()
    )


def _typed(
    request: BuildRequest, source: bytes, kind: str, calibration: Sequence[Floats], progress: Progress
) -> bytes:
    """The ONNX file with its types set."""
    if not progress(f"{kind} model", 0, 1):
        raise Cancelled("The engine build was stopped; nothing was kept.")
    made = precision.variant(
        source, kind, clips=calibration, keep=request.kept, folder=engine_store.folder(), progress=progress
    )
    progress(f"{kind} model", 1, 1)
    return made


def _kept(key: EngineKey, data: bytes, build_s: float) -> StoredEngine:
    try:
        return engine_store.save(key, data, build_s)
    except OSError as error:
        raise EngineError("The engine cannot be kept ({error}); free some disk space.", error=error) from error


def _held(request: BuildRequest, source: bytes) -> tuple[str, ...]:
    """Nodes that flags hold at FP32 where the ONNX file does not carry the types."""
    return precision.keep_fp32(source) + (request.kept if request.precision == "int8" else ())


def _calibration(request: BuildRequest, clips: Sequence[Floats]) -> list[Floats]:
    if request.precision != "int8":
        return []
    made = calibration_set(clips)
    if not made:
        raise ModelError("INT8 needs recordings of 0.3 to 15 s to calibrate on; name a folder of them.")
    return made


def _calibrator(
    request: BuildRequest,
    library: trt_compat.Library,
    profiles: Sequence[plan.Shapes],
    calibration: Sequence[Floats],
    progress: Progress,
) -> Any:
    shapes = profiles[-1]
    place = engine_store.folder() / f"{request.manifest.name}-calibration.npz"
    save_set(place, calibration, shapes.samples[1])
    scales = engine_store.folder() / f"{request.manifest.name}.scales"
    return calibrate.entropy_calibrator(
        library,
        cuda.Cuda(request.device),
        calibrate.load_set(str(place)),
        shapes,
        str(scales),
        request.manifest.acoustic.sha256,
        progress,
    )


def _timing_cache(key: EngineKey) -> Path:
    name = hashlib.sha256(f"{key.library}|{key.gpu}|{key.target}".encode()).hexdigest()[:12]
    return engine_store.folder() / f"timing-{name}.cache"
