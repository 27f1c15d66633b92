"""``tutor serve``: score for a whole class with Triton; export for stock Triton, load test, simulation."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engines.manifest import Manifest
    from engines.serving import simulate
    from engines.serving.service import Options, Service

HELP = "score for a whole class over the network"


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the service, and what else is done instead of serving."""
    service = parser.add_argument_group("service")
    service.add_argument("--models", default="", metavar="NAMES", help="models or folders, best first (main,light)")
    service.add_argument("--port", type=int, default=8001, help="where learners connect (8001)")
    service.add_argument("--host", default="", help="serve beyond this machine, over TLS: an address or 0.0.0.0")
    service.add_argument("--token-file", type=Path, help="a token a line; made with one token where it is missing")
    service.add_argument("--cert", type=Path, help="PEM chain; without it a certificate is made and pinned")
    service.add_argument("--key", type=Path, help="PEM key of --cert")
    service.add_argument("--tier", choices=("auto", "normal", "peak"), default="auto")
    service.add_argument("--dashboard-port", type=int, default=8003, help="the teacher's page on this machine")
    service.add_argument("--gpu", action="store_true", help="run the models on this machine's NVIDIA GPU")
    service.add_argument("--log-file", type=Path, help="structured log, one JSON object a line")
    service.add_argument("--repair", action="store_true", help="make the server's environment anew")
    instead = parser.add_argument_group("instead of serving").add_mutually_exclusive_group()
    instead.add_argument("--setup", action="store_true", help="only make the server's environment")
    instead.add_argument("--export-repository", type=Path, metavar="DIR", help="for a stock Triton or a cluster")
    instead.add_argument("--switch", metavar="MODEL", help="serve a new version on the running --port")
    instead.add_argument("--roll-back", metavar="NAME", help="serve the version before on the running --port")
    instead.add_argument("--loadtest", type=int, metavar="N", help="play N learners against the running --port")
    instead.add_argument("--simulate", type=int, metavar="N", help="how many servers N learners need")
    details = parser.add_argument_group("details")
    details.add_argument("--backend", choices=("onnxruntime", "tensorrt"), default="onnxruntime", help="of the export")
    details.add_argument("--minutes", type=float, default=5.0, help="length of the load test (5)")
    details.add_argument("--server", default="", help="load test another server: triton://… or a join link")
    details.add_argument("--service-ms", type=float, nargs=2, metavar=("FIXED", "PER_TAKE"), help="for --simulate")
    details.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")


def run(arguments: argparse.Namespace) -> int:
    """Serve until interrupted, or do what was asked instead."""
    if arguments.export_repository is not None:
        return _export(arguments)
    if arguments.switch or arguments.roll_back:
        return _switch(arguments)
    if arguments.loadtest is not None:
        return _loadtest(arguments)
    if arguments.simulate is not None:
        return _simulate(arguments)
    return _serve(arguments)


def _serve(arguments: argparse.Namespace) -> int:
    import shutil

    from engines.choose import gpu_driver
    from engines.serving.environment import ensure_environment, environment_dir
    from engines.serving.events import Events
    from engines.serving.service import Service
    from tutor.errors import InputError, InstallError
    from ui.console import progress_bar

    try:
        events = Events(arguments.log_file)
    except OSError as error:
        raise InputError(f"The log {arguments.log_file} cannot be written ({error}).") from error
    if arguments.gpu and gpu_driver():
        raise InstallError(f"--gpu was asked for, but {gpu_driver()}; install it or serve without --gpu.")
    if arguments.repair:
        shutil.rmtree(environment_dir(gpu=arguments.gpu), ignore_errors=True)
    with progress_bar() as progress:
        environment = ensure_environment(progress, gpu=arguments.gpu)
        if arguments.setup:
            print(f"The server's environment is ready in {environment.root}")
            return 0
        manifests = _manifests(arguments.models)
        service = Service(environment, manifests, _options(arguments, environment), events)
        # Installed before the children start, so that an early Ctrl-C leaves none behind.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: service.end())
        service.start(progress)
    try:
        _announce(service, arguments)
        service.run()
    finally:
        service.stop()
        events.close()
    return 0


def _options(arguments: argparse.Namespace, environment: object) -> Options:
    from engines.serving import gateway
    from engines.serving.environment import Environment
    from engines.serving.service import Options, run_dir
    from tutor.errors import InputError
    from tutor.paths import config_dir

    assert isinstance(environment, Environment)
    if bool(arguments.cert) != bool(arguments.key):
        raise InputError("--cert and --key go together; one of them is missing.")
    certificate: gateway.Certificate | None = None
    tokens: tuple[str, ...] = ()
    if arguments.host:
        tokens = gateway.make_token_file(arguments.token_file or config_dir() / "server-tokens.txt")
        if arguments.cert:
            certificate = gateway.Certificate(arguments.cert.resolve(), arguments.key.resolve(), None)
        else:
            folder = run_dir(arguments.port) / "certificate"
            certificate = gateway.make_certificate(environment, folder, arguments.host)
    return Options(
        port=arguments.port,
        host=arguments.host,
        dashboard_port=arguments.dashboard_port,
        tier=arguments.tier,
        gpu=arguments.gpu,
        tokens=tokens,
        certificate=certificate,
    )


def _announce(service: Service, arguments: argparse.Namespace) -> None:
    link = service.address.link()
    print(f"Ready: {service.titles} at {link}")
    print(f"Learners join with:  tutor --engine '{link}'")
    print(f"Dashboard:  http://127.0.0.1:{arguments.dashboard_port}/", flush=True)
    if arguments.host and sys.stdout.isatty():
        try:
            import segno
        except ImportError:
            return
        segno.make(link, error="m").terminal(compact=True)


def _manifests(names: str) -> list[Manifest]:
    from engines.choose import folder_of
    from engines.manifest import load_manifest
    from tutor.errors import ModelError

    wanted = [name.strip() for name in names.split(",") if name.strip()]
    if not wanted:
        wanted = [name for name in ("main", "light") if folder_of(name).is_dir()] or ["main"]
    manifests = [load_manifest(folder_of(name)) for name in wanted]
    if len({manifest.name for manifest in manifests}) < len(manifests):
        raise ModelError("Two of the models have one name; a server holds each name once, versions come by --switch.")
    return manifests


def _export(arguments: argparse.Namespace) -> int:
    from engines.serving.export import export_repository

    names = export_repository(arguments.export_repository, _manifests(arguments.models), backend=arguments.backend)
    print(f"{arguments.export_repository}: {', '.join(names)}; see README.md there")
    return 0


def _switch(arguments: argparse.Namespace) -> int:
    from engines.serving import switch

    if arguments.roll_back:
        number = switch.roll_back(arguments.port, arguments.roll_back)
        print(f"{arguments.roll_back} is served as version {number} again")
        return 0
    manifest = _manifests(arguments.switch)[0]
    number = switch.switch(arguments.port, manifest)
    print(f"{manifest.title} is served as version {number}; the one before stays for takes under way")
    return 0


def _loadtest(arguments: argparse.Namespace) -> int:
    from engines.serving import loadtest
    from engines.serving.client import TritonModel
    from engines.serving.service import running_pid, running_ports
    from tutor.errors import InputError
    from ui.console import progress_bar

    if not 1 <= arguments.loadtest <= 1000:
        raise InputError("A load test plays 1 to 1000 learners; use --simulate for more.")
    url = arguments.server or f"triton://127.0.0.1:{arguments.port}"
    ports = None if arguments.server else running_ports(arguments.port)
    first = TritonModel(url)
    try:
        first.probe()
        features = first.features()
    finally:
        first.close()
    with progress_bar() as progress:
        found = loadtest.play(
            lambda: TritonModel(url, shared_memory=False, reason="load test"),
            learners=arguments.loadtest,
            seconds=60 * arguments.minutes,
            features=features,
            ports=ports,
            server_pid=running_pid(arguments.port) if ports is not None else 0,
            progress=progress,
        )
    _table(f"{arguments.loadtest} learners at {url.rpartition('@')[2]}", loadtest.rows(found))
    if arguments.json is not None:
        _write(arguments.json, found.to_json())
    return 0 if not found.failed else 1


def _simulate(arguments: argparse.Namespace) -> int:
    from dataclasses import asdict

    from engines.serving import simulate
    from tutor.errors import InputError

    if not 1 <= arguments.simulate <= 100_000:
        raise InputError("A simulation plays 1 to 100000 learners.")
    if arguments.service_ms is not None:
        fixed, per_take = arguments.service_ms
        if fixed < 0 or per_take < 0 or fixed + per_take <= 0:
            raise InputError("--service-ms needs two times of 0 or more, not both 0.")
        service = simulate.Service(fixed, per_take)
    else:
        service = _measured_service(arguments)
    outcomes = simulate.servers_needed(arguments.simulate, service)
    needed = simulate.fewest(outcomes)
    formula = f"{service.fixed_ms:.1f} + {service.per_take_ms:.1f} b ms (at most {service.max_batch})"
    rows = [("a batch of b takes", formula)]
    rows += [
        (
            f"{outcome.servers} servers",
            f"p50 {outcome.p50_ms:.0f}, p95 {outcome.p95_ms:.0f}, p99 {outcome.p99_ms:.0f} ms; "
            f"busy {outcome.busy:.0%}, mean batch {outcome.mean_batch:.1f}"
            + ("" if outcome.stable else "; the queue only grows"),
        )
        for outcome in outcomes
    ]
    rows.append(("needed for p95 of 1 s", str(needed) if needed is not None else "more than these"))
    _table(f"{arguments.simulate} learners, a take every 10-20 s", rows)
    if arguments.json is not None:
        figures = {"learners": arguments.simulate, "service": asdict(service), "needed": needed}
        _write(arguments.json, {**figures, "outcomes": [asdict(outcome) for outcome in outcomes]})
    return 0


def _measured_service(arguments: argparse.Namespace) -> simulate.Service:
    """Service times of the running server, from bursts of takes."""
    from engines.serving import measure, simulate
    from engines.serving.service import running_ports
    from tutor.errors import InputError

    ports = running_ports(arguments.port)
    if ports is None:
        raise InputError(f"No server runs on port {arguments.port} to measure; start `tutor serve` or give --service-ms.")
    times = measure.batch_times(ports)
    fixed, per_take = simulate.fit(times)
    return simulate.Service(fixed, per_take, max_batch=max(times), delay_ms=0.0)


def _table(title: str, rows: list[tuple[str, str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, show_header=False)
    for label, value in rows:
        table.add_row(label, value)
    Console().print(table)


def _write(path: Path, data: object) -> None:
    from tutor.errors import InputError
    from tutor.paths import write_atomic

    try:
        write_atomic(path, json.dumps(data, indent=1).encode())
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error}).") from error
