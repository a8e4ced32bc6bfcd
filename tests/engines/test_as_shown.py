"""pdfium: a page's text is what the page shows, however its writer painted it. Each test has a table of ways to do so."""

import zlib
from collections.abc import Callable

import pytest

from pdfbatch.engines import PdfiumEngine, PypdfEngine
from pdfbatch.errors import Cause, DocumentError
from pdfbatch.ports import SupportsEvidence
from pdfbatch.testing.pdfs import make_form, make_page_pdf, make_stream, show_text

ENGINE = PdfiumEngine()
LINES = (
    b"The pilot came on board at dawn",
    b"and took her past the two shoals",
    b"before the tide had turned again",
    b"The cargo was landed in the rain",
    b"seven casks of it were found wet",
    b"Her owner was told the same week",
    b"that no claim would be allowed",
    b"and he signed the list of losses",
)


def lines(*, right: float = 0.0, down: float = 0.0, split: bool = False) -> bytes:
    """Return eight lines of print; ``split`` writes each word by an operator of its own."""
    parts = list[bytes]()
    for number, line in enumerate(LINES):
        left, words = 72 + right, line.split() if split else [line]
        for word in words:
            parts.append(b"BT /F1 12 Tf %.2f %.2f Td (%s) Tj ET\n" % (left, 700 - down - 16 * number, word))
            left += 8 * (len(word) + 1)
    return b"".join(parts)


def text_of(pdf: bytes, *, annotations: bool = True) -> str:
    with ENGINE.open(pdf, annotations=annotations) as document, document.page(1) as page:
        return page.text()


def words_of(pdf: bytes) -> list[str]:
    return text_of(pdf).split()


# --- painted twice ------------------------------------------------------------------------------------------------------


TWICE = {
    "content twice": lines() + lines(),
    "three times": lines() * 3,
    "words twice": lines(split=True) * 2,
    "bold of two copies": lines() + lines(right=0.35),
    "a shadow": b"0.7 g\n" + lines(right=1, down=1) + b"0 g\n" + lines(),
    "filled and outlined": lines() + b"1 Tr\n" + lines(),
    "a title, outlined and filled much later": show_text(b"THE WRECK", size=30, at=(72, 740), mode=1)
    + lines()
    + show_text(b"THE WRECK", size=30, at=(72, 740)),
    "after a heading of its own": show_text(b"SURVEY OF DAMAGE", at=(72, 740)) + lines() + lines(),
    "before a footer of its own": lines() + lines() + show_text(b"Page 1 of 9", at=(72, 40)),
}


def test_what_is_painted_twice_is_read_once() -> None:
    once = b" ".join(LINES).decode()
    for kind, content in TWICE.items():
        found = " ".join(words_of(make_page_pdf(content)))
        assert (found.count(once), found.count("THE WRECK") <= 1) == (1, True), kind
    title = show_text(b"The cargo", size=30, at=(72, 740))  # which the text has, too
    assert words_of(make_page_pdf(title + lines() + title)).count("cargo") == 2
    form = make_form(lines(), resources=b"/Font<</F1 5 0 R>>")
    drawn_twice = make_page_pdf(b"/X0 Do /X0 Do", resources=b"/XObject<</X0 10 0 R>>", more=[form])
    assert " ".join(words_of(drawn_twice)) == once


def test_each_line_of_a_page_painted_twice_stays_a_line() -> None:
    assert text_of(make_page_pdf(TWICE["bold of two copies"])).split("\n") == [line.decode() for line in LINES] + [""]


def test_what_is_said_twice_stays() -> None:
    for content in (
        lines() + lines(down=300),
        lines() + lines(right=250),
        show_text(b"12.00 12.00 12.00 12.00 tick tick tick tick", at=(72, 700)) * 2 + lines(down=40),
    ):
        plain = make_page_pdf(content)
        found = words_of(plain)
        assert found.count("tick") in (0, 4)
        assert found.count("shoals") == content.count(b"shoals")
    apart = "".join(words_of(make_page_pdf(show_text(b"ill will", at=(72, 700)) + lines(down=40))))
    assert apart.startswith("illwillThepilot")


# --- beyond the page ----------------------------------------------------------------------------------------------------


def test_text_beyond_the_edge_of_a_page_is_left_out() -> None:
    outside = {"above": (72, 900), "below": (72, -40), "left": (-300, 400), "right": (700, 400)}
    for box, turn in ((b"[0 0 612 792]", 0), (b"[0 0 612 792]", 90), (b"[0 0 612 792]", 270)):
        page = b"/MediaBox%s/Rotate %d" % (box, turn)
        for side, at in outside.items():
            for body in (lines(), lines() * 3):  # few letters, and many
                unseen = show_text(b"Unseen draft of a remark", at=at) * (1 if body == lines() else 4)
                found = words_of(make_page_pdf(body + unseen, page=page))
                assert "shoals" in found, (side, turn)
                assert "Unseen" not in found or len(found) > 120, (side, turn)
    moved = make_page_pdf(lines() + show_text(b"Unseen draft", at=(900, 400)), page=b"/MediaBox[60 500 400 800]")
    assert "Unseen" not in words_of(moved)
    assert "shoals" in words_of(moved)


def test_one_half_of_a_spread_has_the_text_of_that_half_only() -> None:
    spread = lines() * 1 + lines(down=200) + lines(right=612).replace(b"shoals", b"SHOALS") + lines(right=612, down=200)
    found = words_of(make_page_pdf(spread))
    assert (found.count("shoals"), found.count("SHOALS")) == (2, 0)


def test_a_line_that_runs_over_the_edge_stays_whole() -> None:
    pdf = make_page_pdf(show_text(b"word " * 60 + b"end", at=(72, 700)))
    assert words_of(pdf) == ["word"] * 60 + ["end"]
    cropped = make_page_pdf(show_text(b"word " * 60 + b"end"), page=b"/MediaBox[0 0 2000 792]/CropBox[0 0 612 792]")
    assert "end" not in words_of(cropped)


# --- ligatures ------------------------------------------------------------------------------------------------------------

CODES = {"old": (11, 12, 13, 14, 15), "new": (27, 28, 29, 30, 31)}


def drawn_font(codes: bytes) -> list[bytes]:
    """Return a font whose glyphs are drawings that say nothing but their codes, as objects numbered from 10."""
    names = b" ".join(b"%d/a%d" % (code, code) for code in sorted(set(codes)))
    shapes = b" ".join(b"/a%d 11 0 R" % code for code in sorted(set(codes)))
    widths = b" ".join([b"600"] * 256)
    font = (
        b"<</Type/Font/Subtype/Type3/FontBBox[0 0 600 700]/FontMatrix[.001 0 0 .001 0 0]/FirstChar 0/LastChar 255"
        b"/Widths[%s]/Encoding<</Differences[%s]>>/CharProcs<<%s>>/Resources<<>>>>" % (widths, names, shapes)
    )
    return [font, make_stream(b"600 0 50 0 550 600 d1 50 0 500 600 re f")]


def drawn_page(words: list[bytes], more: bytes = b"") -> bytes:
    shown = [
        b"BT /F2 12 Tf %d %d Td <%s> Tj ET\n" % (72 + 150 * (at % 3), 700 - 20 * (at // 3), word.hex().encode())
        for at, word in enumerate(words)
    ]
    return make_page_pdf(
        b"".join(shown) + more, resources=b"/Font<</F2 10 0 R>>", more=drawn_font(b"".join(words))
    ).replace(b"/Font<</F1 5 0 R>>/Font<</F2 10 0 R>>", b"/Font<</F1 5 0 R/F2 10 0 R>>")


def test_ligatures_that_are_mere_codes_are_spelt() -> None:
    for name, (ff, fi, fl, ffi, ffl) in CODES.items():
        words = [b"o%ccer" % ffi, b"%crst" % fi, b"%cood" % fl, b"cli%c" % ff, b"ba%ced" % ffl, b"plain"]
        assert words_of(drawn_page(words)) == ["officer", "first", "flood", "cliff", "baffled", "plain"], name
        assert words_of(drawn_page([b"%cood" % fl, b"plain"])) == ["flood", "plain"], name


def test_an_end_of_a_line_within_a_string_is_no_ligature() -> None:
    for end in (b"\\r", b"\\n", b"\\r\\n", b"\\014"):
        assert words_of(make_page_pdf(show_text(b"wind%stide" % end))) in (["wind", "tide"], ["wind\ufffdtide"]), end


def test_codes_of_a_font_that_says_nothing_are_no_ligatures() -> None:
    text = text_of(drawn_page([bytes([1, 2, 3, 12]), bytes([4, 5, 12, 6]), b"a" + bytes([7, 8, 12])]))
    assert "fi" not in text


def test_codes_of_a_font_of_symbols_beside_letters_of_another_are_no_ligatures() -> None:
    quoted = b"BT /F2 12 Tf 72 500 Td <1c> Tj /F1 12 Tf (quoted) Tj /F2 12 Tf <1d> Tj ET"
    words = [b"%crst" % 28, b"%cood" % 29, b"o%ccer" % 30]
    assert words_of(drawn_page(words, quoted)) == ["first", "flood", "officer", "\ufffdquoted\ufffd"]


# --- forms ------------------------------------------------------------------------------------------------------------------


def field(value: bytes, drawn: bytes, *, new_appearances: bool) -> bytes:
    look = make_form(
        b"/Tx BMC BT /F1 11 Tf 2 5 Td (%s) Tj ET EMC" % drawn, resources=b"/Font<</F1 5 0 R>>", box=(200, 20)
    )
    widget = (
        b"<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/V(%s)/DA(/F1 11 Tf 0 g)/F 4/Rect[72 600 272 620]/AP<</N 11 0 R>>>>"
    )
    pdf = make_page_pdf(lines(), page=b"/MediaBox[0 0 612 792]/Annots[10 0 R]", more=[widget % value, look])
    flag = b"/NeedAppearances true" if new_appearances else b""
    return pdf.replace(b"/AcroForm<<", b"/AcroForm<<" + flag)


def test_a_field_whose_appearance_is_to_be_made_anew_has_its_value() -> None:
    # The value, what is drawn, and what a reader sees if appearances are made anew, and if not.
    for value, drawn, anew, kept in (
        (b"Farnsworth", b"Smith", "Farnsworth", "Smith"),
        (b"4812.5", b"4,812.50", "4,812.50", "4,812.50"),
        (b"Farnsworth", b"", "Farnsworth", "Farnsworth"),
        (b"", b"Smith", "Smith", "Smith"),
    ):
        assert anew in text_of(field(value, drawn, new_appearances=True)), (value, drawn)
        found = text_of(field(value, drawn, new_appearances=False))
        assert kept in found, (value, drawn)
        assert found.count(kept) == 1


def test_appearances_are_made_anew_where_the_form_says_so_however_it_is_written() -> None:
    stale, kept = (field(b"Farnsworth", b"Smith", new_appearances=new) for new in (True, False))
    flag = b"/NeedAppearances true"
    for pdf, shown in (
        (stale.replace(flag, b"/NeedAppearances%a remark\n true"), "Farnsworth"),
        (stale.replace(flag, b"/Need#41ppearances true"), "Farnsworth"),
        (
            stale.replace(flag, b"/NeedAppearances 12 0 R").replace(b"\nxref", b"\n12 0 obj true endobj\nxref"),
            "Farnsworth",
        ),
        (stale.replace(flag, b"/NeedAppearances false"), "Smith"),
        (kept.replace(b"/T(a)", b"/T(a)/TU(%s)" % flag), "Smith"),
    ):
        assert shown in text_of(pdf)


def test_a_value_is_read_wherever_its_writer_put_it() -> None:
    states = b"/AP<</N<</%s 20 0 R/Off 20 0 R>>>>"
    kid, choice = b"/Parent 10 0 R", b"/FT/Ch/Ff 131072/T(a)"
    for parent, fields, shown in (
        (b"/FT/Btn/Ff 49152/T(a)/V/b", [kid + states % state for state in (b"a", b"b", b"c")], ["\u25c9"]),
        (b"", [b"/FT/Btn/T(a)/V/Yes" + states % b"Yes", b"/FT/Btn/T(b)/V/Off" + states % b"Yes"], ["\u2611"]),
        (b"/FT/Tx/T(a)/V(cutter)", [kid], ["cutter"]),
        (b"/FT/Tx/T(a)/Ff 8192/V(secret)", [kid], []),
        (b"/FT/Ch/Ff 131072/T(a)/V/sloop", [kid], ["sloop"]),
        (b"", [choice + b"/V/s/Opt[[(c)(cutter)][(s)(sloop)]]"], ["sloop"]),
        (b"", [choice + b"/V[/cutter/sloop]/Opt[(cutter)(sloop)(yawl)]"], ["cutter", "sloop"]),
        (b"", [choice + b"/Opt[(cutter)(sloop)]"], []),
    ):
        widgets = [
            b"<</Type/Annot/Subtype/Widget/F 4/Rect[72 %d 272 %d]%s>>" % (400 - 30 * at, 420 - 30 * at, entries)
            for at, entries in enumerate(fields)
        ]
        numbers = b" ".join(b"%d 0 R" % (11 + at) for at in range(len(fields)))
        more = [b"<<%s/Kids[%s]>>" % (parent, numbers), *widgets, *[b"null"] * (9 - len(fields)), make_form(b"")]
        pdf = make_page_pdf(lines(), page=b"/MediaBox[0 0 612 792]/Annots[%s]" % numbers, more=more)
        listed = pdf.replace(b"/Fields[10 0 R]", b"/Fields[%s]" % (b"10 0 R" if parent else numbers))
        unlisted = pdf.replace(b"/AcroForm", b"/NoForm")
        for kind, data in (("listed", listed), ("unlisted", unlisted)):
            for engine in (ENGINE, PypdfEngine()):
                if kind == "unlisted" and b"/Opt" in fields[0]:  # then nothing but its own dictionary is asked
                    continue
                with engine.open(data) as document, document.page(1) as page:
                    found = page.text().split("\n")
                assert [line for line in found if line and line.encode() not in LINES] == shown, (fields, kind, engine)


def test_files_attached_to_places_of_pages_are_counted_once() -> None:
    place = b"<</Type/Annot/Subtype/FileAttachment/Rect[400 500 420 520]/F 4/Contents(the list)/FS %s>>"
    file, names = b"<</Type/Filespec/F(list.txt)/EF<</F 11 0 R>>>>", b"/Names<</EmbeddedFiles<</Names[(a)12 0 R]>>>>"
    for annotations, catalog, count in (
        ([place % file], b"", 1),
        ([place % b"12 0 R"] * 2, b"", 1),
        ([place % b"12 0 R", place % file], b"", 2),
        ([place % b"12 0 R"], names, 1),
        ([place.replace(b"/FS %s", b"")], b"", 0),
    ):
        pdf = make_page_pdf(
            lines(),
            page=b"/MediaBox[0 0 612 792]/Annots[%s]" % b"".join(annotations),
            more=[b"null", make_stream(b"inside"), file],
        )
        with ENGINE.open(pdf.replace(b"/Type/Catalog", b"/Type/Catalog" + catalog)) as document:
            with document.page(1) as page:
                page.text()
                page.text()
            assert document.extras.attachments == count, (annotations, catalog)


def test_a_small_dynamic_form_without_its_flag_is_told_by_what_the_pages_lack() -> None:
    data = b"<xfa:data><f><a>Ottoline Farnsworth</a><b>Cutter Meridian, wrecked off Lowhaven</b></f></xfa:data>"
    field_only = b"<template><subform><field name='a'/></subform></template>" + data
    shown = [b"Applicant Ottoline Farnsworth", b"Cutter Meridian, wrecked off Lowhaven"]
    for words, widget, kind in (
        ([b"Please wait. Another viewer is needed."], b"", "dynamic"),
        (shown, b"", "static"),
        ([b"Applicant"], b"/Annots[<</Type/Annot/Subtype/Widget/FT/Tx/F 4/Rect[9 9 99 29]>>]", "static"),
    ):
        content = b"".join(show_text(line, at=(72, 700 - 20 * at)) for at, line in enumerate(words))
        pdf = make_page_pdf(content, page=b"/MediaBox[0 0 612 792]" + widget, more=[make_stream(field_only)])
        pdf = pdf.replace(b"/Type/Catalog", b"/Type/Catalog/AcroForm<</Fields[]/XFA 10 0 R>>")
        with ENGINE.open(pdf) as document:
            assert document.extras.xfa == kind, words


# --- images and headers ---------------------------------------------------------------------------------------------------


def test_an_image_deep_in_forms_is_seen() -> None:
    image = b"/Type/XObject/Subtype/Image/Width 8/Height 8/ColorSpace/DeviceGray/BitsPerComponent 8"
    for depth in (1, 9, 20):
        forms = [
            make_form(b"/X Do", resources=b"/XObject<</X %d 0 R>>" % (11 + at), box=(612, 792)) for at in range(depth)
        ]
        pdf = make_page_pdf(
            b"q 612 0 0 792 0 0 cm /X Do Q",
            resources=b"/XObject<</X 10 0 R>>",
            more=[*forms, make_stream(bytes(64), image)],
        )
        with ENGINE.open(pdf) as document, document.page(1) as page:
            assert page.facts().images == 1, depth


def image_page(data: bytes, entries: bytes) -> bytes:
    image = make_stream(data, b"/Type/XObject/Subtype/Image/Width 400/Height 400" + entries)
    return make_page_pdf(b"q 612 0 0 792 0 0 cm /X Do Q", resources=b"/XObject<</X 10 0 R>>", more=[image])


def cut_images(data: bytes, entries: bytes) -> int:
    with ENGINE.open(image_page(data, entries)) as document, document.page(1) as page:
        assert isinstance(page, SupportsEvidence)
        return page.cut_images()


def run_lengths(data: bytes) -> bytes:
    """Pack data as RunLengthDecode unpacks them."""
    packed = b"".join(bytes([len(data[at : at + 128]) - 1]) + data[at : at + 128] for at in range(0, len(data), 128))
    return packed + b"\x80"


def test_an_image_that_lacks_pixels_is_told_however_it_is_packed() -> None:
    spaces = {8: b"/ColorSpace/DeviceGray", 24: b"/ColorSpace/DeviceRGB", 32: b"/ColorSpace/DeviceCMYK"}
    kinds = [(bits, spaces[8], bits) for bits in (1, 2, 4, 8)] + [(8, spaces[24], 24), (8, spaces[32], 32)]
    ways: dict[bytes, Callable[[bytes], bytes]] = {
        b"/Filter/RunLengthDecode": run_lengths,
        b"/Filter/ASCIIHexDecode": lambda data: data.hex().encode() + b">",
        b"/Filter/FlateDecode": zlib.compress,
        b"/Filter[/ASCIIHexDecode/FlateDecode]": lambda data: zlib.compress(data).hex().encode() + b">",
        b"": bytes,
    }
    for bits, space, pixel in kinds:
        pixels = bytes(range(256)) * (400 * 400 * pixel // 8 // 256 + 1)
        whole = pixels[: 400 * 400 * pixel // 8]
        entries = space + b"/BitsPerComponent %d" % bits
        for filters, pack in ways.items():
            for data, count in ((whole, 0), (whole + b"\n", 0), (whole[: len(whole) * 7 // 10], 1)):
                assert cut_images(pack(data), entries + filters) == count, (bits, pixel, filters, len(data))


def test_a_document_without_its_header_is_opened() -> None:
    pdf = make_page_pdf(lines())
    head, rest = pdf.split(b"\n", 1)
    other = b"%!PS-Adobe-3.0 PDF-1.4\n" + rest
    of_a_mail = b"From: gateway\r\n\r\n" + other
    padded = rest + b"\0" * 3000
    for beginning in (other, of_a_mail, rest, padded, b"XXXX-1.7\n" + rest, b"\0" * 5000 + pdf):
        assert "shoals" in words_of(beginning), beginning[:30]
    assert head == b"%PDF-1.7"


ABOUT_PDFS = (
    b"A small PDF:\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj\n"
    b"3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>> endobj\ntrailer <</Size 4/Root 1 0 R>>\nstartxref\n116\n%%EOF\n"
)


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04" + bytes(3000),
        b"%!PS-Adobe-3.0\nshowpage\n%%EOF\n",
        b"%%EOF startxref",
        ABOUT_PDFS,
        b"<html><pre>" + make_page_pdf(b"").removeprefix(b"%PDF-1.7") + b"</pre></html>",
    ],
)
def test_other_data_are_still_no_pdf(data: bytes) -> None:
    with pytest.raises(DocumentError) as caught, ENGINE.open(data):
        pass
    assert caught.value.cause is Cause.NOT_A_PDF


def test_a_small_image_that_cannot_be_decoded_is_told() -> None:
    for name, data, count in (
        (b"JBIG2Decode", b"\x97JB2\r\n\x1a\n" + bytes(range(130)), 1),  # a file of its own, as some writers embed it
        (b"JBIG2Decode", b"\0\0\0\0\x30\0\x01\0\0\0\x13\0\0\x01\x90\0\0\x01\x90" + bytes(11), 0),  # an empty sheet
        (b"DCTDecode", b"\xff\xd8\xff\xd9", 1),
        (b"FlateDecode", b"these are no packed data", 1),
        (b"FlateDecode", zlib.compress(b"\xff" * 160_000), 0),
    ):
        entries = b"/ColorSpace/DeviceGray/BitsPerComponent %d" % (1 if name == b"JBIG2Decode" else 8)
        with ENGINE.open(image_page(data, entries + b"/Filter/" + name)) as document, document.page(1) as page:
            assert isinstance(page, SupportsEvidence)
            assert page.count_lost_images() == count, (name, data)


def test_of_what_is_left_out_no_white_space_stays() -> None:
    unseen = show_text(b"Unseen   draft   of   a   remark", at=(-300, 390))
    assert text_of(make_page_pdf(lines() + unseen + show_text(b"Signed", at=(72, 380)))).split("\n")[-2:] == [
        LINES[-1].decode(),
        "Signed",
    ]
