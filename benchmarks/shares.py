"""Dividing items between workers by what they cost."""

import heapq
from collections.abc import Sequence


def balanced(costs: Sequence[float], workers: int) -> tuple[tuple[int, ...], ...]:
    """For each worker the numbers of its items: dearest first, always to the worker that has least.

    That is Graham's longest-processing-time rule: at most a third more than the best division, for two workers a sixth.
    """
    loads = [(0.0, worker) for worker in range(workers)]
    shares: list[list[int]] = [[] for _ in range(workers)]
    for number in sorted(range(len(costs)), key=lambda index: -costs[index]):
        load, worker = heapq.heappop(loads)
        shares[worker].append(number)
        heapq.heappush(loads, (load + costs[number], worker))
    return tuple(tuple(share) for share in shares)


def dearest_first(costs: Sequence[float]) -> tuple[int, ...]:
    """The numbers of the items, dearest first: the order in which one queue leaves the shortest tail."""
    return tuple(sorted(range(len(costs)), key=lambda index: -costs[index]))
