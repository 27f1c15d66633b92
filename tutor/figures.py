"""The report's pictures, by matplotlib (the ``linguist`` extra): SVG for the page, PNG for the PDF."""

from __future__ import annotations

import io
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import chain
from typing import Any

import numpy as np

from tutor.phones import ORDER, PHONES, phone_of
from tutor.tally import SCORES, Groups, Plane, Spread

INK, BLUE, PALE, GRID = "#22303c", "#2f6690", "#a9c6dc", "#dde3e8"
MAX_SPEAKERS = 40
RARE = 5
MIN_COUNT = 20
"""Shares of phones that occur less often than this would be chance."""

_STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    # The same data gives the same file; text as outlines, for a page may lack the signs of IPA.
    "svg.hashsalt": "tutor",
    "svg.fonttype": "path",
}
_VOWELS_FIRST = sorted(
    range(len(PHONES)), key=lambda index: (not PHONES[index].is_vowel, PHONES[index].manner, index)
)


@dataclass(frozen=True)
class Picture:
    """A drawn figure: SVG and PNG (160 dpi) of the same, width and height in inches, and what it shows in
    words.
    """

    svg: bytes
    png: bytes
    width_in: float
    height_in: float
    alt: str


def installed() -> bool:
    """Whether matplotlib is there."""
    return find_spec("matplotlib") is not None


def score_distributions(scores: Mapping[str, Sequence[float]]) -> Picture:
    """Five histograms of the sentence scores, 0–100 in steps of 5, with their medians."""

    def draw(figure: Any) -> None:
        axes = figure.subplots(1, len(SCORES), sharey=True)
        for axis, name in zip(axes, SCORES, strict=True):
            values = scores[name]
            axis.hist(values, bins=range(0, 105, 5), color=BLUE, edgecolor="white", linewidth=0.5)
            if values:
                median = float(np.median(values))
                axis.axvline(median, color=INK, linewidth=1, linestyle="--")
                axis.set_title(f"{name}, median {median:.0f}", fontsize=8.5)
            axis.set_xlim(0, 100)
            axis.set_xticks([0, 50, 100])
            axis.set_xlabel("score")
        axes[0].set_ylabel("recordings")

    return _drawn(draw, 9.5, 2.3, "Histograms of the five sentence scores")


def step_distribution(counts: Mapping[int, int], unit: str) -> Picture:
    """A histogram of scores already counted in steps of 5 (step number: count)."""

    def draw(figure: Any) -> None:
        axis = figure.subplots()
        steps = range(20)
        # A score of exactly 100 belongs to the last step.
        heights = [counts.get(step, 0) + (counts.get(20, 0) if step == 19 else 0) for step in steps]
        axis.bar([5 * step + 2.5 for step in steps], heights, width=4.7, color=BLUE)
        axis.set_xlim(0, 100)
        # Most sounds are right; on a plain scale the others could not be seen.
        axis.set_yscale("log")
        axis.set_ylim(bottom=0.8)
        axis.set_xlabel(f"{unit} score")
        axis.set_ylabel(f"{unit}s (log scale)")

    return _drawn(draw, 4.6, 2.2, f"Histogram of {unit} scores")


def confusion_matrix(confusions: Mapping[str, Counter[str]]) -> Picture:
    """Expected phones down, phones heard instead across; the shade is percent of the expected phone."""

    def draw(figure: Any) -> None:
        order = [ORDER[index] for index in _VOWELS_FIRST]
        table = np.zeros((len(order), len(order)))
        for row, expected in enumerate(order):
            counts = confusions.get(expected, Counter())
            total = sum(counts.values())
            for column, heard in enumerate(order):
                if total >= MIN_COUNT and heard != expected:
                    table[row, column] = 100 * counts[heard] / total
        axis = figure.subplots()
        image = axis.imshow(table, cmap="Blues", vmin=0, vmax=max(5.0, float(table.max())))
        labels = [phone_of(name).ipa for name in order]
        axis.set_xticks(range(len(order)), labels, fontsize=7.5)
        axis.set_yticks(range(len(order)), labels, fontsize=7.5)
        axis.tick_params(length=0)
        axis.set_xlabel("heard instead")
        axis.set_ylabel("expected")
        vowels = sum(PHONES[index].is_vowel for index in _VOWELS_FIRST)
        for line in (axis.axhline, axis.axvline):
            line(vowels - 0.5, color=GRID, linewidth=1)
        axis.plot([-0.5, len(order) - 0.5], [-0.5, len(order) - 0.5], color=GRID, linewidth=1)
        strongest = np.argwhere(table >= max(8.0, 0.4 * float(table.max())))
        for row, column in strongest:
            dark = table[row, column] > 0.6 * table.max()
            axis.text(
                column,
                row,
                f"{table[row, column]:.0f}",
                ha="center",
                va="center",
                fontsize=6,
                color="white" if dark else INK,
            )
        bar = figure.colorbar(image, ax=axis, shrink=0.6, pad=0.02)
        bar.set_label("% of the expected phone")
        bar.outline.set_visible(False)

    return _drawn(draw, 8.0, 7.0, "Matrix of expected phones against phones heard instead")


def by_score(phones: Mapping[str, Spread]) -> list[str]:
    """Phones from the lowest mean score up; those whose few cases say little come last."""
    return sorted(phones, key=lambda name: (phones[name].count < RARE, phones[name].mean))


def phone_means(phones: Mapping[str, Spread]) -> Picture:
    """Mean score of every phone, lowest first, with one standard deviation."""

    def draw(figure: Any) -> None:
        ordered = by_score(phones)
        axis = figure.subplots()
        means = [phones[name].mean for name in ordered]
        errors = [0.0 if math.isnan(phones[name].deviation) else phones[name].deviation for name in ordered]
        colours = [BLUE if phone_of(name).is_vowel else PALE for name in ordered]
        # Scores end at 100, so a whisker does too.
        upper = [min(error, 100 - mean) for mean, error in zip(means, errors, strict=True)]
        lower = [min(error, mean) for mean, error in zip(means, errors, strict=True)]
        axis.bar(
            range(len(ordered)),
            means,
            color=colours,
            yerr=[lower, upper],
            error_kw={"ecolor": INK, "elinewidth": 0.6, "alpha": 0.6},
        )
        axis.set_xticks(range(len(ordered)), [phone_of(name).ipa for name in ordered])
        axis.set_xlim(-0.7, len(ordered) - 0.3)
        axis.set_ylim(0, 100)
        axis.set_ylabel("mean score ± SD")
        axis.set_title("dark: vowels, light: consonants", fontsize=8)

    return _drawn(draw, 9.5, 2.6, "Mean score of every phone, lowest first")


def speaker_means(speakers: Mapping[str, Mapping[str, Spread]]) -> Picture:
    """Overall score of each speaker with one standard deviation; of many speakers an even selection."""
    ordered = sorted(speakers, key=lambda name: (speakers[name]["overall"].mean, name))
    shown = ordered
    if len(ordered) > MAX_SPEAKERS:
        shown = [
            ordered[round(index * (len(ordered) - 1) / (MAX_SPEAKERS - 1))] for index in range(MAX_SPEAKERS)
        ]

    def draw(figure: Any) -> None:
        axis = figure.subplots()
        spreads = [speakers[name]["overall"] for name in shown]
        errors = [0.0 if math.isnan(spread.deviation) else spread.deviation for spread in spreads]
        axis.errorbar(
            range(len(shown)),
            [spread.mean for spread in spreads],
            yerr=errors,
            fmt="o",
            color=BLUE,
            ecolor=PALE,
            elinewidth=2,
            markersize=4,
        )
        names = [
            name if len(name) <= 14 else name[:13] + "…" for name in (name or "unknown" for name in shown)
        ]
        axis.set_xticks(range(len(shown)), names, rotation=90, fontsize=7, parse_math=False)
        axis.set_ylim(0, 100)
        axis.set_ylabel("overall score ± SD")
        axis.grid(axis="y", color=GRID, linewidth=0.7)
        axis.set_axisbelow(True)

    return _drawn(draw, 9.5, 2.9, "Overall score by speaker, lowest first")


def group_boxes(kind: str, groups: Groups) -> Picture:
    """Box plots of the overall score by group: quartiles, whiskers to 1.5 interquartile ranges."""

    def draw(figure: Any) -> None:
        axis = figure.subplots()
        names = list(groups)
        scores = {name: list(chain(*groups[name].values())) for name in names}
        axis.boxplot(
            [scores[name] for name in names],
            widths=0.5,
            patch_artist=True,
            boxprops={"facecolor": PALE, "edgecolor": INK},
            medianprops={"color": INK},
            flierprops={"marker": ".", "markersize": 3, "markeredgecolor": BLUE},
        )
        labels = [f"{(name or 'unknown')[:16]}\nn = {len(scores[name])}" for name in names]
        axis.set_xticks(range(1, len(names) + 1), labels, fontsize=8, parse_math=False)
        axis.set_ylim(0, 102)
        axis.set_ylabel("overall score")
        axis.set_title(kind, parse_math=False)

    return _drawn(draw, min(9.5, 2.0 + 0.75 * len(groups)), 2.8, f"Overall score by {kind}")


def vowel_chart(vowels: Mapping[str, Plane]) -> Picture:
    """Speaker-normalised vowels (Lobanov): means and ellipses of one standard deviation."""

    def draw(figure: Any) -> None:
        from matplotlib.patches import Ellipse

        axis = figure.subplots()
        for name, plane in sorted(vowels.items()):
            if plane.count < 5:
                continue
            covariance = np.array([[plane.xx, plane.xy], [plane.xy, plane.yy]]) / (plane.count - 1)
            values, vectors = np.linalg.eigh(covariance)
            angle = math.degrees(math.atan2(vectors[1, 1], vectors[0, 1]))
            width, height = 2 * np.sqrt(np.maximum(values[::-1], 0))
            axis.add_patch(
                Ellipse(
                    (plane.x, plane.y), width, height, angle=angle, facecolor=BLUE, alpha=0.10, edgecolor=None
                )
            )
            axis.add_patch(
                Ellipse(
                    (plane.x, plane.y), width, height, angle=angle, fill=False, edgecolor=BLUE, linewidth=0.8
                )
            )
            axis.text(plane.x, plane.y, phone_of(name).ipa, fontsize=15, ha="center", va="center")
        axis.autoscale_view()
        axis.invert_xaxis()
        axis.invert_yaxis()
        axis.set_xlabel("F2, standard deviations of the speaker (front left)")
        axis.set_ylabel("F1, standard deviations of the speaker (open below)")
        axis.grid(color=GRID, linewidth=0.7)
        axis.set_axisbelow(True)

    return _drawn(draw, 6.2, 5.2, "Vowel chart: normalised F1 against F2")


def _drawn(draw: Any, width_in: float, height_in: float, alt: str) -> Picture:
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(width_in, height_in), layout="constrained")
        FigureCanvasAgg(figure)
        draw(figure)
        svg, png = io.BytesIO(), io.BytesIO()
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
        figure.savefig(png, format="png", dpi=160, metadata={"Software": None})
    return Picture(svg.getvalue(), png.getvalue(), width_in, height_in, alt)
