"""The table of operations in the documentation, made of the runtime's and coremltools' own."""

from coremltools import target
from coremltools.converters.mil.mil.ops.registry import SSAOpRegistry

from devsim.runtime.reference.ops import OPERATIONS

OPSETS = (target.iOS15, target.iOS16, target.iOS17, target.iOS18)
LANGUAGE = ("const", "cond", "while_loop")
"""What the compiler itself knows; these are not functions of tensors."""

_BEGIN = "<!-- operations: made by `python -m conformance document` -->"
_END = "<!-- end of operations -->"


def with_table(page: str) -> str:
    """The page with its table renewed."""
    before, _, rest = page.partition(_BEGIN)
    after = rest.partition(_END)[2]
    return f"{before}{_BEGIN}\n{table()}\n{_END}{after}"


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
