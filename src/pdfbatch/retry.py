"""Retry in one place: which failures are worth another try, and how long to wait. The only module that knows tenacity.

It is loaded at the first call: with it comes asyncio, and tornado where that is installed, and a batch of local documents
that are all well needs none of them.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from pdfbatch.errors import DocumentError
from pdfbatch.settings import RetryPolicy

if TYPE_CHECKING:
    from tenacity.wait import wait_random_exponential

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Repeats:
    """A count that goes up while a task is done."""

    count: int = 0


_current: ContextVar[Repeats | None] = ContextVar("pdfbatch_repeats", default=None)


@contextmanager
def counting() -> Generator[Repeats]:
    """Count the requests that this thread repeats until the block ends."""
    repeats = Repeats()
    token = _current.set(repeats)
    try:
        yield repeats
    finally:
        _current.reset(token)


def repeated() -> None:
    """A request is about to be made again."""
    repeats = _current.get()
    if repeats is not None:
        repeats.count += 1


T = TypeVar("T")


def call(
    function: Callable[[], T],
    policy: RetryPolicy,
    *,
    budget_seconds: float | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Call ``function`` until it does not raise a transient ``DocumentError``, as often and as long as the policy allows.

    Raises the last error itself. ``budget_seconds`` bounds the whole: no wait goes beyond it.
    """
    from tenacity import Retrying, retry_if_exception, stop_after_attempt, stop_before_delay  # noqa: PLC0415

    delay = float("inf") if budget_seconds is None else budget_seconds
    stop = stop_after_attempt(policy.attempts) | stop_before_delay(delay)
    wait, again = _wait(policy), retry_if_exception(_is_transient)
    tries = Retrying(retry=again, stop=stop, wait=wait, sleep=sleep, before_sleep=lambda _: repeated(), reraise=True)
    return tries(function)


def backoff_seconds(policy: RetryPolicy, attempt: int) -> float:
    """How long to wait after the given attempt (from 1): exponential with full jitter.

    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ has the reasoning.
    """
    from tenacity import RetryCallState, Retrying  # noqa: PLC0415

    state = RetryCallState(Retrying(), None, (), {})
    state.attempt_number = attempt
    return _wait(policy)(state)


def _wait(policy: RetryPolicy) -> "wait_random_exponential":
    from tenacity.wait import wait_random_exponential  # noqa: PLC0415

    return wait_random_exponential(multiplier=policy.backoff_seconds, max=policy.max_backoff_seconds)


def _is_transient(error: BaseException) -> bool:
    return isinstance(error, DocumentError) and error.transient
