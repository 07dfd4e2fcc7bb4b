"""A real browser on the real site: Chromium, HTTP, the WSGI application, committed rows in PostgreSQL.

A test asks for `page` (or `new_page`, for a second person or tab) and may read `site.address`, `sign_in(page, person)`, `axe(page)` and
`shot(page, name)`. Whatever the test is about, each page is also watched, and the test fails at its end for: a violation of the content
policy, an error in the console, a request to any other origin, an answer of status 500 or more. What a test provokes on purpose it names
first: `watched.expect(r"ERR_INTERNET_DISCONNECTED")`.

People here live in real time: `now` is the server's own.
"""

import os
import re
import shutil
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]
from django.conf import settings as django_settings
from django.core.servers.basehttp import ThreadedWSGIServer
from django.core.wsgi import get_wsgi_application
from django.test import Client
from django.test.testcases import QuietWSGIRequestHandler
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    ViewportSize,
    expect,
    sync_playwright,
)

from tests.builders import Person

DESKTOP, PHONE = ViewportSize(width=1280, height=800), ViewportSize(width=360, height=740)
PATIENCE = 60_000  # milliseconds for anything to appear, on a machine that does other things too
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PICTURES = Path(os.environ.get("FAIRHAND_ARTIFACTS") or Path(django_settings.DATA_DIR, "screenshots"))
OURS = re.compile(r"^(data|blob|about):")
# A refusal is an answer, not an error; and Chromium does not know a directive that others do.
REFUSED = re.compile(
    r"^Failed to load resource: the server responded with a status of 4\d\d|^Unrecognized Content-Security-Policy directive 'webrtc'"
)
AXE_RULES = {"target-size": {"enabled": True}}  # of WCAG 2.2, which axe leaves out unless asked

# Says every violation of the content policy into the console, in frames too, where the watch reads it.
TELL_VIOLATIONS = """document.addEventListener("securitypolicyviolation",
    (event) => console.error(`CSP ${event.effectiveDirective} blocked ${event.blockedURI} at ${event.sourceFile}:${event.lineNumber}`));"""

expect.set_options(timeout=PATIENCE)


@dataclass
class Site:
    """The running site."""

    address: str


@dataclass
class Watched:
    """What went wrong on the pages of a test, and what was expected to."""

    site: Site
    found: list[str] = field(default_factory=list)
    expected: list[re.Pattern[str]] = field(default_factory=list)

    def expect(self, pattern: str) -> None:
        """Let pass what the test provokes on purpose."""
        self.expected.append(re.compile(pattern))

    def note(self, what: str) -> None:
        self.found.append(what)

    def troubles(self) -> list[str]:
        return [what for what in self.found if not any(pattern.search(what) for pattern in self.expected)]

    def context(self, context: BrowserContext) -> None:
        context.add_init_script(TELL_VIOLATIONS)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.note(f"uncaught: {error.error}"))
        context.on("request", self._request)
        context.on("requestfailed", self._failed)
        context.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not REFUSED.match(message.text):
            self.note(f"console: {message.text} ({message.location.get('url', '')})")

    def _request(self, request: Request) -> None:
        if not request.url.startswith(f"{self.site.address}/") and not OURS.match(request.url):
            self.note(f"request elsewhere: {request.url}")

    def _failed(self, request: Request) -> None:
        """What the content policy stopped, or the rule that an SVG's parts come from its own origin, never left the browser."""
        if request.failure in ("csp", "origin") and (noted := f"request elsewhere: {request.url}") in self.found:
            self.found.remove(noted)

    def _response(self, response: Response) -> None:
        if response.status >= 500:
            self.note(f"{response.status} from {response.url}")


# ---- the site ----


@pytest.fixture
def db(committed_db: None) -> None:
    """Here rows are really committed: the server reads them on connections of its own."""


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="session")
def server(django_db_setup: None) -> Iterator[Site]:
    """The real WSGI application on a free port, a thread per connection."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "No directory at")  # static files come from the apps themselves here
        application = get_wsgi_application()  # not config.wsgi, which refuses to serve as the embedded database's superuser

    class Handler(QuietWSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def get_stderr(self) -> Any:
            return open(os.devnull, "w")  # noqa: SIM115 - broken pipes of pages that were closed

    running = ThreadedWSGIServer(("127.0.0.1", 0), Handler, allow_reuse_address=True)
    running.handle_error = lambda request, client_address: None  # type: ignore[method-assign]
    running.daemon_threads = True
    running.set_app(application)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield Site(f"http://127.0.0.1:{running.server_port}")
    running.shutdown()
    running.server_close()
    thread.join()


@pytest.fixture
def site(server: Site, committed_db: None, settings: Any, tmp_path: Path) -> Site:
    """The site, with a database that is wiped after the test, and files in a folder of the test's own."""
    settings.MEDIA_ROOT = str(tmp_path / "media")
    settings.SITE_ADDRESS = server.address  # what links in mails begin with
    return server


# ---- the browser ----


def chromium() -> str:
    named = os.environ.get("FAIRHAND_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert named, "No Chromium: run tools/install_chromium.sh, or name one with FAIRHAND_CHROMIUM."
    return named


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser per file of tests, not per session: Playwright keeps an event loop, which tests elsewhere must not find running."""
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # the loop is Playwright's alone; no coroutine of ours touches the database
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium(),
            args=[
                "--autoplay-policy=no-user-gesture-required",
                "--disable-dev-shm-usage",
                "--disable-component-update",
                "--disable-features=LocalNetworkAccessChecks",  # pages from elsewhere post to this site, which is on this machine here
            ],
        )
        yield launched
        launched.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def watched(site: Site) -> Watched:
    return Watched(site)


@pytest.fixture
def new_context(browser: Browser, site: Site, watched: Watched) -> Iterator[Callable[..., BrowserContext]]:
    """Another browser profile: its own cookies and storage. All are watched, and closed before the database is wiped."""
    opened: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(**({"base_url": site.address, "viewport": DESKTOP, "locale": "en-GB"} | options))
        context.set_default_timeout(PATIENCE)
        watched.context(context)
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()
    assert watched.troubles() == []


@pytest.fixture
def context(new_context: Callable[..., BrowserContext]) -> BrowserContext:
    return new_context()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


# ---- what tests do with a page ----


@pytest.fixture
def sign_in(site: Site) -> Callable[[Page, Person], None]:
    """Be that person on that page and every other of its profile, as after signing in."""

    def sign(page: Page, person: Person) -> None:
        client = Client()
        client.force_login(person.user)
        cookie = client.cookies[django_settings.SESSION_COOKIE_NAME]
        page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": site.address, "httpOnly": True}])

    return sign


@pytest.fixture
def axe() -> Callable[..., None]:
    """No rule of axe-core is broken, in light and in dark. `exclude` names selectors that are not ours to repair: see decision 10."""

    def check(page: Page, *, exclude: tuple[str, ...] = ()) -> None:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            _inject(page)
            outcome = page.evaluate(
                "([context, options]) => axe.run(context, options)",
                [
                    {"include": [["html"]], "exclude": [[one] for one in exclude]},
                    {"resultTypes": ["violations"], "rules": AXE_RULES},
                ],
            )
            assert _described(outcome["violations"]) == [], scheme
        page.emulate_media(color_scheme="light", reduced_motion=None)

    return check


def _inject(page: Page) -> None:
    """Evaluated by the debugger, which the page's content policy does not bind; in frames too, where axe looks by itself, and which have
    no origin by which it would know them.
    """
    for frame in page.frames:
        if not frame.evaluate("() => Boolean(window.axe)"):
            frame.evaluate(AXE_SCRIPT)
            frame.evaluate("() => axe.configure({allowedOrigins: ['<unsafe_all_origins>']})")


def _described(violations: list[dict[str, Any]]) -> list[str]:
    return [
        f"{violation['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for violation in violations
        for node in violation["nodes"]
    ]


@pytest.fixture
def shot() -> Callable[[Page, str], None]:
    """Pictures of the page for people to look at, large and small, light and dark; and that nothing sticks out at 360 pixels."""

    def take(page: Page, name: str) -> None:
        PICTURES.mkdir(parents=True, exist_ok=True)
        for size, viewport in (("desktop", DESKTOP), ("phone", PHONE)):
            page.set_viewport_size(viewport)
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                page.screenshot(path=PICTURES / f"{name}-{size}-{scheme}.png", full_page=True)
            wide = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{name} is {wide} pixels wider than a {size}"
        page.set_viewport_size(DESKTOP)
        page.emulate_media(color_scheme="light")

    return take
