"""When the supervisor of a pool is woken."""

import select
from collections.abc import Iterator

import pytest

from pdfbatch import Document
from pdfbatch.executors.process.command_queue import Command, CommandQueue
from pdfbatch.tasks import ReadTask

TASK = ReadTask(document=Document("a.pdf", "a"))


@pytest.fixture
def inbox() -> Iterator[CommandQueue]:
    inbox = CommandQueue()
    yield inbox
    inbox.close("")


def _wakes(inbox: CommandQueue) -> bool:
    return bool(select.select([inbox], [], [], 0)[0])


def test_a_task_wakes_when_tasks_are_wanted(inbox: CommandQueue) -> None:
    inbox.put(TASK)
    assert _wakes(inbox)
    assert len(inbox.take()) == 1
    assert not _wakes(inbox)


def test_a_task_that_is_not_wanted_wakes_nobody_and_is_there_at_the_next_turn(inbox: CommandQueue) -> None:
    inbox.want(False)
    inbox.put(TASK)
    assert not _wakes(inbox)
    assert len(inbox.take()) == 1


def test_a_task_that_came_before_it_was_wanted_wakes(inbox: CommandQueue) -> None:
    inbox.want(False)
    inbox.put(TASK)
    inbox.want(True)
    assert _wakes(inbox)


def test_a_wish_always_wakes(inbox: CommandQueue) -> None:
    inbox.want(False)
    inbox.ask(Command.STOP)
    assert _wakes(inbox)
