"""Where tongue, lips, jaw and velum are for each phone, in a drawing of 360 × 400 units, face to the left.

Shapes follow the usual descriptions of General American English (Ladefoged & Johnson, A Course in Phonetics);
the numbers are our own. A tongue is its upper surface from tip to root.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

Point = tuple[float, float]

OPEN, NASAL = "open", "nasal"
STREAM, PUFF, NOSE, SIDES, BREATH, NONE = "stream", "puff", "nose", "sides", "breath", "none"


@dataclass(frozen=True)
class Lips:
    """Profile: ``gap`` between the lips, ``forward`` protrusion. Front: ``width``, ``height``."""

    gap: float
    forward: float
    width: float
    height: float
    on_teeth: bool = False


@dataclass(frozen=True)
class Mouth:
    """One posture. ``jaw``: its drop; ``velum_down``: the nose is open; ``contact``: narrowest place."""

    tongue: tuple[Point, ...]
    lips: Lips
    jaw: float = 4
    velum_down: bool = False
    air: str = NONE
    contact: Point | None = None


@dataclass(frozen=True)
class Drawing:
    """``mouth`` is drawn full; ``then`` (end of a diphthong, release of an affricate) in dashes."""

    mouth: Mouth
    then: Mouth | None = None
    voiced: bool = True


NEUTRAL_LIPS = Lips(10, 0, 46, 14)
SPREAD = Lips(9, -3, 62, 12)
WIDE = Lips(26, -1, 54, 34)
HALF = Lips(17, -1, 52, 24)
LOOSE_ROUND = Lips(20, 7, 36, 30)
ROUND = Lips(10, 11, 26, 20)
TIGHT_ROUND = Lips(6, 15, 18, 14)
PUSHED = Lips(10, 12, 34, 20)
CLOSED = Lips(0, 0, 50, 0)
ON_TEETH = Lips(8, 0, 50, 6, on_teeth=True)

REST = ((124, 216), (146, 204), (178, 196), (210, 194), (242, 204), (264, 236), (262, 276))
HIGH_FRONT = ((120, 218), (136, 192), (164, 166), (198, 158), (232, 180), (250, 226), (256, 274))
LOWER_HIGH_FRONT = ((121, 219), (140, 199), (168, 178), (200, 171), (234, 188), (254, 230), (258, 275))
MID_FRONT = ((122, 226), (141, 209), (168, 192), (200, 186), (236, 198), (258, 234), (260, 276))
LOW_FRONT = ((122, 236), (142, 224), (170, 212), (202, 208), (238, 214), (262, 242), (262, 280))
LOW_MID = ((128, 232), (148, 222), (178, 212), (210, 206), (242, 210), (265, 240), (263, 279))
LOW_BACK = ((136, 242), (156, 236), (186, 228), (218, 216), (252, 210), (282, 238), (272, 280))
ROUND_BACK = ((142, 236), (160, 228), (188, 216), (220, 200), (254, 194), (280, 226), (270, 276))
MID_BACK = ((140, 228), (158, 218), (186, 204), (220, 184), (254, 180), (276, 216), (268, 274))
LOWER_HIGH_BACK = ((138, 224), (156, 213), (186, 195), (220, 172), (252, 170), (273, 212), (266, 274))
HIGH_BACK = ((140, 222), (158, 210), (188, 186), (221, 161), (252, 158), (271, 206), (264, 272))
BUNCHED = ((146, 222), (150, 200), (172, 174), (202, 164), (232, 184), (270, 226), (272, 276))
CURLED = ((146, 183), (164, 190), (184, 200), (212, 196), (242, 196), (272, 230), (270, 276))
RIDGE = ((126, 187), (142, 190), (172, 192), (206, 192), (240, 202), (263, 236), (262, 276))
NOSE_RIDGE = ((127, 187), (143, 188), (172, 186), (206, 186), (240, 198), (262, 236), (262, 276))
SIDE = ((128, 186), (140, 198), (168, 212), (204, 212), (242, 196), (268, 230), (264, 276))
HISS = ((121, 208), (134, 188), (158, 188), (196, 190), (236, 200), (262, 236), (262, 276))
HUSH = ((134, 208), (148, 183), (172, 171), (204, 176), (238, 196), (262, 234), (262, 276))
HUSH_STOP = ((134, 190), (144, 177), (164, 166), (200, 176), (238, 196), (262, 234), (262, 276))
BETWEEN = ((95, 217), (124, 210), (158, 202), (200, 196), (240, 204), (264, 236), (262, 276))
VELAR = ((128, 226), (150, 212), (184, 188), (218, 160), (246, 150), (268, 196), (264, 272))
VELAR_NOSE = ((128, 226), (150, 214), (184, 192), (218, 168), (248, 164), (272, 208), (266, 272))
PALATAL = ((121, 218), (136, 190), (162, 163), (196, 152), (230, 172), (249, 222), (256, 273))


def _vowel(tongue: tuple[Point, ...], lips: Lips, jaw: float) -> Mouth:
    return Mouth(tongue, lips, jaw)


_I = _vowel(LOWER_HIGH_FRONT, Lips(10, -1, 52, 14), 4)
_U = _vowel(LOWER_HIGH_BACK, ROUND, 4)
_OPEN = _vowel(LOW_MID, WIDE, 18)
_SH = Mouth(HUSH, PUSHED, 1, air=STREAM, contact=(152, 176))
_HUSH_STOP = Mouth(HUSH_STOP, PUSHED, 1, air=PUFF, contact=(148, 171))
_S = Mouth(HISS, SPREAD, 0, air=STREAM, contact=(130, 184))
_T = Mouth(RIDGE, NEUTRAL_LIPS, 2, air=PUFF, contact=(128, 184))
_P = Mouth(REST, CLOSED, 0, air=PUFF, contact=(74, 212))
_K = Mouth(VELAR, NEUTRAL_LIPS, 4, air=PUFF, contact=(244, 150))
_F = Mouth(REST, ON_TEETH, 1, air=STREAM, contact=(102, 216))
_TH = Mouth(BETWEEN, Lips(16, -1, 50, 18), 7, air=STREAM, contact=(102, 216))


def _quiet(mouth: Mouth) -> Mouth:
    """The voiced stop: the same place without the puff."""
    return replace(mouth, air=NONE)


DRAWINGS: dict[str, Drawing] = {
    "AA": Drawing(_vowel(LOW_BACK, WIDE, 22)),
    "AE": Drawing(_vowel(LOW_FRONT, Lips(24, -3, 62, 30), 18)),
    "AH": Drawing(_vowel(LOW_MID, HALF, 10)),
    "AO": Drawing(_vowel(ROUND_BACK, LOOSE_ROUND, 16)),
    "AW": Drawing(_OPEN, _U),
    "AY": Drawing(_OPEN, _I),
    "B": Drawing(_quiet(_P)),
    "CH": Drawing(_HUSH_STOP, _SH, voiced=False),
    "D": Drawing(_quiet(_T)),
    "DH": Drawing(_TH),
    "EH": Drawing(_vowel(MID_FRONT, HALF, 10)),
    "ER": Drawing(_vowel(BUNCHED, Lips(10, 6, 38, 18), 4)),
    "EY": Drawing(_vowel(MID_FRONT, HALF, 9), _vowel(HIGH_FRONT, SPREAD, 2)),
    "F": Drawing(_F, voiced=False),
    "G": Drawing(_quiet(_K)),
    "HH": Drawing(Mouth(REST, HALF, 8, air=BREATH), voiced=False),
    "IH": Drawing(_I),
    "IY": Drawing(_vowel(HIGH_FRONT, SPREAD, 1)),
    "JH": Drawing(_quiet(_HUSH_STOP), _SH),
    "K": Drawing(_K, voiced=False),
    "L": Drawing(Mouth(SIDE, NEUTRAL_LIPS, 5, air=SIDES, contact=(130, 184))),
    "M": Drawing(Mouth(REST, CLOSED, 0, velum_down=True, air=NOSE, contact=(74, 212))),
    "N": Drawing(Mouth(NOSE_RIDGE, NEUTRAL_LIPS, 2, velum_down=True, air=NOSE, contact=(129, 184))),
    "NG": Drawing(Mouth(VELAR_NOSE, HALF, 6, velum_down=True, air=NOSE, contact=(252, 164))),
    "OW": Drawing(_vowel(MID_BACK, LOOSE_ROUND, 9), _vowel(HIGH_BACK, TIGHT_ROUND, 2)),
    "OY": Drawing(_vowel(ROUND_BACK, LOOSE_ROUND, 14), _I),
    "P": Drawing(_P, voiced=False),
    "R": Drawing(Mouth(CURLED, Lips(10, 9, 32, 18), 3)),
    "S": Drawing(_S, voiced=False),
    "SH": Drawing(_SH, voiced=False),
    "T": Drawing(_T, voiced=False),
    "TH": Drawing(_TH, voiced=False),
    "UH": Drawing(_U),
    "UW": Drawing(_vowel(HIGH_BACK, TIGHT_ROUND, 1)),
    "V": Drawing(_F),
    "W": Drawing(_vowel(HIGH_BACK, Lips(4, 17, 14, 10), 0), _vowel(REST, HALF, 9)),
    "Y": Drawing(_vowel(PALATAL, SPREAD, 0), _vowel(REST, HALF, 9)),
    "Z": Drawing(_S),
    "ZH": Drawing(_SH),
}
