"""Phones, clock, files: what everything else stands on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tutor import paths, phones, timebase


def test_phones_are_the_39_of_cmudict_in_order() -> None:
    assert len(phones.PHONES) == 39 and list(phones.ORDER) == sorted(phones.ORDER)
    assert phones.class_of("AA1") == 1 and phones.class_of("ZH") == 39
    assert len({phone.ipa for phone in phones.PHONES}) == 39
    with pytest.raises(KeyError):
        phones.index_of("XX")


def test_reduced_vowels_have_their_own_ipa() -> None:
    assert phones.ipa_of("AH0") == "ə" and phones.ipa_of("AH1") == "ʌ" and phones.ipa_of("ER0") == "ɚ"
    assert phones.stress_of("B") is None and phones.stress_of("EH2") == 2


def test_the_clock_goes_round() -> None:
    for samples in (4_800, 4_801, 79_999, 240_000):
        frames = timebase.frames_of(samples)
        assert frames == samples // 160 // 2 + 1
    for frame in (1, 7, 300):
        assert timebase.frame_at(timebase.seconds_of_frame(frame) + 0.001) == frame
    assert timebase.seconds_of(timebase.samples_of(1.25)) == 1.25


def test_files_are_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "deep" / "file.json"
    paths.write_atomic(target, b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(paths.os, "fsync", fail)
    with pytest.raises(OSError, match="space"):
        paths.write_atomic(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(target.parent.iterdir()) == [target]


def test_folders_can_be_moved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, function in (("CACHE", paths.cache_dir), ("DATA", paths.data_dir), ("CONFIG", paths.config_dir)):
        monkeypatch.setenv(f"TUTOR_{name}_DIR", str(tmp_path / name))
        assert function() == tmp_path / name
        monkeypatch.delenv(f"TUTOR_{name}_DIR")
        assert "tutor" in str(function())
