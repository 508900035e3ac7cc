"""The version of this devsim."""

__version__ = "0.1.0"
