"""Text as a reader of the page sees it, in both engines."""

import base64
import logging
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pdfbatch.engines.pdfium import PdfiumEngine
from pdfbatch.engines.pdfium.damage import may_have_damage
from pdfbatch.engines.pypdf import PypdfEngine
from pdfbatch.errors import Cause, DocumentError
from pdfbatch.model import DocumentExtras
from pdfbatch.ports import PageFacts, SupportsEvidence, TextEngine
from pdfbatch.testing.pdfs import (
    FONT,
    join_objects,
    make_field_pdf,
    make_form,
    make_page_pdf,
    make_stream,
    make_unicode_pdf,
    show_text,
)

PDFIUM, PYPDF = PdfiumEngine(), PypdfEngine()
F1 = b"/Font<</F1 5 0 R>>"
BOX = (150, 695, 350, 713)


@pytest.fixture(params=[PDFIUM, PYPDF], ids=lambda engine: engine.name)
def engine(request: pytest.FixtureRequest) -> TextEngine:
    found: TextEngine = request.param
    return found


@pytest.fixture(autouse=True)
def _quiet_pypdf() -> Iterator[None]:
    logger = logging.getLogger("pypdf")
    before, logger.disabled = logger.disabled, True
    yield
    logger.disabled = before


def text_of(engine: TextEngine, source: str | bytes) -> str:
    with engine.open(source) as document, document.page(1) as page:
        return page.text()


def words_of(engine: TextEngine, source: str | bytes) -> list[str]:
    return text_of(engine, source).split()


def facts_of(engine: TextEngine, source: bytes) -> PageFacts:
    with engine.open(source) as document, document.page(1) as page:
        return page.facts()


def extras_of(engine: TextEngine, source: bytes) -> DocumentExtras:
    with engine.open(source) as document:
        with document.page(1) as page:
            page.text()
        return document.extras


def annotated(*annotations: bytes, content: bytes = b"", more: tuple[bytes, ...] = (), page: bytes = b"") -> bytes:
    """A page with annotations, objects from 10; ``more`` objects follow them."""
    numbers = b" ".join(b"%d 0 R" % (10 + index) for index in range(len(annotations)))
    entries = b"/MediaBox[0 0 612 792]/Annots[%s]%s" % (numbers, page)
    return make_page_pdf(content, page=entries, more=[*annotations, *more])


def look(words: bytes) -> bytes:
    return make_form(b"BT /F1 11 Tf 2 5 Td (%s) Tj ET" % words, resources=F1, box=(200, 18))


def widget(entries: bytes, *, box: tuple[int, int, int, int] = BOX) -> bytes:
    return b"<</Type/Annot/Subtype/Widget/F 4/Rect[%d %d %d %d]/DA(/F1 11 Tf 0 g)%s>>" % (*box, entries)


def annotation(subtype: bytes, entries: bytes = b"", *, box: tuple[int, int, int, int] = BOX) -> bytes:
    return b"<</Type/Annot/Subtype/%s/F 4/Rect[%d %d %d %d]%s>>" % (subtype, *box, entries)


# --- forms ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("drawn", [True, False])
def test_values_stand_where_the_page_shows_them(engine: TextEngine, drawn: bool) -> None:
    content = show_text(b"Name:") + show_text(b"Town:", at=(72, 660)) + show_text(b"Thank you", at=(72, 100))
    fields = [("Paris", (150, 655, 350, 673)), ("Ada Byron", BOX)]
    lines = text_of(engine, make_field_pdf(content, fields, drawn=drawn)).splitlines()
    assert [line.split() for line in lines] == [["Name:", "Ada", "Byron"], ["Town:", "Paris"], ["Thank", "you"]]


def test_values_of_a_turned_page_stand_where_it_shows_them(engine: TextEngine) -> None:
    content = b"BT /F1 12 Tf 0 1 -1 0 100 72 Tm (Name:) Tj ET BT /F1 12 Tf 0 1 -1 0 200 72 Tm (Town:) Tj ET"
    fields = [
        widget(b"/FT/Tx/T(t)/V(Paris)", box=(186, 130, 204, 330)),
        widget(b"/FT/Tx/T(n)/V(Ada)", box=(86, 130, 104, 330)),
    ]
    assert words_of(engine, annotated(*fields, content=content, page=b"/Rotate 90")) == [
        "Name:",
        "Ada",
        "Town:",
        "Paris",
    ]


def test_a_value_without_a_label_is_there(engine: TextEngine) -> None:
    assert words_of(engine, make_field_pdf(b"", [("Ada", BOX)])) == ["Ada"]


def test_a_checked_box_and_a_chosen_button_are_marked_and_others_are_not(engine: TextEngine) -> None:
    states = b"/AP<</N<</Yes 14 0 R/Off 15 0 R>>>>"
    boxes = [
        widget(b"/FT/Btn/T(a)/V/Yes/AS/Yes" + states, box=(72, 698, 84, 710)),
        widget(b"/FT/Btn/T(b)/V/Off/AS/Off" + states, box=(72, 668, 84, 680)),
        widget(b"/FT/Btn/Ff 49152/T(c)/V/Yes/AS/Yes" + states, box=(72, 638, 84, 650)),
        widget(b"/FT/Btn/Ff 49152/T(d)/V/Off/AS/Off" + states, box=(72, 608, 84, 620)),
    ]
    rows = ((b"Married", 700), (b"Single", 670), (b"By post", 640), (b"By hand", 610))
    content = b"".join(show_text(label, at=(100, top)) for label, top in rows)
    pdf = annotated(*boxes, content=content, more=(make_form(b"0 0 9 9 re f"), make_form(b"")))
    lines = text_of(engine, pdf).splitlines()
    assert [line.split() for line in lines] == [
        ["\u2611", "Married"],
        ["Single"],
        ["\u25c9", "By", "post"],
        ["By", "hand"],
    ]


def test_a_choice_is_what_a_reader_sees_of_it(engine: TextEngine) -> None:
    options = b"/Opt[[(v1)(Red wine)][(v2)(White wine)]]/V(v2)/I[1]"
    for flags in (b"/Ff 131072", b""):
        pdf = annotated(widget(b"/FT/Ch/T(wine)" + flags + options), content=show_text(b"Wine:"))
        assert words_of(engine, pdf) == ["Wine:", "White", "wine"], flags


def test_a_value_outside_of_the_page_is_not_seen(engine: TextEngine) -> None:
    pdf = make_field_pdf(show_text(b"Label:"), [("there", BOX), ("beyond", (700, 800, 900, 820))])
    assert text_of(engine, pdf).split() == ["Label:", "there"]


def test_a_password_stays_secret(engine: TextEngine) -> None:
    pdf = annotated(
        widget(b"/FT/Tx/Ff 8192/T(p)/V(hunter2)/AP<</N 11 0 R>>"), content=show_text(b"Code:"), more=(look(b"*****"),)
    )
    assert words_of(engine, pdf) == ["Code:", "*****"]


def test_a_value_as_it_is_formatted_wins_over_the_stored_one(engine: TextEngine) -> None:
    pdf = annotated(
        widget(b"/FT/Tx/T(sum)/V(4812.5)/AP<</N 11 0 R>>"), content=show_text(b"Sum:"), more=(look(b"$ 4,812.50"),)
    )
    assert words_of(engine, pdf) == ["Sum:", "$", "4,812.50"]


def test_letters_in_boxes_of_their_own_are_a_word(engine: TextEngine) -> None:
    boxes = b"".join(b"1 0 0 1 %d 5 Tm (%c) Tj " % (2 + 20 * index, letter) for index, letter in enumerate(b"ABCDEF"))
    spaced = make_form(b"BT /F1 11 Tf %s ET" % boxes, resources=F1, box=(200, 18))
    pdf = annotated(widget(b"/FT/Tx/T(code)/V(ABCDEF)/AP<</N 11 0 R>>"), content=show_text(b"Code:"), more=(spaced,))
    assert words_of(engine, pdf) == ["Code:", "ABCDEF"]


def test_a_value_that_is_also_in_the_content_is_said_once(engine: TextEngine) -> None:
    content = show_text(b"Name:") + show_text(b"Ada", at=(152, 700))
    assert words_of(engine, make_field_pdf(content, [("Ada", BOX)])) == ["Name:", "Ada"]


def test_a_field_of_several_places_shows_in_each(engine: TextEngine) -> None:
    kids = [b"<</Type/Annot/Subtype/Widget/F 4/Parent 12 0 R/Rect[150 %d 350 %d]>>" % (y, y + 18) for y in (695, 655)]
    field = b"<</FT/Tx/T(name)/V(Ada)/Kids[10 0 R 11 0 R]>>"
    content = show_text(b"Name:") + show_text(b"Again:", at=(72, 660))
    assert words_of(engine, annotated(*kids, content=content, more=(field,))) == ["Name:", "Ada", "Again:", "Ada"]


def test_the_picture_of_a_filled_form_is_the_same_after_its_text_was_read() -> None:
    pdf = make_field_pdf(show_text(b"Name:"), [("Ada", BOX)])
    with PDFIUM.open(pdf) as document, document.page(1) as page:
        before = page.image(72).tobytes()
        assert page.text().split() == ["Name:", "Ada"]
        assert page.image(72).tobytes() == before


def test_forms_of_a_locked_document_and_of_a_file_are_read(engine: TextEngine, tmp_path: Path) -> None:
    path = tmp_path / "form.pdf"
    path.write_bytes(make_field_pdf(show_text(b"Name:"), [("Ada", BOX)]))
    assert words_of(engine, str(path)) == ["Name:", "Ada"]


# --- annotations ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("subtype", [b"FreeText", b"Stamp", b"Watermark", b"Line"])
def test_what_an_annotation_draws_is_in_the_text(engine: TextEngine, subtype: bytes) -> None:
    pdf = annotated(
        annotation(subtype, b"/AP<</N 11 0 R>>"), content=show_text(b"Decision:"), more=(look(b"APPROVED"),)
    )
    assert words_of(engine, pdf) == ["Decision:", "APPROVED"]


def test_free_text_without_an_appearance_and_notes_say_what_they_hold(engine: TextEngine) -> None:
    for subtype in (b"FreeText", b"Text"):
        pdf = annotated(annotation(subtype, b"/Contents(Call back)"), content=show_text(b"Phone:"))
        assert words_of(engine, pdf) == ["Phone:", "Call", "back"], subtype


def test_a_stamp_over_print_parts_no_word(engine: TextEngine) -> None:
    line = "Nothing further was said about the missing letter."
    content = show_text(line.encode(), at=(72, 701))
    page = annotated(annotation(b"Stamp", b"/AP<</N 11 0 R>>"), content=content, more=(look(b"SEEN"),))
    words = words_of(engine, page)
    assert [word for word in words if word != "SEEN"] == line.split()
    assert "SEEN" in words[1:-1]


def test_marks_and_links_add_nothing(engine: TextEngine) -> None:
    for subtype in (b"Highlight", b"Underline", b"StrikeOut", b"Link", b"Popup", b"Ink"):
        assert words_of(engine, annotated(annotation(subtype, b"/Contents(again)"), content=show_text(b"Said"))) == [
            "Said"
        ]


def test_an_annotation_without_flags_is_seen(engine: TextEngine) -> None:
    stamp = b"<</Type/Annot/Subtype/Stamp/Rect[150 695 350 713]/AP<</N 11 0 R>>>>"
    assert words_of(engine, annotated(stamp, content=show_text(b"Decision:"), more=(look(b"PAID"),))) == [
        "Decision:",
        "PAID",
    ]


def test_annotations_that_are_no_annotations_harm_nothing(engine: TextEngine) -> None:
    for broken in (
        b"null",
        b"7",
        b"<<>>",
        b"<</Subtype/Widget/FT/Tx/V(x)/F/Odd/Rect[0 0 9 9]>>",
        b"<</Type/Annot/Subtype/Widget>>",
        b"<</Subtype/Stamp/Rect[1 2]/AP 3>>",
    ):
        assert words_of(engine, annotated(broken, content=show_text(b"Unharmed"))) == ["Unharmed"], broken


# --- characters -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lines", [("a permit-", "ted sale"), ("the well-", "known one"), ("price-", "determining", "it is")]
)
def test_hyphens_and_ends_of_lines_stay(engine: TextEngine, lines: tuple[str, ...]) -> None:
    content = b"".join(show_text(line.encode(), at=(72, 700 - 14 * row)) for row, line in enumerate(lines))
    assert [line.strip() for line in text_of(engine, make_page_pdf(content)).splitlines()] == list(lines)


def test_a_soft_hyphen_that_is_drawn_is_a_hyphen(engine: TextEngine) -> None:
    assert text_of(engine, make_unicode_pdf(b"A-B", [(0x41, "x"), (0x2D, "\xad"), (0x42, "y")])).strip() == "x-y"


def test_a_soft_hyphen_that_is_not_drawn_is_left_out() -> None:
    assert text_of(PDFIUM, make_unicode_pdf(b"A B", [(0x41, "x"), (0x20, "\xad"), (0x42, "y")])).strip() == "xy"


@pytest.mark.parametrize(("code", "letters"), [("\ufb01", "fi"), ("\ufb02", "fl"), ("\ufb03", "ffi")])
def test_a_ligature_is_its_letters(engine: TextEngine, code: str, letters: str) -> None:
    assert text_of(engine, make_unicode_pdf(b"ABC", [(0x41, "x"), (0x42, code), (0x43, "y")])).strip() == f"x{letters}y"


def test_a_glyph_without_a_meaning_is_no_hyphen() -> None:
    text = text_of(PDFIUM, make_unicode_pdf(b"ABC", [(0x41, "x"), (0x42, "\0"), (0x43, "y")]))
    assert "-" not in text
    assert text.strip() in ("x\ufffdy", "xBy", "xy")


# --- scripts and spacing ----------------------------------------------------------------------------------------------


def placed(font: bytes, *places: tuple[bytes, float, float]) -> bytes:
    """A page that shows pieces of text at places; ``font`` is the ToUnicode mapping of the font, or empty."""
    content = b"".join(b"BT /F2 12 Tf %.2f %.2f Td <%s> Tj ET\n" % (x, y, text.hex().encode()) for text, x, y in places)
    unicode_map = b"/ToUnicode 11 0 R" if font else b""
    return join_objects(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F2 10 0 R>>>>>>",
            4: make_stream(content),
            10: b"<</Type/Font/Subtype/Type1/BaseFont/Courier/Encoding/WinAnsiEncoding%s>>" % unicode_map,
            11: font or b"null",
        }
    )


def mapped(pairs: dict[int, str]) -> bytes:
    rows = b"".join(b"<%02x> <%s>\n" % (code, text.encode("utf-16-be").hex().encode()) for code, text in pairs.items())
    head = b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap 1 begincodespacerange <00> <ff> endcodespacerange\n"
    return make_stream(head + b"%d beginbfchar\n%sendbfchar endcmap end end" % (len(pairs), rows))


@pytest.mark.parametrize("alef", ["\u0627", "\u0623", "\u0625", "\u0622"])
def test_lam_alef_is_in_logical_order(alef: str) -> None:
    # Drawn from right to left: kaf, alef, the ligature, yeh.
    font = mapped({0x41: "\u0643", 0x42: "\u0627", 0x43: f"\u0644{alef}", 0x44: "\u064a"})
    pdf = placed(font, (b"DCBA", 100, 700))
    assert text_of(PDFIUM, pdf).strip() == f"\u0643\u0627\u0644{alef}\u064a"


def test_an_article_before_a_word_stays_in_order() -> None:
    font = mapped({0x41: "\u0627", 0x42: "\u0644", 0x43: "\u0628"})
    assert text_of(PDFIUM, placed(font, (b"CBA", 100, 700))).strip() == "\u0627\u0644\u0628"


def test_lines_written_from_right_to_left_do_not_run_together() -> None:
    font = mapped({0x41: "\u05d0", 0x42: "\u05d1"})
    assert text_of(PDFIUM, placed(font, (b"A", 90, 300), (b"B", 90, 600))).split() == ["\u05d1", "\u05d0"]


def spaced_out(words: str, letter_gap: float, word_gap: float) -> bytes:
    """A page whose letters are placed one by one; Courier is 7.2 points wide at 12 points."""
    places, x, y = list[tuple[bytes, float, float]](), 72.0, 700.0
    for word in words.split():
        if x > 450:
            x, y = 72.0, y - 20
        for letter in word:
            places.append((letter.encode(), x, y))
            x += 7.2 + letter_gap
        x += word_gap
    return placed(b"", *places)


SENTENCE = "The notice of the public hearing was read to all who had come and nobody spoke against it"


@pytest.mark.parametrize(("letter_gap", "word_gap"), [(4.0, 8.0), (6.0, 12.0), (5.0, 20.0), (3.5, 6.5)])
def test_words_whose_letters_stand_apart_are_words(letter_gap: float, word_gap: float) -> None:
    assert words_of(PDFIUM, spaced_out(SENTENCE, letter_gap, word_gap)) == SENTENCE.split()


def drawn_apart(words: Sequence[bytes], *, gap: float, tracking: float = -0.2, size: int = 12) -> bytes:
    """Operators that draw each word by itself, so many points behind the one before, its letters drawn together."""
    widths = [sum(_HELVETICA[letter] for letter in word) * size / 1000 + tracking * len(word) for word in words]
    starts = [72 + sum(widths[:number]) + gap * number for number in range(len(words))]
    pairs = zip(starts, words, strict=True)
    return b"".join(b"BT /F1 %d Tf %f Tc %f 700 Td (%s) Tj ET\n" % (size, tracking, *pair) for pair in pairs)


_WIDTHS = {
    556: b"aeonubdhpg",
    278: b"tf",
    222: b"il",
    500: b"scykvz",
    722: b"CDHNRUw",
    667: b"SABEPK",
    333: b"r",
    833: b"mM",
}
_HELVETICA = {letter: width for width, letters in _WIDTHS.items() for letter in letters}
NAMES = (b"because", b"Samuel", b"Cleveland", b"and", b"his", b"wife", b"came")


@pytest.mark.parametrize("gap", [1.9, 2.3, 3.0])
def test_words_that_are_drawn_apart_are_words(gap: float) -> None:
    assert words_of(PDFIUM, make_page_pdf(drawn_apart(NAMES, gap=gap))) == [word.decode() for word in NAMES]


def test_parts_of_a_word_that_are_drawn_close_together_are_one_word() -> None:
    parts = (b"Mac", b"Donald", b"s", b"Cam", b"el")
    assert text_of(PDFIUM, make_page_pdf(drawn_apart(parts, gap=0.3))) == "MacDonaldsCamel"


def test_letters_that_are_all_drawn_apart_are_no_words() -> None:
    letters = [bytes([letter]) for letter in b"HarbourCamel"]
    assert text_of(PDFIUM, make_page_pdf(drawn_apart(letters, gap=1.6, tracking=0))) == "HarbourCamel"


def row(y: int) -> bytes:
    """A row whose first column is drawn first, and the others with spaces that begin left of it."""
    first = b"BT /F1 8 Tf 1 0 0 1 474 %d Tm (851.5) Tj ET\n" % y
    others = b"BT /F1 8 Tf 1 0 0 1 450 %d Tm [(     ) -5000 (854.9) 2300 (     ) -6200 (839.3)] TJ ET\n" % y
    return first + others


def test_a_row_whose_columns_have_spaces_before_them_is_in_order() -> None:
    assert words_of(PDFIUM, make_page_pdf(row(700) + row(680))) == ["851.5", "854.9", "839.3"] * 2


@pytest.mark.parametrize("turn", [b"-1 0 0 -1", b"-1 0 0 1", b"-0.99 0.05 -0.05 -0.99", b"0 1 -1 0", b"0 -1 1 0"])
def test_a_turned_line_that_begins_with_a_space_stays_in_order(turn: bytes) -> None:
    content = b"BT /F1 12 Tf %s 400 400 Tm ( Boats of McDonald) Tj ET\n" % turn
    assert words_of(PDFIUM, make_page_pdf(content)) == ["Boats", "of", "McDonald"]


def test_words_that_are_drawn_apart_are_words_behind_letters_of_two_units() -> None:
    letters = b"BT /F2 12 Tf 72 730 Td <%s> Tj ET\n" % (b"41" * 40)
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 11 0 R>>"
    pdf = make_page_pdf(
        letters + drawn_apart(NAMES, gap=1.9),
        resources=b"/Font<</F1 5 0 R/F2 10 0 R>>",
        more=[font, mapped({0x41: "\U0001d44e"})],
    )
    words = words_of(PDFIUM, pdf)
    assert words[0] == "\U0001d44e" * 40
    assert words[1:] == [word.decode() for word in NAMES]


COLUMNS = ("東京の港湾は古い町である", "北の風が吹いている", "船は明日出る")


def in_columns(columns: Sequence[str], content: bytes = b"") -> bytes:
    """A page written from top to bottom, the rightmost column first, in a font that is not embedded."""
    shown = enumerate(column.encode("utf-16-be").hex().encode() for column in columns)
    content += b"".join(b"BT /F2 12 Tf %d 720 Td <%s> Tj ET\n" % (540 - 20 * number, codes) for number, codes in shown)
    fonts = [
        b"<</Type/Font/Subtype/Type0/BaseFont/Ryumin-Light/Encoding/UniJIS-UCS2-V/DescendantFonts[11 0 R]>>",
        b"<</Type/Font/Subtype/CIDFontType0/BaseFont/Ryumin-Light/FontDescriptor 12 0 R/DW 1000/CIDSystemInfo 13 0 R>>",
        b"<</Type/FontDescriptor/FontName/Ryumin-Light/Flags 4/FontBBox[0 -120 1000 880]/Ascent 880/Descent -120>>",
        b"<</Registry(Adobe)/Ordering(Japan1)/Supplement 2>>",
    ]
    return make_page_pdf(content, resources=b"/Font<</F1 5 0 R/F2 10 0 R>>", more=fonts)


def test_columns_in_a_font_that_is_not_embedded_are_read_from_the_right() -> None:
    assert words_of(PDFIUM, in_columns(COLUMNS)) == list(COLUMNS)
    assert set(words_of(PDFIUM, in_columns(COLUMNS, show_text(b"page 7", at=(300, 40))))) == {*COLUMNS, "page", "7"}


def test_words_set_solid_are_words() -> None:
    assert words_of(PDFIUM, spaced_out(SENTENCE, 0.0, 7.2)) == SENTENCE.split()


@pytest.mark.parametrize("column", [14, 30])
def test_titles_above_a_table_of_characters_keep_their_spaces(column: int) -> None:
    title = show_text(b"All signs of the font", size=11, at=(72, 740)) + show_text(
        b"by Nina Berg", size=11, at=(72, 720)
    )
    table = b"".join(
        show_text(b"%c" % (65 + 16 * row + place), size=12, at=(60 + column * place, 680 - 20 * row))
        for row in range(3)
        for place in range(16)
    )
    lines = text_of(PDFIUM, make_page_pdf(title + table)).splitlines()
    assert lines[:3] == [
        "All signs of the font",
        "by Nina Berg",
        " ".join("ABCDEFGHIJKLMNOP") if column == 30 else lines[2],
    ]


def test_lines_of_letters_that_are_placed_one_by_one_stay_whole_on_a_page_of_few() -> None:
    columns = [("column 1", "one"), ("column 2", "two"), ("column 3", "three")]
    letters = [
        (letter.encode(), 72 + 168 * number + 7.2 * place, 710.0 - 15 * row)
        for number, lines in enumerate(columns)
        for row, line in enumerate(lines)
        for place, letter in enumerate(line)
    ]
    assert text_of(PDFIUM, placed(b"", *letters)).splitlines() == [line for lines in columns for line in lines]


@pytest.mark.parametrize("gap", [2.0, 2.85])
def test_a_gap_that_is_one_between_letters_parts_words(gap: float) -> None:
    """Ghostscript writes a gap between two words as a distance of the letters on both sides."""
    apart = b"(To resol) Tj (ve) Tj %.2f Tc [(et)%d]TJ 0 Tc (hem at once) Tj " % (gap, 100 * gap)
    apart += b"%.2f Tc [(,w)%d]TJ 0 Tc (e came.) Tj" % (gap, 100 * gap)
    words = ["To", "resolvee", "them", "at", "once,", "we", "came."]
    assert words_of(PDFIUM, make_page_pdf(b"BT /F1 10 Tf 72 700 Td %s ET" % apart)) == words


@pytest.mark.parametrize("gap", [2.0, 3.0])
def test_korean_words_are_parted_by_gaps(gap: float) -> None:
    words = ["\uac00\ub098\ub2e4\ub77c", "\ub9c8\ubc14\uc0ac", "\uc544\uc790", "\ucc28\uce74\ud0c0\ud30c\ud558"]
    font = mapped({65 + number: letter for number, letter in enumerate("".join(words))})
    places, code, x = list[tuple[bytes, float, float]](), 65, 72.0
    for word in words:
        for _ in word:
            places.append((b"%c" % code, x, 700))
            code, x = code + 1, x + 12
        x += gap
    wide = placed(font, *places).replace(b"Courier/", b"Courier/FirstChar 0/LastChar 99/Widths[%s]/" % (b"1000 " * 100))
    assert words_of(PDFIUM, wide) == words


def test_dots_between_spaces_are_no_spaced_letters() -> None:
    content = b"".join(
        show_text(b"Chapter %d%s %d" % (row, b" ." * 40, row), size=8, at=(50, 700 - 12 * row)) for row in range(30)
    )
    lines = text_of(PDFIUM, make_page_pdf(content)).splitlines()
    assert [" ".join(line.split()) for line in lines] == [f"Chapter {row}{' .' * 40} {row}" for row in range(30)]


@pytest.mark.parametrize(
    ("accent", "letter", "whole"),
    [(b"\xb4", b"a", "á"), (b"\xa8", b"o", "ö"), (b"\x88", b"e", "ê"), (b"`", b"e", "è"), (b"\xb8", b"c", "ç")],
)
@pytest.mark.parametrize("first", [True, False])
def test_an_accent_drawn_over_a_letter_is_one_character(accent: bytes, letter: bytes, whole: str, first: bool) -> None:
    over, under = (accent, 79.2, 700.0), (letter, 79.2, 700.0)
    pdf = placed(b"", (b"M", 72, 700), *((over, under) if first else (under, over)), (b"n is here", 86.4, 700))
    assert words_of(PDFIUM, pdf) == [f"M{whole}n", "is", "here"]


def test_an_accent_after_hyphens_at_ends_of_lines_is_found() -> None:
    lines = [(b"all of this per-", 72.0, 760.0 - 14 * row) for row in range(4)]
    accent = ((b"M", 72.0, 704.0), (b"\xb4", 79.2, 704.0), (b"a", 79.2, 704.0), (b"n is here", 86.4, 704.0))
    assert words_of(PDFIUM, placed(b"", *lines, *accent))[-3:] == ["M\xe1n", "is", "here"]


def test_an_accent_that_stands_alone_stays() -> None:
    assert words_of(PDFIUM, placed(b"", (b"a \xb4 b `c` x\x88 2", 72, 700))) == [
        "a",
        "\xb4",
        "b",
        "`c`",
        "x\u02c6",
        "2",
    ]


# --- what a viewer does not show --------------------------------------------------------------------------------------


def test_text_outside_the_crop_box_is_left_out() -> None:
    content = show_text(b"Inside") + show_text(b"Printer's mark", at=(72, 20)) + show_text(b"Beyond", at=(72, 780))
    boxes = b"/MediaBox[0 0 612 792]/CropBox[36 36 576 756]"
    assert words_of(PDFIUM, make_page_pdf(content, page=boxes)) == ["Inside"]


def test_text_inside_a_small_crop_box_stays() -> None:
    boxes = b"/MediaBox[0 0 612 792]/CropBox[36 36 576 756]"
    assert words_of(PDFIUM, make_page_pdf(show_text(b"All of it"), page=boxes)) == ["All", "of", "it"]


# --- what comes before a document -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [10, 1_000, 1_020, 1_500, 60_000])
def test_bytes_before_the_header_are_passed_over(engine: TextEngine, size: int, tmp_path: Path) -> None:
    content = (b"Content-Type: application/pdf\r\n" * (size // 31 + 1))[:size] + make_page_pdf(
        show_text(b"Sent by mail")
    )
    path = tmp_path / "mailed.pdf"
    path.write_bytes(content)
    for source in (content, str(path)):
        assert words_of(engine, source) == ["Sent", "by", "mail"]


def test_a_page_about_pdfs_is_no_pdf() -> None:
    page = b"<html><body>" + b"x" * 2000 + b"A file begins with %PDF-1.7</body></html>"
    with pytest.raises(DocumentError) as caught, PDFIUM.open(page):
        pass
    assert caught.value.cause is Cause.NOT_A_PDF


# --- extras and facts -------------------------------------------------------------------------------------------------


def with_catalog(entries: bytes, *more: bytes) -> bytes:
    return join_objects(
        {
            1: b"<</Type/Catalog/Pages 2 0 R%s>>" % entries,
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
            4: make_stream(show_text(b"Please wait")),
            5: FONT,
            **dict(enumerate(more, 10)),
        }
    )


XFA = make_stream(b"<xdp:xdp xmlns:xdp='http://ns.adobe.com/xdp/'></xdp:xdp>")
FILES = b"/Names<</EmbeddedFiles<</Names[(a.txt)11 0 R]>>>>"
FILE = b"<</Type/Filespec/F(a.txt)/UF(a.txt)/EF<</F 10 0 R>>>>"


def test_a_dynamic_form_and_a_static_one_are_told_apart(engine: TextEngine) -> None:
    form = b"/AcroForm<</Fields[]/XFA 10 0 R>>"
    assert extras_of(engine, with_catalog(form + b"/NeedsRendering true", XFA)).xfa == "dynamic"
    assert extras_of(engine, with_catalog(form, XFA)).xfa == "static"
    assert extras_of(engine, with_catalog(b"/AcroForm<</Fields[]>>")).xfa == "none"


def test_attachments_are_counted_and_a_portfolio_is_told(engine: TextEngine) -> None:
    file = make_stream(b"inside", b"/Type/EmbeddedFile")
    assert extras_of(engine, with_catalog(FILES, file, FILE)) == DocumentExtras(attachments=1)
    collection = with_catalog(FILES + b"/Collection<</Type/Collection/View/T>>", file, FILE)
    assert extras_of(engine, collection) == DocumentExtras(attachments=1, portfolio=True)


def test_form_fields_are_counted(engine: TextEngine) -> None:
    assert extras_of(engine, make_field_pdf(b"", [("Ada", BOX)])).form_fields == 1


def test_what_the_content_paints_is_counted(engine: TextEngine) -> None:
    facts = facts_of(engine, make_page_pdf(show_text(b"one") + show_text(b"two", at=(72, 500)) + b"0 0 m 9 9 l S\n"))
    assert facts.objects == 3


def image_page(filter_name: bytes, data: bytes, size: tuple[int, int] = (1700, 2200)) -> bytes:
    entries = b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 8%s" % (
        *size,
        b"/Filter/" + filter_name if filter_name else b"",
    )
    content = b"q 612 0 0 792 0 0 cm /Im Do Q"
    return make_page_pdf(content, resources=b"/XObject<</Im 10 0 R>>", more=[make_stream(data, entries)])


def count_lost_images(pdf: bytes) -> int:
    with PDFIUM.open(pdf) as document, document.page(1) as page:
        assert isinstance(page, SupportsEvidence)
        return page.count_lost_images()


NOISE = bytes((index * 7919 + index**2 * 31 + (index >> 3)) % 251 for index in range(4_000))


@pytest.mark.parametrize("name", [b"DCTDecode", b"JPXDecode", b"JBIG2Decode", b"CCITTFaxDecode", b"BrotliDecode"])
def test_an_image_that_cannot_be_decoded_is_told(name: bytes) -> None:
    assert count_lost_images(image_page(name, NOISE)) == 1


def test_an_image_without_data_is_told() -> None:
    assert count_lost_images(image_page(b"FlateDecode", b"")) == 1


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_an_even_image_of_even_data_is_no_lost_one(grey: int) -> None:
    assert count_lost_images(image_page(b"", bytes([grey]) * 100 * 100, (100, 100))) == 0


def test_an_image_with_a_picture_is_no_lost_one() -> None:
    assert count_lost_images(image_page(b"", NOISE[:2500], (50, 50))) == 0


# --- content that ends early ------------------------------------------------------------------------------------------

REPORT = b"".join(
    show_text(b"Line %d says that %d boats came late." % (number, number * 7919 % 1000), at=(72, 740 - 15 * number))
    for number in range(44)
)
PACKED = zlib.compress(REPORT)
FLATE = b"/Filter/FlateDecode"


def content_pdf(stream: bytes, *, page: bytes = b"", more: Sequence[bytes] = ()) -> bytes:
    """A page whose content is this stream, the last object of the file."""
    return join_objects(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 50 0 R/Resources<</Font<</F1 5 0 R>>%s>>>>"
            % page,
            5: FONT,
            **dict(enumerate(more, 10)),
            50: stream,
        }
    )


def is_cut(pdf: bytes) -> bool:
    with PDFIUM.open(pdf) as document, document.page(1) as page:
        assert isinstance(page, SupportsEvidence)
        page.text()
        return page.is_cut()


@pytest.mark.parametrize("share", [0.15, 0.4, 0.75])
def test_packed_content_that_ends_early_is_told(share: float) -> None:
    assert is_cut(content_pdf(make_stream(PACKED[: int(len(PACKED) * share)], FLATE)))


def test_packed_content_that_is_damaged_in_the_middle_is_told() -> None:
    half = len(PACKED) // 2
    assert is_cut(content_pdf(make_stream(PACKED[:half] + b"\0\xff" * 10 + PACKED[half + 20 :], FLATE)))


@pytest.mark.parametrize("stream", [make_stream(PACKED, FLATE), make_stream(REPORT)], ids=["packed", "plain"])
def test_content_of_a_file_that_ends_early_is_told(stream: bytes) -> None:
    pdf = content_pdf(stream).replace(b"50 0 obj", b"trailer <</Root 1 0 R/Size 51>>\n50 0 obj", 1)
    start = pdf.index(b"stream")
    assert is_cut(pdf[: start + (len(pdf) - start) // 2])


def test_whole_content_is_not_told_whatever_its_checksum_and_wherever_it_ends() -> None:
    short = zlib.compress(REPORT[: REPORT.index(b"ET") + 2])
    for data in (PACKED, short, short[:-4] + b"\0\0\0\0", short[:-4]):
        assert not is_cut(content_pdf(make_stream(data, FLATE))), data[-4:]
    assert not is_cut(content_pdf(make_stream(REPORT[: REPORT.index(b"ET") + 2])))
    assert not is_cut(content_pdf(make_stream(b"")))


ONE_LINE = show_text(b"Line one stays.")
INSIDE = {
    "a string": REPORT[: REPORT.index(b"boats came", 900) + 5],
    "a text": REPORT[: REPORT.index(b"Tj", 900) + 2],
    "a number": ONE_LINE + b" BT /F1 12 Tf 72 68",
    "numbers outside of a text": ONE_LINE + b" q 1 0 0 1 72 68",
    "an array": ONE_LINE + b" BT /F1 12 Tf 1 0 0 1 72 680 Tm [(never) -20 (ends)",
    "an inline image": ONE_LINE + b" q BI /W 40 /H 4 /BPC 8 /CS /G ID " + bytes(range(90, 250)),
}


@pytest.mark.parametrize("data", INSIDE.values(), ids=INSIDE.keys())
def test_content_that_stops_in_the_midst_is_told(data: bytes) -> None:
    assert is_cut(content_pdf(make_stream(zlib.compress(data), FLATE)))
    assert is_cut(content_pdf(make_stream(data)))


def test_content_that_ends_early_is_told_whatever_made_text_of_it() -> None:
    cut = PACKED[: len(PACKED) // 3]
    assert is_cut(content_pdf(make_stream(base64.a85encode(cut) + b"~>", b"/Filter[/ASCII85Decode/FlateDecode]")))
    assert is_cut(content_pdf(make_stream(cut.hex().encode() + b">", b"/Filter[/AHx/Fl]")))
    whole = base64.a85encode(zlib.compress(ONE_LINE)) + b"~>"
    assert not is_cut(content_pdf(make_stream(whole, b"/Filter[/ASCII85Decode/FlateDecode]")))


def test_content_that_is_split_or_ends_oddly_is_not_told() -> None:
    for end in (b"\nQ\n23167\r\n", b" % BT (a remark", b"\0\0", b" /a <</MCID 0>> BDC EMC"):
        assert not is_cut(content_pdf(make_stream(ONE_LINE + end))), end
    half = ONE_LINE.index(b"Line")
    for place in (ONE_LINE.index(b"Tf"), half - 1, ONE_LINE.index(b"Tj"), ONE_LINE.index(b"ET")):
        parts = [make_stream(zlib.compress(part), FLATE) for part in (ONE_LINE[:place], ONE_LINE[place:])]
        pdf = content_pdf(make_stream(ONE_LINE), more=parts).replace(b"/Contents 50 0 R", b"/Contents[10 0 R 11 0 R]")
        assert not is_cut(pdf), place
        assert not may_have_damage(pdf), place
