"""Slices, answers, questions and replies as bytes: a head of JSON, then blocks, and a signature in front.

The head is plain and is checked before a block is looked at. A packet that is not signed with the secret of this side is
refused before anything in it is read, so that no pickle of a stranger is opened.
"""

import hashlib
import hmac
import json
import struct
from collections.abc import Sequence
from typing import Any, TypedDict, cast

from pdfbatch.executors.site import Answer, Question, Reply, Slice, Versions

_MARK = b"pdfbatch 1\n"
_SIGNATURE_BYTES = hashlib.sha256().digest_size
_LENGTH = struct.Struct("<I")
_MOST_HEAD = 1 << 20


class PacketError(Exception):
    """A packet is not one of pdfbatch, or is not signed with the secret of this side."""


class SlicePacket(TypedDict):
    """A slice, and how many of its tasks may run at one time; 0 for as many as the site has processes."""

    sliced: Slice
    at_once: int


class AnswerPacket(TypedDict):
    """An answer, and why the slice was not done, empty when it was: it counts as lost then."""

    answer: Answer
    error: str


def pack_slice(sliced: Slice, at_once: int, secret: str | None) -> bytes:
    """Return a slice as bytes."""
    head = {name: sliced[name] for name in ("versions", "pool", "seconds", "parts")}
    return _pack("slice", {**head, "at_once": at_once}, [sliced["work"], *sliced["tasks"]], secret)


def unpack_slice(data: bytes, secret: str | None) -> SlicePacket:
    """Return what ``pack_slice`` was given. Raises ``PacketError``."""
    head, blocks = _unpack("slice", data, secret)
    work, *tasks = blocks
    if not isinstance(work, bytes) or not tasks or None in tasks:
        raise PacketError("a slice without tasks")
    sliced = Slice(
        versions=_read_versions(head),
        pool=_read(head, "pool", str),
        work=work,
        tasks=cast("list[bytes]", tasks),
        seconds=float(_read(head, "seconds", (int, float))),
        parts=_read(head, "parts", bool),
    )
    return SlicePacket(sliced=sliced, at_once=_read(head, "at_once", int))


def pack_answer(answer: Answer, error: str, secret: str | None) -> bytes:
    """Return an answer as bytes."""
    head = {name: answer[name] for name in ("versions", "worker", "refusal", "seconds")}
    return _pack("answer", {**head, "error": error}, answer["results"], secret)


def unpack_answer(data: bytes, secret: str | None) -> AnswerPacket:
    """Return what ``pack_answer`` was given. Raises ``PacketError``."""
    head, blocks = _unpack("answer", data, secret)
    answer = Answer(
        versions=_read_versions(head),
        worker=_read(head, "worker", str),
        refusal=_read(head, "refusal", str),
        results=list(blocks),
        seconds=float(_read(head, "seconds", (int, float))),
    )
    return AnswerPacket(answer=answer, error=_read(head, "error", str))


def pack_question(question: Question, secret: str | None) -> bytes:
    """Return a question as bytes."""
    return _pack("question", {**question, "work": None}, [question["work"]], secret)


def unpack_question(data: bytes, secret: str | None) -> Question:
    """Return what ``pack_question`` was given. Raises ``PacketError``."""
    head, blocks = _unpack("question", data, secret)
    if len(blocks) != 1 or blocks[0] is None:
        raise PacketError("a question without work")
    return Question(
        versions=_read_versions(head),
        work=blocks[0],
        probe=_read(head, "probe", str),
        languages=_read(head, "languages", str),
        input_path=_read(head, "input_path", str),
    )


def pack_reply(reply: Reply, secret: str | None) -> bytes:
    """Return a reply as bytes."""
    return _pack("reply", {**reply}, [], secret)


def pack_refusal(versions: Versions, worker: str, refusal: str, secret: str | None) -> bytes:
    """Return, as bytes, why a worker does not say what it is."""
    return _pack("refusal", {"versions": versions, "worker": worker, "refusal": refusal}, [], secret)


def unpack_reply(data: bytes, secret: str | None) -> Reply:
    """Return what ``pack_reply`` was given. Raises ``PacketError``."""
    head, _ = _unpack("reply", data, secret)
    engines: dict[object, object] = _read(head, "engines", dict)
    memory = head.get("memory_bytes")
    return Reply(
        versions=_read_versions(head),
        worker=_read(head, "worker", str),
        platform=_read(head, "platform", str),
        cpus=_read(head, "cpus", int),
        memory_bytes=memory if isinstance(memory, int) else None,
        isolates=_read(head, "isolates", bool),
        engines={str(name): str(version) for name, version in engines.items()},
        missing_ocr=_read(head, "missing_ocr", str),
        hidden_output=_read(head, "hidden_output", str),
        hidden_input=_read(head, "hidden_input", str),
    )


def _pack(kind: str, head: dict[str, Any], blocks: Sequence[bytes | None], secret: str | None) -> bytes:
    lengths = [-1 if block is None else len(block) for block in blocks]
    text = json.dumps({"kind": kind, **head, "lengths": lengths}, separators=(",", ":")).encode()
    body = b"".join([_LENGTH.pack(len(text)), text, *(block for block in blocks if block is not None)])
    return b"".join((_MARK, _sign(body, secret), body))


def _unpack(kind: str, data: bytes, secret: str | None) -> tuple[dict[str, Any], list[bytes | None]]:
    start = len(_MARK) + _SIGNATURE_BYTES
    signature, body = data[len(_MARK) : start], memoryview(data)[start:]
    if not data.startswith(_MARK):
        raise PacketError("no packet of this version of pdfbatch")
    if not hmac.compare_digest(signature, _sign(body, secret)):
        raise PacketError("it is signed with another secret: give the same to register_executor on both sides")
    try:
        (length,) = _LENGTH.unpack_from(body)
        if length > _MOST_HEAD:
            raise PacketError("a head that is too long")
        head: Any = json.loads(bytes(body[_LENGTH.size : _LENGTH.size + length]))
        lengths: Any = head["lengths"]
        if head["kind"] != kind:
            raise PacketError(f"a {head['kind']} where a {kind} should be")
        return head, _cut(body[_LENGTH.size + length :], lengths)
    except (ValueError, KeyError, TypeError, RecursionError, struct.error) as error:
        raise PacketError(f"a broken packet: {type(error).__name__}") from error


def _cut(data: memoryview, lengths: Sequence[int]) -> list[bytes | None]:
    blocks: list[bytes | None] = []
    position = 0
    for length in lengths:
        blocks.append(None if length < 0 else bytes(data[position : position + length]))
        position += max(0, length)
    if position != len(data):
        raise PacketError("blocks of another length")
    return blocks


def _sign(body: "bytes | memoryview", secret: str | None) -> bytes:
    """Return the signature of a packet; where there is no secret, a digest, which only finds damage."""
    if secret is None:
        return hashlib.sha256(body).digest()
    return hmac.digest(secret.encode(), body, "sha256")


def _read_versions(head: dict[str, Any]) -> Versions:
    versions: dict[str, Any] = _read(head, "versions", dict)
    return Versions(
        pdfbatch=_read(versions, "pdfbatch", str),
        python=_read(versions, "python", str),
        fields=_read(versions, "fields", str),
    )


def _read(head: dict[str, Any], name: str, kind: type | tuple[type, ...]) -> Any:
    value = head.get(name)
    if not isinstance(value, kind):
        raise PacketError(f"{name} is missing")
    return value
