"""Find out whether a worker has what the work needs: engines, languages, the output, the input."""

import os
import uuid
from collections.abc import Iterable

from pdfbatch.errors import describe_error
from pdfbatch.ports import Findings, Needs, OcrEngine, Output, SupportsLanguages, TextEngine


def find_out(
    needs: Needs, engines: Iterable[TextEngine | None], ocr_engine: OcrEngine | None, output: Output | None
) -> Findings:
    """Return what this process finds. Never raises."""
    parts = [engine for engine in (*engines, ocr_engine) if engine is not None]
    return Findings(
        engines={part.name: _find_version(part) for part in parts},
        missing_ocr="" if ocr_engine is None else _check_ocr(ocr_engine, needs.languages),
        hidden_output="" if output is None or not needs.probe else _probe_output(output, needs.probe),
        hidden_input=_probe_input(needs.input_path) if needs.input_path else "",
    )


def _find_version(part: TextEngine | OcrEngine) -> str:
    try:
        return part.version
    except Exception as error:  # noqa: BLE001 (a library that cannot be loaded raises what it likes)
        return f"none ({describe_error(error)})"


def _check_ocr(engine: OcrEngine, languages: str) -> str:
    try:
        if not languages and isinstance(engine, SupportsLanguages):
            from pdfbatch.work.language_choice import first_language  # noqa: PLC0415 (12 modules, which the parent is spared)

            languages = first_language(engine.list_languages())
        if languages:
            engine.check(languages)
    except Exception as error:  # noqa: BLE001 (as above)
        return str(error) or type(error).__name__
    return ""


def _probe_output(output: Output, probe: str) -> str:
    """Read the probe, and write beside it."""
    own = f"{probe}-{uuid.uuid4().hex}"
    try:
        output.read(probe)
        output.write(own, b"")
        output.delete(own)
    except Exception as error:  # noqa: BLE001 (an output of the caller's own kind raises what it likes)
        return str(error) or type(error).__name__
    return ""


def _probe_input(path: str) -> str:
    try:
        os.stat(path)
    except OSError as error:
        return error.strerror or str(error)
    return ""
