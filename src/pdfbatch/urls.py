"""URLs without their secrets: what may be written down, and what an id is made of."""

import re

# Names of query parameters that grant access, or change with each signature: of signed URLs of S3, Google Cloud Storage,
# CloudFront and Azure, and what else such parameters are called.
_SIGNATURE = (
    r"x-(?:amz|goog|oss)-[^=&]*|signature|awsaccesskeyid|googleaccessid|key-pair-id|policy|expires|security-token"
)
_AZURE = r"sig|sv|st|se|sr|sp|spr|sip|skoid|sktid|skt|ske|sks|skv"
_GENERAL = r"(?:[^=&]*[-_])?(?:token|secret|password|passwd|pwd|credentials?|api-?key|apikey|auth|access-?key|jwt)"
_SECRET = re.compile(rf"(?:{_SIGNATURE}|{_GENERAL})", re.IGNORECASE)
_SECRET_OF_AZURE = re.compile(rf"(?:{_AZURE}|{_SIGNATURE}|{_GENERAL})", re.IGNORECASE)
_PASSWORD = re.compile(r"(?<=://)([^/?#:@\s]*):[^/?#\s]*@")
_QUERY = re.compile(r"\?([^#]*?)(?=#|::|$)")


def recorded(url: str) -> str:
    """The URL without password and signature; other parameters of its query stay, as they may say which document it is."""
    if "://" not in url or ("@" not in url and "?" not in url):
        return url
    return _QUERY.sub(_without_secrets, _PASSWORD.sub(r"\1@", url))


def _without_secrets(query: re.Match[str]) -> str:
    parameters = query[1].split("&")
    names = {parameter.partition("=")[0].lower() for parameter in parameters}
    secret = _SECRET_OF_AZURE if "sig" in names else _SECRET
    kept = [each for each in parameters if "=" not in each or not secret.fullmatch(each.partition("=")[0])]
    return f"?{'&'.join(kept)}" if kept and kept != [""] else ""
