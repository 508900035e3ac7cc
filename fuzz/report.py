"""What a campaign found, as a table."""

import shlex
from collections.abc import Iterator, Sequence

from fuzz.campaign import Finding
from fuzz.corpus.variant import Command
from fuzz.verdict import KINDS


def table(findings: Sequence[Finding]) -> Iterator[str]:
    """How many findings there are of each kind, and one example of each verb."""
    for kind, meaning in KINDS.items():
        of_kind = [each for each in findings if each.fault.kind == kind]
        if not of_kind:
            continue
        variants = {each.trial.variant.name for each in of_kind}
        yield f"{kind}: {len(of_kind)} runs of {len(variants)} variants {meaning}"
        examples: dict[tuple[str, str], Finding] = {}
        for each in of_kind:
            examples.setdefault((each.trial.variant.kind, each.trial.command.verb), each)
        for (kind_of_file, verb), example in examples.items():
            count = sum(
                (e.trial.variant.kind, e.trial.command.verb) == (kind_of_file, verb)
                for e in of_kind
            )
            yield f"    {count:4} {kind_of_file}, {verb}; {line(example)}"


def line(finding: Finding) -> str:
    """One finding."""
    name = shlex.quote(finding.trial.variant.name)
    return f"{finding.fault.kind} {name}: {typed(finding.trial.command)}: {finding.fault.detail}"


def typed(command: Command) -> str:
    """What to type in the arena; a hostile name of a file is shown, not printed."""
    text = f"devsim {shlex.join(command.args)}"
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
