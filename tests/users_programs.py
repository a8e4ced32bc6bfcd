"""Programs as users write them. Nobody runs them: mypy strict and pyright strict check that they are free of complaints."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pdfbatch
from pdfbatch import BatchProcessor, BatchReport, Document, DocumentResult, Extraction, Limits, Page, TextSource
from pdfbatch.executors import KeptExecutor, ProcessExecutor
from pdfbatch.integrations import Passages
from pdfbatch.sinks import LogSink


def read_a_folder(folder: Path, output: Path) -> int:
    report: BatchReport = pdfbatch.process_batch(folder, output, workers=4, sinks=LogSink(), resume=True)
    for result in report.results:
        if not result.ok and result.failure is not None:
            print(result.document.file_path, result.failure.cause.advice)
    return report.successful


def read_one(path: Path) -> str:
    try:
        return pdfbatch.read(path, executor="thread", passwords=["one", "two"]).raise_for_failure().text
    except pdfbatch.DocumentError as error:
        return error.cause
    except pdfbatch.errors.UsageError as error:
        return str(error)


def read_with_settings(paths: list[str]) -> list[Page]:
    processor = BatchProcessor(
        executor=ProcessExecutor(workers=2),
        output="s3://bucket/text",
        limits=Limits(memory_bytes="800M"),
        extraction=Extraction(languages=["eng", "deu"], page_transform=str_page),
        sinks=["log", "redis://localhost", print_result],
    )
    report = processor.run(paths, batch_id="mine", max_failure_rate=0.05)
    return [page for result in report.results for page in result.pages if page.source is TextSource.OCR]


def str_page(page: Page) -> Page:
    return page


def print_result(result: DocumentResult) -> None:
    print(result.status)


def read_with_documents(data: bytes) -> None:
    documents = [Document(Path("a.pdf"), pages=[1, 2], metadata={"client": 7}), Document("b.pdf", content=data)]
    with ProcessPoolExecutor() as processes:
        pdfbatch.process_manifest({"documents": []}, executor=processes, engine="pypdf")
    with KeptExecutor(ProcessExecutor()) as executor:
        pdfbatch.process_batch(documents, executor=executor)
    state: pdfbatch.BatchState = pdfbatch.process_batch(pdfbatch.documents_from(documents)).status.state
    print(state)


async def serve(uploads: list[bytes]) -> list[str]:
    async with BatchProcessor() as processor:
        results = await asyncio.gather(*(processor.aread(upload) for upload in uploads))
        async for result in processor.astream(uploads, order="input"):
            print(result.counts.pages)
    return [result.text for result in results]


def feed(index: Callable[[str, str], object]) -> None:
    for passage in Passages(mode="page", workers=2).read("contracts/"):
        index(passage.id, passage.text)


def report_after_ctrl_c() -> None:
    try:
        pdfbatch.process_batch("scans/")
    except KeyboardInterrupt as interruption:
        report: BatchReport | None = getattr(interruption, "report", None)
        print(report)
