"""A reader that has gone, as with ``devsim devices | head -1``, ends a verb without a word."""

import os
import signal
import subprocess
import sys

import pytest


@pytest.mark.parametrize("words", [["devices"], ["devices", "--json"]])
def test_nobody_reads_what_is_printed(words):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        command = [sys.executable, "-m", "devsim", *words]
        result = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE)
    finally:
        os.close(writer)
    assert result.returncode == 128 + signal.SIGPIPE
    assert result.stderr == b""
