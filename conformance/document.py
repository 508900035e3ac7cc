"""The tables in the documentation: recorded results, and operations of MIL and the runtime."""

import json
from pathlib import Path

from coremltools import target
from coremltools.converters.mil.mil.ops.registry import SSAOpRegistry

from conformance import reachable
from devsim.runtime.reference.ops import OPERATIONS

OPSETS = (target.iOS15, target.iOS16, target.iOS17, target.iOS18)
LANGUAGE = ("const", "cond", "while_loop")
"""What the compiler itself knows; these are not functions of tensors."""

RESULTS = Path(__file__).parent / "results.json"
REACHABLE = Path(__file__).parent / "reachable.json"
FRONTEND_TARGETS = ("", "iOS18")
_USUAL = ("fp16", "own")
_BEGIN = "<!-- {}: made by `python -m conformance document` -->"
_END = "<!-- end of {} -->"


def frontend_file(target: str) -> Path:
    """Where the counts of the front-end tests are recorded."""
    return Path(__file__).parent / f"frontend{'-' if target else ''}{target}.json"


def renewed(page: str) -> str:
    """The page with its tables renewed."""
    contents = {
        "results": results(),
        "reachable": reach(),
        "frontend": frontend(),
        "operations": table(),
    }
    for name, content in contents.items():
        page = _with(page, name, content)
    return page


def results() -> str:
    """What the recorded results say in all."""
    recorded = json.loads(RESULTS.read_text(encoding="utf-8"))
    totals = {**recorded["totals"]}
    totals["all"] = [sum(column) for column in zip(*totals.values(), strict=True)]
    rows = [f"| {name} | " + " | ".join(map(str, row)) + f" | {row[1] / row[0]:.1%} | "
            f"{row[2] / row[0]:.1%} |" for name, row in totals.items()]  # fmt: skip
    return "\n".join(
        [
            f"Recorded: {recorded['run']:,} of the {recorded['cases']:,} cases of "
            f"{recorded['suite']} were run.",
            "",
            "| precision | " + " | ".join(recorded["columns"]) + " | passed | strict |",
            "|---|" + "---:|" * 7,
            *rows,
            "",
            rates(),
        ]
    )


def rates() -> str:
    """The part of the cases that pass, over all and over those that can be passed."""
    found = reachable.rates(RESULTS, REACHABLE)
    totals = json.loads(RESULTS.read_text(encoding="utf-8"))["totals"]
    usual = [sum(column) for column in zip(*(totals[name] for name in _USUAL), strict=True)]
    return (
        f"Passed over all {found.compared:,}: {found.over_all:.1%}. Over the "
        f"{found.compared - found.unreachable:,} that are reachable: {found.over_reachable:.1%}. "
        f"Of the {usual[0]:,} that the suite runs unless it is asked for fp32 too: {usual[1]:,}."
    )


def reach() -> str:
    """The mixed cases that missed, by operation and by what can be reached of them."""
    missed = json.loads(REACHABLE.read_text(encoding="utf-8"))["missed"]
    rows = [[f"`{name}`", *(kinds.get(kind, 0) for kind in reachable.KINDS)]
            for name, kinds in missed.items()]  # fmt: skip
    rows.append(["all", *(sum(column) for column in list(zip(*rows, strict=True))[1:])])
    return "\n".join(
        [
            "| operation | missed | " + " | ".join(reachable.KINDS) + " |",
            "|---|" + "---:|" * (1 + len(reachable.KINDS)),
            *(f"| {name} | {sum(counts)} | " + " | ".join(map(str, counts)) + " |"
              for name, *counts in rows),
        ]
    )  # fmt: skip


def frontend() -> str:
    """What the recorded results of the front-end tests say, by the target of their packages."""
    rows = []
    for target_name in FRONTEND_TARGETS:
        path = frontend_file(target_name)
        recorded = json.loads(path.read_text(encoding="utf-8"))
        counts = [sum(column) for column in zip(*recorded["totals"].values(), strict=True)]
        name = target_name or "the test's own, else iOS15"
        rows.append(
            f"| {name} | {recorded['run']:,} of {recorded['cases']:,} | "
            f"{' | '.join(f'{count:,}' for count in counts)} | {counts[1] / counts[0]:.2%} |"
        )
    columns = " | ".join(recorded["columns"])
    head = f"| target | cases run | {columns} | passed |"
    return "\n".join([head, "|---|" + "---:|" * 7, *rows])


def _with(page: str, name: str, content: str) -> str:
    begin, end = _BEGIN.format(name), _END.format(name)
    before, _, rest = page.partition(begin)
    return f"{before}{begin}\n{content}\n{end}{rest.partition(end)[2]}"


def table() -> str:
    """A row for every operation of MIL, and whether the runtime knows its form in each opset."""
    names = [name for name in sorted(SSAOpRegistry.core_ops) if not name.startswith("_")]
    rows = [f"| `{name}` | " + " | ".join(_cell(name, opset) for opset in OPSETS) + " |"
            for name in names]  # fmt: skip
    head = "| operation | " + " | ".join(opset.name for opset in OPSETS) + " |"
    return "\n".join([head, "|---|" + "---|" * len(OPSETS), *rows])


def _cell(name: str, opset: target) -> str:
    version = SSAOpRegistry.core_ops[name].get(opset)
    if version is None:
        return ""
    if name in LANGUAGE:
        return "yes"
    if name not in OPERATIONS:
        return "no"
    known = {parameter.name for parameter in OPERATIONS[name].parameters}
    return "yes" if known.issuperset(version.input_spec.input_types) else "no"
