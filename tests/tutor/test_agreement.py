"""Statistics against known answers and, where scipy is there, against scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tutor import agreement


@pytest.fixture
def data() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    rated = rng.integers(0, 11, 600).astype(float)
    predicted = rated + rng.normal(0, 2, 600)
    return predicted, rated, np.repeat(np.arange(30), 20)


def test_pearson_of_a_line_is_one_and_of_its_mirror_minus_one() -> None:
    x = np.array([1.0, 2.0, 4.0])
    assert agreement.pearson(x, 3 * x + 1) == pytest.approx(1)
    assert agreement.pearson(x, -x) == pytest.approx(-1)


def test_pearson_is_exact_far_from_zero() -> None:
    x = 1e8 + np.array([0.0, 1.0, 2.0, 3.0])
    assert agreement.pearson(x, np.array([0.0, 1.0, 2.0, 3.0])) == pytest.approx(1)


@pytest.mark.parametrize("values", [np.array([2.0, 2.0, 2.0]), np.array([]), np.array([1.0])])
def test_no_correlation_without_variation(values: np.ndarray) -> None:
    assert math.isnan(agreement.pearson(values, np.arange(len(values), dtype=float)))


def test_ranks_share_ties() -> None:
    assert agreement.ranks(np.array([10.0, 20.0, 10.0, 30.0])).tolist() == [1.5, 3, 1.5, 4]


def test_agrees_with_scipy(data: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    stats = pytest.importorskip("scipy.stats")
    predicted, rated, _ = data
    assert agreement.pearson(predicted, rated) == pytest.approx(stats.pearsonr(predicted, rated)[0])
    assert agreement.spearman(predicted, rated) == pytest.approx(stats.spearmanr(predicted, rated)[0])


def test_kappa_of_a_known_table() -> None:
    a = np.array([0.0, 0, 1, 1, 2, 2])
    b = np.array([0.0, 1, 1, 1, 2, 0])
    observed = ((a - b) ** 2).mean()
    expected = np.mean([(x - y) ** 2 for x in a for y in b])
    assert agreement.quadratic_kappa(a, b, 2) == pytest.approx(1 - observed / expected)
    assert agreement.quadratic_kappa(a, a, 2) == 1
    assert agreement.quadratic_kappa(a + 0.4, a, 2) == 1, "rounded, not cut"
    assert agreement.quadratic_kappa(a - 0.4, a, 2) == 1
    assert agreement.quadratic_kappa(a, a - 0.4, 2) == 1


def test_detection_counts() -> None:
    predicted = np.array([0.1, 0.4, 0.6, 0.9])
    bad = np.array([True, False, True, False])
    point = agreement.detect(predicted, bad, 0.5)
    assert (point.true_positives, point.flagged, point.bad) == (1, 2, 2)
    assert (point.precision, point.recall, point.f1) == (0.5, 0.5, 0.5)
    assert agreement.detect(predicted, bad, 0.4).flagged == 1, "at the limit is not below it"


def test_curve_has_a_point_per_distinct_prediction_and_holds_the_best() -> None:
    predicted = np.array([0.1, 0.4, 0.4, 0.9])
    bad = np.array([True, True, False, False])
    curve = agreement.detection_curve(predicted, bad)
    assert [point.flagged for point in curve] == [1, 3, 4]
    assert [point.recall for point in curve] == [0.5, 1, 1]
    best = agreement.best_f1(curve)
    assert best.f1 == pytest.approx(0.8)
    again = agreement.detect(predicted, bad, best.threshold)
    assert again.f1 == best.f1, "the threshold gives the point"
    point = agreement.at_recall(curve, 0.6)
    assert point is not None and point.flagged == 3
    assert agreement.average_precision(curve) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_no_predictions_make_no_curve() -> None:
    assert agreement.detection_curve(np.array([]), np.array([], bool)) == []
    assert agreement.at_recall([], 0.5) is None


def test_held_out_threshold_is_not_better_than_the_best(
    data: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    predicted, rated, groups = data
    bad = rated < 3
    honest = agreement.held_out_f1(predicted, bad, groups)
    best = agreement.best_f1(agreement.detection_curve(predicted, bad)).f1
    assert 0.5 < honest <= best


@pytest.mark.parametrize(
    ("expected", "heard", "distance"),
    [
        ("", "", 0),
        ("abc", "abc", 0),
        ("abc", "", 3),
        ("", "ab", 2),
        ("kitten", "sitting", 3),
        ("abc", "xabc", 1),
    ],
)
def test_edit_distance(expected: str, heard: str, distance: int) -> None:
    assert agreement.edit_distance(expected, heard) == distance


def test_interval_holds_the_value_and_narrows_with_speakers(
    data: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    predicted, rated, groups = data
    value = agreement.pearson(predicted, rated)
    low, high = agreement.pearson_interval(predicted, rated, groups)
    assert low < value < high
    few_low, few_high = agreement.pearson_interval(predicted[:100], rated[:100], groups[:100])
    assert few_high - few_low > high - low
    assert agreement.pearson_interval(predicted, rated, groups) == (low, high), "seeded"


def test_interval_counts_speakers_not_sentences() -> None:
    """Twenty copies of each sentence by the same speaker tell no more than one."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=40)
    y = x + rng.normal(size=40)
    once = agreement.pearson_interval(x, y, np.arange(40))
    copied = agreement.pearson_interval(np.repeat(x, 20), np.repeat(y, 20), np.repeat(np.arange(40), 20))
    assert copied == pytest.approx(once, abs=1e-6)


def test_mean_interval_is_as_wide_as_theory_says() -> None:
    values = np.random.default_rng(4).normal(50, 10, 400)
    low, high = agreement.mean_interval(values, np.arange(400))
    assert high - low == pytest.approx(2 * 1.96 * 10 / 20, rel=0.15)
    assert low < values.mean() < high


def test_f1_interval_holds_f1(data: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    predicted, rated, groups = data
    f1 = agreement.detect(predicted, rated < 3, 3.0).f1
    low, high = agreement.f1_interval(predicted, rated < 3, 3.0, groups)
    assert low < f1 < high < 1


def test_a_model_does_not_differ_from_itself_but_does_from_noise(
    data: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    predicted, rated, groups = data
    same = agreement.compare_pearson(predicted, 5 * predicted + 3, rated, groups)
    assert same.difference == pytest.approx(0, abs=1e-9) and same.p == 1
    worse = predicted + np.random.default_rng(1).normal(0, 4, len(predicted))
    change = agreement.compare_pearson(predicted, worse, rated, groups)
    assert change.difference > 0.1 and change.low > 0 and change.p < 0.01


def test_constant_predictions_have_no_correlation_and_no_comparison() -> None:
    flat, rated, groups = np.ones(40), np.arange(40.0), np.repeat(np.arange(4), 10)
    assert np.isnan(agreement.pearson_interval(flat, rated, groups)).all()
    change = agreement.compare_pearson(flat, flat, rated, groups)
    assert math.isnan(change.difference) and math.isnan(change.p)


def test_one_speaker_proves_nothing(data: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """With one speaker to swap, every permutation is as far from zero as what was seen."""
    predicted, rated, groups = data
    worse = predicted + np.random.default_rng(1).normal(0, 4, len(predicted))
    assert agreement.compare_pearson(predicted, worse, rated, np.zeros_like(groups)).p == 1


def test_p_values_of_equal_models_are_spread_out() -> None:
    rng = np.random.default_rng(5)
    groups = np.repeat(np.arange(20), 10)
    values = []
    for seed in range(60):
        rated = rng.normal(size=200)
        first, second = (rated + rng.normal(size=200) for _ in range(2))
        values.append(agreement.compare_pearson(first, second, rated, groups, replicates=200, seed=seed).p)
    assert 0.3 < float(np.mean(values)) < 0.7
    assert np.mean(np.array(values) < 0.05) < 0.2


def test_human_ceiling_leaves_each_expert_out() -> None:
    table = [(1.0, 1.0, 2.0), (2.0, 2.0, 2.0), (3.0, 3.0, 5.0), (4.0, None, 4.0)]
    a = agreement.pearson(np.array([1.0, 2, 3, 4]), np.array([1.5, 2, 4, 4]))
    b = agreement.pearson(np.array([1.0, 2, 3]), np.array([1.5, 2, 4]))
    c = agreement.pearson(np.array([2.0, 2, 5, 4]), np.array([1.0, 2, 3, 4]))
    assert agreement.human_ceiling(table) == pytest.approx(np.mean([a, b, c]))


def test_no_experts_no_ceiling() -> None:
    assert math.isnan(agreement.human_ceiling([]))
    assert math.isnan(agreement.human_ceiling([(1.0,), (2.0,)]))
    assert math.isnan(agreement.against_single_experts(np.array([1.0, 2.0]), [(), ()]))


def test_against_single_experts_is_the_mean_over_experts() -> None:
    predicted = np.array([1.0, 2.0, 3.0])
    experts = [(1.0, 3.0), (2.0, 2.0), (3.0, 1.0)]
    assert agreement.against_single_experts(predicted, experts) == pytest.approx(0)
