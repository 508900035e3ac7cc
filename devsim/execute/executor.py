"""The executor: a scheduler driven in real time, over a runtime."""

import os
import queue
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from devsim.core.manifest import Block
from devsim.core.pipeline import Pipeline
from devsim.core.trace import Kind, Span
from devsim.execute.footprint import footprint_bytes
from devsim.execute.models import Models
from devsim.execute.prepare import touch_memory, warm_up
from devsim.execute.tensors import TensorStore
from devsim.policy.protocol import Policy, Position
from devsim.policy.scheduler import Activity, Scheduler
from devsim.runtime.protocol import LoadedPackage, Runtime


class Execution(NamedTuple):
    """What a run did; span times count from ``started_ns`` (time.monotonic_ns)."""

    started_ns: int
    started_bytes: int
    """The process's footprint at the start."""
    spans: tuple[Span, ...]
    outputs_digest: str
    """SHA-256 over the outputs of every stage's last iteration."""


def execute(
    pipeline: Pipeline,
    policy: Policy,
    budget_bytes: int,
    models: Models,
    runtime: Runtime,
    on_compute: Callable[[int, int], None],
) -> Execution:
    """Run a pipeline under a policy and a budget, for real.

    A chunk of several blocks is loaded, computed and unloaded package after package.

    Args:
        pipeline: what to run, with the bytes that the ledger counts.
        policy: says what to load, compute and unload next.
        budget_bytes: what may be held.
        models: the converted packages.
        runtime: loads and computes them.
        on_compute: called after every compute with how many are done and how many there are.

    Raises:
        InfeasibleBudgetError: the policy cannot keep the budget.
        DevsimError: whatever the runtime raised; lanes are ended and packages unloaded first.
    """
    run = _Run(pipeline, policy, budget_bytes, models, runtime)
    warm_up(models, runtime)
    touch_memory(budget_bytes - footprint_bytes(os.getpid()))
    try:
        return run.drive(on_compute)
    finally:
        run.close()


class _Ended(NamedTuple):
    """An activity that has ended; times are time.monotonic_ns."""

    activity: Activity
    start_ns: int
    end_ns: int


class _Run:
    def __init__(
        self,
        pipeline: Pipeline,
        policy: Policy,
        budget_bytes: int,
        models: Models,
        runtime: Runtime,
    ) -> None:
        self._scheduler = Scheduler(pipeline, policy, budget_bytes)
        self._pipeline = pipeline
        self._models = models
        self._runtime = runtime
        self._chunks = models.chunks(pipeline)
        self._loaded: dict[tuple[int, int], list[LoadedPackage]] = {}
        self._stores: dict[int, TensorStore] = {}
        self._digests: list[str] = []
        self._ended: queue.SimpleQueue[Future[_Ended]] = queue.SimpleQueue()
        self._work = {Kind.LOAD: self._load, Kind.COMPUTE: self._compute, Kind.UNLOAD: self._unload}
        self._lanes = {kind: ThreadPoolExecutor(1, f"devsim-{kind}") for kind in Kind}

    def drive(self, on_compute: Callable[[int, int], None]) -> Execution:
        total = sum(stage.iterations * len(stage.chunks) for stage in self._pipeline.stages)
        started_bytes = footprint_bytes(os.getpid())
        started_ns = time.monotonic_ns()
        spans: list[Span] = []
        self._start(self._scheduler.start())
        while not self._scheduler.done:
            ended = self._ended.get().result()
            self._start(self._scheduler.finish([ended.activity]))
            spans.append(self._span(ended, started_ns))
            if ended.activity.kind is Kind.COMPUTE:
                on_compute(ended.activity.at.number + 1, total)
        spans.sort(key=lambda span: span.start_ns)
        return Execution(started_ns, started_bytes, tuple(spans), "".join(self._digests))

    def close(self) -> None:
        for lane in self._lanes.values():
            lane.shutdown(cancel_futures=True)
        for packages in self._loaded.values():
            for package in packages:
                package.unload()
        self._loaded.clear()

    def _start(self, activities: list[Activity]) -> None:
        for activity in activities:
            future = self._lanes[activity.kind].submit(self._do, activity)
            future.add_done_callback(self._ended.put)

    def _do(self, activity: Activity) -> "_Ended":
        start_ns = time.monotonic_ns()
        self._work[activity.kind](activity)
        return _Ended(activity, start_ns, time.monotonic_ns())

    def _load(self, activity: Activity) -> None:
        packages = self._loaded.setdefault(_key(activity.at), [])
        for block in self._blocks(activity.at):
            packages.append(self._runtime.load(self._models.path(block)))

    def _unload(self, activity: Activity) -> None:
        packages = self._loaded.pop(_key(activity.at))
        while packages:
            packages.pop().unload()

    def _compute(self, activity: Activity) -> None:
        at = activity.at
        store = self._store(at)
        for block, package in zip(self._blocks(at), self._loaded[_key(at)], strict=True):
            store.put(block, package.predict(store.inputs(block)))
        stage = self._pipeline.stages[at.stage]
        if at.iteration == stage.iterations - 1 and at.chunk == len(stage.chunks) - 1:
            self._digests.append(self._stores.pop(at.stage).digest())

    def _store(self, at: Position) -> TensorStore:
        if at.stage not in self._stores:
            stage = self._models.stage(self._pipeline.stages[at.stage].name)
            self._stores[at.stage] = TensorStore(stage)
        store = self._stores[at.stage]
        if at.chunk == 0:
            store.start_iteration()
        return store

    def _blocks(self, at: Position) -> tuple[Block, ...]:
        return self._chunks[at.stage][at.chunk]

    def _span(self, ended: _Ended, started_ns: int) -> Span:
        kind, at, cold, waited_for = ended.activity
        stage = self._pipeline.stages[at.stage]
        return Span(
            kind=kind,
            position=at.number,
            stage=stage.name,
            iteration=at.iteration,
            chunk=at.chunk,
            name=stage.chunks[at.chunk].name,
            start_ns=ended.start_ns - started_ns,
            end_ns=ended.end_ns - started_ns,
            cold=cold,
            waited_for=waited_for,
        )


def _key(at: Position) -> tuple[int, int]:
    return at.stage, at.chunk
