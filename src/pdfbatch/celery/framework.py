"""The edge to Celery, which has no types: what is used of it, in one place."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

try:
    import celery
    from celery import signals
    from celery.exceptions import Ignore
except ImportError:  # named like this package, but another one
    raise ImportError("pdfbatch.celery needs the package celery: pip install celery redis") from None

App = Any
"""A Celery application."""
ignore: Any = Ignore
_celery: Any = celery
_signals: Any = signals
worker_ready: Any = _signals.worker_ready
worker_shutdown: Any = _signals.worker_shutdown

if TYPE_CHECKING:

    class BaseTask:
        """What is used of Celery's class ``Task``."""

        name: str
        app: App

        def apply_async(self, args: Any = None, kwargs: Any = None, **options: Any) -> Any:
            """Send it, and return the promise of its result."""

else:
    BaseTask = _celery.Task


class CeleryTask(Protocol):
    """What callers use of a task; Celery's documentation of ``Task`` has the rest."""

    name: str

    def apply_async(self, args: Sequence[object] = (), kwargs: Mapping[str, object] = {}, **options: object) -> Any:
        """Send it, and return the promise of its result (``AsyncResult``)."""

    def delay(self, *args: object, **kwargs: object) -> Any:
        """Send it with these arguments."""

    def s(self, *args: object, **kwargs: object) -> Any:
        """Return its signature, for a canvas."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it here and now."""


class Controller(Protocol):
    """What is used of the ``WorkController`` of a worker."""

    pool_cls: type
    concurrency: int
    prefetch_multiplier: int


class Consumer(Protocol):
    """What is used of the object that reads a worker's messages, and sends the signal ``worker_ready``."""

    app: App
    controller: Controller
    hostname: str
    task_consumer: Any


def find_current_app() -> App:
    """Return the application of this thread."""
    return _celery.current_app._get_current_object()  # noqa: SLF001 (a proxy's own way to what is behind it)


def define_task(base: Any = None, **options: object) -> Callable[[Callable[..., object]], CeleryTask]:
    """Return a decorator that makes a function a task of every application.

    Its messages are JSON, and stay with the broker until it has ended, also when its worker was lost.
    """
    usual = {"bind": True, "base": base, "serializer": "json", "acks_late": True, "reject_on_worker_lost": True}
    return cast("Callable[[Callable[..., object]], CeleryTask]", _celery.shared_task(**{**usual, **options}))


def send(
    app: App, name: str, arguments: Sequence[object], *, queue: str, priority: int | None = None, **options: object
) -> None:
    """Send a task by its name."""
    given = {} if priority is None else {"priority": priority}
    app.send_task(name, args=tuple(arguments), queue=queue, serializer="json", **given, **options)
