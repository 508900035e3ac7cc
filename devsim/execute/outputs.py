"""What a run computes: the tensors of each stage, and whether every iteration gave the same."""

from collections.abc import Sequence

from devsim.core.files import Frozen
from devsim.core.manifest import Block
from devsim.core.pipeline import Pipeline
from devsim.execute.inputs import StageInputs
from devsim.execute.tensors import TensorStore
from devsim.policy.protocol import Position
from devsim.runtime.protocol import Array


class StageDigests(Frozen):
    """SHA-256 of a stage's outputs, one an iteration; one phase of it, when its variant changes."""

    stage: str
    variant: str
    digests: tuple[str, ...]


class Outputs:
    """The tensors that flow in each stage of a run, and what its iterations ended with.

    Every iteration of a stage starts from the same inputs, so all must end with the same outputs.

    Args:
        pipeline: what is run.
        chunks: the packages of every chunk of every stage.
        inputs: of every stage.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        chunks: Sequence[Sequence[tuple[Block, ...]]],
        inputs: StageInputs,
    ) -> None:
        self._pipeline = pipeline
        self._chunks = chunks
        self._inputs = inputs
        self._stores: dict[int, TensorStore] = {}
        self._digests: dict[int, list[str]] = {number: [] for number in range(len(chunks))}
        self._last: dict[int, dict[str, Array]] = {}

    def store(self, at: Position) -> TensorStore:
        """The tensors that a compute takes from and puts into."""
        if at.stage not in self._stores:
            inputs = self._inputs[self._pipeline.stages[at.stage].name]
            self._stores[at.stage] = TensorStore(self._chunks[at.stage], inputs)
            self._stores[at.stage].start_iteration()
        return self._stores[at.stage]

    def note(self, at: Position) -> None:
        """Take a compute's end into account; an iteration's outputs are complete after its last."""
        stage = self._pipeline.stages[at.stage]
        if at.chunk < len(stage.chunks) - 1:
            return
        store = self._stores[at.stage]
        self._digests[at.stage].append(store.digest())
        if at.iteration == stage.iterations - 1:
            self._last[at.stage] = store.outputs()
            del self._stores[at.stage]
        else:
            store.start_iteration()

    def digests(self) -> tuple[StageDigests, ...]:
        """Of every stage, in order."""
        return tuple(
            StageDigests(stage=stage.name, variant=stage.variant, digests=tuple(self._digests[n]))
            for n, stage in enumerate(self._pipeline.stages)
        )

    def arrays(self) -> dict[str, Array]:
        """Outputs of every stage's last iteration, as ``STAGE/VARIANT/TENSOR``."""
        return {
            f"{stage.name}/{stage.variant}/{name}": array
            for number, stage in enumerate(self._pipeline.stages)
            for name, array in self._last.get(number, {}).items()
        }
