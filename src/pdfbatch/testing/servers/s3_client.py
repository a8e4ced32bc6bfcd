"""How clients reach ``S3Server``. Imports nothing but what that takes, because measured runs import it, too."""

from collections.abc import Mapping
from typing import Any, cast

S3_KEY, S3_SECRET = "AKIDTEST", "s3cr3t-of-the-test"
"""The credentials that every ``S3Server`` accepts."""


def s3_options(port: int, *, secret: str = S3_SECRET) -> dict[str, object]:
    """Return the storage options that lead to a port of this host."""
    return {"key": S3_KEY, "secret": secret, "client_kwargs": {"endpoint_url": f"http://127.0.0.1:{port}"}}


def s3_filesystem(options: Mapping[str, object]) -> Any:
    """Return an s3fs client that shares no connection and no listing with others."""
    import s3fs  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]  # loaded only by those who want a client

    # s3fs is untyped
    return s3fs.S3FileSystem(**cast("Any", options), skip_instance_cache=True, use_listings_cache=False)
