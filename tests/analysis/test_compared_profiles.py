"""Two profiles, against figures worked out by hand, and what holds of any two."""

import dataclasses
from fractions import Fraction

import pytest
from compared import FIVE, SWAPPED, by_name, seen
from hypothesis import given
from hypothesis import strategies as st
from strategies import make_profile, make_variant

from devsim.analysis.comparison.change import Sampled, Verdict
from devsim.analysis.comparison.comparison import Setting
from devsim.analysis.comparison.profiles import compare_profiles
from devsim.core.errors import BadInputError
from devsim.core.profile import Samples


def profile(*stages, **changed):
    return make_profile(*((1, blocks) for blocks in stages)).model_copy(update=changed)


def block(compute=(10,), *, resident=1000, cold=100, cached=50):
    variant = make_variant(resident=resident, cold=cold, cached=cached)
    return variant.model_copy(update={"compute": Samples(ns=tuple(compute), source="made")})


def test_a_block_and_the_totals_it_is_in():
    before = profile([block([10]), block([20], cold=200, resident=2000)], [block([100])])
    after = profile([block([12]), block([20], cold=200, resident=2000)], [block([100])])
    found = compare_profiles(before, after)
    totals, parts = by_name(found.totals), by_name(found.parts)
    assert seen(parts["stage0 b0 v compute"]) == (10, 12)
    assert seen(totals["stage0 compute"]) == (30, 32)
    assert seen(totals["stage1 compute"]) == (100, 100)
    assert seen(totals["compute"]) == (130, 132)
    assert seen(totals["cold load"]) == (400, 400)
    assert seen(totals["stage0 resident"]) == (3000, 3000)
    # 32 / 30 = 1.067, 132 / 130 = 1.015
    assert [each.name for each in found.regressions(FIVE)] == [
        "stage0 compute",
        "stage0 b0 v compute",
    ]
    assert found.regressions(Fraction(1, 100))[0].name == "compute"
    assert len(parts) == len(found.parts) == 3 * 4
    assert found.settings[0] == Setting("device", "paper", "paper")


def test_a_total_ranges_from_all_lows_to_all_highs():
    before = profile([block([9, 10, 12]), block([18, 20, 21])])
    noisy = profile([block([12, 13, 14]), block([21, 22, 25])])  # 33 to 39, touches 27 to 33
    clear = profile([block([12, 13, 14]), block([22, 22, 25])])  # 34 to 39
    (total,) = (each for each in compare_profiles(before, noisy).totals if each.name == "compute")
    assert total.before == Sampled(Fraction(30), 27, 33, 3)
    assert total.after == Sampled(Fraction(35), 33, 39, 3)
    assert compare_profiles(before, noisy).regressions(FIVE) == []
    names = [each.name for each in compare_profiles(before, clear).regressions(FIVE)]
    assert names == ["compute", "stage0 compute", "stage0 b1 v compute"]  # b0: 12 touches 12


def test_bytes_matter_in_total_and_not_of_one_block():
    before = profile([block(resident=10), block(resident=1000)])
    after = profile([block(resident=20), block(resident=1000)])
    assert compare_profiles(before, after).regressions(FIVE) == []
    after = profile([block(resident=10), block(resident=1100)])
    names = [each.name for each in compare_profiles(before, after).regressions(FIVE)]
    assert names == ["resident", "stage0 resident"]


def with_variants(made, **variants):
    (stage,) = made.stages
    blocks = [each.model_copy(update={"variants": dict(variants)}) for each in stage.blocks]
    return made.model_copy(update={"stages": (stage.model_copy(update={"blocks": tuple(blocks)}),)})


def test_a_variant_of_one_side_is_shown_and_in_no_total():
    before = with_variants(profile([block()]), fp32=block([10]))
    after = with_variants(profile([block()]), int8=block([3]), fp32=block([10]))
    found = compare_profiles(before, after)
    parts = by_name(found.parts)
    assert parts["stage0 b0 int8 compute"].verdict(FIVE) is Verdict.ONLY_AFTER
    assert seen(by_name(found.totals)["compute"]) == (10, 10)
    assert found.regressions(FIVE) == []
    other = with_variants(profile([block()]), int8=block([3]))
    with pytest.raises(BadInputError, match=r"b0: no variant is in both \(fp32; int8\)"):
        compare_profiles(before, other)


def renamed(made, number, name):
    (stage,) = made.stages
    blocks = [
        each.model_copy(update={"name": name}) if at == number else each
        for at, each in enumerate(stage.blocks)
    ]
    return made.model_copy(update={"stages": (stage.model_copy(update={"blocks": tuple(blocks)}),)})


TWO = profile([block(), block()])


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (TWO.model_copy(update={"workload": "other"}), "of workload 'made', AFTER of 'other'"),
        (profile([block(), block()], [block()]), "has the stages stage0; AFTER stage0, stage1"),
        (profile([block()]), "stage0 has no block 'b1' in AFTER"),
        (profile([block()] * 3), "stage0 has no block 'b2' in BEFORE"),
        (renamed(TWO, 0, "b9"), "stage0 has no block 'b0' in AFTER"),
        (renamed(renamed(TWO, 0, "b1"), 1, "b0"), "in another order in AFTER"),
    ],
)
def test_other_workloads_and_blocks_are_refused(after, said):
    with pytest.raises(BadInputError, match=said):
        compare_profiles(TWO, after)


def test_settings_that_differ_are_named():
    before = profile([block()], environment={"runtime": "reference", "cores": "any"})
    after = profile([block()], environment={"runtime": "coreml"}, device="phone")
    settings = compare_profiles(before, after).settings
    assert [each for each in settings if not each.same] == [
        Setting("device", "paper", "phone"),
        Setting("runtime", "reference", "coreml"),
        Setting("cores", "any", ""),
    ]
    assert [each.name for each in settings if each.one_sided] == ["cores"]


@st.composite
def two_profiles(draw):
    """Of the same blocks, with drawn samples."""
    shape = draw(st.lists(st.integers(1, 3), min_size=1, max_size=2))
    some = st.lists(st.integers(0, 40), min_size=1, max_size=3)

    def drawn():
        stages = [
            [
                block(draw(some), resident=draw(st.integers(0, 40)), cold=draw(st.integers(0, 40)))
                for _ in range(count)
            ]
            for count in shape
        ]
        return profile(*stages)

    return drawn(), drawn()


@given(two_profiles())
def test_a_profile_and_itself_are_the_same(pair):
    found = compare_profiles(pair[0], pair[0])
    assert all(each.same for each in found.settings)
    assert {each.verdict(Fraction(0)) for each in (*found.totals, *found.parts)} == {
        Verdict.UNCHANGED
    }
    assert {each.ratio for each in found.parts} == {1.0}
    assert found.regressions(Fraction(0)) == []


@given(two_profiles())
def test_swapping_two_profiles_swaps_every_row(pair):
    there, back = compare_profiles(*pair), compare_profiles(*reversed(pair))
    for mine, other in zip((*there.totals, *there.parts), (*back.totals, *back.parts), strict=True):
        assert mine == dataclasses.replace(other, before=other.after, after=other.before)
        assert SWAPPED[mine.verdict(FIVE)] == other.verdict(FIVE)


@given(two_profiles())
def test_totals_are_the_sums_of_their_parts(pair):
    found = compare_profiles(*pair)
    for total in found.totals:
        parts = [
            each
            for each in found.parts
            if each.figure == total.figure and total.stage in ("", each.stage)
        ]
        assert total.before.median == sum(each.before.median for each in parts)
        assert total.after.low == sum(each.after.low for each in parts)
