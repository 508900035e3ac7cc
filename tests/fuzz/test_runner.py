"""The runner sees each kind of harm, done by a stand-in for devsim, and none where none is done."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from fuzz.arena import SECRET, root_of
from fuzz.campaign import Campaign, SeedError
from fuzz.corpus.variant import Command, Kind, Variant
from fuzz.report import typed
from fuzz.seeds import CHECKOUT
from fuzz.verdict import KINDS, MARKER

HOSTILE = Path("hostile")
ABOVE = Path("..")


def holds(size_bytes):
    return len(bytearray(b"x") * size_bytes)


def leaves_a_process():
    subprocess.Popen(["sleep", "100"], process_group=0)


def waits_for_a_process_that_hangs():
    subprocess.run(["sleep", "100"], process_group=0, check=False)


def is_killed():
    os.kill(os.getpid(), signal.SIGSEGV)


def refuses(write=None):
    if write:
        Path(write).write_text("half")
    print("devsim: the file is no good", file=sys.stderr)
    sys.exit(2)


def raises():
    raise ValueError("no")


def is_busy():
    while True:
        pass


def copies_a_secret():
    shutil.copy(root_of(Path.cwd()) / "private" / "thesis.txt", "out")


def prints(text):
    print(text, flush=True)


def prints_bytes(data):
    os.write(1, data)


def writes_gigabytes():
    try:
        os.truncate(os.open("out", os.O_CREAT | os.O_WRONLY, 0o600), 1 << 40)
    except OSError as error:
        print(f"out: cannot be written ({error.strerror})", file=sys.stderr)


def leaves_a_temporary_file():
    tempfile.mkstemp()


HARM = {
    "sleeps": ("hang", signal.pause),
    "is busy": ("hang", is_busy),
    "has a child that hangs": ("hang", waits_for_a_process_that_hangs),
    "holds too much": ("memory", lambda: holds(300_000_000)),
    "exits with 3": ("exit", lambda: sys.exit(3)),
    "dies of a signal": ("exit", is_killed),
    "raises": ("traceback", raises),
    "writes beside": ("write", lambda: Path("other").write_text("x")),
    "writes above": ("write", lambda: (ABOVE / "ESCAPED").mkdir()),
    "writes at the root": ("write", lambda: (root_of(Path.cwd()) / "E").write_text("x")),
    "links": ("write", lambda: (ABOVE / "link").symlink_to("/")),
    "deletes": ("delete", lambda: shutil.rmtree(ABOVE / ABOVE / "private")),
    "changes": ("delete", lambda: Path("private/thesis.txt").write_text("x")),
    "changes the hostile file": ("delete", lambda: HOSTILE.write_text("mended")),
    "leaves half an output": ("leftover", lambda: refuses("out")),
    "leaves a part of it": ("leftover", lambda: refuses("out.part")),
    "leaves a temporary file": ("leftover", leaves_a_temporary_file),
    "prints an escape": ("control", lambda: prints("\x1b[31mred")),
    "prints an 8-bit escape": ("control", lambda: prints("\x9b31mred")),
    "prints a bell to stderr": ("control", lambda: print("\x07", file=sys.stderr)),
    "turns the text around": ("control", lambda: prints("\u202egnp.exe")),
    "prints a surrogate": (
        "encoding",
        lambda: prints_bytes("\ud800".encode("utf-8", "surrogatepass")),
    ),
    "quotes a whole file": ("long", lambda: prints("x" * 3000)),
    "prints a secret": ("leak", lambda: prints(SECRET)),
    "copies a secret": ("leak", copies_a_secret),
    "runs code": ("code", lambda: (root_of(Path.cwd()) / MARKER).touch()),
    "leaves a process": ("process", leaves_a_process),
    "writes gigabytes": ("disk", writes_gigabytes),
}
NO_HARM = {
    "does nothing": lambda: None,
    "says no": lambda: sys.exit(1),
    "refuses": refuses,
    "writes its output": lambda: Path("out").write_text("x"),
    "fills its output": lambda: Path("out", "inner").mkdir(parents=True),
    "prints two lines": lambda: prints("ä\n├─"),
    "clears up": lambda: tempfile.TemporaryDirectory().cleanup(),
    "waits for a process": lambda: subprocess.run(["true"], check=True),
    "holds a little": lambda: holds(10_000_000),
    "reads a secret": lambda: Path("private/thesis.txt").read_text(),
}


ACT = Command(("act",), "out")
SHORT, ENOUGH = 0.3, 10  # seconds: for what never ends, and for what ends on any machine


def campaign(
    tmp_path,
    act,
    *,
    on_valid=lambda: None,
    command=ACT,
    seconds=ENOUGH,
):
    """The findings of one run of a stand-in that acts on what is hostile."""

    def main():
        act() if HOSTILE.exists() else on_valid()

    made = Campaign(main, tmp_path, tmp_path, seconds=seconds, bytes=100_000_000)
    kind = Kind("stand-in", lambda seeds, work: None, (command,), lambda seeds: iter(()))
    variant = Variant("stand-in/x", lambda work: (work / HOSTILE).write_text("x"), (command,))
    made.run(kind, [variant], jobs=1)
    assert made.done == 1
    return [each.fault.kind for each in made.findings]


@pytest.mark.parametrize("name", HARM)
def test_harm_is_seen(name, tmp_path):
    kind, act = HARM[name]
    seconds = SHORT if kind == "hang" else ENOUGH
    assert set(campaign(tmp_path, act, seconds=seconds)) == {kind}


def test_there_is_harm_of_every_kind():
    assert {kind for kind, _ in HARM.values()} == KINDS.keys()


@pytest.mark.parametrize("name", NO_HARM)
def test_no_harm_is_no_finding(name, tmp_path):
    assert campaign(tmp_path, NO_HARM[name]) == []


def test_what_is_finished_may_stay_where_a_command_goes_on(tmp_path):
    goes_on = Command(("act",), "out", resumes=True)
    assert campaign(tmp_path, lambda: refuses("out"), command=goes_on) == []

    def leaves_an_empty_folder():
        Path("out").mkdir()
        refuses()

    assert campaign(tmp_path, leaves_an_empty_folder, command=goes_on) == ["leftover"]


def test_a_run_that_is_ended_has_no_time_to_clear(tmp_path):
    def hangs_in_the_middle():
        Path(".out.partial").mkdir()
        signal.pause()

    assert campaign(tmp_path, hangs_in_the_middle, seconds=SHORT) == ["hang"]
    assert campaign(tmp_path, lambda: Path(".out.partial").mkdir()) == ["write"]


def test_a_long_line_of_json_is_a_result(tmp_path):
    asked = Command(("act", "--json"))
    assert campaign(tmp_path, lambda: prints("x" * 3000), command=asked) == []


def test_the_valid_file_has_to_be_borne(tmp_path):
    with pytest.raises(SeedError, match="the file is no good"):
        campaign(tmp_path, lambda: None, on_valid=refuses)


def test_nothing_of_a_run_stays(tmp_path):
    campaign(tmp_path, waits_for_a_process_that_hangs, seconds=SHORT)
    assert list(tmp_path.iterdir()) == []
    assert [each for each in psutil.process_iter() if is_of(each, "sleep 100")] == []


def is_of(process, command):
    with contextlib.suppress(psutil.Error):
        return " ".join(process.cmdline()) == command
    return False


def fuzz(*args):
    command = [sys.executable, "-m", "fuzz", *map(str, args)]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)


def test_one_variant_is_run_again_and_kept(valid, tmp_path):
    kept = tmp_path / "kept"
    again = fuzz("--seeds", valid, "--only", "device/file=empty", "--keep", kept)
    assert again.returncode == 0, again.stdout + again.stderr
    works = [folder / "root" / "a" / "b" / "c" / "work" for folder in kept.iterdir()]
    assert works
    for work in works:
        assert (work / "hostile.toml").read_bytes() == b""
        assert f"cd {work} && devsim " in again.stdout


def test_what_there_is_not_is_wrong_use(valid):
    assert "no kind 'nonsense'" in fuzz("nonsense").stderr
    assert "no variant 'x'" in fuzz("--seeds", valid, "--only", "x", "device").stderr
    assert "--keep is for --only" in fuzz("--keep", "x").stderr


def test_a_hostile_name_is_shown_and_not_printed():
    assert typed(Command(("replay", "\x1b[31m\udcff"))) == "devsim replay '\\x1b[31m\\udcff'"


def test_ctrl_c_ends_with_what_was_found_and_leaves_nothing(valid, tmp_path):
    command = [sys.executable, "-u", "-m", "fuzz", "--seeds", str(valid), "device"]
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        command, cwd=CHECKOUT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert "runs" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate()
    assert process.returncode == 130
    assert "runs of" in printed.splitlines()[-2 if "--only" in printed else -1]
    assert list(tmp_path.iterdir()) == []
