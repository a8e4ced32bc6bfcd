"""pypdf: the second opinion on files that pdfium refuses. Pure Python, slower, and unable to draw."""

import io
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from pdfbatch.engines.errors import open_error, source_name, unreadable
from pdfbatch.errors import Cause, DocumentError
from pdfbatch.ports import PageFacts
from pdfbatch.text import storable_text

if TYPE_CHECKING:
    from PIL.Image import Image
    from pypdf import PageObject, PdfReader

_METADATA_KEYS = ("Title", "Author", "Subject", "Keywords", "Creator", "Producer", "CreationDate", "ModDate")
_REASON_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class PypdfEngine:
    """Reads with pypdf, under pypdf's own limits against documents that unfold without end. Safe in threads."""

    @property
    def name(self) -> str:
        """``pypdf``."""
        return "pypdf"

    @property
    def version(self) -> str:
        """Version of pypdf."""
        from importlib.metadata import version  # noqa: PLC0415 (30 modules, and workers do not ask)

        return version("pypdf")

    @contextmanager
    def open(self, source: str | bytes, *, password: str | None = None) -> "Generator[PypdfDocument]":
        """Open a local path or the bytes of a PDF; the empty password is tried after the one given.

        Raises ``DocumentError`` (``empty_input``, ``not_a_pdf``, ``malformed``, ``password_required``, a storage cause).
        """
        name = source_name(source)
        with _stream(source, name) as stream:
            try:
                with _isolated(name):
                    reader = _reader(stream, name, password)
                    page_count = len(reader.pages)
            except DocumentError as error:
                raise _judged(error, source) from error.__cause__
            if page_count == 0:
                raise DocumentError(f"{name}: it has no pages", cause=Cause.MALFORMED)
            yield PypdfDocument(name, reader, page_count)


@dataclass(frozen=True, slots=True)
class PypdfDocument:
    """A PDF that pypdf has opened. ``name`` is what messages call it."""

    name: str
    reader: "PdfReader" = field(repr=False)
    page_count: int

    @property
    def metadata(self) -> Mapping[str, str]:
        """The standard entries of the document information dictionary that are there; none when pypdf cannot read it."""
        try:
            with _isolated(self.name):
                entries = self.reader.metadata
                values = ((key, _as_text(entries.get(f"/{key}"))) for key in _METADATA_KEYS) if entries else ()
                return {key: value for key, value in values if value}
        except DocumentError:
            return {}

    @contextmanager
    def page(self, number: int) -> "Generator[PypdfPage]":
        """A page, counted from 1. Raises ``DocumentError`` (``malformed``) when pypdf cannot load it."""
        name = f"page {number}"
        if not 1 <= number <= self.page_count:
            raise DocumentError(f"{name}: there is no such page", cause=Cause.MALFORMED)
        with _isolated(name):
            page = self.reader.pages[number - 1]
        yield PypdfPage(name, page)


@dataclass(frozen=True, slots=True)
class PypdfPage:
    """A page that pypdf has loaded. ``name`` is what messages call it."""

    name: str
    page: "PageObject" = field(repr=False)

    def text(self) -> str:
        """The text layer, as ``storable_text``. Raises ``DocumentError`` (``malformed``)."""
        with _isolated(self.name):
            return storable_text(self.page.extract_text())

    def facts(self) -> PageFacts:
        """What the page's content says. Raises ``DocumentError`` (``malformed``).

        pypdf does not tell which glyphs have no Unicode value or are invisible.
        """
        from pdfbatch.engines.pypdf.content import page_facts  # noqa: PLC0415 (it imports pypdf)

        with _isolated(self.name):
            return page_facts(self.page, len(self.page.extract_text()))

    def image(self, dpi: float) -> "Image":  # noqa: ARG002 (the port gives it)
        """Always raises ``DocumentError`` (``malformed``): pypdf cannot draw pages."""
        raise DocumentError(f"{self.name}: pypdf cannot draw pages, so there is no OCR of it", cause=Cause.MALFORMED)


@contextmanager
def _isolated(name: str) -> Generator[None]:
    """Run pypdf within its limits; whatever it raises becomes a ``DocumentError``.

    The limits are set for each call: pypdf keeps them in a context variable, which another thread does not see.
    """
    from pypdf import Configuration, apply_configuration  # noqa: PLC0415 (loaded when a document is opened)

    try:
        # No jbig2dec: text needs no images, and a document should not start programs.
        with apply_configuration(Configuration(jbig2dec_binary=None)):
            yield
    except (DocumentError, MemoryError):
        raise
    except Exception as error:
        # On malformed input pypdf raises nearly everything: KeyError, RecursionError, AttributeError ...
        reason = " ".join(storable_text(f"{type(error).__name__}: {error}").split())[:_REASON_CHARACTERS]
        raise DocumentError(f"{name}: pypdf cannot read it ({reason})", cause=Cause.MALFORMED) from error


@contextmanager
def _stream(source: str | bytes, name: str) -> Generator[BinaryIO]:
    if isinstance(source, bytes):
        yield io.BytesIO(source)
        return
    try:
        file = open(os.fsencode(source), "rb")  # noqa: SIM115 (what the body raises is not the file's fault)
    except OSError as error:
        raise unreadable(name, error) from error
    with file:
        yield file


def _reader(stream: BinaryIO, name: str, password: str | None) -> "PdfReader":
    from pypdf import PasswordType, PdfReader  # noqa: PLC0415 (loaded when a document is opened)

    reader = PdfReader(stream)
    if not reader.is_encrypted:
        return reader
    for candidate in (password or "", ""):
        if reader.decrypt(candidate) is not PasswordType.NOT_DECRYPTED:
            return reader
    state = "the password given does not open it" if password else "it is encrypted and needs a password"
    raise DocumentError(f"{name}: {state}", cause=Cause.PASSWORD_REQUIRED)


def _judged(error: DocumentError, source: str | bytes) -> DocumentError:
    if error.cause is not Cause.MALFORMED:
        return error
    return open_error(source, str(error).removeprefix(f"{source_name(source)}: "))


def _as_text(value: object) -> str:
    from pypdf.generic import PdfObject  # noqa: PLC0415 (loaded when a document is opened)

    value = value.get_object() if isinstance(value, PdfObject) else value
    return storable_text(value) if isinstance(value, str) else ""
