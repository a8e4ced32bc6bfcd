"""Memory that ran out where another attempt may do."""


class MemoryAfterRereadingError(MemoryError):
    """Memory ran out on a page after another one was read once more, which may have taken what this one lacks."""
