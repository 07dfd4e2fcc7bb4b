"""The words of notices, in the reader's language: one sentence for each kind, from the data its cause gave. No markup."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from workforce.models import NoticeKind

Data = Mapping[str, Any]


def sentence_of(kind: str, data: Data, count: int = 1) -> str:
    """What a notice says, as plain text."""
    return SENTENCES[NoticeKind(kind)](data, count)


def _asked(data: Data, count: int) -> str:
    if data.get("kind") == "flag":
        return _("A worker flagged “%(about)s”.") % {"about": data["about"]}
    return _("A worker writes about “%(about)s”.") % {"about": data["about"]}


def _accepted(data: Data, count: int) -> str:
    text = ngettext("%(count)d answer of “%(about)s” is accepted.", "%(count)d answers of “%(about)s” are accepted.", count)
    return text % {"count": count, "about": data["about"]}


def _decided(data: Data, count: int) -> str:
    texts = {
        "pause": _("You are paused: %(reason)s"),
        "exclude": _("You are excluded: %(reason)s"),
        "lift": _("A decision about you was lifted: %(reason)s"),
        "case_opened": _("A person will look at your work in “%(about)s”: %(reason)s"),
        "case_ended": _(
            "A person was to look at your work in “%(about)s”. You go on as before, and are measured afresh. %(reason)s"
        ),
        "record_corrected": _(
            "A task of “%(about)s” with a known answer had a wrong one. It was put right, and your record with it."
        ),
    }
    return (texts[data["kind"]] % {"reason": data["reason"], "about": data.get("about", "")}).strip()


def _appeal_decided(data: Data, count: int) -> str:
    if data["state"] == "overturned":
        return _("Your appeal succeeded: %(reason)s") % {"reason": data["reason"]}
    return _("Your appeal was turned down: %(reason)s") % {"reason": data["reason"]}


def _my_data(data: Data, count: int) -> str:
    texts = {
        "ready": _("The copy of your data is ready. It is kept until %(until)s."),
        "failed": _("The copy of your data could not be made; it has been logged. Ask for another one."),
        "leaving": _("You asked us to erase you. It happens on %(until)s and can be undone until then."),
        "undone": _("Your account is not erased: you have undone it."),
        "money": _("You are not erased yet: there is money of yours here. Take it out, or say that you give it up."),
        "owner": _("You are not erased yet: you are the last owner of an organisation. Make someone else an owner, or close it."),
        "leases": _("You are not erased yet: you still hold tasks. Hand them in or return them."),
    }
    return texts[data["what"]] % {"until": data.get("until", "")}


SENTENCES: dict[NoticeKind, Callable[[Data, int], str]] = {
    NoticeKind.QUESTION_ASKED: _asked,
    NoticeKind.ANSWERED: lambda data, count: _("There is an answer about “%(about)s”.") % {"about": data["about"]},
    NoticeKind.WORK_ACCEPTED: _accepted,
    NoticeKind.WORK_REJECTED: lambda data, count: _("An answer of yours was rejected: %(reason)s") % {"reason": data["reason"]},
    NoticeKind.DECIDED: _decided,
    NoticeKind.CASE_OPENED: lambda data, count: (
        _("A rule would pause a worker of “%(about)s” again. Decide within three days: GET cases.") % {"about": data["about"]}
    ),
    NoticeKind.APPEAL_FILED: lambda data, count: _("A worker appeals a decision: “%(about)s”.") % {"about": data["about"]},
    NoticeKind.ORGANIZATION_CLOSED: lambda data, count: (
        _("“%(about)s” is closed: nobody can act for it any more. What there is can still be read.") % {"about": data["about"]}
    ),
    NoticeKind.APPEAL_DECIDED: _appeal_decided,
    NoticeKind.SKILL_GRANTED: lambda data, count: _("You hold the skill “%(skill)s” now, at %(value)s of 100.") % dict(data),
    NoticeKind.SKILL_EXPIRING: lambda data, count: _("Your skill “%(skill)s” ends on %(until)s.") % dict(data),
    NoticeKind.SKILL_RENEWABLE: lambda data, count: (
        _("Your skill “%(skill)s” ends on %(until)s. From now on you can sit the exam again, and keep it meanwhile.") % dict(data)
    ),
    NoticeKind.TRAINING_ASSIGNED: lambda data, count: _("You are given the course “%(course)s”: %(reason)s") % dict(data),
    NoticeKind.GUIDELINE_CHANGED: lambda data, count: (
        _("The guideline of “%(about)s” has changed: %(changes)s") % {"about": data["about"], "changes": data["changes"]}
    ),
    NoticeKind.NEW_AGREEMENT: lambda data, count: (
        _("“%(title)s” has a new version. Read and accept it before you go on.") % {"title": data["title"]}
    ),
    NoticeKind.MY_DATA: _my_data,
}
