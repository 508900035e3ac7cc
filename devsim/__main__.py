"""``python -m devsim``."""

from devsim.cli.main import main

main()
