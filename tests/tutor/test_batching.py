"""Batches by length on a stand-in for a GPU whose memory is small and whose patience with foreign sizes smaller."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from readings import babble

from engines.canned import CannedModel
from tests.engines.check_model import check_model
from tutor.acoustic import AcousticOutput, Floats
from tutor.batch import JOURNAL, FileDone, Settings, run_batch
from tutor.batching import LengthBatches
from tutor.errors import DeviceLost, EngineError, OutOfMemory
from tutor.intake import Intake, take_in

RATE = 16_000
SETTINGS = Settings("canned", "canned", "key", acoustics=False)


class SmallGpu(CannedModel):
    """Runs out of memory above ``memory`` padded samples a batch; notes the lengths of every batch it answered."""

    def __init__(self, memory: int = 6 * RATE) -> None:
        super().__init__()
        self.memory = memory
        self.answered: list[list[int]] = []
        self.refused = 0

    def listen(self, clips: list[Floats]) -> list[AcousticOutput]:  # type: ignore[override]
        if len(clips) * max(len(clip) for clip in clips) > self.memory:
            self.refused += 1
            raise OutOfMemory("12 GiB wanted, 3 free")
        self.answered.append([len(clip) for clip in clips])
        return super().listen(clips)


def clips_of(*seconds: float) -> list[Floats]:
    rng = np.random.default_rng(1)
    return [rng.standard_normal(int(length * RATE)).astype(np.float32) * 0.1 for length in seconds]


def test_obeys_the_contract() -> None:
    check_model(LengthBatches(CannedModel(), 64 * RATE))


def test_answers_come_in_the_order_of_the_clips() -> None:
    clips = clips_of(3.0, 0.5, 2.0, 0.5, 1.0)
    gpu = SmallGpu()
    answers = LengthBatches(gpu, 6 * RATE).listen(clips)
    for clip, answer in zip(clips, answers, strict=True):
        [alone] = CannedModel().listen([clip])
        assert np.array_equal(answer.log_posteriors, alone.log_posteriors)
    assert gpu.refused == 0
    assert gpu.answered == [[48_000, 32_000], [16_000, 8_000, 8_000]]


def test_no_batch_is_larger_than_the_limit_and_neighbours_are_of_like_length() -> None:
    gpu = SmallGpu(memory=10**9)
    LengthBatches(gpu, 4 * RATE).listen(clips_of(*np.random.default_rng(2).uniform(0.3, 5, 60)))
    flat = [length for batch in gpu.answered for length in batch]
    assert len(flat) == 60 and flat == sorted(flat, reverse=True)
    assert all(len(batch) * max(batch) <= 4 * RATE for batch in gpu.answered if len(batch) > 1)
    assert len(gpu.answered) < 50


def test_too_little_memory_halves_the_batch_and_the_rest_stays_small() -> None:
    gpu = SmallGpu(memory=3 * RATE)
    batches = LengthBatches(gpu, 64 * RATE)
    clips = clips_of(*[1.0] * 40)
    assert len(batches.listen(clips)) == 40
    assert gpu.refused == 4, "40, 20, 10 and 5 s do not fit, 2.5 s do"
    assert batches.limit_samples == 2.5 * RATE
    batches.listen(clips)
    assert gpu.refused == 4, "what was learnt is kept"


def test_a_single_clip_that_does_not_fit_is_the_callers() -> None:
    batches = LengthBatches(SmallGpu(memory=RATE), 64 * RATE)
    with pytest.raises(OutOfMemory):
        batches.listen(clips_of(2.0, 0.5))
    assert len(batches.listen(clips_of(0.5, 0.5))) == 2


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Intake:
    folder = tmp_path_factory.mktemp("lengths")
    for number in range(12):
        seconds = 0.5 + 0.4 * ((5 * number) % 12)
        audio = babble(folder / f"{number:02}.wav", seconds, 110.0 + number)
        audio.with_suffix(".txt").write_text("We call it bear", encoding="utf-8")
    return take_in(folder)


def records(out: Path) -> dict[str, object]:
    found = {}
    for line in (out / JOURNAL).read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        found[record["id"]] = (record.get("assessment"), record.get("error"))
    return found


def test_a_run_on_a_small_gpu_gives_what_one_by_one_gives(intake: Intake, tmp_path: Path) -> None:
    gpus: list[SmallGpu] = []

    def small() -> LengthBatches:
        gpus.append(SmallGpu(memory=8 * RATE))
        return LengthBatches(gpus[-1], 64 * RATE)

    summary = run_batch(intake.items, tmp_path / "gpu", small, SETTINGS, workers=0, batch_size=5)
    assert (summary.scored, summary.failed) == (12, 0)
    assert gpus[0].refused > 0 and len(gpus) == 1, "halved, not opened anew"
    first = [max(batch) for batch in gpus[0].answered[1:]]
    assert first == sorted(first, reverse=True), "long recordings come first"
    run_batch(intake.items, tmp_path / "alone", CannedModel, SETTINGS, workers=0)
    assert records(tmp_path / "gpu") == records(tmp_path / "alone")


class Hiccup(CannedModel):
    """Loses its device at the third call; ``opened`` counts how often one like it was opened."""

    opened = 0
    openings = 99

    def __init__(self) -> None:
        super().__init__()
        type(self).opened += 1
        if type(self).opened > type(self).openings:
            raise EngineError("the driver is gone")
        self.calls = 0

    def listen(self, clips: list[Floats]) -> list[AcousticOutput]:  # type: ignore[override]
        self.calls += 1
        if self.calls == 3 and type(self).opened == 1:
            raise DeviceLost("fell off the bus")
        return super().listen(clips)


def test_a_lost_device_is_opened_again_and_no_file_is_lost(intake: Intake, tmp_path: Path) -> None:
    class Once(Hiccup):
        opened = 0

    summary = run_batch(intake.items, tmp_path, Once, SETTINGS, workers=0, batch_size=4)
    assert (summary.scored, summary.failed, Once.opened) == (12, 0, 2)


def test_a_device_that_stays_away_ends_the_run_and_the_next_goes_on(intake: Intake, tmp_path: Path) -> None:
    class Gone(Hiccup):
        opened = 0
        openings = 1

    heard: list[FileDone] = []
    with pytest.raises(DeviceLost, match=r"fell off the bus.*the driver is gone.*goes on from there"):
        run_batch(intake.items, tmp_path, Gone, SETTINGS, workers=0, batch_size=4, finished=heard.append)
    assert len(heard) == 4 and not any(item.error for item in heard)
    summary = run_batch(intake.items, tmp_path, CannedModel, SETTINGS, workers=0, batch_size=4)
    assert (summary.before, summary.scored) == (4, 8)


def test_a_device_that_stays_away_from_a_worker_process_ends_the_run(intake: Intake, tmp_path: Path) -> None:
    with pytest.raises(DeviceLost, match="cannot be opened again"):
        run_batch(intake.items, tmp_path, AwayInWorker(), SETTINGS, workers=2, batch_size=2)


class AwayInWorker:
    """Opens once in each process, a model that fails with its first file."""

    tries = 0

    def __call__(self) -> CannedModel:
        type(self).tries += 1
        if type(self).tries > 1:
            raise EngineError("the driver is gone")
        return _FailingAtWork()


class _FailingAtWork(CannedModel):
    calls = 0

    def listen(self, clips: list[Floats]) -> list[AcousticOutput]:  # type: ignore[override]
        self.calls += 1
        if self.calls > 1:
            raise DeviceLost("fell off the bus")
        return super().listen(clips)
