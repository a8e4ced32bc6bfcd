"""Retry: call a function again after a transient failure, and count such calls. The only module that imports tenacity.

It imports tenacity at the first call that needs it, because tenacity imports asyncio, and tornado where that is installed, and
most batches of local documents retry nothing.
"""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from pdfbatch.errors import DocumentError
from pdfbatch.settings import RetryPolicy

if TYPE_CHECKING:
    from tenacity.wait import wait_random_exponential

T = TypeVar("T")


# --- calls ------------------------------------------------------------------------------------------------------------


def call(
    function: Callable[[], T],
    policy: RetryPolicy,
    *,
    budget_seconds: float | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Call ``function`` until it raises no transient ``DocumentError``, as often and as long as the policy allows.

    Raises the last error. ``budget_seconds`` limits the whole: no wait begins that would end later.
    """
    begun = time.monotonic()
    try:
        return function()
    except DocumentError as error:
        if not error.transient or policy.attempts <= 1:
            raise
        failed = [error]
    from tenacity import Retrying, retry_if_exception, stop_after_attempt, stop_before_delay  # noqa: PLC0415 (see above)

    def call_again() -> T:
        if failed:  # the attempt above, for which tenacity waits and counts
            raise failed.pop()
        return function()

    delay = float("inf") if budget_seconds is None else budget_seconds - (time.monotonic() - begun)
    return Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, DocumentError) and error.transient),
        stop=stop_after_attempt(policy.attempts) | stop_before_delay(delay),
        wait=_wait(policy),
        sleep=sleep,
        before_sleep=lambda _: count_retry(),
        reraise=True,
    )(call_again)


def backoff_seconds(policy: RetryPolicy, attempt: int) -> float:
    """Return how long to wait after an attempt (counted from 1): exponential with full jitter.

    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ has the reasoning.
    """
    from tenacity import RetryCallState, Retrying  # noqa: PLC0415 (as above)

    state = RetryCallState(Retrying(), None, (), {})
    state.attempt_number = attempt
    return _wait(policy)(state)


def _wait(policy: RetryPolicy) -> "wait_random_exponential":
    from tenacity.wait import wait_random_exponential  # noqa: PLC0415 (as above)

    return wait_random_exponential(multiplier=policy.backoff_seconds, max=policy.max_backoff_seconds)


# --- counting ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class RetryCount:
    """The number of calls that were repeated so far."""

    count: int = 0


_current: ContextVar[RetryCount | None] = ContextVar("pdfbatch_retry_count", default=None)


@contextmanager
def count_retries() -> Generator[RetryCount]:
    """Count the calls that this thread repeats within the block, whatever code repeats them."""
    retries = RetryCount()
    token = _current.set(retries)
    try:
        yield retries
    finally:
        _current.reset(token)


def count_retry() -> None:
    """Count one call that is about to be repeated."""
    retries = _current.get()
    if retries is not None:
        retries.count += 1
