"""The programs of the page on web applications do what it says: run by ``nox -s integrations``, which has the packages."""

import json
import re
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pdfbatch import Document
from pdfbatch.samples import letter, text_pdf

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
PAGE = DOCS / "how-to" / "web-app.md"
EXAMPLE = DOCS / "examples" / "fastapi_service.py"
PDF = text_pdf([letter(1)])


def program(framework: str) -> dict[str, Any]:
    """Run the block of the page that imports a framework, without OCR; return its names."""
    if not PAGE.is_file():
        pytest.skip("the documentation is not here")
    blocks: list[str] = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    (block,) = [code for code in blocks if framework in code]
    block = block.replace("BatchProcessor(limits", "BatchProcessor(extraction=Extraction(ocr='never'), limits")
    names: dict[str, Any] = {"__name__": "program"}
    exec(compile("from pdfbatch import Extraction\n" + block, str(PAGE), "exec"), names)
    return names


def test_fastapi() -> None:
    pytest.importorskip("fastapi")
    from fastapi.testclient import TestClient

    with TestClient(program("fastapi")["app"]) as client:
        good = client.post("/text", files={"file": ("scan.pdf", PDF)})
        bad = client.post("/text", files={"file": ("scan.pdf", b"no PDF")})
    assert good.status_code == 200
    assert good.json()["status"] == "succeeded"
    assert bad.status_code == 422
    assert bad.json()["detail"]["cause"] == "not_a_pdf"


def test_a_client_that_goes_away_stops_its_document() -> None:
    pytest.importorskip("fastapi")
    import asyncio

    from fastapi import HTTPException

    from pdfbatch import BatchProcessor
    from pdfbatch.testing import FaultyEngine, plain_document

    class Gone:
        """A request whose client has gone."""

        def __init__(self, processor: BatchProcessor) -> None:
            self.app = SimpleNamespace(state=SimpleNamespace(processor=processor))

        async def is_disconnected(self) -> bool:
            return True

    class Upload:
        filename = "hang.pdf"

        async def read(self) -> bytes:
            return plain_document("fault:hang")

    async def ask() -> int:
        async with BatchProcessor(engine=FaultyEngine(), workers=1) as processor:
            with pytest.raises(HTTPException) as caught:
                await program("fastapi")["read_text"](Gone(processor), Upload())
            await processor.aread(Document("next.pdf", content=plain_document("A page.")))  # its worker is free again
            return caught.value.status_code

    assert asyncio.run(ask()) == 499


def test_django() -> None:
    pytest.importorskip("django")
    from django.conf import settings
    from django.core.files.uploadedfile import SimpleUploadedFile
    from django.test import RequestFactory

    settings.configure(DEFAULT_CHARSET="utf-8")
    names = program("django")
    try:
        upload = SimpleUploadedFile("scan.pdf", PDF)
        response = names["read_text"](RequestFactory().post("/text", {"file": upload}))
    finally:
        names["get_processor"]().__exit__(None, None, None)
    assert response.status_code == 200


def test_the_example_shows_each_document_as_it_ends() -> None:
    pytest.importorskip("fastapi")
    from fastapi.testclient import TestClient

    names = runpy.run_path(str(EXAMPLE))
    files = [("files", ("letter.pdf", PDF)), ("files", ("page.pdf", b"<html>"))]
    with TestClient(names["app"]) as client:
        started = client.post("/batches", files=files)
        assert started.status_code == 202
        address = f"/batches/{started.json()['id']}"
        lines = client.get(f"{address}/events").text.splitlines()
        events = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
        shown = client.get(address).json()
        assert client.get("/batches/unknown").status_code == 404
    assert [event["done"] for event in events[:2]] == [1, 2]
    assert {event["name"]: event["status"] for event in events[:2]} == {"letter.pdf": "succeeded", "page.pdf": "failed"}
    assert lines[-3:-1] == ["event: end", "data: {}"]
    assert shown["total"] == 2
    assert sorted(bool(document["text"]) for document in shown["documents"]) == [False, True]
