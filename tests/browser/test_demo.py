"""The site as `make demo` leaves it: every page of the menu has something to show to who is half-way, and every type of task opens."""

import re

import pytest
from playwright.sync_api import Page, expect

from config.management.commands.demo import operator_token
from config.pages import MENU
from simulation import showcase
from tasks.jobs import weigh_gold
from tests.journeys.small_showcase import few

pytestmark = pytest.mark.timeout(900)
ELSEWHERE = ["/account/", "/appeals/", "/my/data/", "/onboarding/"]  # reached from other pages


@pytest.fixture
def shown(site) -> showcase.Shown:
    seen = showcase.live(site.address, operator_token(), tell=lambda line: None, postings=few())
    weigh_gold()  # the cluster's job
    return seen


def sign_in_by_form(page: Page, account: showcase.Account) -> None:
    page.goto("/account/login/")
    page.get_by_label("Email", exact=False).first.fill(account.email)
    page.get_by_label("Password", exact=False).first.fill(account.password)
    page.get_by_role("button", name=re.compile("sign in", re.IGNORECASE)).first.click()
    page.wait_for_url(re.compile("/jobs/|/onboarding/|/account/$"))


def looked_at(page: Page, address: str, name: str, shot, axe) -> None:
    """The page answers, is accessible, and says something of this person's own."""
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 200, address
    shot(page, f"demo-{name}")
    axe(page)


def opens(page: Page, address: str) -> bool:
    """Is there a task in the workspace, and not the word that there are no more?"""
    page.goto(address)
    page.wait_for_function("() => !document.querySelector('#over').hidden || !document.querySelector('#skip').disabled")
    if page.locator("#over").is_visible():
        expect(page.locator("#over")).to_contain_text("There is no more work for you here now.")
        return False
    expect(page.frame_locator("#editor iframe").locator("body")).not_to_be_empty()
    return True


def test_who_is_half_way_finds_something_on_every_page(shown, new_context, shot, axe):
    mira, nils, rita = shown.accounts[:3]
    page = new_context().new_page()
    sign_in_by_form(page, mira)
    links = page.locator("header nav a")
    addresses = [str(link.get_attribute("href")) for link in links.all()]
    assert len(addresses) == len(MENU)
    for address in [*addresses, *ELSEWHERE]:
        looked_at(page, address, f"mira{address.replace('/', '-').rstrip('-')}", shot, axe)
        if address not in ("/onboarding/", "/my/data/", "/account/"):
            expect(page.locator("main .empty")).to_have_count(0)
    page.goto("/jobs/")
    jobs = {link.get_attribute("href"): link.inner_text() for link in page.locator("main .card h2 a, main .card h3 a").all()}
    assert len(jobs) == 17
    opened = {name for address, name in jobs.items() if opens(page, str(address).replace("/jobs/", "/work/"))}
    done_all = {
        "Where does this message belong?",
        "May this comment stay?",
        "Which shelf is it on?",
        "How helpful is this reply?",
    }
    assert set(jobs.values()) - opened <= done_all | {"How many birds?"}, (
        "few tasks: of the quick ones Mira has done all there are"
    )

    page = new_context().new_page()
    sign_in_by_form(page, nils)
    looked_at(page, "/jobs/", "nils-jobs", shot, axe)
    looked_at(page, "/onboarding/", "nils-onboarding", shot, axe)

    page = new_context().new_page()
    sign_in_by_form(page, rita)
    looked_at(page, "/account/", "rita-account", shot, axe)
