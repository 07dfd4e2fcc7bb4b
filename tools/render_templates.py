"""Show each of Label Studio's templates that is accepted here in Chromium, with sample data: `python tools/render_templates.py CONFIGS OUT`.

CONFIGS is what `python tools/check_templates.py --wheel FILE --list` prints; OUT becomes what that script's `--rendered` takes: template →
"yes", or what went wrong. Each is published as a job on a site started for it, with a database of its own, and a worker opens it in the
workspace: it goes through every check, and into the frame without an origin in which tasks are shown. Pictures, sound and film are the
tests' own; a time series that is loaded comes from another site, which the browser is told to be. Rendered means: the editor shows the
task, says nothing of an error, throws nothing and is stopped by no policy.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ["FAIRHAND_DATABASE"] = "render_templates"
os.environ["FAIRHAND_DEBUG"] = os.environ["FAIRHAND_SIMULATION"] = "1"
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright keeps a loop of its own in this thread

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from playwright.sync_api import Browser, Page, TimeoutError, sync_playwright  # noqa: E402

from config.processes import WebServer  # noqa: E402
from foundation import clock  # noqa: E402
from foundation.errors import DomainError  # noqa: E402
from tasks import media  # noqa: E402
from tasks.labels import Interface, check_interface  # noqa: E402
from tasks.models import Batch, ToldOfSite  # noqa: E402
from tests import builders  # noqa: E402
from tests.browser import materials, scenes  # noqa: E402
from tests.browser.conftest import TELL_VIOLATIONS, chromium  # noqa: E402
from tests.builders import Person  # noqa: E402

PATIENCE = 30_000  # milliseconds for a task to appear
SETTLING = 1_500  # milliseconds for what it loads

TURNS = [
    {
        "speaker": "a",
        "author": "a",
        "role": "a",
        "text": "Where is it?",
        "content": "Where is it?",
        "phrase": "Where is it?",
        "start": 0,
        "end": 1,
    },
    {
        "speaker": "b",
        "author": "b",
        "role": "b",
        "text": "Over there.",
        "content": "Over there.",
        "phrase": "Over there.",
        "start": 1,
        "end": 2,
    },
]
ITEMS = [
    {"id": one, "title": f"Item {one}", "body": f"The body of item {one}.", "html": f"<p>Item {one}</p>"}
    for one in ("1", "2", "3")
]
CHOICES = [{"value": "First"}, {"value": "Second", "children": [{"value": "Third"}]}]
FLAT = [{"value": "First"}, {"value": "Second"}]
OTHER_SITE = "https://series.example.org"
SERIES = f"{OTHER_SITE}/series.csv"


def sample(interface: Interface, files: dict[str, str]) -> dict[str, Any]:
    """A payload that fills the interface."""
    payload: dict[str, Any] = {variable: f"A sample of {variable}." for variable in interface.variables}
    for shown in interface.objects.values():
        if shown.variable is None:
            continue
        file = files.get(shown.tag) or files["Image"]
        by_tag = {
            "Paragraphs": TURNS,
            "List": ITEMS,
            "Table": {"name": "Ada", "born": 1815},
            "HyperText": "<h3>Title</h3><p>Some <b>text</b>.</p>",
        }
        if shown.tag == "TimeSeries":
            payload[shown.variable] = files["TimeSeries"] if shown.is_loaded else columns(interface)
        elif shown.is_listed:
            payload[shown.variable] = [file, file]
        elif shown.tag in ("Image", "Audio", "Video"):
            payload[shown.variable] = file
        else:
            payload[shown.variable] = by_tag.get(shown.tag, payload[shown.variable])
    for variable, tag in interface.variables.items():
        if tag == "audioUrl":
            payload[variable] = files["Audio"]
    for control in interface.controls.values():
        if variable := getattr(control, "variable", ""):
            payload[variable] = CHOICES if type(control).__name__ == "Taxonomy" else FLAT
    return payload


def columns(interface: Interface) -> dict[str, list[float]]:
    """A short time series with every column that the config names."""
    from xml.etree import ElementTree

    named = {tag.get("column", "") for tag in ElementTree.fromstring(interface.xml).iter("Channel")} | {"time"}  # noqa: S314 - checked
    for tag in ElementTree.fromstring(interface.xml).iter("TimeSeries"):  # noqa: S314 - checked
        named.add(tag.get("timeColumn", "time"))
    return {name: [float(n) for n in range(100)] for name in named if name}


def csv_of(interface: Interface) -> str:
    """The same as a file, its times as the config writes them."""
    from datetime import UTC, datetime, timedelta
    from xml.etree import ElementTree

    series = next(ElementTree.fromstring(interface.xml).iter("TimeSeries"))  # noqa: S314 - checked
    time, form, sep = series.get("timeColumn", "time"), series.get("timeFormat", ""), series.get("sep", ",")
    names = list(columns(interface))
    began = datetime(2026, 1, 1, tzinfo=UTC)
    lines = [sep.join(names)]
    for n in range(100):
        at = (began + timedelta(seconds=n)).strftime(form) if form else str(n)
        lines.append(sep.join(at if name == time else str(n % 7) for name in names))
    return "\n".join(lines)


def rendered(page: Page, address: str, batch: Batch, interface: Interface) -> str:
    """ "yes", or what went wrong."""
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    headers = {"Access-Control-Allow-Origin": "*"}
    page.route(f"{OTHER_SITE}/**", lambda route: route.fulfill(content_type="text/csv", headers=headers, body=csv_of(interface)))
    page.goto(f"{address}/work/{batch.id}/")
    try:
        page.wait_for_selector("#submit:enabled, #trouble:visible", timeout=PATIENCE)
    except TimeoutError:
        return said[0][:200] if said else "It did not begin."
    if trouble := page.locator("#trouble:visible").all_inner_texts():
        return (said + trouble)[0][:200]
    page.wait_for_timeout(SETTLING)
    task = page.frame_locator("#editor iframe")
    said += [
        text[:200] for text in task.locator("[class*=lsf-error], .ls-errors, [class*=errors]").all_inner_texts() if text.strip()
    ]
    shown = task.locator("#editor").inner_text().strip() or task.locator("#editor canvas, #editor input, #editor img").count()
    return said[0][:200] if said else "yes" if shown else "nothing is shown"


def signed_in(browser: Browser, address: str, worker: Person) -> Page:
    """A page of a profile of their own, where they were told of the other site."""
    assert worker.worker
    ToldOfSite.objects.create(worker=worker.worker, site=OTHER_SITE, told_at=clock.now())
    client = Client()
    client.force_login(worker.user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    context = browser.new_context()
    context.add_init_script(TELL_VIOLATIONS)
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": address, "httpOnly": True}])
    return context.new_page()


def main() -> None:
    """Show all of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("configs", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    configs, out = json.loads(args.configs.read_text()), args.out
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    with connection._nodb_cursor() as cursor:
        cursor.execute("DROP DATABASE IF EXISTS render_templates WITH (FORCE)")
        cursor.execute("CREATE DATABASE render_templates")
    call_command("migrate", verbosity=0)
    rita, olga = builders.requester("rita", now=clock.now()), builders.operator("olga", now=clock.now())
    made = {
        "Image": ("a.png", materials.picture()),
        "Audio": ("a.wav", materials.sound()),
        "Video": ("a.webm", materials.FILM.read_bytes()),
    }
    files = {tag: media.address_of(scenes.file(rita, *content)) for tag, content in made.items()} | {"TimeSeries": SERIES}
    found = {}
    with WebServer(workers=1, threads=4) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium())
        for n, (name, config) in enumerate(configs.items()):
            interface = check_interface(config)
            try:
                batch = scenes.opened(rita, olga, interface.xml, [sample(interface, files)])
            except (AssertionError, DomainError) as refused:
                found[name] = f"not published: {refused}"[:200]
            else:
                page = signed_in(browser, server.address, builders.worker(f"w{n}", now=clock.now()))
                found[name] = rendered(page, server.address, batch, interface)
                page.context.close()
            sys.stdout.write(f"{name}: {found[name]}\n")
            sys.stdout.flush()
            out.write_text(json.dumps(found, indent=1))
        browser.close()
    sys.stdout.write(f"{sum(one == 'yes' for one in found.values())} of {len(found)} rendered.\n")


if __name__ == "__main__":
    main()
