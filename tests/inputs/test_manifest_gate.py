"""Whatever a file or a server gives as a manifest: documents, or an ordinary refusal that a line can show."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pdfbatch.errors import NoDocumentsError, UsageError
from pdfbatch.inputs import Inputs, Manifest, documents_from
from pdfbatch.storage import Fingerprint

UNCHECKED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
KEYS = ["id", "documents", "file_path", "document_uuid", "project_uuid", "metadata", "password", "pages", "languages"]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["a.pdf", "1-3", "eng+deu", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(), inner, max_size=6),
    max_leaves=15,
)
ENTRY = st.fixed_dictionaries({"file_path": st.text(min_size=1) | JSON}, optional=dict.fromkeys(KEYS[3:], JSON))


@settings(
    derandomize=True,
    max_examples=150,
    deadline=None,
    suppress_health_check=UNCHECKED,
)
@given(content=JSON | st.fixed_dictionaries({"documents": st.lists(ENTRY, max_size=3)}, optional={"id": JSON}))
def test_any_json_is_a_manifest_or_refused(tmp_path: Path, content: object) -> None:
    path = tmp_path / "m.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    try:
        manifest = Manifest.load(path)
    except UsageError as error:
        assert len(str(error)) < 5_000  # noqa: PT017 (only some are refused)
    else:
        assert all(isinstance(document.file_path, str) and document.document_uuid for document in manifest.documents)


@settings(
    derandomize=True,
    max_examples=100,
    deadline=None,
    suppress_health_check=UNCHECKED,
)
@given(content=st.binary(max_size=200))
def test_any_bytes_are_a_manifest_or_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.json"
    path.write_bytes(content)
    with pytest.raises(UsageError):
        Manifest.load(path)


def test_an_empty_manifest_is_as_an_empty_folder(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.write_text('{"documents": []}')
    inputs: list[Inputs] = [str(path), [str(path)], {"documents": []}, Manifest("x", ())]
    for one in inputs:
        with pytest.raises(NoDocumentsError, match="names no document"):
            documents_from(one)


def test_pages_and_languages_may_be_lists() -> None:
    entry = {"file_path": "a.pdf", "pages": [1, 2], "languages": ["eng", "deu"]}
    (document,) = Manifest.load({"documents": [entry, {"file_path": "b.pdf"}]}).documents[:1]
    assert (document.pages, document.languages) == ("1,2", "eng+deu")


@settings(derandomize=True, max_examples=120, deadline=None)
@given(
    info=st.dictionaries(
        st.sampled_from(["size", "ETag", "mtime", "LastModified", "created"]), JSON | st.binary() | st.datetimes()
    )
)
def test_whatever_a_server_says_of_a_file_is_a_fingerprint(info: dict[str, object]) -> None:
    found = Fingerprint.of_info(info)
    assert found.size_bytes is None or (type(found.size_bytes) is int and found.size_bytes >= 0)
    assert len(str(found)) < 400
    assert str(found).isprintable()
    assert Fingerprint.parse(str(found)) == found


@settings(derandomize=True, max_examples=100, deadline=None)
@given(text=st.text() | st.from_regex(r"-?[0-9]{0,30}:.*"))
def test_whatever_a_record_says_is_a_fingerprint(text: str) -> None:
    assert isinstance(Fingerprint.parse(text), Fingerprint)
