"""Second factors where there is no page to show: whoever has one gives its code with the password. The site itself asks by allauth."""

from allauth.mfa.models import Authenticator

from workforce.errors import SecondFactorNeeded, WrongSecondFactor
from workforce.models import User

WITH_A_CODE = [Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES]


def check(user: User, code: str) -> None:
    """Let pass who has no second factor, or gives the code of theirs: of the authenticator app, or a recovery code, each once.

    Raises SecondFactorNeeded without a code, WrongSecondFactor for one that is wrong or was used. A passkey cannot be given here: its
    owner gives a recovery code, or makes the token on the site.
    """
    factors = list(Authenticator.objects.filter(user=user))
    kinds = sorted({factor.type for factor in factors} - {Authenticator.Type.RECOVERY_CODES})
    if not kinds:
        return
    if not code:
        raise SecondFactorNeeded(field="code", kinds=kinds)
    for factor in factors:
        if factor.type in WITH_A_CODE and factor.wrap().validate_code(code.strip()):
            return
    raise WrongSecondFactor(field="code")


def has_one(user_id: object) -> bool:
    """Does a password alone not suffice for this account?"""
    return bool(Authenticator.objects.filter(user_id=user_id).exclude(type=Authenticator.Type.RECOVERY_CODES).exists())
