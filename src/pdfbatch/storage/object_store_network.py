"""Proxies and certificates for obstore, as the environment and the options of fsspec's libraries name them.

obstore looks at ``HTTPS_PROXY`` and its like for itself, and at the certificates of the system or in ``SSL_CERT_FILE``. What it
does not see is mapped here: ``REQUESTS_CA_BUNDLE``, ``AWS_CA_BUNDLE``, and ports in ``NO_PROXY``.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import urlsplit


class UnmappableError(Exception):
    """Why options, or the environment, cannot be mapped: which of them."""


def check_endpoint(endpoint: str) -> None:
    """Raise ``UnmappableError`` for what is no URL of a host: obstore would panic, and print that."""
    try:
        place = urlsplit(endpoint)
        is_url = place.scheme in ("http", "https") and bool(place.hostname) and place.port != 0
    except ValueError:
        is_url = False
    if not is_url or not is_plain(endpoint):
        raise UnmappableError("an endpoint that is no URL such as https://host:9000")


def is_plain(text: str) -> bool:
    """Return whether a text may be in a header or an address: whoever reads a key from a file may have its line end, too."""
    return text.isascii() and text.isprintable() and " " not in text


def map_certificates(verify: object, client: dict[str, Any], variables: tuple[str, ...]) -> None:
    """Map the option ``verify``, and where it names no file, the first of the ``variables`` that does.

    Raises ``UnmappableError`` for what cannot be read, or holds no certificate.
    """
    if verify is False:
        client["allow_invalid_certificates"] = True
        return
    if not (verify is None or verify is True or isinstance(verify, (str, os.PathLike))):
        raise UnmappableError("the option 'verify'")
    given = None if verify is None or verify is True else cast("str | os.PathLike[str]", verify)
    path = given or next((value for name in variables if (value := os.environ.get(name))), None)
    if path:
        try:
            client["root_certificate"] = _read_certificates(path)
        except OSError as error:
            raise UnmappableError(f"the certificates in {path}, which cannot be read") from error
        if b"-----BEGIN " not in client["root_certificate"]:
            raise UnmappableError(f"the certificates in {path}, which has none in the form PEM")


def _read_certificates(path: "str | os.PathLike[str]") -> bytes:
    """Return what is in a file, or in the files of a folder that hold certificates, as OpenSSL has them."""
    if not os.path.isdir(path):
        with open(path, "rb") as file:
            return file.read()
    found = list[bytes]()
    for entry in sorted(os.scandir(path), key=lambda entry: entry.name):
        if entry.is_file():
            with open(entry.path, "rb") as file:
                found.append(file.read())
    return b"\n".join(data for data in found if data.startswith(b"-----BEGIN CERTIFICATE"))


def map_proxies(proxies: Mapping[str, Any], client: dict[str, Any], endpoint: str) -> None:
    """Map the proxies of botocore's ``Config``, or else what the environment says of the proxy of an endpoint.

    ``NO_PROXY`` may name hosts with ports, which obstore does not understand. Raises ``UnmappableError``.
    """
    scheme = endpoint.partition(":")[0] or "https"
    proxy: object = proxies.get(scheme)
    if isinstance(proxy, str) and proxy:
        client["proxy_url"] = proxy if "://" in proxy else f"http://{proxy}"
    elif proxies:
        raise UnmappableError("the option 'proxies'")
    elif endpoint and (os.environ.get("no_proxy") or os.environ.get("NO_PROXY")):
        import urllib.request  # noqa: PLC0415 (slow to load, and rarely needed)

        place, usual = urlsplit(endpoint), urllib.request.getproxies_environment()
        bypasses = cast("Callable[[str], bool]", getattr(urllib.request, "proxy_bypass_environment"))  # noqa: B009 (not in its types)
        if place.hostname and scheme in usual and bypasses(place.netloc.rpartition("@")[2]):
            # What goes through no proxy can be said only beside a proxy.
            client["proxy_url"] = usual[scheme] if "://" in usual[scheme] else f"http://{usual[scheme]}"
            client["proxy_excludes"] = place.hostname
