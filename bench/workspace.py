"""From handing in a task to the next one being there, in Chromium on this machine, beside the round trip of a bare request in the same run.

    make bench name=workspace                       # 30 tasks of each kind, the next one taken ahead and not
    make bench name=workspace args="--tasks 100"

The page marks the moment of handing in and the moment at which the next task stands in the editor, its buttons ready. The floor is what a
request to this site costs the same page at the least (a sign of life); the other peer is what loading the page anew for each task would
cost. The site runs as in development: static files are not compressed, and queries are kept. The last line is one JSON object.
"""

import argparse
import json
import os
import statistics
import sys
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ["FAIRHAND_DATABASE"] = "bench_workspace"
os.environ["FAIRHAND_DEBUG"] = os.environ["FAIRHAND_SIMULATION"] = "1"
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright keeps a loop of its own in this thread

import django

django.setup()

from django.core.management import call_command
from django.db import connection
from django.test import Client
from playwright.sync_api import Page, sync_playwright

from config.processes import WebServer
from foundation import clock
from tasks import media
from tests import builders
from tests.browser import materials, scenes
from tests.browser.conftest import chromium

PATIENCE = 30_000
HANDED_IN = "n => performance.getEntriesByName('fairhand:submit-to-next').length === n"
TIMES = "() => performance.getEntriesByName('fairhand:submit-to-next').map(one => one.duration)"
READY = "() => !document.getElementById('submit').disabled"
FLOOR = """async ([n, token, id]) => {
    const times = [];
    for (let i = 0; i < n; i++) {
        const began = performance.now();
        await Fairhand.post(`/api/v1/assignments/${id}/heartbeat`, {token});
        times.push(performance.now() - began);
    }
    return times;
}"""
CHOOSE = '<Choices name="c" toName="shown"><Choice value="a" hotkey="1"/><Choice value="b" hotkey="2"/></Choices>'
KINDS = {
    "text": f'<View><Text name="shown" value="$shown"/>{CHOOSE}</View>',
    "picture": f'<View><Image name="shown" value="$shown"/>{CHOOSE}</View>',
}


def fresh_database() -> None:
    """An empty database of this benchmark's own."""
    connection.close()
    connection.close_pool()
    with connection._nodb_cursor() as cursor:
        cursor.execute("DROP DATABASE IF EXISTS bench_workspace WITH (FORCE)")
        cursor.execute("CREATE DATABASE bench_workspace")
    call_command("migrate", verbosity=0)


def work(page: Page, address: str, tasks: int) -> list[float]:
    """Milliseconds from handing in to the next task, for every task of a batch but the last; each is worked on for two seconds."""
    page.goto(address)
    page.wait_for_function(READY, timeout=PATIENCE)
    for n in range(1, tasks):
        page.wait_for_timeout(800)
        page.keyboard.press("1")
        page.wait_for_timeout(1200)
        page.keyboard.press("Control+Enter")
        page.wait_for_function(HANDED_IN, arg=n, timeout=PATIENCE)
    times: list[float] = page.evaluate(TIMES)
    return times


def reloads(page: Page, n: int) -> list[float]:
    """Milliseconds until the task is ready on a page loaded anew."""
    times = []
    for _ in range(n):
        page.reload()
        page.wait_for_function(READY, timeout=PATIENCE)
        times.append(page.evaluate("() => performance.now()"))
    return times


def floor(page: Page, n: int) -> list[float]:
    """Milliseconds of a bare request by the page."""
    lease = json.loads(page.locator("#workspace").text_content() or "{}")["leases"][0]
    times: list[float] = page.evaluate(FLOOR, [n, lease["token"], lease["id"]])
    return times


def figures(times: list[float]) -> dict[str, float]:
    """Median, nineteenth twentieth and the longest, in milliseconds."""
    ordered = sorted(times)
    return {
        "p50": round(statistics.median(ordered), 1),
        "p95": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], 1),
        "max": round(ordered[-1], 1),
    }


def main() -> None:
    """Run it and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tasks", type=int, default=30)
    asked = parser.parse_args()
    fresh_database()
    now = clock.now()
    rita, wanda, olga = builders.requester("rita", now=now), builders.worker("wanda", now=now), builders.operator("olga", now=now)
    found: dict[str, Any] = {}
    with WebServer(workers=1, threads=4) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium())
        context = browser.new_context(base_url=server.address, viewport={"width": 1280, "height": 800})
        client = Client()
        client.force_login(wanda.user)
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": server.address}])
        page = context.new_page()
        for kind, interface in KINDS.items():
            for max_leases in (1, 2):
                rows = [{"shown": shown(rita, kind, n)} for n in range(asked.tasks)]
                batch = scenes.opened(rita, olga, interface, rows, max_leases=max_leases)
                name = f"{kind}, {'taken ahead' if max_leases == 2 else 'claimed after'}"
                found[name] = figures(work(page, f"/work/{batch.id}/", asked.tasks))
                sys.stdout.write(f"{name}: {found[name]}\n")
                if max_leases == 2:
                    found[f"{kind}, page loaded anew"] = figures(reloads(page, 5))
                    found["a bare request"] = figures(floor(page, asked.tasks))
        browser.close()
    least = found["a bare request"]["p50"]
    for name, one in found.items():
        sys.stdout.write(
            f"{name:28} p50 {one['p50']:8.1f} ms   p95 {one['p95']:8.1f} ms   {one['p50'] / least:6.1f} × a bare request\n"
        )
    sys.stdout.write(json.dumps(found) + "\n")


def shown(rita: builders.Person, kind: str, n: int) -> str:
    """What a task shows: a text, or a picture in the store."""
    if kind == "text":
        return f"This is the text of task number {n}."
    return media.address_of(scenes.file(rita, f"{n}.png", materials.picture()))


if __name__ == "__main__":
    main()
