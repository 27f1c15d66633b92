"""A GPU engine built behind the CPU's back: seen, stopped, taking over between two takes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from canned import canned_assess, voice_like
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from engines import takeover
from engines.breaker import Backend, FallbackModel
from engines.canned import CannedModel
from tutor.errors import Cancelled, EngineError, TutorError
from tutor.paths import assets_dir
from tutor.progress import Progress
from ui.desktop.controller import Controller
from ui.desktop.engine_build import EngineBuild
from ui.desktop.language import language
from ui.desktop.shown import Sentence
from ui.desktop.views.building import SHOW_MS

Work = Callable[[Progress], Any]


class GpuModel(CannedModel):
    """The engine that was built."""

    def __init__(self) -> None:
        super().__init__(reason="built and verified just now")
        self._info = type(self.info)("tensorrt_rtx", "main 1", "fp16", "built and verified just now")

    @property
    def info(self) -> Any:
        return getattr(self, "_info", None) or super().info


@pytest.fixture
def let_go() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def opened(
    make_controller: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Work], Controller]:
    """A window whose CPU engine serves while ``work`` builds another by the real takeover."""

    def make(work: Work) -> Controller:
        build = EngineBuild()
        monkeypatch.setattr(takeover, "build_and_verify", lambda request, progress: work(progress))

        def open_model(name: str, engine: str) -> FallbackModel:
            build.begin()
            model = FallbackModel([Backend("canned", lambda: CannedModel(reason="test"))])
            takeover.build_in_background(
                model, None, "tensorrt_rtx", "fp16", 0, build.report, build.end  # type: ignore[arg-type]
            )
            return model

        def assess(clip: Any, prompt: Any, model: Any, progress: Any) -> Any:
            model.listen([clip.samples])
            return canned_assess(clip, prompt, model, progress)

        controller: Controller = make_controller(open_model=open_model, assess=assess, build=build)
        controller.practice.open_list([Sentence("I think this is it.")])
        return controller

    return make


def take(controller: Controller, qtbot: Any, microphone: Any) -> str:
    microphone.sound = voice_like(1.2)
    before = controller.practice.take
    controller.practice.toggle_recording()
    qtbot.waitUntil(lambda: controller.recorder._microphone is not None, timeout=20_000)
    controller.practice.toggle_recording()
    qtbot.waitUntil(lambda: controller.practice.take is not before, timeout=20_000)
    assert controller.practice.take is not None
    return controller.practice.take.assessment.engine.backend


def test_the_cpu_serves_while_the_build_is_seen_then_the_gpu_takes_over(
    opened: Callable[[Work], Controller], qtbot: Any, microphone: Any, let_go: threading.Event
) -> None:
    def work(progress: Progress) -> Any:
        for done in range(1, 8):
            assert progress("fp16 model" if done < 3 else "Tactic selection", done, 10)
        let_go.wait(20)
        assert progress("verify", 10, 10)
        return GpuModel()

    controller = opened(work)
    strip = controller.window.building
    qtbot.waitUntil(strip.isVisible, timeout=5000)
    qtbot.waitUntil(lambda: strip._bar.value() == 7, timeout=5000)
    assert strip._phase.text() == "Tactic selection" and strip._bar.maximum() == 10
    assert take(controller, qtbot, microphone) == "canned"
    let_go.set()
    qtbot.waitUntil(lambda: not strip.isVisible(), timeout=5000)
    assert "your next recording is scored by it" in controller.window.banner.text
    assert take(controller, qtbot, microphone) == "tensorrt_rtx"
    qtbot.waitUntil(lambda: "tensorrt_rtx" in controller.window.status._engine.text(), timeout=5000)


def test_cancel_keeps_the_cpu(
    opened: Callable[[Work], Controller], qtbot: Any, microphone: Any, let_go: threading.Event
) -> None:
    def work(progress: Progress) -> Any:
        step = 0
        while progress("choosing kernels", step, 0):
            step += 1
            assert not let_go.wait(0.01)
        raise Cancelled("stopped")

    controller = opened(work)
    strip = controller.window.building
    qtbot.waitUntil(strip.isVisible, timeout=5000)
    assert strip._phase.text() == "choosing kernels" and strip._bar.maximum() == 0
    assert strip._stop.accessibleName() == "Cancel" and strip._stop.toolTip()
    QTest.mouseClick(strip._stop, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not strip.isVisible(), timeout=5000)
    assert "the CPU goes on scoring" in controller.window.banner.text
    assert take(controller, qtbot, microphone) == "canned"


def test_a_build_that_fails_is_told_and_the_cpu_goes_on(
    opened: Callable[[Work], Controller], qtbot: Any, microphone: Any
) -> None:
    def work(progress: Progress) -> Any:
        raise EngineError("The builder found no kernel; update the driver.")

    controller = opened(work)
    qtbot.waitUntil(lambda: "update the driver" in controller.window.banner.text, timeout=5000)
    assert not controller.window.building.isVisible()
    assert take(controller, qtbot, microphone) == "canned"


def test_a_short_build_is_not_shown(opened: Callable[[Work], Controller], qtbot: Any) -> None:
    def work(progress: Progress) -> Any:
        progress("verify", 1, 4)
        return GpuModel()

    controller = opened(work)
    seen: list[None] = []
    controller.window.building._wait.timeout.connect(lambda: seen.append(None))
    qtbot.waitUntil(lambda: "ready" in controller.window.banner.text, timeout=5000)
    qtbot.wait(SHOW_MS + 100)
    assert seen == [] and not controller.window.building.isVisible()


def test_the_strip_speaks_chinese(opened: Callable[[Work], Controller], qtbot: Any, let_go: threading.Event) -> None:
    def work(progress: Progress) -> Any:
        progress("verify", 1, 4)
        let_go.wait(20)
        return GpuModel()

    strip = opened(work).window.building
    qtbot.waitUntil(strip.isVisible, timeout=5000)
    english = strip._phase.text(), strip._text.text(), strip._stop.text()
    language.choose("zh_CN")
    for label, before in zip((strip._phase, strip._text, strip._stop), english, strict=True):
        qtbot.waitUntil(lambda label=label, before=before: label.text() != before, timeout=5000)


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_real_builder_is_followed_and_stopped(
    make_controller: Any, qtbot: Any, folders: Path, cancelled: bool
) -> None:
    pytest.importorskip("tensorrt_rtx", reason="TensorRT for RTX is not installed")
    pytest.importorskip("onnx", reason="onnx, which converts the model, is not installed")
    from engines.engine_build import BuildRequest, build_engine
    from engines.engine_store import list_engines
    from engines.manifest import load_manifest

    folder = assets_dir() / "models" / "light"
    if not (folder / "manifest.json").exists():
        pytest.skip("the light model is not in this checkout")
    controller = make_controller()
    build, steps = controller.build, []
    build.stepped.connect(steps.append)
    request = BuildRequest(load_manifest(folder), "tensorrt_rtx", "fp16", target="sm89", profiles=("interactive",))
    if cancelled:
        build.stepped.connect(lambda step: build.cancel())

    def work() -> None:
        try:
            build_engine(request, progress=build.report)
        except TutorError as error:
            build.end(error)
        else:
            build.end(None)

    with qtbot.waitSignal(build.ended, timeout=120_000) as ended:
        controller.jobs.submit("build", work)
    if cancelled:
        assert isinstance(ended.args[0], Cancelled) and list_engines() == ([], [])
    else:
        assert {step.label for step in steps} - {"fp16 model"}, "no phase of the library itself was told"
        assert ended.args == [None] and len(list_engines()[0]) == 1
