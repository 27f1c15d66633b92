"""Labels of a native speaker's recordings, made from their texts."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from engines.training import native


def test_every_recording_gets_the_phones_of_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus, out = tmp_path / "anna", tmp_path / "out"
    (corpus / "audio").mkdir(parents=True)
    (corpus / "audio" / "one.opus").write_bytes(b"sound")
    (corpus / "transcripts.json").write_text(json.dumps({"one": "The ship, 2!"}))
    for _ in range(2):
        monkeypatch.setattr(sys, "argv", ["native", str(corpus), str(out)])
        native.main()
    item = json.loads((out / "labels.json").read_text("utf-8"))["one"]
    assert [word["text"] for word in item["words"]] == ["The", "ship", "two"]
    assert item["words"][1]["phones"] == ["SH", "IH1", "P"]
    assert (item["speaker"], (out / item["audio"]).read_bytes()) == ("anna", b"sound")
