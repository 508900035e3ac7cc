"""What rings in simulated time (simpy)."""

from collections.abc import Callable
from typing import Any

import simpy
from simpy.events import Event

NOBODY: list[Callable[[Any], None]] = []


class Alarm(Event):
    """An event that rings again and again: half the cost of a process that makes timeouts.

    Its ``callbacks`` are to be set to ``NOBODY`` before it is scheduled: who steps the
    environment to it need not be called.
    """

    def __init__(self, env: simpy.Environment) -> None:
        super().__init__(env)
        self._ok, self._value = True, None
