"""The process that calls Core ML: ``python -m devsim.runtime.coreml.helper``.

It holds one model at a time, reads pickled requests from standard input and writes pickled
answers to what was its standard output; it ends when its input does.
"""

import logging
import os
import pickle
import signal
import sys
from typing import Any, BinaryIO

from devsim.runtime.coreml.engine import CoreMLEngine, Engine
from devsim.runtime.coreml.errors import EngineError
from devsim.runtime.coreml.messages import (
    Answer,
    Compile,
    Compiled,
    Describe,
    Described,
    Failed,
    Load,
    Predict,
    Predicted,
    Request,
    Unloaded,
)


def serve(engine: Engine) -> None:
    """Answer requests until there are no more; the parent alone is interrupted."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        # What Core ML prints must not get between the answers.
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        _serve(engine, sys.stdin.buffer, answers)


def _serve(engine: Engine, requests: BinaryIO, answers: BinaryIO) -> None:
    while True:
        try:
            request: Request = pickle.load(requests)  # nosec B301
        except EOFError:
            return
        try:
            answer = _answer(engine, request)
        except EngineError as error:
            answer = Failed(str(error))
        # Tensors of a request or an answer must not outlive it: they would count as footprint.
        del request
        pickle.dump(answer, answers, protocol=pickle.HIGHEST_PROTOCOL)
        del answer
        answers.flush()


def _answer(engine: Engine, request: Request) -> Answer:
    match request:
        case Describe(package):
            return Described(engine.describe(package))
        case Compile(package, destination):
            return Compiled(engine.compile(package, destination))
        case Load(compiled, unit, interface):
            return engine.load(compiled, unit, interface)
        case Predict(tensors):
            return Predicted(engine.predict(tensors))
    engine.unload()
    return Unloaded()


def main() -> None:
    """Serve with Core ML.

    coremltools imports torch where it finds it and has no use for it here: hidden, every helper
    is 140 MB smaller.
    """
    modules: dict[str, Any] = sys.modules
    modules["torch"] = None
    logging.getLogger("coremltools").setLevel(logging.ERROR)
    serve(CoreMLEngine())


if __name__ == "__main__":
    main()
