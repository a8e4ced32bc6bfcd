"""What goes wrong with a storage, in our words: a cause, whether another try may help, and no secrets."""

import errno
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from pdfbatch.errors import Cause, DocumentError

_FULL = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_NOT_FOUND = frozenset({errno.ENOENT, errno.ENOTDIR})
_NOT_A_FILE = frozenset({errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG})
# A library's misuse, or an answer that will not change: another try is wasted.
_PERMANENT_ERRORS = (ImportError, TypeError, ValueError, LookupError, AttributeError, NotImplementedError)

# S3's own words, https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; s3fs makes "Invalid argument" of
# some that are about credentials, and of some that say that bytes were lost on the way.
_DENIED_CODES = frozenset(
    {
        "AccessDenied",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidToken",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
    }
    | {"AuthorizationHeaderMalformed", "CredentialsNotSupported", "RequestTimeTooSkewed"}
)
_LOST_ON_THE_WAY = frozenset({"BadDigest", "IncompleteBody", "XAmzContentSHA256Mismatch", "RequestTimeout"})
_REFUSED_REQUEST = frozenset({errno.EINVAL, errno.ENOSYS})
_BARE_REFUSAL = "refused without a reason, as S3 does when a token has expired or credentials are malformed"

_PASSWORD = re.compile(r"(?<=://)([^/@:\s]*):[^/\s]*@")
_QUERY = re.compile(r"(https?://[^\s?'\"]*)\?[^\s'\")]*", re.IGNORECASE)
_SECRET_NAME = re.compile(r"key|secret|token|pass|sas|cred|connection_string", re.IGNORECASE)


def storage_error(error: Exception, address: str, options: Mapping[str, object] | None = None) -> DocumentError:
    """The ``DocumentError`` for what a file system or its library raised about an address.

    Secrets in the address, and values of secret options in the library's message, are left out.
    """
    cause, transient = _classified(error)
    message = f"{redacted(address)}: {_ADVICE[cause]} ({_without_secrets(_reason(error), options or {})})"
    return DocumentError(message, cause=cause, transient=transient)


def redacted(text: str) -> str:
    """The text with passwords and query strings (signatures) cut out of its URLs."""
    return _QUERY.sub(r"\1?...", _PASSWORD.sub(r"\1@", text))


_BUILT_IN = frozenset({OSError, FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError})

_ADVICE = {
    Cause.NOT_A_FILE: "cannot be a file",
    Cause.STORAGE_NOT_FOUND: "not found",
    Cause.STORAGE_DENIED: "access denied",
    Cause.STORAGE_FULL: "no room left",
    Cause.STORAGE_UNAVAILABLE: "the storage does not work",
}


def _classified(error: Exception) -> tuple[Cause, bool]:
    error = _underlying(error)
    number = error.errno if isinstance(error, OSError) else None
    status = _http_status(error)
    if number in _FULL or status == 507:
        return Cause.STORAGE_FULL, False
    if isinstance(error, FileNotFoundError) or number in _NOT_FOUND or status in (404, 410):
        return Cause.STORAGE_NOT_FOUND, False
    if _is_denied(error, number, status):
        return Cause.STORAGE_DENIED, False
    if number in _NOT_A_FILE:
        return Cause.NOT_A_FILE, False
    is_refused = number in _REFUSED_REQUEST and _code(error) not in _LOST_ON_THE_WAY
    return Cause.STORAGE_UNAVAILABLE, not (is_refused or isinstance(error, _PERMANENT_ERRORS))


def _underlying(error: Exception) -> Exception:
    """What was behind an error: fsspec's HTTP file system says "not found" whatever kept it from a size."""
    cause = error.__cause__
    is_veiled = isinstance(error, FileNotFoundError) and type(cause).__module__.partition(".")[0] == "aiohttp"
    return cause if is_veiled and isinstance(cause, Exception) else error


def _is_denied(error: Exception, number: int | None, status: int | None) -> bool:
    if isinstance(error, PermissionError) or number in _DENIED or status in (401, 403, 407):
        return True
    return _is_bare_refusal(error) or "Credentials" in type(error).__name__ or _code(error) in _DENIED_CODES


def _is_bare_refusal(error: Exception) -> bool:
    """Whether S3 answered a HEAD with a bare 400, which s3fs hands on as EINVAL: there is no body to name a reason."""
    return isinstance(error, OSError) and error.errno == errno.EINVAL and "Bad Request" in str(error)


def _code(error: BaseException) -> str:
    """S3's code for an error, empty where there is none: botocore's errors carry it, and s3fs raises its own from them."""
    for each in (error, error.__cause__):
        response: object = getattr(each, "response", None)
        if isinstance(response, Mapping):
            details = cast("Mapping[str, Mapping[str, object]]", response).get("Error", {})
            return str(details.get("Code", ""))
    return "ExpiredToken" if "ExpiredToken" in str(error) else ""


def _http_status(error: Exception) -> int | None:
    """The status code that an HTTP client's error carries (aiohttp and requests say ``status`` or ``code``)."""
    codes = (getattr(error, name, None) for name in ("status", "status_code", "code"))
    return next((code for code in codes if isinstance(code, int)), None)


def _reason(error: Exception) -> str:
    if _is_bare_refusal(error):
        return _BARE_REFUSAL
    reason = error.strerror if type(error) in _BUILT_IN and isinstance(error, OSError) else None
    return reason or _text(error)


def _text(error: Exception) -> str:
    return redacted(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)


def _without_secrets(text: str, options: Mapping[str, object]) -> str:
    for secret in _secrets(options.items()):
        text = text.replace(secret, "...")
    return text


def _secrets(items: Iterable[tuple[object, object]]) -> Iterator[str]:
    for name, value in items:
        if isinstance(value, Mapping):
            yield from _secrets(cast("Mapping[object, object]", value).items())
        elif isinstance(value, str) and value and _SECRET_NAME.search(str(name)):
            yield value
