"""``tutor evaluate`` on a small rated corpus with a canned model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ui.cli import main


def buzz(path: Path, seconds: float) -> None:
    """Syllables of a buzz, which pass for speech."""
    time_s = np.arange(int(seconds * 16_000)) / 16_000
    sound = sum(np.sin(2 * np.pi * 120 * k * time_s) / k for k in range(1, 25))
    noise = 1e-4 * np.random.default_rng(0).standard_normal(len(time_s))
    path.parent.mkdir(exist_ok=True)
    soundfile.write(path, 0.1 * sound * (0.55 - 0.45 * np.cos(8 * np.pi * time_s)) + noise, 16_000)


WORDS = (("WE", "W IY1"), ("CALL", "K AO1 L"), ("IT", "IH1 T"), ("BEAR", "B EH1 R"))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    labels = {}
    for number in range(12):
        words = []
        for text, phones in WORDS:
            ratings = rng.choice([0.0, 1.0, 2.0], len(phones.split()), p=[0.2, 0.2, 0.6])
            scores = dict(zip(("accuracy", "stress", "total"), rng.uniform(2, 10, 3), strict=True))
            experts = [[float(value), 2.0] for value in ratings]
            words.append(
                {"text": text, "phones": phones.split(), "phones-accuracy": list(ratings),
                 "phones-accuracy-experts": experts, **scores}
            )  # fmt: skip
        names = ("accuracy", "fluency", "prosodic", "completeness", "total")
        labels[f"{number:02d}"] = {
            "text": "WE CALL IT BEAR", "speaker": f"s{number % 4}", "age": 10 + number, "gender": "f",
            "audio": f"audio/{number:02d}.wav", "words": words, "experts": {},
            **dict(zip(names, rng.uniform(2, 10, 5), strict=True)),
        }  # fmt: skip
        buzz(tmp_path / "audio" / f"{number:02d}.wav", 1.0 + 0.05 * number)
    (tmp_path / "audio" / "03.wav").write_text("not sound", encoding="utf-8")
    (tmp_path / "labels.json").write_text(json.dumps(labels), encoding="utf-8")
    return tmp_path


def test_figures_as_json(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(corpus), "--engine", "canned", "--jobs", "1", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["schema"] == "tutor.agreement/1"
    assert (data["sentences"], data["speakers"]) == (11, 4)
    assert [name for name, _ in data["failures"]] == ["03"]
    counts = {item["name"]: item["count"] for item in data["measures"]}
    assert (counts["phone"], counts["word total"], counts["sentence total"]) == (110, 44, 11)
    assert data["engine"]["backend"] == "canned" and data["times_real_time"] > 0


def test_page_and_comparison(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [
        "evaluate",
        str(corpus),
        "--engine",
        "canned",
        "--jobs",
        "1",
        "--limit",
        "4",
        "--compare",
        "main@canned",
        "--details",
    ]
    assert main(arguments) == 0
    page = capsys.readouterr().out
    assert "phone below 0.5 of 2" in page and "word total below 5 of 10" in page
    assert "canned 1 on canned against canned 1 on canned: PCC" in page
    assert "speaker (0–10)" in page and "\nAO " in page and "\ns2 " in page
    assert "1 recordings could not be scored" in page


def test_splits_and_refusals(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(corpus), "--split", "fold:9/4", "--engine", "canned"]) == 2
    assert "does not exist" in capsys.readouterr().err
    assert main(["evaluate", str(tmp_path / "nowhere"), "--engine", "canned"]) == 2
    assert "labels.json is missing" in capsys.readouterr().err
