"""The bundled recordings can be read and say what samples.json says of them."""

import json

import pytest

from tutor import paths
from tutor.clip import read_clip
from tutor.errors import InstallError
from tutor.prompts import make_prompt
from tutor.samples import load_samples

SAMPLES = load_samples()


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample.path.stem for sample in SAMPLES])
def test_recording_and_text_are_usable(sample):
    clip = read_clip(sample.path)
    assert clip.info.snr_db > 25 and clip.info.clipped == 0
    assert clip.speech[0] > 0.3 and clip.info.duration_s - clip.speech[1] > 0.3
    words = make_prompt(sample.text).words
    for error in sample.errors:
        assert words[error.word].text == error.text
        assert error.expected in words[error.word].pronunciations
        if error.kind != "repeated":
            assert all(said not in words[error.word].pronunciations for said in error.said[:1])
    assert sample.good == (not sample.errors and not sample.spoken)


def test_every_kind_of_error_is_shown():
    kinds = {error.kind for sample in SAMPLES for error in sample.errors}
    assert kinds == {"substituted", "dropped", "stress", "omitted", "inserted", "repeated"}
    assert any(sample.good for sample in SAMPLES) and any(sample.spoken for sample in SAMPLES)


@pytest.mark.parametrize(
    "content", ["", "[]", json.dumps({"schema": "other"}), '{"schema": "tutor.samples/1", "samples": [{}]}']
)
def test_damaged_list_says_reinstall(tmp_path, monkeypatch, content):
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "samples.json").write_text(content)
    monkeypatch.setattr(paths, "assets_dir", lambda: tmp_path)
    with pytest.raises(InstallError, match="reinstall"):
        load_samples()
