"""A native speaker's recordings as a labelled corpus: ``python -m engines.training.native ../shared/corpus/kathleen NATIVE``.

NATIVE/labels.json then says for every recording its words and their phones (the dictionary's first pronunciation), in the
form of the rated corpus but without ratings; NATIVE/audio leads to the recordings.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from tutor.paths import write_atomic
from tutor.prompts import make_prompt


def label(folder: Path) -> dict[str, Any]:
    """labels.json's content for a folder of ``transcripts.json`` and ``audio/ID.opus``."""
    texts: dict[str, str] = json.loads((folder / "transcripts.json").read_text("utf-8"))
    return {
        key: {
            "text": text,
            "speaker": folder.name,
            "audio": f"audio/{key}.opus",
            "words": [{"text": word.text, "phones": list(word.pronunciations[0])} for word in make_prompt(text).words],
        }
        for key, text in texts.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    labels = label(arguments.corpus)
    write_atomic(arguments.out / "labels.json", json.dumps(labels).encode())
    audio = arguments.out / "audio"
    if not audio.exists():
        audio.symlink_to((arguments.corpus / "audio").resolve(), target_is_directory=True)
    print(f"{len(labels)} recordings labelled")


if __name__ == "__main__":
    main()
