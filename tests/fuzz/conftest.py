"""The valid files that hostile ones are made from, made once."""

import sys

import pytest

from fuzz import seeds

if sys.platform == "darwin":  # which does not bear forks of a process that has imported numpy
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def valid(tmp_path_factory):
    folder = tmp_path_factory.mktemp("valid")
    seeds.make(folder)
    return folder
