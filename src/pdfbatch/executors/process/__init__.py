"""Supervised worker processes: the default executor."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.executors.process.executor import ProcessExecutor, StartMethod, pass_environment, pickle_work
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        executor="ProcessExecutor StartMethod pass_environment pickle_work",
    )

__all__ = [
    "ProcessExecutor",
    "StartMethod",
    "pass_environment",
    "pickle_work",
]
