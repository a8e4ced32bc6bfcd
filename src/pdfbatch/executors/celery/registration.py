"""What the clients and the workers of a Celery application must agree on, before its workers do work of executors."""

from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from pdfbatch.errors import UsageError

_REDIS_SCHEMES = ("redis://", "rediss://", "unix://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Queues:
    """The queues of the tasks: for what begins and ends batches, for documents, for OCR."""

    orchestration: str = "default"
    text: str = "text"
    ocr: str = "ocr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """The options of ``register_executor``, which says what they mean."""

    redis: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)


_registrations: "WeakKeyDictionary[Any, Registration]" = WeakKeyDictionary()


def register_executor(app: Any, *, redis: str | None = None, secret: str | None = None) -> None:
    """Let the workers of a Celery application do the work of a ``CeleryExecutor``.

    Call it where the application is made, in a module that workers and clients import. From then on its workers run code that
    clients send: engines, settings and tasks travel as pickles, through Redis. So whoever can write to that Redis can run code
    on the workers, unless ``secret`` is given to both sides: what is not signed with it is refused unread.

    ``redis`` is the URL of the server that keeps what is in work, by default that of the result backend, or of the broker.
    The application's own settings are not changed.
    """
    _registrations[app] = Registration(redis=redis, secret=secret)


def find_registration(app: Any) -> Registration | None:
    """Return what was registered for an application, ``None`` when its workers do no work of executors."""
    return _registrations.get(app)


def find_redis_url(app: Any, given: str | None) -> str | None:
    """Return the URL of the server for states: the one given, that of the result backend, or that of the broker."""
    urls = (given, app.conf.result_backend, app.conf.broker_url)
    return next((url for url in urls if url and url.startswith(_REDIS_SCHEMES)), None)


def check_content(app: Any) -> None:
    """Raise ``UsageError`` when the application's workers would refuse the tasks' messages."""
    accepted = set(app.conf.accept_content or ())
    if not accepted & {"json", "application/json"}:
        raise UsageError(
            f"The tasks of pdfbatch are sent as JSON, but accept_content is {sorted(accepted)}: add 'json'"
        )
