"""One package to make, and how it is made in the process that this runs in."""

import hashlib
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from devsim.convert.faults import InaccurateError
from devsim.convert.outcome import Made
from devsim.convert.package import count_flops, weight_file_bytes, write_package
from devsim.convert.precision import LOWEST_PSNR_DB, Precision
from devsim.convert.source import BlockSource, PipelineSource, StageSource
from devsim.core.files import package_digest
from devsim.core.manifest import Block, Check, Port
from devsim.version import __version__

Arrays = Mapping[str, npt.NDArray[np.generic]]
Compute = Callable[[Arrays], dict[str, npt.NDArray[np.generic]]]
Checker = Callable[[Path, Sequence[Port], Compute, int], Check]
"""Takes a package, its inputs, the torch module that it has to equal, by the package's names of
inputs and outputs, and a number of threads. It is pickled with its job: a function of a module."""


_RSS_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, getrusage(2)


@dataclass(frozen=True, slots=True)
class Job:
    """One package to make.

    Attributes:
        stage: the name of its stage.
        variant: the name of its variant.
        block: what to convert.
        precision: of the package.
        package: its path in the folder.
        recipe: digest of everything that decides what the package holds.
        check: compares the package with torch, where that is wanted.
    """

    stage: str
    variant: str
    block: BlockSource
    precision: Precision
    package: Path
    recipe: str
    check: Checker | None


@dataclass(frozen=True, slots=True)
class Assignment:
    """A job, where its package is to be written, and how many threads it may use."""

    job: Job
    package: Path
    threads: int


def list_jobs(
    source: PipelineSource,
    stage: StageSource,
    precisions: Sequence[Precision],
    check: Checker | None,
) -> Iterator[Job]:
    """Every package of a stage: its blocks in each precision, then its alternatives.

    Args:
        source: the stage's workload.
        stage: the stage.
        precisions: the first is the default variant, and what the alternatives are made in.
        check: compares packages with torch, where that is wanted.
    """
    first, *others = precisions
    variants = [
        (first, first, stage.blocks),
        *((precision, precision, stage.blocks) for precision in others),
        *((name, first, blocks) for name, blocks in stage.alternatives.items()),
    ]
    for variant, precision, blocks in variants:
        folder = Path(stage.name) if variant == first else Path(stage.name, variant)
        for block in blocks:
            recipe = _recipe(source, stage.name, variant, block, precision)
            package = folder / f"{block.name}.mlpackage"
            yield Job(stage.name, variant, block, precision, package, recipe, check)


def perform(job: Job, package: Path) -> Made:
    """Make a package and tell what it took; see ``make``."""
    started_ns = time.monotonic_ns()
    block = make(job, package)
    return Made(
        block=block,
        duration_ns=time.monotonic_ns() - started_ns,
        peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT_BYTES,
    )


def make(job: Job, package: Path) -> Block:
    """Build the module, convert it, and check the package against it.

    When it fails, what it has written stays.

    Args:
        job: what to make.
        package: where; a path that is free.

    Raises:
        BadInputError: the package cannot be written.
        BadFileError: a checkpoint that does not fit the workload.
        InaccurateError: the package is too far from torch.
    """
    module = job.block.build()
    write_package(module, job.block.inputs, job.block.outputs, package, job.precision)
    check = None
    if job.check is not None:
        compute = _compute(job, module)
        check = job.check(package, job.block.inputs, compute, torch.get_num_threads())
    if check is not None:
        _judge(job, check)
    return Block(
        name=job.block.name,
        package=job.package.as_posix(),
        digest=package_digest(package),
        weight_bytes=weight_file_bytes(package),
        parameters=sum(parameter.numel() for parameter in module.parameters()),
        flops=count_flops(module, job.block.inputs),
        inputs=job.block.inputs,
        outputs=job.block.outputs,
        check=check,
        recipe=job.recipe,
    )


def _compute(job: Job, module: nn.Module) -> Compute:
    def compute(inputs: Arrays) -> dict[str, npt.NDArray[np.generic]]:
        with torch.inference_mode():
            tensors = (torch.from_numpy(inputs[port.name]) for port in job.block.inputs)
            outputs: Any = module(*tensors)
        each = outputs if isinstance(outputs, tuple) else (outputs,)
        names = (port.name for port in job.block.outputs)
        return {name: value.numpy() for name, value in zip(names, each, strict=True)}

    return compute


def _judge(job: Job, check: Check) -> None:
    lowest = LOWEST_PSNR_DB.get(job.precision)
    if lowest is not None and check.psnr_db is not None and check.psnr_db < lowest:
        raise InaccurateError(
            f"{job.package.as_posix()}: its PSNR against torch is {check.psnr_db:.1f} dB, "
            f"below the {lowest:.0f} dB of {job.precision}",
            "convert it in another precision, or report the operation that is wrong",
        )


def _recipe(
    source: PipelineSource, stage: str, variant: str, block: BlockSource, precision: Precision
) -> str:
    facts = {
        "workload": source.workload,
        "size": source.size,
        "shape": source.shape,
        "weights": source.weights,
        "block": [stage, variant, block.name, precision],
        "ports": [port.model_dump() for port in (*block.inputs, *block.outputs)],
        "versions": [__version__, version("torch"), version("coremltools")],
    }
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
