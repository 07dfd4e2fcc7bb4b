"""Parameters of an address that is no list: which there are, and what each takes."""

from collections.abc import Collection, Sequence

from django.utils.translation import gettext
from rest_framework.request import Request

from foundation.errors import Invalid

SHOWN_CHARACTERS = 100


class UnknownParameter(Invalid):
    """A query parameter that this address does not have."""

    code = "unknown_parameter"


class BadParameter(Invalid):
    """A value that a query parameter does not take."""

    code = "bad_parameter"


def check_names(request: Request, known: Collection[str]) -> None:
    """Raises UnknownParameter for a query parameter that is not among `known`."""
    for name in request.query_params:
        if name not in known:
            said = {"got": name[:SHOWN_CHARACTERS], "known": ", ".join(sorted(known))}
            message = gettext("There is no parameter “%(got)s” here; there is: %(known)s.") % said
            raise UnknownParameter(message, field=said["got"], known=sorted(known))


def one_of(request: Request, name: str, allowed: Sequence[str]) -> str:
    """What the parameter says; without it, the first of `allowed`. Raises BadParameter for anything else."""
    given = request.query_params.get(name, allowed[0])
    if given not in allowed:
        said = {"got": given[:SHOWN_CHARACTERS], "name": name, "allowed": ", ".join(allowed)}
        message = gettext("“%(got)s” is not a value of “%(name)s”; use one of: %(allowed)s.") % said
        raise BadParameter(message, field=name, got=said["got"], allowed=list(allowed))
    return given
