"""Send the messages of a run. Each carries one unit, and is as small for a thousand documents as for one."""

import json
from collections.abc import Iterable
from typing import Any

from pdfbatch.celery.configuration import TaskOptions
from pdfbatch.celery.framework import App, send
from pdfbatch.celery.run_state import RunState, UnitMessage

LANE, PART, FINISH = "pdfbatch.lane", "pdfbatch.part", "pdfbatch.finish"
PROCESS_BATCH, PROCESS_MANIFEST = "pdfbatch.process_pdf_batch", "pdfbatch.process_document_manifest"
FINISH_UNIT = "finish"


def send_messages(
    app: App, options: TaskOptions, state: RunState, messages: Iterable[UnitMessage], priority: int | None
) -> None:
    """Send messages of a run to the queues of their units."""
    for message in messages:
        if message.unit == FINISH_UNIT:
            send_finish(app, options, state)
            continue
        is_part = message.unit.startswith("part:")
        queue = options.queues.ocr if is_part else options.queues.text
        send(app, PART if is_part else LANE, (state.run, *message), queue=queue, priority=priority, ignore_result=True)


def send_finish(app: App, options: TaskOptions, state: RunState) -> None:
    """Send what ends a run, under the id of its first task: its value is that task's, and the canvas goes on behind it."""
    facts = state.read(["canvas", "priority"])
    canvas: dict[str, Any] = json.loads(facts.get("canvas", "{}"))
    priority = int(facts["priority"]) if facts.get("priority") else None
    queue = options.queues.orchestration
    send(app, FINISH, (state.run,), queue=queue, priority=priority, task_id=state.run, add_to_parent=False, **canvas)


def canvas_of(request: Any) -> str:
    """Return, as JSON, what is to follow a task: the rest of its chain, callbacks, the chord that it is part of."""
    wanted = {
        "link": request.callbacks,
        "link_error": request.errbacks,
        "chain": request.chain,
        "chord": request.chord,
        "group_id": request.group,
        "group_index": request.group_index,
        "root_id": request.root_id,
        "parent_id": request.parent_id,
    }
    return json.dumps({name: value for name, value in wanted.items() if value is not None})
