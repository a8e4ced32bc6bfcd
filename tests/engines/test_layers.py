"""Text of layers (optional content) that a viewer does not show, and text outside of what it shows, in both engines."""

from io import BytesIO

import pytest
from pypdf import PdfWriter

from pdfbatch.engines.pdfium import PdfiumEngine
from pdfbatch.engines.pdfium.layers import may_hide_layers
from pdfbatch.engines.pypdf import PypdfEngine
from pdfbatch.ports import TextEngine
from pdfbatch.testing.pdfs import FONT, join_objects, make_form, make_page_pdf, make_stream, show_text

F1 = b"/Font<</F1 5 0 R>>"
ENGINES = pytest.mark.parametrize("engine", [PdfiumEngine(), PypdfEngine()], ids=lambda engine: engine.name)
OFF = b"/OFF[20 0 R]"


def layered(
    content: bytes,
    *,
    settings: bytes = OFF,
    properties: bytes = b"/On 21 0 R/Off 20 0 R",
    resources: bytes = b"",
    page: bytes = b"",
    more: dict[int, bytes] | None = None,
) -> bytes:
    """A page with a layer that is off, object 20, and one that is on, object 21."""
    catalog = b"/OCProperties<</OCGs[20 0 R 21 0 R]/D<<%s>>>>" % settings
    resources = F1 + b"/Properties<<%s>>%s" % (properties, resources)
    return join_objects(
        {
            1: b"<</Type/Catalog/Pages 2 0 R%s>>" % catalog,
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<<%s>>%s>>"
            % (resources, page),
            4: make_stream(content),
            5: FONT,
            20: b"<</Type/OCG/Name(Draft)/Usage<</View<</ViewState/OFF>>>>>>",
            21: b"<</Type/OCG/Name(Final)/Usage<</View<</ViewState/ON>>>>>>",
            **(more or {}),
        }
    )


def marked(name: bytes, inside: bytes) -> bytes:
    return b"/OC /%s BDC %sEMC\n" % (name, inside)


def said(word: bytes, line: int) -> bytes:
    return show_text(word, at=(72, 720 - 30 * line))


def words(engine: TextEngine, pdf: bytes) -> list[str]:
    with engine.open(pdf) as document, document.page(1) as page:
        return page.text().split()


BODY = said(b"before", 0) + marked(b"Off", said(b"hidden", 1)) + marked(b"On", said(b"shown", 2)) + said(b"after", 3)
SHOWN = ["before", "shown", "after"]
ALL = ["before", "hidden", "shown", "after"]


@ENGINES
@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (OFF, SHOWN),
        (b"/BaseState/OFF/ON[21 0 R]", SHOWN),
        (b"/AS[<</Event/View/Category[/View]/OCGs[20 0 R 21 0 R]>>]", SHOWN),
        (b"/AS[<</Event/Print/Category[/Print]/OCGs[20 0 R]>>]", ALL),
        (b"", ALL),
        (b"/OFF[]", ALL),
    ],
)
def test_the_default_configuration_says_which_layers_are_read(
    engine: TextEngine, settings: bytes, expected: list[str]
) -> None:
    assert words(engine, layered(BODY, settings=settings)) == expected


@ENGINES
@pytest.mark.parametrize(
    ("membership", "is_shown"),
    [
        (b"/OCGs 20 0 R", False),
        (b"/OCGs[20 0 R 21 0 R]", True),
        (b"/OCGs[20 0 R 21 0 R]/P/AllOn", False),
        (b"/OCGs[20 0 R 21 0 R]/P/AnyOff", True),
        (b"/OCGs[21 0 R]/P/AnyOff", False),
        (b"/OCGs[20 0 R]/P/AllOff", True),
        (b"/VE[/And 20 0 R 21 0 R]", False),
        (b"/VE[/Or 20 0 R[/Not 20 0 R]]", True),
        (b"/OCGs[]", True),
    ],
)
def test_a_membership_in_layers_is_shown_as_it_says(engine: TextEngine, membership: bytes, is_shown: bool) -> None:
    pdf = layered(
        said(b"before", 0) + marked(b"M", said(b"inside", 1)),
        properties=b"/M 22 0 R",
        more={22: b"<</Type/OCMD%s>>" % membership},
    )
    assert words(engine, pdf) == ["before", *(["inside"] if is_shown else [])]


@ENGINES
def test_what_is_nested_in_a_hidden_layer_is_hidden(engine: TextEngine) -> None:
    inner = said(b"one", 1) + marked(b"On", said(b"two", 2)) + b"/Span BMC " + said(b"three", 3) + b"EMC "
    assert words(engine, layered(said(b"before", 0) + marked(b"Off", inner) + said(b"after", 5))) == ["before", "after"]


@ENGINES
def test_a_form_is_hidden_by_its_own_layer_or_by_one_inside_of_it(engine: TextEngine) -> None:
    inside = marked(b"Off", said(b"hidden", 2)) + said(b"shown", 3)
    resources = b"/XObject<</Whole 30 0 R/Part 31 0 R/Outer 32 0 R>>"
    names = F1 + b"/Properties<</Off 20 0 R>>"
    forms = {
        30: make_form(said(b"hidden", 1), entries=b"/OC 20 0 R", resources=F1),
        31: make_form(inside, resources=names),
        32: make_form(b"/In Do", resources=b"/XObject<</In 33 0 R>>"),
        33: make_form(marked(b"Off", said(b"hidden", 4)) + said(b"deep", 5), resources=names),
    }
    pdf = layered(said(b"before", 0) + b"/Whole Do /Part Do /Outer Do", resources=resources, more=forms)
    assert words(engine, pdf) == ["before", "shown", "deep"]


@ENGINES
def test_an_annotation_on_a_hidden_layer_is_hidden(engine: TextEngine) -> None:
    notes = {
        30: b"<</Type/Annot/Subtype/FreeText/F 4/Rect[72 600 300 620]/Contents(hidden)/OC 20 0 R>>",
        31: b"<</Type/Annot/Subtype/FreeText/F 4/Rect[72 500 300 520]/Contents(shown)/OC 21 0 R>>",
    }
    assert words(engine, layered(said(b"before", 0), page=b"/Annots[30 0 R 31 0 R]", more=notes)) == ["before", "shown"]


@ENGINES
def test_text_behind_hidden_text_keeps_its_place(engine: TextEngine) -> None:
    lines = b"BT /F1 12 Tf 20 TL 72 700 Td (one) Tj /OC /Off BDC (two) ' 1 2 (three) \" EMC 0 Tw 0 Tc (four) ' ET"
    with engine.open(layered(lines)) as document, document.page(1) as page:
        assert page.text().split() == ["one", "four"]
        if boxes := page.text_boxes():
            assert boxes[-1].bottom > 792 - 650, boxes


def test_a_hidden_picture_is_no_picture_of_the_page() -> None:
    image = b"q 612 0 0 792 0 0 cm BI /W 2 /H 2 /CS /G /BPC 8 ID \x00\xff\x00\xff EI Q "
    for engine in (PdfiumEngine(), PypdfEngine()):
        with engine.open(layered(marked(b"Off", image) + said(b"text", 1))) as document, document.page(1) as page:
            assert page.facts().images == 0


def test_layers_of_an_encrypted_document_are_left_out_too() -> None:
    writer, target = PdfWriter(clone_from=BytesIO(layered(BODY))), BytesIO()
    writer.encrypt("secret")
    writer.write(target)
    for engine in (PdfiumEngine(), PypdfEngine()):
        with engine.open(target.getvalue(), password="secret") as document, document.page(1) as page:
            assert page.text().split() == SHOWN


def test_documents_without_layers_that_are_off_are_not_read_twice() -> None:
    assert may_hide_layers(layered(BODY))
    on = layered(BODY, settings=b"").replace(b"/ViewState/OFF", b"/ViewState/ON ")
    assert not may_hide_layers(on)
    assert not may_hide_layers(make_page_pdf(show_text(b"plain")))


# --- the crop box -----------------------------------------------------------------------------------------------------


@ENGINES
@pytest.mark.parametrize("rotate", [0, 90])
def test_text_outside_of_the_crop_box_is_left_out(engine: TextEngine, rotate: int) -> None:
    content = b"".join(
        show_text(word, at=at)
        for word, at in (
            (b"above", (72, 770)),
            (b"title", (72, 700)),
            (b"right", (560, 690)),
            (b"body", (72, 600)),
            (b"below", (72, 20)),
        )
    )
    page = b"/MediaBox[0 0 612 792]/CropBox[50 100 550 750]/Rotate %d" % rotate
    assert words(engine, make_page_pdf(content, page=page)) == ["title", "body"]
