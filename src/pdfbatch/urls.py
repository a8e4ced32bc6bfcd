"""Remove credentials from URLs, so that these can be shown, written into records and made into ids."""

import re

# Names of query parameters that grant access, or change with each signature: first those of signed URLs of S3, Google
# Cloud Storage, CloudFront and Alibaba OSS, then those of Azure, then common ones. Azure's are short words that mean
# something else elsewhere, so they count only beside Azure's "sig".
_SIGNATURE = (
    r"x-(?:amz|goog|oss)-[^=&]*|signature|awsaccesskeyid|googleaccessid|key-pair-id|policy|expires|security-token"
)
_AZURE = r"sig|sv|st|se|sr|sp|spr|sip|skoid|sktid|skt|ske|sks|skv"
_GENERAL = r"(?:[^=&]*[-_])?(?:token|secret|password|passwd|pwd|credentials?|api-?key|apikey|auth|access-?key|jwt)"
_SECRET = re.compile(rf"(?:{_SIGNATURE}|{_GENERAL})", re.IGNORECASE)
_AZURE_SECRET = re.compile(rf"(?:{_AZURE}|{_SIGNATURE}|{_GENERAL})", re.IGNORECASE)
_PASSWORD = re.compile(r"(?<=://)([^/?#:@\s]*):[^/?#\s]*@")
_QUERY = re.compile(r"\?([^#]*?)(?=#|::|$)")

_PASSWORD_IN_TEXT = re.compile(r"(?<=://)([^/@:\s]*):[^/\s]*@")
_QUERY_IN_TEXT = re.compile(r"(https?://[^\s?'\"]*)\?[^\s'\")]*", re.IGNORECASE)


def without_credentials(url: str) -> str:
    """Return a URL without password and signature; a path comes back as it is.

    Other parameters of the query stay, because they may say which document it is. An id is derived from this form, so
    changing it changes the ids of documents.
    """
    if "://" not in url or ("@" not in url and "?" not in url):
        return url
    return _QUERY.sub(_filter_query, _PASSWORD.sub(r"\1@", url))


def redact_text(text: str) -> str:
    """Return a library's message with the passwords and whole query strings cut out of every URL in it.

    Stricter than ``without_credentials``: where a URL ends within free text, and what its parameters mean, is a guess.
    """
    return _QUERY_IN_TEXT.sub(r"\1?...", _PASSWORD_IN_TEXT.sub(r"\1@", text))


def _filter_query(query: re.Match[str]) -> str:
    parameters = query[1].split("&")
    names = {parameter.partition("=")[0].lower() for parameter in parameters}
    secret = _AZURE_SECRET if "sig" in names else _SECRET
    kept = [each for each in parameters if "=" not in each or not secret.fullmatch(each.partition("=")[0])]
    return f"?{'&'.join(kept)}" if kept and kept != [""] else ""
