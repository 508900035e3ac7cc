"""The continuous knapsack, against worked cases and every choice of whole items."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from devsim.planner.knapsack import Item, Purchase, best_value_ns, most_value_ns

items = st.lists(st.builds(Item, st.integers(0, 50), st.integers(0, 20)), max_size=6)


def test_by_hand():
    # 60 for 10 first, then half of the 80 for 20.
    assert best_value_ns([Item(80, 20), Item(60, 10)], 20) == 100
    assert best_value_ns([Item(7, 0)], 0) == 7
    assert best_value_ns([Item(7, 5)], -3) == 0


def test_room_is_bought_where_it_is_worth_it():
    # 10 of room for 20: worth it for 60 / 10, not for 10 / 10.
    offers = [Purchase(20, 10)]
    assert most_value_ns([Item(60, 10), Item(10, 10)], 0, offers) == 40
    # What is owed is bought first: 10 for 20, then 5 more at 10 for half of the 60.
    assert most_value_ns([Item(60, 10)], -10, [Purchase(20, 10), Purchase(20, 10)]) == 20


@given(items, st.integers(0, 40))
def test_no_choice_of_whole_items_saves_more(offered, room):
    best = max(
        sum(item.value_ns for item, taken in zip(offered, choice, strict=True) if taken)
        for choice in product([False, True], repeat=len(offered))
        if sum(i.weight for i, taken in zip(offered, choice, strict=True) if taken) <= room
    )
    assert best_value_ns(offered, room) >= best
