"""The limit for text: loops that do nothing but ask pdfium for the text of each page."""

from benchmarks.job import Item, Job, run, save_text
from benchmarks.loops import Step, side_by_side
from benchmarks.pdfium import Document, opened


def make_step(job: Job) -> Step:
    """A step that reads one document, and writes its text where the job has an output."""

    def step(item: Item) -> int:
        document = opened(item.path)
        try:
            texts = [_page_text(document, index) for index in range(len(document))]
        finally:
            document.close()
        if job.output is not None:
            save_text(job, item, "\f".join(texts))
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
    run(lambda job: side_by_side(job, make_step))
