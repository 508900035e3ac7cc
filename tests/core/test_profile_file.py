"""What a profile must be, beyond its fields."""

import pytest
from pydantic import ValidationError
from strategies import make_profile, make_variant

from devsim.core.profile import Profile, Samples


def changed(change) -> Profile:
    document = make_profile((2, [make_variant(), make_variant()]), (1, [make_variant()]))
    document = document.model_dump(mode="json")
    change(document)
    return Profile.model_validate(document)


def set_source(document):
    document["stages"][1]["blocks"][0]["variants"]["v"]["unload"]["source"] = "hearsay"


def set_contention_source(document):
    document["contention"]["source"] = "rumour"


def name_twice(document):
    document["stages"][1]["name"] = "stage0"


def name_block_twice(document):
    document["stages"][0]["blocks"][1]["name"] = "b0"


def lose_variant(document):
    block = document["stages"][0]["blocks"][1]
    block["variants"] = {"fp16": block["variants"]["v"]}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (set_source, "source 'hearsay' is not listed in sources"),
        (set_contention_source, "source 'rumour' is not listed in sources"),
        (name_twice, "two stages, or two blocks of a stage, share a name"),
        (name_block_twice, "two stages, or two blocks of a stage, share a name"),
        (lose_variant, "block b1 lacks variant 'v', the default of its stage"),
    ],
)
def test_inconsistent_profile_is_refused(change, complaint):
    with pytest.raises(ValidationError, match=complaint):
        changed(change)


def test_source_may_go_unused():
    made = changed(lambda document: document["sources"].update(other=document["sources"]["made"]))
    assert set(made.sources) == {"made", "other"}


@pytest.mark.parametrize(
    ("ns", "median"), [((5,), 5), ((9, 1, 4), 4), ((1, 4), 2), ((3, 4), 4), ((1, 2, 4, 100), 3)]
)
def test_median_is_a_whole_nanosecond(ns, median):
    # halves go to the even neighbour: (1 + 4) / 2 = 2.5 -> 2, (3 + 4) / 2 = 3.5 -> 4
    assert Samples(ns=ns, source="made").median_ns == median
