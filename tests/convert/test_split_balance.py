"""Where to cut, against every possible choice."""

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from devsim.convert.mil.balance import balanced
from devsim.convert.mil.places import Place


@st.composite
def problems(draw):
    count = draw(st.integers(1, 9))
    weights = draw(st.lists(st.integers(0, 50), min_size=4, max_size=4))
    items = [
        {weight: 10 * weights[weight] for weight in draw(st.sets(st.integers(0, 3), max_size=2))}
        | {(number, "own"): draw(st.integers(0, 40))}
        for number in range(count)
    ]
    places = [
        Place(after, (), draw(st.integers(0, 5)))
        for after in range(1, count)
        if draw(st.booleans())
    ]
    return places, items, draw(st.integers(1, len(places) + 1))


def blocks_of(chosen, items):
    bounds = [0, *(place.after for place in chosen), len(items)]
    return [
        sum({k: v for item in items[a:b] for k, v in item.items()}.values())
        for a, b in pairwise(bounds)
    ]


@given(problems())
def test_the_fewest_bytes_cross_among_the_nearly_even_choices(problem):
    places, items, blocks = problem
    chosen = balanced(places, items, blocks)
    assert len(chosen) == blocks - 1
    every = list(combinations(places, blocks - 1))
    least = min(max(blocks_of(choice, items)) for choice in every)
    near = [c for c in every if max(blocks_of(c, items)) <= least + least // 20]
    assert chosen in near
    crossing = [sum(place.crossing_bytes for place in choice) for choice in near]
    assert sum(place.crossing_bytes for place in chosen) == min(crossing)


@given(st.integers(1, 60), st.data())
def test_equal_layers_are_dealt_evenly(layers, data):
    blocks = data.draw(st.integers(1, layers))
    items = [{number: 100} for number in range(layers)]
    chosen = balanced([Place(n, (), 8) for n in range(1, layers)], items, blocks)
    sizes = blocks_of(chosen, items)
    # A twentieth more lets no block of fewer than twenty layers take another one.
    assert max(sizes) - min(sizes) <= 100 * max(1, -(-layers // blocks) // 20)
