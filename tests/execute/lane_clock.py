"""Time that each thread has for itself, and that passes only where a test says so.

What a lane measures is then exact, however the threads of a test take turns.
"""

import threading


class LaneClock(threading.local):
    now_ns = 0

    def pass_ns(self, duration_ns: int) -> None:
        self.now_ns += duration_ns


class TimedRuntime:
    """Loads and predicts that take as long as ``takes_ns(what, package, beside)`` says.

    ``beside``: whether the other lane may be busy; the first load of anything and the first predict
    of each package are alone. Packages are loaded by ``runtime``, or stand for nothing without one.
    """

    name = "reference"

    def __init__(self, clock, takes_ns, runtime=None):
        self._clock, self._takes_ns, self._runtime = clock, takes_ns, runtime
        self._held, self._lock = 0, threading.Lock()

    def load(self, package):
        with self._lock:
            beside = self._held > 0
            self._held += 1
        loaded = TimedPackage(self, package, self._runtime.load(package) if self._runtime else None)
        self._clock.pass_ns(self._takes_ns("load", package, beside))
        return loaded

    def forget(self, package):
        if self._runtime:
            self._runtime.forget(package)

    def predicted(self, package, beside):
        self._clock.pass_ns(self._takes_ns("predict", package, beside))

    def left(self):
        with self._lock:
            self._held -= 1


class TimedPackage:
    def __init__(self, runtime, package, loaded):
        self._runtime, self._package, self._loaded = runtime, package, loaded
        self._computed = False

    def predict(self, tensors):
        outputs = self._loaded.predict(tensors) if self._loaded else {}
        self._runtime.predicted(self._package, self._computed)
        self._computed = True
        return outputs

    def unload(self):
        if self._loaded:
            self._loaded.unload()
        self._runtime.left()
