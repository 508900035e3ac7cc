"""Hostile files by kind; each module has the generator of one kind."""

from fuzz.corpus import (
    checkpoint,
    device,
    manifest,
    npz,
    package,
    plan,
    profile,
    records,
    totals,
    trace,
)
from fuzz.corpus.variant import Kind

KINDS: dict[str, Kind] = {
    module.KIND.name: module.KIND
    for module in (
        profile,
        plan,
        trace,
        device,
        totals,
        npz,
        package,
        manifest,
        records,
        checkpoint,
    )
}
"""Kinds whose commands import torch come last: until then, forks are small."""
