"""Feeds: one reader for all browsers, and each browser gets what it has not seen."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest

pytest.importorskip("starlette", reason="the extra dashboard is not installed")

from pdfbatch.dashboard.feeds import Content, Feeds


class Counter:
    """Content that changes each time it is read, until it stands still."""

    def __init__(self, last: int) -> None:
        self.reads = 0
        self.last = last

    def read(self) -> Content:
        self.reads += 1
        return Content(sections={"count": str(min(self.reads, self.last)), "still": "same"}, state="on")


async def next_change(stream: AsyncGenerator[bytes]) -> dict[str, Any]:
    message = await asyncio.wait_for(anext(stream), 30)
    assert message.startswith(b"event: change\ndata: ")
    assert message.endswith(b"\n\n")
    found: dict[str, Any] = json.loads(message.removeprefix(b"event: change\ndata: "))
    return found


def test_fifty_browsers_share_one_reader() -> None:
    async def run() -> None:
        feeds, counter = Feeds(), Counter(1)
        streams = [feeds.listen("b", counter.read, 60.0) for _ in range(50)]
        changes = await asyncio.gather(*map(next_change, streams))
        assert {change["sections"]["count"] for change in changes} == {"1"}
        assert counter.reads == 1
        for stream in streams:
            await stream.aclose()

    asyncio.run(run())


def test_a_slow_browser_gets_the_last_state_and_only_what_has_changed() -> None:
    async def run() -> None:
        feeds, counter = Feeds(), Counter(5)
        quick, slow = (feeds.listen("b", counter.read, 0.0) for _ in range(2))
        first = await next_change(slow)
        assert first["sections"].keys() == {"count", "still"}
        count = ""
        while count != "5":
            count = (await next_change(quick))["sections"]["count"]
        assert (await next_change(slow))["sections"] == {"count": "5"}
        await quick.aclose()
        await slow.aclose()

    asyncio.run(run())


def test_nobody_reads_for_nobody() -> None:
    async def run() -> None:
        feeds, counter = Feeds(), Counter(10**9)
        stream = feeds.listen("b", counter.read, 0.0)
        await next_change(stream)
        await stream.aclose()
        assert feeds.count == 0
        assert [
            task for task in asyncio.all_tasks() if task is not asyncio.current_task() and not task.cancelling()
        ] == []

    asyncio.run(run())


def test_a_reader_that_fails_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(Counter):
        def read(self) -> Content:
            if not self.reads:
                self.reads += 1
                raise ValueError("odd")
            return super().read()

    async def run() -> None:
        stream = Feeds().listen("b", Failing(9).read, 0.0)
        assert (await next_change(stream))["sections"]["count"] == "2"
        await stream.aclose()

    asyncio.run(run())
    assert "cannot be shown" in caplog.text
