"""What the cluster does for people: load, call one verb. Each is safe to run twice."""

from uuid import UUID

from foundation import clock
from workforce import emails, mailing, members, onboarding, recovering, tokens


def send_notices() -> int:
    """Every minute: mail what people want to be mailed at once."""
    return mailing.send_due(now=clock.now())


def send_daily_notices() -> int:
    """Every half hour: one mail with what has gathered, to those for whom it has turned seven."""
    return mailing.send_daily(now=clock.now())


def tell_of_agreement(agreement_id: str) -> int:
    """Once per version: tell every worker that an agreement has changed."""
    return onboarding.tell_of_agreement(UUID(agreement_id), now=clock.now())


def mail_invitation(invitation_id: str) -> bool:
    """Once per invitation, and when it is asked for again: mail it."""
    return members.mail_invitation(UUID(invitation_id), now=clock.now())


def send_email_code(nonce: str) -> bool:
    """Once per code: mail it."""
    return emails.mail_code(UUID(nonce), now=clock.now(), simulated=clock.simulation_allowed())


def tell_of_sign_up(address: str) -> bool:
    """Once per sign-up with an address that is somebody's: tell its owner."""
    return emails.mail_of_sign_up(address)


def send_token_mail(token_id: str) -> bool:
    """Once per token: tell its owner that it was made."""
    return tokens.mail_owner(UUID(token_id), now=clock.now())


def send_recovery_mail(user_id: str, entry_number: int) -> bool:
    """Once per act of an operator on how somebody signs in: tell them."""
    return recovering.mail_owner(UUID(user_id), entry_number)


def forget_networks() -> int:
    """Every day: forget from where tokens were used a month ago."""
    return tokens.forget_networks(now=clock.now())
