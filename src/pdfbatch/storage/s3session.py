"""What an S3 client of s3fs is made from: botocore's session, with a parser of times that is made for S3, and without a
question before a small object is sent.

Loads aiobotocore when called.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

UNASKED_BYTES = 256 << 10
"""So much of a body that it refuses a server mostly reads all the same (Go's do), so that the refusal is heard, and not the end
of the connection."""


def s3_session(options: Mapping[str, Any]) -> Any:
    """A new session of aiobotocore, made with ``options``.

    botocore's own reads the time of each object in a listing as whatever people write (0.08 ms, four fifths of what it takes
    to parse a listing). And it asks before it sends an object (``Expect: 100-continue``), which doubles the time that a small
    one is on its way; those up to ``UNASKED_BYTES`` are sent at once.
    """
    from aiobotocore.session import AioSession  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]

    from pdfbatch.storage.s3models import loader  # noqa: PLC0415

    session = cast("Any", AioSession(**options))
    session.register_component("data_loader", loader(session.get_config_variable("data_path")))
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=moment)
    session.register("before-call.s3", _skip_expect)  # after botocore's own, which sets the header
    return session


def _skip_expect(params: dict[str, Any], **_: object) -> None:
    size = getattr(params.get("body"), "getbuffer", None)
    if size is not None and size().nbytes <= UNASKED_BYTES:
        params["headers"].pop("Expect", None)


def moment(text: object) -> datetime:
    """The moment that an answer names, as botocore reads it, and at once where it is written as S3 does."""
    if isinstance(text, str) and text.endswith("Z") and "T" in text:
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
    from botocore import utils  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]

    return cast("datetime", cast("Any", utils).parse_timestamp(text))
