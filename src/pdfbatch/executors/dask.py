"""Run tasks on a Dask cluster. On each of its workers documents run in pdfbatch's own supervised processes, see ``site``."""

import json
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from pdfbatch.checks import check_fields
from pdfbatch.errors import (
    DependencyError,
    ExecutorError,
    PoolBrokenError,
    PoolStartError,
    UsageError,
    VersionMismatchError,
    describe_error,
)
from pdfbatch.executors.cpus import available_cpus
from pdfbatch.executors.local_programs import LocalProgram
from pdfbatch.executors.process import pass_environment
from pdfbatch.executors.site import Answer, Question, Reply, Slice, describe_worker, do_slice, release_pool, stop_pool
from pdfbatch.executors.slices import SLICE_CHECKS, SLICE_TASKS, LostSlice, SliceEnd, SlicePool
from pdfbatch.ports import Pool, Shared, Work

_WORD_SECONDS = 3.0  # how long a word to the workers may take
_COUNT_SECONDS = 2.0  # how old the number of the cluster's threads may be
_POLL_SECONDS = 0.05


class DaskFuture(Protocol):
    """What is used of a ``distributed.Future``, which documents it."""

    def result(self) -> Any: ...
    def release(self) -> None: ...
    def add_done_callback(self, fn: Callable[["DaskFuture"], None]) -> None: ...


class DaskClient(Protocol):
    """What is used of a ``distributed.Client``, which documents it."""

    status: str

    def submit(self, func: Callable[..., Any], *arguments: Any, pure: bool, retries: int) -> DaskFuture: ...
    def run(self, function: Callable[..., Any], *arguments: Any, on_error: str) -> dict[str, Any]: ...
    def nthreads(self) -> dict[str, int]: ...
    def cancel(self, futures: list[DaskFuture], *, force: bool) -> None: ...
    def wait_for_workers(self, n_workers: int, timeout: float) -> None: ...
    def close(self, timeout: float) -> None: ...


@dataclass(frozen=True, slots=True)
class DaskExecutor:
    """Run tasks on the Dask cluster of ``client``: a ``Client``, a cluster of ``dask.distributed``, or a scheduler's address.

    What is given in is used and never closed. Without it each pool starts a cluster of its own on this machine, with as many
    ``workers`` as this process may use cores; scripts need no ``__main__`` guard for that. Each thread of a Dask worker is
    worth one supervised process of pdfbatch, so that limits hold and a crash costs one document; a Dask worker needs no Nanny
    for it. The workers must have the same versions of pdfbatch and Python, and reach documents and output at the same
    addresses: a batch asks them before its first document.

    Tasks travel in slices of up to ``slice_tasks``. What a lost worker had is done again. ``start_timeout`` is how many
    seconds to wait for the first worker.

    Raises ``UsageError`` for values that cannot be meant, such as a ``workers`` of 0 or an asynchronous client.
    """

    client: Any = None
    workers: int | None = None
    slice_tasks: int = SLICE_TASKS
    start_timeout: float = 60.0

    name = "dask"
    kills = True
    shares = Shared.NOTHING

    def __post_init__(self) -> None:
        """Check the values."""
        check_fields(self, SLICE_CHECKS)
        if getattr(self.client, "asynchronous", False):
            raise UsageError("DaskExecutor needs a Client(asynchronous=False): it waits in threads")

    def start(self, work: Work) -> Pool:
        """Return a pool on the cluster.

        Raises ``PoolStartError`` when no worker is there in time, and ``DependencyError`` when Dask is not installed.
        """
        try:
            distributed = import_module("distributed")
        except ImportError as error:
            raise DependencyError("DaskExecutor needs dask: pip install distributed") from error
        with ExitStack() as stack:
            try:
                client = self._connect(distributed, stack)
                client.wait_for_workers(1, timeout=self.start_timeout)
            except (OSError, TimeoutError, RuntimeError, ValueError) as error:
                raise PoolStartError(f"no Dask worker is there: {error or type(error).__name__}") from error
            carrier = _DaskCarrier(client, stack.pop_all())
        try:
            return SlicePool(carrier, work, slice_tasks=self.slice_tasks)
        except BaseException:
            carrier.close("")
            raise

    def _connect(self, distributed: Any, stack: ExitStack) -> DaskClient:
        """Return a client. The ``stack`` closes what was not given in."""
        address = self.client
        if isinstance(address, distributed.Client):
            client: DaskClient = self.client
            if client.status != "running":
                raise PoolStartError(f"the Dask client is {client.status}")
            return client
        if address is None:
            address = _start_cluster(stack, self.workers or available_cpus(), self.start_timeout)
        client = distributed.Client(address, timeout=self.start_timeout, set_as_default=False)
        stack.callback(_close_client, client)
        return client


def _close_client(client: DaskClient) -> None:
    with suppress(Exception):  # the cluster may be gone
        client.close(timeout=_WORD_SECONDS)


def _start_cluster(stack: ExitStack, workers: int, timeout: float) -> str:
    """Start a scheduler and one worker with so many threads on this machine; return the scheduler's address."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pdfbatch-dask-")))
    place, environment = folder / "scheduler.json", pass_environment()
    usual = ["--no-dashboard", "--scheduler-file", str(place), "--host", "127.0.0.1"]
    scheduler = LocalProgram("distributed.cli.dask_scheduler", ["--port", "0", *usual], environment)
    stack.enter_context(scheduler)
    end = time.monotonic() + timeout
    while not place.exists():
        if not scheduler.is_running or time.monotonic() > end:
            raise PoolStartError(f"the Dask scheduler does not start: {scheduler.read_log()}")
        time.sleep(_POLL_SECONDS)
    arguments = ["--no-nanny", "--nthreads", str(workers), "--memory-limit", "0", "--local-directory", str(folder)]
    worker = LocalProgram("distributed.cli.dask_worker", [*arguments, *usual], environment)
    stack.enter_context(worker)
    return str(json.loads(place.read_text("utf-8"))["address"])


class _DaskCarrier:
    """Brings slices to a Dask cluster."""

    name = "dask"

    def __init__(self, client: DaskClient, owned: ExitStack) -> None:
        self._client = client
        self._owned = owned
        self._sent = set[DaskFuture]()
        self._threads, self._counted_at = 1, 0.0

    @property
    def capacity(self) -> int:
        if (now := time.monotonic()) - self._counted_at > _COUNT_SECONDS:
            self._counted_at = now
            with suppress(Exception):  # the cluster may be gone: a slice will find that out
                self._threads = sum(self._client.nthreads().values())
        return max(1, self._threads)

    def send(self, sliced: Slice, on_end: Callable[[SliceEnd], None]) -> None:
        try:
            future = self._client.submit(_do_slice_here, sliced, pure=False, retries=0)
        except Exception as error:
            raise PoolBrokenError(f"Dask takes no tasks: {describe_error(error)}") from error
        self._sent.add(future)
        future.add_done_callback(partial(self._on_done, on_end))

    def _on_done(self, on_end: Callable[[SliceEnd], None], future: DaskFuture) -> None:
        self._sent.discard(future)
        try:
            end: SliceEnd = future.result()
        except Exception as error:  # noqa: BLE001 (the cluster's and the workers' errors are of many kinds)
            end = self._explain(error)
        future.release()
        on_end(end)

    def _explain(self, error: Exception) -> SliceEnd:
        """Return what an error of Dask means for a slice: the cluster is gone, or only its worker."""
        if self._client.status != "running":
            return PoolBrokenError(f"the connection to the Dask scheduler is lost: {describe_error(error)}")
        if isinstance(error, ModuleNotFoundError):
            return VersionMismatchError(f"a Dask worker has no pdfbatch: {error}; install the same version on all")
        return LostSlice(describe_error(error))

    def ask(self, question: Question) -> Mapping[str, Reply]:
        try:
            replies: dict[str, Any] = self._client.run(describe_worker, question, on_error="return")
        except Exception as error:
            raise PoolBrokenError(f"the Dask cluster does not answer: {describe_error(error)}") from error
        for address, reply in list(replies.items()):
            if isinstance(reply, OSError):  # it has just been lost
                del replies[address]
            elif isinstance(reply, BaseException):
                raise _explain_reply(address, reply)
        return replies

    def stop(self, pool_id: str) -> None:
        self._tell(stop_pool, pool_id)

    def revoke(self) -> None:
        with suppress(Exception):
            self._client.cancel(list(self._sent), force=True)

    def close(self, pool_id: str) -> None:
        if pool_id:
            self._tell(release_pool, pool_id)
        self._owned.close()

    def _tell(self, word: Callable[[str], None], pool_id: str) -> None:
        """Call a function in all workers, and wait a moment for that: one of them may be lost just now."""

        def tell() -> None:
            with suppress(Exception):
                self._client.run(word, pool_id, on_error="ignore")

        thread = threading.Thread(target=tell, name="pdfbatch-dask-word", daemon=True)
        thread.start()
        thread.join(_WORD_SECONDS)


def _explain_reply(address: str, error: BaseException) -> ExecutorError:
    if isinstance(error, ModuleNotFoundError):
        return VersionMismatchError(f"Worker {address} has no pdfbatch: {error}; install the same version on all")
    return PoolBrokenError(f"Worker {address} cannot say what it is: {describe_error(error)}")


def _do_slice_here(sliced: Slice) -> Answer:
    """Do a slice in a Dask worker, which does as many at one time as it has threads."""
    worker: Any = import_module("distributed").get_worker()
    return do_slice(sliced, int(worker.state.nthreads))
