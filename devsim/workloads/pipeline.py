"""What every workload gives: stages of blocks, each built in torch on its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from torch import nn

from devsim.core.errors import BadInputError
from devsim.core.manifest import Port
from devsim.core.video import Latent, Video
from devsim.workloads.weights import Component, RandomWeights, Weights, WeightSource


@dataclass(frozen=True, slots=True)
class TorchBlock:
    """One block: its interface and how to build its module.

    Attributes:
        name: unique in its stage.
        inputs: what the module takes, in the order of its arguments.
        outputs: what it returns, in order.
        build: makes the module with its weights, and nothing of any other block. It can be
            pickled, so that a fresh process can build the block.
        kind: blocks of a stage's variant with one kind differ only in the values of their
            weights; empty for a block that is like no other.
    """

    name: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    build: Callable[[], nn.Module]
    kind: str = ""


@dataclass(frozen=True, slots=True)
class TorchStage:
    """One model: its blocks in compute order, run ``iterations`` times by default.

    Attributes:
        name: unique in its pipeline.
        iterations: how often the blocks run, by default.
        blocks: the default variant of every block.
        alternatives: other variants of some blocks, by the variant's name; each takes the place
            of the block of its name, with the same interface and weights.
        precision: what its packages are converted to when nobody says otherwise.
    """

    name: str
    iterations: int
    blocks: tuple[TorchBlock, ...]
    alternatives: dict[str, tuple[TorchBlock, ...]] = field(default_factory=dict)
    precision: str = "fp32"


@dataclass(frozen=True, slots=True)
class TorchPipeline:
    """A workload at one size, input shape and set of weights, ready to convert."""

    workload: str
    size: str
    shape: str
    weights: str
    stages: tuple[TorchStage, ...]


@dataclass(frozen=True, slots=True)
class Options:
    """What a user may choose.

    Attributes:
        size: ``full``, or a reduced size with the same structure.
        video: the size of the video; the workload's default when None.
        shape: ``(frames, height, width)`` of the latent, instead of ``video``.
        depth: how many of the repeated blocks, all when None.
        stages: names of the stages to list, all when None.
        weights: where parameters come from.
    """

    size: str = "full"
    video: Video | None = None
    shape: tuple[int, ...] | None = None
    depth: int | None = None
    stages: tuple[str, ...] | None = None
    weights: WeightSource = field(default_factory=lambda: RandomWeights(seed=0))

    def latent(self) -> Latent | None:
        """The latent of ``shape``, if there is one.

        Raises:
            BadInputError: it is not three positive sizes, or ``video`` is given too.
        """
        if self.shape is None:
            return None
        if self.video is not None:
            raise BadInputError(
                "the size of the latent and that of the video are both given", "leave one out"
            )
        if len(self.shape) != 3 or min(self.shape) < 1:
            raise BadInputError(
                f"{'x'.join(map(str, self.shape))} is not the shape of a latent",
                "give frames, height and width such as 20x32x32",
            )
        return Latent(*self.shape)

    def layers(self, most: int) -> int:
        """The depth, where a model has ``most`` repeated blocks by itself.

        Raises:
            BadInputError: it is not positive.
        """
        if self.depth is None:
            return most
        if self.depth < 1:
            raise BadInputError(f"depth {self.depth} is not positive", "give at least 1")
        return self.depth


class Workload(Protocol):
    """A named workload."""

    @property
    def name(self) -> str:
        """The name on the command line."""

    @property
    def sizes(self) -> tuple[str, ...]:
        """The sizes it can be made at, ``full`` first."""

    def pipeline(self, options: Options) -> TorchPipeline:
        """List the blocks; builds none of them.

        Raises:
            BadInputError: an option that the workload does not have.
            BadFileError: a checkpoint that cannot be read.
        """


def port(
    name: str, *shape: int, dtype: Literal["float32", "int32"] = "float32", tensor: str = ""
) -> Port:
    """An input or output; ``tensor`` is what it reads or writes, its own name when empty."""
    return Port(name=name, tensor=tensor or name, shape=shape, dtype=dtype)


def chosen_size(workload: str, size: str, sizes: tuple[str, ...]) -> str:
    """The size, if the workload has it.

    Raises:
        BadInputError: it does not.
    """
    if size not in sizes:
        raise BadInputError(
            f"{workload} has no size '{size}'", f"choose one of: {', '.join(sizes)}"
        )
    return size


def listed(
    workload: str,
    options: Options,
    models: Mapping[str, tuple[Component, Callable[[Weights], TorchStage]]],
    shape: str,
) -> TorchPipeline:
    """The pipeline of the chosen stages, in the workload's order.

    Args:
        workload: its name.
        options: what the user chose.
        models: of each stage, what holds its weights and what lists its blocks.
        shape: the size of the video, for people.

    Raises:
        BadInputError: the workload has no stage of a name, or the weights no component.
    """
    for name in options.stages or ():
        if name not in models:
            raise BadInputError(
                f"{workload} has no stage '{name}'", f"choose from: {', '.join(models)}"
            )
    chosen = [
        model for name, model in models.items() if options.stages is None or name in options.stages
    ]
    return TorchPipeline(
        workload=workload,
        size=options.size,
        shape=shape,
        weights=options.weights.label([component for component, _ in chosen]),
        stages=tuple(make(options.weights.component(component)) for component, make in chosen),
    )
