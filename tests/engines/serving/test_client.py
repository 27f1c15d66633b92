"""The client against a server played by a script: every way a call can end."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from engines.serving import client, policy
from engines.serving.address import Address
from engines.serving.calls import ModelDown, Reply, Request, ServerRefused, ServerUnreachable
from engines.serving.client import TritonModel
from tests.engines.check_model import clip_of, evidence_of
from tutor import phones, timebase
from tutor.errors import AudioError, EngineError

HIDDEN = 8
Handler = Callable[[Request], Reply]


def listened(request: Request, version: str = "1") -> Reply:
    frames = timebase.frames_of(request.inputs["samples"].shape[1])
    logs = np.full((1, frames, phones.CLASS_COUNT), -np.log(40), np.float32)
    outputs = {
        "log_posteriors": logs,
        "frame_log_posteriors": logs,
        "hidden": np.zeros((1, frames, HIDDEN), np.float32),
    }
    return Reply(outputs, version)


def scored(request: Request) -> Reply:
    count = request.inputs["phones"].shape[1]
    shapes = {"phone": (1, count), "phone_spread": (1, count), "word": (1, count, 3), "sentence": (1, 5)}
    outputs = {name: np.ones(shape, np.float32) for name, shape in shapes.items()}
    return Reply(outputs, request.version or "1")


class Script:
    """Stands in for ``Connection``; ``handlers`` by served name, ``asked`` remembers every request."""

    def __init__(self, address: Address, *, timeout_s: float) -> None:
        self.address = address
        self.handlers: dict[str, Handler] = {}
        self.asked: list[Request] = []
        self.ragged = "1"
        self.tier, self.retry_s = policy.NORMAL, 0.0
        self.names = ("main", "light")
        self.status = True

    def infer(self, requests: Sequence[Request]) -> list[Reply]:
        return [self._answer(request) for request in requests]

    def ask(self, method: str, *arguments: Any) -> Any:
        if method == "get_model_repository_index":
            served = [policy.served_name(name, role) for name in self.names for role in ("acoustic", "scorer")]
            return SimpleNamespace(models=[SimpleNamespace(name=name) for name in served])
        (name,) = arguments
        titles = {"1": f"{name.partition('_')[0]} 1.0|fp32", "2": f"{name.partition('_')[0]} 2.0|fp32"}
        values = {
            "ragged": self.ragged,
            "step": "16000" if "acoustic" in name else "8",
            "titles": json.dumps(titles),
        }
        parameters = {key: SimpleNamespace(string_value=value) for key, value in values.items()}
        output = [SimpleNamespace(name="hidden", dims=[-1, HIDDEN])]
        inputs = [SimpleNamespace(name="features", dims=[-1, 3])]
        return SimpleNamespace(config=SimpleNamespace(parameters=parameters, output=output, input=inputs))

    def cancel(self) -> None: ...

    def close(self) -> None: ...

    def _answer(self, request: Request) -> Reply:
        self.asked.append(request)
        if request.served == policy.STATUS:
            return self._say()
        default = scored if request.served.endswith("scorer") else listened
        return self.handlers.get(request.served, default)(request)

    def _say(self) -> Reply:
        if not self.status:
            raise ModelDown("Request for unknown model: 'tutor_status' is not found")
        routes = policy.routes(self.names)[policy.TIERS.index(self.tier) :]
        state = {"tier": self.tier, "retry_s": self.retry_s, "routes": [asdict(route) for route in routes]}
        return Reply({"status": np.array([json.dumps(state).encode()], object)}, "1")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> tuple[TritonModel, Script]:
    monkeypatch.setattr(client, "Connection", Script)
    monkeypatch.setattr(client, "_PAUSE_S", 0.0)
    model = TritonModel("triton://127.0.0.1:8001", shared_memory=False)
    script = model._connection
    assert isinstance(script, Script)
    return model, script


def fail(error: EngineError) -> Handler:
    def handler(request: Request) -> Reply:
        raise error

    return handler


def test_answer_names_server_tier_and_model(server: tuple[TritonModel, Script]) -> None:
    model, _ = server
    answers = model.listen([clip_of(16_000, 1), clip_of(5_000, 2)])
    assert [len(answer.hidden) for answer in answers] == [51, 16]
    assert (model.info.backend, model.info.model, model.info.precision) == ("triton", "main 1.0", "fp32")
    assert "127.0.0.1:8001" in model.info.reason and "tier normal" in model.info.reason
    assert "quick" not in model.info.reason


def test_extreme_goes_to_the_light_model_and_says_quick_score(server: tuple[TritonModel, Script]) -> None:
    model, script = server
    script.tier = policy.EXTREME
    model.listen([clip_of(16_000, 1)])
    model.score([evidence_of(5, 3, HIDDEN, 1)])
    assert [request.served for request in script.asked[1:]] == ["light_acoustic", "light_scorer"]
    assert model.info.model == "light 1.0" and "tier extreme, quick score" in model.info.reason


def test_a_full_or_dead_model_is_passed_by(server: tuple[TritonModel, Script]) -> None:
    model, script = server
    script.handlers = {
        "main_acoustic": fail(ServerRefused("full")),
        "main_acoustic_peak": fail(ModelDown("dead")),
    }
    model.listen([clip_of(16_000, 1)])
    assert model.info.model == "light 1.0"
    script.handlers["light_acoustic"] = fail(ServerRefused("full"))
    with pytest.raises(ServerRefused):
        model.listen([clip_of(16_000, 1)])


def test_polite_refusal_carries_the_time_to_come_back(server: tuple[TritonModel, Script]) -> None:
    model, script = server
    script.retry_s = 7.0
    with pytest.raises(ServerRefused, match="7 s") as caught:
        model.listen([clip_of(16_000, 1)])
    assert caught.value.retry_s == 7.0
    assert all(request.served == policy.STATUS for request in script.asked)


def test_scores_come_from_the_version_that_listened(server: tuple[TritonModel, Script]) -> None:
    model, script = server
    script.handlers["main_acoustic"] = lambda request: listened(request, "2")
    model.listen([clip_of(16_000, 1)])
    script.handlers["main_acoustic"] = lambda request: listened(request, "3")
    model.score([evidence_of(5, 3, HIDDEN, 1)])
    assert script.asked[-1].served == "main_scorer" and script.asked[-1].version == "2"


def test_a_switch_within_a_take_asks_all_of_the_newer_version(server: tuple[TritonModel, Script]) -> None:
    model, script = server
    versions = iter("12")
    script.handlers["main_acoustic"] = lambda request: listened(request, request.version or next(versions))
    model.listen([clip_of(16_000, 1), clip_of(16_000, 2)])
    assert [request.version for request in script.asked[-2:]] == ["2", "2"]
    assert model.info.model == "main 2.0"


def test_lost_requests_are_sent_again_a_bounded_number_of_times(server: tuple[TritonModel, Script]) -> None:
    model, script = server
    failures = iter([ServerUnreachable("gone"), ServerUnreachable("gone")])

    def flaky(request: Request) -> Reply:
        for error in failures:
            raise error
        return listened(request)

    script.handlers["main_acoustic"] = flaky
    assert len(model.listen([clip_of(16_000, 1)])) == 1
    script.asked.clear()
    script.handlers["main_acoustic"] = fail(ServerUnreachable("gone"))
    with pytest.raises(EngineError):
        model.listen([clip_of(16_000, 1)])
    assert sum(request.served == "main_acoustic" for request in script.asked) == 3


def test_late_answers_are_not_asked_for_twice(server: tuple[TritonModel, Script]) -> None:
    model, script = server
    script.handlers["main_acoustic"] = fail(EngineError("late"))
    with pytest.raises(EngineError, match="late"):
        model.listen([clip_of(16_000, 1)])
    assert sum(request.served == "main_acoustic" for request in script.asked) == 1


def test_bad_clips_never_leave_the_machine(server: tuple[TritonModel, Script]) -> None:
    model, script = server
    for clip in (np.zeros(0, np.float32), np.zeros(9_600_000, np.float32), np.zeros(16_000, np.float64)):
        with pytest.raises(AudioError):
            model.listen([clip])  # type: ignore[list-item]
    assert not script.asked


def test_stock_triton_needs_no_status_and_gets_padded_lengths(server: tuple[TritonModel, Script]) -> None:
    model, script = server
    script.status, script.ragged = False, "0"

    def cut(request: Request) -> Reply:
        assert request.inputs["samples"].shape == (1, 32_000) and request.inputs["lengths"].tolist() == [[20_000]]
        return listened(request)

    script.handlers["main_acoustic"] = cut
    assert len(model.listen([clip_of(20_000, 1)])[0].hidden) == timebase.frames_of(20_000)
    model.score([evidence_of(5, 3, HIDDEN, 1)])
    assert script.asked[-1].inputs["phones"].shape == (1, 8) and script.asked[-1].inputs["counts"].tolist() == [[5]]


def test_probe_makes_a_real_inference(server: tuple[TritonModel, Script]) -> None:
    model, script = server
    model.probe()
    assert script.asked[-1].served == "main_acoustic"
    script.handlers["main_acoustic"] = fail(ModelDown("stub"))
    with pytest.raises(EngineError):
        model.probe()
