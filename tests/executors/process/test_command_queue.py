"""When the supervisor of a pool is woken."""

import select
from collections.abc import Iterator

import pytest

from pdfbatch import Document
from pdfbatch.executors.process.command_queue import Command, CommandQueue
from pdfbatch.tasks import ReadTask

TASK = ReadTask(document=Document("a.pdf", "a"))


@pytest.fixture
def commands() -> Iterator[CommandQueue]:
    commands = CommandQueue()
    yield commands
    commands.close("")


def is_woken(commands: CommandQueue) -> bool:
    return bool(select.select([commands], [], [], 0)[0])


def test_a_task_wakes_the_supervisor_when_that_asked_for_it(commands: CommandQueue) -> None:
    commands.put(TASK)
    assert is_woken(commands)
    assert len(commands.take_all()) == 1
    assert not is_woken(commands)


def test_a_task_that_wakes_nobody_is_there_at_the_next_turn(commands: CommandQueue) -> None:
    commands.set_notify(False)
    commands.put(TASK)
    assert not is_woken(commands)
    assert len(commands.take_all()) == 1


def test_a_task_that_is_there_already_wakes_the_supervisor_at_once_when_asked_for(commands: CommandQueue) -> None:
    commands.set_notify(False)
    commands.put(TASK)
    commands.set_notify(True)
    assert is_woken(commands)


def test_a_command_always_wakes_the_supervisor(commands: CommandQueue) -> None:
    commands.set_notify(False)
    commands.request(Command.TERMINATE)
    assert is_woken(commands)
