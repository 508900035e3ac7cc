"""The process that makes one package: ``python -m devsim.convert.worker``.

A converter that crashes takes its process along, and one that converts a second model in the same
process is known to crash. On standard input come a length and a pickled ``Assignment``; one line
of JSON, an ``Outcome``, goes to standard output; whatever else is printed goes to standard error.
"""

import faulthandler
import os
import pickle
import signal
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devsim.convert.job import Assignment
    from devsim.convert.outcome import Outcome


def main() -> None:
    """Make one package; the parent alone is interrupted, and this process ends with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.enable()
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        size_bytes = int(sys.stdin.buffer.readline())
        pickled = sys.stdin.buffer.read(size_bytes)
        threading.Thread(target=_end_with_the_parent, daemon=True).start()
        outcome = _perform(pickle.loads(pickled))  # nosec B301
        answers.write(outcome.model_dump_json() + "\n")


def _end_with_the_parent() -> None:
    """Standard input is at its end when the parent has ended, however it did."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)


def _perform(assignment: "Assignment") -> "Outcome":
    import torch

    from devsim.convert.job import perform
    from devsim.convert.outcome import Failed
    from devsim.core.errors import BadInputError, DevsimError

    torch.set_num_threads(assignment.threads)
    try:
        return perform(assignment.job, assignment.package)
    except DevsimError as error:
        return Failed(
            problem=error.problem,
            fix=error.fix,
            exit_status=error.exit_status,
            concerns_all=isinstance(error, BadInputError),
        )


if __name__ == "__main__":
    main()
