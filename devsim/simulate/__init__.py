"""A policy driven in simulated time (simpy)."""
