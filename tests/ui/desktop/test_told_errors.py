"""Every error a learner can meet is told in the language of the window."""

from __future__ import annotations

import pickle
import string
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engines.breaker import Backend, FallbackModel
from engines.canned import CannedModel
from engines.choose import open_model
from engines.manifest import load_manifest
from engines.serving.address import parse_address
from tutor.clip import clip_from_samples, read_clip
from tutor.errors import AudioError, EngineError, Message, TutorError
from tutor.history import History
from tutor.paths import assets_dir
from tutor.prompts import make_prompt
from tutor.speak import speak
from ui.desktop import translations
from ui.desktop.language import NAMES, language, told
from ui.desktop.lesson_control import read_text

MESSAGES = translations.messages_in_core()


@pytest.fixture
def chinese(qapp: Any) -> None:
    language.choose("zh_CN")


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def test_many_places_were_walked() -> None:
    places = {message.place.split(":")[0] for message in MESSAGES}
    assert len(MESSAGES) > 150
    assert {"tutor/decode.py", "tutor/microphone.py", "tutor/history.py", "engines/breaker.py"} <= places


@pytest.mark.parametrize("code", [code for code in NAMES if code != "en"])
def test_every_message_has_a_translation_with_the_same_fields(code: str) -> None:
    known = translations.read_ts(assets_dir() / "translations" / f"tutor_{code}.ts")

    def fields(text: str) -> set[tuple[str | None, str | None, str | None]]:
        return {found[1:] for found in string.Formatter().parse(text) if found[1] is not None}

    missing = [f"{message.place}: {message.template}" for message in MESSAGES if message.template not in known]
    assert not missing, "run python -m ui.desktop.translations and translate these:\n" + "\n".join(missing)
    wrong = [m.template for m in MESSAGES if fields(m.template) != fields(known[m.template])]
    assert not wrong


def test_a_message_without_a_template_is_named(tmp_path: Path) -> None:
    import ast

    tree = ast.parse('raise AudioError(f"{name} is bad")')
    with pytest.raises(ValueError, match=r"somewhere\.py:1"):
        list(translations._messages_of(tree, "somewhere.py"))


def test_a_line_is_english_text_until_it_is_told(chinese: None) -> None:
    inner = EngineError("The model was closed; open it again.")
    error = AudioError("{name} is empty (0 bytes); record it again.", name=Message("The recording"))
    assert str(error) == error.message == "The recording is empty (0 bytes); record it again."
    assert told(error) == "这段录音是空的（0 字节）；请重新录音。"
    outer = Message("{backend} failed and is set aside for now: {error}", backend="tensorrt", error=inner)
    assert outer.endswith("open it again.") and told(outer) == "tensorrt 出错，暂时停用：模型已关闭；请重新打开。"
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error) and told(again) == told(error)
    assert told("no such line") == "no such line"
    language.choose("en")
    assert told(error) == str(error)


def _nan(folder: Path) -> Any:
    return clip_from_samples(np.full(16_000, np.nan, np.float32), 16_000)


def _noise_file(folder: Path) -> Any:
    (folder / "x.wav").write_bytes(b"RIFF" + struct.pack("<I", 9) + b"WAVEjunkjunkjunk")
    return read_clip(folder / "x.wav")


def _broken_text(folder: Path) -> Any:
    (folder / "x.txt").write_bytes(b"a\0b")
    return read_text(folder / "x.txt")


def _no_history(folder: Path) -> Any:
    (folder / "file").write_text("x")
    return History(folder / "file" / "history.db")


def _refusing() -> Any:
    raise EngineError("The model was closed; open it again.")


MET: dict[str, Callable[[Path], Any]] = {
    "silence": lambda folder: clip_from_samples(np.zeros(16_000, np.float32), 16_000),
    "too short": lambda folder: clip_from_samples(np.ones(100, np.float32), 16_000),
    "not numbers": _nan,
    "no file": lambda folder: read_clip(folder / "missing.wav"),
    "a folder": lambda folder: read_clip(folder),
    "no sound": _noise_file,
    "no words": lambda folder: make_prompt("…"),
    "nothing": lambda folder: make_prompt(""),
    "another script": lambda folder: make_prompt("你好"),
    "too long": lambda folder: make_prompt("word " * 600),
    "text file": _broken_text,
    "no text file": lambda folder: read_text(folder / "missing.txt"),
    "nothing to speak": lambda folder: speak("", "normal", voice=None),
    "no model": lambda folder: load_manifest(folder),
    "no such engine": lambda folder: open_model("light", "magic"),
    "no GPU": lambda folder: open_model("light", "tensorrt"),
    "no server": lambda folder: parse_address("triton://"),
    "every engine failed": lambda folder: FallbackModel([Backend("x", _refusing)]),
    "a model that is gone": lambda folder: _closed().listen([np.zeros(8000, np.float32)]),
    "no history": _no_history,
}


def _closed() -> CannedModel:
    model = CannedModel(reason="test")
    model.close()
    return model


@pytest.mark.parametrize("name", MET)
def test_what_a_learner_meets_is_chinese(chinese: None, tmp_path: Path, name: str) -> None:
    with pytest.raises(TutorError) as met:
        MET[name](tmp_path)
    assert not is_chinese(str(met.value).replace("你", "")), "the command line stays English"
    assert is_chinese(told(met.value).replace("你", "")) and "{" not in told(met.value)
