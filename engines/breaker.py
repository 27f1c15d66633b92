"""The way down: a backend that fails is set aside for a while, the next one answers the same take, and later
it is tried again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tutor.acoustic import AcousticOutput, EngineInfo, Floats, Model, ScorerInput, ScorerOutput
from tutor.errors import EngineError, InstallError, Message

CLOSED, OPEN, HALF_OPEN = "closed", "open", "half-open"
FIRST_WAIT_S, LONGEST_WAIT_S = 30.0, 600.0


class Breaker:
    """Closed: work passes. Open: none does until the wait is over. Half-open: one trial passes and decides.

    Every failed trial doubles the wait, up to ten minutes. Safe for any number of threads.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._state = CLOSED
        self._wait_s = FIRST_WAIT_S
        self._until = 0.0

    @property
    def state(self) -> str:
        with self._lock:
            return self._state

    def may_pass(self) -> bool:
        """Whether to send work now; in the half-open state only the first asker is told yes."""
        with self._lock:
            if self._state == CLOSED:
                return True
            if self._state == OPEN and self._clock() >= self._until:
                self._state = HALF_OPEN
                return True
            return False

    def succeeded(self) -> None:
        with self._lock:
            self._state, self._wait_s = CLOSED, FIRST_WAIT_S

    def failed(self) -> None:
        with self._lock:
            if self._state == HALF_OPEN:
                self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)
            self._state = OPEN
            self._until = self._clock() + self._wait_s


@dataclass(frozen=True)
class Backend:
    """A way to open one engine. ``opener`` raises ``EngineError`` or ``InstallError`` where it cannot."""

    name: str
    opener: Callable[[], Model]


class _Rung:
    def __init__(self, backend: Backend, clock: Callable[[], float]) -> None:
        self.backend = backend
        self.breaker = Breaker(clock=clock)
        self.model: Model | None = None
        self.info = EngineInfo(backend.name, "", "", "")
        self.lock = threading.Lock()

    def opened(self) -> Model:
        with self.lock:
            if self.model is None:
                self.model = self.backend.opener()
                self.info = self.model.info
            return self.model

    def dropped(self) -> None:
        with self.lock:
            model, self.model = self.model, None
        if model is not None:
            try:
                model.close()
            except EngineError:
                # It failed a moment ago; that it cannot even be closed changes nothing.
                return


class FallbackModel:
    """``tutor.acoustic.Model`` over an ordered ladder of backends.

    A take that fails on one is answered by the next; ``take_notice`` then says so once. What one thread
    scores goes to the backend that listened to it last, since another model's hidden states would mean
    nothing to its scorer.
    """

    def __init__(self, backends: Sequence[Backend], *, clock: Callable[[], float] = time.monotonic) -> None:
        """Raises what the last opener raised when none of the backends opens."""
        self._clock = clock
        self._rungs = [_Rung(backend, clock) for backend in backends]
        self._lock = threading.Lock()
        self._last = threading.local()
        self._notice = Message("")
        self._closers: list[Callable[[], None]] = []
        self._first = self._open_first()

    @property
    def info(self) -> EngineInfo:
        """Of the backend that answered this thread last, or would answer first."""
        rung: _Rung = getattr(self._last, "rung", self._first)
        model = rung.model
        # A server answers by another model when it is busy, so the answer's own word counts.
        return rung.info if model is None else model.info

    def listen(self, clips: Sequence[Floats]) -> list[AcousticOutput]:
        """See ``tutor.acoustic.Model``; ``EngineError`` only when every backend fails."""
        problem: Exception | None = None
        for rung in self._ladder():
            if not rung.breaker.may_pass():
                continue
            try:
                answers = rung.opened().listen(clips)
            except (EngineError, InstallError) as error:
                problem = error
                self._fell(rung, error)
                continue
            except BaseException:
                # Not the backend's fault (a clip of the wrong form, an interrupt): it stays in service.
                rung.breaker.succeeded()
                raise
            rung.breaker.succeeded()
            self._last.rung = rung
            return answers
        raise EngineError(
            "No engine can answer now ({reason}); try again soon.",
            reason=problem or Message("all are set aside"),
        ) from problem

    def score(self, evidence: Sequence[ScorerInput]) -> list[ScorerOutput]:
        """See ``tutor.acoustic.Model``."""
        rung: _Rung = getattr(self._last, "rung", self._first)
        heard_by = self.info.model
        try:
            return rung.opened().score(evidence)
        except EngineError as error:
            self._fell(rung, error)
            # The same model on another backend reads the same hidden states. Failing that, the take has to be
            # listened to again, which the next backend will do.
            for other in self._ladder():
                if other is not rung and other.opened().info.model == heard_by:
                    self._last.rung = other
                    return other.opened().score(evidence)
            raise

    def take_notice(self) -> Message:
        """One line about a backend that failed or took over since last asked; empty when nothing happened."""
        with self._lock:
            notice, self._notice = self._notice, Message("")
        return notice

    def states(self) -> list[tuple[str, str]]:
        """(backend, breaker state) from the top of the ladder down."""
        return [(rung.backend.name, rung.breaker.state) for rung in self._ladder()]

    def take_over(self, backend: Backend, model: Model) -> None:
        """Put an opened model on top of the ladder; takes under way finish where they are."""
        rung = _Rung(backend, self._clock)
        rung.model, rung.info = model, model.info
        with self._lock:
            self._rungs.insert(0, rung)
            self._notice = Message("{backend} is ready and answers from now on.", backend=backend.name)

    def on_close(self, closer: Callable[[], None]) -> None:
        """Called first by ``close``: for work in the background that belongs to this model."""
        self._closers.append(closer)

    def close(self) -> None:
        for closer in self._closers:
            closer()
        for rung in self._ladder():
            rung.dropped()

    def _ladder(self) -> list[_Rung]:
        with self._lock:
            return list(self._rungs)

    def _open_first(self) -> _Rung:
        problem: Exception | None = None
        for rung in self._rungs:
            try:
                rung.opened()
                return rung
            except (EngineError, InstallError) as error:
                problem = error
                self._fell(rung, error)
        raise problem or EngineError("No engine was given; name at least one.")

    def _fell(self, rung: _Rung, error: Exception) -> None:
        rung.breaker.failed()
        rung.dropped()
        with self._lock:
            self._notice = Message("{backend} failed and is set aside for now: {error}", backend=rung.backend.name, error=error)
