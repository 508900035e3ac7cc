"""devsim: plan, simulate and validate models larger than memory on mobile devices."""

__version__ = "0.1.0"
