"""Ask workers elsewhere, before they get a document, whether they are what the batch needs: one clear error if not."""

import os
import uuid
from collections.abc import Mapping
from contextlib import suppress

from pdfbatch.common import AUTO
from pdfbatch.errors import DependencyError, DocumentError, OutputError, UsageError, VersionMismatchError
from pdfbatch.model import Document
from pdfbatch.outputs import batch_file
from pdfbatch.ports import Needs, Output, Pool, SupportsSurvey, WorkerFacts
from pdfbatch.work import DocumentWork


def check_workers(pool: Pool, work: DocumentWork, batch_id: str, document: Document | None) -> None:
    """Compare what each worker of a pool elsewhere says of itself with what this process has and the batch needs.

    ``document`` is one of the batch; the workers must see its file, if it is one. Does nothing for pools of this machine.
    Raises ``VersionMismatchError``, ``DependencyError``, ``OutputError`` or ``UsageError``, which name the worker, and
    ``DocumentError`` when the output cannot be written to from here.
    """
    if not isinstance(pool, SupportsSurvey):
        return
    output, languages = work.output, work.extraction.ocr_languages
    probe = "" if output is None else batch_file(batch_id, f"probe-{uuid.uuid4().hex}")
    needs = Needs(probe=probe, languages="" if languages == AUTO else languages, input_path=_find_local_path(document))
    if output is not None:
        output.write(probe, b"")
    try:
        workers = pool.survey(needs)
    finally:
        if output is not None:
            with suppress(DocumentError):
                output.delete(probe)
    _compare(workers, work.inspect(Needs()).engines)
    for worker, facts in workers.items():
        _check_findings(worker, facts, needs, output)


def _find_local_path(document: Document | None) -> str:
    """Return the path of a document's file, if it is one that this process sees."""
    if document is None or document.is_remote or document.content is not None:
        return ""
    path = document.location.removeprefix("file://")
    return path if os.path.exists(path) else ""


def _compare(workers: Mapping[str, WorkerFacts], own: Mapping[str, str]) -> None:
    """Raise ``VersionMismatchError`` when a worker has another version of an engine: records would tell this process's."""
    for worker, facts in workers.items():
        for engine, version in facts.findings.engines.items():
            if not facts.findings.missing_ocr and own.get(engine, version) != version:
                raise VersionMismatchError(
                    f"Worker {worker} has {engine} {version}, this process has {own[engine]}: install the same on both"
                )


def _check_findings(worker: str, facts: WorkerFacts, needs: Needs, output: Output | None) -> None:
    """Raise the error of the first thing that a worker lacks."""
    found = facts.findings
    if not facts.isolates:
        raise DependencyError(f"Worker {worker} ({facts.platform}) cannot start child processes, which keep the limits")
    if found.missing_ocr:
        raise DependencyError(f"Worker {worker} cannot read scans: {found.missing_ocr}")
    if found.hidden_output:
        place = "" if output is None else output.uri("")
        raise OutputError(
            f"Worker {worker} cannot use the output {place}: {found.hidden_output}. "
            "Give an output that all workers share, such as s3://..., or a folder of a shared file system"
        )
    if found.hidden_input:
        raise UsageError(
            f"Worker {worker} cannot see {needs.input_path}: {found.hidden_input}. "
            "Give documents that all workers share, such as s3://..., or files of a shared file system"
        )
