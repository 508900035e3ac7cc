"""One figure before and after."""

import math
import sys
from fractions import Fraction

import pytest
from compared import SWAPPED
from hypothesis import assume, given
from hypothesis import strategies as st

from devsim.analysis.comparison.change import Change, Sampled, Unit, Verdict


def change(before, after):
    return Change("compute", Unit.NS, Sampled.of(before), Sampled.of(after))


def test_samples_are_reduced_to_their_median_and_range():
    assert Sampled.of((3, 1, 10, 2)) == Sampled(Fraction(5, 2), 1, 10, 4)
    assert Sampled.of(()) is None
    parts = [Sampled(Fraction(2), 1, 3, 5), Sampled(Fraction(20), 10, 30, 3)]
    assert Sampled.total(parts) == Sampled(Fraction(22), 11, 33, 3)


@pytest.mark.parametrize(
    ("before", "after", "percent", "verdict"),
    [
        ([100], [105], 5, "unchanged"),  # exactly 5 % is not more than 5 %
        ([100], [106], 5, "worse"),
        ([100], [115], 15, "unchanged"),  # though 100 * 1.15 is less than 115 in floats
        ([105], [100], 5, "unchanged"),
        ([106], [100], 5, "better"),
        ([100], [96], 5, "unchanged"),  # 100 / 96 = 1.042
        ([100], [95], 5, "better"),  # 100 / 95 = 1.053
        ([100, 110, 120], [115, 130, 140], 5, "noise"),
        ([100, 110, 120], [120, 130, 140], 5, "noise"),  # they touch
        ([100, 110, 120], [121, 130, 140], 5, "worse"),
        ([121, 130, 140], [100, 110, 120], 5, "better"),
        ([100, 110, 120], [121, 130, 140], 20, "unchanged"),  # 130 / 110 = 1.18
        ([100, 100, 100], [101, 101, 101], 0, "worse"),
        ([1, 1, 1000], [2, 2, 2], 5, "noise"),  # one hiccup before
        ([0], [0], 5, "unchanged"),
        ([0], [1], 5, "worse"),
        ([1], [0], 5, "better"),
        ([], [1], 5, "only after"),
        ([1], [], 5, "only before"),
    ],
)
def test_verdicts(before, after, percent, verdict):
    assert change(before, after).verdict(Fraction(percent, 100)).value == verdict


@pytest.mark.parametrize(
    ("before", "after", "ratio"),
    [([4], [5], 1.25), ([0], [0], 1), ([0], [5], None), ([5], [0], 0), ([], [5], None)],
)
def test_ratios(before, after, ratio):
    assert change(before, after).ratio == ratio


SAMPLES = st.lists(st.integers(0, 40), max_size=4)
THRESHOLDS = st.sampled_from([Fraction(0), Fraction(1, 20), Fraction(1, 2)])


@given(SAMPLES, SAMPLES, THRESHOLDS)
def test_swapping_inverts_verdict_and_ratio(before, after, threshold):
    assume(before or after)
    there, back = change(before, after), change(after, before)
    assert SWAPPED[there.verdict(threshold)] == back.verdict(threshold)
    if there.ratio and back.ratio:
        # each is rounded once
        assert math.isclose(there.ratio * back.ratio, 1, rel_tol=2 * sys.float_info.epsilon)


@given(SAMPLES, SAMPLES)
def test_a_larger_threshold_only_lets_more_pass(before, after):
    changed = {Verdict.BETTER, Verdict.WORSE}
    verdicts = [change(before, after).verdict(Fraction(n, 10)) in changed for n in range(12)]
    assert verdicts == sorted(verdicts, reverse=True)
