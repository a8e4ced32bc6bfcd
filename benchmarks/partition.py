"""Divide items between workers by their cost."""

import heapq
from collections.abc import Sequence


def partition(costs: Sequence[float], workers: int) -> tuple[tuple[int, ...], ...]:
    """Return the indices of the items of each worker, most expensive first, always to the worker with the least work.

    This is Graham's longest-processing-time rule: at most a third above the best division, for two workers a sixth.
    """
    loads = [(0.0, worker) for worker in range(workers)]
    shares: list[list[int]] = [[] for _ in range(workers)]
    for number in sorted(range(len(costs)), key=lambda index: -costs[index]):
        load, worker = heapq.heappop(loads)
        shares[worker].append(number)
        heapq.heappush(loads, (load + costs[number], worker))
    return tuple(tuple(share) for share in shares)


def order_by_cost(costs: Sequence[float]) -> tuple[int, ...]:
    """Return the indices of the items, most expensive first: in this order one queue leaves the shortest tail."""
    return tuple(sorted(range(len(costs)), key=lambda index: -costs[index]))
