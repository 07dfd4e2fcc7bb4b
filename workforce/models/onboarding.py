"""From an account to someone who may start: the code that proves an address, and the checklist with how far each person has got."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from foundation.ids import new_id
from workforce.models.mailed import MailedOnce
from workforce.models.people import Organization, User, Worker


class EmailCode(MailedOnce):
    """The last code sent to prove an address. The code itself is derived from `nonce` (see `emails`)."""

    user = models.OneToOneField(User, models.PROTECT, primary_key=True)
    nonce = models.UUIDField(unique=True)
    email = models.EmailField(max_length=254)
    tries_left = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"code for {self.user_id}"


class OnboardingStep(models.Model):
    """A step of the checklist of the platform (no organisation) or of a vendor. Ends; is not deleted: people have done it.

    What a step asks never changes, its place and wording on the list may: a text to read that is written anew is a new step.
    """

    class Kind(models.TextChoices):
        EMAIL = "email", _("Verify the email address")
        PROFILE = "profile", _("Say where you live")
        LANGUAGES = "languages", _("Say which languages you speak")
        AGREEMENTS = "agreements", _("Read and accept the agreements")
        IDENTITY = "identity", _("Say who you are")
        CONTENT = "content", _("Choose what you are willing to see")
        HOURS = "hours", _("Say when and how much you want to work")
        SECOND_FACTOR = "second_factor", _("Protect the account with a second factor")
        PAYOUT = "payout", _("Say where the money goes")
        EXAM = "exam", _("Pass an exam")
        COURSE = "course", _("Finish a course")
        TEXT = "text", _("Read a text and confirm it")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, null=True)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    title = models.CharField(max_length=120, blank=True)  # blank: the kind's own
    text = models.TextField(blank=True)  # Markdown: what to read, or a word on why
    reference = models.CharField(max_length=120, blank=True)  # of something in an upper room: an exam's or a course's id
    position = models.PositiveSmallIntegerField()
    required = models.BooleanField(default=True)
    paid = models.BooleanField(default=False)  # its time counts as work
    estimate_seconds = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        *("email", "profile", "languages", "agreements", "identity", "content", "hours"),
                        *("second_factor", "payout", "exam", "course", "text"),
                    ]
                ),
                name="step_kind_is_known",
            ),
            models.CheckConstraint(condition=Q(kind__in=["exam", "course"]) ^ Q(reference=""), name="step_names_what_it_needs"),
            models.CheckConstraint(condition=~Q(kind="text") | ~Q(text="") & ~Q(title=""), name="text_step_has_a_text"),
            models.CheckConstraint(
                condition=Q(estimate_seconds=None) | Q(estimate_seconds__lte=8 * 3600), name="step_fits_a_day"
            ),
            models.UniqueConstraint(
                F("organization"),
                F("kind"),
                F("reference"),
                condition=Q(ended_at=None) & ~Q(kind="text"),
                name="step_once_on_a_list",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """What the list calls it."""
        return self.title or str(self.Kind(self.kind).label)


class StepProgress(models.Model):
    """A worker began a step, and finished it, by the server's clock. Whether its time is paid is fixed at the beginning.

    A step that opens again, as agreements do with each version, is another row; only one is open at a time.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    worker = models.ForeignKey(Worker, models.PROTECT)
    step = models.ForeignKey(OnboardingStep, models.PROTECT)
    paid = models.BooleanField(default=False)
    began_at = models.DateTimeField()
    seen = ArrayField(models.DateTimeField(), default=list, db_default=[])  # later signs of life, in time order
    finished_at = models.DateTimeField(null=True)
    credited_at = models.DateTimeField(null=True)  # when whoever keeps the time book took it up; only of paid ones

    class Meta:
        indexes = [
            models.Index(
                fields=["finished_at"],
                name="progress_to_credit",
                condition=Q(finished_at__isnull=False, credited_at=None, paid=True),
            ),
        ]
        constraints = [
            models.UniqueConstraint(F("worker"), F("step"), condition=Q(finished_at=None), name="step_begun_once_at_a_time"),
            models.CheckConstraint(
                condition=Q(finished_at=None) | Q(finished_at__gte=F("began_at")), name="step_ends_after_it_begins"
            ),
            models.CheckConstraint(condition=Q(credited_at=None) | Q(finished_at__isnull=False), name="credit_follows_the_end"),
        ]

    def __str__(self) -> str:
        return f"{self.worker_id} at {self.step_id}"
