"""Signed URLs after a pattern are those that the client makes itself, or there is no pattern. No server is asked."""

import asyncio
import re
from typing import Any

import pytest

from pdfbatch.storage.presigning import pattern_after
from pdfbatch.storage.s3session import moment, s3_session

aiobotocore = pytest.importorskip("aiobotocore")
SECRET = "se/cret+of=the-test"
NAMES = ["a b.pdf", "ü+&=?#%.pdf", "sub/'quoted' (1).pdf", "100%25.pdf", "x//y/../~z.pdf", "/lead.pdf", "a*b!.pdf"]


def signed(bucket: str, names: list[str], *, endpoint: str | None = None, token: str | None = None) -> list[str]:
    """Signed URLs that a client makes."""

    async def made() -> list[str]:
        settings: dict[str, Any] = {"region_name": "eu-central-1", "endpoint_url": endpoint, "aws_session_token": token}
        keys = {"aws_access_key_id": "AKID", "aws_secret_access_key": SECRET}
        async with s3_session({}).create_client("s3", **settings, **keys) as client:
            asked = [{"Bucket": bucket, "Key": name} for name in names]
            return [await client.generate_presigned_url("get_object", Params=one, ExpiresIn=120) for one in asked]

    return asyncio.run(made())


def dates(urls: list[str]) -> set[str]:
    """The moments, to a second, at which URLs were signed."""
    return {date for url in urls for date in re.findall("X-Amz-Date=([^&]*)", url)}


def fields(url: str) -> set[str]:
    """A URL's address and the fields of its query, whose order means nothing."""
    return set(re.split(r"[?&]", url))


@pytest.mark.parametrize(
    ("bucket", "endpoint", "token"),
    [
        ("my-bucket", None, None),
        ("my-bucket", None, "tok+/=en"),
        ("my.bucket", None, None),
        ("bucket", "http://127.0.0.1:9000", None),
    ],
)
def test_a_pattern_gives_what_the_client_gives(bucket: str, endpoint: str | None, token: str | None) -> None:
    names = ["in/first one.pdf", *NAMES]
    tries = (signed(bucket, names, endpoint=endpoint, token=token) for _ in range(10))
    first, *others = next(urls for urls in tries if len(dates(urls)) == 1)
    pattern = pattern_after(first, "in/first one.pdf", SECRET)
    assert pattern is not None
    assert [fields(pattern.url(name)) for name in NAMES] == [fields(url) for url in others]
    assert "cret" not in repr(pattern)


def test_there_is_no_pattern_where_a_signature_comes_out_otherwise() -> None:
    (url,) = signed("bucket", ["a.pdf"])
    assert pattern_after(url, "a.pdf", "another secret") is None
    assert pattern_after(url, "b.pdf", SECRET) is None
    assert pattern_after("https://host/a.pdf?unsigned", "a.pdf", SECRET) is None


@pytest.mark.parametrize(
    "text",
    ["2026-11-28T10:27:30.123Z", "2026-11-28T10:27:30Z", "Wed, 28 Oct 2026 07:28:00 GMT", "Tomorrow T Z", 1790000000],
)
def test_moments_are_what_botocore_takes_them_for(text: object) -> None:
    from botocore.utils import parse_timestamp  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

    try:
        expected = parse_timestamp(text)
    except ValueError:
        with pytest.raises(ValueError, match="timestamp"):
            moment(text)
    else:
        assert (moment(text), moment(text).utcoffset()) == (expected, expected.utcoffset())


def test_a_service_that_does_not_exist_is_an_error_still() -> None:
    from botocore.exceptions import DataNotFoundError  # pyright: ignore[reportMissingTypeStubs]

    async def made() -> None:
        async with s3_session({}).create_client("no-such-service", region_name="eu-central-1"):
            pass

    with pytest.raises(DataNotFoundError):
        asyncio.run(made())
