"""The ports: what an executor, an engine, an OCR engine, an output and a sink promise.

Each port is a ``Protocol``: an adapter need not inherit from it. What only some adapters can do is a protocol of its own,
``Supports…``, that pdfbatch asks for with ``isinstance``. ``pdfbatch.testing`` has a public contract for each port, with a
test for each promise made here.
"""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.ports.executors import (
        TASKS_AHEAD,
        Executor,
        Pool,
        Shared,
        SupportsBackgroundStart,
        SupportsFairShare,
        SupportsPendingWrites,
        SupportsRenewal,
        SupportsSlices,
        SupportsStop,
        SupportsTaskProgress,
        TaskProgress,
    )
    from pdfbatch.ports.ocr_engines import (
        SURE_CONFIDENCE,
        SURE_ORIENTATION,
        OcrEngine,
        Reading,
        SupportsEarlyOrientation,
        SupportsLanguages,
        SupportsSecondReader,
        summarize_words,
    )
    from pdfbatch.ports.outputs import (
        Locality,
        Output,
        SupportsAppend,
        SupportsLayout,
        SupportsNaming,
        SupportsSizes,
        SupportsSweep,
        SupportsSync,
    )
    from pdfbatch.ports.sinks import ProgressLike, Sink, SinkLike
    from pdfbatch.ports.surveys import Findings, Needs, SupportsInspection, SupportsSurvey, WorkerFacts
    from pdfbatch.ports.text_engines import (
        POINTS_PER_INCH,
        Box,
        OpenDocument,
        OpenPage,
        PageFacts,
        SupportsEvidence,
        TextEngine,
        pixels_per_side,
    )
    from pdfbatch.ports.work import (
        BoundedResults,
        PipelinedWork,
        SupportsPageCounts,
        SupportsPagesSoFar,
        SupportsPreload,
        Watch,
        Work,
    )
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        work="BoundedResults PipelinedWork SupportsPageCounts SupportsPagesSoFar SupportsPreload Watch Work",
        surveys="Findings Needs SupportsInspection SupportsSurvey WorkerFacts",
        executors=(
            "Executor Pool Shared SupportsBackgroundStart SupportsFairShare SupportsPendingWrites "
            "SupportsRenewal SupportsSlices SupportsStop SupportsTaskProgress TASKS_AHEAD "
            "TaskProgress"
        ),
        text_engines=(
            "Box OpenDocument OpenPage POINTS_PER_INCH PageFacts SupportsEvidence TextEngine pixels_per_side"
        ),
        ocr_engines=(
            "OcrEngine Reading SURE_CONFIDENCE SURE_ORIENTATION SupportsEarlyOrientation SupportsLanguages "
            "SupportsSecondReader summarize_words"
        ),
        outputs=(
            "Locality Output SupportsAppend SupportsLayout SupportsNaming SupportsSizes SupportsSweep SupportsSync"
        ),
        sinks="ProgressLike Sink SinkLike",
    )

__all__ = [
    "POINTS_PER_INCH",
    "SURE_CONFIDENCE",
    "SURE_ORIENTATION",
    "TASKS_AHEAD",
    "BoundedResults",
    "Box",
    "Executor",
    "Findings",
    "Locality",
    "Needs",
    "OcrEngine",
    "OpenDocument",
    "OpenPage",
    "Output",
    "PageFacts",
    "PipelinedWork",
    "Pool",
    "ProgressLike",
    "Reading",
    "Shared",
    "Sink",
    "SinkLike",
    "SupportsAppend",
    "SupportsBackgroundStart",
    "SupportsEarlyOrientation",
    "SupportsEvidence",
    "SupportsFairShare",
    "SupportsInspection",
    "SupportsLanguages",
    "SupportsLayout",
    "SupportsNaming",
    "SupportsPageCounts",
    "SupportsPagesSoFar",
    "SupportsPendingWrites",
    "SupportsPreload",
    "SupportsRenewal",
    "SupportsSecondReader",
    "SupportsSizes",
    "SupportsSlices",
    "SupportsStop",
    "SupportsSurvey",
    "SupportsSweep",
    "SupportsSync",
    "SupportsTaskProgress",
    "TaskProgress",
    "TextEngine",
    "Watch",
    "Work",
    "WorkerFacts",
    "pixels_per_side",
    "summarize_words",
]
