"""The frame of every page: the start page, signing in, the account, a page that is not there."""

from playwright.sync_api import expect

from tests.builders import PASSWORD


def test_a_stranger_reads_what_this_is(site, page, axe, shot):
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("paid fairly")
    axe(page)
    shot(page, "start")


def test_wanda_signs_in_by_keyboard_and_sees_her_account(site, page, wanda, axe, shot):
    page.goto("/account/login/")
    axe(page)
    shot(page, "sign-in")
    page.get_by_label("Email").fill(wanda.user.email)
    page.get_by_label("Password").first.fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_visible()
    page.goto("/account/")
    expect(page.get_by_role("heading", name="Account")).to_be_visible()
    axe(page)
    shot(page, "account")


def test_the_menu_and_the_content_are_reached_with_the_keyboard_alone(site, page, wanda, sign_in):
    sign_in(page, wanda)
    page.goto("/account/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_an_address_that_leads_nowhere(site, page, settings, axe):
    settings.DEBUG = False
    answer = page.goto("/nowhere")
    assert answer.status == 404
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    axe(page)


def test_the_watch_sees_what_it_is_for(site, page, watched):
    page.goto("/")
    page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s); }"
    )
    page.evaluate("() => console.error('oops')")
    page.evaluate("() => fetch('http://127.0.0.2:9/').catch(() => {})")
    page.wait_for_timeout(200)
    seen = "\n".join(watched.troubles())
    assert "CSP script-src" in seen
    assert "oops" in seen
    assert page.evaluate("() => window.ran") is None
    watched.expect("CSP|Content Security|oops")
    assert [what for what in watched.troubles() if "127.0.0.2" not in what] == []
    watched.expect("127.0.0.2")
