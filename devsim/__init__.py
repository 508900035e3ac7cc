"""devsim: plan, simulate and validate models larger than memory on mobile devices."""

from devsim.compiled import prefer_sources

__version__ = "0.1.0"

prefer_sources()
