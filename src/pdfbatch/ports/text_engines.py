"""What a text engine promises: PDFs to text layers, pictures of pages, and facts to decide by."""

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from pdfbatch.model import DocumentExtras

if TYPE_CHECKING:
    from PIL.Image import Image


POINTS_PER_INCH = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFacts:
    """What an engine finds on a page without drawing it. pdfbatch decides by it which pages need OCR.

    An engine that cannot count something leaves it at 0. A page with nothing but zeros counts as blank.
    """

    width: float
    """Width in points of the page as it is shown: its crop box, after /Rotate."""
    height: float
    """Height in points of the page as it is shown."""
    image_coverage: float = 0.0
    """Share of the page that images cover together, 0 to 1."""
    image_dpi: float = 0.0
    """Resolution of the largest image where it lies on the page, in pixels per inch; 0 when there is none."""
    images: int = 0
    """Number of images drawn, inline images and those inside forms included."""
    glyphs: int = 0
    """Number of characters of the text layer."""
    unmapped_glyphs: int = 0
    """Number of those for which the font gives no Unicode value."""
    invisible_glyphs: int = 0
    """Number of those in text rendering mode 3, as OCR software puts them behind a scan."""
    vector_objects: int = 0
    """Number of paths, shadings and drawn annotations; of very many, some thousands are enough."""
    objects: int = 0
    """Number of texts, paths, shadings, images and forms that the content of the page paints; some thousands are enough."""


class Box(NamedTuple):
    """A rectangle on a page as it is shown (after /Rotate), in points from its top left corner."""

    left: float
    top: float
    right: float
    bottom: float


def pixels_per_side(points: float, dpi: float) -> int:
    """Return how many pixels a side of a page has that is so many points long, at least 1.

    The formula is pypdfium2's own, rounding error included (792 points at 300 dpi are 3301 pixels), so that tesseract reads
    the same picture as after pypdfium2's ``render``: one row more or less can change how it divides a page into columns.
    """
    return max(math.ceil(points * (dpi / POINTS_PER_INCH)), 1)


class OpenPage(Protocol):
    """One page of an open document. It is valid until the next one is asked for."""

    @abstractmethod
    def text(self) -> str:
        r"""Return the text that a reader of the page sees, as far as the engine can tell; empty when there is none.

        Lines end in ``\n``; there is no ``\r``, no form feed, no control character but the tab, and nothing that UTF-8 cannot
        encode: ``pdfbatch.text.storable_text`` makes any string so. A hyphen at the end of a line stays, and so does the line.
        Values of form fields and what annotations show stand among the lines where the page shows them, each once, unless the
        document was opened without ``annotations``; hidden ones do not, nor those that are not to be printed.
        """

    @abstractmethod
    def text_boxes(self) -> Sequence[Box]:
        """Return where the text lies, a box for each line or word, and for each annotation in the text.

        Nothing when the engine cannot tell. Cheap.
        """

    @abstractmethod
    def facts(self) -> PageFacts:
        """Return what is on the page."""

    @abstractmethod
    def image(self, dpi: float) -> "Image":
        """Draw the page in grey (mode ``L``), upright as it is shown, with ``pixels_per_side`` pixels at ``dpi``.

        An engine that cannot draw raises ``DocumentError`` (``malformed``).
        """


@runtime_checkable
class SupportsEvidence(Protocol):
    """An open page that can be looked at more closely. Without it, the facts of a page must do."""

    @abstractmethod
    def is_plain(self) -> bool:
        """Return whether a glance finds hardly anything but text: no image, no form XObject, few drawings.

        Takes microseconds, and looks at a sample of the objects of a page that has many.
        """

    @abstractmethod
    def is_cut(self) -> bool:
        """Return whether the content of the page surely ends early, so that a part of it is missing.

        Asked for each page whose text is read: an engine may answer no where only a slow search would tell.
        """

    @abstractmethod
    def cut_images(self) -> int:
        """Return how many large images surely end early, so that a part of them is not shown."""

    @abstractmethod
    def count_lost_images(self) -> int:
        """Return how many large images have data but no picture: it cannot be decoded, or comes out in one colour.

        May be slow: asked only for a page on which OCR has found nothing.
        """

    @abstractmethod
    def count_lost_texts(self) -> int:
        """Return how many pieces of text seem to be missing, because no font at hand has a shape for them.

        Asked for each page whose text is read: 0 where they are fewer than the characters that were read.
        """


class OpenDocument(Protocol):
    """A PDF that an engine has opened."""

    @property
    def page_count(self) -> int:
        """Number of pages, at least 1."""
        ...

    @property
    def metadata(self) -> Mapping[str, str]:
        """Those of Title, Author, Subject, Keywords, Creator, Producer, CreationDate and ModDate that are there."""
        ...

    @property
    def extras(self) -> DocumentExtras:
        """What the document has beside its pages."""
        ...

    @abstractmethod
    def page(self, number: int) -> AbstractContextManager[OpenPage]:
        """Open a page, counted from 1, in any order and as often as asked.

        Raises ``DocumentError`` (``malformed``) that says "page <number>" when there is no such page or it cannot be loaded.
        """


class TextEngine(Protocol):
    """Reads PDFs: text layer, facts, images and metadata. A picklable value; many threads may call it.

    An open document is used in one thread. Closing it leaves no file open, and lets the caller's exceptions out as they are.
    """

    @property
    def name(self) -> str:
        """Short name for a record: ``pdfium``, ``pypdf`` ..."""
        ...

    @property
    def version(self) -> str:
        """Version of the library behind it."""
        ...

    @abstractmethod
    def open(
        self, source: str | bytes, *, password: str | None = None, annotations: bool = True
    ) -> AbstractContextManager[OpenDocument]:
        """Open a local path or the bytes of a PDF; several may be open at once.

        The empty password is tried when none is given, and after one that does not fit. ``annotations=False`` leaves values of
        form fields and what annotations show out of texts, boxes, facts and images. Raises ``DocumentError``, its message
        beginning with the path: ``empty_input``, ``not_a_pdf`` for another kind of file, ``malformed`` (also without pages),
        ``password_required``, ``not_a_file`` for a folder, ``storage_not_found``. No message tells a password.
        """
