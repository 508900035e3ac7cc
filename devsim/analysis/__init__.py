"""Reads a trace: stalls, footprint, differences between two traces."""
