"""Supervised worker processes: the default executor."""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.executors.process.answers import decode_result, encode_result
    from pdfbatch.executors.process.executor import (
        ProcessExecutor,
        ProcessPool,
        StartMethod,
        pass_environment,
        pickle_work,
    )
    from pdfbatch.executors.process.plain_values import AnswerError
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        answers="decode_result encode_result",
        executor="ProcessExecutor ProcessPool StartMethod pass_environment pickle_work",
        plain_values="AnswerError",
    )

__all__ = [
    "AnswerError",
    "ProcessExecutor",
    "ProcessPool",
    "StartMethod",
    "decode_result",
    "encode_result",
    "pass_environment",
    "pickle_work",
]
