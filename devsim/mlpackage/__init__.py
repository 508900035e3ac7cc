"""Reads packages; the one place that trusts nothing."""
