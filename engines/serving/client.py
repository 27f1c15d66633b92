"""``tutor.acoustic.Model`` answered by a Triton server, at whatever tier that server is in."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np

from engines import batches
from engines.serving import policy
from engines.serving.address import Address, parse_address
from engines.serving.calls import (
    Connection,
    ModelDown,
    Reply,
    Request,
    ServerRefused,
    ServerUnreachable,
)
from engines.serving.local_memory import LocalMemory
from engines.serving.policy import EXTREME, NORMAL, SCORER, Route
from tutor import timebase
from tutor.acoustic import AcousticOutput, EngineInfo, Floats, ScorerInput, ScorerOutput
from tutor.errors import EngineError, Message, TextError

_Answer = TypeVar("_Answer")
_STATUS_AGE_S = 1.0
_ATTEMPTS = 3
_PAUSE_S = 0.15
_TOGETHER = 16
"""Clips on their way at once; more of them from one learner would push out the class."""


@dataclass(frozen=True)
class Status:
    """What the server says of itself: the tier, where to send a take (best first), and whether it refuses."""

    tier: str
    routes: tuple[Route, ...]
    retry_s: float = 0.0

    @property
    def refusing(self) -> bool:
        return self.retry_s > 0


@dataclass(frozen=True)
class Served:
    """From a served graph's configuration.

    ragged: lengths may differ within a batch; else they are padded to a multiple of ``step``. hidden,
    features: widths of the hidden states and of a phone's features, 0 where it has none. titles: model and
    precision of each version.
    """

    ragged: bool
    step: int
    hidden: int
    features: int
    titles: dict[str, str]


class TritonModel:
    """A class's server as one more engine. One take is ``listen`` and then ``score``, from one thread at a
    time; ``cancel`` may come from another.

    The scores of a take are asked of the same model and version that listened to it.
    """

    def __init__(
        self,
        url: str | Address,
        *,
        timeout_s: float = 5.0,
        shared_memory: bool = True,
        reason: str = "asked for",
    ) -> None:
        """Does not connect yet. Raises ``InputError`` for another URL, ``InstallError`` without the client
        library.

        shared_memory: use it where the server is on this machine.
        """
        address = url if isinstance(url, Address) else parse_address(url)
        self._connection = Connection(address, timeout_s=timeout_s)
        self._memory = LocalMemory(self._connection) if shared_memory and address.local else None
        self._reason = reason
        self._status: tuple[float, Status] | None = None
        self._known: Status | None = None
        self._served: dict[str, Served] = {}
        self._heard: tuple[Route, str] | None = None
        self._info = EngineInfo("triton", "not asked yet", "unknown", self._told(None))

    @property
    def info(self) -> EngineInfo:
        """Who made the last answer; ``reason`` names server and tier, and says “quick score” of the light
        model.
        """
        return self._info

    def listen(self, clips: Sequence[Floats]) -> list[AcousticOutput]:
        """See ``tutor.acoustic.Model``. ``ServerRefused`` (an ``EngineError``) carries the time to come
        back.
        """
        batches.check_clips(clips)
        status = self.status()
        if status.refusing:
            raise self._refused(status)
        answers, version, route = self._retried(partial(self._listen_somewhere, status.routes, clips))
        self._heard = (route, version)
        self._info = self._who(route, version)
        return answers

    def score(self, evidence: Sequence[ScorerInput]) -> list[ScorerOutput]:
        """See ``tutor.acoustic.Model``; by the scorer of the model that listened last."""
        if any(len(item.phones) > policy.MOST_PHONES for item in evidence):
            raise TextError(
                "The text has more than {most} sounds; read it in shorter parts.",
                most=policy.MOST_PHONES,
            )
        route, version = self._heard or (self.status().routes[0], "")
        answers: list[ScorerOutput] = []
        for start in range(0, len(evidence), _TOGETHER):
            part = evidence[start : start + _TOGETHER]
            answers += self._retried(partial(self._score, route, version, part))
        return answers

    def probe(self) -> None:
        """A real inference, because readiness says yes of a dead model too; ``EngineError`` when it fails."""
        self._status = None
        status = self.status()
        if status.refusing:
            raise self._refused(status)
        clip = np.zeros(timebase.MIN_SAMPLES, np.float32)
        self._listen(status.routes[0], [clip])

    def status(self) -> Status:
        """The server's tier and routes, at most a second old."""
        if self._status is None or time.monotonic() - self._status[0] > _STATUS_AGE_S:
            self._status = (time.monotonic(), self._retried(self._ask_status))
        return self._status[1]

    def features(self) -> int:
        """How many features a phone the server's scorer takes, for a load test without recordings."""
        return self._about(self.status().routes[0].scorer).features

    def cancel(self) -> None:
        """End the call under way; it raises ``Cancelled``."""
        self._connection.cancel()

    def close(self) -> None:
        if self._memory is not None:
            self._memory.close()
        self._connection.close()

    def _ask_status(self) -> Status:
        ask = {"ask": np.array([True])}
        try:
            reply = self._connection.infer([Request(policy.STATUS, ask)])[0]
        except ModelDown as error:
            # Its process died, and the last answer is as good as any; or this is a Triton without `tutor
            # serve`.
            if "unknown model" not in str(error) and self._known is not None:
                return self._known
            return self._status_of_stock_server()
        state = json.loads(bytes(reply.outputs["status"][0]))
        routes = tuple(Route(**route) for route in state["routes"])
        self._known = Status(state["tier"], routes, float(state["retry_s"]))
        return self._known

    def _status_of_stock_server(self) -> Status:
        """A Triton without ``tutor serve``: the routes follow from the names it serves; the best model comes
        first.
        """
        index = self._connection.ask("get_model_repository_index")
        names = {model.name for model in index.models}
        models = sorted(name.removesuffix("_acoustic") for name in names if name.endswith("_acoustic"))
        models = [model for model in models if policy.served_name(model, SCORER) in names]
        if not models:
            raise EngineError(
                "{server} serves no model of Tutor; export a repository for it.",
                server=self._connection.address.target,
            )
        models.sort(key=lambda model: (model == "light", model != "main"))
        normal, _, extreme = policy.routes(tuple(models))
        return Status(NORMAL, (normal, extreme) if extreme.quick else (normal,))

    def _listen_somewhere(self, routes: Sequence[Route], clips: Sequence[Floats]) -> tuple[list[AcousticOutput], str, Route]:
        """By the first route whose graph is there and takes more work."""
        failure: EngineError | None = None
        tried: set[str] = set()
        for route in routes:
            if route.acoustic in tried:
                continue
            tried.add(route.acoustic)
            try:
                return *self._listen(route, clips), route
            except (ServerRefused, ModelDown) as error:
                failure = error
        self._status = None
        raise failure or EngineError("The scoring server named no model; restart it.")

    def _listen(self, route: Route, clips: Sequence[Floats]) -> tuple[list[AcousticOutput], str]:
        served = self._about(route.acoustic)
        replies: list[Reply] = []
        version = ""
        for start in range(0, len(clips), _TOGETHER):
            replies += self._send(route.acoustic, clips[start : start + _TOGETHER], served, version)
            version = replies[-1].version
        newest = max((reply.version for reply in replies), key=int)
        if any(reply.version != newest for reply in replies):
            # A new version came in between: the scorer must read hidden states of one network only.
            replies = self._send(route.acoustic, clips, served, newest)
        answers = [batches.acoustic_outputs(reply.outputs, [len(clip)])[0] for reply, clip in zip(replies, clips, strict=True)]
        return answers, newest

    def _send(self, name: str, clips: Sequence[Floats], served: Served, version: str) -> list[Reply]:
        requests = []
        for clip in clips:
            inputs = batches.acoustic_inputs([clip])
            if not served.ragged:
                inputs["samples"] = _stretched(inputs["samples"], served.step)
            inputs["lengths"] = inputs["lengths"][:, None]
            requests.append(Request(name, inputs, version))
        if self._memory is not None and served.ragged:
            replies = self._memory.infer(requests, served.hidden)
            if replies is not None:
                return replies
        return self._connection.infer(requests)

    def _score(self, route: Route, version: str, evidence: Sequence[ScorerInput]) -> list[ScorerOutput]:
        served = self._about(route.scorer)
        requests = []
        for item in evidence:
            inputs = batches.scorer_inputs([item])
            inputs["counts"] = inputs["counts"][:, None]
            if not served.ragged:
                for name in ("phones", "words", "features", "hidden"):
                    inputs[name] = _stretched(inputs[name], served.step)
            requests.append(Request(route.scorer, inputs, version))
        replies = self._connection.infer(requests)
        return [batches.scorer_outputs(reply.outputs, [item])[0] for reply, item in zip(replies, evidence, strict=True)]

    def _about(self, name: str, version: str = "") -> Served:
        """Configuration of a served graph; asked again when a version is met that it does not know."""
        known = self._served.get(name)
        if known is None or (version and version not in known.titles):
            config = self._connection.ask("get_model_config", name).config
            values = {key: value.string_value for key, value in config.parameters.items()}
            widths = {item.name: item.dims[-1] for item in (*config.output, *config.input)}
            titles = json.loads(values.get("titles", "{}"))
            known = Served(
                ragged=values.get("ragged") == "1",
                step=int(values.get("step", 1)),
                hidden=widths.get("hidden", 0),
                features=widths.get("features", 0),
                titles=titles,
            )
            self._served[name] = known
        return known

    def _retried(self, call: Callable[[], _Answer]) -> _Answer:
        """A call again, a few times, when nobody answered; a late or bad answer is not asked for twice."""
        for attempt in range(1, _ATTEMPTS):
            try:
                return call()
            except ServerUnreachable:
                self._served.clear()
                time.sleep(_PAUSE_S * attempt)
        return call()

    def _who(self, route: Route, version: str) -> EngineInfo:
        title = self._about(route.acoustic, version).titles.get(version, f"{route.acoustic} {version}|unknown")
        name, _, precision = title.partition("|")
        return EngineInfo("triton", name, precision, self._told(route))

    def _told(self, route: Route | None) -> str:
        told = f"{self._reason}, server {self._connection.address.target}"
        if route is not None:
            told += f", tier {route.tier}" + (", quick score" if route.quick and route.tier == EXTREME else "")
        return told

    def _refused(self, status: Status) -> ServerRefused:
        retry_s = status.retry_s or 2.0
        return ServerRefused(
            Message("The scoring server is full; it asks to come back in {seconds:.0f} s.", seconds=retry_s),
            retry_s,
        )


def _stretched(array: Any, step: int) -> Any:
    """Zero-pad axis 1 up to a multiple of ``step``."""
    missing = -array.shape[1] % step
    return np.pad(array, [(0, 0), (0, missing)] + [(0, 0)] * (array.ndim - 2))
