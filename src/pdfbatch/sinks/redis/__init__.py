"""Status in Redis."""

from pdfbatch.errors import StatusUnavailableError as StatusUnavailableError
from pdfbatch.sinks.redis.client import DEFAULT_URL as DEFAULT_URL
from pdfbatch.sinks.redis.client import connected as connected
from pdfbatch.sinks.redis.reader import StoredStatus as StoredStatus
from pdfbatch.sinks.redis.reader import follow as follow
from pdfbatch.sinks.redis.reader import read_status as read_status
from pdfbatch.sinks.redis.reader import recent_batches as recent_batches
from pdfbatch.sinks.redis.sink import RedisSink as RedisSink
