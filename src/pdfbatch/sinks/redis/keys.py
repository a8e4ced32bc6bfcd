"""Names of keys and channels in Redis."""

from dataclasses import dataclass

DEFAULT_PREFIX = "batch:processing:"


@dataclass(frozen=True, slots=True)
class StatusKeys:
    """The names that begin with a prefix."""

    prefix: str = DEFAULT_PREFIX

    def status(self, batch_id: str) -> str:
        """Return the key that holds a batch's status, which is also the channel that publishes its changes."""
        return f"{self.prefix}{batch_id}"

    def figures(self, batch_id: str) -> str:
        """Return the key that holds a batch's figures. No batch has a status of that name."""
        return f"{self.index}-figures:{batch_id}"

    @property
    def index(self) -> str:
        """Sorted set of recent batches, by the time of their last heartbeat; ``batch:processing`` by default."""
        # Without the last colon it differs from the key of every batch, even of one with an empty id.
        return self.prefix.rstrip(":") or ":"
