"""Runtimes: load, predict and unload one package."""
