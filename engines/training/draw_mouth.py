"""Drawing the mouth for each phone: a head cut in half, and the lips from the front for vowels; plain SVG.

``python -m engines.training.draw_mouth --out assets/phones``. Only paths, circles and solid colours are used,
which every SVG renderer (Qt's too) draws alike.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

from engines.training.mouth_shapes import (
    BREATH,
    DRAWINGS,
    NOSE,
    PUFF,
    SIDES,
    STREAM,
    Drawing,
    Lips,
    Mouth,
    Point,
)
from tutor.paths import write_atomic

PROFILE_VIEW = (0, 40, 360, 360)
FRONT_VIEW = (24, 18, 112, 84)
"""Left, top, width and height of what is seen; nothing may reach outside, for not all renderers clip."""

AIR = "#f7f9fc"
SKIN, SKIN_LINE = "#f3d3bd", "#8a5f4b"
BONE = "#fffdf8"
TONGUE, TONGUE_LINE = "#e2807f", "#a8403f"
LIP = "#d98078"
VELUM = "#eab3a3"
FLOW, VOICE, MARK = "#1f77b4", "#7a3fb0", "#e08a00"


def draw(drawing: Drawing) -> str:
    """The SVG text of one phone's profile."""
    mouth = drawing.mouth
    parts = [_head(mouth), _airway(mouth), _tongue(mouth.tongue, mouth.jaw), _palate(mouth), _teeth(mouth)]
    parts += [_upper_lip(mouth.lips), _lower_lip(mouth)]
    if drawing.then is not None:
        parts.append(_ghost(drawing.then))
        parts.append(_move(mouth, drawing.then))
    parts += [_contact(mouth), _flow(mouth, drawing.voiced), _larynx(drawing.voiced)]
    return _svg(PROFILE_VIEW, parts)


def draw_lips(drawing: Drawing) -> str:
    """The SVG text of one vowel's lips from the front; a diphthong's end in dashes."""
    parts = [_front(drawing.mouth.lips, drawing.mouth.jaw)]
    if drawing.then is not None:
        parts.append(_front_outline(drawing.then.lips))
    return _svg(FRONT_VIEW, parts)


def _svg(view: tuple[int, int, int, int], parts: Sequence[str]) -> str:
    left, top, width, height = view
    place = f'x="{left}" y="{top}" width="{width}" height="{height}" rx="{width // 25}"'
    body = "\n".join(part for part in (f'<rect {place} fill="{AIR}"/>', *parts) if part)
    view_box = " ".join(map(str, view))
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view_box}">\n{body}\n</svg>\n'


def _path(
    commands: str, fill: str = "none", line: str | None = None, width: float = 2, dash: str = ""
) -> str:
    stroke = (
        f' stroke="{line}" stroke-width="{width}" stroke-linejoin="round" stroke-linecap="round"'
        if line
        else ""
    )
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<path d="{commands}" fill="{fill}"{stroke}{dashes}/>'


def _at(point: Point) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"


def _curve(points: Sequence[Point], closed: bool = False) -> str:
    """A smooth curve through the points (Catmull-Rom turned into cubic Béziers)."""
    count = len(points)
    spans = count if closed else count - 1
    out = [f"M{_at(points[0])}"]
    for i in range(spans):
        before = points[(i - 1) % count] if closed or i else points[0]
        start, end = points[i], points[(i + 1) % count]
        after = points[(i + 2) % count] if closed or i + 2 < count else end
        first = (start[0] + (end[0] - before[0]) / 6, start[1] + (end[1] - before[1]) / 6)
        second = (end[0] - (after[0] - start[0]) / 6, end[1] - (after[1] - start[1]) / 6)
        out.append(f"C{_at(first)} {_at(second)} {_at(end)}")
    return "".join(out) + ("Z" if closed else "")


def _joined(curve: str, *more: str) -> str:
    """Curves one after another as one outline: each later one starts with a line."""
    return curve + "".join("L" + part[1:] for part in more) + "Z"


def _head(mouth: Mouth) -> str:
    jaw = mouth.jaw
    face = _curve(
        [
            (107, 42),
            (103, 52),
            (98, 74),
            (88, 92),
            (64, 124),
            (44, 150),
            (48, 164),
            (62, 169),
            (74, 170),
            (78, 180),
        ]
    )
    chin = _curve(
        [
            *((104, 252 + jaw), (92, 266 + jaw), (84, 284 + jaw), (88, 312 + jaw), (112, 334 + jaw)),
            *((160, 346 + jaw / 2), (204, 358), (222, 376), (228, 399)),
        ]
    )
    back = _curve([(336, 400), (344, 300), (346, 200), (342, 100), (337, 40)])
    front = _curve([(104, 188), (106, 220), (104, 252 + jaw)])
    outline = _joined(face, front, chin, back)
    return _path(outline, SKIN) + _path(face, line=SKIN_LINE, width=3) + _path(chin, line=SKIN_LINE, width=3)


def _airway(mouth: Mouth) -> str:
    jaw = mouth.jaw
    nose = _curve([(66, 168), (78, 154), (96, 122), (140, 100), (210, 92), (270, 94), (304, 116)])
    wall = _curve([(304, 116), (308, 200), (306, 290), (300, 340), (302, 400)])
    front = _curve([(274, 400), (270, 345), (252, 304), (230, 296)])
    floor = _curve([(150, 280 + jaw), (124, 262 + jaw), (103, 252 + jaw)])
    return _path(_joined(nose, wall, front, floor, "M103 188", "M84 176"), AIR) + _path(
        wall, line=SKIN_LINE, width=2
    )


def _palate(mouth: Mouth) -> str:
    nose_floor = _curve([(75, 169), (94, 163), (124, 156), (170, 136), (208, 126), (240, 127)])
    roof = _curve([(240, 149), (204, 143), (166, 152), (146, 168), (134, 180), (120, 187), (104, 190)])
    if mouth.velum_down:
        top = _curve([(240, 127), (262, 138), (280, 164), (288, 196)])
        under = _curve([(288, 196), (282, 206), (272, 196), (258, 166), (240, 149)])
    else:
        top = _curve([(240, 127), (262, 124), (288, 120), (305, 132)])
        under = _curve(
            [(305, 132), (305, 152), (299, 172), (292, 176), (288, 166), (280, 150), (260, 148), (240, 149)]
        )
    bone = (
        _path(_joined(nose_floor, roof, "M92 196", "M78 180"), SKIN)
        + _path(roof, line=SKIN_LINE)
        + _path(nose_floor, line=SKIN_LINE)
    )
    return bone + _path(_joined(top, under), VELUM, SKIN_LINE)


def _teeth(mouth: Mouth) -> str:
    jaw = mouth.jaw
    upper = "M105 188C104 198 103 208 104 216C108 218 112 212 120 188Z"
    left = f"M107 {254 + jaw}C107 {242 + jaw} 107 {230 + jaw} 109 {221 + jaw}"
    low = f"{left}C113 {219 + jaw} 117 {232 + jaw} 121 {256 + jaw}Z"
    return _path(upper, BONE, SKIN_LINE) + _path(low, BONE, SKIN_LINE)


def _tongue_outline(surface: Sequence[Point], jaw: float) -> str:
    tip, floor = surface[0], (148, 272 + jaw)
    under = [
        (tip[0] + 3, tip[1] + 9),
        (tip[0] * 0.55 + floor[0] * 0.45 + 8, tip[1] * 0.55 + floor[1] * 0.45 + 2),
        floor,
    ]
    bottom = [(170, 306 + jaw * 0.6), (214, 318), (246, 306)]
    ordered = [*reversed(bottom), *reversed(under), *surface]
    return _curve(ordered, closed=True)


def _tongue(surface: Sequence[Point], jaw: float) -> str:
    epiglottis = _path("M252 304C258 290 266 268 276 262C280 270 272 292 262 308Z", VELUM, SKIN_LINE)
    return epiglottis + _path(_tongue_outline(surface, jaw), TONGUE, TONGUE_LINE, 3)


def _upper_lip(lips: Lips) -> str:
    out, edge = 70 - lips.forward, 212 - min(lips.gap, 18) * 0.35
    shape = _curve(
        [
            (77, 179),
            (out + 5, 188),
            (out - 3, 199),
            (out + 2, edge - 1),
            (out + 13, edge),
            (97, edge - 4),
            (106, 190),
        ]
    )
    return _path(shape + "Z", LIP, SKIN_LINE)


def _lower_lip(mouth: Mouth) -> str:
    lips, jaw = mouth.lips, mouth.jaw
    if lips.on_teeth:
        points = [(93, 268 + jaw), (84, 250), (80, 234), (86, 221), (98, 216), (106, 222), (107, 254 + jaw)]
    else:
        out, edge = 72 - lips.forward, 212 + lips.gap
        low = max(256 + jaw, edge + 40)
        points = [(93, 268 + jaw), (out + 8, edge + 30), (out - 2, edge + 13), (out + 3, edge + 1.5)]
        points += [(out + 14, edge), (98, edge + 9), (107, low)]
    return _path(_curve(points) + "Z", LIP, SKIN_LINE)


def _ghost(mouth: Mouth) -> str:
    return _path(_curve(mouth.tongue), line=TONGUE_LINE, width=3, dash="7 6")


def _move(start: Mouth, end: Mouth) -> str:
    """An arrow from the tongue's first to its second posture, where the two are farthest apart."""
    pairs = list(zip(start.tongue[1:6], end.tongue[1:6], strict=True))
    source, target = max(pairs, key=lambda pair: math.dist(*pair))
    if math.dist(source, target) < 14:
        return ""
    return _arrow([source, target], TONGUE_LINE, 3)


def _contact(mouth: Mouth) -> str:
    if mouth.contact is None:
        return ""
    x, y = mouth.contact
    return f'<circle cx="{x}" cy="{y}" r="11" fill="none" stroke="{MARK}" stroke-width="4"/>'


def _flow(mouth: Mouth, voiced: bool) -> str:
    gate = 70 - mouth.lips.forward
    middle = 213 + mouth.lips.gap / 2
    if mouth.air == NOSE:
        path: list[Point] = [
            (290, 250),
            (296, 190),
            (286, 120),
            (220, 108),
            (140, 116),
            (96, 142),
            (58, 182),
            (40, 208),
        ]
        return _arrow(path, FLOW, 4)
    if mouth.air == STREAM:
        return _arrow([(gate - 16, middle), (gate - 52, middle + 4)], FLOW, 4)
    if mouth.air == SIDES:
        return _arrow([(gate - 16, middle + 4), (gate - 50, middle + 12)], FLOW, 4) + _arrow(
            [(gate - 16, middle - 4), (gate - 50, middle - 12)], FLOW, 4
        )
    if mouth.air == BREATH:
        throat: list[Point] = [
            (288, 340),
            (286, 260),
            (270, 184),
            (212, 172),
            (150, 188),
            (112, 210),
            (gate - 40, middle),
        ]
        return _arrow(throat, FLOW, 4, dash="3 9")
    if mouth.air == PUFF and not voiced:
        lines = [
            ((gate - 20, middle + turn * 0.5), (gate - 48, middle + turn * 1.6)) for turn in (-12, 0, 12)
        ]
        return "".join(_path(f"M{_at(start)}L{_at(end)}", line=FLOW, width=4) for start, end in lines)
    return ""


def _larynx(voiced: bool) -> str:
    """Vocal folds: a purple wave where they vibrate, a dotted blue line of breath where they do not."""
    if not voiced:
        return _path("M287 392L287 352", line=FLOW, width=4, dash="1 9")
    wave = [(287 + 8 * math.sin(step * math.pi / 2), 394 - 5 * step) for step in range(10)]
    rings = "".join(
        _path(
            f"M{287 + side * 20} 358C{287 + side * 27} 366 {287 + side * 27} 378 {287 + side * 20} 386",
            line=VOICE,
            width=3,
        )
        for side in (-1, 1)
    )
    return _path(_curve(wave), line=VOICE, width=4) + rings


def _arrow(points: Sequence[Point], colour: str, width: float, dash: str = "") -> str:
    (x0, y0), (x1, y1) = points[-2], points[-1]
    length = math.hypot(x1 - x0, y1 - y0)
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    size = width * 3
    left = (x1 - ux * size - uy * size * 0.6, y1 - uy * size + ux * size * 0.6)
    right = (x1 - ux * size + uy * size * 0.6, y1 - uy * size - ux * size * 0.6)
    head = f"M{_at((x1, y1))}L{_at(left)}L{_at(right)}Z"
    stem = [*points[:-1], (x1 - ux * size * 0.8, y1 - uy * size * 0.8)]
    return _path(_curve(stem), line=colour, width=width, dash=dash) + _path(head, colour)


def _half_sizes(lips: Lips) -> Point:
    return lips.width / 2 * 1.15, max(lips.height, 1.0) / 2 * 1.2


def _around(offsets: Sequence[Point]) -> str:
    """A closed curve round the middle of the front view; the right half mirrors the left."""
    right = [(-x, y) for x, y in reversed(offsets) if x]
    return _curve([(80 + x, 60 + y) for x, y in (*offsets, *right)], closed=True)


def _opening(lips: Lips) -> str:
    w, h = _half_sizes(lips)
    return _around([(0, 1.05 * h), (-0.6 * w, 0.85 * h), (-w, 0), (-0.6 * w, -0.82 * h), (0, -0.9 * h)])


def _front_outline(lips: Lips) -> str:
    return _path(_opening(lips), line="#ffffff", width=3, dash="5 5")


def _front(lips: Lips, jaw: float) -> str:
    w, h = _half_sizes(lips)
    full = 13 + lips.forward * 0.3
    side, top, bottom = max(w + 11, 29), h + full, h + full * 1.15
    outer = _around(
        [
            *((0, bottom), (-0.6 * side, 0.85 * bottom), (-side, 0)),
            *((-0.68 * side, -0.66 * top), (-0.25 * side, -top), (0, 4 - top)),
        ]
    )
    picture = _path(outer, LIP, SKIN_LINE) + _path(_opening(lips), "#5a2b2b", SKIN_LINE)
    if lips.forward < 5:
        half, depth = w * 0.55, min(h * 0.5, 9) + 2
        top_edge = f"M{80 - half:.1f} {60 - h * 0.8:.1f}L{80 + half:.1f} {60 - h * 0.8:.1f}"
        low = 60 - h * 0.8 + depth
        low_edge = f"L{80 + half * 0.9:.1f} {low:.1f}L{80 - half * 0.9:.1f} {low:.1f}Z"
        picture += _path(top_edge + low_edge, BONE)
    if jaw >= 8:
        width, height = w * 0.55, h * 0.36
        place = f'cx="80" cy="{60 + h * 0.62:.1f}" rx="{width:.1f}" ry="{height:.1f}"'
        picture += f'<ellipse {place} fill="{TONGUE}"/>'
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    from tutor.phones import phone_of

    for name, drawing in DRAWINGS.items():
        write_atomic(arguments.out / f"{name}.svg", draw(drawing).encode())
        if phone_of(name).is_vowel:
            write_atomic(arguments.out / f"{name}-lips.svg", draw_lips(drawing).encode())


if __name__ == "__main__":
    main()
