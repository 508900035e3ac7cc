"""A policy driven in simulated time (simpy)."""

from devsim.compiled import prefer_sources

prefer_sources()
