"""The one form in which an email address is kept, looked up and mailed to (docs/decisions/0020).

Two spellings are the same address when their forms are equal, byte by byte; the database never folds case itself. What could only be
folded by guessing (letters that merely look like others, or become others under some rule of Unicode) is refused, so that nobody's
spelling of an address is ever somebody else's.
"""

import re
import unicodedata

import idna

from workforce.errors import BadAddress

ADDRESS_MAX_CHARACTERS = 254  # RFC 5321: what fits into a path
LOCAL_MAX_CHARACTERS = 64
UNPROVEN = "unproven.invalid"  # the domain of accounts that only claim their address; RFC 2606: no mail ever arrives there
NORMAL_FORM = r"^[a-z0-9!#$%&'*+/=?^_`{|}~.-]+@[a-z0-9.-]+$"  # as far as a constraint can tell: ASCII, lower case, one @
LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)
PLAIN_LABEL = re.compile(r"(?!xn--)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


def normal(address: str) -> str:
    """The address in its one form: name before the @ in lower case, domain in lower case and ASCII. Raises BadAddress.

    The name before the @ is ASCII without quotes; the domain may be international, and is kept as its A-labels (`xn--…`).
    """
    name, at, domain = address.strip().rpartition("@")
    if not at or not name or not domain:
        raise BadAddress("An email address has a name, an @ and a domain.", field="email")
    form = f"{_name(name)}@{_domain(domain)}"
    if len(form) > ADDRESS_MAX_CHARACTERS:
        raise BadAddress(field="email", limit=ADDRESS_MAX_CHARACTERS, got=len(form))
    return form


def is_normal(address: str) -> bool:
    """Is this the form itself?"""
    try:
        return normal(address) == address
    except BadAddress:
        return False


def _name(name: str) -> str:
    if not name.isascii():
        raise BadAddress(
            "The part of an email address before the @ can have only letters from a to z, digits and signs here. Use another address.",
            field="email",
        )
    if len(name) > LOCAL_MAX_CHARACTERS or not LOCAL.fullmatch(name.lower()):
        raise BadAddress("This email address is not one that mail could be sent to; check its spelling.", field="email")
    return name.lower()


def _domain(domain: str) -> str:
    if not unicodedata.is_normalized("NFKC", domain):  # the Kelvin sign, the long s, full-width letters: they become others
        raise BadAddress(
            "The domain of this email address has characters that stand for others. Type it in plain letters.", field="email"
        )
    lowered = "".join(letter.lower() for letter in domain)  # each for itself: a capital sigma is not another letter at the end
    try:
        labels = [label if PLAIN_LABEL.fullmatch(label) else idna.alabel(label).decode() for label in lowered.split(".")]
    except UnicodeError as error:  # what idna raises
        raise BadAddress("This is not the domain of an email address; check its spelling.", field="email") from error
    if len(labels) < 2 or labels[-1].isdigit():
        raise BadAddress("The domain of an email address has a dot and a name after it, such as example.org.", field="email")
    return ".".join(labels)
