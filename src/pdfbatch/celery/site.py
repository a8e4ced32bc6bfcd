"""How many processes the site of a Celery process has: one, but one for each thread where the pool has threads."""

_processes = [1]


def count_processes() -> int:
    """Return how many documents are read at one time in this process."""
    return _processes[0]


def set_processes(count: int) -> None:
    """Note how many tasks the worker does at one time in this process."""
    _processes[0] = max(1, count)
