"""What a plan should compute: its stages' packages one after another, with no schedule."""

from devsim.core.pipeline import Pipeline
from devsim.execute.inputs import StageInputs
from devsim.execute.models import Models
from devsim.execute.outputs import Outputs
from devsim.policy.protocol import Position
from devsim.runtime.protocol import Runtime


def run_unchunked(
    pipeline: Pipeline, models: Models, runtime: Runtime, inputs: StageInputs
) -> Outputs:
    """Compute one iteration of every stage; one package is loaded at a time.

    Raises:
        BadInputError: the models are not the pipeline's.
    """
    once = tuple(stage.model_copy(update={"iterations": 1}) for stage in pipeline.stages)
    chunks = models.chunks(pipeline)
    outputs = Outputs(pipeline.model_copy(update={"stages": once}), chunks, inputs)
    for number, stage in enumerate(chunks):
        for chunk, blocks in enumerate(stage):
            at = Position(number=0, stage=number, iteration=0, chunk=chunk)
            store = outputs.store(at)
            for block in blocks:
                package = runtime.load(models.path(block))
                store.put(block, package.predict(store.inputs(block)))
                package.unload()
            outputs.note(at)
    return outputs
