"""docs/runtimes.md lists the contract suite as it is."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_contract_is_listed():
    page = (ROOT / "docs" / "runtimes.md").read_text()
    section = page.partition("## The contract\n")[2].partition("\n## ")[0]
    listed = re.findall(r"^- (.+)$", section, re.MULTILINE)
    suite = (ROOT / "tests" / "runtime" / "contract.py").read_text()
    names = re.findall(r"def test_(\w+)\(", suite)
    assert listed == [name.replace("_", " ") for name in names]
