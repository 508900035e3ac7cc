"""``python -m devsim``."""

from devsim.cli.main import run

run()
