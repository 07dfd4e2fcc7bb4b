"""What an operator may do to how somebody else signs in, and that it is written down and told."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client

from foundation.models import AuditEntry
from tests.builders import PASSWORD
from tests.journeys.world import ok
from tests.workforce.test_tokens import SECRET
from workforce import jobs, recovering, tokens
from workforce.models import ApiToken

REASON = "Phone lost; identity checked by video call."


@pytest.fixture
def guarded(wanda, olga, rita, monkeypatch):
    """Wanda with an authenticator app and recovery codes. What is put on the queue runs at once."""
    TOTP.activate(wanda.user, SECRET)
    RecoveryCodes.activate(wanda.user)
    wanda.token = tokens.issue(wanda.user, name="test", now=wanda.now, scopes=["read", "admin"])[
        1
    ]  # a new factor ends those before
    monkeypatch.setattr("foundation.queueing.async_task", lambda job, *args, **_: getattr(jobs, job.split(".")[-1])(*args))
    mail.outbox.clear()
    return wanda


def entries() -> list[tuple[str, str, str, dict]]:
    found = AuditEntry.objects.filter(action__contains="_by_operator").order_by("number")
    return [(entry.action, entry.subject, entry.reason, entry.after) for entry in found]


def test_an_operator_removes_lost_second_factors_and_the_person_is_told(guarded, olga):
    answer = ok(olga.post(f"users/{guarded.user.id}/remove-second-factors", {"reason": REASON}))
    assert answer["second_factors"] == 2
    assert not Authenticator.objects.filter(user=guarded.user).exists()
    assert not ApiToken.objects.filter(user=guarded.user, revoked_at=None).exists()
    [(action, subject, reason, after)] = entries()
    assert (action, subject, reason) == ("factors.removed_by_operator", f"user:{guarded.user.id}", REASON)
    assert after["second_factors"] == 2
    assert AuditEntry.objects.get(action=action).actor_id == olga.user.id
    [sent] = mail.outbox
    assert sent.to == [guarded.user.email]
    assert REASON in sent.body
    site = Client()
    assert site.post("/account/login/", {"login": guarded.user.email, "password": PASSWORD})["Location"] == "/"
    again = ok(olga.post(f"users/{guarded.user.id}/remove-second-factors", {"reason": REASON}))
    assert (again["second_factors"], len(entries()), len(mail.outbox)) == (0, 1, 1)


def test_an_operator_signs_an_account_out_everywhere(guarded, wanda, olga):
    Authenticator.objects.all().delete()
    site = Client()
    site.post("/account/login/", {"login": wanda.user.email, "password": PASSWORD})
    assert site.get("/account/").status_code == 200
    answer = ok(olga.post(f"users/{wanda.user.id}/sign-out", {"reason": REASON}, key="once"))
    assert answer == ok(olga.post(f"users/{wanda.user.id}/sign-out", {"reason": REASON}, key="once"))
    assert (answer["sessions"], answer["tokens"]) == (1, 1)
    assert site.get("/account/").status_code == 302
    assert wanda.get("me").status_code == 401
    assert [one[0] for one in entries()] == ["sessions.ended_by_operator"]
    assert REASON in mail.outbox[-1].body
    ok(olga.post(f"users/{wanda.user.id}/sign-out", {"reason": REASON}))
    assert len(entries()) == 1, "there was nothing left to end"


@pytest.mark.parametrize("act", ["remove-second-factors", "sign-out"])
def test_only_operators_for_a_reason_and_not_on_themselves(guarded, olga, rita, act):
    for someone in (guarded, rita):
        assert someone.post(f"users/{guarded.user.id}/{act}", {"reason": REASON}).status_code == 403
    for reason in ("", "   ", "x" * (recovering.REASON_MAX_CHARACTERS + 1)):
        refused = olga.post(f"users/{guarded.user.id}/{act}", {"reason": reason})
        assert refused.status_code in (400, 422)
        assert "reason" in refused.content.decode()
    assert olga.post(f"users/{rita.organization.id}/{act}", {"reason": REASON}).status_code == 404
    if act == "remove-second-factors":
        refused = olga.post(f"users/{olga.user.id}/{act}", {"reason": REASON})
        assert (refused.status_code, refused.json()["code"]) == (403, "own_account")
    assert Authenticator.objects.filter(user=guarded.user).count() == 2
    assert entries() == []


def test_the_only_operator_is_let_in_again_from_the_shell(olga, guarded):
    TOTP.activate(olga.user, SECRET)
    mail.outbox.clear()
    call_command("remove_second_factors", "Olga@example.org", reason=REASON)
    assert not Authenticator.objects.filter(user=olga.user).exists()
    assert [one[1:3] for one in entries()] == [(f"user:{olga.user.id}", REASON)]
    assert mail.outbox[-1].to == [olga.user.email]
    with pytest.raises(CommandError, match="no account"):
        call_command("remove_second_factors", "nobody@example.org", reason=REASON)
