"""The corpus tries every field of every schema, and every variant has a name of its own."""

import json
from collections import Counter

import pytest

from fuzz.arena import Arena
from fuzz.corpus import KINDS
from fuzz.corpus.messages import nested
from fuzz.corpus.places import bomb
from fuzz.corpus.text import JSON, TOML, Many, Raw
from fuzz.corpus.walk import edits
from fuzz.seeds import CHECKOUT


@pytest.fixture(scope="module")
def variants(valid):
    return {name: list(kind.variants(valid)) for name, kind in KINDS.items()}


def test_names_are_unique_and_begin_with_the_kind(variants):
    for kind, some in variants.items():
        assert all(each.kind == kind for each in some)
        twice = [name for name, n in Counter(each.name for each in some).items() if n > 1]
        assert twice == []


def test_commands_are_those_of_the_kind(variants):
    for kind, some in variants.items():
        tried = {command.usual for each in some for command in each.commands}
        assert tried == {*KINDS[kind].commands}


@pytest.mark.parametrize("kind", ["profile", "plan", "manifest", "device"])
def test_every_field_of_the_schema_is_tried(kind, variants):
    schema = json.loads((CHECKOUT / "schemas" / f"{kind}.schema.json").read_text())
    fields = {*schema["properties"]}
    for definition in schema.get("$defs", {}).values():
        fields |= definition.get("properties", {}).keys()
    tried = {each.name.partition("/")[2].partition("=")[0] for each in variants[kind]}
    assert fields - {name.rpartition(".")[2] for name in tried} == set()


def test_every_file_of_a_kind_may_be_a_pipe(variants, tmp_path, valid):
    pipes = [(k, v) for k, some in variants.items() for v in some if v.name.endswith("=fifo")]
    assert {kind for kind, _ in pipes} == {*KINDS}
    for number, (kind, variant) in enumerate(pipes):
        with Arena(tmp_path / str(number)) as arena:
            KINDS[kind].lay(valid, arena.work)
            before = sum(path.is_fifo() for path in arena.work.rglob("*"))
            variant.build(arena.work)
            assert sum(path.is_fifo() for path in arena.work.rglob("*")) == before + 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_variant_can_be_made(kind, variants, tmp_path, valid):
    for variant in variants[kind]:
        with Arena(tmp_path / "arena") as arena:
            KINDS[kind].lay(valid, arena.work)
            variant.build(arena.work)


def test_a_document_is_written_as_it_is():
    document = {"a": [1, {"b": "x"}], "c": {"d": 1.5, "e": True}}
    assert json.loads(JSON.write(document)) == document
    import tomllib

    assert tomllib.loads(TOML.write(document)) == document
    assert JSON.write({Raw('"k"'): Many("7", 3)}) == '{"k": [7,7,7]}'


def test_the_walk_reaches_what_is_nested():
    names = {name for name, _ in edits({"a": [{"b": "x"}]}, JSON)}
    assert {"a.0.b=ansi", "a=many", "whole=deep-list", "a.0=unknown"} <= names


def test_a_bomb_unpacks_to_what_it_says():
    import gzip

    assert gzip.decompress(bomb(3 << 20)) == bytes(3 << 20)
    assert len(bomb(3 << 20)) < 10_000


def test_nesting_is_a_message_in_a_message():
    from google.protobuf.struct_pb2 import Value

    deep = Value.FromString(nested((6, 1), 3))  # list_value.values of Value
    for _ in range(3):
        (deep,) = deep.list_value.values
    assert not deep.WhichOneof("kind")
