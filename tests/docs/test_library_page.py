"""docs/library.md: its examples are run, and every function that it lists is there."""

import doctest
import re
from pathlib import Path

import devsim

PAGE = Path(__file__).parents[2] / "docs" / "library.md"


def test_examples_print_what_the_page_says():
    failed, tried = doctest.testfile(str(PAGE), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert tried > 5
    assert failed == 0


def test_every_public_function_is_listed():
    listed = set(re.findall(r"`devsim\.(\w+)`", PAGE.read_text()))
    functions = {name for name in devsim.__all__ if name.islower() and not name.startswith("_")}
    assert functions - {"load_profile"} == listed
