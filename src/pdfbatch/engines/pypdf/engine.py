"""The second text engine: pypdf, for files that pdfium cannot open. Pure Python, slower, and unable to draw."""

import io
import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from pdfbatch.engines.errors import open_error, read_error, source_name
from pdfbatch.errors import Cause, DocumentError, describe_error
from pdfbatch.model import DocumentExtras
from pdfbatch.ports import Box, PageFacts
from pdfbatch.text import storable_text

if TYPE_CHECKING:
    from PIL.Image import Image
    from pypdf import PageObject, PdfReader

    from pdfbatch.engines.pypdf.layers import Layers

_METADATA_KEYS = ("Title", "Author", "Subject", "Keywords", "Creator", "Producer", "CreationDate", "ModDate")
_REASON_CHARACTERS = 200
# A soft hyphen in a PDF is drawn as a hyphen, and a ligature stands for its letters.
_AS_SEEN = str.maketrans(
    {
        "\xad": "-",
        "\ufb00": "ff",
        "\ufb01": "fi",
        "\ufb02": "fl",
        "\ufb03": "ffi",
        "\ufb04": "ffl",
        "\ufb05": "st",
        "\ufb06": "st",
    }
)


@dataclass(frozen=True, slots=True)
class PypdfEngine:
    """Read PDFs with pypdf, within pypdf's own limits against decompression bombs. Safe in threads."""

    @property
    def name(self) -> str:
        """``pypdf``."""
        return "pypdf"

    @property
    def version(self) -> str:
        """Version of pypdf."""
        from importlib.metadata import version  # noqa: PLC0415 (it loads many modules, and workers do not need it)

        return version("pypdf")

    @contextmanager
    def open(
        self, source: str | bytes, *, password: str | None = None, annotations: bool = True
    ) -> "Generator[PypdfDocument]":
        """Open a local path or the bytes of a PDF. Try the empty password, too, if the given one does not open it.

        ``annotations=False`` leaves form fields and annotations out of texts, boxes, facts and images.

        Raises ``DocumentError`` (``empty_input``, ``not_a_pdf``, ``malformed``, ``password_required``, ``unsupported``, a
        storage cause).
        """
        name = source_name(source)
        with _open_stream(source, name) as stream:
            try:
                with _translate_errors(name):
                    reader = _open_reader(stream, name, password)
                    page_count = len(reader.pages)
            except DocumentError as error:
                if error.cause is not Cause.MALFORMED:
                    raise
                # The first bytes may say more than pypdf did.
                refusal = open_error(source, str(error).removeprefix(f"{name}: "))
                if isinstance(error.__cause__, NotImplementedError) and refusal.cause is Cause.MALFORMED:
                    refusal = DocumentError(
                        str(refusal), cause=Cause.UNSUPPORTED
                    )  # another encryption than by password
                raise refusal from error.__cause__
            if page_count == 0:
                raise DocumentError(f"{name}: it has no pages", cause=Cause.MALFORMED)
            yield PypdfDocument(name, reader, page_count, annotations, _layers_of(reader, name))


@dataclass(frozen=True, slots=True)
class PypdfDocument:
    """A PDF that pypdf has opened. ``name`` is its name in messages."""

    name: str
    reader: "PdfReader" = field(repr=False)
    page_count: int
    annotations: bool = True
    layers: "Layers | None" = field(default=None, repr=False)

    @property
    def metadata(self) -> Mapping[str, str]:
        """Standard entries of the document information dictionary; none when pypdf cannot read it."""
        try:
            with _translate_errors(self.name):
                entries = self.reader.metadata
                values = ((key, _as_text(entries.get(f"/{key}"))) for key in _METADATA_KEYS) if entries else ()
                return {key: value for key, value in values if value}
        except DocumentError:
            return {}

    @property
    def extras(self) -> DocumentExtras:
        """What the document has beside its pages; nothing where pypdf cannot read it."""
        from pdfbatch.engines.pypdf.extras import document_extras  # noqa: PLC0415 (it imports pypdf)

        try:
            with _translate_errors(self.name):
                return document_extras(self.reader)
        except DocumentError:
            return DocumentExtras()

    @contextmanager
    def page(self, number: int) -> "Generator[PypdfPage]":
        """Load a page, counted from 1. Raises ``DocumentError`` (``malformed``) when pypdf cannot load it."""
        name = f"page {number}"
        if not 1 <= number <= self.page_count:
            raise DocumentError(f"{name}: there is no such page", cause=Cause.MALFORMED)
        with _translate_errors(name):
            page = self.reader.pages[number - 1]
            if self.layers is not None:
                self.layers.hide(page)
        yield PypdfPage(name, page, self.annotations)


@dataclass(frozen=True, slots=True)
class PypdfPage:
    """A page that pypdf has loaded. ``name`` is its name in messages."""

    name: str
    page: "PageObject" = field(repr=False)
    annotations: bool = True

    def text(self) -> str:
        """Return the text of the page, as ``storable_text``, with what its annotations show.

        Where pypdf cannot tell where the lines of the page lie, that comes at the end.

        Raises ``DocumentError`` (``malformed``).
        """
        from pdfbatch.engines.pypdf.annotations import text_with_annotations  # noqa: PLC0415 (it imports pypdf)
        from pdfbatch.engines.pypdf.cropping import visible_text  # noqa: PLC0415 (it imports pypdf)

        with _translate_errors(self.name):
            text = text_with_annotations(self.page) if self.annotations else visible_text(self.page)
        return storable_text(text.translate(_AS_SEEN))

    def text_boxes(self) -> Sequence[Box]:
        """Return nothing: pypdf does not tell where text ends."""
        return ()

    def facts(self) -> PageFacts:
        """Return what is on the page. Raises ``DocumentError`` (``malformed``).

        pypdf does not report glyphs that have no Unicode value or are invisible, nor images that cannot be decoded: it counts
        none of them.
        """
        from pdfbatch.engines.pypdf.content import page_facts  # noqa: PLC0415 (it imports pypdf)

        with _translate_errors(self.name):
            return page_facts(self.page, len(self.page.extract_text()), annotations=self.annotations)

    def image(self, dpi: float) -> "Image":  # noqa: ARG002 (the port has it)
        """Raise ``DocumentError`` (``malformed``): pypdf cannot draw pages."""
        raise DocumentError(f"{self.name}: pypdf cannot draw pages, so there is no OCR of it", cause=Cause.MALFORMED)


@contextmanager
def _translate_errors(name: str) -> Generator[None]:
    """Run pypdf within its limits, and raise a ``DocumentError`` for whatever it raises.

    The limits are set for each call, because pypdf keeps them in a context variable, which other threads do not see.
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
        reason = " ".join(storable_text(describe_error(error)).split())[:_REASON_CHARACTERS]
        raise DocumentError(f"{name}: pypdf cannot read it ({reason})", cause=Cause.MALFORMED) from error


@contextmanager
def _open_stream(source: str | bytes, name: str) -> Generator[BinaryIO]:
    if isinstance(source, bytes):
        yield io.BytesIO(source)
        return
    try:
        file = open(os.fsencode(source), "rb")  # noqa: SIM115 (what the body raises is not the file's fault)
    except OSError as error:
        raise read_error(name, error) from error
    with file:
        yield file


def _open_reader(stream: BinaryIO, name: str, password: str | None) -> "PdfReader":
    from pypdf import PasswordType, PdfReader  # noqa: PLC0415 (loaded when a document is opened)

    reader = PdfReader(stream)
    if not reader.is_encrypted:
        return reader
    for candidate in (password or "", ""):
        if reader.decrypt(candidate) is not PasswordType.NOT_DECRYPTED:
            return reader
    state = "the password given does not open it" if password else "it is encrypted and needs a password"
    raise DocumentError(f"{name}: {state}", cause=Cause.PASSWORD_REQUIRED)


def _layers_of(reader: "PdfReader", name: str) -> "Layers | None":
    """Return the layers of a document that are off, ``None`` when there is none or they cannot be found."""
    from pdfbatch.engines.pypdf.layers import layers_of  # noqa: PLC0415 (loaded when a document is opened)

    try:
        with _translate_errors(name):
            layers = layers_of(reader)
    except DocumentError:
        return None
    return layers if layers.hidden else None


def _as_text(value: object) -> str:
    from pypdf.generic import PdfObject  # noqa: PLC0415 (loaded when a document is opened)

    value = value.get_object() if isinstance(value, PdfObject) else value
    return storable_text(value) if isinstance(value, str) else ""
