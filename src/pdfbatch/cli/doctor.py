"""``pdfbatch doctor``: what is installed and what answers here, and what to do about what does not."""

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from pdfbatch import __version__
from pdfbatch.cli.arguments import Arguments
from pdfbatch.cli.config import PREFIX, VARIABLE
from pdfbatch.cli.exit_codes import ExitCode
from pdfbatch.cli.json_lines import JsonLines
from pdfbatch.cli.redis_keys import redis_prefix
from pdfbatch.cli.streams import write_output
from pdfbatch.cli.style import Style, style_for
from pdfbatch.cli.wording import in_terminal
from pdfbatch.common import without_credentials
from pdfbatch.errors import DependencyError, NoDocumentsError, PdfBatchError
from pdfbatch.executors import available_cpus, available_memory_bytes
from pdfbatch.inputs import documents_from
from pdfbatch.ocr import RapidOcrEngine, TesseractEngine, TesserocrEngine, find_orientation_model
from pdfbatch.sinks import connect, recent_batches
from pdfbatch.storage import Storage, fingerprint

State = Literal["ok", "missing", "failed"]

_REQUIRED = ("pypdfium2", "pypdf", "pillow", "fsspec", "tenacity", "pytesseract")
_EXTRAS = (
    ("s3", ("s3fs", "obstore"), "s3:// addresses"),
    ("http", ("aiohttp",), "http:// and https:// addresses"),
    ("gcs", ("gcsfs", "obstore"), "gs:// addresses"),
    ("azure", ("adlfs", "obstore"), "az:// addresses"),
    ("sftp", ("paramiko",), "sftp:// addresses"),
    ("redis", ("redis",), "--redis and 'pdfbatch watch'"),
    ("celery", ("celery",), "tasks on Celery workers, --executor celery"),
    ("dask", ("distributed",), "--executor dask"),
    ("ray", ("ray",), "--executor ray"),
    ("cli", ("rich", "shtab"), "a progress bar, and completion of words in shells"),
    ("jsonl", ("zstandard",), "--layout jsonl"),
    ("parquet", ("pyarrow",), "--layout parquet, Parquet manifests and exports"),
    ("dashboard", ("starlette", "uvicorn"), "'pdfbatch dashboard'"),
    ("otel", ("opentelemetry-sdk",), "metrics by OpenTelemetry"),
    ("langchain", ("langchain-core",), "the loader for LangChain"),
    ("llamaindex", ("llama-index-core",), "the reader for LlamaIndex"),
)
_WORKER_BYTES = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was looked at, how it is, and what to do about it. ``is_needed`` says that a batch cannot do without it."""

    name: str
    state: State
    text: str
    advice: str = ""
    is_needed: bool = False

    def as_dict(self) -> dict[str, object]:
        """Return the finding as JSON-ready data."""
        named = {"name": self.name, "state": self.state, "text": self.text, "advice": self.advice or None}
        return {**named, "needed": self.is_needed}


def doctor(arguments: Arguments) -> ExitCode:
    """Look at everything, print it, and return whether what is needed, or was asked about, is there."""
    findings, style = list[Finding](), style_for(sys.stdout)
    for finding in find_all(arguments):
        findings.append(finding)
        if arguments.json:
            JsonLines(stream=sys.stdout).write("finding", finding.as_dict())
        else:
            write_output("".join(f"{line}\n" for line in _lines(finding, style)))
    needed = {finding.state for finding in findings if finding.is_needed}
    if not arguments.json:
        write_output(f"{_verdict(needed, style)}\n")
    if "failed" in needed:
        return ExitCode.STORAGE
    return ExitCode.MISSING_DEPENDENCY if "missing" in needed else ExitCode.OK


def find_all(arguments: Arguments) -> Iterator[Finding]:
    """Yield what there is to say of this machine, and of the addresses that were asked about."""
    yield Finding(
        name="pdfbatch", state="ok", text=f"{__version__}, Python {platform.python_version()} on {platform.platform()}"
    )
    yield from map(_find_required, _REQUIRED)
    yield from _find_ocr()
    yield from _find_machine()
    yield from _find_options(arguments)
    for extra, packages, what in _EXTRAS:
        yield _find_extra(extra, packages, what)
    if arguments.redis:
        yield _find_answer("redis server", arguments.redis, partial(_ask_redis, arguments.redis))
    for address in arguments.addresses:
        yield _find_answer("input", address, partial(_ask_input, address))
    if arguments.output:
        yield _find_answer("output", arguments.output, Storage(arguments.output).check)


def _find_required(package: str) -> Finding:
    try:
        return Finding(name=package, state="ok", text=version(package))
    except PackageNotFoundError:
        advice = f"pip install {package}"
        return Finding(name=package, state="missing", text="not installed", advice=advice, is_needed=True)


def _find_extra(extra: str, packages: tuple[str, ...], what: str) -> Finding:
    there, missing = list[str](), list[str]()
    for each in packages:
        try:
            there.append(f"{each} {version(each)}")
        except PackageNotFoundError:
            missing.append(each)
    if not missing:
        return Finding(name=extra, state="ok", text=", ".join(there))
    advice = f"for {what}: pip install 'pdfbatch[{extra}]'"
    text = "not installed" if not there else f"{', '.join(there)}, without {', '.join(missing)}"
    return Finding(name=extra, state="missing", text=text, advice=advice)


def _find_ocr() -> Iterator[Finding]:
    tesseract, library, rapid = TesseractEngine(), TesserocrEngine(), RapidOcrEngine()
    for engine, languages in ((tesseract, tesseract.list_languages()), (library, library.list_languages())):
        try:
            engine.check("eng" if "eng" in languages or not languages else min(languages))
        except DependencyError as error:
            # The program reads where the library does not, and OCR is there by default: one of them must be.
            is_needed = engine is tesseract and not library.list_languages()
            if engine is library and not library.version:
                advice = "for OCR in a fifth less time: pip install 'pdfbatch[tesserocr]'"
                yield Finding(name=engine.name, state="missing", text="not installed", advice=advice)
                continue
            text = "cannot read here"
            yield Finding(name=engine.name, state="missing", text=text, advice=str(error), is_needed=is_needed)
        else:
            shown = ", ".join(sorted(languages))
            yield Finding(name=engine.name, state="ok", text=f"{engine.version}, languages {shown}")
    found = rapid.version
    advice = "" if found else "only for --ocr-engine rapidocr: pip install 'pdfbatch[rapidocr]'"
    model = "with" if find_orientation_model() else "without"
    text = f"{found}, {model} a model for how pages lie" if found else "not installed"
    yield Finding(name=rapid.name, state="ok" if found else "missing", text=text, advice=advice)


def _find_machine() -> Iterator[Finding]:
    cores, memory = available_cpus(), available_memory_bytes()
    yield Finding(name="cores", state="ok", text=f"{cores} usable: so many workers by default")
    if memory is not None:
        wanted = (cores + 1) * _WORKER_BYTES
        advice = "" if memory >= wanted else f"{cores} workers may need {wanted >> 30} GiB: use fewer (--workers)"
        yield Finding(name="memory", state="ok", text=f"{memory / (1 << 30):.1f} GiB", advice=advice)
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    advice = "" if free >= _WORKER_BYTES else "downloads and results need room there: set TMPDIR to another folder"
    yield Finding(name="temporary files", state="ok", text=f"{folder}, {free / (1 << 30):.1f} GiB free", advice=advice)


def _find_options(arguments: Arguments) -> Iterator[Finding]:
    """Yield where options come from that no command line shows. Their values may be secrets."""
    variables = sorted(name for name in os.environ if name.startswith(PREFIX))
    if variables:
        yield Finding(name="variables", state="ok", text=", ".join(variables))
    if file := arguments.config or os.environ.get(VARIABLE):  # it has been read, so it is there
        yield Finding(name="options", state="ok", text=os.path.abspath(file))


def _find_answer(name: str, address: str, ask: Callable[[], None]) -> Finding:
    shown = without_credentials(address)
    try:
        ask()
    except DependencyError as error:
        return Finding(name=name, state="missing", text=shown, advice=str(error), is_needed=True)
    except PdfBatchError as error:
        return Finding(name=name, state="failed", text=shown, advice=str(error), is_needed=True)
    return Finding(name=name, state="ok", text=shown)


def _ask_redis(url: str) -> None:
    with connect(url, timeout_seconds=5.0) as client:
        recent_batches(client, key_prefix=redis_prefix())


def _ask_input(address: str) -> None:
    first = next(documents_from([address]), None)
    if first is None:
        raise NoDocumentsError(f"{without_credentials(address)} holds no PDF")
    fingerprint(first)


def _verdict(needed: Collection[str], style: Style) -> str:
    """Return the last line: whether a batch can run, so that nobody takes what is optional for what is missing."""
    if "failed" in needed:
        return style.bad("An address that was asked about does not answer: see the lines with 'failed'.")
    if "missing" in needed:
        return style.bad("Something has to be installed first: see the lines with 'missing'.")
    return style.good("All that a batch needs is there; what is optional can be added when it is wanted.")


def _lines(finding: Finding, style: Style) -> Iterator[str]:
    is_optional = finding.state == "missing" and not finding.is_needed
    paint = {"ok": style.good, "missing": style.faint if is_optional else style.bad, "failed": style.bad}[finding.state]
    word = "optional" if is_optional else finding.state
    yield f"{paint(f'{word:<8}')} {finding.name:<16} {in_terminal(finding.text)}"
    if finding.advice:
        yield f"{'':<25} {in_terminal(finding.advice)}"
