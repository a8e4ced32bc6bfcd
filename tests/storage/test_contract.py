"""The public contract over outputs: a folder, memory, a file system with renames, and S3."""

import os
import uuid
from itertools import count
from pathlib import Path

import pytest
from fsspec.implementations.local import LocalFileSystem

from pdfbatch.ports import Output
from pdfbatch.settings import RetryPolicy
from pdfbatch.storage import Storage
from pdfbatch.testing import OutputContract
from pdfbatch.testing.servers import S3_SECRET, Bucket, s3_options

ONCE = RetryPolicy(attempts=1)


class FolderContract(OutputContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path
        self.places = (str(tmp_path / str(number)) for number in count())

    def count_temporary_files(self, output: Output) -> int:
        names = set(output.names())
        found = [os.path.join(folder, name) for folder, _, files in os.walk(output.uri("")) for name in files]
        return sum(os.path.relpath(path, output.uri("")) not in names for path in found)


class TestFolder(FolderContract):
    def make_output(self) -> Output:
        return Storage(next(self.places), durability="none")

    def make_unwritable_output(self) -> Output:
        (self.folder / "file").touch()
        return Storage(str(self.folder / "file"))


class TestFileSystemWithRenames(FolderContract):
    def make_output(self) -> Output:
        return Storage(next(self.places), filesystem=LocalFileSystem())


class TestMemory(OutputContract):
    secrets = ("hunter2",)

    def make_output(self) -> Output:
        return Storage(f"memory://{uuid.uuid4()}", {"skip_instance_cache": True, "secret": "hunter2"})


class TestS3(OutputContract):
    secrets = (S3_SECRET,)

    @pytest.fixture(autouse=True)
    def _bucket(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self.places = (f"{bucket.url}/{number}" for number in count())

    def make_output(self) -> Output:
        return Storage(next(self.places), self.bucket.server.options)

    def make_unwritable_output(self) -> Output:
        return Storage("s3://no-such-bucket/out", s3_options(self.bucket.server.port), retry=ONCE)


class TestS3ByFsspec(TestS3):
    """The other road to the same server: options that obstore does not have."""

    def make_output(self) -> Output:
        return Storage(next(self.places), {**self.bucket.server.options, "version_aware": False})
