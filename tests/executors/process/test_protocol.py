"""Frames over pipes, and the file with a worker's current task."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pdfbatch.executors.process.current_task import CurrentTask, CurrentTaskReader, CurrentTaskWriter
from pdfbatch.executors.process.protocol import (
    Frame,
    FrameKind,
    FrameReader,
    FrameWriter,
    ProtocolError,
    encode_frame,
    read_frame,
    write_frame,
)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    yield reader, writer
    os.close(reader)
    os.close(writer)


def test_frames_arrive_whole_and_in_order_through_a_pipe_that_is_smaller_than_they_are(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    sent = [(FrameKind.TASK, number, bytes([number]) * (number * 9973)) for number in range(60)]
    frame_writer, frame_reader = FrameWriter(), FrameReader()
    for frame in sent:
        frame_writer.put(encode_frame(*frame))
    came: list[Frame] = []
    while len(came) < len(sent):
        frame_writer.flush(writer)
        came += frame_reader.read(reader)  # raises when nothing more is on its way
    assert [(frame.kind, frame.task, bytes(frame.payload)) for frame in came] == sent


def test_a_blocking_reader_gets_what_a_blocking_writer_wrote() -> None:
    reader, writer = os.pipe()
    write_frame(writer, encode_frame(FrameKind.RESULT, 7, b"said"))
    assert read_frame(reader) == (FrameKind.RESULT, 7, b"said")
    os.close(writer)
    with pytest.raises(EOFError):
        read_frame(reader)
    os.close(reader)


@pytest.mark.parametrize("noise", [b"Warning: a library talks to stdout", b"\0" * 17, b"\xff" * 40])
def test_noise_is_no_frame(pipe: tuple[int, int], noise: bytes) -> None:
    os.write(pipe[1], noise)
    with pytest.raises(ProtocolError):
        list(FrameReader().read(pipe[0]))


def test_a_closed_pipe_raises_eof_error() -> None:
    reader, writer = os.pipe()
    os.close(writer)
    with pytest.raises(EOFError):
        list(FrameReader().read(reader))
    os.close(reader)


def test_a_current_task_is_read_as_it_was_written(tmp_path: Path) -> None:
    reader = CurrentTaskReader(str(tmp_path / "current-task"))
    assert reader.read() == CurrentTask()
    writer = CurrentTaskWriter(str(tmp_path / "current-task"))
    writer.begin(7)
    writer.page(3)
    current = reader.read()
    assert (current.task, current.page) == (7, 3)
    assert current.task_started <= current.page_started
    writer.end(7)
    assert reader.read() == CurrentTask(task=7)
    reader.close()
