"""Find pages whose content ends early."""

import io
import logging
from collections.abc import Iterator
from pathlib import Path

from pypdf import PageObject, PasswordType, PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, NullObject, StreamObject

from pdfbatch.engines.flate import is_damaged, stops_within, strip_text_filters

_logger: logging.Logger = logging.getLogger(__name__)

_FORMS = 100
_END, _TAIL_BYTES = b"%%EOF", 2_048


def find_cut_pages(source: str | bytes, password: str | None) -> frozenset[int]:
    """Return the numbers of the pages whose content surely ends early; none when pypdf cannot read the document."""
    try:
        reader = PdfReader(io.BytesIO(_with_end(source)))
        if reader.is_encrypted and reader.decrypt(password or "") is PasswordType.NOT_DECRYPTED:
            return frozenset()
        return frozenset(number for number, page in enumerate(reader.pages, 1) if is_cut(page))
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 (on malformed input pypdf raises nearly everything)
        _logger.debug("pypdf cannot look for damage (%s: %s)", type(error).__name__, error)
        return frozenset()


def _with_end(source: str | bytes) -> bytes:
    """Return the bytes of a document, with an end where they have none: pypdf needs one to begin with, if a wrong one."""
    data = source if isinstance(source, bytes) else Path(source).read_bytes()
    return data if _END in data[-_TAIL_BYTES:] else data + b"\nendstream\nendobj\nstartxref\n0\n%%EOF\n"


def is_cut(page: PageObject) -> bool:
    """Return whether the content of a page, or of a form that it shows, is not there, is damaged, or stops in the midst."""
    if "/Contents" not in page:
        return False
    contents = page.raw_get("/Contents").get_object()
    parts = contents if isinstance(contents, ArrayObject) else [contents]
    streams = [None if part is None else part.get_object() for part in parts]
    if any(stream is None or isinstance(stream, NullObject) for stream in streams):
        return True
    found = [stream for stream in streams if isinstance(stream, StreamObject)]
    forms = list(_forms(page))
    if any(_ends_early(stream) for stream in (*found, *forms)):
        return True
    contents = (b"\n".join(stream.get_data() for stream in found), *(form.get_data() for form in forms))
    return any(map(stops_within, contents))


def _ends_early(stream: StreamObject) -> bool:
    filters = stream.get("/Filter")
    filters = filters.get_object() if filters is not None else None
    names = [str(name)[1:] for name in (filters if isinstance(filters, ArrayObject) else [filters])]
    # pypdf has no public way to the bytes of a stream before they are unpacked.
    data = strip_text_filters(names, getattr(stream, "_data", b""))
    return data is not None and is_damaged(data)


def _forms(page: PageObject) -> Iterator[StreamObject]:
    resources = page.get("/Resources")
    resources = resources.get_object() if resources is not None else None
    objects = resources.get("/XObject") if isinstance(resources, DictionaryObject) else None
    objects = objects.get_object() if objects is not None else None
    for name in list(objects)[:_FORMS] if isinstance(objects, DictionaryObject) else ():
        form = objects[name].get_object() if isinstance(objects, DictionaryObject) else None
        if isinstance(form, StreamObject) and form.get("/Subtype") == "/Form":
            yield form
