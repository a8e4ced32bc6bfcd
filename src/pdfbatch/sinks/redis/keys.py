"""Names of keys and channels in Redis."""

import re
from dataclasses import dataclass

DEFAULT_PREFIX = "batch:processing:"

_HASH_TAG = re.compile(r"^[^{]*\{[^}]+\}")
"""A key with a hash tag: a cluster finds its slot by the text in its first pair of braces, and not by all of it."""


@dataclass(frozen=True, slots=True)
class StatusKeys:
    """The names that begin with a prefix."""

    prefix: str = DEFAULT_PREFIX

    def status(self, batch_id: str) -> str:
        """Return the key that holds a batch's status, which is also the channel that publishes its changes."""
        return f"{self.prefix}{batch_id}"

    def figures(self, batch_id: str) -> str:
        """Return the key that holds a batch's figures. No batch has a status of that name.

        In a cluster it lies in the slot of the batch's status: that key is its hash tag, or has one that it shares. No hash
        tag can say a key with a ``}`` that ends none, such as ``{}``: the figures of such a batch may lie elsewhere.
        """
        status = self.status(batch_id)
        tag = status if _HASH_TAG.search(status) or "}" in status else f"{{{status}}}"
        return f"{self.index}-figures:{tag}"

    @property
    def index(self) -> str:
        """Sorted set of recent batches, by the time of their last heartbeat; ``batch:processing`` by default."""
        # Without the last colon it differs from the key of every batch, even of one with an empty id.
        return self.prefix.rstrip(":") or ":"
