"""What is called how in Redis."""

from dataclasses import dataclass

DEFAULT_PREFIX = "batch:processing:"


@dataclass(frozen=True, slots=True)
class StatusKeys:
    """The names below a prefix. With ``batch:processing:`` the index is ``batch:processing``."""

    prefix: str = DEFAULT_PREFIX

    def status(self, batch_id: str) -> str:
        """The key that holds a batch's status, and the channel on which its changes are published."""
        return f"{self.prefix}{batch_id}"

    @property
    def index(self) -> str:
        """The sorted set of recent batches, by the time of their last sign of life. No status has this name."""
        return self.prefix.rstrip(":") or ":"
