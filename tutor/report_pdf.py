"""The report as PDF (reportlab, the ``linguist`` extra): the same blocks as the page, without the sounds."""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from tutor.report import Block, Clips, Heading, Pictures, Table, Text

_INK, _QUIET, _RULE, _BLUE = "#22303c", "#5c6b77", "#dde3e8", "#2f6690"
_MARGIN_PT = 45.0
_WIDTH_PT, _HEIGHT_PT = 595.27, 841.89
_BODY_PT = _WIDTH_PT - 2 * _MARGIN_PT
_MAX_CELL = 300
_FONT, _BOLD = "TutorSans", "TutorSans-Bold"


def installed() -> bool:
    """Whether reportlab and matplotlib (which brings the font with the signs of IPA) are there."""
    return find_spec("reportlab") is not None and find_spec("matplotlib") is not None


def render(blocks: Sequence[Block]) -> bytes:
    """An A4 document with page numbers. All text is escaped. Same blocks, same bytes."""
    from reportlab.platypus import SimpleDocTemplate

    _register_fonts()
    title = next((block.text for block in blocks if isinstance(block, Heading)), "Report")
    file = io.BytesIO()
    document = SimpleDocTemplate(
        file,
        pagesize=(_WIDTH_PT, _HEIGHT_PT),
        leftMargin=_MARGIN_PT,
        rightMargin=_MARGIN_PT,
        topMargin=_MARGIN_PT,
        bottomMargin=_MARGIN_PT,
        title=title,
        author="Tutor",
        invariant=1,
    )
    flow = [part for block in blocks for part in _block(block)]
    document.build(flow, onFirstPage=_foot, onLaterPages=_foot)
    return file.getvalue()


def _register_fonts() -> None:
    import matplotlib
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    for name, file in ((_FONT, "DejaVuSans.ttf"), (_BOLD, "DejaVuSans-Bold.ttf")):
        pdfmetrics.registerFont(TTFont(name, str(folder / file)))


def _foot(canvas: Any, document: Any) -> None:
    canvas.setFont(_FONT, 7.5)
    canvas.setFillColor(_QUIET)
    canvas.drawRightString(_WIDTH_PT - _MARGIN_PT, 24, str(document.page))


def _block(block: Block) -> list[Any]:
    from reportlab.platypus import Paragraph, Spacer

    if isinstance(block, Heading):
        size = 17 if block.level == 1 else 11.5
        style = _style(_BOLD, size, keepWithNext=1, spaceBefore=0 if block.level == 1 else 14, spaceAfter=5)
        return [Paragraph(escape(block.text), style)]
    if isinstance(block, Text):
        style = _style(_FONT, 7.5 if block.quiet else 8.5, textColor=_QUIET if block.quiet else _INK)
        return [Paragraph(escape(block.text), style), Spacer(1, 4)]
    if isinstance(block, Pictures):
        return [_pictures(block), Spacer(1, 5)]
    return [_table(block.table if isinstance(block, Clips) else block), Spacer(1, 6)]


def _style(font: str, size: float, **more: Any) -> Any:
    from reportlab.lib.styles import ParagraphStyle

    options = {"textColor": _INK, "splitLongWords": 1, **more}
    return ParagraphStyle(f"{font}{size}", fontName=font, fontSize=size, leading=1.3 * size, **options)


def _pictures(block: Pictures) -> Any:
    from reportlab.platypus import Image
    from reportlab.platypus import Table as Grid

    gap_pt = 8.0
    natural = sum(72 * picture.width_in for picture in block.items) + gap_pt * (len(block.items) - 1)
    scale = min(1.0, _BODY_PT / natural)
    images = [
        Image(io.BytesIO(picture.png), 72 * picture.width_in * scale, 72 * picture.height_in * scale)
        for picture in block.items
    ]
    grid = Grid([images], hAlign="LEFT")
    grid.setStyle([("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 0)])
    return grid


def _table(table: Table) -> Any:
    from reportlab.platypus import Paragraph
    from reportlab.platypus import Table as Grid

    plain = not any(table.headers)
    body, head = _style(_FONT, 7.5), _style(_BOLD, 7.5)
    right, right_head = _style(_FONT, 7.5, alignment=2), _style(_BOLD, 7.5, alignment=2)

    def cells(row: Sequence[str], text: Any, number: Any) -> list[Any]:
        return [
            Paragraph(escape(_short(cell)), number if index >= table.first_number else text)
            for index, cell in enumerate(row)
        ]

    rows = [cells(row, _style(_FONT, 7.5, textColor=_QUIET) if plain else body, right) for row in table.rows]
    if plain:
        for line, row in zip(rows, table.rows, strict=True):
            line[1:] = [Paragraph(escape(_short(cell)), body) for cell in row[1:]]
    lines = rows if plain else [cells(table.headers, head, right_head), *rows]
    grid = Grid(lines, colWidths=_widths(table), hAlign="LEFT", repeatRows=0 if plain else 1)
    style: list[Any] = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 8),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
    ]
    if not plain:
        style += [("LINEBELOW", (0, 0), (-1, 0), 0.7, _INK), ("LINEBELOW", (0, 1), (-1, -1), 0.3, _RULE)]
    grid.setStyle(style)
    return grid


def _widths(table: Table) -> list[float]:
    """Column widths by their longest text, the widest ones giving way until all fit the page."""
    from reportlab.pdfbase.pdfmetrics import stringWidth

    wanted = []
    for index, header in enumerate(table.headers):
        texts = [stringWidth(_short(row[index]), _FONT, 7.5) for row in table.rows]
        wanted.append(max([stringWidth(header, _BOLD, 7.5), *texts], default=10.0) + 10)
    while sum(wanted) > _BODY_PT + 0.1:
        widest = max(wanted)
        second = max([width for width in wanted if width < widest], default=widest / 2)
        many = wanted.count(widest)
        cut = min(widest - second, (sum(wanted) - _BODY_PT) / many)
        wanted = [width - cut if width == widest else width for width in wanted]
    return wanted


def _short(text: str) -> str:
    """A cell must fit on a page; the tables beside the report have it all."""
    return text if len(text) <= _MAX_CELL else text[: _MAX_CELL - 1] + "…"
