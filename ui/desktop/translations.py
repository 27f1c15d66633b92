"""Keeps the Qt Linguist files in step with the code: ``python -m ui.desktop.translations``.

Collects every text given to ``tr`` or ``mark``, the templates of the core's errors and notices and the lines of
``Microphone.fault``, updates ``assets/translations/tutor_*.ts`` (translations made are kept, texts gone are
dropped) and compiles them to ``.qm`` with Qt's own lrelease.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import tutor.microphone
from tutor.errors import TutorError
from tutor.paths import assets_dir, write_atomic
from ui.desktop.language import CONTEXT, NAMES

HEAD = b'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n'


def texts_in_code() -> list[str]:
    """Every text to translate, in order of files and lines, each once."""
    found = []
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        found += list(_texts_of(ast.parse(path.read_text("utf-8"))))
    found += [message.template for message in messages_in_core()]
    found += list(_fault_lines(ast.parse(Path(tutor.microphone.__file__).read_text("utf-8"))))
    return list(dict.fromkeys(found))


@dataclass(frozen=True)
class CoreMessage:
    """An error or notice that the window may have to show: its English template and where it stands."""

    template: str
    place: str


def messages_in_core() -> list[CoreMessage]:
    """Templates of all errors and ``Message``s of the files that a window's work runs through.

    Raises ``ValueError`` naming the place of one whose template is not written out there.
    """
    root = Path(tutor.__file__).parents[1]
    found: list[CoreMessage] = []
    for path in [*sorted((root / "tutor").glob("*.py")), *sorted((root / "engines").glob("*.py")),
                 *(root / "engines" / "serving" / name for name in CLIENT_FILES),
                 *sorted((root / "ui" / "desktop").rglob("*.py"))]:  # fmt: skip
        if path.name not in OFFLINE_FILES:
            found += list(_messages_of(ast.parse(path.read_text("utf-8")), str(path.relative_to(root))))
    return found


def _messages_of(tree: ast.AST, place: str) -> Iterator[CoreMessage]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
            continue
        if node.func.id not in MESSAGE_MAKERS:
            continue
        text, where = node.args[0], f"{place}:{node.lineno}"
        if isinstance(text, ast.Constant) and isinstance(text.value, str):
            if text.value:
                yield CoreMessage(text.value, where)
        elif isinstance(text, ast.JoinedStr):
            raise ValueError(f"{where}: an f-string cannot be translated; give a template and its values")


def _error_classes() -> Iterator[str]:
    waiting = [TutorError]
    while waiting:
        kind = waiting.pop()
        yield kind.__name__
        waiting += kind.__subclasses__()


MESSAGE_MAKERS = frozenset(_error_classes()) | {"Message", "ServerRefused", "ServerUnreachable", "ModelDown"}
CLIENT_FILES = ("address.py", "calls.py", "client.py")
OFFLINE_FILES = frozenset(
    (
        "agreement.py", "batch.py", "batch_speed.py", "columns.py", "corpus.py", "evaluation.py", "figures.py", "intake.py",
        "journal.py", "outputs.py", "pairing.py", "report.py", "report_html.py", "report_pdf.py", "tables.py", "tally.py",
        "textgrid.py", "verification.py", "workers.py", "benchmark.py", "calibration_report.py", "comparison.py",
        "cpu_choice.py", "export_variant.py", "translations.py",
    )
)  # fmt: skip
"""Work of commands; what runs behind the page Recordings is the command itself, in a process of its own."""


def _texts_of(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
            continue
        text = node.args[0]
        if node.func.id in ("tr", "mark") and isinstance(text, ast.Constant) and isinstance(text.value, str):
            yield text.value


def _fault_lines(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == "fault":
            for part in ast.walk(node):
                if isinstance(part, ast.Return):
                    for text in ast.walk(part):
                        if isinstance(text, ast.Constant) and isinstance(text.value, str) and text.value:
                            yield text.value


def read_ts(path: Path) -> dict[str, str]:
    """Source text to finished translation."""
    if not path.exists():
        return {}
    return {
        message.findtext("source", ""): message.findtext("translation", "")
        for message in ElementTree.parse(path).iter("message")
        if message.findtext("translation", "")
    }


def ts_of(texts: list[str], known: dict[str, str], code: str) -> bytes:
    """A Linguist file; texts without a translation are marked unfinished."""
    root = ElementTree.Element("TS", version="2.1", language=code, sourcelanguage="en")
    context = ElementTree.SubElement(root, "context")
    ElementTree.SubElement(context, "name").text = CONTEXT
    for text in texts:
        message = ElementTree.SubElement(context, "message")
        ElementTree.SubElement(message, "source").text = text
        translation = ElementTree.SubElement(message, "translation")
        if text in known:
            translation.text = known[text]
        else:
            translation.set("type", "unfinished")
    ElementTree.indent(root)
    body: bytes = ElementTree.tostring(root, encoding="utf-8")
    return HEAD + body + b"\n"


def lrelease() -> Path:
    """Qt's compiler for translations, which comes with PySide6."""
    return Path(sys.executable).with_name("pyside6-lrelease")


def main() -> int:
    """Update and compile all languages; 1 where texts are left untranslated."""
    texts = texts_in_code()
    missing = 0
    for code in NAMES:
        if code == "en":
            continue
        path = assets_dir() / "translations" / f"tutor_{code}.ts"
        known = read_ts(path)
        write_atomic(path, ts_of(texts, known, code))
        untranslated = [text for text in texts if text not in known]
        missing += len(untranslated)
        for text in untranslated:
            print(f"{code}: {text!r}")
        subprocess.run([lrelease(), "-silent", path], check=True)
    print(f"{len(texts)} texts, {missing} untranslated")
    return 1 if missing else 0


if __name__ == "__main__":
    raise SystemExit(main())
