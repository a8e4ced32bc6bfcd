"""Where tasks run."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.executors.cpus import available_cpus, available_memory_bytes
    from pdfbatch.executors.dask import DaskExecutor
    from pdfbatch.executors.fallback import FallbackExecutor
    from pdfbatch.executors.futures import FuturesExecutor
    from pdfbatch.executors.kept import KeptExecutor
    from pdfbatch.executors.process import ProcessExecutor, StartMethod, decode_result, encode_result, pickle_work
    from pdfbatch.executors.ray import RayExecutor
    from pdfbatch.executors.sequential import SequentialExecutor
    from pdfbatch.executors.site import do_slice, find_versions, stop_pool
    from pdfbatch.executors.task_future import TaskFuture
    from pdfbatch.executors.thread import ThreadExecutor
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        cpus="available_cpus available_memory_bytes",
        dask="DaskExecutor",
        fallback="FallbackExecutor",
        futures="FuturesExecutor",
        kept="KeptExecutor",
        process="ProcessExecutor StartMethod decode_result encode_result pickle_work",
        ray="RayExecutor",
        sequential="SequentialExecutor",
        site="do_slice find_versions stop_pool",
        task_future="TaskFuture",
        thread="ThreadExecutor",
    )

__all__ = [
    "DaskExecutor",
    "FallbackExecutor",
    "FuturesExecutor",
    "KeptExecutor",
    "ProcessExecutor",
    "RayExecutor",
    "SequentialExecutor",
    "StartMethod",
    "TaskFuture",
    "ThreadExecutor",
    "available_cpus",
    "available_memory_bytes",
    "decode_result",
    "do_slice",
    "encode_result",
    "find_versions",
    "pickle_work",
    "stop_pool",
]
