"""Percentiles of few numbers."""

from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float | None:
    """Return the interpolated value below which a share of the values lies; ``None`` if there are none."""
    if not values:
        return None
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
