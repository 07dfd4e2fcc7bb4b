"""The demo's job, lived against a running web server with a small crowd: labels, money, and who is stopped by gold."""

import io

import pytest
from django.db import connection
from rich.console import Console

from config.jobs import broken_invariants
from config.management.commands.demo import operator_token
from config.processes import WebServer
from simulation import demo, report
from simulation.crowd import CAREFUL, SPAMMER
from tasks.jobs import accept_due, aggregate, weigh_gold
from tasks.models import AggregationRun

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def server(committed_db, monkeypatch):
    monkeypatch.setenv("FAIRHAND_DATABASE", connection.settings_dict["NAME"])
    monkeypatch.setenv("FAIRHAND_DEBUG", "1")
    monkeypatch.setenv("FAIRHAND_SIMULATION", "1")
    with WebServer(workers=1, threads=6) as running:
        yield running


def the_cluster_for_a_minute():
    """What the cluster does by the minute, in a thread of the demo's."""
    weigh_gold()
    for run in AggregationRun.objects.filter(state=AggregationRun.State.QUEUED):
        aggregate(str(run.id))
    connection.close()


def test_the_demo_adds_up_and_gold_stops_who_says_anything(server, monkeypatch):
    monkeypatch.setattr(demo, "SPEED", 120.0)
    monkeypatch.setattr(demo, "TASKS", 60)
    monkeypatch.setattr(demo, "METHODS", ["MajorityVote"])
    monkeypatch.setattr(demo, "CROWD", [CAREFUL] * 7 + [SPAMMER])
    story = demo.live(
        server.address,
        operator_token(),
        each_minute=the_cluster_for_a_minute,
        after_the_deadline=lambda at: accept_due(at.isoformat()),
        tell=lambda line: None,
    )
    printed = io.StringIO()
    assert report.show(story, Console(file=printed, width=118), server.address), printed.getvalue()
    assert "suggests" in printed.getvalue()
    stopped = [one.behaviour.name for one in story.labellers if one.client.get("decisions", kind="pause")["results"]]
    assert stopped == ["spammer"]
    assert story.progress["complete"] == story.progress["tasks"]
    assert broken_invariants() == {}
