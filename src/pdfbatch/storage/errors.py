"""Translate a storage library's errors: a cause, whether another try may help, and a message without secrets."""

import errno
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from pdfbatch.common import redact_text, without_credentials
from pdfbatch.errors import Cause, DocumentError
from pdfbatch.storage.object_store_errors import ObjectStoreError

_FULL = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_NOT_FOUND = frozenset({errno.ENOENT, errno.ENOTDIR})
_NOT_A_FILE = frozenset({errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG})
# A library was used wrongly, or the answer will not change: another try would be wasted.
_PERMANENT_ERRORS = (ImportError, TypeError, ValueError, LookupError, AttributeError, NotImplementedError)

# S3's own codes, https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html. They are needed because s3fs turns
# some that are about credentials, and some that say that bytes were lost in transit, into "Invalid argument".
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
# The storage refuses an object though it takes the credentials: it is archived, or its key of encryption is not to be had.
_REFUSED_OBJECT = re.compile(r"InvalidObjectState|BlobArchived|BlobBeingRehydrated|(?!.*Throttl)KMS.*", re.IGNORECASE)
_ARCHIVED = frozenset({"InvalidObjectState", "BlobArchived", "BlobBeingRehydrated"})
_LOST_IN_TRANSIT = frozenset({"BadDigest", "IncompleteBody", "XAmzContentSHA256Mismatch", "RequestTimeout"})
_REFUSED_REQUEST = frozenset({errno.EINVAL, errno.ENOSYS})
# Of the answers that blame the request: it took too long, another one was at work, there were too many.
_PASSING = frozenset({408, 409, 425, 429})
_BARE_REFUSAL = "refused without a reason, as S3 does when a token has expired or credentials are malformed"

# A library may quote the whole answer of a server.
_MOST_CHARACTERS = 2_000
_SECRET_VARIABLE = re.compile(r"(?:AWS|AZURE|GOOGLE)_\w*(?:KEY|SECRET|TOKEN|PASS|SAS|CONNECTION_STRING)\w*(?<!_FILE)\Z")
_SHORTEST_SECRET = 8  # of a variable: what is shorter may be a word
_SECRET_NAME = re.compile(r"key|secret|token|pass|sas|cred|connection_string", re.IGNORECASE)


class LibraryError(Exception):
    """What a library's exception said, without secrets."""


def storage_error(error: Exception, address: str, options: Mapping[str, object] | None = None) -> DocumentError:
    """Return the ``DocumentError`` for what a file system or its library raised about an address.

    Its message has neither the credentials of the address nor the values of secret options or variables. Nor has a
    traceback, when it is raised after the block that caught ``error``: a ``LibraryError`` stands there for the library's.
    """
    cause, transient = _classify(error)
    reason = _describe(error, address)
    if _s3_code(error) in _ARCHIVED:
        reason = f"{reason}; it is archived: restore it first"
    for secret in (*_iter_secrets((options or {}).items()), *_iter_secrets(os.environ.items(), _SECRET_VARIABLE)):
        reason = reason.replace(secret, "...")
    message = f"{without_credentials(address)}: {_ADVICE[cause]} ({reason})"
    found = DocumentError(message, cause=cause, transient=transient)
    found.__cause__ = LibraryError(reason).with_traceback(error.__traceback__)
    return found


def temporary_storage_error(error: OSError, path: str) -> DocumentError:
    """Return the ``DocumentError`` for what this machine's own place for temporary files did: no fault of the document."""
    found = storage_error(error, path)
    place = os.path.dirname(path)
    message = (
        f"temporary files in {place}: {_ADVICE[found.cause]} ({error.strerror or error}); TMPDIR names another place"
    )
    return DocumentError(message, cause=found.cause, transient=found.transient)


_BUILT_IN = frozenset({OSError, FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError})

_ADVICE = {
    Cause.NOT_A_FILE: "cannot be a file",
    Cause.STORAGE_NOT_FOUND: "not found",
    Cause.STORAGE_DENIED: "access denied",
    Cause.STORAGE_FULL: "no room left",
    Cause.STORAGE_UNAVAILABLE: "the storage does not work",
}


def _classify(error: Exception) -> tuple[Cause, bool]:
    """Return the cause, and whether another try may help."""
    error = _unveil(error)
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
    is_refused = number in _REFUSED_REQUEST or (status is not None and 400 <= status < 500 and status not in _PASSING)
    is_refused = is_refused and _s3_code(error) not in _LOST_IN_TRANSIT
    is_final = isinstance(error, _PERMANENT_ERRORS) or _is_distrust(error) or getattr(error, "is_final", False)
    return Cause.STORAGE_UNAVAILABLE, not (is_refused or is_final)


def _is_distrust(error: BaseException | None) -> bool:
    """Whether the certificate of a server is not trusted: libraries wrap what the standard library raises."""
    if type(error).__name__ == "SSLCertVerificationError":  # of ``ssl``, which is slow to load
        return True
    return error is not None and _is_distrust(error.__cause__ or error.__context__)


def _unveil(error: Exception) -> Exception:
    """Return the cause of an error that hides it: fsspec's HTTP file system says "not found" for whatever aiohttp raised."""
    cause = error.__cause__
    is_veiled = isinstance(error, FileNotFoundError) and type(cause).__module__.partition(".")[0] == "aiohttp"
    return cause if is_veiled and isinstance(cause, Exception) else error


def _is_denied(error: Exception, number: int | None, status: int | None) -> bool:
    if isinstance(error, PermissionError) or number in _DENIED or status in (401, 403, 407):
        return True
    code = _s3_code(error)
    if code in _DENIED_CODES or _REFUSED_OBJECT.fullmatch(code):
        return True
    return _is_bare_refusal(error) or "Credentials" in type(error).__name__


def _is_bare_refusal(error: Exception) -> bool:
    """Whether S3 answered with a bare 400, which s3fs passes on as EINVAL: there is no body to name a reason."""
    if isinstance(error, ObjectStoreError):
        return error.status == 400 and not error.code_name
    return isinstance(error, OSError) and error.errno == errno.EINVAL and "Bad Request" in str(error)


def _s3_code(error: BaseException) -> str:
    """Return S3's code for an error, or an empty text: botocore's errors carry it, and s3fs raises its own from them."""
    if isinstance(error, ObjectStoreError):
        return error.code_name
    if answer := _s3_answer(error):
        return str(answer.get("Error", {}).get("Code", ""))
    return "ExpiredToken" if "ExpiredToken" in str(error) else ""


def _s3_answer(error: BaseException) -> Mapping[str, Mapping[str, object]]:
    """Return what botocore's error, or one that s3fs has raised from it, says of the server's answer."""
    for each in (error, error.__cause__):
        response: object = getattr(each, "response", None)
        if isinstance(response, Mapping):
            return cast("Mapping[str, Mapping[str, object]]", response)
    return {}


def _http_status(error: Exception) -> int | None:
    """Return the status code that an HTTP client's error carries, under the names that aiohttp, botocore and others use."""
    # One after the other: aiohttp warns of those who ask for its old name of the status.
    codes = (getattr(error, name, None) for name in ("status", "status_code", "code"))
    found = next((code for code in codes if isinstance(code, int)), None)
    answered = _s3_answer(error).get("ResponseMetadata", {}).get("HTTPStatusCode")
    return found if found is not None else answered if isinstance(answered, int) else None


def _describe(error: Exception, address: str) -> str:
    """Return what the library said, without credentials."""
    error = _unveil(error)
    if _is_bare_refusal(error):
        return _BARE_REFUSAL
    code = _s3_code(error)  # which s3fs leaves out, and which tells refusals of an object from those of credentials
    if type(error) in _BUILT_IN and isinstance(error, OSError) and error.strerror:
        # without the path, which the message already names
        return f"{code}: {error.strerror}" if code and code not in error.strerror else error.strerror
    said = " ".join(str(error)[:_MOST_CHARACTERS].split())
    if isinstance(error, ObjectStoreError):
        return redact_text(said, address)
    name = f"{type(error).__name__} {code}" if code and code not in said else type(error).__name__
    return redact_text(f"{name}: {said}" if said else name, address)


def _iter_secrets(items: Iterable[tuple[object, object]], names: re.Pattern[str] = _SECRET_NAME) -> Iterator[str]:
    """Yield the values whose names say that they are secret, at any depth, and what such a value is put together from."""
    for name, value in items:
        if isinstance(value, Mapping):
            yield from _iter_secrets(cast("Mapping[object, object]", value).items())
        elif isinstance(value, str) and names.search(str(name)):
            parts = [part.partition("=")[2] for part in re.split("[;&]", value)] if "=" in value else []
            least = 4 if names is _SECRET_NAME else _SHORTEST_SECRET
            yield from (part for part in parts if len(part) >= _SHORTEST_SECRET and "://" not in part)
            if len(value) >= least:
                yield value
