"""Device files: the shipped one, and what is refused."""

import pytest

from devsim.core.device import Device, Figure
from devsim.core.errors import BadFileError, BadInputError
from devsim.core.shipped import device_names, profiles_folder, read_device
from devsim.execute.environment import describe

SHIPPED = profiles_folder() / "devices" / "iphone15pro.toml"


def test_every_shipped_device_reads_and_every_figure_says_where_it_is_from():
    assert "iphone15pro" in device_names()
    for name in device_names():
        device = read_device(name)
        assert device.name == name
        figures = [value for _, value in device if isinstance(value, Figure)]
        assert len(figures) == 7
        assert all(figure.source and figure.quality for figure in figures)


def test_a_device_file_may_name_any_machine_that_a_profile_is_measured_on(tmp_path):
    machine = describe("reference", 1)["device"]
    for name in (machine, "linux-x86_64-2cpu", "darwin-arm64-8cpu"):
        path = tmp_path / "device.toml"
        path.write_text(SHIPPED.read_text().replace('"iphone15pro"', f'"{name}"', 1))
        assert read_device(str(path)).name == name


def test_iphone_15_pro_has_the_published_figures():
    device = read_device("iphone15pro")
    assert device.ram_bytes.value == 8e9
    assert device.budget_bytes.value == 3.3e9
    assert (device.budget_bytes.low, device.budget_bytes.high) == (3.0e9, 6.0e9)
    assert device.storage_read_bytes_per_s.value == 1450e6
    assert device.gpu_flops_per_s.value == 2.15e12
    assert device.neural_engine_ops_per_s.value == 35e12
    # LPDDR5-6400 x 64 bit: 6400 million transfers a second of 8 bytes
    assert device.memory_bandwidth_bytes_per_s.value == 6400e6 * 8
    limit = device.neural_engine_model_limit_bytes
    assert (limit.low, limit.high) == (1e9, 2 * 2**30)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("low = 3.0e9", "low = 3.4e9", "budget_bytes: Value error, needs low <= value <= high"),
        ("high = 6.0e9", "high = 3.2e9", "budget_bytes: Value error, needs low <= value <= high"),
        ("value = 35e12", "value = -1", "neural_engine_ops_per_s.value: Input should be greater"),
        ("value = 35e12", "value = nan", "neural_engine_ops_per_s.value: Input should be"),
        ('quality = "press"', 'quality = "rumour"', "storage_read_bytes_per_s.quality: Input"),
        ('source = "LPDDR5-6400 x 64 bit"', 'source = ""', "memory_bandwidth_bytes_per_s.source:"),
        ('source = "LPDDR5-6400 x 64 bit"', "", "memory_bandwidth_bytes_per_s.source: Field req"),
        ("[ram_bytes]", "[rom_bytes]", "ram_bytes: Field required"),
        ("schema_version = 1", "schema_version = 7", "schema_version is 7"),
        ("[ram_bytes]", "[ram_bytes", "is not TOML"),
    ],
)
def test_bad_figure_is_named_in_one_line(tmp_path, old, new, complaint):
    text = SHIPPED.read_text()
    assert text.count(old) == 1
    path = tmp_path / "device.toml"
    path.write_text(text.replace(old, new))
    with pytest.raises(BadFileError) as error:
        read_device(str(path))
    message = str(error.value)
    assert message.startswith(f"{path}: {complaint}")
    assert len(message.splitlines()) == 1


def test_file_that_is_not_text_is_refused(tmp_path):
    path = tmp_path / "device.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadFileError, match="is not TOML"):
        Device.read(path)


def test_unknown_device_names_the_known_ones():
    with pytest.raises(BadInputError, match=r"unknown device 'pixel'; use one of: .*iphone15pro"):
        read_device("pixel")
