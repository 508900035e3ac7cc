"""What tests of comparisons have in common."""

from fractions import Fraction

from devsim.analysis.comparison.change import Verdict

FIVE = Fraction(5, 100)
SWAPPED = {
    Verdict.BETTER: Verdict.WORSE,
    Verdict.WORSE: Verdict.BETTER,
    Verdict.ONLY_BEFORE: Verdict.ONLY_AFTER,
    Verdict.ONLY_AFTER: Verdict.ONLY_BEFORE,
    Verdict.NOISE: Verdict.NOISE,
    Verdict.UNCHANGED: Verdict.UNCHANGED,
}


def by_name(changes):
    return {each.name: each for each in changes}


def seen(each):
    """Both medians."""
    return int(each.before.median), int(each.after.median)
