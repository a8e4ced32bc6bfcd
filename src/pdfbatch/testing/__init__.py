"""For people who write an executor or an engine, or who want to see their integration survive bad documents.

``ExecutorContract`` tests an executor against every sentence of the port; ``KillingExecutorContract`` also what one promises
that says it ``kills``. ``Fault`` is the closed list of what a document can
do to a worker; ``FaultyEngine`` does it on chosen pages, ``StandInWork`` on chosen documents. ``PlainEngine`` reads text
files as documents, so that no test needs a PDF. Nothing here imports pytest.
"""

from pdfbatch.testing.engines import FaultyEngine, PlainEngine, plain_document
from pdfbatch.testing.executors import ExecutorContract
from pdfbatch.testing.faults import Fault, InjectedError, commit
from pdfbatch.testing.killing import KillingExecutorContract
from pdfbatch.testing.sinks import RecordingSink
from pdfbatch.testing.work import StandInWork

__all__ = [
    "ExecutorContract",
    "Fault",
    "FaultyEngine",
    "InjectedError",
    "KillingExecutorContract",
    "PlainEngine",
    "RecordingSink",
    "StandInWork",
    "commit",
    "plain_document",
]
