"""Feeds: one reader for each page that somebody looks at, shared by all browsers that look at it."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field

from pdfbatch.common import SafeLogger

log: SafeLogger = SafeLogger(__name__)

KEEP_ALIVE_SECONDS = 15.0
_KEEP_ALIVE = b": still here\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a page shows: its sections as HTML by their ids, its title, and one sentence for those who listen."""

    sections: Mapping[str, str]
    title: str = ""
    state: str = ""
    announcement: str = ""


@dataclass(slots=True, eq=False)
class Feed:
    """Read a page's content every few moments while somebody listens, and send what has changed.

    ``read`` returns the content; it is called in a thread. Each section has the number of the change that brought it, so that
    a browser which was slow, or has just come, gets what it has not seen. What goes to several is made once.
    """

    read: Callable[[], Content]
    interval_seconds: float
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _number: int = 0
    _content: Content = Content(sections={})
    _numbers: dict[str, int] = field(default_factory=dict[str, int])
    _messages: dict[int, bytes] = field(default_factory=dict[int, bytes])
    _task: "asyncio.Task[None] | None" = None
    listeners: int = 0

    async def listen(self) -> AsyncGenerator[bytes]:
        """Yield an event of a stream for each change, and a comment now and then that keeps the connection open."""
        self.listeners += 1
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        seen = 0
        try:
            while True:
                if self._number > seen:
                    message, seen = self._message(seen), self._number
                    yield message
                    continue
                try:
                    async with asyncio.timeout(KEEP_ALIVE_SECONDS), self._changed:
                        await self._changed.wait_for(lambda: self._number > seen)  # noqa: B023 (called before seen changes)
                except TimeoutError:
                    yield _KEEP_ALIVE
        finally:
            self.listeners -= 1
            if not self.listeners:
                self._stop()

    def _stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()

    async def _run(self) -> None:
        while True:
            try:
                content = await asyncio.to_thread(self.read)
            except Exception:  # whatever a page cannot show must not end the others
                log.exception("a page of the dashboard cannot be shown")
            else:
                if content != self._content:
                    await self._change(content)
            await asyncio.sleep(self.interval_seconds)

    async def _change(self, content: Content) -> None:
        async with self._changed:
            self._number += 1
            for name, html in content.sections.items():
                if self._content.sections.get(name) != html:
                    self._numbers[name] = self._number
            self._content = content
            self._messages.clear()
            self._changed.notify_all()

    def _message(self, seen: int) -> bytes:
        """Return the event for browsers that have seen the change of this number, and those before."""
        message = self._messages.get(seen)
        if message is None:
            content = self._content
            data = {
                "sections": {name: html for name, html in content.sections.items() if self._numbers[name] > seen},
                "title": content.title,
                "state": content.state,
                "announcement": content.announcement,
            }
            message = self._messages[seen] = f"event: change\ndata: {json.dumps(data)}\n\n".encode()
        return message


@dataclass(slots=True, eq=False)
class Feeds:
    """The feeds of a dashboard, by what they show. One that nobody listens to is forgotten."""

    _feeds: dict[object, Feed] = field(default_factory=dict[object, Feed])

    @property
    def count(self) -> int:
        """Number of feeds that somebody listens to."""
        return len(self._feeds)

    async def listen(self, key: object, read: Callable[[], Content], interval_seconds: float) -> AsyncGenerator[bytes]:
        """Yield the events of the feed of a key, which is made with ``read`` if there is none."""
        feed = self._feeds.setdefault(key, Feed(read, interval_seconds))
        try:
            async with aclosing(feed.listen()) as messages:
                async for message in messages:
                    yield message
        finally:
            if not feed.listeners and self._feeds.get(key) is feed:
                del self._feeds[key]
