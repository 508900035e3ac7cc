"""What a notebook calls, and every verb of the command line: one function each.

Sizes are bytes, or text such as ``3.3GB``; a profile, plan or trace is the object or its path.
Results print in a few lines, draw themselves in a notebook, and give ``to_dict()`` (what ``--json``
prints), ``write(path)`` and, where there is a table, ``to_pandas()``.
"""

from devsim.api.comparing import ComparisonResult, compare
from devsim.api.device_table import DeviceTable, devices
from devsim.api.planning import frontier, plan
from devsim.api.plans import FrontierResult, PlanResult
from devsim.api.simulating import SimulationResult, simulate
from devsim.api.targets import VideoSize, load_profile
from devsim.api.traces import ReplayResult, replay

__all__ = [
    "ComparisonResult",
    "DeviceTable",
    "FrontierResult",
    "PlanResult",
    "ReplayResult",
    "SimulationResult",
    "VideoSize",
    "compare",
    "devices",
    "frontier",
    "load_profile",
    "plan",
    "replay",
    "simulate",
]
