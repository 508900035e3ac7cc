"""Files that people write by hand."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devsim.core.device import Device
from devsim.core.errors import BadFileError
from devsim.core.shipped import profiles_folder, read_device
from devsim.core.toml_files import _deepest_key

SHIPPED = profiles_folder() / "devices" / "iphone15pro.toml"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (".".join("a" * 40) + " = 1", "key of too many parts"),
        ("[" + " . ".join(["'a'"] * 40) + "]", "key of too many parts"),
        ("a = " + "[" * 20_000, "is not TOML"),
        ("a = " + "9" * 5000, "is not TOML"),
        ("a = 1\na = 2", "is not TOML"),
        ("a = '" + "x" * 300_000 + "'", "more than 262144 bytes"),
    ],
)
def test_what_is_refused_in_one_line(tmp_path, text, said):
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(BadFileError, match=said) as error:
        Device.read(tmp_path / "mine.toml")
    assert len(str(error.value)) < 2000


def test_a_shipped_device_may_have_long_values_and_dots_in_text(tmp_path):
    text = SHIPPED.read_text()
    assert _deepest_key(text) < 10
    path = tmp_path / "mine.toml"
    path.write_text(text.replace('title = "', 'title = "v1.2.3.4.5.6.7.8 '))
    assert Device.read(path).budget_bytes == read_device("iphone15pro").budget_bytes


@given(st.lists(st.sampled_from(["a", "'b'", '"c"', "d-e"]), min_size=1, max_size=30))
def test_depth_is_not_underestimated(parts):
    depth, found = 0, tomllib.loads(".".join(parts) + " = 1")
    while isinstance(found, dict):
        depth, (found,) = depth + 1, found.values()
    assert depth == len(parts)
    assert depth <= _deepest_key(".".join(parts) + " = 1") + 1
