"""The committed JSON Schemas are current, and the files that devsim writes keep them."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator
from strategies import make_chunk, make_pipeline, make_profile, make_stage, make_variant, profiles
from test_manifest_file import document as manifest_document

from devsim.core.chrome import write_trace
from devsim.core.manifest import Manifest
from devsim.core.shipped import profiles_folder
from devsim.planner.planner import plan
from devsim.policy.serial import Serial
from devsim.simulation.simulator import simulate

ROOT = Path(__file__).parents[2]
NAMES = ("device", "manifest", "plan", "profile", "trace-metadata")


def validator(name: str) -> Draft202012Validator:
    schema = json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_committed_schemas_are_current(tmp_path):
    subprocess.run([sys.executable, "-m", "devsim.core.schema", tmp_path], check=True)
    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    committed = {path.name: path.read_text() for path in (ROOT / "schemas").iterdir()}
    assert committed == written, "run: python -m devsim.core.schema schemas"
    assert sorted(written) == [f"{name}.schema.json" for name in NAMES]


def test_shipped_files_keep_their_schemas():
    for path in profiles_folder().glob("devices/*.toml"):
        validator("device").validate(tomllib.loads(path.read_text()))
    shipped = list(profiles_folder().glob("*/*.json"))
    for path in shipped:
        validator("profile").validate(json.loads(path.read_text()))
    assert shipped


@settings(max_examples=25)
@given(profiles())
def test_written_profiles_and_plans_keep_their_schemas(tmp_path_factory, profile):
    folder = tmp_path_factory.mktemp("written")
    profile.write(folder / "profile.json")
    validator("profile").validate(json.loads((folder / "profile.json").read_text()))
    plan(profile, 1000).write(folder / "plan.json")
    validator("plan").validate(json.loads((folder / "plan.json").read_text()))


def test_written_manifest_keeps_its_schema(tmp_path):
    Manifest.model_validate(manifest_document()).write(tmp_path / "manifest.json")
    validator("manifest").validate(json.loads((tmp_path / "manifest.json").read_text()))


def test_metadata_of_a_written_trace_keeps_its_schema(tmp_path):
    trace = simulate(make_pipeline(make_stage(make_chunk())), Serial(), 10)
    write_trace(trace, tmp_path / "trace.json")
    metadata = json.loads((tmp_path / "trace.json").read_text())["metadata"]["devsim"]
    validator("trace-metadata").validate(metadata)


@pytest.mark.parametrize("name", NAMES)
def test_schemas_refuse_unknown_fields_and_want_a_version(name):
    found = {error.validator for error in validator(name).iter_errors({"speed": 1})}
    assert {"additionalProperties", "required"} <= found
    assert "schema_version" in validator(name).schema["required"]


def test_schema_refuses_what_the_reader_refuses():
    document = make_profile((1, [make_variant()])).model_dump(mode="json")
    validator("profile").validate(document)
    document["baseline_bytes"]["bytes"] = -1
    (error,) = validator("profile").iter_errors(document)
    assert list(error.path) == ["baseline_bytes", "bytes"]
