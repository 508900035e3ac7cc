"""Policies as pure state machines: no clock, no threads, no I/O."""
