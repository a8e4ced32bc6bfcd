"""Do the right pages go to OCR? Compares with what a corpus says of its pages."""

from benchmarks.bench import Bench, Case
from benchmarks.corpus import NEEDS_OCR
from benchmarks.results import CaseResult, Ratio, Table
from benchmarks.routing import BLANK, HAS_TEXT, ROUTES, RoutedPage, route_document


def run(bench: Bench) -> CaseResult:
    """Run the case. Nothing is timed."""
    corpus = bench.corpus.sample(bench.number(len(bench.corpus.documents), 6))
    pages = [page for one in corpus.documents for page in route_document(one.path, one.id, one.page_classes)]
    wrong = tuple(page for page in pages if not page.right)
    return CaseResult(
        name=CASE.name,
        setting=corpus.setting(),
        ratios=(
            Ratio(
                name="pages that need OCR and did not get it", values=(_wrong(pages, NEEDS_OCR),), goal=0, at_most=True
            ),
            Ratio(
                name="share of pages with text that went to OCR", values=(_needless(pages),), goal=0.01, at_most=True
            ),
            Ratio(name="blank pages that were not recognised", values=(_wrong(pages, BLANK),), goal=0, at_most=True),
        ),
        tables=(_confusion(pages), _mistakes(wrong)) if wrong else (_confusion(pages),),
        notes=("T text, S text over a page image, I image, P image with a stamp, V drawing without text, B nothing.",),
    )


def _wrong(pages: list[RoutedPage], classes: str) -> float:
    return float(sum(page.page_class in classes and not page.right for page in pages))


def _needless(pages: list[RoutedPage]) -> float:
    with_text = [page for page in pages if page.page_class in HAS_TEXT]
    return sum(page.route == "ocr" for page in with_text) / max(1, len(with_text))


def _confusion(pages: list[RoutedPage]) -> Table:
    rows = tuple(
        (
            kind,
            *(str(sum(page.page_class == kind and page.route == route for page in pages)) for route in ROUTES),
        )
        for kind in HAS_TEXT + NEEDS_OCR + BLANK
    )
    return Table(title="Classes of pages against what became of them", header=("class", *ROUTES), rows=rows)


def _mistakes(wrong: tuple[RoutedPage, ...]) -> Table:
    rows = tuple((page.document, str(page.number), page.page_class, page.route, page.reason) for page in wrong[:20])
    return Table(title="Pages decided wrongly", header=("document", "page", "class", "became", "reason"), rows=rows)


CASE = Case(name="routing", summary="Which pages go to OCR: are they the right ones?", run=run)
