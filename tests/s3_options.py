"""How to reach the S3 server of the tests: loads no more than that takes, because measured runs load it, too."""

from collections.abc import Mapping
from typing import Any, cast

KEY, SECRET = "AKIDTEST", "s3cr3t-of-the-test"


def options_for(port: int, *, secret: str = SECRET) -> dict[str, object]:
    """Storage options that lead to a port of this host."""
    return {"key": KEY, "secret": secret, "client_kwargs": {"endpoint_url": f"http://127.0.0.1:{port}"}}


def filesystem(options: Mapping[str, object]) -> Any:
    """An s3fs client that shares nothing with others."""
    import s3fs  # pyright: ignore[reportMissingTypeStubs]

    # s3fs is untyped
    return s3fs.S3FileSystem(**cast("Any", options), skip_instance_cache=True, use_listings_cache=False)
