"""Run tasks on a Ray cluster, in actors. In each of them documents run in pdfbatch's own supervised process, see ``site``."""

import logging
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from queue import Empty, SimpleQueue
from typing import Any

from pdfbatch.checks import Check, check_fields, real_number
from pdfbatch.errors import DependencyError, PoolBrokenError, PoolStartError, VersionMismatchError
from pdfbatch.executors.cpus import available_cpus
from pdfbatch.executors.site import Answer, Question, Reply, Slice, describe_worker, do_slice, release_pool, stop_pool
from pdfbatch.executors.slices import SLICE_CHECKS, SLICE_TASKS, LostSlice, SliceEnd, SlicePool
from pdfbatch.ports import Pool, Shared, Work

_CHECKS: Mapping[str, Check] = {**SLICE_CHECKS, "reserved_cpus": real_number(0, 1_000)}
_OTHERS_SECONDS = 10.0  # how long the first actor waits for the others
_WORD_SECONDS = 3.0  # how long a word to the actors may take
_REPLY_SECONDS = 60.0
_POLL_SECONDS = 0.2
_GREET_SECONDS = 0.5  # between two questions whether an actor is there again
_RESTARTS = frozenset({"ActorDiedError", "ActorUnavailableError", "RayActorError"})
_GROUPS = {"slices": 1, "words": 3}


@dataclass(frozen=True, slots=True)
class RayExecutor:
    """Run tasks on the Ray cluster that this process is connected to, or on the one at ``address``.

    A connection that is there already is used and never closed, whatever ``address`` says. Without it and without an address,
    Ray is started on this machine, and shut down with the last pool that needs it; scripts need no ``__main__`` guard.

    ``workers`` actors each reserve ``reserved_cpus`` and start one supervised process of pdfbatch, so that limits hold and a
    crash costs one document. By default there are as many as fit into the cluster now. A pool starts when the actors are
    ready, or ten seconds after the first; the others join later. The nodes must have the same versions of pdfbatch and
    Python, and reach documents and output at the same addresses: a batch asks them before its first document.

    Tasks travel in slices of up to ``slice_tasks``. What a lost actor had is done again. ``start_timeout`` is how many seconds
    to wait for the first actor.

    Raises ``UsageError`` for values that cannot be meant, such as a ``workers`` of 0.
    """

    address: str | None = None
    workers: int | None = None
    reserved_cpus: float = 1.0
    slice_tasks: int = SLICE_TASKS
    start_timeout: float = 120.0

    name = "ray"
    kills = True
    shares = Shared.NOTHING

    def __post_init__(self) -> None:
        """Check the values."""
        check_fields(self, _CHECKS)

    def start(self, work: Work) -> Pool:
        """Return a pool on the cluster.

        Raises ``PoolStartError`` when no actor is ready in time, ``VersionMismatchError`` when a node has no pdfbatch, and
        ``DependencyError`` when Ray is not installed.
        """
        try:
            ray: Any = import_module("ray")
        except ImportError as error:
            raise DependencyError("RayExecutor needs ray: pip install ray") from error
        _CONNECTION.open(ray, self.address, self.workers or available_cpus())
        carrier = None
        try:
            workers = self.workers or _count_places(ray, self.reserved_cpus)
            carrier = _RayCarrier(ray, workers, self.reserved_cpus, self.start_timeout)
            carrier.wait()
            return SlicePool(carrier, work, slice_tasks=self.slice_tasks)
        except BaseException:
            if carrier is None:
                _CONNECTION.close(ray)
            else:
                carrier.close("")
            raise


class _RayConnection:
    """This process's connection to Ray, of which there is one at most. Pools that use one that we made count as its users."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._is_ours = False

    def open(self, ray: Any, address: str | None, workers: int) -> None:
        """Connect to Ray unless somebody has. Raises ``PoolStartError``."""
        with self._lock:
            if not ray.is_initialized():
                options: dict[str, Any] = {"num_cpus": workers} if address is None else {}
                try:
                    ray.init(
                        address=address or "local",
                        include_dashboard=False if address is None else None,
                        log_to_driver=False,
                        configure_logging=False,
                        logging_level=logging.ERROR,
                        **options,
                    )
                except Exception as error:
                    raise PoolStartError(f"Ray cannot be reached: {_describe(error)}") from error
                self._is_ours, self._users = True, 0
            self._users += 1

    def close(self, ray: Any) -> None:
        """Disconnect if we connected and nobody else needs it."""
        with self._lock:
            self._users -= 1
            if self._is_ours and self._users == 0:
                self._is_ours = False
                ray.shutdown()


_CONNECTION = _RayConnection()


def _count_places(ray: Any, reserved_cpus: float) -> int:
    """Return how many actors fit into the cluster now, at least 1."""
    cpus = float(ray.available_resources().get("CPU", 1.0))
    return max(1, math.floor(cpus / (reserved_cpus or 1.0)))


class _Actor:
    """What runs in an actor's process: slices one after the other, and words beside them."""

    def do_slice(self, sliced: Slice) -> Answer:
        return do_slice(sliced)

    def describe(self, question: Question) -> Reply:
        return describe_worker(question)

    def greet(self) -> None:
        """Return: the actor is ready."""

    def stop(self, pool_id: str) -> None:
        stop_pool(pool_id)

    def release(self, pool_id: str) -> None:
        release_pool(pool_id)


class _RayCarrier:
    """Brings slices to actors, each to the one that has the fewest."""

    name = "ray"

    def __init__(self, ray: Any, workers: int, reserved_cpus: float, start_timeout: float) -> None:
        self._ray = ray
        self._start_timeout = start_timeout
        # An actor that is lost is started again, perhaps on another node; what it had comes back to the pool as lost.
        make = ray.remote(
            num_cpus=reserved_cpus,
            max_restarts=-1,
            max_task_retries=0,
            scheduling_strategy="SPREAD",
            concurrency_groups=_GROUPS,
        )(_Actor)
        self._actors: list[Any] = [make.remote() for _ in range(workers)]
        self._ready = set[int]()
        self._load = Counter[int]()
        self._lock = threading.Lock()
        self._refs = set[Any]()
        self._error: BaseException | None = None
        self._answers = SimpleQueue[None]()
        self._is_closed = False
        for number in range(workers):
            self._greet(number)

    def _call(self, actor: Any, word: str, *arguments: object, group: str = "words") -> Any:
        return getattr(actor, word).options(concurrency_group=group).remote(*arguments)

    def _greet(self, number: int) -> None:
        """Ask an actor whether it is ready: it may have to be started again first."""
        self._call(self._actors[number], "greet").future().add_done_callback(partial(self._on_ready, number))

    def _on_ready(self, number: int, future: Any) -> None:
        error: BaseException | None = future.exception()
        if error is None:
            self._ready.add(number)
        else:
            self._error = error
            if type(error).__name__ in _RESTARTS and not self._is_closed:
                timer = threading.Timer(_GREET_SECONDS, self._greet_again, (number,))
                timer.daemon = True
                timer.start()
        self._answers.put(None)

    def _greet_again(self, number: int) -> None:
        with suppress(Exception):  # the cluster may be gone: slices find that out
            if not self._is_closed:
                self._greet(number)

    def wait(self) -> None:
        """Wait for the first actor, and then a while for the others: what it gets now, they do not get.

        Raises ``PoolStartError`` and ``VersionMismatchError``.
        """
        timeout = self._start_timeout
        with suppress(Empty):
            self._answers.get(timeout=timeout)
            end = time.monotonic() + _OTHERS_SECONDS
            for _ in self._actors[1:]:
                self._answers.get(timeout=max(0.0, end - time.monotonic()))
        if self._ready:
            return
        if self._error is None:
            raise PoolStartError(
                f"no actor of Ray is ready after {timeout:g} s: the cluster has no room for one, or takes longer to grow"
            )
        if "pdfbatch" in str(self._error) and "ModuleNotFoundError" in str(self._error):
            raise VersionMismatchError("A node of Ray has no pdfbatch: install the same version on all of them")
        raise PoolStartError(f"no actor of Ray can start: {_describe(self._error)}")

    @property
    def capacity(self) -> int:
        return max(1, len(self._ready))

    def send(self, sliced: Slice, on_end: Callable[[SliceEnd], None]) -> None:
        number = self._choose()
        try:
            ref = self._call(self._actors[number], "do_slice", sliced, group="slices")
        except Exception as error:
            raise PoolBrokenError(f"Ray takes no tasks: {_describe(error)}") from error
        self._refs.add(ref)
        ref.future().add_done_callback(partial(self._on_done, on_end, number, ref))

    def _choose(self) -> int:
        """Return the actor that has the fewest slices. While all are being started again, wait for one."""
        end = time.monotonic() + self._start_timeout
        while not self._ready:
            if self._is_closed or not self._ray.is_initialized() or time.monotonic() > end:
                raise PoolBrokenError(f"no actor of Ray is left: {_describe(self._error or TimeoutError())}")
            with suppress(Empty):
                self._answers.get(timeout=_POLL_SECONDS)
        with self._lock:
            number = min(self._ready, key=lambda number: self._load[number])
            self._load[number] += 1
        return number

    def _on_done(self, on_end: Callable[[SliceEnd], None], number: int, ref: Any, future: Any) -> None:
        self._refs.discard(ref)
        with self._lock:
            self._load[number] -= 1
        try:
            end: SliceEnd = future.result()
        except BaseException as error:  # noqa: BLE001 (the cluster's and the actors' errors are of many kinds)
            end = self._explain(error)
            if type(error).__name__ in _RESTARTS and not self._is_closed:
                self._ready.discard(number)  # a slice that it got now would be lost, too
                self._greet_again(number)
        on_end(end)

    def _explain(self, error: BaseException) -> SliceEnd:
        """Return what an error of Ray means for a slice: the cluster is gone, or only its actor."""
        is_gone = not self._ray.is_initialized() or type(error).__name__ in ("LocalRayletDiedError", "RaySystemError")
        if is_gone:
            return PoolBrokenError(f"the connection to Ray is lost: {_describe(error)}")
        return LostSlice(_describe(error))

    def ask(self, question: Question) -> Mapping[str, Reply]:
        refs = [self._call(self._actors[number], "describe", question) for number in sorted(self._ready)]
        try:
            replies: list[Reply] = self._ray.get(refs, timeout=_REPLY_SECONDS)
        except Exception as error:
            raise PoolBrokenError(f"an actor of Ray does not answer: {_describe(error)}") from error
        return {reply["worker"]: reply for reply in replies}

    def stop(self, pool_id: str) -> None:
        self._is_closed = True
        self._tell("stop", pool_id)

    def revoke(self) -> None:
        """Do nothing: the actors are killed."""

    def close(self, pool_id: str) -> None:
        self._is_closed = True
        if pool_id:
            self._tell("release", pool_id)
        for actor in self._actors:
            with suppress(Exception):  # the cluster may be gone
                self._ray.kill(actor)
        self._actors = []
        _CONNECTION.close(self._ray)

    def _tell(self, word: str, pool_id: str) -> None:
        """Call a method of all actors that are ready, and wait a moment for that: one of them may be lost just now."""
        with suppress(Exception):
            refs = [self._call(self._actors[number], word, pool_id) for number in self._ready]
            self._ray.wait(refs, num_returns=len(refs), timeout=_WORD_SECONDS)


def _describe(error: BaseException) -> str:
    """Return the kind of an error and its first line: behind it stands the traceback of another process."""
    return f"{type(error).__name__}: {next(iter(str(error).strip().splitlines()), '')}"
