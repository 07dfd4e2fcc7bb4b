"""A running web server, asked: it serves the whole loop and never loads crowd-kit, pandas or scikit-learn."""

from pathlib import Path

import pytest

from config.processes import is_healthy
from simulation.client import Client, Refused
from tests import builders
from tests.journeys.test_crash import descendants
from tests.journeys.world import build, ok


def loaded(pid: int) -> str:
    """Every file mapped into a process and its children: compiled modules stand there by name."""
    return "\n".join(Path(f"/proc/{one}/maps").read_text() for one in [pid, *descendants(pid)])


def test_a_running_web_process_never_loads_the_heavy_libraries(server, now):
    rita, wanda, olga = builders.requester("rita", now=now), builders.worker("wanda", now=now), builders.operator("olga", now=now)
    ids = build(rita, wanda, olga)  # in this process; the server sees the same database
    requester = Client(server.address, token=rita.token, at=now)
    worker = Client(server.address, token=wanda.token, at=now)
    worker.post(f"agreements/{ids['agreement_id']}/accept")
    [lease] = worker.post(f"batches/{ids['batch_id']}/claim")["assignments"]
    result = [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["a"]}}]
    worker.post(f"assignments/{lease['id']}/submit", {"token": lease["token"], "result": result})
    requester.post(f"batches/{ids['batch_id']}/aggregations", {"method": "DawidSkene"})
    assert len(requester.download(f"batches/{ids['batch_id']}/export").splitlines()) == 3
    with pytest.raises(Refused):
        requester.post(f"batches/{ids['batch_id']}/aggregations", {"method": "Guess"})
    assert is_healthy(server.address)
    maps = loaded(server.pid)
    assert "psycopg" in maps, "the maps do show compiled modules"
    assert not [name for name in ("pandas", "sklearn", "crowdkit") if f"/{name}/" in maps]


def test_the_schema_is_openapi_3_1_and_the_documentation_page_asks_nobody_else(client, db):
    schema = client.get("/api/schema/", headers={"Accept": "application/json"})
    assert ok(schema)["openapi"].startswith("3.1")
    page = client.get("/api/docs/").content.decode()
    assert "https://" not in page, "no foreign address on our page"
    assert "swagger-ui" in page
