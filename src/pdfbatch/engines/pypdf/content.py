"""Find what is on a page, by a walk over the operators of its content, as pypdf parses them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from pypdf import PageObject
from pypdf.generic import ArrayObject, ContentStream, DictionaryObject, IndirectObject, StreamObject

from pdfbatch.engines.coverage import Area, Coverage, Matrix
from pdfbatch.ports import PageFacts

_OBJECTS = 5_000
_DEPTH = 8
# Of nothing at all, packing makes a dozen bytes.
_LEAST_STORED = 16
_PAINTS = frozenset((b"S", b"s", b"f", b"F", b"f*", b"B", b"B*", b"b", b"b*", b"sh"))
_WRITES = frozenset((b"Tj", b"TJ", b"'", b'"'))


def page_facts(page: PageObject, glyphs: int, *, annotations: bool = True) -> PageFacts:
    """Return the facts about a page. Looks at the first 5,000 paint operators, those in form XObjects included.

    Visible ``annotations`` count as vector objects, if they are wanted.
    """
    box = _visible_box(page)
    walk = _Walker(images=Coverage(box))
    content = page.get_contents()
    if content is None and isinstance(page.raw_get("/Contents") if "/Contents" in page else None, IndirectObject):
        raise ValueError("its content is not there")
    if content is not None:
        if _count_stored_bytes(page) >= _LEAST_STORED and not content.get_data():
            raise ValueError("its content cannot be unpacked")
        walk.walk(content, _dictionary(page, "/Resources"), Matrix(), _DEPTH)
    width, height = box.right - box.left, box.top - box.bottom
    if page.rotation % 180:
        width, height = height, width
    return PageFacts(
        width=width,
        height=height,
        image_coverage=walk.images.share,
        image_dpi=walk.images.dpi,
        images=walk.images.images,
        glyphs=glyphs,
        vector_objects=walk.vectors + (_count_visible_annotations(page) if annotations else 0),
        objects=walk.objects,
    )


@dataclass(slots=True)
class _Walker:
    """Walk through the content of a page and of the forms in it, until ``left`` operators are used up."""

    images: Coverage
    vectors: int = 0
    objects: int = 0
    left: int = _OBJECTS

    def walk(self, content: ContentStream, resources: DictionaryObject, outer: Matrix, depth: int) -> None:
        matrix, saved = outer, list[Matrix]()
        for operands, operator in content.operations:
            match operator:
                case b"q":
                    saved.append(matrix)
                case b"Q":
                    matrix = saved.pop() if saved else matrix
                case b"cm":
                    matrix = _matrix(operands).then(matrix)
                case b"Do":
                    self._xobject(_xobject(resources, operands[0]), resources, matrix, depth)
                case b"INLINE IMAGE":
                    self._image(operands["settings"], ("/W", "/Width"), ("/H", "/Height"), matrix)
                case _ if operator in _WRITES:
                    self.objects += 1
                    self.left -= 1
                case _ if operator in _PAINTS:
                    self.objects += 1
                    self.vectors += 1
                    self.left -= 1
                case _:
                    continue
            if self.left <= 0:
                return

    def _xobject(self, xobject: object, resources: DictionaryObject, outer: Matrix, depth: int) -> None:
        if not isinstance(xobject, StreamObject):
            # The page draws something that is not there.
            self.left -= 1
            self.objects += 1
            return
        if xobject.get("/Subtype") == "/Image":
            self._image(xobject, ("/Width",), ("/Height",), outer)
        elif xobject.get("/Subtype") == "/Form" and depth:
            self.left -= 1
            self.objects += 1
            own = _matrix(cast("Sequence[float]", xobject.get("/Matrix", Matrix())))
            inside = _dictionary(xobject, "/Resources") or resources
            self.walk(ContentStream(xobject, None), inside, own.then(outer), depth - 1)

    def _image(
        self, image: DictionaryObject, width_keys: Sequence[str], height_keys: Sequence[str], place: Matrix
    ) -> None:
        self.left -= 1
        self.objects += 1
        self.images.add(place, _number(image, width_keys), _number(image, height_keys))


def _count_stored_bytes(page: PageObject) -> int:
    """Return the length of the content streams of a page as they are stored."""
    contents = page.get("/Contents")
    contents = None if contents is None else contents.get_object()
    streams = contents if isinstance(contents, ArrayObject) else [contents]
    found = (None if stream is None else stream.get_object() for stream in streams)
    # pypdf drops /Length, and has no public way to the bytes of a stream before they are unpacked.
    return sum(len(getattr(stream, "_data", b"")) for stream in found)


def _visible_box(page: PageObject) -> Area:
    crop, media = page.cropbox, page.mediabox
    return Area(
        float(max(crop.left, media.left)),
        float(max(crop.bottom, media.bottom)),
        float(min(crop.right, media.right)),
        float(min(crop.top, media.top)),
    )


def _matrix(operands: Sequence[Any]) -> Matrix:
    return Matrix(*(float(operand) for operand in operands[:6]))


def _dictionary(parent: DictionaryObject, key: str) -> DictionaryObject:
    found = parent.get(key)
    found = found.get_object() if found is not None else None
    return found if isinstance(found, DictionaryObject) else DictionaryObject()


def _xobject(resources: DictionaryObject, name: str) -> object:
    found = _dictionary(resources, "/XObject").get(name)
    return None if found is None else found.get_object()


def _number(dictionary: DictionaryObject, keys: Sequence[str]) -> int:
    found = next((dictionary[key] for key in keys if key in dictionary), 0)
    return int(cast("float", found))


def _count_visible_annotations(page: PageObject) -> int:
    annotations = page.annotations or ()
    subtypes = (annotation.get_object().get("/Subtype") for annotation in annotations[:100])
    return sum(subtype not in ("/Link", "/Popup") for subtype in subtypes)
