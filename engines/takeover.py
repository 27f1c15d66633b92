"""A GPU engine built and verified in the background while the CPU engine serves, taking over between two
takes.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from engines.breaker import Backend, FallbackModel
from engines.engine_build import BuildRequest, build_engine, key_for, ready_made, verify_engine
from engines.engine_store import PASSED, StoredEngine, find
from engines.manifest import Manifest
from engines.recordings import load_cases, noisy_cases
from engines.tensorrt_model import open_engine
from tutor.acoustic import Model
from tutor.errors import Cancelled, Message, TutorError
from tutor.progress import Progress

_LOG = logging.getLogger(__name__)


Ended = Callable[[TutorError | None], None]
"""Told once at the end of a build, in its thread: None when the engine took over, ``Cancelled``, or what went wrong."""


def build_in_background(
    model: FallbackModel,
    manifest: Manifest,
    library: str,
    precision: str,
    device: int,
    progress: Progress,
    ended: Ended | None = None,
) -> threading.Thread:
    """Start the work; ``model.close()`` stops it and waits for its end."""
    tell = ended or (lambda error: None)
    stop = threading.Event()

    def report(label: str, done: int, total: int) -> bool:
        return progress(label, done, total) and not stop.is_set()

    def work() -> None:
        request = BuildRequest(manifest, library, precision, device=device)
        try:
            built = build_and_verify(request, report)
        except Cancelled as stopped:
            tell(stopped)
            return
        except TutorError as error:
            # The CPU engine goes on serving; doctor and the next start tell the same story.
            _LOG.warning("no %s engine: %s", library, error)
            tell(error)
            return
        if stop.is_set():
            built.close()
            tell(Cancelled("The engine was built too late; it is used from the next start on."))
            return
        model.take_over(Backend(library, lambda: _reopened(request)), built)
        tell(None)

    thread = threading.Thread(target=work, name=f"build-{library}", daemon=True)

    def end() -> None:
        stop.set()
        thread.join()

    model.on_close(end)
    thread.start()
    return thread


def build_and_verify(request: BuildRequest, progress: Progress) -> Model:
    """An opened engine that passed the gate, built only where none lies ready; ``EngineError`` names the limit that
    it missed.
    """
    cases = load_cases(limit=8)
    heard = [*cases, *noisy_cases(cases)]

    def verified(stored: StoredEngine) -> StoredEngine:
        return verify_engine(request.manifest, stored, heard, device=request.device, progress=progress)

    ready = ready_made(request)
    judged = None if ready is None else verified(ready)
    if judged is None or judged.verdict != PASSED:
        judged = verified(build_engine(request, clips=[case.samples for case in cases], progress=progress))
    return open_engine(request.manifest, judged, device=request.device, reason=Message("built and verified just now"))


def _reopened(request: BuildRequest) -> Model:
    return open_engine(
        request.manifest, find(key_for(request)), device=request.device, reason=Message("opened again after a failure")
    )
