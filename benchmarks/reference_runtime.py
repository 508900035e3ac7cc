"""The reference runtime beside what it could be at best: ratios of medians, 1 is even.

    python benchmarks/reference_runtime.py [FOLDER] [predict] [load] [overlap] [shapes]

Converts a full-width STDiT pair into FOLDER (fp32 and fp16, 360 MB with its ONNX export, kept for
the next time), then measures, alternating, on one thread:

In an environment as devsim's own workers have it:

- predict: against torch eager and, when ``devsim[benchmark]`` is installed, onnxruntime; and the
  fp16 package against its fp32 twin;
- load: a cached load against a bare ``preadv`` of the weights into fresh memory of the same kind,
  with the file in the page cache and after posix_fadvise(DONTNEED) has dropped it from there;
- overlap: a predict alone against one beside a thread that loads and unloads without a pause, and
  beside one that only multiplies a small matrix: where that slows it as much, the machine is busy;
- shapes: the first, the second and a later predict of a shape, of a small model of flexible shapes
  whose time goes into its many operations.
"""

import contextlib
import mmap
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

from devsim.execute.footprint import PeakMeter, footprint_bytes
from devsim.runtime.allocator import allocator_environment
from devsim.runtime.pages import fresh_memory
from devsim.runtime.reference import ReferenceRuntime
from devsim.workloads import find
from devsim.workloads.pipeline import Options

LATENT = (20, 24, 24)
BLOCK = "st_00"
STARTED = "DEVSIM_BENCHMARK_STARTED"
PREDICTS, LOADS, OVERLAPS, ROUNDS = 5, 9, 3, 30
LENGTHS = range(16, 25)
"""More than the runtime keeps shapes of."""

Arrays = dict[str, np.ndarray]


def medians(works: dict[str, Callable[[], object]], repetitions: int) -> dict[str, float]:
    """Seconds that each takes, after one round to warm up; they take turns."""
    samples: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(repetitions + 1):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            if turn:
                samples[name].append(time.perf_counter() - start)
    return {name: statistics.median(each) for name, each in samples.items()}


def show(what: str, ours: float, theirs: float, bar: str) -> None:
    print(f"  {what:<44} {ours:8.3f} s {theirs:8.3f} s  ratio {ours / theirs:5.2f}  ({bar})")


def package(folder: Path, precision: str) -> Path:
    if not (folder / precision / "manifest.json").exists():
        latent = "x".join(map(str, LATENT))
        command = ["convert", "open-sora-v1.2", "--stage", "stdit", "--depth", "1"]
        command += ["--latent", latent, "--precision", precision, "-o", str(folder / precision)]
        subprocess.run([sys.executable, "-m", "devsim", *command], check=True)
    return folder / precision / "stdit" / f"{BLOCK}.mlpackage"


def eager() -> torch.nn.Module:
    options = Options(size="full", shape=LATENT, depth=1, stages=("stdit",))
    pipeline = find("open-sora-v1.2").pipeline(options)
    return next(b for b in pipeline.stages[0].blocks if b.name == BLOCK).build().eval()


def onnx_session(folder: Path, module: torch.nn.Module, given: Arrays) -> Callable[[], object]:
    import onnxruntime

    path = folder / f"{BLOCK}.onnx"
    names = list(given)
    if not path.exists():
        tensors = tuple(map(torch.from_numpy, given.values()))
        torch.onnx.export(module, tensors, path, input_names=names, dynamo=True, verbose=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, given)


def predict(folder: Path) -> None:
    loaded = ReferenceRuntime().load(package(folder, "fp32"))
    half = ReferenceRuntime().load(package(folder, "fp16"))
    random = np.random.default_rng(0)
    given = {
        port.name: random.standard_normal(port.shape).astype(np.float32) for port in loaded.inputs
    }
    halves = {port.name: given[port.name].astype(port.dtype) for port in half.inputs}
    module = eager()
    tensors = [torch.from_numpy(array) for array in given.values()]

    def run_eager() -> None:
        with torch.inference_mode():
            module(*tensors)

    works: dict[str, Callable[[], object]] = {
        "devsim": lambda: loaded.predict(given),
        "torch": run_eager,
        "fp16": lambda: half.predict(halves),
    }
    with contextlib.suppress(ModuleNotFoundError):
        works["onnx"] = onnx_session(folder, module, given)
    took = medians(works, PREDICTS)
    print("predict of a full-width fp32 pair, latent", "x".join(map(str, LATENT)))
    show("devsim against torch eager", took["devsim"], took["torch"], "at most 1.05")
    if "onnx" in took:
        show("devsim against onnxruntime", took["devsim"], took["onnx"], "at most 1.25")
    show("fp16 package against fp32", took["fp16"], took["devsim"], "at most 1.5")


def bare_read(path: Path) -> mmap.mmap:
    size = path.stat().st_size
    buffer = fresh_memory(size)
    handle, done = os.open(path, os.O_RDONLY), 0
    with memoryview(buffer) as whole:
        while done < size:
            done += os.preadv(handle, [whole[done:]], done)
    os.close(handle)
    return buffer


def drop(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    os.fsync(handle)  # dirty pages are not dropped
    os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(handle)


def load(folder: Path) -> None:
    runtime, path = ReferenceRuntime(), package(folder, "fp32")
    (weights,) = path.rglob("weight.bin")
    runtime.load(path).unload()
    print(f"load of {weights.stat().st_size / 1e6:.0f} MB, cached")
    for state, prepare in (("warm", lambda: None), ("dropped", lambda: drop(weights))):
        samples: dict[str, list[float]] = {"devsim": [], "bare": []}
        for _ in range(LOADS):
            for name in samples:
                prepare()
                start = time.perf_counter()
                held = runtime.load(path) if name == "devsim" else bare_read(weights)
                samples[name].append(time.perf_counter() - start)
                del held
        ours, bare = (statistics.median(each) for each in samples.values())
        show(f"page cache {state}: devsim against preadv", ours, bare, "at most 1.18")
    footprint(runtime, path, weights.stat().st_size)


def footprint(runtime: ReferenceRuntime, path: Path, size: int) -> None:
    before = footprint_bytes(os.getpid())
    with PeakMeter() as meter:
        loaded = runtime.load(path)
    loaded.unload()
    left = footprint_bytes(os.getpid()) - before
    print(f"  peak during a load: {meter.rise_bytes / size:.3f} of the weights (at most 1.05)")
    print(f"  after unload: {left / size:+.3f} of the weights (at most 0.05)")


@contextlib.contextmanager
def beside(work: Callable[[], object]) -> Iterator[None]:
    """A thread that repeats ``work`` until the block ends."""
    stop = threading.Event()

    def repeat() -> None:
        while not stop.is_set():
            work()

    thread = threading.Thread(target=repeat)
    thread.start()
    yield
    stop.set()
    thread.join()


def overlap(folder: Path) -> None:
    runtime, path = ReferenceRuntime(), package(folder, "fp32")
    loaded = runtime.load(path)
    given = {port.name: np.ones(port.shape, np.float32) for port in loaded.inputs}
    small = torch.ones(300, 300)
    neighbours: dict[str, Callable[[], object] | None] = {
        "alone": None,
        "loads": lambda: runtime.load(path).unload(),
        "spin": lambda: torch.mm(small, small),
    }
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in neighbours}
    for _ in range(OVERLAPS):
        for name, work in neighbours.items():
            with beside(work) if work else contextlib.nullcontext():
                wall, processor = time.perf_counter(), time.thread_time()
                loaded.predict(given)
                wall, processor = time.perf_counter() - wall, time.thread_time() - processor
            samples[name].append((wall, processor))
    took = {
        name: [statistics.median(s) for s in zip(*each, strict=True)]
        for name, each in samples.items()
    }
    print("overlap of one compute thread with one that loads without a pause")
    show("beside loads against alone, wall", took["loads"][0], took["alone"][0], "at most 1.10")
    show("beside a spin against alone, wall", took["spin"][0], took["alone"][0],
         "what a busy machine adds")  # fmt: skip
    show("beside loads against alone, processor", took["loads"][1], took["alone"][1],
         "what caches and memory add")  # fmt: skip


class Attention(torch.nn.Module):
    """Takes every size from its input."""

    def __init__(self) -> None:
        super().__init__()
        self.inward, self.outward = torch.nn.Linear(64, 192), torch.nn.Linear(64, 64)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, length, width = x.shape
        parts = self.inward(x).reshape(batch, length, 3, 4, width // 4).permute(2, 0, 3, 1, 4)
        place = torch.arange(length)
        mask = (place[None, :] > place[:, None]).float() * -1e4
        scores = (parts[0] @ parts[1].transpose(-1, -2) + mask).softmax(-1)
        joined = (scores @ parts[2]).transpose(1, 2).reshape(batch, length, width)
        return x + self.outward(joined)


def flexible(folder: Path) -> Path:
    import coremltools as ct

    path = folder / "flexible.mlpackage"
    if not path.exists():
        torch.manual_seed(0)
        model = torch.nn.Sequential(*(Attention() for _ in range(6))).eval()
        size = ct.RangeDim(1, 64, default=16)
        ct.convert(
            torch.jit.trace(model, torch.zeros(1, 16, 64)),
            inputs=[ct.TensorType("x", ct.Shape((1, size, 64)))],
            minimum_deployment_target=ct.target.iOS17,
            compute_precision=ct.precision.FLOAT32,
            skip_model_load=True,
        ).save(str(path))
    return path


def shapes(folder: Path) -> None:
    loaded = ReferenceRuntime().load(flexible(folder))
    samples: list[list[float]] = [[], [], []]
    for _ in range(ROUNDS):
        for length in LENGTHS:
            given = {"x": np.ones((1, length, 64), np.float32)}
            for each in samples:
                start = time.perf_counter()
                loaded.predict(given)
                each.append(time.perf_counter() - start)
    first, second, later = (statistics.median(each) for each in samples)
    print("predict of a small model of flexible shapes")
    show("second of a shape against the first", second, first, "no aim")
    show("later of a shape against the first", later, first, "no aim")


def main(arguments: list[str]) -> None:
    """Run the sections that are named, or all."""
    sections = {"predict": predict, "load": load, "overlap": overlap, "shapes": shapes}
    chosen = [each for each in arguments if each in sections]
    folder = next((Path(a) for a in arguments if a not in sections), Path("models/reference"))
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    for name in chosen or sections:
        sections[name](folder)


def as_product_runs() -> None:
    """Start again with the allocator's settings of the processes that run packages."""
    environment = allocator_environment(os.environ)
    if os.environ.get(STARTED) is None:
        arguments = [sys.executable, __file__, *sys.argv[1:]]
        os.execve(sys.executable, arguments, {**environment, STARTED: "yes"})


if __name__ == "__main__":
    as_product_runs()
    main(sys.argv[1:])
