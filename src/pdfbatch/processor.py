"""``BatchProcessor``: the settings that batches share, and the ways to run a batch."""

import uuid
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Literal, Self, TypedDict, Unpack

from pdfbatch import checks, defaults
from pdfbatch.batch import Batch, Notifier, ProgressTracker, ShardNotes
from pdfbatch.batch_options import BatchKeywords, BatchOptions
from pdfbatch.common import AUTO, SafeLogger, codes_of_setting, without_credentials
from pdfbatch.errors import DependencyError, NoDocumentsError, UsageError
from pdfbatch.inputs import (
    Input,
    Inputs,
    LanguageHints,
    ManifestSource,
    documents_from,
    open_manifest,
)
from pdfbatch.keeper import Keeper
from pdfbatch.model import Document, DocumentResult
from pdfbatch.outputs import Results, batch_file, check_layout, check_library, failure_filter
from pdfbatch.ports import (
    Executor,
    OcrEngine,
    Output,
    ProgressLike,
    Shared,
    SinkLike,
    SupportsBackgroundStart,
    SupportsLanguages,
    SupportsLayout,
    SupportsNaming,
    TextEngine,
)
from pdfbatch.report import BatchReport, BatchStatus
from pdfbatch.settings import Extraction, Limits, RetryPolicy, name_homes
from pdfbatch.work import DocumentWork, check_transform

log: SafeLogger = SafeLogger(__name__)

Order = Literal["completed", "input"]


class ProcessorKeywords(TypedDict, total=False):
    """The settings of a ``BatchProcessor`` beside its output: the same for all functions that read documents.

    ``max_workers`` is another word for ``workers``.
    """

    workers: int | None
    max_workers: int | None
    executor: defaults.ExecutorLike | None
    engine: defaults.TextEngineLike | None
    second_engine: defaults.TextEngineLike | None
    ocr_engine: defaults.OcrEngineLike | None
    extraction: Extraction
    limits: Limits
    retry: RetryPolicy
    sinks: defaults.SinksLike
    deduplicate: bool
    passwords: Sequence[str]
    progress: ProgressLike
    on_result: Callable[[DocumentResult], object] | None


class _AllKeywords(ProcessorKeywords, total=False):
    """``storage`` is another word for ``output``."""

    output: defaults.OutputLike | None
    storage: defaults.OutputLike | None


_SETTINGS: Mapping[str, checks.Check] = {
    "extraction": checks.instance_of(Extraction),
    "limits": checks.instance_of(Limits),
    "retry": checks.instance_of(RetryPolicy),
    "deduplicate": checks.yes_or_no,
}


@dataclass(frozen=True, slots=True, kw_only=True, init=False)
class BatchProcessor:
    """Turn documents into text. The settings say where the work is done, where text goes, who hears of it, what it may cost.

    ``executor`` is ``"auto"`` (processes, where they fail threads, then one after the other), ``"process"``, ``"thread"``,
    ``"sequential"``, or an executor, with ``workers`` by default as many as the processors that this process may use.
    ``output`` is the folder or URL for text and records, or an output; ``None`` keeps the text in the results. ``sinks`` are
    notified of progress and of each result: one or several of ``"log"``, ``"progress"``, a ``redis://`` URL, a function of a
    result, or a sink. ``progress=True`` shows progress: a bar on a terminal, a line in a notebook, log lines elsewhere; it may
    also be a sink, or a function that is called with each ``BatchStatus``. ``on_result`` is called with each result.
    ``engine`` reads PDFs (``"pdfium"``, the default, or ``"pypdf"``); ``second_engine`` reads those that it
    refuses (by default pypdf). ``ocr_engine`` reads pictures: ``"auto"`` (tesserocr where it is installed and the executor
    contains crashes, else the tesseract program), ``"tesseract"`` (the program), ``"tesserocr"``, ``"rapidocr"``,
    ``"tesseract+rapidocr"``, or an OCR engine.

    ``passwords`` are tried, in this order, on encrypted documents that their own password does not open. Which one fitted is
    written nowhere.

    With ``deduplicate``, a document with the same bytes and settings of its own as an earlier one of the batch is not read
    again: it gets the same text as a ``duplicate``, and its ``duplicate_of`` names the other one. That needs an ``output``,
    or ``run``.

    A processor can run any number of batches, also at the same time, and holds no resources, unless it is entered:

        with BatchProcessor(output="text/") as processor:
            processor.run(["a.pdf"])
            processor.run(["b.pdf"])

    ``with``, or ``async with``, starts a pool of workers that stays warm and is shared by all batches until it is left,
    whatever thread or task they run in. They take turns, and what one of them loses, stops or cancels costs the others nothing.
    However many run, the pool has few tasks for each worker, and each batch reads ahead as many documents as its share of the
    workers needs. A pool that broke is started again by the next batch; a process that is forked meanwhile starts its own.
    Batches that still run when it is left are cancelled. After that it starts a pool for each batch, as before.

    Raises ``UsageError`` for an unknown setting or name.
    """

    executor: Executor | None = None
    output: Output | None = None
    sinks: Sequence[SinkLike] = ()
    extraction: Extraction = Extraction()
    limits: Limits = Limits()
    retry: RetryPolicy = RetryPolicy()
    engine: TextEngine | None = None
    second_engine: TextEngine | None = None
    ocr_engine: OcrEngine | None = None
    deduplicate: bool = True
    passwords: Sequence[str] = field(default=(), repr=False)
    progress: ProgressLike = False
    on_result: Callable[[DocumentResult], object] | None = None
    _keeper: Keeper = field(default_factory=Keeper, init=False, repr=False, compare=False)

    def __init__(self, **settings: Unpack[_AllKeywords]) -> None:
        checks.check_names(settings, _AllKeywords.__annotations__, "BatchProcessor", name_homes)
        given = _without_synonyms(settings)
        self._keep(
            extraction=given.get("extraction", Extraction()),
            limits=given.get("limits", Limits()),
            retry=given.get("retry", RetryPolicy()),
            deduplicate=given.get("deduplicate", True),
        )
        checks.check_fields(self, _SETTINGS)
        output = defaults.choose_output(given.get("output"), self.limits.storage_timeout)
        self._keep(
            executor=defaults.choose_executor(given.get("executor"), given.get("workers"), output),
            output=output,
            sinks=defaults.choose_sinks(given.get("sinks", ())),
            progress=given.get("progress", False),
            on_result=given.get("on_result"),
            engine=defaults.choose_engine(given.get("engine")),
            second_engine=defaults.choose_engine(given.get("second_engine"), "second_engine"),
            ocr_engine=defaults.choose_ocr_engine(given.get("ocr_engine")),
            _keeper=Keeper(),
        )
        try:
            self._keep(passwords=checks.texts(given.get("passwords", ())))
        except ValueError as error:  # its message must not show them
            raise UsageError(f"BatchProcessor(passwords=...): {error}") from None

    def _keep(self, **fields: object) -> None:
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    @property
    def storage(self) -> Output | None:
        """Another word for ``output``."""
        return self.output

    # --- a warm pool ----------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        """Start the pool that all batches share. Raises what ``run`` raises before any work."""
        if not self._keeper.enter_again():
            check_transform(self.extraction.page_transform)
            self._check_output()
            executor = self.executor or defaults.executor_for(self.output)
            self._check_executor(executor)
            self._keeper.open(executor, self._work(executor))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the pool, and cancel batches that still run."""
        self._keeper.leave()

    async def __aenter__(self) -> Self:
        """Do the same as ``with``, without blocking the event loop."""
        import asyncio  # noqa: PLC0415 (whoever calls this has loaded it)

        executor = self.executor or defaults.executor_for(self.output)
        if isinstance(executor, SupportsBackgroundStart) and executor.starts_in_any_thread:
            return await asyncio.to_thread(self.__enter__)
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do the same as leaving ``with``, also when this task is cancelled meanwhile."""
        import asyncio  # noqa: PLC0415 (as above)

        await asyncio.shield(asyncio.to_thread(self._keeper.leave))

    # --- batches --------------------------------------------------------------------------------------------------

    def run(
        self, documents: Inputs, options: BatchOptions = BatchOptions(), **changes: Unpack[BatchKeywords]
    ) -> BatchReport:
        """Process all documents and return the report.

        ``documents`` is anything that ``pdfbatch.inputs.documents_from`` takes. An iterator is read in a thread of its own, a
        few documents ahead, so that results come while it waits; what may be used in one thread only, such as a connection of
        ``sqlite3``, has to be opened in the generator itself. Options are given as one ``BatchOptions``,
        or as keywords, which change it: ``batch_id``, ``batch_size``, ``resume``, ``retry_failed``, ``max_failure_rate``,
        ``include``, ``exclude``, ``limit``, ``shard``, ``pages``.

        Raises a ``UsageError`` before any work, and ``ExecutorError`` when no executor can do the work. Ctrl-C raises
        ``KeyboardInterrupt`` after the workers have been stopped; what was finished is kept, and is in the ``report`` that the
        ``KeyboardInterrupt`` has as an attribute.
        """
        batch = self._batch(documents, merge_options(options, changes), Results(self.output))
        try:
            for _ in batch.results():
                pass
        except KeyboardInterrupt as interruption:
            with suppress(AttributeError):  # an exception of the caller's, with slots
                interruption.report = batch.report()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
            raise
        return batch.report()

    def read(
        self, document: Input, options: BatchOptions = BatchOptions(), **changes: Unpack[BatchKeywords]
    ) -> DocumentResult:
        """Read one document and return its result. Options are those of ``run``.

        A document that cannot be read does not raise: ``result.raise_for_failure()`` does. Raises ``UsageError`` when the input
        stands for several documents, as a folder may; else as ``run``.
        """
        (result,) = self.stream([_one_document(document)], options, **changes)
        return result

    async def aread(
        self, document: Input, options: BatchOptions = BatchOptions(), **changes: Unpack[BatchKeywords]
    ) -> DocumentResult:
        """Do the same as ``read`` for a running event loop, without blocking it."""
        import asyncio  # noqa: PLC0415 (whoever calls this has loaded it)

        found = await asyncio.to_thread(_one_document, document)
        (result,) = [result async for result in self.astream([found], options, **changes)]
        return result

    def run_manifest(
        self, manifest: ManifestSource, options: BatchOptions = BatchOptions(), **changes: Unpack[BatchKeywords]
    ) -> BatchReport:
        """Process the documents of a manifest, or of its path, URL or parsed JSON. Options are those of ``run``.

        The manifest's id names the batch, unless the options do. Raises ``ManifestError`` before any work when it is no
        manifest; else as ``run``.
        """
        options = merge_options(options, changes)
        manifest_id, documents = open_manifest(manifest)
        return self.run(documents, replace(options, batch_id=options.batch_id or manifest_id or None))

    def stream(
        self,
        documents: Inputs,
        options: BatchOptions = BatchOptions(),
        *,
        order: Order = "completed",
        **changes: Unpack[BatchKeywords],
    ) -> Generator[DocumentResult]:
        """Process documents and yield each result as it comes, or in the caller's ``order="input"``.

        Options are those of ``run``. They and all else that can be checked are checked at the call; work begins when the
        first result is asked for. Closing the generator cancels the batch. Raises as ``run``.
        """
        return _in_order_of(self._batch(documents, merge_options(options, changes), None), order)

    async def astream(
        self,
        documents: Inputs,
        options: BatchOptions = BatchOptions(),
        *,
        order: Order = "completed",
        **changes: Unpack[BatchKeywords],
    ) -> AsyncGenerator[DocumentResult]:
        """Do the same as ``stream`` for a running event loop, without blocking it. Cancelling the task cancels the batch."""
        import asyncio  # noqa: PLC0415 (whoever calls this has loaded it)

        loop = asyncio.get_running_loop()
        thread = ThreadPoolExecutor(1, thread_name_prefix="pdfbatch-astream")
        try:
            batch = await loop.run_in_executor(thread, self._batch, documents, merge_options(options, changes), None)
            results = _in_order_of(batch, order)
            try:
                while (result := await loop.run_in_executor(thread, next, results, None)) is not None:
                    yield result
            finally:
                batch.cancel()
                await asyncio.shield(loop.run_in_executor(thread, results.close))
        finally:
            thread.shutdown(wait=False)

    def _batch(self, documents: Inputs, options: BatchOptions, results: Results | None) -> Batch:
        """Check all that can be checked, and put a batch together."""
        kept = self._keeper.kept
        if kept is None:  # else it was checked when it was entered
            check_transform(self.extraction.page_transform)
            self._check_output()
        found = documents_from(documents, options.selection)
        chosen: Iterator[Document] = map(Document.with_plain_metadata, found)  # nothing behind this meets an odd value
        if _naming(self.output) == "id":
            chosen = (replace(document, output_name="") for document in chosen)
        if options.pages is not None:
            chosen = map(options.with_pages, chosen)
        chosen = self._without_others(chosen, options)
        count = None if options.retry_failed else found.count()
        executor = self.executor or defaults.executor_for(self.output) if kept is None else kept[0]
        work = self._work(executor) if kept is None else kept[1]
        chosen = map(self._language_hints(work.ocr_engine).apply, chosen)
        deduplicate = self.deduplicate and not (self.output is None and results is None)
        if executor.shares < Shared.MEMORY or deduplicate:
            chosen = map(defaults.with_content, chosen)
        if kept is None:
            self._check_executor(executor)
        shard, batch_id = None, options.batch_id or str(uuid.uuid4())
        if found.share is not None:
            whole_id = found.share.shard.name_whole(options.batch_id)
            batch_id = found.share.shard.name_batch(whole_id)
            if not batch_file(batch_id, "").endswith(f"{found.share.shard.name_batch('')}/"):
                raise UsageError(f"batch_id is too long for a batch in shards: {len(whole_id)} characters")
            shard = ShardNotes(batch_id=whole_id, share=found.share, work=work, deduplicate=deduplicate)
        output = None if self.output is None else self.output.uri("")
        status = BatchStatus(batch_id=batch_id, executor=executor.name, output=output)
        batch = Batch(
            documents=chosen,
            executor=executor,
            work=work,
            progress=ProgressTracker(
                status=status,
                results=results,
                batch_size=options.batch_size,
                max_failure_rate=options.max_failure_rate,
            ),
            notifier=Notifier(defaults.sinks_from(self.sinks, self.progress, self.on_result)),
            retry=self.retry,
            limits=self.limits,
            resume=options.resume,
            deduplicate=deduplicate,
            expected=count or 0,
            reads_in_thread=count is None,
            close_source=found.close,
            shard=shard,
        )
        return batch if kept is None else self._keeper.add(batch)

    def _without_others(self, documents: Iterator[Document], options: BatchOptions) -> Iterator[Document]:
        """Leave out what ``retry_failed`` does not ask for. Raises ``UsageError`` when there is no output to look into."""
        if self.output is None:
            if options.resume:
                raise UsageError("resume needs an output: it looks there for the documents that are finished")
            if options.retry_failed:
                raise UsageError("retry_failed needs an output: it looks there for the documents that failed")
        elif options.retry_failed:
            return filter(failure_filter(self.output), documents)
        return documents

    def _check_output(self) -> None:
        if self.output is not None:
            if isinstance(self.output, SupportsLayout) and self.output.layout != "files":
                check_library(self.output.layout)
            self.output.check()
            check_layout(self.output)

    def prepare_work(self, executor: Executor) -> tuple[DocumentWork, Callable[[Document], Document]]:
        """Return the work of its workers, and what gives a document its name in the output and the languages of its metadata.

        For those who bring documents to workers in ways of their own. Raises ``UsageError`` when the work cannot be done here.
        """
        check_transform(self.extraction.page_transform)
        work = self._work(executor)
        with_languages = self._language_hints(work.ocr_engine).apply
        if _naming(self.storage) == "id":
            return work, lambda document: with_languages(replace(document, output_name=""))
        return work, with_languages

    def _work(self, executor: Executor) -> DocumentWork:
        engine = self.engine or defaults.engine()
        second_engine = self.second_engine or defaults.second_engine(engine)
        extraction = replace(self.extraction, languages=codes_of_setting(self.extraction.ocr_languages))
        ocr_engine = self._choose_ocr_engine(executor, extraction.ocr_languages)
        parts = [part for part in (engine, second_engine, ocr_engine) if part is not None]
        return DocumentWork(
            engine=engine,
            second_engine=second_engine,
            ocr_engine=ocr_engine,
            extraction=extraction,
            limits=self.limits,
            output=self.output,
            versions={} if self.output is None else defaults.versions(parts),  # only records keep them
            passwords=tuple(self.passwords),
        )

    def _language_hints(self, ocr_engine: OcrEngine | None) -> LanguageHints:
        """Return what gives documents the languages that they or their metadata ask for; metadata only where OCR is there."""

        def list_installed() -> frozenset[str] | None:
            return ocr_engine.list_languages() if isinstance(ocr_engine, SupportsLanguages) else None

        usual = codes_of_setting(self.extraction.ocr_languages)
        batch_languages = usual if ocr_engine is None else self.extraction.languages
        return LanguageHints(batch_languages=batch_languages, usual=usual, list_installed=list_installed)

    def _choose_ocr_engine(self, executor: Executor, languages: str) -> OcrEngine | None:
        """Return the OCR engine; ``None`` where OCR is not wanted, or not there and may be missing.

        Raises ``DependencyError`` when it is not there and may not be missing, and ``UsageError`` when it is to guess
        languages and cannot say which there are.
        """
        if self.extraction.ocr == "never":
            return None
        engine = self.ocr_engine or defaults.ocr_engine(executor, languages)
        if languages == AUTO:
            from pdfbatch.work import first_language  # noqa: PLC0415 (loads what reads by OCR, which the parent is spared)

            if not isinstance(engine, SupportsLanguages):
                raise UsageError(
                    f"OCR engine '{engine.name}' cannot say which languages it reads: name them instead of 'auto'"
                )
            languages = first_language(engine.list_languages())
        try:
            engine.check(languages)
        except DependencyError as error:
            if self.extraction.on_missing_ocr == "fail":
                message = f"{error} Or go without OCR: on_missing_ocr='skip' flags the pages that need it, ocr='never'."
                raise DependencyError(message) from error
            log.warning("OCR is not available, pages that need it will have no text: %s", error)
            return None
        return engine

    def _check_executor(self, executor: Executor) -> None:
        """Warn of limits that the executor cannot keep, and raise ``UsageError`` if it cannot reach the output."""
        if replace(self.limits, storage_timeout=Limits().storage_timeout) != Limits() and not executor.kills:
            log.warning(
                "executor '%s' cannot stop a document that hangs or grows: limits are only kept between pages",
                executor.name,
            )
        if defaults.is_output_process_local(self.output) and executor.shares < Shared.MEMORY:
            raise UsageError(
                f"{self.output!r} exists in this process only, and executor '{executor.name}' works in others: "
                "use a ThreadExecutor, or another output"
            )


def merge_options(options: BatchOptions, changes: BatchKeywords) -> BatchOptions:
    """Return the options with the changes. Raises ``UsageError`` for a name that is none of theirs."""
    known = {*BatchKeywords.__annotations__, *_AllKeywords.__annotations__}
    checks.check_names(changes, known, "this call", name_homes)
    of_processor = [name for name in changes if name not in BatchKeywords.__annotations__]
    if of_processor:
        raise UsageError(f"{of_processor[0]} is a setting of BatchProcessor(...), not of one batch")
    return replace(options, **changes)


def _without_synonyms(settings: _AllKeywords) -> _AllKeywords:
    """Return the settings with one word for each thing. Raises ``UsageError`` when both words have a value."""
    given = settings.copy()
    if "storage" in given:
        storage = given.pop("storage")
        if given.get("output") is not None and storage != given.get("output"):
            raise UsageError("output and storage are two words for one setting: give one of them")
        given["output"] = storage
    if "max_workers" in given:
        workers = given.pop("max_workers")
        if given.get("workers") is not None and workers != given.get("workers"):
            raise UsageError("workers and max_workers are two words for one setting: give one of them")
        given["workers"] = workers
    return given


def _one_document(given: Input) -> Document:
    """Return the one document that an input stands for. Raises ``UsageError`` when there are several; else as a search."""
    documents = documents_from(given)
    first = next(documents, None)
    if first is None:
        raise NoDocumentsError("the input stands for no document")
    if next(documents, None) is not None:
        raise UsageError(
            f"{without_credentials(first.file_path)!r} is not the only document: to read several, use run() or "
            "process_batch()"
        )
    return first


def _naming(output: object) -> str:
    return output.naming if isinstance(output, SupportsNaming) else "path"


def _in_order_of(batch: Batch, order: Order) -> Generator[DocumentResult]:
    """Yield the results of a batch as they come, or hold back those that come before their turn, on disk if they are many."""
    held, places, turn = Results(batch.output), dict[int, int](), 0
    with closing(batch.results()) as results:
        for position, result in results:
            if order == "completed" or position == turn:
                turn += 1
                yield result
            else:
                places[position] = len(held)
                held.add(result)
            while turn in places:
                yield held[places.pop(turn)]
                turn += 1
            if held and not places:
                held.close()
                held = Results(batch.output)
    for position in sorted(places):
        yield held[places[position]]
    held.close()
