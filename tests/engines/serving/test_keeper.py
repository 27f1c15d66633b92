"""The keeper against a played server: who is brought back, when, and what learners are told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("tritonclient.grpc", reason="needs the extra 'serve'")

from engines.serving import policy
from engines.serving.events import Events
from engines.serving.keeper import Keeper
from engines.serving.repository import state_file
from engines.serving.server import Ports, Stub
from engines.serving.tiers import TierControl, Verdict
from tutor.errors import EngineError


class Process:
    def __init__(self) -> None:
        self.alive, self.starts = True, 0
        self.models = ["main_acoustic", "main_scorer", policy.STATUS]

    def stubs(self) -> list[Stub]:
        return [Stub(100 + index, model, "region") for index, model in enumerate(self.models)]

    def start(self) -> None:
        self.starts += 1
        self.alive = True

    def wait_ready(self) -> None: ...


class Control:
    """Stands in for ``Connection``: an index of ready models, and reloads that may hang."""

    def __init__(self) -> None:
        self.ready = ["main_acoustic", "main_scorer", policy.STATUS]
        self.loaded: list[str] = []
        self.hangs = False

    def ask(self, method: str, *arguments: Any, **options: Any) -> Any:
        if method == "get_model_repository_index":
            return SimpleNamespace(models=[SimpleNamespace(name=name, state="READY") for name in self.ready])
        assert method == "load_model"
        if self.hangs:
            raise EngineError("late")
        self.loaded.append(arguments[0])
        return None

    def close(self) -> None: ...


@pytest.fixture
def played(tmp_path: Path) -> Iterator[tuple[Keeper, Process, Control]]:
    for name in ("main_acoustic", "main_scorer", policy.STATUS):
        (tmp_path / "models" / name / "1").mkdir(parents=True)
        (tmp_path / "models" / name / "1" / "model.py").write_text("")
    process, control = Process(), Control()
    events = Events(tmp_path / "events.jsonl")
    keeper = Keeper(
        process,  # type: ignore[arg-type]
        tmp_path / "models",
        Ports(1, 2, 3),
        policy.routes(("main", "light")),
        TierControl(),
        events,
    )
    keeper._connection = control  # type: ignore[assignment]
    # Measuring, probing and sweeping need a real server; they have their own tests.
    keeper._due = dict.fromkeys(keeper._due, float("inf"))
    yield keeper, process, control
    events.close()


def test_a_missing_process_is_replaced_at_the_second_look(played: tuple[Keeper, Process, Control]) -> None:
    keeper, process, control = played
    process.models.remove("main_scorer")
    keeper.look(0)
    assert not control.loaded, "a process may be missing for a moment while versions change"
    keeper.look(1)
    assert control.loaded == ["main_scorer"] and keeper.rescues == 1
    process.models.append("main_scorer")
    keeper.look(2)
    keeper.look(3)
    assert control.loaded == ["main_scorer"]


def test_two_versions_need_two_processes(played: tuple[Keeper, Process, Control]) -> None:
    keeper, _, control = played
    control.ready.append("main_acoustic")
    keeper.look(0)
    keeper.look(1)
    assert control.loaded == ["main_acoustic"]


def test_a_reload_that_hangs_leads_to_a_new_server(played: tuple[Keeper, Process, Control]) -> None:
    keeper, process, control = played
    process.models.clear()
    control.hangs = True
    keeper.look(0)
    keeper.look(1)
    assert process.starts >= 1


def test_a_dead_server_is_started_again(played: tuple[Keeper, Process, Control]) -> None:
    keeper, process, _ = played
    process.alive = False
    keeper.look(0)
    assert process.starts == 1 and process.alive and keeper.rescues == 1


def test_a_failing_look_does_not_end_the_keeper(
    played: tuple[Keeper, Process, Control], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper, _, _ = played
    stop = threading.Event()
    looks = []

    def look(now_s: float) -> None:
        looks.append(now_s)
        if len(looks) == 3:
            stop.set()
        raise EngineError("no luck")

    monkeypatch.setattr(keeper, "look", look)
    keeper.run(stop)
    assert len(looks) == 3
    events = [json.loads(line)["event"] for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert events == ["keeper_failed"] * 3


def test_the_state_names_the_tier_its_way_down_and_nothing_twice(played: tuple[Keeper, Process, Control], tmp_path: Path) -> None:
    keeper, _, _ = played
    keeper.publish(Verdict(policy.PEAK, True, 7.0))
    keeper.publish(Verdict(policy.PEAK, True, 7.0))
    state = json.loads(state_file(tmp_path / "models").read_text())
    assert [route["acoustic"] for route in state["routes"]] == ["main_acoustic_peak", "light_acoustic"]
    assert state["routes"][-1]["quick"] and not state["routes"][0]["quick"]
    assert state["retry_s"] == 7.0 and state["gauges"]["tutor_tier"] == 1 and state["gauges"]["tutor_refusing"] == 1
    assert len((tmp_path / "events.jsonl").read_text().splitlines()) == 1


def test_a_single_model_is_its_own_light_model() -> None:
    normal, peak, extreme = policy.routes(("light",))
    assert normal.acoustic == "light_acoustic" and peak.acoustic == extreme.acoustic == "light_acoustic_peak"
    assert not extreme.quick
