"""The report as one HTML file that needs nothing else: pictures and sounds inside, no script, fit for
printing.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from html import escape

from tutor.figures import Picture
from tutor.report import Block, Clips, Heading, Pictures, Table, Text

# Nothing may be loaded or run, whatever a corpus has in its texts.
_POLICY = "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'"

_STYLE = """
:root { color: #22303c; background: #fff; font: 15px/1.5 "DejaVu Sans", "Segoe UI", system-ui, sans-serif; }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1.25rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 1rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .7rem; padding-bottom: .25rem; border-bottom: 2px solid #2f6690; }
p { max-width: 46rem; } .quiet { color: #5c6b77; font-size: .87rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .87rem; margin: .6rem 0; }
th { text-align: left; font-weight: 600; border-bottom: 1px solid #22303c; vertical-align: bottom; }
th, td { padding: .22rem .8rem .22rem 0; } td { border-bottom: 1px solid #e6ebef; overflow-wrap: anywhere; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.facts td:first-child { color: #5c6b77; white-space: nowrap; } .facts td { border: 0; vertical-align: top; }
figure { margin: .6rem 0; display: flex; flex-wrap: wrap; gap: 1rem; } img { max-width: 100%; height: auto; }
audio { height: 1.9rem; width: 13rem; vertical-align: middle; }
@media print {
  @page { size: A4; margin: 16mm; }
  :root { font-size: 10pt; } body { max-width: none; margin: 0; padding: 0; }
  h2 { break-after: avoid; } figure, tr { break-inside: avoid; } thead { display: table-header-group; }
  img:not(:only-child) { max-width: 48%; } .scroll { overflow: visible; } .sound { display: none; }
}
"""


def render(blocks: Sequence[Block], *, language: str = "en") -> str:
    """The page. All text is escaped: what stands in a corpus cannot become markup."""
    title = next((block.text for block in blocks if isinstance(block, Heading)), "Report")
    body = "\n".join(_block(block) for block in blocks)
    head = (
        '<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>"
    )
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language)}">\n<head>\n{head}\n</head>\n'
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level}>{escape(block.text)}</h{block.level}>"
    if isinstance(block, Text):
        opening = '<p class="quiet">' if block.quiet else "<p>"
        return f"{opening}{escape(block.text)}</p>"
    if isinstance(block, Pictures):
        return "<figure>" + "".join(_picture(item) for item in block.items) + "</figure>"
    if isinstance(block, Clips):
        return _table(block.table, [_sound(sound) for sound in block.sounds])
    return _table(block, [])


def _table(table: Table, sounds: Sequence[str]) -> str:
    plain = not any(table.headers)
    kinds = ["n" if index >= table.first_number else "" for index in range(len(table.headers))]
    head = "".join(_cell("th", text, kind) for text, kind in zip(table.headers, kinds, strict=True))
    lines = ['<div class="scroll"><table' + (' class="facts">' if plain else ">")]
    if not plain:
        listen = '<th class="sound">listen</th>' if sounds else ""
        lines.append(f"<thead><tr>{head}{listen}</tr></thead>")
    lines.append("<tbody>")
    for number, row in enumerate(table.rows):
        cells = "".join(_cell("td", text, kind) for text, kind in zip(row, kinds, strict=True))
        lines.append(f"<tr>{cells}{sounds[number] if sounds else ''}</tr>")
    return "\n".join([*lines, "</tbody></table></div>"])


def _cell(tag: str, text: str, kind: str) -> str:
    return f'<{tag} class="{kind}">{escape(text)}</{tag}>' if kind else f"<{tag}>{escape(text)}</{tag}>"


def _sound(sound: tuple[str, bytes] | None) -> str:
    if sound is None:
        return '<td class="sound"></td>'
    kind, data = sound
    return (
        f'<td class="sound"><audio controls preload="none" src="data:{kind};base64,'
        f'{b64encode(data).decode()}"></audio></td>'
    )


def _picture(picture: Picture) -> str:
    data = b64encode(picture.svg).decode()
    width, height = round(96 * picture.width_in), round(96 * picture.height_in)
    return (
        f'<img src="data:image/svg+xml;base64,{data}" width="{width}" height="{height}" '
        f'alt="{escape(picture.alt)}">'
    )
