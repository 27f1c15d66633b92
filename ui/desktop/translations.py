"""Keeps the Qt Linguist files in step with the code: ``python -m ui.desktop.translations``.

Collects every text given to ``tr`` or ``mark`` and the lines of ``Microphone.fault``, updates
``assets/translations/tutor_*.ts`` (translations made are kept, texts gone are dropped) and compiles them to
``.qm`` with Qt's own lrelease.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import tutor.microphone
from tutor.paths import assets_dir, write_atomic
from ui.desktop.language import CONTEXT, NAMES

HEAD = b'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n'


def texts_in_code() -> list[str]:
    """Every text to translate, in order of files and lines, each once."""
    found = []
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        found += list(_texts_of(ast.parse(path.read_text("utf-8"))))
    found += list(_fault_lines(ast.parse(Path(tutor.microphone.__file__).read_text("utf-8"))))
    return list(dict.fromkeys(found))


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
