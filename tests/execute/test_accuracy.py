import math

import numpy as np
import pytest

from devsim.core.errors import BadInputError
from devsim.execute.accuracy import differences


def one(expected, actual):
    (apart,) = differences({"y": np.array(expected, np.float32)}, {"y": np.array(actual)})
    return apart


def test_psnr_is_of_the_largest_expected_magnitude_over_the_mean_square_error():
    # peak 4, errors 0.3 and 0.1: mean square 0.05; 10 log10(16 / 0.05) = 25.05 dB
    apart = one([4, -2], [3.7, -1.9])
    assert apart.psnr_db == pytest.approx(25.0515, abs=1e-4)
    assert apart.max_error == pytest.approx(0.3, abs=1e-6)


def test_equal_outputs_are_infinitely_good_also_where_both_are_nan():
    assert one([1, math.nan], np.array([1, math.nan], np.float32)).psnr_db == math.inf


def test_infinities_in_the_same_places_are_equal_and_the_rest_is_measured():
    # Of the two finite elements: peak 4, errors 0.3 and 0.1, as above.
    apart = one([4, -math.inf, -2, math.inf], [3.7, -math.inf, -1.9, math.inf])
    assert apart.psnr_db == pytest.approx(25.0515, abs=1e-4)
    assert apart.max_error == pytest.approx(0.3, abs=1e-6)
    assert apart.not_finite == 2


@pytest.mark.parametrize("found", [math.nan, math.inf, 1])
def test_another_infinity_is_infinitely_bad(found):
    assert one([1, -math.inf], [1, found]).psnr_db == -math.inf


@pytest.mark.filterwarnings("error")
def test_nothing_finite_at_all_is_equal_only_to_itself():
    assert one([math.nan, math.inf], np.array([math.nan, math.inf], np.float32))[1:] == (
        math.inf,
        0.0,
        2,
    )
    assert one([math.nan, math.inf], [math.nan, 3]).psnr_db == -math.inf


def test_whole_numbers_and_truth_values_are_compared_too():
    (apart,) = differences({"y": np.array([True, False])}, {"y": np.array([True, True])})
    assert (apart.max_error, apart.not_finite) == (1.0, 0)


def test_a_nan_that_the_other_has_not_is_infinitely_bad():
    apart = one([1, 2], [1, math.nan])
    assert (apart.psnr_db, apart.max_error) == (-math.inf, math.inf)


def test_anything_is_infinitely_worse_than_nothing():
    assert one([0, 0], [0, 1]).psnr_db == -math.inf


@pytest.mark.parametrize("other", [{"z": np.zeros(2)}, {"y": np.zeros(3)}])
def test_outputs_that_cannot_be_compared_are_refused(other):
    with pytest.raises(BadInputError, match="compare"):
        differences({"y": np.zeros(2)}, other)
