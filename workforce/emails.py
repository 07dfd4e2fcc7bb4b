"""Is the address someone signed up with theirs? A code sent there proves it; on the site django-allauth does the same with its own.

The code is not kept: it is derived from the row under the installation's secret, so that neither the table nor the queue can tell it.
"""

import base64
import hmac
from datetime import datetime, timedelta
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from foundation import keys, queueing
from foundation.errors import NotFound
from foundation.ids import new_id
from workforce import onboarding, step_kinds
from workforce.access import Actor
from workforce.errors import BadCode, CodeTooSoon
from workforce.models import ApiToken, EmailCode, User

UNPROVEN = "unproven.invalid"  # RFC 2606: no mail ever arrives there
CODE_CHARACTERS = 8
CODE_LIFE = timedelta(minutes=15)
CODE_TRIES = 5
CODE_PAUSE = timedelta(minutes=1)  # between two codes


def record(user: User, *, verified: bool) -> EmailAddress:
    """Write down the address of a new account, and whether it is taken as proven."""
    return EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=verified)


def is_proven(user_id: UUID) -> bool:
    """Has this person shown that the address of the account is theirs, or does this installation take addresses as they are?"""
    return not settings.EMAIL_VERIFICATION or step_kinds.email_is_verified(user_id)


@transaction.atomic
def release(address: str, *, to: UUID) -> int:
    """Take an address from the accounts that claim it and never proved it, for the one that proves it now; returns how many.

    They are closed: an account without an address of its own can never be proven.
    """
    claiming = User.objects.select_for_update(no_key=True).filter(email=address).exclude(id=to)
    unproven = [user for user in claiming if not step_kinds.email_is_verified(user.id)]
    for user in unproven:
        EmailAddress.objects.filter(user=user).delete()
        EmailCode.objects.filter(user=user).delete()
        User.objects.filter(id=user.id).update(email=f"{user.id}@{UNPROVEN}", is_active=False)
    EmailAddress.objects.filter(email=address, verified=False).exclude(user_id=to).delete()
    return len(unproven)


@transaction.atomic
def send_code(actor: Actor, *, now: datetime) -> EmailCode:
    """Send a code to the actor's address; the one sent before is void. Raises CodeTooSoon within CODE_PAUSE of the last one.

    Where the address is verified already nothing is sent, and the row says so.
    """
    user = User.objects.select_for_update(no_key=True).get(id=actor.id)
    row = EmailCode.objects.filter(user=user).first() or EmailCode(user=user)
    if step_kinds.email_is_verified(user.id):
        row.verified_at = row.verified_at or now
    elif row.created_at is not None and row.created_at > now - CODE_PAUSE:
        raise CodeTooSoon(retry_at=(row.created_at + CODE_PAUSE).isoformat())
    row.nonce, row.email, row.tries_left = new_id(), user.email, CODE_TRIES
    row.created_at, row.expires_at = now, now + CODE_LIFE
    row.save()
    if row.verified_at is None:
        queueing.enqueue("workforce.jobs.send_email_code", str(row.nonce))
    return row


def mail_code(nonce: UUID) -> bool:
    """The mail itself, by a job; False when another code has taken this one's place."""
    row = EmailCode.objects.filter(nonce=nonce, verified_at=None).first()
    if row is None:
        return False
    text = _(
        "Your code is:\n\n%(code)s\n\nIt works for 15 minutes. If you did not ask for it, somebody mistyped an address: do nothing."
    )
    send_mail(_("Your code for Fairhand"), text % {"code": _code_of(row)}, None, [row.email])
    return True


def verify(actor: Actor, code: str, *, now: datetime) -> EmailCode:
    """Prove the address with the code that was sent there. The second time returns the same row.

    Raises BadCode for a wrong, void or expired one, and after CODE_TRIES for any. A try is counted before it is judged, so that
    many at the same instant are not more than CODE_TRIES.
    """
    row = EmailCode.objects.filter(user_id=actor.id).first()
    if row is None:
        raise NotFound("No code was sent. Ask for one first.")
    if row.verified_at is not None:
        return row
    tries = EmailCode.objects.filter(user_id=actor.id, nonce=row.nonce, verified_at=None, tries_left__gt=0, expires_at__gt=now)
    if not tries.update(tries_left=F("tries_left") - 1):
        raise BadCode(field="code")
    if not hmac.compare_digest(_code_of(row), code.strip().upper().replace("-", "").replace(" ", "")):
        raise BadCode(field="code", tries_left=max(row.tries_left - 1, 0))
    with transaction.atomic():
        release(row.email, to=actor.id)
        if not EmailAddress.objects.filter(user_id=actor.id, email=row.email, primary=True).update(verified=True):
            raise BadCode(field="code")  # the account has another address by now
        EmailCode.objects.filter(user_id=actor.id, nonce=row.nonce).update(verified_at=now)
        if actor.token_id is not None:  # the token it was proven with comes to life; others of that time never do
            ApiToken.objects.filter(id=actor.token_id, user_id=actor.id).update(is_provisional=False)
        if actor.worker_id:
            onboarding.touch_standing(actor.worker_id)
            onboarding.note_onboarded(actor.worker_id, now=now)
    row.refresh_from_db()
    return row


def _code_of(row: EmailCode) -> str:
    return base64.b32encode(keys.mac("email code", row.nonce.bytes, row.email.encode())).decode()[:CODE_CHARACTERS]
