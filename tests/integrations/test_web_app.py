"""The programs of the page on web applications do what it says: run by ``nox -s integrations``, which has the packages."""

import re
from pathlib import Path
from typing import Any

import pytest

from pdfbatch.samples import letter, text_pdf

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "how-to" / "web-app.md"
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
