"""A viewer of a film that is still encoded, as a calculation."""

import heapq
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate


def longest_pause_s(lengths_s: Sequence[Fraction], encoders: int, *, pace: Fraction, start_s: Fraction) -> Fraction:
    """Return how long a viewer waits at most who begins when the first chunk is shown, and plays at its own speed.

    The other chunks are taken in order by so many encoders, each of which makes `pace` seconds of film a second, and
    takes `start_s` to begin with a chunk. What follows without a hole can be watched.
    """
    free_s = [Fraction(0)] * encoders
    ready_s = [Fraction(0)]
    for length_s in lengths_s[1:]:
        ready_s.append(free_s[0] + start_s + length_s / pace)
        heapq.heapreplace(free_s, ready_s[-1])
    edges_s = accumulate(ready_s, max)
    begins_s = [Fraction(0), *accumulate(lengths_s)]
    return max(max(edge_s - begin_s, Fraction(0)) for edge_s, begin_s in zip(edges_s, begins_s, strict=False))
