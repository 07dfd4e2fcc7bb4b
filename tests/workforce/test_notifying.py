"""Notices: told once, as each prefers; mailed at once or at seven; and the link that ends mails."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.test import Client

from foundation.errors import NotFound
from qualification import granting
from tasks import asking, jobs, publishing, reviewing
from tests import builders
from tests.tasks import scenes
from workforce import mailing, notifying, onboarding, wording
from workforce.errors import BadField
from workforce.models import NoticeKind, NoticePreference, Notification, User

pytestmark = pytest.mark.django_db


def told(person, kind=None):
    rows = Notification.objects.filter(user=person.user).order_by("id")
    return list(rows.filter(kind=kind) if kind else rows)


def tell(person, now, *, kind="answered", key="k", **fields):
    settings = {"by": None, "data": {"about": "Colours"}, "link": "/questions/"} | fields
    return notifying.notify([person.user.id], kind=kind, key=key, now=now, **settings)


def test_one_fact_is_told_once(wanda, now):
    tell(wanda, now)
    tell(wanda, now + timedelta(days=1))
    (notice,) = told(wanda)
    assert (notice.created_at, notice.mail, notice.on_site) == (now, "at_once", True)
    assert notifying.unread_count(wanda.user.id) == 1
    notifying.mark_read(wanda.actor, notice.id, now=now)
    assert notifying.mark_read(wanda.actor, notice.id, now=now + timedelta(days=1)).read_at == now
    assert notifying.unread_count(wanda.user.id) == 0


def test_nobody_reads_anothers_notice(wanda, walt, now):
    tell(wanda, now)
    with pytest.raises(NotFound):
        notifying.mark_read(walt.actor, told(wanda)[0].id, now=now)
    assert notifying.mark_all_read(walt.actor, now=now) == 0
    assert notifying.mark_all_read(wanda.actor, now=now) == 1


def test_preferences_decide_and_what_changes_pay_stays_on_the_site(wanda, now):
    wanted = [{"kind": "answered", "on_site": False, "mail": "none"}, {"kind": "decided", "on_site": False, "mail": "daily"}]
    notifying.prefer(wanda.actor, wanted, now=now)
    tell(wanda, now)
    tell(wanda, now, kind="decided", key="d", data={"kind": "pause", "reason": "x"})
    answered, decided = told(wanda)
    assert (answered.on_site, answered.mail, answered.mail_due_at) == (False, "none", None)
    assert (decided.on_site, decided.mail) == (True, "daily")
    assert notifying.unread_count(wanda.user.id) == 1
    for bad in ({"kind": "nonsense"}, {"kind": "answered", "mail": "pigeon"}):
        with pytest.raises(BadField):
            notifying.prefer(wanda.actor, [bad], now=now)


def test_every_kind_has_a_default_and_words():
    assert set(notifying.BY_DEFAULT) == set(wording.SENTENCES) == set(NoticeKind)


def test_accepted_work_is_told_once_a_batch_and_day(rita, olga, wanda, walt, now):
    batch = scenes.opened(rita, olga, tasks=6, overlap=2)
    scenes.answered(wanda, batch, count=3)
    scenes.answered(walt, batch, count=1)
    assert reviewing.accept_submitted(rita.actor, batch.id, now=now).accepted == 4
    (hers,) = told(wanda, "work_accepted")
    assert (hers.count, hers.data["amount_micros"], hers.mail) == (3, 3 * scenes.PRICE, "none")
    assert told(walt, "work_accepted")[0].count == 1
    later = builders.Person(wanda.user, wanda.token, now + timedelta(minutes=5), wanda.worker)
    scenes.answered(later, batch, count=2)
    reviewing.accept_submitted(rita.actor, batch.id, now=now + timedelta(hours=1))
    (hers,) = told(wanda, "work_accepted")
    assert (hers.count, hers.data["amount_micros"]) == (5, 5 * scenes.PRICE)
    assert wording.sentence_of(hers.kind, hers.data, hers.count) == "5 answers of “First” are accepted."


def test_skills_guidelines_and_agreements_are_told_of(rita, olga, wanda, walt, now):
    batch = scenes.opened(rita, olga)
    scenes.claim(wanda, batch)
    skill = granting.create_skill(rita.actor, organization_id=rita.organization.id, name="Colours", description="", now=now)
    granting.grant_by_hand(
        rita.actor, skill.id, worker=builders.known(wanda, rita), value=80, now=now, expires_at=now + timedelta(days=10)
    )
    assert granting.warn_expiring(now=now) == 0
    granting.warn_expiring(now=now + timedelta(days=4))
    granting.warn_expiring(now=now + timedelta(days=5))
    row = publishing.add_guideline(rita.actor, batch.project_id, text="Other.", changes="Blue counts.", now=now)
    jobs.tell_of_guideline(str(row.id))
    asking.tell_of_guideline(row.id, now=now)
    agreement = onboarding.publish_agreement(olga.actor, slug="terms", title="Terms", text="Fair.", now=now)
    onboarding.tell_of_agreement(agreement.id, now=now)
    onboarding.tell_of_agreement(agreement.id, now=now)
    kinds = [one.kind for one in told(wanda)]
    assert kinds == ["skill_granted", "skill_expiring", "guideline_changed", "new_agreement"]
    assert [one.kind for one in told(walt)] == ["new_agreement"]
    for one in told(wanda):
        assert wording.sentence_of(one.kind, one.data)


# ---- mail ----


def test_mail_goes_out_once_and_says_how_to_end_it(wanda, now):
    tell(wanda, now)
    assert mailing.send_due(now=now) == 1
    assert mailing.send_due(now=now + timedelta(hours=1)) == 0
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == ([wanda.user.email], "There is an answer about “Colours”.")
    address = re.search(r"<http://localhost:8000(/notifications/stop/.+/)>", sent.extra_headers["List-Unsubscribe"]).group(1)
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert address in sent.body
    stranger = Client(enforce_csrf_checks=True)
    assert "end with one click" in stranger.get(address).content.decode()
    assert not NoticePreference.objects.exists()
    assert "no more mails" in stranger.post(address).content.decode()
    tell(wanda, now, key="again")
    assert mailing.send_due(now=now) == 0
    assert len(told(wanda)) == 2
    assert stranger.post(address.replace("/stop/", "/stop/x")).status_code == 404


def test_a_mail_that_fails_is_tried_again_and_not_for_ever(wanda, now, monkeypatch):
    tell(wanda, now)

    def broken(self, *args, **kwargs):
        raise OSError("no server")

    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", broken)
    for n in range(mailing.TRIES_MAX + 2):
        assert mailing.send_due(now=now + n * mailing.RETRY_AFTER) == 0
    assert told(wanda)[0].mail_tries == mailing.TRIES_MAX
    assert told(wanda)[0].mailed_at is None


def test_the_days_mail_comes_at_seven_where_the_person_lives(wanda):
    onboarding.update_profile(wanda.worker.id, now=wanda.now, time_zone="America/New_York")
    evening = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)  # six in the evening in New York
    notifying.prefer(wanda.actor, [{"kind": "answered", "mail": "daily"}], now=evening)
    tell(wanda, evening, key="one")
    tell(wanda, evening, key="two")
    assert mailing.send_daily(now=datetime(2026, 3, 3, 11, 59, tzinfo=UTC)) == 0
    tell(wanda, datetime(2026, 3, 3, 12, 0, 30, tzinfo=UTC), key="after seven")
    assert mailing.send_daily(now=datetime(2026, 3, 3, 12, 1, tzinfo=UTC)) == 1
    assert mail.outbox[0].subject == "2 things to know on Fairhand"
    assert mailing.send_daily(now=datetime(2026, 3, 3, 20, 0, tzinfo=UTC)) == 0
    assert mailing.send_daily(now=datetime(2026, 3, 4, 12, 0, tzinfo=UTC)) == 1


def test_nobody_is_mailed_who_is_gone(wanda, now):
    tell(wanda, now)
    User.objects.filter(id=wanda.user.id).update(is_active=False)
    assert mailing.send_due(now=now) == 0
    assert mail.outbox == []


def test_nothing_in_a_mail_runs(wanda, now):
    tell(wanda, now, data={"about": "<script>x</script>\r\nBcc: eve@example.org"})
    mailing.send_due(now=now)
    (sent,) = mail.outbox
    assert "\n" not in sent.subject
    html = sent.alternatives[0][0]
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


# ---- pages ----


def test_the_frame_of_a_page_asks_once_for_the_badge(wanda, now, django_assert_max_num_queries):
    tell(wanda, now)
    client = Client()
    client.force_login(wanda.user)
    client.get("/questions/")
    with django_assert_max_num_queries(7):  # session, user, actor, worker, list (count and rows), badge
        assert b'class="count">1' in client.get("/questions/").content


def test_pages_of_others_are_not_there(wanda, walt, rita, now):
    tell(wanda, now)
    client = Client()
    assert client.get("/notifications/").status_code == 302
    client.force_login(walt.user)
    assert client.post(f"/notifications/{told(wanda)[0].id}/read/").status_code == 404
    assert client.get("/decisions/01a210d3-bea0-76a7-b364-9a72a54e9abb/").status_code == 404
    assert client.get("/appeals/01a210d3-bea0-76a7-b364-9a72a54e9abb/").status_code == 404
    assert client.get("/questions/01a210d3-bea0-76a7-b364-9a72a54e9abb/").status_code == 404
    assert Path(client.get("/notifications/").request["PATH_INFO"]) == Path("/notifications")
