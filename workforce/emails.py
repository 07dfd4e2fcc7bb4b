"""Is the address someone signed up with theirs? A code sent there proves it; on the site django-allauth does the same with its own.

The code is not kept: it is derived from the row under the installation's secret, so that neither the table nor the queue can tell it.
"""

import base64
import hmac
from datetime import datetime, timedelta
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMessage, send_mail
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from foundation import keys, queueing
from foundation.errors import NotFound
from foundation.ids import new_id
from foundation.statements import hold_name
from workforce import mailing, onboarding, step_kinds
from workforce.access import Actor
from workforce.addresses import UNPROVEN
from workforce.errors import BadCode, CodeTooSoon
from workforce.models import ApiToken, EmailCode, User

CODE_CHARACTERS = 8
CODE_LIFE = timedelta(minutes=15)
CODE_TRIES = 5
CODE_PAUSE = timedelta(minutes=1)  # between two codes
ACCOUNTS_MAX = 2  # at one address: who holds it, and who claims it
TOLD_OF_SIGN_UP_SECONDS = 3600  # an owner is mailed about sign-ups with their address once in that time


def claim(user: User, address: str, *, verified: bool) -> EmailAddress:
    """Save a new account, with the address it claims, or has where the installation takes it as proven. Within a transaction.

    One account claims an address at a time: whoever did before, and never proved it, loses it. Where the address is proven to be
    another's, the account is saved without one of its own, and only the claim is written down: it can never be proven while that lasts.
    Raises IntegrityError (email_once) if the address is taken and this one is to have it as it is.
    """
    hold_name(f"address {address}")  # twins queue up; the later one finds what the first has written
    if not verified:
        release(address, to=user.id)
        if User.objects.filter(email=address).exists():
            user.email = f"{user.id}@{UNPROVEN}"
    user.save(force_insert=True)
    return EmailAddress.objects.create(user=user, email=address, primary=True, verified=verified)


def accounts_at(address: str) -> list[User]:
    """The accounts a password may be tried on at this address: a claim of it before whoever holds it; at most ACCOUNTS_MAX."""
    claims = _claims_of(address).filter(is_active=True).order_by("-created_at")[:1]
    return [*claims, *User.objects.filter(email=address)]


def _claims_of(address: str) -> QuerySet[User]:
    """Accounts that claim an address which another one holds."""
    rows = EmailAddress.objects.filter(email=address, primary=True, verified=False)
    return User.objects.filter(id__in=rows.values("user_id"), email__endswith=f"@{UNPROVEN}")


def address_of(user: User) -> str:
    """The address of an account, also one that it only claims."""
    if not user.email.endswith(f"@{UNPROVEN}"):
        return user.email
    return EmailAddress.objects.filter(user=user, primary=True).values_list("email", flat=True).first() or user.email


def holder_of(address: str, *, besides: UUID | None) -> UUID | None:
    """Whose proven address that is, if it is another account's."""
    rows = EmailAddress.objects.filter(email=address, verified=True).exclude(user_id=besides)
    found: UUID | None = rows.values_list("user_id", flat=True).first()
    return found


def tell_owner_of(user: User) -> None:
    """Have the owner of a proven address mailed that this new account claims it. Nothing if nobody has proven it."""
    address = address_of(user)
    if holder_of(address, besides=user.id) is not None:
        queueing.enqueue("workforce.jobs.tell_of_sign_up", address)


def mail_of_sign_up(address: str) -> bool:
    """Tell the owner of an address, by a job, that somebody signed up with it; once an hour at most. False where nothing was sent."""
    owner_id = holder_of(address, besides=None)
    told = f"told_of_sign_up_{owner_id}"
    if owner_id is None or not cache.add(told, 1, TOLD_OF_SIGN_UP_SECONDS):
        return False
    text = _(
        "Somebody, perhaps you, has tried to sign up on %(site)s with this address. You have an account with it already.\n\n"
        "Sign in:\n\n%(site)s/account/login/\n\nIf you forgot the password, choose another:\n\n%(site)s/account/password/reset/\n\n"
        "If it was not you, do nothing: they learn nothing about you, and cannot use your address."
    )
    try:
        send_mail(_("You have an account on Fairhand"), text % {"site": settings.SITE_ADDRESS}, None, [address])
    except Exception:
        cache.delete(told)  # the job is tried again
        raise
    return True


def is_proven(user_id: UUID) -> bool:
    """Has this person shown that the address of the account is theirs, or does this installation take addresses as they are?"""
    return not settings.EMAIL_VERIFICATION or step_kinds.email_is_verified(user_id)


@transaction.atomic
def release(address: str, *, to: UUID) -> int:
    """Take an address from the accounts that claim it and never proved it, for the one that proves it now; returns how many.

    They are closed: an account without an address of its own can never be proven.
    """
    at_it = Q(email=address) | Q(id__in=_claims_of(address).values("id"))
    claiming = User.objects.select_for_update(no_key=True).filter(at_it).exclude(id=to).order_by("id")
    unproven = [user for user in claiming if not step_kinds.email_is_verified(user.id)]
    for user in unproven:
        EmailAddress.objects.filter(user=user).delete()
        EmailCode.objects.filter(user=user).delete()
        User.objects.filter(id=user.id).update(email=f"{user.id}@{UNPROVEN}", is_active=False)
    EmailAddress.objects.filter(email=address, verified=False).exclude(user_id=to).delete()
    return len(unproven)


def hold(address: str, *, by: UUID) -> None:
    """Give an account the address that it has proven, where it only claimed it until now."""
    User.objects.filter(id=by, email__endswith=f"@{UNPROVEN}").update(email=address)


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
    row.nonce, row.email, row.tries_left = new_id(), address_of(user), CODE_TRIES
    row.created_at, row.expires_at = now, now + CODE_LIFE
    row.mailed, row.mail_taken_at = False, None
    row.save()
    if row.verified_at is None:
        queueing.enqueue("workforce.jobs.send_email_code", str(row.nonce))
    return row


def mail_code(nonce: UUID, *, now: datetime, simulated: bool = False) -> bool:
    """The mail itself, by a job; False when another code has taken this one's place, it was sent, or would come too late to be used.

    Where the address is another's, its owner is told of the sign-up instead. In a simulation codes live by a clock that no job sees.
    Raises as `mailing.send_once`.
    """
    row = EmailCode.objects.filter(nonce=nonce, verified_at=None).first()
    if row is None or (row.expires_at <= now and not simulated):
        return False
    if holder_of(row.email, besides=row.user_id) is not None:
        mail_of_sign_up(row.email)
        return False
    text = _(
        "Your code is:\n\n%(code)s\n\nIt works for %(minutes)d minutes. If you did not ask for it, somebody mistyped an address: do nothing."
    )
    left = CODE_LIFE if simulated else row.expires_at - now
    facts = {"code": _code_of(row), "minutes": max(1, round(left.total_seconds() / 60))}
    message = EmailMessage(_("Your code for Fairhand"), text % facts, to=[row.email])
    return mailing.send_once(EmailCode.objects.filter(nonce=nonce), message, now=now)


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
        if holder_of(row.email, besides=actor.id) is not None:
            raise BadCode(field="code")
        release(row.email, to=actor.id)
        hold(row.email, by=actor.id)
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
