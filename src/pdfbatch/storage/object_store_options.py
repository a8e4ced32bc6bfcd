"""Map the options of s3fs, gcsfs and adlfs, and what these find in the environment, to settings of obstore.

Where the two could come to different credentials or another place, there is no mapping: then fsspec is the way.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from pdfbatch.storage.object_store_network import (
    UnmappableError,
    check_endpoint,
    is_plain,
    map_certificates,
    map_proxies,
)

STORES: Mapping[str, str] = {
    **dict.fromkeys(("s3", "s3a"), "S3Store"),
    **dict.fromkeys(("gs", "gcs"), "GCSStore"),
    **dict.fromkeys(("az", "abfs", "abfss"), "AzureStore"),
}

# Options that are about fsspec's own way of working, or about requests that obstore does not make.
_WITHOUT_MEANING = frozenset(
    {
        "use_listings_cache",
        "listings_expiry_time",
        "max_paths",
        "skip_instance_cache",
        "asynchronous",
        "loop",
        "project",
    }
    | {
        "default_block_size",
        "default_cache_type",
        "default_fill_cache",
        "blocksize",
        "fixed_upload_size",
        "max_concurrency",
    }
    | {
        "local_expiry_check",
        "cache_timeout",
        "access",
        "consistency",
        "check_connection",
        "requests_timeout",
        "timeout",
    }
    | {"connection_timeout", "read_timeout", "socket_timeout", "assume_container_exists", "cache_regions"}
)
_CONFIG_WITHOUT_MEANING = frozenset(
    {"retries", "max_pool_connections", "user_agent", "tcp_keepalive", "request_checksum_calculation"}
    | {"response_checksum_validation", "user_agent_extra", "parameter_validation"}
)

# Of the environment: what only one of the two libraries looks at. Where it is set, they would come to different things.
_S3_ENVIRONMENT = (
    *("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"),
    *("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_ENDPOINT", "AWS_SKIP_SIGNATURE", "AWS_TOKEN", "AWS_BUCKET"),
    *("AWS_SERVER_SIDE_ENCRYPTION", "AWS_REQUEST_PAYER", "AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "AWS_S3_EXPRESS"),
    *("AWS_UNSIGNED_PAYLOAD", "AWS_CHECKSUM_ALGORITHM", "AWS_PROXY_URL"),
)
_S3_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_S3_ROLES = (
    *("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
)
_GCS_ENVIRONMENT = (
    *("STORAGE_EMULATOR_HOST", "GOOGLE_CLOUD_UNIVERSE_DOMAIN", "GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_PATH"),
    *("GOOGLE_SERVICE_ACCOUNT_KEY", "GOOGLE_BASE_URL", "GOOGLE_BEARER_TOKEN", "GOOGLE_SKIP_SIGNATURE", "GOOGLE_BUCKET"),
)
_AZURE_ENVIRONMENT = (
    *("AZURE_STORAGE_ACCESS_KEY", "AZURE_STORAGE_MASTER_KEY", "AZURE_STORAGE_TOKEN", "AZURE_STORAGE_SAS_KEY"),
    *("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT", "AZURE_STORAGE_USE_EMULATOR", "AZURE_SKIP_SIGNATURE"),
    *("AZURE_STORAGE_ANON", "AZURE_CONTAINER_NAME", "AZURE_ENCRYPTION_KEY", "AZURE_USE_AZURE_CLI"),
)
_AZURE_KEYS = {
    "account_name": "AZURE_STORAGE_ACCOUNT_NAME",
    "account_key": "AZURE_STORAGE_ACCOUNT_KEY",
    "connection_string": "AZURE_STORAGE_CONNECTION_STRING",
    "sas_token": "AZURE_STORAGE_SAS_TOKEN",
    "client_id": "AZURE_STORAGE_CLIENT_ID",
    "client_secret": "AZURE_STORAGE_CLIENT_SECRET",
    "tenant_id": "AZURE_STORAGE_TENANT_ID",
}
_CONNECTION_WORDS = {
    "AccountName": "account_name",
    "AccountKey": "account_key",
    "SharedAccessSignature": "sas_key",
    "BlobEndpoint": "endpoint",
}
_IN_HEADERS = (
    "access_key_id",
    "secret_access_key",
    "session_token",
    "region",
    "account_name",
    "account_key",
    "sas_key",
)
_CERTIFICATES = ("REQUESTS_CA_BUNDLE",)  # obstore sees SSL_CERT_FILE for itself
# What of the environment may change while a process runs: credentials that are renewed.
_MARKS = {
    "S3Store": (
        *_S3_KEYS,
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_S3",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_PROFILE",
    ),
    "GCSStore": ("GOOGLE_APPLICATION_CREDENTIALS", "STORAGE_EMULATOR_HOST"),
    "AzureStore": tuple(_AZURE_KEYS.values()),
}


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """The class of obstore for a bucket, its settings, and those of its HTTP client."""

    kind: str
    bucket: str
    store: Mapping[str, Any] = field(repr=False)
    client: Mapping[str, Any] = field(repr=False)


def split_store_url(url: str) -> tuple[str, str, str]:
    """Return protocol, bucket and key of a URL; an empty bucket for a chain of URLs."""
    protocol, _, rest = url.partition("://")
    bucket, _, key = rest.partition("/")
    return protocol.lower(), "" if "::" in url else bucket, key


def environment_marks(protocol: str) -> tuple[str | None, ...]:
    """Return the variables that a store depends on and that may change."""
    return tuple(os.environ.get(name) for name in _MARKS[STORES[protocol]])


def map_options(url: str, options: Mapping[str, object]) -> StoreSettings:
    """Return the settings that reach the bucket of a URL. Raises ``UnmappableError`` naming an option or variable."""
    protocol, bucket, _ = split_store_url(url)
    if not bucket:
        raise UnmappableError("a chain of URLs" if "::" in url else "a URL without a bucket")
    if options.get("filesystem") is not None:
        raise UnmappableError("a file system that was given")
    given = {name: value for name, value in options.items() if value is not None and name not in _WITHOUT_MEANING}
    _refuse_odd_texts(given)
    kind = STORES[protocol]
    store, client, bucket = _MAPPERS[kind](bucket, given)
    _refuse_rest(given)
    for name, value in {**store, **client}.items():
        if not isinstance(value, (str, bytes, bool)):  # what fsspec's library makes of it, nobody knows here
            raise UnmappableError(f"what is given for {name!r}")
    endpoint = str(store.get("aws_endpoint_url_s3") or store.get("endpoint") or store.get("base_url") or "")
    if endpoint:
        check_endpoint(endpoint)
    _refuse_what_panics(kind, bucket, store)
    if endpoint.lower().startswith("http://"):
        client["allow_http"] = True
    return StoreSettings(kind, bucket, store, client)


def _refuse_what_panics(kind: str, bucket: str, store: Mapping[str, object]) -> None:
    """Refuse texts that obstore takes and panics over, when it makes a header or an address of them."""
    if not is_plain(bucket):
        raise UnmappableError("a bucket whose name has blanks or odd characters")
    for name in _IN_HEADERS:
        if not is_plain(str(store.get(name, ""))):
            raise UnmappableError(f"what is given for {name!r}, which has blanks or odd characters")
    if kind == "S3Store" and "access_key_id" not in store:
        for name in (*_S3_KEYS, "AWS_REGION", "AWS_DEFAULT_REGION"):
            if not is_plain(os.environ.get(name, "")):
                raise UnmappableError(f"the variable {name}, which has blanks or odd characters")


# A mapper takes from ``given`` what it understands, and returns the settings of store and client and the bucket's name.
_Mapped = tuple[dict[str, Any], dict[str, Any], str]


def _map_s3(bucket: str, given: dict[str, Any]) -> _Mapped:
    _refuse_variables(_S3_ENVIRONMENT)
    if bucket.startswith("arn:") or bucket.endswith("--x-s3"):
        raise UnmappableError("an access point or a directory bucket")
    more, config, client = _take(given, "client_kwargs"), _take(given, "config_kwargs"), dict[str, Any]()
    endpoint = (
        given.pop("endpoint_url", "")
        or more.pop("endpoint_url", "")
        or _variable("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    )
    region = (
        config.pop("region_name", "") or more.pop("region_name", "") or _variable("AWS_REGION", "AWS_DEFAULT_REGION")
    )
    if not region and not endpoint:
        raise UnmappableError("no region is given (client_kwargs={'region_name': ...} or AWS_REGION)")
    if given.pop("use_ssl", True) is False and not endpoint:
        raise UnmappableError("the option 'use_ssl'")
    map_certificates(more.pop("verify", None), client, ("AWS_CA_BUNDLE", *_CERTIFICATES))
    map_proxies(_take(config, "proxies"), client, endpoint)
    style = _map_s3_config(config, client)
    if style == "virtual" and endpoint:
        raise UnmappableError("the option 'addressing_style'")
    store: dict[str, Any] = {"disable_bulk_delete": True, "region": region or "us-east-1"}
    if endpoint:
        store["aws_endpoint_url_s3"] = endpoint.rstrip("/")
    elif style != "path" and "." not in bucket:
        store["virtual_hosted_style_request"] = True
    if given.pop("requester_pays", False):
        store["request_payer"] = True
    _drop_if_false(given, "version_aware")
    _map_s3_credentials(given, more, store)
    _refuse_rest({**more, **config})
    return store, client, bucket


def _map_s3_credentials(given: dict[str, Any], more: dict[str, Any], store: dict[str, Any]) -> None:
    key = given.pop("key", None) or given.pop("username", None) or more.pop("aws_access_key_id", None)
    secret = given.pop("secret", None) or given.pop("password", None) or more.pop("aws_secret_access_key", None)
    token = given.pop("token", None) or more.pop("aws_session_token", None)
    if given.pop("anon", False):
        store["skip_signature"] = True
    elif key and secret:
        if not token and os.environ.get("AWS_SESSION_TOKEN"):
            raise UnmappableError("the variable AWS_SESSION_TOKEN, beside a key that is given without a token")
        store.update(access_key_id=key, secret_access_key=secret, **({"session_token": token} if token else {}))
    elif key or secret or token:
        raise UnmappableError("a key, a secret or a token without the others")
    elif not all(map(os.environ.get, _S3_KEYS[:2])) and not any(map(os.environ.get, _S3_ROLES)):
        # What is in the environment, obstore reads as botocore does; then the files come, which it does not read.
        if _has_aws_files():
            raise UnmappableError("credentials in files of ~/.aws")
        if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
            raise UnmappableError("the variable AWS_EC2_METADATA_DISABLED")


def _map_s3_config(config: dict[str, Any], client: dict[str, Any]) -> str:
    """Map what is for botocore's ``Config``; return how a bucket is addressed, where that is said."""
    for name in _CONFIG_WITHOUT_MEANING & set(config):
        del config[name]
    for name in ("connect_timeout", "read_timeout"):
        if name in config:
            try:
                client[name] = f"{int(float(config.pop(name)) * 1000)}ms"
            except (TypeError, ValueError, OverflowError):
                raise UnmappableError(f"the option {name!r}") from None
    if config.get("signature_version") in ("s3v4", "v4"):
        del config["signature_version"]
    own = _take(config, "s3")
    style = str(own.pop("addressing_style", "auto"))
    _refuse_rest(own)
    return style


def _map_gcs(bucket: str, given: dict[str, Any]) -> _Mapped:
    _refuse_variables(_GCS_ENVIRONMENT)
    store, client = dict[str, Any](), dict[str, Any]()
    token = given.pop("token", None)
    if endpoint := given.pop("endpoint_url", None):
        store["base_url"] = str(endpoint).rstrip("/")
    _drop_if_false(given, "requester_pays")
    _drop_if_false(given, "version_aware")
    if token == "anon":  # noqa: S105 (the word for none)
        if endpoint:  # emulators refuse the way by which obstore writes
            raise UnmappableError("the option 'endpoint_url' with the token 'anon', as for an emulator")
        store["skip_signature"] = True
    elif isinstance(token, Mapping) and cast("Mapping[str, object]", token).get("type") == "service_account":
        try:
            store["service_account_key"] = json.dumps(token)
        except (TypeError, ValueError):
            raise UnmappableError("the option 'token'") from None
    elif isinstance(token, str) and _google_kind(token) == "service_account":
        store["service_account"] = token
    elif token in (None, "google_default") and _google_kind(_google_file()) in ("service_account", "authorized_user"):
        store["application_credentials"] = _google_file()
    elif token != "cloud":  # noqa: S105 (the word for a machine's own)
        what = "no credentials are in a file" if token is None else "the option 'token'"
        raise UnmappableError(f"{what} that both libraries read (token='cloud' takes those of a machine)")
    map_certificates(None, client, _CERTIFICATES)
    map_proxies({}, client, store.get("base_url", ""))
    return store, client, bucket


def _map_azure(bucket: str, given: dict[str, Any]) -> _Mapped:
    _refuse_variables(_AZURE_ENVIRONMENT)
    container, _, host = bucket.partition("@")
    found = {name: given.pop(name, None) or os.environ.get(variable, "") for name, variable in _AZURE_KEYS.items()}
    is_anonymous = given.pop("anon", None)
    _drop_if_false(given, "version_aware")
    if given.get("location_mode") == "primary":
        del given["location_mode"]
    store: dict[str, Any] = {"account_name": found["account_name"] or _read_host(host)}
    if found["connection_string"]:
        store.update(_read_connection(found["connection_string"]))
    elif found["account_key"]:
        store["account_key"] = found["account_key"]
    elif found["sas_token"]:
        store["sas_key"] = found["sas_token"].removeprefix("?")
    elif found["client_id"] and found["client_secret"] and found["tenant_id"]:
        store.update({name: found[name] for name in ("client_id", "client_secret", "tenant_id")})
    elif is_anonymous:
        store["skip_signature"] = True
    else:
        raise UnmappableError("no key, token or connection string is given")
    if not store["account_name"]:
        raise UnmappableError("no account is named")
    if "account_key" not in store:  # what obstore finds in the environment would go before it
        others = ("AZURE_STORAGE_ACCOUNT_KEY", "AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE")
        _refuse_variables(tuple(name for name in others if "client_secret" not in store))
    client = dict[str, Any]()
    map_certificates(None, client, _CERTIFICATES)
    map_proxies({}, client, store.get("endpoint", ""))
    return store, client, container


def _read_host(host: str) -> str:
    """Return the account in ``container@account.dfs.core.windows.net``; empty without a host."""
    account, dot, rest = host.partition(".")
    if host and rest not in ("dfs.core.windows.net", "blob.core.windows.net"):
        raise UnmappableError(f"the host {account}{dot}{rest}")
    return account


def _read_connection(text: str) -> dict[str, str]:
    """Return the settings in a connection string of Azure."""
    words = dict(part.split("=", 1) for part in text.split(";") if "=" in part)
    found = {_CONNECTION_WORDS[name]: value for name, value in words.items() if name in _CONNECTION_WORDS}
    suffix = words.get("EndpointSuffix", "core.windows.net")
    if "endpoint" not in found and suffix != "core.windows.net":
        found["endpoint"] = f"https://{found.get('account_name', '')}.blob.{suffix}"
    if "account_name" not in found or not found.keys() & {"account_key", "sas_key"}:
        raise UnmappableError("a connection string without an account and its key or token")
    return found


_MAPPERS: Mapping[str, Callable[[str, dict[str, Any]], _Mapped]] = {
    "S3Store": _map_s3,
    "GCSStore": _map_gcs,
    "AzureStore": _map_azure,
}


def _take(given: dict[str, Any], name: str) -> dict[str, Any]:
    """Take a mapping out of the options; an empty one where there is none."""
    value: object = given.pop(name, None) or {}
    if not isinstance(value, Mapping):
        raise UnmappableError(f"the option {name!r}")
    taken = {str(one): each for one, each in cast("Mapping[object, Any]", value).items() if each is not None}
    _refuse_odd_texts(taken)
    return taken


def _refuse_odd_texts(given: Mapping[str, object]) -> None:
    """Refuse what is no text where one is read here."""
    for name in ("endpoint_url", "region_name", "connection_string", "sas_token"):
        if not isinstance(given.get(name, ""), str):
            raise UnmappableError(f"the option {name!r}")


def _drop_if_false(given: dict[str, Any], name: str) -> None:
    if given.get(name) is False:
        del given[name]


def _refuse_rest(rest: Mapping[str, object]) -> None:
    for name in rest:
        raise UnmappableError(f"the option {name!r}")


def _refuse_variables(names: tuple[str, ...]) -> None:
    for name in names:
        if os.environ.get(name):
            raise UnmappableError(f"the variable {name}")


def _variable(*names: str) -> str:
    return next((value for name in names if (value := os.environ.get(name))), "")


def _has_aws_files() -> bool:
    """Return whether there are files in which botocore looks for credentials."""
    files = (("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"), ("AWS_CONFIG_FILE", "~/.aws/config"))
    return any(os.path.exists(os.path.expanduser(os.environ.get(name) or usual)) for name, usual in files)


def _google_file() -> str:
    """Return the file in which Google's libraries look for credentials first."""
    usual = os.path.join(
        os.environ.get("CLOUDSDK_CONFIG") or "~/.config/gcloud", "application_default_credentials.json"
    )
    return os.environ.get("GOOGLE_APPLICATION_CREDENTIALS") or os.path.expanduser(usual)


def _google_kind(path: str) -> str:
    """Return the kind of credentials in a file; empty when there are none."""
    try:
        with open(path, "rb") as file:
            return str(json.load(file).get("type", ""))
    except (OSError, ValueError, AttributeError):
        return ""
