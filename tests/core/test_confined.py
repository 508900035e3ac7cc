"""Paths from files stay inside their folder, whatever they say and whatever links there are."""

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devsim.core.confined import readable, remove, writable
from devsim.core.errors import BadFileError, BadInputError


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_text("private")
    folder = tmp_path / "models"
    (folder / "stage").mkdir(parents=True)
    (folder / "stage" / "file").write_text("own")
    (folder / "out").symlink_to(tmp_path / "secret")
    (folder / "in").symlink_to("stage")
    return folder


def test_links_inside_are_followed_to_read(folder):
    assert readable(folder, "in/file").read_text() == "own"


@pytest.mark.parametrize(
    "relative", ["out/key", "../secret/key", "/etc/passwd", "stage/../../secret/key", "a\0b", "out"]
)
def test_nothing_outside_is_read(folder, relative):
    with pytest.raises(BadFileError) as error:
        readable(folder, relative)
    assert str(folder) in str(error.value)


@pytest.mark.parametrize(
    "relative", ["out/key", "in/file", "../secret/key", "/etc/passwd", "", "."]
)
def test_nothing_is_written_or_deleted_through_a_link(folder, relative):
    for act in (writable, remove):
        with pytest.raises(BadInputError):
            act(folder, relative)
    assert (folder.parent / "secret" / "key").exists()
    assert (folder / "stage" / "file").exists()


def test_removing_a_link_leaves_what_it_leads_to(folder):
    remove(folder, "out")
    assert not (folder / "out").is_symlink()
    assert (folder.parent / "secret" / "key").exists()


def test_files_folders_and_nothing_are_removed(folder):
    remove(folder, "stage/file")
    remove(folder, "stage")
    remove(folder, "stage")
    assert not (folder / "stage").exists()


def test_the_folder_itself_may_be_a_link(folder, tmp_path):
    (tmp_path / "named").symlink_to(folder)
    assert readable(tmp_path / "named", "stage/file").read_text() == "own"
    assert writable(tmp_path / "named", "stage/new") == tmp_path / "named" / "stage" / "new"


def test_snapshots_of_a_hub_lead_into_its_blobs(tmp_path):
    blobs, snapshot = tmp_path / "hub" / "blobs", tmp_path / "hub" / "snapshots" / "abc" / "m"
    blobs.mkdir(parents=True)
    snapshot.mkdir(parents=True)
    (blobs / "0123").write_text("weights")
    (snapshot / "weight.bin").symlink_to("../../../blobs/0123")
    (snapshot / "key").symlink_to("/etc/passwd")
    assert readable(snapshot, "weight.bin").read_text() == "weights"
    (tmp_path / "named").symlink_to(snapshot)
    assert readable(tmp_path / "named", "weight.bin").read_text() == "weights"
    with pytest.raises(BadFileError, match="leads outside"):
        readable(snapshot, "key")


@given(st.text(st.sampled_from("./\\~\0" + string.ascii_lowercase[:2]), max_size=20))
def test_a_path_is_refused_or_inside(relative):
    folder = Path("/nowhere/models")
    for resolve in (readable, writable):
        try:
            path = resolve(folder, relative)
        except (BadFileError, BadInputError):
            continue
        assert path.resolve().is_relative_to(folder)
