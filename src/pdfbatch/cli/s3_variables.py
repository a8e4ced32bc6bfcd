"""Options that say where S3 is, as the variables that all libraries for S3 read: workers have them, too."""

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from pdfbatch.cli.arguments import Arguments
from pdfbatch.errors import UsageError

_ELSEWHERE = ("celery", "dask", "ray")
# Keys in the environment come before a profile there, but whoever names a profile wants its keys.
_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


@contextmanager
def s3_variables(arguments: Arguments) -> Generator[None]:
    """Set the variables while a command runs. Raises ``UsageError`` where its workers do not have this environment."""
    values: dict[str, str | None] = {}
    if endpoint := getattr(arguments, "endpoint_url", None):
        values["AWS_ENDPOINT_URL_S3"] = endpoint
    if profile := getattr(arguments, "profile", None):
        values |= {"AWS_PROFILE": profile, **dict.fromkeys(_KEYS)}
    if values and getattr(arguments, "executor", None) in _ELSEWHERE:
        raise UsageError(
            f"--endpoint-url and --profile hold on this machine, and the workers of --executor {arguments.executor} are "
            "elsewhere: set AWS_ENDPOINT_URL_S3 and AWS_PROFILE there and here"
        )
    before = {name: os.environ.get(name) for name in values}
    _set(values)
    try:
        yield
    finally:
        _set(before)


def _set(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
