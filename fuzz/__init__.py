"""Hostile files for every reader of devsim, and a runner that sees what they do to it."""
