"""The valid files that hostile ones are made from, made once."""

import pytest

from fuzz import seeds


@pytest.fixture(scope="session")
def valid(tmp_path_factory):
    folder = tmp_path_factory.mktemp("valid")
    seeds.make(folder)
    return folder
