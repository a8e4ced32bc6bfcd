"""The dashboard in a real browser: what a person sees, hears and does there. Run by ``nox -s browser``.

Chromium is looked for on the PATH, and the browser group of dependencies must be installed; else the tests are skipped. With
``PDFBATCH_SCREENSHOTS`` pictures are left in that folder.
"""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="the dependency group browser is not installed")
pytest.importorskip("axe_playwright_python", reason="the dependency group browser is not installed")
pytest.importorskip("uvicorn", reason="the extra dashboard is not installed")

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from pdfbatch import process_batch
from pdfbatch.samples import letter, text_pdf
from pdfbatch.sinks import RedisSink
from pdfbatch.testing.servers import RedisServer
from tests.dashboard.conftest import HOSTILE_NAME, command

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DOCUMENTS = 24
SIZES = {"wide": (1100, 900), "narrow": (360, 740)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if PROGRAM is None:
        pytest.skip("no Chromium on the PATH")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """A function that opens a page, whose errors and warnings fail the test."""
    pages, complaints = list[Page](), list[str]()

    def open_one(address: str, *, size: str = "wide", scheme: Any = "light") -> Page:
        width, height = SIZES[size]
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)

        def note(said: ConsoleMessage) -> None:
            if said.type in ("error", "warning"):
                complaints.append(said.text)

        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: dialog.dismiss())  # a script of a document would open one
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.goto(address)
        pages.append(page)
        return page

    yield open_one
    for page in pages:
        page.close()
    assert complaints == []


class Batch:
    """A batch whose documents come when it is told to go on."""

    def __init__(self, folder: Path, redis: str) -> None:
        (folder / "in").mkdir()
        self._paths = [folder / "in" / f"letter {number:02}.pdf" for number in range(DOCUMENTS - 1)]
        for number, path in enumerate(self._paths):
            path.write_bytes(text_pdf([letter(number), letter(number + 1)]))
        self._paths.insert(0, folder / "in" / HOSTILE_NAME)
        self._paths[0].write_bytes(b"no PDF")
        self._may_go_on = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, args=(folder / "out", redis))
        self._thread.start()

    def _run(self, output: Path, redis: str) -> None:
        sink = RedisSink(redis, linger_seconds=0.0)
        process_batch(self._documents(), output, executor="thread", max_workers=1, batch_id="case-17", sinks=[sink])

    def _documents(self) -> Iterator[str]:
        for path in self._paths:
            self._may_go_on.acquire(timeout=60)
            yield str(path)

    def go_on(self, documents: int) -> None:
        self._may_go_on.release(documents)

    def end(self) -> None:
        self.go_on(DOCUMENTS)
        self._thread.join(60)


@pytest.fixture
def batch(tmp_path: Path, redis_server: RedisServer) -> Iterator[Batch]:
    redis_server.start()
    found = Batch(tmp_path, redis_server.url)
    yield found
    found.end()


@pytest.fixture
def address(redis_server: RedisServer) -> Iterator[str]:
    with command("--redis", redis_server.url) as found:
        yield found


def check(page: Page, name: str) -> None:
    """Fail for what keeps people from using the page; keep a picture of it."""
    folder = os.environ.get("PDFBATCH_SCREENSHOTS")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
    axe: Any = Axe()  # its package has no types
    found: list[dict[str, Any]] = axe.run(page).response["violations"]
    assert [(one["id"], one["help"], [node["html"] for node in one["nodes"]]) for one in found] == []
    cells = page.evaluate(
        "[...document.querySelectorAll('td, th')].filter((each) => each.checkVisibility()).map((each) => each.offsetWidth)"
    )
    assert min(cells, default=100) >= 30, "a column is too narrow for a word"
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), (
        "it scrolls sideways"
    )


def test_a_batch_is_watched_while_it_runs(batch: Batch, address: str, open_page: Callable[..., Page]) -> None:
    page = open_page(f"{address}/")
    page.get_by_role("link", name="case-17").click()
    expect(page.locator("#progress")).to_contain_text("of")
    batch.go_on(10)
    expect(page.locator("#progress")).to_contain_text("10 of 10 documents")
    expect(page.locator("#failures")).to_contain_text("not_a_pdf")
    check(page, "running")
    summary = page.locator("#throughput summary")
    summary.click()
    summary.focus()
    batch.go_on(5)
    expect(page.locator("#progress")).to_contain_text("15 of 15 documents")
    # What the reader has opened and where the keyboard is outlast the change.
    assert page.locator("#throughput details").evaluate("each => each.open")
    assert page.evaluate("document.activeElement.id") == "throughput-summary"
    batch.end()
    expect(page.locator("#progress")).to_contain_text("completed")
    expect(page.locator("#announcement")).to_contain_text("completed")
    expect(page).to_have_title("completed: case-17 - pdfbatch")
    page.get_by_role("link", name="Report of this batch").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Report of batch case-17")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_can_be_read_by_everybody(
    batch: Batch, address: str, open_page: Callable[..., Page], tmp_path: Path, scheme: str
) -> None:
    batch.end()
    report = (tmp_path / "out" / "report.html").as_uri()
    places = {"list": f"{address}/", "batch": f"{address}/batch?id=case-17", "report": report}
    for (name, place), size in product(places.items(), SIZES):
        page = open_page(place, size=size, scheme=scheme)
        if name == "batch":
            expect(page.locator("#failures")).to_contain_text(HOSTILE_NAME.partition("\u202e")[0])
            assert page.locator("#failures img").count() == 0
        check(page, f"{name}-{size}-{scheme}")


def test_the_keyboard_is_enough(batch: Batch, address: str, open_page: Callable[..., Page]) -> None:
    batch.end()
    page = open_page(f"{address}/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the content"
    seen = list[str]()
    for _ in range(20):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.textContent"))
        if seen[-1] == "case-17":
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Batch case-17")
    reached = set[str]()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.textContent"))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        if page.evaluate("document.activeElement === document.body"):
            break
        assert outline != "none", reached
        if page.evaluate("document.activeElement.id") == "cause-0-summary":
            before = page.locator("#cause-0").evaluate("each => each.open")
            page.keyboard.press("Enter")
            assert page.locator("#cause-0").evaluate("each => each.open") != before
    assert {"throughput", "throughput-summary", "cause-0-summary", "slowest-table", "Report of this batch"} <= reached


def test_the_token_is_asked_for_and_kept(
    redis_server: RedisServer, open_page: Callable[..., Page], browser: Browser
) -> None:
    redis_server.start()
    with command("--redis", redis_server.url, "--token", "secret") as address:
        page = browser.new_page()
        page.goto(f"{address}/")
        check(page, "token")
        page.get_by_label("Token").fill("secret")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Batches")
        page.reload()
        expect(page.get_by_role("heading", level=1)).to_have_text("Batches")
        page.close()
