"""The page on which the API is tried."""

from playwright.sync_api import expect


def test_the_page_of_the_api_breaks_no_rule_that_is_ours_to_keep(site, page, axe):
    page.goto("/api/docs/")
    expect(page.locator(".opblock").first).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("The Fairhand API")
    axe(page, exclude=(".opblock-summary",))  # Swagger UI puts links into buttons
