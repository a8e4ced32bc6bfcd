"""The dashboard as an ASGI application over sinks of this process."""

# The types of starlette's client are those of another library, which not every version of it has.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Sequence

import pytest

pytest.importorskip("httpx", reason="starlette's client for tests needs it")

from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from pdfbatch import dashboard_app
from pdfbatch.dashboard import BatchView
from pdfbatch.errors import StatusUnavailableError
from pdfbatch.report import BatchState, BatchStatus
from pdfbatch.sinks import MemorySink
from tests.dashboard.conftest import HOSTILE_ID

TOKEN = "söcret"


class Unreachable:
    """A source whose server is down."""

    def list_batches(self) -> Sequence[BatchView]:
        raise StatusUnavailableError("redis://status: refused")

    def find_batch(self, batch_id: str) -> BatchView | None:
        raise StatusUnavailableError("redis://status: refused")


class Stored:
    """A source with given statuses."""

    def __init__(self, *batches: BatchView) -> None:
        self.batches = batches

    def list_batches(self) -> Sequence[BatchView]:
        return self.batches

    def find_batch(self, batch_id: str) -> BatchView | None:
        return next((batch for batch in self.batches if batch.status.batch_id == batch_id), None)


def client_of(source: object, **settings: object) -> TestClient:
    return TestClient(dashboard_app(source, **settings), base_url="http://localhost")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_batch_is_shown_and_nothing_of_its_documents_becomes_a_part_of_the_page(ended: MemorySink) -> None:
    answer = client_of(ended).get("/batch", params={"id": HOSTILE_ID})
    assert answer.status_code == 200
    page = answer.text
    for shown in (
        "completed",
        "4 of 4 documents",
        "not_a_pdf",
        "&lt;img src=x onerror=alert(1)&gt;",
        "Slowest documents",
    ):
        assert shown in page, shown
    assert page.count("<script") == 1  # our own file
    assert "<img" not in page
    assert "\u202e" not in page


def test_the_list_leads_to_the_batch(ended: MemorySink) -> None:
    client = client_of([MemorySink(), ended])
    page = client.get("/").text
    address = page.partition('<td><a href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "0 running, 0 stale, 1 ended" in page
    assert client.get(address).status_code == 200


def test_the_report_of_an_ended_batch_is_shown_without_any_right(ended: MemorySink) -> None:
    answer = client_of(ended).get("/report", params={"id": HOSTILE_ID})
    assert answer.status_code == 200
    assert "Report of batch" in answer.text
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("output", [None, "s3://bucket/text", "/nowhere", "relative/../../etc"])
def test_a_report_that_is_not_here_is_not_looked_for_elsewhere(output: str | None) -> None:
    batch = BatchView(status=BatchStatus(batch_id="b", output=output, state=BatchState.COMPLETED))
    assert client_of(Stored(batch)).get("/report?id=b").status_code == 404


@pytest.mark.parametrize("path", ["/", "/batch?id=x", "/style.css", "/dashboard.js", "/nothing", "/metrics"])
def test_every_answer_limits_what_a_browser_may_do(ended: MemorySink, path: str) -> None:
    headers = client_of(ended).get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_changed(ended: MemorySink, method: str) -> None:
    client = client_of(ended)
    assert {client.request(method, path).status_code for path in ("/", "/batch", "/events", "/metrics")} == {405}


def test_without_the_token_nothing_is_told(ended: MemorySink) -> None:
    client = client_of(ended, token=TOKEN)
    answers = [
        client.get(path) for path in ("/", "/batch?id=x", "/events", "/metrics", "/report?id=x", "/dashboard.js")
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert HOSTILE_ID[:4] not in "".join(answer.text for answer in answers)
    for wrong in ("Bearer wrong", "Bearer ", "Basic x", f"Bearer {TOKEN}x"):
        assert client.get("/", headers={"Authorization": wrong.encode()}).status_code == 401


def test_the_token_opens_as_header_and_as_form(ended: MemorySink) -> None:
    client = client_of(ended, token=TOKEN)
    assert client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}".encode()}).status_code == 200
    assert "Token" in client.get("/", headers={"Accept": "text/html"}).text
    assert client.post("/login", data={"token": "wrong"}).status_code == 403
    assert client.post("/login", content=b"x" * 20_000).status_code == 403
    answer = client.post("/login", data={"token": TOKEN}, follow_redirects=False)
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert TOKEN not in cookie
    assert client.get("/").status_code == 200  # by the cookie


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "localhost.evil.example", ""])
def test_a_page_of_another_site_cannot_read_by_a_name_of_its_own(ended: MemorySink, host: str) -> None:
    client = client_of(ended, hosts=("localhost", "127.0.0.1", "[::1]"))
    assert client.get("/", headers={"Host": host}).status_code == 421
    assert {
        client.get("/", headers={"Host": name}).status_code for name in ("localhost", "[::1]:80", "127.0.0.1:9")
    } == {200}


def test_it_can_be_mounted_in_an_application(ended: MemorySink) -> None:
    host = Starlette(routes=[Mount("/batches", dashboard_app(ended, token=TOKEN))])
    client = TestClient(host)
    answer = client.post("/batches/login", data={"token": TOKEN}, follow_redirects=False)
    assert answer.headers["location"] == "/batches/"
    page = client.get("/batches/").text
    assert 'href="/batches/style.css"' in page
    assert 'data-stream="/batches/events?page=1"' in page
    assert client.get("/batches/style.css").status_code == 200


def test_many_batches_are_told_page_by_page_the_running_ones_first() -> None:
    states = {"ended": BatchState.COMPLETED, "running": BatchState.PROCESSING, "stale": BatchState.PROCESSING}
    names = [f"{state}-{number}" for number in range(60) for state in states]
    batches = [
        BatchView(
            status=BatchStatus(batch_id=name, state=states[name.partition("-")[0]], started_at=float(number)),
            is_stale=name.startswith("stale"),
        )
        for number, name in enumerate(names)
    ]
    client = client_of(Stored(*batches))
    first, last = client.get("/").text, client.get("/?page=99").text
    assert "180 batches: 60 running, 60 stale, 60 ended" in first
    assert [name for name in names if f">{name}<" in first] == [f"running-{number}" for number in range(10, 60)]
    assert "Page 4 of 4" in last
    assert "Older" not in last


def test_a_server_that_is_down_is_said() -> None:
    client = client_of(Unreachable())
    assert "No status can be read" in client.get("/").text
    assert client.get("/batch?id=x").status_code == 503
    assert client.get("/metrics").status_code == 503


def test_a_batch_that_is_not_there_is_not_found(ended: MemorySink) -> None:
    assert client_of(ended).get("/batch?id=other").status_code == 404


def test_prometheus_reads_the_metrics(ended: MemorySink) -> None:
    text = client_of(ended).get("/metrics").text
    samples = dict[tuple[str, str], float]()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = dict(sample.labels)
            assert labels.pop("batch_id") == HOSTILE_ID
            samples[sample.name, "".join(labels.values())] = sample.value
    assert samples["pdfbatch_documents_total", "succeeded"] == 3
    assert samples["pdfbatch_documents_total", "failed"] == 1
    assert samples["pdfbatch_failures_total", "not_a_pdf"] == 1
    assert samples["pdfbatch_pages_total", ""] == 3
    assert samples["pdfbatch_batch_state", "completed"] == 1
