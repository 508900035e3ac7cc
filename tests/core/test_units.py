"""Sizes and durations, read from and shown to people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devsim.core.errors import BadInputError
from devsim.core.units import format_bytes, format_ns, parse_bytes


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("3.3GB", 3_300_000_000),
        ("3.1GiB", 3_328_599_654),  # 3.1 x 2^30 = 3328599654.4
        ("170000000", 170_000_000),
        ("170 MB", 170_000_000),
        (" 1 kib ", 1024),
        ("1.5KB", 1500),
        ("2TiB", 2 * 2**40),
        ("7B", 7),
        ("3.3", 3),
        ("0.0025KB", 2),  # half a byte goes to the even neighbour
        ("9007199254740993", 9007199254740993),  # 2^53 + 1, which a double cannot hold
    ],
)
def test_sizes_are_read(text, size):
    assert parse_bytes(text) == size


@pytest.mark.parametrize(
    "text", ["", "0", "0GB", "0.4B", "-3GB", "GB", "3.3XB", "3,3GB", "1e9", "nan", "3GB 4"]
)
def test_what_is_not_a_size_is_refused_with_an_example(text):
    with pytest.raises(BadInputError) as error:
        parse_bytes(text)
    assert str(error.value).startswith(f"'{text}' is not a size; write a positive size like 3.3GB")


def test_size_beyond_every_float_is_read():
    assert parse_bytes("9" * 400) > 10**399


@given(st.integers(1, 10**18))
def test_plain_numbers_are_read_back(size):
    assert parse_bytes(str(size)) == size


@given(st.integers(1, 999 * 10**12))
def test_shown_size_is_within_half_of_its_last_digit(size):
    """Three significant digits: off by at most half of the third, one part in 200."""
    assert abs(parse_bytes(format_bytes(size)) - size) * 200 <= size


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.00 KB"),
        (999_499, "999 KB"),
        (999_500, "1.00 MB"),
        (9_994_999, "9.99 MB"),
        (9_995_000, "10.0 MB"),
        (170_000_000, "170 MB"),
        (3_300_000_000, "3.30 GB"),
        (-1500, "-1.50 KB"),
        (5000 * 10**12, "5000 TB"),
    ],
)
def test_sizes_are_shown_in_three_digits(size, text):
    assert format_bytes(size) == text


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (0, "0 ns"),
        (999, "999 ns"),
        (1_000, "1.00 us"),
        (117_000_000, "117 ms"),
        (1_520_000_000, "1.52 s"),
        (119_999_999_999, "120 s"),
        (120_000_000_000, "2m 00s"),
        (744_000_000_000, "12m 24s"),
        (179_600_000_000, "3m 00s"),
        (-1_520_000_000, "-1.52 s"),
        (-150_000_000_000, "-2m 30s"),
    ],
)
def test_durations_are_shown_in_three_digits(duration, text):
    assert format_ns(duration) == text
