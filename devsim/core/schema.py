"""JSON Schemas of devsim's files: ``python -m devsim.core.schema FOLDER`` writes them."""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from devsim.core.chrome import TraceMetadata
from devsim.core.device import Device
from devsim.core.files import write_atomically
from devsim.core.manifest import Manifest
from devsim.core.plan import Plan
from devsim.core.profile import Profile

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_MODELS: dict[str, type[BaseModel]] = {
    "device": Device,
    "manifest": Manifest,
    "profile": Profile,
    "plan": Plan,
    "trace-metadata": TraceMetadata,
}


def schemas() -> Iterator[tuple[str, str]]:
    """Each schema's file name and text."""
    for name, model in _MODELS.items():
        schema = {"$schema": _DIALECT, **model.model_json_schema()}
        yield f"{name}.schema.json", json.dumps(schema, indent=2) + "\n"


def main() -> None:
    """Write every schema into the folder named on the command line."""
    parser = argparse.ArgumentParser(description="Write the JSON Schemas of devsim's files.")
    parser.add_argument("folder", type=Path, help="replaces the schemas that are there")
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in schemas():
        write_atomically(folder / name, text.encode(), force=True)


if __name__ == "__main__":
    main()
