"""A sequence that is made when it is first looked at, beside the tuple that it stands for."""

import pickle
from functools import partial

from strategies import make_chunk, make_pipeline, make_stage

from devsim.core.later import Later
from devsim.policy.serial import Serial
from devsim.simulation.simulator import simulate

LETTERS = tuple("abcd")


def test_it_is_made_once_and_only_when_asked():
    made = []
    later = Later(lambda: made.append(1) or LETTERS)
    assert made == []
    assert (len(later), *later) == (4, *LETTERS)
    assert made == [1]


def test_it_reads_as_the_tuple_does():
    later = Later(lambda: LETTERS)
    assert (later[1], later[-1], later[1:3]) == (LETTERS[1], LETTERS[-1], LETTERS[1:3])
    assert later == LETTERS == later
    assert later == Later(lambda: LETTERS) != Later(lambda: LETTERS[:2])
    assert (hash(later), repr(later)) == (hash(LETTERS), repr(LETTERS))
    assert "c" in later
    assert "z" not in later


def test_it_travels_before_and_after_it_is_made():
    later = Later(partial(tuple, "abcd"))
    assert pickle.loads(pickle.dumps(later)) == LETTERS
    assert len(later) == 4
    assert pickle.loads(pickle.dumps(later)) == LETTERS


def test_a_simulated_trace_travels():
    pipeline = make_pipeline(make_stage(make_chunk("a", load=4, compute=3)))
    trace = simulate(pipeline, Serial(), 10)
    assert pickle.loads(pickle.dumps(trace)) == trace
