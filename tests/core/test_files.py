"""Reading and writing files: whole or refused, in one line that names file, field and fix."""

import json
import stat

import pytest
from strategies import make_profile, make_variant

from devsim.core.errors import BadFileError, BadInputError
from devsim.core.files import package_digest, replacing, write_atomically
from devsim.core.profile import Profile


def make():
    return make_profile((2, [make_variant(resident=7, compute=3)]))


def document() -> dict:
    return make().model_dump(mode="json")


def refused(path) -> str:
    with pytest.raises(BadFileError) as error:
        Profile.read(path)
    message = str(error.value)
    assert len(message.splitlines()) == 1
    assert message.startswith(f"{path}: ")
    assert error.value.fix
    assert message.endswith(f"; {error.value.fix}")
    assert error.value.exit_status == 2
    return message


@pytest.mark.parametrize("name", ["profile.json", "profile.json.gz"])
def test_document_is_read_back(tmp_path, name):
    path = tmp_path / name
    make().write(path)
    assert Profile.read(path) == make()
    assert Profile.read(path).digest() == make().digest()


def test_same_document_is_written_as_the_same_bytes(tmp_path):
    for name in ("a.json.gz", "b.json.gz"):
        make().write(tmp_path / name)
    written = (tmp_path / "a.json.gz").read_bytes()
    assert written == (tmp_path / "b.json.gz").read_bytes()
    assert written[4:8] == bytes(4)  # gzip's time of writing


def test_digest_follows_the_content():
    other = make_profile((2, [make_variant(resident=8, compute=3)]))
    assert make().digest() != other.digest()


def test_existing_file_is_kept_unless_forced(tmp_path):
    path = tmp_path / "profile.json"
    path.write_text("mine")
    with pytest.raises(BadInputError, match=r"profile\.json: already exists; add --force"):
        make().write(path)
    assert path.read_text() == "mine"
    make().write(path, force=True)
    assert Profile.read(path) == make()


def test_folder_is_not_overwritten(tmp_path):
    with pytest.raises(BadInputError, match="is a folder; name a file"):
        make().write(tmp_path, force=True)


def test_missing_folder_is_named(tmp_path):
    path = tmp_path / "absent" / "profile.json"
    with pytest.raises(BadInputError, match=f"{path}: cannot be written"):
        make().write(path)


@pytest.mark.parametrize("failure", [OSError("disk full"), RuntimeError("died"), KeyboardInterrupt])
def test_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, failure):
    path = tmp_path / "profile.json"
    path.write_text("old")

    def write_half():
        with replacing(path, force=True) as temporary:
            temporary.write_text("ha")
            raise failure

    with pytest.raises((BadInputError, RuntimeError, KeyboardInterrupt)):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_overwriting_does_not_touch_the_old_file_itself(tmp_path):
    path, reader = tmp_path / "profile.json", tmp_path / "reader"
    path.write_text("old")
    reader.hardlink_to(path)
    make().write(path, force=True)
    assert reader.read_text() == "old"


def test_file_is_whole_before_it_has_its_name(tmp_path):
    path = tmp_path / "profile.json"
    with replacing(path, force=False) as temporary:
        temporary.write_text("new")
        assert not path.exists()
        assert temporary.parent == path.parent  # a rename, not a copy
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_written_file_has_the_permissions_of_an_ordinary_one(tmp_path):
    (tmp_path / "ordinary").write_text("")
    write_atomically(tmp_path / "written", b"", force=False)
    modes = {stat.S_IMODE((tmp_path / n).stat().st_mode) for n in ("ordinary", "written")}
    assert len(modes) == 1


def test_missing_file(tmp_path):
    assert "no such file; check the path" in refused(tmp_path / "absent.json")


def test_truncated_json(tmp_path):
    path = tmp_path / "profile.json"
    make().write(path)
    path.write_bytes(path.read_bytes()[:-30])
    assert "is not whole JSON" in refused(path)


@pytest.mark.parametrize("keep", [5, 40, -9])
def test_truncated_gzip(tmp_path, keep):
    path = tmp_path / "profile.json.gz"
    make().write(path)
    path.write_bytes(path.read_bytes()[:keep])
    assert "cannot be read" in refused(path)


def test_damaged_gzip(tmp_path):
    path = tmp_path / "profile.json.gz"
    make().write(path)
    data = bytearray(path.read_bytes())
    data[-6] ^= 0xFF  # in the checksum
    path.write_bytes(data)
    assert "cannot be read" in refused(path)
    data[10] = 0x07  # a first block of the type that does not exist
    path.write_bytes(data)
    assert "cannot be read" in refused(path)
    path.write_bytes(b"not gzip")
    assert "cannot be read" in refused(path)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"speed": 9}, "speed: Extra inputs are not permitted; fix the field"),
        (
            {"schema_version": 2},
            "schema_version is 2, which this devsim does not read as a profile",
        ),
        ({"schema_version": None}, "schema_version is None, which this devsim does not read"),
        ({"workload": 3}, "workload: Input should be a valid string"),
        ({"stages": []}, "stages: Tuple should have at least 1 item"),
        ({"dispatch": {"ns": [-1], "source": "made"}}, "dispatch.ns.0: Input should be greater"),
        ({"dispatch": {"ns": [], "source": "made"}}, "dispatch.ns: Tuple should have at least 1"),
        ({"baseline_bytes": {"bytes": -1, "source": "made"}}, "baseline_bytes.bytes: Input should"),
        ({"baseline_bytes": {"bytes": 1e400, "source": "made"}}, "baseline_bytes.bytes: Input"),
        (
            {"contention": {"load_slowdown": 0.5, "compute_slowdown": 1, "source": "made"}},
            "contention.load_slowdown: Input should be greater than or equal to 1",
        ),
        (
            {
                "contention": {
                    "load_slowdown": float("nan"),
                    "compute_slowdown": 1,
                    "source": "made",
                }
            },
            "contention.load_slowdown: Input should be a finite number",
        ),
        (
            {"contention": {"load_slowdown": 1, "compute_slowdown": 1e7, "source": "made"}},
            "contention.compute_slowdown: Input should be less than or equal to 1000000",
        ),
    ],
)
def test_bad_field_is_named(tmp_path, change, complaint):
    path = tmp_path / "profile.json"
    path.write_text(json.dumps({**document(), **change}))
    assert complaint in refused(path)


def test_missing_field_is_named(tmp_path):
    path = tmp_path / "profile.json"
    for field, complaint in (
        ("shape", "shape: Field required"),
        ("schema_version", "has no schema_version, so it is not a devsim profile"),
    ):
        path.write_text(json.dumps({k: v for k, v in document().items() if k != field}))
        assert complaint in refused(path)


@pytest.mark.parametrize("text", ["[]", "3", "null", '"profile"'])
def test_other_json_is_refused(tmp_path, text):
    path = tmp_path / "profile.json"
    path.write_text(text)
    assert "the file: Input should be an object" in refused(path)


def test_field_name_with_line_breaks_stays_in_one_line(tmp_path):
    path = tmp_path / "profile.json"
    path.write_text(json.dumps({**document(), "a\nb": 1}))
    refused(path)


def test_documents_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        make().workload = "other"


def test_package_digest_depends_on_every_name_and_byte(tmp_path):
    package = tmp_path / "block.mlpackage"
    (package / "Data").mkdir(parents=True)
    (package / "Data" / "weight.bin").write_bytes(b"1")
    (package / "Manifest.json").write_bytes(b"{}")
    first = package_digest(package)
    assert package_digest(package) == first
    (package / "Data" / "weight.bin").write_bytes(b"2")
    second = package_digest(package)
    (package / "Data" / "weight.bin").rename(package / "Data" / "weights.bin")
    assert len({first, second, package_digest(package)}) == 3
