"""Workloads in torch, as lists of blocks."""
