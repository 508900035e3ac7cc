"""What happens when nobody reads standard output any more, as with ``devsim plan | head``."""

import os
import signal
import sys
from typing import NoReturn

_CUT_OFF = 128 + signal.SIGPIPE


def leave_quietly() -> NoReturn:
    """End as any program that is cut off; Python would complain once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise SystemExit(_CUT_OFF)
