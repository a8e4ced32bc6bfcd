"""Remove credentials from URLs, so that these can be shown, written into records and made into ids.

Nobody can list all names that secrets have, so it goes by what is known to be harmless. Of each URL

- the user and password before the host go,
- what changes with each signature of S3, Google Cloud Storage, CloudFront, Alibaba OSS and Azure goes, and so do passwords:
  a document that is signed anew keeps its id,
- other parameters stay where name and value are those of a page, a number, a date, a file or the like,
- of all others a hash stays in place of the value, so that two URLs that differ remain different.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from urllib.parse import unquote, unquote_plus

# A chain of fsspec (``zip://a.pdf::s3://bucket/b.zip``); the colons of an IPv6 address begin no link.
_LINKS = re.compile(r"::(?=[A-Za-z][A-Za-z0-9+.-]*(?:://|::|$))")
_LINK = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?P<authority>[^/?#]*)(?P<path>[^?#]*)"
    r"(?P<query>\?[^#]*)?(?P<fragment>#.*)?",
    re.DOTALL,
)
# What stands before an "@" is part of a name in these, no user.
_WITHOUT_HOST = frozenset({"file", "local", "memory", "zip", "tar", "libarchive", "reference", "dir"})
# Here it is a container, or a repository, and that alone says which document it is.
_NAMED_BY_USER = frozenset({"abfs", "abfss", "wasb", "wasbs", "github"})
# A "#" is a character of a name, and so is a "?" without parameters, wherever no web server reads them.
_WEB = frozenset({"http", "https"})

# Parameters of signed URLs. Azure's are short words that mean something else elsewhere.
_SIGNED = re.compile(r"x-(?:amz|goog|oss)-[\w-]*", re.IGNORECASE)
_SIGNED_WITH = frozenset(
    {"signature", "awsaccesskeyid", "googleaccessid", "ossaccesskeyid", "key-pair-id", "policy", "expires"}
)
_AZURE = frozenset(
    {"sig", "sv", "st", "se", "sr", "sp", "spr", "sip", "skoid", "sktid", "skt", "ske", "sks", "skv", "ss", "srt"}
)
_PASSWORD = re.compile(r"(?:.*[-_.])?(?:password|passwd|pwd|passphrase|pass|pw)", re.IGNORECASE)

_HARMLESS = frozenset(
    (  # noqa: SIM905 (a list of quoted words would be a page long)
        "id ids uuid guid doc docs document documents documentid docid doc_id document_id file files fileid file_id filename "
        "file_name name title path dir folder page pages p n no nr num number part section chapter volume issue index offset "
        "start limit size count total rev revision version ver v versionid generation date from to year month day time lang "
        "language locale format fmt type ext kind mode view disposition download dl inline attachment raw sort order q query "
        "case caseid case_id project project_id case_number item itemid item_id record ref category dpi width height"
    ).split()
)
# Numbers, dates, names of files; and UUIDs. Long runs of letters and digits may be keys.
_PLAIN_VALUE = re.compile(r"[\w .,:/+-]*")
_HASH_VALUE = re.compile(r"~[0-9a-f]{16}")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_LONG_RUN = re.compile(r"[A-Za-z0-9]{21,}")
_MIXED_RUN = re.compile(r"(?=[A-Za-z0-9]*\d)(?=[A-Za-z0-9]*[A-Za-z])[A-Za-z0-9]{11,}")
_SHOWN_NAME = re.compile(r"[A-Za-z]{1,16}(?:[-_.][A-Za-z]{1,16}){0,4}", re.ASCII)
_MOST_CHARACTERS = 100

# As in ``/a.pdf;jsessionid=1``.
_PATH_PARAMETER = re.compile(r";([^/;=]*=[^/;]*)")

_URL_IN_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>()]+")
_PAIR_IN_TEXT = re.compile(
    r"(?P<name>['\"]?[\w-]*(?:authorization|token|secret|password|passwd|pwd|api-?_?key|access-?_?key|sas|signature|credential|cookie)"
    r"[\w-]*['\"]?\s*[=:]\s*)(?P<value>(?:(?:Bearer|Basic|Token)\s+)?(?!\.\.\.)(?:'[^']*'|\"[^\"]*\"|[^\s,;&)}\]]+))",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]{6,}", re.IGNORECASE)


def without_credentials(url: str) -> str:
    """Return a URL without what may be secret in it; a path comes back as it is.

    An id is derived from this form, so changing it changes the ids of documents.
    """
    if "://" not in url or not _may_hold_secrets(url):
        return url
    return "::".join(_clean_link(link) for link in _LINKS.split(url))


def redact_text(text: str, *addresses: str) -> str:
    """Return a library's message without secrets: what it quotes of ``addresses``, and of every URL in it the query.

    Stricter than ``without_credentials``: where a URL ends within free text, and what its parameters mean, is a guess.
    """
    for address in addresses:
        for secret in secrets_in(address):
            text = text.replace(secret, "...")
    text = _URL_IN_TEXT.sub(_clean_url_in_text, text)
    return _BEARER.sub(r"\1 ...", _PAIR_IN_TEXT.sub(lambda pair: f"{pair['name']}...", text))


@lru_cache(maxsize=64)
def secrets_in(url: str) -> tuple[str, ...]:
    """Return the parts of a URL that ``without_credentials`` does not show, as written and decoded, the longest first."""
    if "://" not in url or not _may_hold_secrets(url):
        return ()
    found = {part for link in _LINKS.split(url) for part in _hidden_parts(link)}
    decoded = {each for part in found for each in (part, unquote(part), unquote_plus(part))}
    return tuple(sorted((part for part in decoded if len(part) >= 3), key=len, reverse=True))


def _may_hold_secrets(url: str) -> bool:
    return "@" in url or "?" in url or "#" in url or ";" in url


def _clean_link(link: str) -> str:
    parts = _LINK.fullmatch(link)
    if parts is None:
        return _URL_IN_TEXT.sub(_clean_url_in_text, link)
    scheme = parts["scheme"]
    protocol = scheme[:-3].lower()
    authority, path, query, fragment = _split(parts, protocol)
    if protocol in _WEB and ";" in path:
        path = _PATH_PARAMETER.sub(_clean_path_parameter, path)
    return f"{scheme}{authority}{path}{_clean_query(query, protocol)}{_clean_fragment(fragment, protocol)}"


def _split(parts: re.Match[str], protocol: str) -> tuple[str, str, str, str]:
    """Return authority (without user), path, query and fragment, each with the character that begins it."""
    authority, path = parts["authority"], parts["path"]
    query, fragment = parts["query"] or "", parts["fragment"] or ""
    if protocol in _WITHOUT_HOST:
        return authority, path, query, fragment
    rest = f"{path}{query}{fragment}"
    if "@" in authority:
        user, _, host = authority.rpartition("@")
        keeps = protocol in _NAMED_BY_USER and (":" not in user or protocol == "github")
        return (authority if keeps else host), path, query, fragment
    if "@" in rest and _is_cut_password(authority):  # "user:pass/word@host": a "/", "?" or "#" that was not escaped
        again = _LINK.fullmatch(f"{parts['scheme']}{rest.rpartition('@')[2]}")
        if again is not None:
            return again["authority"], again["path"], again["query"] or "", again["fragment"] or ""
    return authority, path, query, fragment


def _is_cut_password(authority: str) -> bool:
    """Whether what should be host and port is the beginning of a user and a password."""
    host, colon, port = authority.rpartition(":")
    return bool(colon) and not host.startswith("[") and not port.isdecimal()


def _clean_query(query: str, protocol: str) -> str:
    if not query or (protocol not in _WEB and "=" not in query):
        return query
    parameters = query[1:].split("&")
    names = {_name(parameter) for parameter in parameters}
    kept = [cleaned for parameter in parameters if (cleaned := _clean_parameter(parameter, names))]
    return f"?{'&'.join(kept)}" if kept else ""


def _clean_fragment(fragment: str, protocol: str) -> str:
    if protocol not in _WEB or len(fragment) < 2:
        return fragment
    kept = [cleaned for parameter in fragment[1:].split("&") if (cleaned := _clean_parameter(parameter, set()))]
    return f"#{'&'.join(kept)}" if kept else ""


def _clean_path_parameter(parameter: re.Match[str]) -> str:
    cleaned = _clean_parameter(parameter[1], set())
    return f";{cleaned}" if cleaned else ""


def _clean_parameter(parameter: str, names: set[str]) -> str:
    """Return what may be shown of a parameter; nothing when it is of a signature, or a password."""
    name, equals, value = parameter.partition("=")
    if not parameter or _is_signature(_name(parameter), names) or (equals and _PASSWORD.fullmatch(unquote_plus(name))):
        return ""
    if _is_harmless(name, value) or _HASH_VALUE.fullmatch(value or name):
        return parameter
    if not value or not _SHOWN_NAME.fullmatch(name):
        return f"~{_hash(parameter)}"
    return f"{name}=~{_hash(parameter)}"


def _is_harmless(name: str, value: str) -> bool:
    if not value:
        return name.lower() in _HARMLESS or (name.isdecimal() and len(name) <= 6) or len(name) == 1
    return name.lower() in _HARMLESS and _is_plain(unquote_plus(value))


def _is_plain(value: str) -> bool:
    if _UUID.fullmatch(value):
        return True
    if len(value) > _MOST_CHARACTERS or _LONG_RUN.search(value) or _MIXED_RUN.search(value):
        return False
    return _PLAIN_VALUE.fullmatch(value) is not None


def _is_signature(name: str, names: set[str]) -> bool:
    if _SIGNED.fullmatch(name):
        return True
    return (name in _SIGNED_WITH and "signature" in names) or (name in _AZURE and "sig" in names)


def _name(parameter: str) -> str:
    return unquote_plus(parameter.partition("=")[0]).lower()


def _hash(text: str) -> str:
    """Return 64 bits: of a billion different values two are hardly ever the same."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _hidden_parts(link: str) -> Iterator[str]:
    """Yield the parts of a link that its clean form lacks: user and password, parameters and their values."""
    shown = _clean_link(link)
    parts = _LINK.fullmatch(link)
    if parts is None or shown == link:
        return
    authority, *_ = _split(parts, parts["scheme"][:-3].lower())
    if authority != parts["authority"]:
        before = link[len(parts["scheme"]) :].partition(f"@{authority}")[0]
        yield from (before, *before.split(":", 1)[1:])
    for piece in re.split(r"[?&#;]", link.partition("://")[2]):
        name, _, value = piece.partition("=")
        if piece and piece not in shown and "/" not in name:
            yield value or name


def _clean_url_in_text(url: re.Match[str]) -> str:
    text = url[0]
    scheme, _, rest = text.partition("://")
    if scheme.lower() in _WEB:
        place, mark, _ = rest.partition("?")
        place, sharp, _ = place.partition("#")
        rest = f"{place}{'?...' if mark else '#...' if sharp else ''}"
    authority, slash, path = rest.partition("/")
    if "@" in authority and scheme.lower() not in _WITHOUT_HOST:
        authority = authority.rpartition("@")[2]
    elif "@" in path and _is_cut_password(authority):
        authority, slash, path = path.rpartition("@")[2].partition("/")
    return f"{scheme}://{authority}{slash}{path}"
