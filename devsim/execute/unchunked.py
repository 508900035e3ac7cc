"""What a plan should compute: its stages' packages one after another, with no schedule."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from devsim.core.errors import BadInputError
from devsim.core.manifest import Block, Manifest, Port, StageManifest
from devsim.core.pipeline import Pipeline
from devsim.execute.inputs import StageInputs
from devsim.execute.models import Models
from devsim.execute.outputs import Outputs
from devsim.execute.tensors import external_ports
from devsim.policy.protocol import Position
from devsim.runtime.protocol import Array, Runtime, TensorSpec

_PACKAGE = ".mlpackage"


def run_unchunked(
    pipeline: Pipeline, models: Models, runtime: Runtime, inputs: StageInputs
) -> Outputs:
    """Compute one iteration of every stage; one package is loaded at a time.

    The stages may be cut otherwise than the pipeline's, or not at all.

    Raises:
        BadInputError: the models lack a stage of the pipeline's, or take other inputs.
    """
    once = tuple(
        stage.model_copy(update={"iterations": 1, "chunks": stage.chunks[:1]})
        for stage in pipeline.stages
    )
    stages = [models.stage(stage.name).variant(stage.variant) for stage in pipeline.stages]
    for stage, blocks in zip(pipeline.stages, stages, strict=True):
        _require_given(models, blocks, inputs.get(stage.name, {}))
    cut = [[tuple(blocks)] for blocks in stages]
    outputs = Outputs(pipeline.model_copy(update={"stages": once}), cut, inputs)
    for number, blocks in enumerate(stages):
        at = Position(number=0, stage=number, iteration=0, chunk=0)
        store = outputs.store(at)
        for block in blocks:
            package = runtime.load(models.path(block))
            store.put(block, package.predict(store.inputs(block)))
            package.unload()
        outputs.note(at)
    return outputs


def open_unchunked(path: Path, pipeline: Pipeline, runtime: Runtime) -> Models:
    """A folder of packages, or the one package that a pipeline's blocks were split from.

    Raises:
        BadFileError: the folder or package is missing or damaged.
        BadInputError: it is one package, and the pipeline has several stages.
    """
    if path.suffix != _PACKAGE:
        return Models.open(path)
    names = {stage.name: stage.variant for stage in pipeline.stages}
    if len(names) > 1:
        raise BadInputError(
            f"{path}: is one package, and the plan has {len(names)} stages",
            "give a folder that has all of them",
        )
    ((name, variant),) = names.items()
    loaded = runtime.load(path)
    whole = Block(
        name=path.stem,
        package=path.name,
        digest="",
        weight_bytes=0,
        parameters=0,
        flops=0,
        inputs=_ports(loaded.inputs),
        outputs=_ports(loaded.outputs),
    )
    loaded.unload()
    stage = StageManifest(name=name, iterations=1, precision=variant, blocks=(whole,))
    manifest = Manifest(
        schema_version=1,
        workload=pipeline.workload,
        size="full",
        weights=path.name,
        shape="",
        stages=(stage,),
    )
    return Models(path.parent, manifest)


def _ports(specs: Sequence[TensorSpec]) -> tuple[Port, ...]:
    return tuple(
        Port.model_validate(
            {"name": spec.name, "tensor": spec.name, "shape": spec.shape, "dtype": spec.dtype}
        )
        for spec in specs
    )


def _require_given(models: Models, blocks: Sequence[Block], given: Mapping[str, Array]) -> None:
    for port in external_ports(blocks):
        if port.tensor not in given:
            raise BadInputError(
                f"{models.folder}: takes '{port.tensor}', which the plan's packages do not",
                "give the model that they were split from",
            )
