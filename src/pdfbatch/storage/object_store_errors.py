"""What obstore's errors say: a status and a code of the server, or why no answer came, in words for people.

obstore has one kind of error for most of it. The rest is in the text, which has Rust's names of what went wrong.
"""

import re

from pdfbatch.common import without_credentials

_STATUS = re.compile(r"\n +status: (\d{3}),\n")
_CODE = re.compile(r"<Code>([\w.-]{1,80})</Code>", re.IGNORECASE)
_MESSAGE = re.compile(r"<Message>([^<]{1,300})", re.IGNORECASE)
_KIND = re.compile(r"\bkind: (\w+)|\b(dns error)")
_UNREACHABLE = re.compile(r'"tcp connect error",\s+(\S+),\s+Os \{\s+code: \d+,\s+kind: \w+,\s+message: "([^"]*)"')
_URI = re.compile(r"\n +uri: Some\(\n +(\S+),\n")
# Where credentials are asked for, and not the storage.
_CREDENTIAL_PLACES = re.compile(
    r"//(?:169\.254\.|\[fd00:ec2::|metadata\.google|sts\.|login\.microsoft|oauth2\.google|accounts\.google)"
)
_CERTIFICATE = re.compile(r"InvalidCertificate\(\s+(?:Other\(\s+)?(\w+)")
_DISTRUST = (
    "the certificate of the server is not trusted; AWS_CA_BUNDLE (S3), REQUESTS_CA_BUNDLE and SSL_CERT_FILE name files with "
    "certificates to trust"
)
# What no other try will change: words of Rust, and what they say. The first ones that are found count.
_FINAL = {
    "InvalidCertificate(": _DISTRUST,
    "InvalidMessage(": "the server does not speak TLS: is the endpoint http:// instead of https://?",
    "ProxyAuthRequired": "407: the proxy asks for a user and password",
    "kind: Builder": "what is given for a proxy or for certificates is wrong",
    "unsupported scheme": "obstore knows no proxies of that kind, only http:// and https://",
}
_PASSING = {
    "TunnelUnsuccessful": "the proxy does not let the connection pass",
    "ConnectFailed(": "the proxy cannot be reached",
    "dns error": "the name of the host is not known",
}
_USUAL_STATUS = {"PermissionDeniedError": 403, "UnauthenticatedError": 401}
_SERVER_FAULTS = 500


class ObjectStoreError(Exception):
    """What obstore said, in few words; ``status`` and ``code_name`` are the server's. ``is_final``: another try is in vain."""

    def __init__(self, said: str, *, status: int | None = None, code: str = "", is_final: bool = False) -> None:
        super().__init__(said)
        self.status = status
        self.code_name = code
        self.is_final = is_final


class NotForObstoreError(ObjectStoreError):
    """This bucket is to be reached through fsspec from now on. Another try will be."""


def translate_error(error: Exception) -> ObjectStoreError:
    """Return what an error of obstore says."""
    text = str(error)
    found, uri = _STATUS.search(text), _URI.search(text)
    status = int(found[1]) if found else None
    if uri and _CREDENTIAL_PLACES.search(uri[1]) and (status or 0) < _SERVER_FAULTS:
        said = "NoCredentials: none were given, and this machine has none of its own"
        return ObjectStoreError(said, status=401, code="NoCredentials")
    if found is None or status is None:
        return _translate_silence(_URI.sub("\n", text), type(error).__name__)
    answer = text[found.start() :]
    code, message = _CODE.search(answer), _MESSAGE.search(answer)
    words = [str(status), code[1] if code else "", message[1] if message else ""]
    said = " ".join(word for word in words if word)
    return ObjectStoreError(said, status=status, code=code[1] if code else "")


def _translate_silence(text: str, name: str) -> ObjectStoreError:
    """Return why no answer came."""
    kinds, place = list(dict.fromkeys(one or other for one, other in _KIND.findall(text))), _UNREACHABLE.search(text)
    if place is not None:  # its address, because it may be that of a proxy
        kinds = [f"{place[1]}: {place[2]}"]
    short = ", ".join(kinds) or without_credentials(text.partition("\n")[0])[:200] or name
    for is_final, table in ((True, _FINAL), (False, _PASSING)):
        for words, reason in table.items():
            if words in text:
                certificate = _CERTIFICATE.search(text)
                said = f"{reason} ({certificate[1] if certificate else short})"
                return ObjectStoreError(said, status=407 if words == "ProxyAuthRequired" else None, is_final=is_final)
    return ObjectStoreError(short, status=_USUAL_STATUS.get(name))
