"""One run on one loader, without a clock: from one instant at which something ends to the next.

The rules are those of ``devsim.policy.schedule``, written a second time in a form that does little
else than add and compare: a run is two lanes, a row of unloads, and the bytes held.
"""

from dataclasses import dataclass

from devsim.policy.timetable import Costs, Decisions, most
from devsim.simulation.speeds import FULL_SPEED_PPM, Speeds


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run came to."""

    makespan_ns: int
    peak_bytes: int
    stall_ns: int
    """The compute lane idle, before the last compute."""
    enough_bytes: int
    """The run is the same under every budget from this one to its own."""
    unsettled: list[int]
    """Stages that were still changing when their iterations that are laid out ended."""


class _Lane:
    """What runs on a lane, by when it is done, and how much of it is left.

    Work is counted in millionths of a nanosecond at full speed.
    """

    def __init__(self) -> None:
        self.busy = False
        self.end_ns = 0
        self._work = 0
        self._since_ns = 0
        self._speed_ppm = FULL_SPEED_PPM

    def start(self, now: int, duration_ns: int, work: int) -> None:
        """Start what takes so long alone, and is so much work."""
        self.busy = True
        self.end_ns = now + duration_ns
        self._work = work
        self._since_ns = now
        self._speed_ppm = FULL_SPEED_PPM

    def go_at(self, now: int, speed_ppm: int) -> None:
        """Go on at this speed."""
        if speed_ppm != self._speed_ppm:
            self._work = self.work_left(now)
            self._since_ns = now
            self._speed_ppm = speed_ppm
            self.end_ns = now - (-self._work // speed_ppm)

    def work_left(self, now: int) -> int:
        """What is left to do."""
        return self._work - (now - self._since_ns) * self._speed_ppm


class Step:
    """A compute of the run with its load and its unload: what they cost."""

    def __init__(self, costs: Costs, number: int) -> None:
        self.before = costs.before[number]
        self.load_ns, self.unload_ns = costs.load_ns[number], costs.unload_ns[number]
        self.compute_ns = costs.compute_ns[number]
        self.load_work = self.load_ns * FULL_SPEED_PPM
        self.compute_work = self.compute_ns * FULL_SPEED_PPM
        self.resident, self.transient = costs.resident_bytes[number], costs.transient_bytes[number]
        self.activation = costs.working_bytes[number] - costs.carried_bytes[number]
        self.passing = costs.working_bytes[number] - costs.carried_bytes[number + 1]
        """Of what its compute holds, what goes when it ends."""


def steps_of(costs: Costs) -> list[Step]:
    """Every step of a run."""
    return [Step(costs, number) for number in range(costs.first[-1])]


class _Unload:
    """An unload that runs, and the one that ends after it."""

    def __init__(self) -> None:
        self.end_ns = self.number = self.size = 0
        self.then: _Unload | None = None


class Quick:
    """One run.

    A stage whose iterations repeat is laid out with fewer than it has. Once one of them starts
    exactly as the one before it did, everything taken relative to that instant, each further one
    repeats it, but for those at the end, in which what was kept goes and the loader may be at work
    for the next stage. So the run leaps to those, and what the others take is added.

    Args:
        costs: of the iterations that are laid out.
        steps: the same, step by step.
        decisions: on them.
        laid_out: how many iterations, by stage.
        left_out: how many more the stage has.
        repeats: whether its second iteration and all later ones have the same rules and keep the
            same chunks. Of a stage that does not, none is left out.
        base_bytes: held throughout.
        budget_bytes: what may be held.
        speeds: of activities beside one another.
    """

    def __init__(
        self,
        costs: Costs,
        steps: list[Step],
        decisions: Decisions,
        laid_out: list[int],
        left_out: list[int],
        repeats: list[bool],
        base_bytes: int,
        budget_bytes: int,
        speeds: Speeds,
    ) -> None:
        self._costs, self._steps, self._speeds = costs, steps, speeds
        self._working, self._most_working = costs.working_bytes, costs.most_working_bytes
        self._kept, self._stays, self._rules = decisions.kept, decisions.stays, decisions.rules
        self._laid_out, self._left_out = laid_out, left_out
        self._may_leap = list(repeats)
        self._budget_bytes = budget_bytes
        self._total = len(steps)

        self._compute, self._load = _Lane(), _Lane()
        self._unload: _Unload | None = None
        """The one that ends next."""
        self._spare: _Unload | None = None
        """Ended ones, to be used again."""
        self._leaving = costs.carried_bytes[0]
        """What of the footprint goes without anything else having to happen."""
        self._footprint = self._peak = self._enough = base_bytes + self._leaving
        self._hungry = self._blocked = False
        """Whether the next compute, and whether anything, waits for memory."""
        self._now = self._idle_since = self._stall_ns = 0
        self._current = 0
        """The compute that runs or comes next."""
        self._due = self._next_due(0)
        """The next load, by the number of its compute."""
        self._waits_for = self._due
        """The first compute whose chunk is not loaded yet."""
        self._ahead = 0
        """Chunks loaded or being loaded for computes after the current one; kept ones not."""
        self._added_ns = self._added_stall_ns = 0
        self._stage = -1
        self._enter_stage()

    def outcome(self) -> Outcome:
        """Run to the last compute's end."""
        compute, load, plain = self._compute, self._load, self._speeds.plain
        while True:
            if not compute.busy and self._current < self._waits_for:
                self._start_compute()
            self._blocked = self._hungry
            if not load.busy and self._due < self._total:
                self._start_load()
            if not plain:
                self._change_speeds()
            self._advance()
            if load.busy and load.end_ns == self._now:
                self._end_load()
            if compute.busy and compute.end_ns == self._now:
                self._end_compute()
                if self._current == self._border:
                    if self._current == self._total:
                        return self._end()
                    self._cross_border()

    def _start_compute(self) -> None:
        step = self._steps[self._current]
        needed = self._footprint + step.activation
        self._hungry = needed > self._budget_bytes
        if self._hungry:
            return
        self._enough = max(self._enough, needed)
        self._footprint = needed
        self._leaving += step.activation
        self._stall_ns += self._now - self._idle_since
        self._compute.start(self._now, step.compute_ns, step.compute_work)

    def _start_load(self) -> None:
        number, current = self._due, self._current
        step = self._steps[number]
        if step.before >= current:
            return
        if number != current:
            rule = self._rules[number]
            if (
                self._ahead >= rule.window
                or number - current > rule.distance
                or (rule.while_computing and not self._compute.busy)
            ):
                return
        needed = self._footprint + step.resident + step.transient
        self._blocked = True
        if self._hungry or needed > self._budget_bytes:
            return
        staying = self._footprint - self._leaving + step.resident
        later = staying + self._most_working
        if later > self._budget_bytes:
            later = staying + most(self._working, current, number)
            if later > self._budget_bytes:
                return
        if self._unload is not None and self._leaves(step.before):
            return
        self._blocked = False
        self._enough = max(self._enough, max(needed, later))
        self._footprint = needed
        self._leaving += step.transient
        self._load.start(self._now, step.load_ns, step.load_work)
        self._loading = step
        self._due = self._next_due(number + 1)
        if number > current:
            self._ahead += 1

    def _leaves(self, number: int) -> bool:
        """Whether the unload after this compute is running."""
        unload = self._unload
        while unload is not None:
            if unload.number == number:
                return True
            unload = unload.then
        return False

    def _next_due(self, number: int) -> int:
        while number < self._total and self._kept[number]:
            number += 1
        return number

    def _change_speeds(self) -> None:
        compute, load = self._compute, self._load
        if compute.busy:
            compute.go_at(self._now, self._beside_load if load.busy else FULL_SPEED_PPM)
        if load.busy:
            load.go_at(self._now, self._beside_compute if compute.busy else FULL_SPEED_PPM)

    def _advance(self) -> None:
        """To the next instant that matters; the end of an unload does if something waits for it."""
        compute, load, unload = self._compute, self._load, self._unload
        then = compute.end_ns if compute.busy else -1
        if load.busy and (then < 0 or load.end_ns < then):
            then = load.end_ns
        if unload is not None:
            if self._blocked and (then < 0 or unload.end_ns < then):
                then = unload.end_ns
            if then > self._now:
                self._free()
        if then > self._now:
            self._peak = max(self._peak, self._footprint)
            self._now = then
        if self._unload is not None:
            self._free()

    def _free(self) -> None:
        """Note the unloads that have ended."""
        unload = self._unload
        while unload is not None and unload.end_ns <= self._now:
            self._footprint -= unload.size
            self._leaving -= unload.size
            ended, unload = unload, unload.then
            ended.then, self._spare = self._spare, ended
        self._unload = unload

    def _end_load(self) -> None:
        self._load.busy = False
        self._footprint -= self._loading.transient
        self._leaving -= self._loading.transient
        self._waits_for = self._due

    def _end_compute(self) -> None:
        self._compute.busy = False
        number = self._current
        step = self._steps[number]
        self._footprint -= step.passing
        self._leaving -= step.passing
        if not self._stays[number]:
            self._leaving += step.resident
            self._start_unload(step, number)
        self._idle_since = self._now
        self._current = number + 1
        if self._current < self._due and not self._kept[self._current]:
            self._ahead -= 1

    def _start_unload(self, step: Step, number: int) -> None:
        unload = self._spare
        if unload is None:
            unload = _Unload()
        else:
            self._spare = unload.then
        unload.end_ns = self._now + step.unload_ns
        unload.number, unload.size = number, step.resident
        before, after = None, self._unload
        while after is not None and after.end_ns <= unload.end_ns:
            before, after = after, after.then
        unload.then = after
        if before is None:
            self._unload = unload
        else:
            before.then = unload

    def _enter_stage(self) -> None:
        self._stage += 1
        stage = self._stage
        self._stage_end = self._costs.first[stage + 1]
        self._length = (self._stage_end - self._current) // self._laid_out[stage]
        self._border = self._current + self._length
        self._started_as: tuple[int, ...] = ()
        if not self._speeds.plain:
            self._beside_load = self._speeds.compute_ppm[stage]
            self._beside_compute = self._speeds.load_ppm[stage]

    def _cross_border(self) -> None:
        """An iteration ends, and another begins."""
        if self._current == self._stage_end:
            self._enter_stage()
            return
        if self._may_leap[self._stage]:
            self._leap_if_it_repeats()
        self._border += self._length

    def _leap_if_it_repeats(self) -> None:
        """Leap to the last iteration, or the one before it if the loader is further than one ahead.

        Of a load for a later stage it matters how far that is.
        """
        ahead = self._due - self._current
        started_as = self._state()
        if started_as == self._started_as:
            remaining = (self._stage_end - self._current) // self._length
            run = 1 if ahead < self._length else 2
            if remaining >= run:
                self._leap(remaining - run)
        self._started_as = started_as
        self._started_ns, self._started_stall_ns = self._now, self._stall_ns

    def _state(self) -> tuple[int, ...]:
        """All that what follows depends on, relative to this instant."""
        state = [
            self._due - self._current if self._due < self._stage_end else -self._due,
            self._load.work_left(self._now) if self._load.busy else -1,
            self._footprint,
            self._leaving,
        ]
        unload = self._unload
        while unload is not None:
            state += unload.end_ns - self._now, unload.size, unload.number - self._current
            unload = unload.then
        return tuple(state)

    def _leap(self, over: int) -> None:
        """Leap over the iterations that are left out, and so many that are not."""
        times = self._left_out[self._stage] + over
        self._may_leap[self._stage] = False
        self._added_ns += times * (self._now - self._started_ns)
        self._added_stall_ns += times * (self._stall_ns - self._started_stall_ns)
        computes = over * self._length
        self._current += computes
        self._border += computes
        unload = self._unload
        while unload is not None:
            unload.number += computes
            unload = unload.then
        if self._due < self._stage_end:
            self._due += computes
            self._waits_for += computes

    def _end(self) -> Outcome:
        self._free()
        return Outcome(
            self._now + self._added_ns,
            max(self._peak, self._footprint),
            self._stall_ns + self._added_stall_ns,
            self._enough,
            [
                stage
                for stage, still in enumerate(self._may_leap)
                if still and self._left_out[stage] > 0
            ],
        )
