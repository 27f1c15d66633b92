"""A real Triton with tiny models: answers, batches, faults, versions, tiers, and the door to the outside."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engines.breaker import Backend, FallbackModel
from engines.manifest import load_manifest
from engines.onnx_cpu import OnnxModel
from engines.serving import gateway, metrics, policy, switch
from engines.serving.address import Address
from engines.serving.calls import Connection, Request, ServerRefused
from engines.serving.client import TritonModel
from engines.serving.gateway import Front, Gateway, Limits
from engines.serving.local_memory import PREFIX
from engines.serving.server import LOOPBACK, free_port
from engines.serving.service import Service, run_dir
from engines.serving.tiers import Verdict
from tests.engines.check_model import check_model, clip_of, evidence_of
from tests.engines.serving import faults
from tests.engines.serving.conftest import named_model
from tutor.errors import Cancelled, EngineError, ModelError

pytestmark = pytest.mark.triton
TOKEN = "a-token-of-the-tests-1"


@pytest.fixture
def model(served: Service) -> Iterator[TritonModel]:
    opened = TritonModel(served.address)
    yield opened
    opened.close()


def _local(served: Service, index: int = 0) -> OnnxModel:
    return OnnxModel(served._manifests[index], threads=1)


def _until(true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


@pytest.mark.parametrize("shared_memory", [True, False])
def test_the_contract_holds(served: Service, shared_memory: bool) -> None:
    opened = TritonModel(served.address, shared_memory=shared_memory)
    try:
        check_model(opened)
        assert opened.info.model == "main 0"
    finally:
        opened.close()


def test_requests_of_unlike_length_merge_and_answer_as_alone(served: Service, model: TritonModel) -> None:
    clips = [clip_of(4_800 + 7_001 * index, index) for index in range(9)]
    alone = _local(served).listen(clips)
    stub = next(stub for stub in served.process.stubs() if stub.model == "main_acoustic")
    model.listen([clips[0]])
    before = _totals(served)
    # While the process stands still the requests pile up, and Triton has something to merge.
    os.kill(stub.pid, signal.SIGSTOP)
    timer = threading.Timer(0.3, os.kill, (stub.pid, signal.SIGCONT))
    timer.start()
    together = model.listen(clips)
    timer.join()
    after = _totals(served)
    assert (after.answered - before.answered) / (after.batches - before.batches) > 1.5
    for ours, theirs in zip(alone, together, strict=True):
        for name in ("log_posteriors", "frame_log_posteriors", "hidden"):
            np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), atol=1e-4)


def test_many_learners_get_their_own_answers(served: Service) -> None:
    local = _local(served)
    failures: list[str] = []

    def learn(seed: int) -> None:
        opened = TritonModel(served.address, shared_memory=bool(seed % 2))
        rng = np.random.default_rng(seed)
        try:
            for take in range(6):
                clip = clip_of(int(rng.integers(4_800, 60_000)), take)
                ours, theirs = local.listen([clip])[0], opened.listen([clip])[0]
                np.testing.assert_allclose(ours.hidden, theirs.hidden, atol=1e-4)
        except Exception as error:
            failures.append(repr(error))
        finally:
            opened.close()

    threads = [threading.Thread(target=learn, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({"samples": np.zeros((1, 0), np.float32), "lengths": np.array([[0]], np.int32)}, "lengths is 0"),
        (
            {
                "samples": np.zeros((1, 9_600_000 // 2), np.float32),
                "lengths": np.array([[4_800_000]], np.int32),
            },
            "4800000",
        ),
        (
            {"samples": np.zeros((1, 8_000), np.float32), "lengths": np.array([[16_000]], np.int32)},
            "has shape",
        ),
        (
            {"samples": np.zeros((1, 8_000), np.int32), "lengths": np.array([[8_000]], np.int32)},
            "data-type|FP32",
        ),
        ({"samples": np.zeros((1, 8_000), np.float32)}, "expected 2 inputs"),
        (
            {"samples": np.full((1, 8_000), np.inf, np.float32), "lengths": np.array([[8_000]], np.int32)},
            "not numbers",
        ),
    ],
)
def test_bad_requests_get_their_reason_and_harm_nobody(
    served: Service, model: TritonModel, inputs: dict[str, Any], told: str
) -> None:
    connection = Connection(Address(LOOPBACK, served.ports.grpc))
    pids = {stub.pid for stub in served.process.stubs()}
    try:
        with pytest.raises(EngineError, match=told):
            connection.infer([Request("main_acoustic", inputs)])
    finally:
        connection.close()
    assert len(model.listen([clip_of(8_000, 1)])) == 1
    assert {stub.pid for stub in served.process.stubs()} == pids


def test_vanishing_and_slow_clients_take_nobody_down(served: Service, model: TritonModel) -> None:
    address = (LOOPBACK, served.ports.grpc)
    slow = socket.create_connection(address)
    slow.sendall(b"PRI * HTTP/2.0\r\n")
    for _ in range(30):
        with socket.create_connection(address) as half:
            half.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x10")
    assert len(model.listen([clip_of(8_000, 1)])) == 1
    slow.close()


def test_cancel_ends_a_call_under_way(served: Service) -> None:
    opened = TritonModel(served.address, shared_memory=False)
    opened.listen([clip_of(8_000, 1)])
    # Whichever instance and tier gets the call, it must not answer.
    stubs = [stub.pid for stub in served.process.stubs() if stub.model.endswith("_acoustic")]
    for pid in stubs:
        os.kill(pid, signal.SIGSTOP)
    timer = threading.Timer(0.3, opened.cancel)
    timer.start()
    try:
        begin = time.monotonic()
        with pytest.raises(Cancelled):
            opened.listen([clip_of(8_000, 1)])
        assert time.monotonic() - begin < 2
    finally:
        for pid in stubs:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        timer.join()
        opened.close()


def test_the_tier_reaches_learners_and_prometheus(served: Service, model: TritonModel) -> None:
    assert served.keeper is not None
    control = served.keeper._control
    control._tier = control._fixed = policy.EXTREME
    try:
        _until(lambda: model.status().tier == policy.EXTREME)
        model.listen([clip_of(8_000, 1)])
        assert model.info.model == "light 0" and "quick score" in model.info.reason
        _until(lambda: _gauge(served, "tutor_tier") == 2)
    finally:
        control._tier, control._fixed = policy.NORMAL, None
    _until(lambda: model.status().tier == policy.NORMAL)
    served.keeper.publish(Verdict(policy.NORMAL, False, 0.0))


def test_dashboard_and_metrics_are_there(served: Service) -> None:
    base = f"http://{LOOPBACK}:{served._options.dashboard_port}"
    page = urllib.request.urlopen(f"{base}/", timeout=5).read().decode()
    assert "<!doctype html>" in page and "http://" not in page and "https://" not in page
    assert b"nv_inference_request_summary_us" in urllib.request.urlopen(f"{base}/metrics", timeout=5).read()
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"{base}/v2/models/main_acoustic/config", timeout=5)


@pytest.mark.parametrize("time_killed", ["first", "again"])
def test_a_dead_model_process_is_replaced_while_others_answer(served: Service, model: TritonModel, time_killed: str) -> None:
    model.listen([clip_of(8_000, 1)])
    dead = {stub.pid for stub in served.process.stubs() if stub.model in ("main_acoustic", policy.STATUS)}
    for pid in dead:
        os.kill(pid, signal.SIGKILL)
    with urllib.request.urlopen(f"http://{LOOPBACK}:{served.ports.http}/v2/health/ready", timeout=5) as answer:
        assert answer.status == 200, "readiness lies about a dead process; this test is about that"
    assert len(model.listen([clip_of(8_000, 1)])) == 1

    def whole() -> bool:
        return len([stub for stub in served.process.stubs() if stub.pid not in dead]) == 7

    _until(whole)
    model.listen([clip_of(8_000, 2)])
    assert model.info.model == "main 0"


def test_takes_are_scored_here_while_the_server_is_dead_and_there_again_after(served: Service) -> None:
    now = [0.0]
    ladder = FallbackModel(
        [Backend("triton", lambda: TritonModel(served.address)), Backend("onnx_cpu", lambda: _local(served))],
        clock=lambda: now[0],
    )
    try:
        os.kill(served.process.pid, signal.SIGKILL)
        answer = ladder.listen([clip_of(8_000, 1)])[0]
        assert ladder.info.backend == "onnx_cpu" and "triton" in ladder.take_notice()
        assert ladder.score([evidence_of(4, 3, answer.hidden.shape[1], 1)])
        probe = TritonModel(served.address)
        _until(lambda: _answers(probe))
        probe.close()
        now[0] += 60
        ladder.listen([clip_of(8_000, 2)])
        assert ladder.info.backend == "triton"
    finally:
        ladder.close()


def test_a_new_version_is_switched_in_under_load_without_a_failed_take(
    served: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switch, "_BETWEEN_S", 2.0)
    stop = threading.Event()
    failures: list[str] = []
    titles: list[str] = []

    def learn(seed: int) -> None:
        opened = TritonModel(served.address)
        try:
            while not stop.is_set():
                answer = opened.listen([clip_of(16_000, seed)])[0]
                opened.score([evidence_of(5, 3, answer.hidden.shape[1], seed)])
                titles.append(opened.info.model)
        except Exception as error:
            failures.append(repr(error))
        finally:
            opened.close()

    threads = [threading.Thread(target=learn, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    try:
        newer = load_manifest(named_model(tmp_path / "newer", "main", seed=99, version="1"))
        assert switch.switch(served._options.port, newer) == 2
        _until(lambda: titles[-1] == "main 1")
        assert switch.roll_back(served._options.port, "main") == 1
        _until(lambda: titles[-1] == "main 0")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures
    assert {"main 0", "main 1"} == set(titles)


def test_a_broken_new_version_leaves_the_old_one_serving(
    served: Service, model: TritonModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = load_manifest(named_model(tmp_path / "broken", "light", seed=3, version="1"))
    (tmp_path / "broken" / "acoustic.onnx").write_bytes(b"no graph")
    with pytest.raises(ModelError):
        switch.switch(served._options.port, manifest)
    assert not (run_dir(served._options.port) / "models" / "light_acoustic" / "2").exists()
    monkeypatch.setattr(switch, "_try_out", lambda manifest: None)
    monkeypatch.setattr(switch, "_BETWEEN_S", 0.0)
    with pytest.raises(EngineError, match="not taken into service"):
        switch.switch(served._options.port, manifest)
    route = policy.routes(("main", "light"))[2]
    assert model._listen(route, [clip_of(8_000, 1)])[1] == "1"


def test_shared_memory_of_a_killed_learner_is_swept_away(served: Service) -> None:
    script = (
        "import os, signal, sys, numpy as np\n"
        "from engines.serving.client import TritonModel\n"
        "model = TritonModel(sys.argv[1])\n"
        "model.listen([np.zeros(16000, np.float32)])\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    command = [sys.executable, "-c", script, served.address.link()]
    learner = subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=Path(__file__).parents[3])
    assert learner.wait(30) == -signal.SIGKILL
    assert served.keeper is not None
    _until(lambda: not list(Path("/dev/shm").glob(f"{PREFIX}{learner.pid}_*")))


@pytest.fixture
def door(served: Service, tmp_path: Path) -> Iterator[Address]:
    """The front server for learners on other machines, here on loopback."""
    environment = served._environment
    certificate = gateway.make_certificate(environment, tmp_path / "certificate", LOOPBACK)
    port = free_port()
    limits = Limits(requests_per_s=5, burst=20)
    text = gateway.configuration(
        tmp_path / "front",
        served.ports,
        Front(free_port(), LOOPBACK, port),
        certificate=certificate,
        tokens=(TOKEN,),
        limits=limits,
    )
    front = Gateway(environment, tmp_path / "front", text)
    front.start()
    yield Address(LOOPBACK, port, tls=True, token=TOKEN, pin=certificate.pin)
    front.stop()
    log = (tmp_path / "front" / "access.log").read_text()
    assert TOKEN not in log
    assert not list((tmp_path / "front").glob("temp_*/**/*.*")), "no request was written to a file"


def test_learners_come_in_by_tls_and_token_only(door: Address) -> None:
    opened = TritonModel(door)
    assert len(opened.listen([clip_of(80_000, 1)])) == 1
    opened.close()
    for wrong in (
        replace(door, token="another-token-entirely"),
        replace(door, token=""),
        replace(door, pin="0" * 64),
    ):
        stranger = TritonModel(wrong)
        with pytest.raises(EngineError, match="join link"):
            stranger.listen([clip_of(8_000, 1)])
        stranger.close()
    with pytest.raises(EngineError):
        TritonModel(Address(LOOPBACK, door.port)).listen([clip_of(8_000, 1)])


def test_the_door_shows_nothing_but_what_learners_need(door: Address) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    def status(path: str, *, data: bytes | None = None, token: str = TOKEN) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        request = urllib.request.Request(f"https://{door.target}{path}", data=data, headers=headers)
        try:
            return int(urllib.request.urlopen(request, timeout=5, context=context).status)
        except urllib.error.HTTPError as error:
            return error.code

    assert status("/v2/health/ready") == 200
    assert status("/v2/health/ready", token="wrong-token-wrong-token") == 401
    assert status("/v2/repository/index", data=b"{}") == 404
    assert status("/v2/repository/models/main_acoustic/unload", data=b"{}") == 404
    assert status("/v2/systemsharedmemory/status") == 404
    assert status("/v2/models/main_acoustic/infer", data=bytes(3_000_000)) == 413
    assert [status("/v2/health/ready") for _ in range(40)].count(429) > 5


def _totals(served: Service) -> metrics.Totals:
    samples = metrics.fetch(f"http://{LOOPBACK}:{served.ports.metrics}/metrics")
    return metrics.totals(samples, lambda name: "_acoustic" in name)


def _gauge(served: Service, name: str) -> float:
    samples = metrics.fetch(f"http://{LOOPBACK}:{served.ports.metrics}/metrics")
    return next((sample.value for sample in samples if sample.name == name), -1.0)


def _answers(opened: TritonModel) -> bool:
    try:
        opened.probe()
    except EngineError:
        return False
    return True


def test_no_take_is_lost_under_a_shower_of_faults(served: Service) -> None:
    tally = faults.inject(served, 24, learners=3, pause_s=0.2)
    assert not tally.lost
    assert sum(tally.faults.values()) == 24 and tally.scored["triton"] > 0


def test_a_learner_who_asks_too_often_is_refused_politely(door: Address) -> None:
    opened = TritonModel(door)
    with pytest.raises(ServerRefused):
        for _ in range(60):
            opened.listen([clip_of(4_800, 1)])
    opened.close()
