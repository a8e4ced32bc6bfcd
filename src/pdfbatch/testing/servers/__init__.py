"""Real servers on free ports of this host, and a proxy that injects faults, for tests and benchmarks.

A user can test an integration with them, too: each finds its program on the path or in a wheel, and checks that the server
that answers is the process that it started. Nothing here imports pytest.
"""

from typing import TYPE_CHECKING

from pdfbatch.lazy import lazy_face

if TYPE_CHECKING:
    from pdfbatch.testing.servers.celery import CeleryWorker
    from pdfbatch.testing.servers.fault_proxy import FaultProxy, RequestFault, RequestFaults
    from pdfbatch.testing.servers.local_server import LocalServer
    from pdfbatch.testing.servers.processes import ServerError
    from pdfbatch.testing.servers.redis import RedisServer, find_redis_program
    from pdfbatch.testing.servers.s3 import Bucket, S3Server, find_s3_program
    from pdfbatch.testing.servers.s3_client import S3_SECRET, s3_filesystem, s3_options
else:
    __getattr__, __dir__ = lazy_face(
        __name__,
        celery="CeleryWorker",
        fault_proxy="FaultProxy RequestFault RequestFaults",
        local_server="LocalServer",
        processes="ServerError",
        redis="RedisServer find_redis_program",
        s3="Bucket S3Server find_s3_program",
        s3_client="S3_SECRET s3_filesystem s3_options",
    )

__all__ = [
    "S3_SECRET",
    "Bucket",
    "CeleryWorker",
    "FaultProxy",
    "LocalServer",
    "RedisServer",
    "RequestFault",
    "RequestFaults",
    "S3Server",
    "ServerError",
    "find_redis_program",
    "find_s3_program",
    "s3_filesystem",
    "s3_options",
]
