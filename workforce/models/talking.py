"""What people ask and are told: threads with their messages, clarifications for everybody, notices and how each person wants them."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from foundation.fields import JSONField
from foundation.ids import new_id
from workforce.models.people import Organization, User, Worker

if TYPE_CHECKING:
    from workforce.access import Actor


class ThreadQuerySet(models.QuerySet["Thread"]):
    """Conversations, as someone may see them."""

    def visible_to(self, actor: "Actor") -> Self:
        """One's own as a worker and those with one's organisations; operators also those with the platform, and appeals."""
        mine = Q(worker_id=actor.worker_id) if actor.worker_id else Q(pk=None)
        mine |= Q(organization_id__in=actor.organization_ids)
        if actor.is_operator:
            mine |= Q(organization=None) | Q(kind="appeal")
        return self.filter(mine)


class Thread(models.Model):
    """A worker and a requester (or, without an organisation, the platform) talk about one thing. Written by `threads`.

    What it is about is opaque here: `subject` is `assignment:<id>`, `batch:<id>`, `task:<id>` or `decision:<id>`, `about` is its
    name for the worker, and `within` is where a clarification of it is shown to everybody. The other side knows
    the worker by its alias of them.
    """

    class Kind(models.TextChoices):
        QUESTION = "question", _("Question")
        FLAG = "flag", _("Flagged task")
        APPEAL = "appeal", _("Appeal")

    class State(models.TextChoices):
        OPEN = "open", _("Waits for an answer")
        ANSWERED = "answered", _("Answered")
        CLOSED = "closed", _("Closed")

    class Reason(models.TextChoices):
        BROKEN_MEDIA = "broken_media", _("Something does not load or play")
        OFFENSIVE = "offensive", _("It is offensive or disturbing")
        PERSONAL_DATA = "personal_data", _("It shows somebody's personal data")
        WRONG_LANGUAGE = "wrong_language", _("It is in another language than the job says")
        UNCLEAR = "unclear", _("The guideline does not say what to do")
        OTHER = "other", _("Another reason")

    MOVES = {
        State.OPEN: {State.ANSWERED, State.CLOSED},
        State.ANSWERED: {State.OPEN, State.CLOSED},
        State.CLOSED: {State.OPEN},
    }

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    worker = models.ForeignKey(Worker, models.PROTECT, db_index=False)
    organization = models.ForeignKey(Organization, models.PROTECT, null=True, db_index=False)
    subject = models.CharField(max_length=120)
    about = models.CharField(max_length=200)
    about_in_full = models.CharField(
        max_length=300, blank=True
    )  # for the requester alone: a task's key could tell a worker of gold
    within = models.CharField(max_length=120, blank=True)
    reason = models.CharField(max_length=20, choices=Reason.choices, blank=True)  # of a flag
    state = models.CharField(max_length=20, choices=State.choices, default=State.OPEN)
    messages_count = models.PositiveIntegerField(default=0)
    unread_by_worker = models.PositiveIntegerField(default=0)
    unread_by_organization = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    first_answered_at = models.DateTimeField(null=True)
    last_message_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    objects = ThreadQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index("worker", "last_message_at", name="threads_of_worker"),
            models.Index("organization", "last_message_at", name="threads_of_organization"),
            models.Index("within", "kind", name="threads_within"),
            models.Index("subject", name="threads_about"),
        ]
        constraints = [
            models.UniqueConstraint(F("worker"), F("subject"), condition=Q(kind="flag"), name="flagged_once_by_each"),
            models.CheckConstraint(condition=Q(kind__in=["question", "flag", "appeal"]), name="thread_kind_is_known"),
            models.CheckConstraint(
                condition=Q(state__in=["open", "answered"], closed_at=None) | Q(state="closed", closed_at__isnull=False),
                name="thread_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(kind="flag") & ~Q(reason="") | ~Q(kind="flag") & Q(reason=""), name="flag_has_a_reason"
            ),
            models.CheckConstraint(
                condition=~Q(state="answered") | Q(first_answered_at__isnull=False), name="answered_thread_has_its_instant"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} about {self.about}"

    @property
    def about_for_organization(self) -> str:
        """What the requester's side calls it."""
        return self.about_in_full or self.about


class Message(models.Model):
    """One message of a thread, by one side. Written once; only erasing the person who wrote it empties it (see the migration)."""

    class Side(models.TextChoices):
        WORKER = "worker"
        ORGANIZATION = "organization"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    thread = models.ForeignKey(Thread, models.PROTECT, db_index=False)
    number = models.PositiveIntegerField()
    side = models.CharField(max_length=20, choices=Side.choices)
    author = models.ForeignKey(User, models.PROTECT)  # shown to nobody: a side speaks
    text = models.TextField()  # Markdown
    created_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(F("thread"), F("number"), name="message_number_once"),
            models.CheckConstraint(condition=Q(side__in=["worker", "organization"]), name="message_side_is_known"),
            models.CheckConstraint(
                condition=~Q(text="") & Q(erased_at=None) | Q(text="", erased_at__isnull=False), name="message_says_something"
            ),
        ]

    def __str__(self) -> str:
        return f"message {self.number} of {self.thread_id}"


class Clarification(models.Model):
    """A question and its answer, in the requester's words, for everybody who works on it. Ends; is not deleted. Written by `threads`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    thread = models.ForeignKey(Thread, models.PROTECT)
    within = models.CharField(max_length=120)
    question = models.TextField()
    answer = models.TextField()  # Markdown
    published_by = models.ForeignKey(User, models.PROTECT)
    published_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index("within", condition=Q(withdrawn_at=None), name="clarifications_in_force")]
        constraints = [
            models.UniqueConstraint(F("thread"), condition=Q(withdrawn_at=None), name="clarified_once_at_a_time"),
            models.CheckConstraint(condition=~Q(question="") & ~Q(answer=""), name="clarification_says_something"),
        ]

    def __str__(self) -> str:
        return self.question[:60]


class NoticeKind(models.TextChoices):
    """What people are told about."""

    QUESTION_ASKED = "question_asked", _("Somebody asks my organisation, or flags one of its tasks")
    ANSWERED = "answered", _("My question is answered")
    WORK_ACCEPTED = "work_accepted", _("My work is accepted")
    WORK_REJECTED = "work_rejected", _("My work is rejected")
    DECIDED = "decided", _("A decision about me")
    CASE_OPENED = "case_opened", _("A worker's case waits for a decision of my organisation")
    APPEAL_FILED = "appeal_filed", _("Somebody appeals a decision of my organisation")
    ORGANIZATION_CLOSED = "organization_closed", _("An organisation I act for is closed")
    APPEAL_DECIDED = "appeal_decided", _("My appeal is decided")
    SKILL_GRANTED = "skill_granted", _("I hold a new skill")
    SKILL_EXPIRING = "skill_expiring", _("A skill of mine is about to expire")
    SKILL_RENEWABLE = "skill_renewable", _("A skill of mine can be renewed")
    TRAINING_ASSIGNED = "training_assigned", _("I am given a course to take")
    GUIDELINE_CHANGED = "guideline_changed", _("A guideline I work by has changed")
    NEW_AGREEMENT = "new_agreement", _("An agreement has a new version")
    MY_DATA = "my_data", _("My data: a download is ready, or erasing me goes on")


class Mail(models.TextChoices):
    """How someone is mailed."""

    NONE = "none", _("Not by email")
    AT_ONCE = "at_once", _("By email, at once")
    DAILY = "daily", _("By email, once a day")


class Notification(models.Model):
    """Something a person is told, written in the transaction of its cause by `notifying`; the `key` is the fact, told once.

    The words are made when it is read, in the reader's language, from `kind` and `data`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, models.PROTECT, db_index=False)
    kind = models.CharField(max_length=30, choices=NoticeKind.choices)
    key = models.CharField(max_length=160)
    data = JSONField(default=dict)
    link = models.CharField(max_length=200, blank=True)  # an address of this site
    told_by = models.UUIDField(null=True)  # the organisation whose act it tells of, where it is one's; its pace is kept by it
    count = models.PositiveIntegerField(default=1)  # of a digest: how many things it stands for
    on_site = models.BooleanField(default=True)
    mail = models.CharField(max_length=10, choices=Mail.choices, default=Mail.NONE)
    mail_tries = models.PositiveSmallIntegerField(default=0)
    mail_due_at = models.DateTimeField(null=True)  # when a process may next try; moved on by whoever tries
    mailed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index("user", "id", name="notices_of_user"),
            models.Index("user", condition=Q(read_at=None, on_site=True), name="unread_notices_of_user"),
            models.Index("mail_due_at", condition=Q(mailed_at=None, mail_due_at__isnull=False), name="notices_to_mail"),
            models.Index("told_by", "created_at", condition=Q(told_by__isnull=False), name="notices_of_organization"),
            models.Index(
                "user", "told_by", "created_at", condition=Q(told_by__isnull=False, mail="at_once"), name="mails_of_organization"
            ),
        ]
        constraints = [
            models.UniqueConstraint(F("user"), F("key"), name="told_once"),
            models.CheckConstraint(condition=Q(kind__in=NoticeKind.values), name="notice_kind_is_known"),
            models.CheckConstraint(condition=Q(mail__in=["none", "at_once", "daily"]), name="notice_mail_is_known"),
            models.CheckConstraint(condition=Q(link="") | Q(link__startswith="/"), name="notice_leads_into_this_site"),
            models.CheckConstraint(condition=Q(count__gte=1), name="notice_stands_for_something"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.user_id}"


class NoticePreference(models.Model):
    """How a person wants one kind of notice; without a row, as `notifying` has it by default."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, models.PROTECT, db_index=False)
    kind = models.CharField(max_length=30, choices=NoticeKind.choices)
    on_site = models.BooleanField()
    mail = models.CharField(max_length=10, choices=Mail.choices)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(F("user"), F("kind"), name="one_preference_per_kind"),
            models.CheckConstraint(condition=Q(kind__in=NoticeKind.values), name="preference_kind_is_known"),
            models.CheckConstraint(condition=Q(mail__in=["none", "at_once", "daily"]), name="preference_mail_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} wants {self.kind}: {self.mail}"
