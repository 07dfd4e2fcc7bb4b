"""One site, two languages: chosen by the browser, changed by the person, with money and instants as they are written there."""

import re

from playwright.sync_api import expect

from tests.browser import scenes


def test_a_person_changes_the_language_and_keeps_it(page, site, sign_in, rita, olga, wanda, axe, shot):
    scenes.opened(rita, olga)
    sign_in(page, wanda)
    page.goto("/jobs/")
    expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()
    expect(page.get_by_text("$0.05").first).to_be_visible()
    page.get_by_label("Language").select_option(label="Español")
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_role("heading", name="Trabajos", exact=True)).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "es"
    expect(page.get_by_text(re.compile("0,05\\s+US\\$")).first).to_be_visible()
    page.goto("/my/time/")
    expect(page.get_by_role("heading", name="Mi tiempo", exact=True)).to_be_visible()
    axe(page)
    shot(page, "my-time-in-spanish")


def test_a_browser_that_asks_for_spanish_gets_it_and_any_other_gets_english(new_context, site):
    for locale, said in (("es-MX", "Iniciar sesión"), ("fr-FR", "Sign in")):
        page = new_context(locale=locale).new_page()
        page.goto("/")
        expect(page.get_by_role("link", name=said).first).to_be_visible()


def test_a_refusal_is_told_in_the_language_of_who_asks(new_context, site, sign_in, wanda):
    page = new_context(locale="es-ES").new_page()
    sign_in(page, wanda)
    said = "En esa dirección no hay nada que puedas ver."
    answer = page.goto("/jobs/01a210b4-aa07-756e-882b-e685bb784568/")
    assert answer.status == 404
    expect(page.get_by_text(said)).to_be_visible()
    address = "/api/v1/projects/01a210b4-aa07-756e-882b-e685bb784568"
    assert page.request.get(address, headers={"Accept-Language": "es"}).json()["message"] == said
    assert "nothing here" in page.request.get(address, headers={"Accept-Language": "fr"}).json()["message"]
