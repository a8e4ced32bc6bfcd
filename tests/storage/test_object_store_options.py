"""Which options and variables lead through obstore, to what settings, and what is said of the others."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from pdfbatch.storage.fsspec import check_protocol
from pdfbatch.storage.object_store_network import UnmappableError
from pdfbatch.storage.object_store_options import map_options

pytest.importorskip("obstore")
PEM = b"-----BEGIN CERTIFICATE-----"
KEYS = {"key": "K", "secret": "S"}
AT = {**KEYS, "endpoint_url": "http://127.0.0.1:9000"}
NO_URLS = (
    "localhost:9000",
    "htp//host",
    "http://",
    "http://[::1",
    "http://h:99999",
    "http://a b",
    "http://\u00e4.example",
    "ftp://h",
)
EUROPE = {"client_kwargs": {"region_name": "eu-west-1"}}
PATH_STYLE = {"s3": {"addressing_style": "path"}}
SIGNED = {"access_key_id": "K", "secret_access_key": "S"}
CONNECTION = "DefaultEndpointsProtocol=http;AccountName=acc;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:1/acc"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No credentials but those of a test."""
    import os

    for name in os.environ:
        if (
            name.startswith(("AWS_", "AZURE_", "GOOGLE_"))
            or name == "REQUESTS_CA_BUNDLE"
            or name.lower().endswith("_proxy")
        ):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


def mapped(url: str, options: dict[str, Any]) -> dict[str, object]:
    """All settings together."""
    settings = map_options(url, options)
    return {"bucket": settings.bucket, **settings.store, **settings.client}


@pytest.mark.parametrize(
    ("url", "options", "expected"),
    [
        ("s3://b/k", AT, {**SIGNED, "aws_endpoint_url_s3": "http://127.0.0.1:9000", "allow_http": True, "region": "us-east-1"}),
        ("s3://b", {**KEYS, **EUROPE, "token": "T"}, {**SIGNED, "session_token": "T", "region": "eu-west-1"}),
        ("s3a://b.c", {**KEYS, **EUROPE}, {"virtual_hosted_style_request": None}),
        ("s3://b", {**KEYS, **EUROPE}, {"virtual_hosted_style_request": True}),
        ("s3://b", {**KEYS, **EUROPE, "config_kwargs": PATH_STYLE}, {"virtual_hosted_style_request": None}),
        ("s3://b", {"anon": True, **EUROPE}, {"skip_signature": True, "access_key_id": None}),
        ("s3://b", {**AT, "requester_pays": True, "use_listings_cache": False}, {"request_payer": True}),
        ("s3://b", {**AT, "client_kwargs": {"verify": False}}, {"allow_invalid_certificates": True}),
        ("s3://b", {**AT, "config_kwargs": {"read_timeout": 2, "retries": {}}}, {"read_timeout": "2000ms"}),
        ("s3://b", {**AT, "config_kwargs": {"proxies": {"http": "p:1"}}}, {"proxy_url": "http://p:1"}),
        ("gs://b", {"token": "anon"}, {"skip_signature": True}),
        ("gs://b", {"token": "cloud", "project": "p"}, {"bucket": "b"}),
        ("gcs://b", {"token": {"type": "service_account"}}, {"service_account_key": '{"type": "service_account"}'}),
        ("az://c", {"account_name": "acc", "account_key": "a2V5"}, {"account_name": "acc", "account_key": "a2V5"}),
        ("abfs://c", {"account_name": "acc", "sas_token": "?sv=1&sig=2"}, {"sas_key": "sv=1&sig=2"}),
        ("abfss://c@acc.dfs.core.windows.net/x", {"account_key": "a2V5"}, {"account_name": "acc", "bucket": "c"}),
        ("az://c", {"connection_string": CONNECTION}, {"endpoint": "http://127.0.0.1:1/acc", "allow_http": True}),
        ("az://c", {"account_name": "acc", "anon": True}, {"skip_signature": True}),
    ],
)  # fmt: skip
def test_options_are_mapped(url: str, options: dict[str, Any], expected: dict[str, object]) -> None:
    settings = mapped(url, options)
    assert {name: settings.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("url", "options", "reason"),
    [
        ("s3://b", {**AT, "profile": "archive"}, "the option 'profile'"),
        ("s3://b", {**AT, "version_aware": True}, "the option 'version_aware'"),
        ("s3://b", {**AT, "s3_additional_kwargs": {"ACL": "private"}}, "the option 's3_additional_kwargs'"),
        ("s3://b", {**AT, "client_kwargs": {"verify": "/nowhere.pem"}}, "the certificates in /nowhere.pem"),
        ("s3://b", {**AT, "client_kwargs": {"api_version": "1"}}, "the option 'api_version'"),
        ("s3://b", {**AT, "config_kwargs": {"s3": {"use_accelerate_endpoint": True}}}, "'use_accelerate_endpoint'"),
        ("s3://b", {**AT, "config_kwargs": {"proxies": {"https": "p:1"}}}, "the option 'proxies'"),
        ("s3://b", KEYS, "no region is given"),
        ("s3://b", {"key": "K", **EUROPE}, "a key, a secret or a token without the others"),
        ("s3://b--x-s3", AT, "a directory bucket"),
        ("s3://", AT, "a URL without a bucket"),
        ("s3://b", {**AT, "endpoint_url": 5}, "the option 'endpoint_url'"),
        ("s3://b", {**KEYS, "client_kwargs": {"region_name": 5}}, "the option 'region_name'"),
        ("s3://b", {**AT, "key": b"K"[0]}, "what is given for 'access_key_id'"),
        ("s3://b", {**AT, "client_kwargs": {"verify": object()}}, "the option 'verify'"),
        ("s3://b", {**AT, "config_kwargs": object()}, "the option 'config_kwargs'"),
        ("s3://b", {**AT, "config_kwargs": {"connect_timeout": (1, 2)}}, "the option 'connect_timeout'"),
        ("s3://b", {**AT, "config_kwargs": {"read_timeout": "soon"}}, "the option 'read_timeout'"),
        ("s3://b", {**AT, "config_kwargs": {"read_timeout": float("inf")}}, "the option 'read_timeout'"),
        ("s3://b", {**AT, "config_kwargs": {"proxies": {"http": 5}}}, "the option 'proxies'"),
        ("gs://b", {"token": {"type": "service_account", "key": object()}}, "the option 'token'"),
        ("gs://b", {"token": "anon", "endpoint_url": Path("x")}, "the option 'endpoint_url'"),
        ("az://c", {"connection_string": 5}, "the option 'connection_string'"),
        ("az://c", {"account_name": "acc", "sas_token": 5}, "the option 'sas_token'"),
        ("az://c", {"account_name": "acc", "account_key": 5}, "what is given for 'account_key'"),
        ("s3://a::s3://b/k", AT, "a chain of URLs"),
        ("s3://b", {**AT, "filesystem": object()}, "a file system that was given"),
        ("gs://b", {"token": "anon", "endpoint_url": "http://localhost:4443"}, "as for an emulator"),
        ("gs://b", {}, "no credentials are in a file"),
        ("gs://b", {"token": object()}, "the option 'token'"),
        ("az://c", {"account_name": "acc"}, "no key, token or connection string"),
        ("az://c", {"account_key": "a2V5"}, "no account is named"),
        ("az://c", {"account_name": "acc", "account_key": "k", "credential": object()}, "the option 'credential'"),
        ("az://c", {"connection_string": "UseDevelopmentStorage=true"}, "a connection string without"),
        *(("s3://b", {**KEYS, "endpoint_url": endpoint}, "an endpoint that is no URL") for endpoint in NO_URLS),
        ("az://c", {"connection_string": "AccountName=n;AccountKey=a2V5;BlobEndpoint=host:1/n"}, "an endpoint that is no URL"),
        *(("s3://b", {**AT, name: "K\n"}, "blanks or odd characters") for name in ("key", "secret", "token")),
        ("s3://b c", AT, "a bucket whose name"),
        ("s3://b", {**KEYS, "client_kwargs": {"region_name": "eu west"}}, "'region', which has blanks"),
    ],
)  # fmt: skip
def test_what_cannot_be_mapped_is_named(url: str, options: dict[str, Any], reason: str) -> None:
    with pytest.raises(UnmappableError) as caught:
        map_options(url, options)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("variables", "options", "reason"),
    [
        ({"AWS_ACCESS_KEY_ID": "K", "AWS_SECRET_ACCESS_KEY": "S"}, EUROPE, ""),
        ({"AWS_ACCESS_KEY_ID": "K", "AWS_SECRET_ACCESS_KEY": "S", "AWS_REGION": "eu-west-1"}, {}, ""),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, KEYS, ""),
        ({"AWS_PROFILE": "archive"}, AT, "the variable AWS_PROFILE"),
        ({"AWS_ENDPOINT": "http://127.0.0.1:9"}, AT, "the variable AWS_ENDPOINT"),
        ({"AWS_SESSION_TOKEN": "T"}, AT, "the variable AWS_SESSION_TOKEN"),
        ({"AWS_EC2_METADATA_DISABLED": "true"}, EUROPE, "the variable AWS_EC2_METADATA_DISABLED"),
        ({}, EUROPE, ""),
        (
            {"AWS_ACCESS_KEY_ID": "K\n", "AWS_SECRET_ACCESS_KEY": "S"},
            EUROPE,
            "the variable AWS_ACCESS_KEY_ID, which has",
        ),
        ({"AWS_ACCESS_KEY_ID": "K\n"}, AT, ""),
    ],
)
def test_the_environment_is_mapped_where_both_libraries_see_the_same(
    variables: dict[str, str], options: dict[str, Any], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    if reason:
        with pytest.raises(UnmappableError, match=reason):
            map_options("s3://b", options)
    else:
        assert map_options("s3://b", options).kind == "S3Store"


def test_credentials_in_files_are_for_fsspec(tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text("[default]\n")
    with pytest.raises(UnmappableError, match=r"credentials in files of ~/.aws"):
        map_options("s3://b", EUROPE)
    assert map_options("s3://b", {**KEYS, **EUROPE}).store["access_key_id"] == "K"


def test_certificates_of_ones_own_are_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ca.pem").write_bytes(PEM)
    for path in (str(tmp_path / "ca.pem"), tmp_path / "ca.pem"):
        assert mapped("s3://b", {**AT, "client_kwargs": {"verify": path}})["root_certificate"] == PEM
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    assert mapped("s3://b", AT)["root_certificate"] == PEM
    monkeypatch.delenv("AWS_CA_BUNDLE")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    for url, options in (("s3://b", AT), ("gs://b", {"token": "cloud"}), ("az://c", {"connection_string": CONNECTION})):
        assert mapped(url, options)["root_certificate"] == PEM
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))  # a folder, as OpenSSL has them
    assert mapped("s3://b", AT)["root_certificate"] == PEM
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    (tmp_path / "ca.pem").write_bytes(b"no PEM")
    with pytest.raises(UnmappableError, match=r"ca\.pem, which has none in the form PEM"):
        mapped("s3://b", AT)


def test_google_credentials_in_a_file_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "account.json"
    path.write_text(json.dumps({"type": "service_account"}))
    assert mapped("gs://b", {"token": str(path)})["service_account"] == str(path)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    assert mapped("gs://b", {})["application_credentials"] == str(path)


def test_why_a_url_goes_through_fsspec_is_said_once_without_secrets(caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("s3fs")
    caplog.set_level(logging.WARNING, logger="pdfbatch")
    for number in range(3):
        check_protocol(f"s3://b/{number}.pdf", {**AT, "secret": "hush", "a_strange_option": "hush"})
    (message,) = caplog.messages
    assert message == "s3:// goes through s3fs, which is slower than obstore: the option 'a_strange_option'"
