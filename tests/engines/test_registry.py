from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from engines import registry
from engines.choose import folder_of
from engines.comparison import compare
from engines.manifest import Manifest, load_manifest
from engines.verify import Case
from tests.engines.check_model import clip_of
from tests.engines.tiny_model import write_tiny_model
from tutor.errors import Cancelled, ModelError

GOOD = {"phone_pearson": 0.64, "word_accuracy": {"pearson": 0.60}, "sentence_total": {"pearson": 0.83}}


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TUTOR_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def model_folder(folder: Path, seed: int, metrics: dict[str, Any] | None = None, **fields: Any) -> Path:
    write_tiny_model(folder, seed=seed)
    path = folder / "manifest.json"
    data = json.loads(path.read_text())
    data.update(metrics=GOOD if metrics is None else metrics, **fields)
    path.write_text(json.dumps(data))
    return folder


def compared(
    entry: registry.Entry, current: Manifest, ratio: float = 1.0, memory_mb: float = 100.0, rank: float = 0.95
) -> None:
    figures = {"latency_ratio": ratio, "candidate_mb": memory_mb, "current_mb": 100.0, "rank": rank}
    registry.keep_comparison(entry.id, {"against": current.acoustic.sha256, **figures})


def test_the_whole_way_there_and_back(tmp_path: Path) -> None:
    first = registry.stage(model_folder(tmp_path / "one", 1, version="1"))
    assert registry.promoted("tiny") is None
    registry.promote(first.id, "tiny", None)
    assert registry.promoted("tiny") == first.manifest.folder == folder_of("tiny")
    second = registry.stage(
        model_folder(tmp_path / "two", 2, version="2", parents=[first.manifest.acoustic.sha256])
    )
    current = load_manifest(folder_of("tiny"))
    compared(second, current)
    registry.promote(second.id, "tiny", current)
    assert folder_of("tiny") == second.manifest.folder
    assert registry.rollback("tiny") == first.id and folder_of("tiny") == first.manifest.folder
    assert registry.rollback("tiny") == "" and registry.promoted("tiny") is None
    with pytest.raises(ModelError, match="nothing to roll back"):
        registry.rollback("tiny")
    told = [(event["action"], event["outcome"]) for event in registry.events()]
    assert told == [
        ("stage", "staged"),
        ("promote", "promoted"),
        ("stage", "staged"),
        ("compare", "compared"),
        ("promote", "promoted"),
        ("rollback", "rolled back"),
        ("rollback", "rolled back"),
    ]
    assert registry.events()[2]["parents"] == [first.manifest.acoustic.sha256]


@pytest.mark.parametrize(
    ("metrics", "reason"),
    [
        ({}, "lacks the metric phone_pearson"),
        ({**GOOD, "phone_pearson": 0.4}, "phone_pearson is 0.400"),
        ({**GOOD, "phone_pearson": float("nan")}, "phone_pearson is nan"),
        ({**GOOD, "sentence_total": {"pearson": 0.7}}, "sentence_total_pearson is 0.700"),
    ],
)
def test_a_model_below_a_threshold_cannot_be_promoted(
    tmp_path: Path, metrics: dict[str, Any], reason: str
) -> None:
    entry = registry.stage(model_folder(tmp_path / "one", 1, metrics))
    with pytest.raises(ModelError, match="cannot be promoted") as caught:
        registry.promote(entry.id, "tiny", None)
    assert reason in str(caught.value) and registry.promoted("tiny") is None
    assert registry.events()[-1]["outcome"] == "refused"


def test_worse_slower_or_uncompared_models_cannot_be_promoted(tmp_path: Path) -> None:
    current = load_manifest(model_folder(tmp_path / "current", 3))
    other = load_manifest(model_folder(tmp_path / "other", 4))
    worse = registry.stage(model_folder(tmp_path / "one", 1, {**GOOD, "phone_pearson": 0.62}))
    assert registry.shortcomings(worse, current) == [
        "phone_pearson falls from 0.640 to 0.620",
        "it was not compared with the model in use",
    ]
    entry = registry.stage(model_folder(tmp_path / "two", 2))
    compared(entry, other)
    assert "another model" in registry.shortcomings(registry.entry(entry.id), current)[0]
    compared(entry, current, ratio=1.6)
    assert "1.60 times as long" in registry.shortcomings(registry.entry(entry.id), current)[0]
    compared(entry, current, memory_mb=250.0)
    assert "needs 250 MB" in registry.shortcomings(registry.entry(entry.id), current)[0]
    for rank in (0.4, float("nan")):
        compared(entry, current, rank=rank)
        assert "rank correlation" in registry.shortcomings(registry.entry(entry.id), current)[0]
    compared(entry, current, ratio=1.4)
    assert registry.shortcomings(registry.entry(entry.id), current) == []


def test_damaged_folders_are_not_staged_nor_listed(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "one", 1)
    (folder / "scorer.onnx").write_bytes(b"cut")
    with pytest.raises(ModelError, match="damaged"):
        registry.stage(folder)
    assert registry.entries() == [] and registry.events() == []
    entry = registry.stage(model_folder(tmp_path / "two", 2))
    assert [item.id for item in registry.entries()] == [entry.id]
    (entry.manifest.folder / "acoustic.onnx").write_bytes(b"rotten")
    assert registry.entries() == []
    with pytest.raises(ModelError, match="damaged"):
        registry.promote(entry.id, "tiny", None)


def test_staging_twice_and_after_a_copy_cut_short(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "one", 1)
    entry = registry.stage(folder)
    assert registry.stage(folder).id == entry.id
    shutil.rmtree(entry.manifest.folder)
    part = entry.manifest.folder.with_name(f".{entry.id}.part")
    part.mkdir()
    (part / "acoustic.onnx").write_bytes(b"half")
    registry.stage(folder)
    assert len(registry.entries()) == 1 and not part.exists()


def test_unknown_ids_and_garbled_states(tmp_path: Path, data_folder: Path) -> None:
    with pytest.raises(ModelError, match="staged are: none"):
        registry.entry("nobody")
    (data_folder / "models").mkdir(parents=True)
    (data_folder / "models" / "main.json").write_text("{")
    with pytest.raises(ModelError, match="delete it"):
        registry.promoted("main")
    (data_folder / "models" / "main.json").write_text('{"current": "gone"}')
    assert registry.promoted("main") is None


def test_a_log_line_cut_by_a_crash_is_left_out(tmp_path: Path, data_folder: Path) -> None:
    registry.stage(model_folder(tmp_path / "one", 1))
    with (data_folder / "models" / "log.jsonl").open("a") as stream:
        stream.write('{"action": "prom')
    assert len(registry.events()) == 1


def test_nested_metrics_become_flat_numbers() -> None:
    assert registry.numbers({"a": {"b": 1, "c": {"d": 2.5}}, "e": True, "f": "x"}) == {
        "a_b": 1.0,
        "a_c_d": 2.5,
    }


def test_comparison_of_two_models(tmp_path: Path) -> None:
    one, two = model_folder(tmp_path / "one", 1), model_folder(tmp_path / "two", 2)
    cases = [
        Case("a", clip_of(20_000, 1), "text"),
        Case("b", clip_of(30_000, 2), "text"),
        Case("c", clip_of(9_000, 3)),
    ]

    def scores(model: Any, case: Case) -> Any:
        return 50 + model.listen([case.samples])[0].log_posteriors[:5, 1]

    figures = compare(one, two, cases, phone_scores=scores)
    assert figures.recordings == 2 and figures.against == load_manifest(two).acoustic.sha256
    assert figures.shift != 0 and -1 <= figures.rank < 1
    assert figures.candidate_mb > 20 and figures.latency_ratio > 0
    same = compare(one, one, cases[:1], phone_scores=scores)
    assert same.shift == 0 and same.rank == pytest.approx(1)
    with pytest.raises(Cancelled):
        compare(one, two, cases, phone_scores=scores, progress=lambda *_: False)
