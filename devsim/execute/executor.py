"""The executor: a scheduler driven in real time, over a runtime."""

import os
import queue
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

from devsim.core.chrome import SpanArgs
from devsim.core.errors import DevsimError
from devsim.core.manifest import Block
from devsim.core.pipeline import Pipeline
from devsim.core.trace import Kind, Span
from devsim.core.units import format_bytes
from devsim.execute.course import Course
from devsim.execute.events import Begun, BudgetShrunk, Ended, RunEvent, Started
from devsim.execute.footprint import footprint_bytes
from devsim.execute.inputs import StageInputs, stage_inputs
from devsim.execute.lanes import Lanes, Surroundings
from devsim.execute.models import Models
from devsim.execute.outputs import Outputs
from devsim.execute.page_cache import PageCache, drop_pages
from devsim.execute.prepare import touch_memory, warm_up
from devsim.policy.protocol import Policy, Position
from devsim.policy.scheduler import Activity
from devsim.runtime.protocol import LoadedPackage, Runtime

OnPressure = Literal["stop", "shed"]


class ActivityError(DevsimError):
    """A load, compute or unload failed in a way that its runtime does not explain."""

    exit_status = 1


class PressureError(DevsimError):
    """The budget shrank below what the run holds, and it was told to stop then."""

    exit_status = 1


class Execution(NamedTuple):
    """What a run did; span times count from its start."""

    spans: tuple[Span, ...]
    outputs: Outputs


class Executor:
    """One run of a pipeline under a policy and a budget, for real.

    A chunk of several packages is loaded, computed and unloaded package after package.

    Args:
        pipeline: what to run, with the bytes that the ledger counts.
        policy: says what to load, compute and unload next.
        budget_bytes: what may be held.
        models: the converted packages.
        runtime: loads and computes them.
        around: cores and page cache, and the facts of the machine.
        on_pressure: what to do when the budget shrinks while the run goes on.
        on_event: told of everything as it happens, on the thread that calls ``run``.
        inputs: of every stage; None draws them.

    Raises:
        InfeasibleBudgetError: the policy cannot keep the budget.
        BadInputError: the models are not the pipeline's.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        policy: Policy,
        budget_bytes: int,
        models: Models,
        runtime: Runtime,
        around: Surroundings,
        on_pressure: OnPressure,
        on_event: Callable[[RunEvent], None],
        inputs: StageInputs | None = None,
    ) -> None:
        self._course = Course(pipeline, policy, budget_bytes)
        self._pipeline = pipeline
        self._models = models
        self._runtime = runtime
        self._around = around
        self._on_pressure = on_pressure
        self._on_event = on_event
        self._chunks = models.chunks(pipeline)
        self._loaded: dict[tuple[int, int], list[LoadedPackage]] = {}
        self._inputs = stage_inputs(models) if inputs is None else inputs
        self._outputs = Outputs(pipeline, self._chunks, self._inputs)
        self._inbox: queue.SimpleQueue[Future[_Ended] | int] = queue.SimpleQueue()
        self._work = {Kind.LOAD: self._load, Kind.COMPUTE: self._compute, Kind.UNLOAD: self._unload}
        self._lanes = Lanes(around.cores, pipeline.loaders)
        self._started_ns = 0
        self._spans: list[Span] = []
        self._seen: set[object] = set()
        self._running = 0

    def run(self) -> Execution:
        """Run to the end.

        Raises:
            DevsimError: whatever the runtime raised, or the budget shrank; lanes have ended and
                packages are unloaded.
        """
        try:
            warm_up(self._models, self._inputs, self._runtime, self._lanes)
            most_bytes = min(self._course.budget_bytes, _most_bytes(self._pipeline))
            touch_memory(most_bytes - footprint_bytes(os.getpid()))
            if self._around.page_cache is not PageCache.KEEP:
                drop_pages(self._paths())
            return self._drive()
        finally:
            self._close()

    def shrink_budget(self, budget_bytes: int) -> None:
        """Say from any thread that less may be held from now on."""
        self._inbox.put(budget_bytes)

    def _drive(self) -> Execution:
        held_bytes = footprint_bytes(os.getpid())
        self._started_ns = time.monotonic_ns()
        environment = self._around.environment
        self._on_event(
            Started(
                started_ns=self._started_ns, footprint_bytes=held_bytes, environment=environment
            )
        )
        self._start(self._course.start())
        while self._running or self._loaded or not self._course.all_computed:
            message = self._inbox.get()
            if isinstance(message, int):
                self._shrink(message)
            else:
                ended = message.result()
                self._start(self._course.finish(ended.activity))
                self._note(ended)
        self._spans.sort(key=lambda span: span.start_ns)
        return Execution(tuple(self._spans), self._outputs)

    def _note(self, ended: "_Ended") -> None:
        """Record what has ended; after its successors were started, as it takes some time."""
        self._running -= 1
        self._spans.append(self._span(ended))
        self._on_event(Ended(span=SpanArgs.of(self._spans[-1])))

    def _close(self) -> None:
        self._lanes.close()
        for packages in self._loaded.values():
            for package in packages:
                package.unload()
        self._loaded.clear()

    def _shrink(self, budget_bytes: int) -> None:
        if budget_bytes >= self._course.budget_bytes:
            return
        if self._on_pressure == "stop":
            raise PressureError(
                f"the budget shrank to {format_bytes(budget_bytes)} "
                f"while the ledger held {format_bytes(self._course.footprint_bytes)}",
                "plan for the smaller budget, or go on with less: --on-pressure shed",
            )
        while self._running:
            message = self._inbox.get()
            if isinstance(message, int):
                budget_bytes = min(budget_bytes, message)
            else:
                ended = message.result()
                self._course.finish(ended.activity)  # what would start now is not started
                self._note(ended)
        dropped = [self._name(*key) for key in self._loaded]
        for key in list(self._loaded):
            self._lanes.do(Kind.UNLOAD, partial(self._drop, key))
        if self._course.all_computed:  # what was dropped is all that was left
            return
        started = self._course.begin_again(budget_bytes)
        self._on_event(
            BudgetShrunk(
                time_ns=time.monotonic_ns() - self._started_ns,
                budget_bytes=budget_bytes,
                dropped=tuple(dropped),
            )
        )
        self._start(started)

    def _start(self, activities: list[Activity]) -> None:
        self._running += len(activities)
        for activity in activities:
            future = self._lanes.submit(activity.kind, partial(self._do, activity))
            future.add_done_callback(self._inbox.put)
        for activity in activities:
            self._on_event(self._begun(activity))

    def _do(self, activity: Activity) -> "_Ended":
        start_ns = time.monotonic_ns()
        try:
            self._work[activity.kind](activity)
        except DevsimError:
            raise
        except Exception as error:
            stage = self._pipeline.stages[activity.at.stage]
            raise ActivityError(
                f"{activity.kind} of {stage.name} {stage.chunks[activity.at.chunk].name} "
                f"raised {type(error).__name__}: {error}",
                "run its package alone with devsim run, or convert it again",
            ) from error
        end_ns = time.monotonic_ns()
        if activity.kind is Kind.COMPUTE:
            self._outputs.note(activity.at)
        return _Ended(activity, start_ns, end_ns)

    def _load(self, activity: Activity) -> None:
        packages = self._loaded.setdefault(_key(activity.at), [])
        for block in self._blocks(activity.at):
            packages.append(self._runtime.load(self._models.path(block)))
        if self._around.page_cache is PageCache.DROP_ALWAYS:
            paths = [self._models.path(block) for block in self._blocks(activity.at)]
            self._lanes.submit(Kind.UNLOAD, lambda: drop_pages(paths))

    def _unload(self, activity: Activity) -> None:
        self._drop(_key(activity.at))

    def _drop(self, key: tuple[int, int]) -> None:
        packages = self._loaded.pop(key)
        while packages:
            packages.pop().unload()

    def _compute(self, activity: Activity) -> None:
        at = activity.at
        store = self._outputs.store(at)
        for block, package in zip(self._blocks(at), self._loaded[_key(at)], strict=True):
            store.put(block, package.predict(store.inputs(block)))

    def _blocks(self, at: Position) -> tuple[Block, ...]:
        return self._chunks[at.stage][at.chunk]

    def _paths(self) -> set[Path]:
        blocks = (block for stage in self._chunks for chunk in stage for block in chunk)
        return {self._models.path(block) for block in blocks}

    def _name(self, stage: int, chunk: int) -> str:
        return (
            f"{self._pipeline.stages[stage].name} {self._pipeline.stages[stage].chunks[chunk].name}"
        )

    def _begun(self, activity: Activity) -> Begun:
        at = activity.at
        stage = self._pipeline.stages[at.stage]
        return Begun(
            kind=activity.kind,
            position=at.number,
            stage=stage.name,
            iteration=stage.first_iteration + at.iteration,
            name=stage.chunks[at.chunk].name,
            time_ns=time.monotonic_ns() - self._started_ns,
            chunk_bytes=stage.chunks[at.chunk].cost.resident_bytes,
            ledger_bytes=self._course.footprint_bytes,
        )

    def _span(self, ended: "_Ended") -> Span:
        kind, at, cold, waited_for = ended.activity
        stage = self._pipeline.stages[at.stage]
        return Span(
            kind=kind,
            position=at.number,
            stage=stage.name,
            iteration=stage.first_iteration + at.iteration,
            chunk=at.chunk,
            name=stage.chunks[at.chunk].name,
            start_ns=ended.start_ns - self._started_ns,
            end_ns=ended.end_ns - self._started_ns,
            cold=cold,
            waited_for=waited_for,
        )


class _Ended(NamedTuple):
    """An activity that has ended; times are time.monotonic_ns."""

    activity: Activity
    start_ns: int
    end_ns: int


def _most_bytes(pipeline: Pipeline) -> int:
    """What a run can hold at most, whatever its budget."""
    costs = [chunk.cost for stage in pipeline.stages for chunk in stage.chunks]
    chunks = sum(cost.resident_bytes + cost.transient_bytes for cost in costs)
    return pipeline.base_bytes + chunks + max(cost.working_bytes for cost in costs)


def _key(at: Position) -> tuple[int, int]:
    return at.stage, at.chunk
