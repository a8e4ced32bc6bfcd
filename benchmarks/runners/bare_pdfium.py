"""Bare loop for text: only asks pdfium for the text of each page."""

from benchmarks.loops import Step, run_loops
from benchmarks.pdfium import Document, open_document
from benchmarks.workload import Item, Workload, run, save_text


def make_step(workload: Workload) -> Step:
    """Return a step that reads one document, and writes its text if the workload has an output."""

    def step(item: Item) -> int:
        document = open_document(item.path)
        try:
            texts = [_page_text(document, index) for index in range(len(document))]
        finally:
            document.close()
        if workload.output is not None:
            save_text(workload, item, "\f".join(texts))
        return len(texts)

    return step


def _page_text(document: Document, index: int) -> str:
    page = document[index]
    text_page = page.get_textpage()
    text = text_page.get_text_range()
    text_page.close()
    page.close()
    return text


if __name__ == "__main__":
    run(lambda workload: run_loops(workload, make_step))
