"""A long run: memory stays flat and a resumed run finishes, at 10,000 files when TUTOR_LONG_TESTS is set."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from readings import babble

FILES = 10_000 if os.environ.get("TUTOR_LONG_TESTS") else 400
GROWTH_MIB = 20.0
"""Allowed between the first tenth and the end: indexes grow by some hundred bytes a file, results must not stay."""

RUN = """
import json, resource, sys
from pathlib import Path
sys.path[:0] = [{root!r}]
from engines.canned import CannedModel
from tutor.batch import Settings, run_batch
from tutor.intake import take_in
from tutor.outputs import write_outputs

def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

if __name__ == "__main__":
    source, out, share = Path({source!r}), Path({out!r}), float(sys.argv[1])
    settings = Settings("canned", "canned", "key", acoustics=False)
    intake = take_in(source)
    marks = []

    def progress(label, done, total):
        if not marks and done >= total // 10:
            marks.append(peak_mib())
        return done < share * total

    summary = run_batch(intake.items, out, CannedModel, settings, workers=2, progress=progress)
    after_run = peak_mib()
    if not summary.stopped:
        write_outputs(out, source, intake, settings, summary, textgrids=False, reports=False)
    print(json.dumps([summary.before, summary.scored, summary.stopped, marks[0], after_run, peak_mib()]))
"""


@pytest.mark.timeout(3600)
@pytest.mark.skipif(sys.platform == "win32", reason="peak memory is read the POSIX way")
def test_long_run_is_flat_and_resumes(tmp_path: Path) -> None:
    source = tmp_path / "in"
    first = babble(source / "0.wav", 1.0)
    rows = ["path,text,speaker"]
    for number in range(FILES):
        if number:
            os.link(first, source / f"{number}.wav")
        rows.append(f"{number}.wav,We call it bear,s{number % 50}")
    table = source / "list.csv"
    table.write_text("\n".join(rows), encoding="utf-8")
    script, out = tmp_path / "run.py", tmp_path / "out"
    root = str(Path(__file__).parents[2])
    script.write_text(RUN.format(root=root, source=str(table), out=str(out)), encoding="utf-8")

    def run(share: float) -> list[float]:
        command = [sys.executable, str(script), str(share)]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        numbers: list[float] = json.loads(printed)
        return numbers

    before, scored, stopped, *_ = run(0.4)
    assert before == 0 and stopped and 0.4 * FILES <= scored < 0.5 * FILES + 10
    before, rest, stopped, early, after_run, at_end = run(2.0)
    assert (before, before + rest, bool(stopped)) == (scored, FILES, False)
    assert after_run - early < GROWTH_MIB, "results are not kept in memory"
    assert at_end - early < 5 * GROWTH_MIB, "tables are written as they come (pyarrow alone takes 50 MiB)"
    lines = (out / "results.jsonl").read_text(encoding="utf-8").splitlines()
    assert len({json.loads(line)["id"] for line in lines}) == FILES
    print(f"{FILES} files: {early:.0f} MiB at a tenth, {after_run:.0f} after the run, {at_end:.0f} at the end")
