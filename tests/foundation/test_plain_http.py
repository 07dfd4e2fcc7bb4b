"""Without TLS the API refuses and pages redirect; a load balancer's probes are answered."""

import pytest

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _behind_tls(settings):
    settings.SECURE_SSL_REDIRECT = True


def test_a_token_sent_in_the_clear_is_refused_and_not_redirected(client, rita):
    answer = client.get("/api/v1/me", headers={"Authorization": f"Bearer {rita.token}"})
    assert (answer.status_code, answer.json()["code"]) == (403, "https_required")
    assert client.get("/api/v1/me", headers={"Authorization": f"Bearer {rita.token}"}, secure=True).status_code != 403


def test_a_page_is_redirected_and_a_probe_answered(client):
    assert client.get("/account/login/").headers["Location"].startswith("https://")
    assert client.get("/api/healthz").status_code == 200


def test_signing_out_clears_what_the_browser_kept(client, rita):
    client.force_login(rita.user)
    answer = client.post("/account/logout/", secure=True)
    assert answer.headers["Clear-Site-Data"] == '"storage"'
    assert client.get("/account/", secure=True).status_code == 302
