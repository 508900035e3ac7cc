"""``python -m devsim``, whose modules come from where they are installed."""

import sys


def _run() -> None:
    if not sys.flags.safe_path:
        del sys.path[0]  # the current folder, where anybody's modules may lie
    from devsim.cli.main import main

    main()


_run()
