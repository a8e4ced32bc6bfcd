"""A kit for those who write an adapter, and for those who want to see their integration survive bad documents.

For each port there is a contract: a class of tests, one for each sentence that ``pdfbatch.ports`` promises. Subclass it in a
test module, say how to make the adapter, and pytest collects it. ``Fault`` lists what a document can do to a worker;
``FaultyEngine`` does it on chosen pages, ``StandInWork`` on chosen documents. ``PlainEngine`` reads text files as documents,
so that a test needs no PDF. ``pdfbatch.testing.servers`` has real servers and a proxy that injects faults. Nothing here
imports pytest.
"""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.testing.engines import FaultyEngine, PlainEngine, plain_document
    from pdfbatch.testing.executors import ExecutorContract
    from pdfbatch.testing.faults import Fault, InjectedError, commit
    from pdfbatch.testing.killing import KillingExecutorContract
    from pdfbatch.testing.ocr_engines import OcrEngineContract
    from pdfbatch.testing.outputs import OutputContract
    from pdfbatch.testing.page_facts import PageFactsContract
    from pdfbatch.testing.sinks import RecordingSink, SinkContract
    from pdfbatch.testing.text_engines import TextEngineContract
    from pdfbatch.testing.work import StandInWork
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        engines="FaultyEngine PlainEngine plain_document",
        executors="ExecutorContract",
        faults="Fault InjectedError commit",
        killing="KillingExecutorContract",
        ocr_engines="OcrEngineContract",
        outputs="OutputContract",
        sinks="RecordingSink SinkContract",
        page_facts="PageFactsContract",
        text_engines="TextEngineContract",
        work="StandInWork",
    )

__all__ = [
    "ExecutorContract",
    "Fault",
    "FaultyEngine",
    "InjectedError",
    "KillingExecutorContract",
    "OcrEngineContract",
    "OutputContract",
    "PageFactsContract",
    "PlainEngine",
    "RecordingSink",
    "SinkContract",
    "StandInWork",
    "TextEngineContract",
    "commit",
    "plain_document",
]
