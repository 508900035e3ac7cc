"""Policies as pure state machines: no clock, no threads, no I/O."""

from devsim.compiled import prefer_sources

prefer_sources()
