"""How many random instances a test judges: ``DEVSIM_EXAMPLES=100000 pytest tests/simulation``."""

import os

from hypothesis import HealthCheck, settings


def examples(default: int) -> settings:
    count = int(os.environ.get("DEVSIM_EXAMPLES", "0"))
    return settings(
        max_examples=count or default, deadline=None, suppress_health_check=list(HealthCheck)
    )
