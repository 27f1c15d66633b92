"""How well scores agree with human ratings: pure functions of arrays, with intervals over speakers.

Speakers, not sentences, are drawn anew: the sentences of one speaker are not independent of each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
REPLICATES = 2000


@dataclass(frozen=True)
class Detection:
    """Finding the bad ones by ``predicted < threshold``: precision, recall, F1 (0–1) and their counts."""

    threshold: float
    precision: float
    recall: float
    f1: float
    true_positives: int
    flagged: int
    bad: int


@dataclass(frozen=True)
class Comparison:
    """A against B on the same items: A − B, its 95 % interval and the two-sided p of a paired permutation."""

    difference: float
    low: float
    high: float
    p: float


def pearson(predicted: Array, rated: Array) -> float:
    """Pearson correlation; NaN when either side is constant or has fewer than two values."""
    moments = _moments(predicted, rated).sum(axis=0)
    return float(_pearson_of(moments))


def spearman(predicted: Array, rated: Array) -> float:
    """Spearman rank correlation, ties sharing their mean rank."""
    return pearson(ranks(predicted), ranks(rated))


def ranks(values: Array) -> Array:
    """Ranks from 1, float64 (n,); equal values share their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse], dtype=np.float64)


def mean_squared_error(predicted: Array, rated: Array) -> float:
    """Mean squared difference; NaN for no values."""
    return float(np.mean((predicted - rated) ** 2)) if len(rated) else float("nan")


def quadratic_kappa(predicted: Array, rated: Array, top: int) -> float:
    """Cohen's kappa with quadratic weights after rounding both sides to the whole steps 0 … ``top``."""
    a = np.clip(np.floor(predicted + 0.5), 0, top)
    b = np.clip(np.floor(rated + 0.5), 0, top)
    observed = float(np.mean((a - b) ** 2)) if len(a) else float("nan")
    expected = float(np.mean(a**2) - 2 * np.mean(a) * np.mean(b) + np.mean(b**2)) if len(a) else 0.0
    return 1 - observed / expected if expected else float("nan")


def detect(predicted: Array, bad: NDArray[np.bool_], threshold: float) -> Detection:
    """Precision, recall and F1 of calling bad whatever is predicted below ``threshold``."""
    flagged = predicted < threshold
    hits = int(np.sum(flagged & bad))
    return _detection(threshold, hits, int(np.sum(flagged)), int(np.sum(bad)))


def detection_curve(predicted: Array, bad: NDArray[np.bool_]) -> list[Detection]:
    """One point per distinct prediction, thresholds rising: what is flagged grows from few to all."""
    order = np.argsort(predicted, kind="stable")
    values = predicted[order]
    hits = np.cumsum(bad[order])
    ends = np.append(np.flatnonzero(np.diff(values) > 0), len(values) - 1)[: len(values)]
    total = int(bad.sum())
    return [
        _detection(float(np.nextafter(values[end], np.inf)), int(hits[end]), int(end) + 1, total)
        for end in ends
    ]


def best_f1(curve: Sequence[Detection]) -> Detection:
    """The point of highest F1."""
    return max(curve, key=lambda point: point.f1)


def at_recall(curve: Sequence[Detection], recall: float) -> Detection | None:
    """The first point (fewest flagged) that reaches ``recall``; None for a curve without any."""
    return next((point for point in curve if point.recall >= recall), None)


def average_precision(curve: Sequence[Detection]) -> float:
    """Area under precision over recall, summed by steps."""
    area, before = 0.0, 0.0
    for point in curve:
        area += point.precision * (point.recall - before)
        before = point.recall
    return area


def held_out_f1(predicted: Array, bad: NDArray[np.bool_], groups: NDArray[np.int64]) -> float:
    """F1 when each half of the groups (speakers) is judged with the threshold best on the other half."""
    half = groups % 2 == 0
    if not bad[half].any() or not bad[~half].any():
        return float("nan")
    hits = flagged = 0
    for mine in (half, ~half):
        threshold = best_f1(detection_curve(predicted[~mine], bad[~mine])).threshold
        point = detect(predicted[mine], bad[mine], threshold)
        hits += point.true_positives
        flagged += point.flagged
    return _detection(0.0, hits, flagged, int(bad.sum())).f1


def edit_distance(expected: Sequence[str], heard: Sequence[str]) -> int:
    """Fewest substitutions, insertions and deletions that turn one into the other (phone errors)."""
    row = list(range(len(heard) + 1))
    for i, want in enumerate(expected, 1):
        diagonal, row[0] = row[0], i
        for j, got in enumerate(heard, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (want != got))
    return row[-1]


def pearson_interval(
    predicted: Array, rated: Array, groups: NDArray[np.int64], *, replicates: int = REPLICATES, seed: int = 0
) -> tuple[float, float]:
    """95 % bootstrap interval of the correlation, drawing whole groups (speakers) with replacement."""
    return _interval(_pearson_of, _by_group(_moments(predicted, rated), groups), replicates, seed)


def mean_interval(
    values: Array, groups: NDArray[np.int64], *, replicates: int = REPLICATES, seed: int = 0
) -> tuple[float, float]:
    """95 % bootstrap interval of the mean, drawing whole groups (speakers) with replacement."""
    sums = _by_group(np.stack([values, np.ones_like(values)], axis=1), groups)
    return _interval(lambda rows: np.asarray(rows[:, 0] / rows[:, 1]), sums, replicates, seed)


def f1_interval(
    predicted: Array,
    bad: NDArray[np.bool_],
    threshold: float,
    groups: NDArray[np.int64],
    *,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % bootstrap interval of F1 at a fixed threshold, drawing whole groups (speakers)."""
    flagged = predicted < threshold
    counts = np.stack([flagged & bad, flagged, bad], axis=1).astype(np.float64)
    return _interval(_f1_of, _by_group(counts, groups), replicates, seed)


def compare_pearson(
    first: Array,
    second: Array,
    rated: Array,
    groups: NDArray[np.int64],
    *,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Comparison:
    """Correlation of ``first`` with the ratings minus that of ``second``.

    The interval is a paired bootstrap over groups (speakers). The p value permutes: under the null hypothesis
    a speaker's two sets of predictions may be swapped. Both are standardised first, so scales do not count.
    """
    a = _by_group(_moments(_standard(first), rated), groups)
    b = _by_group(_moments(_standard(second), rated), groups)
    rng = np.random.default_rng(seed)
    draws = _draws(len(a), replicates, rng)
    spread = _pearson_of(draws @ a) - _pearson_of(draws @ b)
    low, high = _middle(spread)
    difference = float(_pearson_of(a.sum(axis=0)) - _pearson_of(b.sum(axis=0)))
    swap = rng.integers(0, 2, (replicates, len(a))).astype(np.float64)
    null = _pearson_of((1 - swap) @ a + swap @ b) - _pearson_of(swap @ a + (1 - swap) @ b)
    p = (1 + float(np.sum(np.abs(null) >= abs(difference) - 1e-12))) / (replicates + 1)
    return Comparison(difference, low, high, float("nan") if np.isnan(difference) else p)


def human_ceiling(experts: Sequence[Sequence[float | None]]) -> float:
    """Mean correlation of each expert with the mean of the others (leave one out); NaN below two experts.

    ``experts``: per item one rating per expert, None where that expert gave none.
    """
    table = _expert_table(experts)
    width = table.shape[1]
    present = ~np.isnan(table)
    total, count = np.nansum(table, axis=1), present.sum(axis=1)
    correlations = []
    for expert in range(width):
        rows = present[:, expert] & (count > 1)
        if rows.sum() < 2:
            continue
        mine = table[rows, expert]
        correlations.append(pearson(mine, (total[rows] - mine) / (count[rows] - 1)))
    known = [value for value in correlations if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def against_single_experts(predicted: Array, experts: Sequence[Sequence[float | None]]) -> float:
    """Mean correlation of the predictions with each single expert; NaN without experts."""
    table = _expert_table(experts)
    known = []
    for column in table.T:
        rows = ~np.isnan(column)
        value = pearson(predicted[rows], column[rows]) if rows.any() else float("nan")
        if not np.isnan(value):
            known.append(value)
    return float(np.mean(known)) if known else float("nan")


def _expert_table(experts: Sequence[Sequence[float | None]]) -> Array:
    """float64 (items, experts), NaN where an expert gave no rating."""
    width = max((len(item) for item in experts), default=0)
    table = np.full((len(experts), width), np.nan)
    for row, item in enumerate(experts):
        table[row, : len(item)] = [np.nan if value is None else value for value in item]
    return table


def _detection(threshold: float, hits: int, flagged: int, bad: int) -> Detection:
    precision = hits / flagged if flagged else 0.0
    recall = hits / bad if bad else 0.0
    f1 = 2 * hits / (flagged + bad) if flagged + bad else 0.0
    return Detection(threshold, precision, recall, f1, hits, flagged, bad)


def _standard(values: Array) -> Array:
    spread = float(values.std())
    return np.asarray((values - values.mean()) / (spread or 1.0))


def _moments(x: Array, y: Array) -> Array:
    """Per item 1, x, y, x², y², xy about the means: float64 (n, 6); sums of rows give any correlation."""
    if not len(x):
        return np.zeros((1, 6))
    x, y = x - x.mean(), y - y.mean()
    return np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1)


def _pearson_of(moments: Array) -> Array:
    n, x, y, xx, yy, xy = np.moveaxis(moments, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = xy - x * y / n
        spread = np.sqrt((xx - x * x / n) * (yy - y * y / n))
        return np.asarray(np.where(spread > 1e-12, covariance / spread, np.nan))


def _f1_of(counts: Array) -> Array:
    hits, flagged, bad = np.moveaxis(counts, -1, 0)
    return np.asarray(2 * hits / np.maximum(flagged + bad, 1))


def _by_group(rows: Array, groups: NDArray[np.int64]) -> Array:
    """Sums of the rows of each group: float64 (number of groups, columns)."""
    sums = np.zeros((int(groups.max()) + 1, rows.shape[1]))
    np.add.at(sums, groups, rows)
    return sums


def _draws(groups: int, replicates: int, rng: np.random.Generator) -> Array:
    return rng.multinomial(groups, np.full(groups, 1 / groups), size=replicates).astype(np.float64)


def _interval(
    statistic: Callable[[Array], Array], sums: Array, replicates: int, seed: int
) -> tuple[float, float]:
    values = statistic(_draws(len(sums), replicates, np.random.default_rng(seed)) @ sums)
    return _middle(values)


def _middle(values: Array) -> tuple[float, float]:
    """Where the middle 95 % of the replicates lie; those without a value (constant draws) are left out."""
    known = values[~np.isnan(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)
