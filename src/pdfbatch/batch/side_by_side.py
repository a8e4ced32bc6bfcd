"""Do several things at one time, where all of them wait for a network."""

from collections.abc import Callable, Sequence

from pdfbatch.storage import run_in_thread


def call_side_by_side(calls: Sequence[Callable[[], object]], *, in_threads: bool) -> None:
    """Call functions one after the other, or each in a thread. With threads all have ended before the first error is raised.

    The threads are daemons: the interpreter does not wait for them when Ctrl-C ends the wait.
    """
    if not in_threads:
        for call in calls:
            call()
        return
    pending = [run_in_thread(call) for call in calls]
    errors = [error for each in pending if (error := each.exception()) is not None]
    if errors:
        raise errors[0]
