"""A clock that stands still while this process cannot run: stopped, frozen with its container, or starved.

Limits on documents are reckoned by it, so that no document is blamed for time in which nobody could work on it. A worker's
process calls ``tick_awake_clock`` several times a second from a thread of its own; where nobody does, the clock is
``time.monotonic``.
"""

import time

TICK_SECONDS = 0.25
_TOLERANCE_SECONDS = 1.0
"""The longest step of the clock between two ticks. A busy machine lets a thread wait for tenths of a second."""

_lost_seconds = 0.0
_last_tick: float | None = None


def awake_time() -> float:
    """Return the time in seconds; only differences mean something."""
    at = time.monotonic()
    last = _last_tick
    return at - _lost_seconds - (0.0 if last is None else max(0.0, at - last - _TOLERANCE_SECONDS))


def tick_awake_clock() -> None:
    """Say that this process runs. Call it from one thread, every ``TICK_SECONDS``."""
    global _lost_seconds, _last_tick  # noqa: PLW0603 (a process has one clock)
    at = time.monotonic()
    if _last_tick is not None:
        _lost_seconds += max(0.0, at - _last_tick - _TOLERANCE_SECONDS)
    _last_tick = at
