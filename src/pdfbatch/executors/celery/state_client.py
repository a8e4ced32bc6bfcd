"""The connection to the Redis that keeps the state of what runs on Celery workers."""

import os
from typing import Any, cast

from redis import Redis
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as LostError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as LateError
from redis.retry import Retry

REDIS_ERRORS = (RedisError,)
"""The errors of the server and of the connection to it."""
_CONNECT_SECONDS, _ANSWER_SECONDS, _ATTEMPTS = 5.0, 10.0, 5

_clients: dict[tuple[int, str], Any] = {}


def connect_state(url: str) -> Any:
    """Return this process's client for a URL. It repeats what fails for a moment, for about ten seconds."""
    if (client := _clients.get((os.getpid(), url))) is None:
        from_url = cast("Any", Redis.from_url)  # pyright: ignore[reportUnknownMemberType] (its **kwargs have no types)
        client = from_url(
            url,
            socket_timeout=_ANSWER_SECONDS,
            socket_connect_timeout=_CONNECT_SECONDS,
            retry=Retry(ExponentialBackoff(cap=4, base=0.2), _ATTEMPTS),
            retry_on_error=[LostError, LateError],
        )
        _clients[os.getpid(), url] = client
    return client
