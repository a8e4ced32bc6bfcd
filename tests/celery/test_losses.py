"""What is lost with workers is found again within seconds, whatever the broker does; nothing is counted twice."""

import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pdfbatch.testing.probes import PATIENCE_SECONDS, wait_until
from tests.celery.conftest import Farm, MakeFarm
from tests.gates.scale import scaled

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

KILLS = scaled(1, 10)


def begun(farm: Farm) -> Counter[str]:
    """Count how often each document has begun."""
    return Counter(line.split()[1] for line in farm.journal() if line.startswith("begin"))


@pytest.mark.timeout(scaled(300, 900))
def test_a_killed_worker_costs_a_lease_and_no_document(make_farm: MakeFarm) -> None:
    farm = make_farm(journal=True)  # the visibility timeout is the usual hour
    worker = farm.start(concurrency=2)
    gates = [f"gate{number}" for number in range(KILLS)]
    slow = [document for gate in gates for document in farm.documents(2, gate)]
    sent = farm.task("process_pdf_batch").apply_async(args=[[*farm.documents(4, name="quick"), *slow], 2])
    for gate in gates:
        farm.wait_for(f"begin d0.{gate}", f"begin d1.{gate}")
        worker.kill()
        farm.open(gate)
        worker = farm.start(concurrency=2)
    value = sent.get(timeout=PATIENCE_SECONDS)
    count = 4 + len(slow)
    assert (value["total_documents"], value["successful"], value["failed"]) == (count, count, 0)
    twice = {f"d{number}.{gate}": 2 for gate in gates for number in (0, 1)}
    assert {name: count for name, count in begun(farm).items() if count > 1} == twice
    assert farm.redis.read_status(sent.id)["processed"] == count


def test_a_killed_child_costs_a_lease_and_no_document(make_farm: MakeFarm) -> None:
    farm = make_farm(journal=True)
    worker = farm.start()
    sent = farm.task("process_pdf_batch").apply_async(args=[farm.documents(3, "gate"), 1])
    farm.wait_for("begin d0.gate")
    (child,) = worker.children()
    os.kill(child, signal.SIGKILL)
    farm.open("gate")
    value = sent.get(timeout=PATIENCE_SECONDS)
    assert (value["successful"], value["failed"]) == (3, 0)
    assert begun(farm) == {"d0.gate": 2, "d1.gate": 1, "d2.gate": 1}


def test_a_batch_that_outlasts_the_visibility_timeout_runs_nothing_twice(make_farm: MakeFarm) -> None:
    farm = make_farm(journal=True, conf={"broker_transport_options": {"visibility_timeout": 1}})
    worker = farm.start(pool="threads", concurrency=4)
    sent = farm.task("process_pdf_batch").apply_async(args=[farm.documents(2, "gate"), 2])
    farm.wait_for("begin d0.gate", "begin d1.gate")
    lost = _redeliver(farm)
    assert lost > 0
    assert wait_until(lambda: worker.read_log().count("pdfbatch.lane[") >= 2 + lost)
    farm.open("gate")
    assert sent.get(timeout=PATIENCE_SECONDS)["successful"] == 2
    assert set(begun(farm).values()) == {1}


def test_an_output_that_a_worker_does_not_see_ends_the_batch(make_farm: MakeFarm) -> None:
    farm = make_farm()
    with farm.redis.client() as client:
        farm.start(queues=["default"])
        farm.settings["output"] = str(farm.folder / "elsewhere")
        farm.start(queues=["text", "ocr"])
        sent = farm.task("process_pdf_batch").apply_async(args=[farm.documents(3), 2])
        with pytest.raises(Exception, match="does not see the output"):
            sent.get(timeout=PATIENCE_SECONDS)
        assert client.smembers("pdfbatch:runs") == set()
    assert farm.redis.read_status(sent.id)["status"] == "failed"
    assert not list(Path(farm.folder, "elsewhere").glob("*.txt"))


def _redeliver(farm: Farm) -> int:
    """Have the broker deliver again what workers have not acknowledged, as it does by itself once in a while."""
    app: Any = farm.app
    with app.connection_for_read() as connection:
        channel = connection.default_channel
        return len([channel.qos.restore_by_tag(tag) for tag in channel.client.hkeys("unacked")])
