"""Times in which the supervisor could not run, and so perhaps nobody: they are not charged to the tasks."""

from collections import deque

TOLERANCE_SECONDS = 0.5
_MAX_PAUSES = 1_000


class Pauses:
    """When the supervisor slept longer than it meant to: it was stopped, its container was frozen, the machine was starved."""

    def __init__(self) -> None:
        self._pauses = deque[tuple[float, float]](maxlen=_MAX_PAUSES)

    def note(self, expected: float, now: float) -> float:
        """Note that it should have run again at ``expected``. Return the length of the pause, 0 when it was none."""
        if now - expected < TOLERANCE_SECONDS:
            return 0.0
        self._pauses.append((expected, now))
        return now - expected

    def seconds_since(self, start: float) -> float:
        """Return how long all pauses together were since then."""
        return sum(max(0.0, end - max(begin, start)) for begin, end in self._pauses)
