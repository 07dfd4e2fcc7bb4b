"""People and organisations, what they agreed to, what was decided about them. Personal data stands apart, in Identity."""

from typing import TYPE_CHECKING, Any, ClassVar, Self
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import F, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from foundation import audit, clock
from foundation.encrypted import EncryptedTextField
from foundation.fields import JSONField
from foundation.ids import new_id
from workforce.addresses import NORMAL_FORM, normal
from workforce.models.mailed import MailedOnce

if TYPE_CHECKING:
    from workforce.access import Actor


class UserManager(BaseUserManager["User"]):
    """Makes users; `accounts` is the verb module for everything people themselves do."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A user with a hashed password; None makes an account that cannot log in by password. Raises BadAddress."""
        user = self.model(email=normal(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """The user with that address, however it is spelled. Raises BadAddress and DoesNotExist."""
        return self.get(email=normal(username or ""))

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """An operator with every right in the admin; whoever can run the command needs no mail to prove the address."""
        from allauth.account.models import EmailAddress  # it needs this module first

        user = self.create_user(email, password, is_staff=True, is_superuser=True, **fields)
        audit.append("operator.made", subject=f"user:{user.pk}", now=clock.now())
        EmailAddress.objects.using(self._db).create(user=user, email=user.email, primary=True, verified=True)
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """An account someone logs in with, by email. `is_staff` makes an operator of the installation."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(max_length=254)  # in the form of `addresses.normal`, as everything it is compared with
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["email"], name="email_once"),
            models.CheckConstraint(condition=Q(email__regex=NORMAL_FORM), name="email_is_in_its_normal_form"),
        ]

    def __str__(self) -> str:
        return self.email

    def save(self, *args: Any, **fields: Any) -> None:
        """Write the row. A new password, whichever way it came here, ends the account's tokens in the same transaction.

        A hash that is only renewed at log-in is no new password.
        """
        from workforce import tokens  # it needs this module first

        is_changed = getattr(self, "_password", None) is not None and not self._state.adding
        with transaction.atomic():
            super().save(*args, **fields)
            if is_changed:
                tokens.password_changed(self)


class Organization(models.Model):
    """A requester who posts and pays for work, or a vendor who looks after a team of workers."""

    class Kind(models.TextChoices):
        REQUESTER = "requester"
        VENDOR = "vendor"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.REQUESTER)
    name = models.CharField(max_length=120)
    founder = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")  # counts it, also after having left
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)  # for good: nobody acts for it any more, its members still read

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(kind__in=["requester", "vendor"]), name="organization_kind_is_known")]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A user acts for an organisation, in a role: by founding it, or by accepting an invitation. Ends; is not deleted."""

    class Role(models.TextChoices):
        OWNER = "owner"  # also members, tokens and money
        MANAGER = "manager"  # projects, batches, review
        VIEWER = "viewer"  # reads

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, models.PROTECT)
    organization = models.ForeignKey(Organization, models.PROTECT)
    role = models.CharField(max_length=20, choices=Role.choices)
    invitation = models.OneToOneField("workforce.MemberInvitation", models.PROTECT, null=True)  # None: founded it, or is erased
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(F("user"), F("organization"), condition=Q(ended_at=None), name="member_once_at_a_time"),
            models.CheckConstraint(condition=Q(role__in=["owner", "manager", "viewer"]), name="membership_role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} of {self.organization_id}"


class Sensitive(models.TextChoices):
    """What may be hard to look at or to read. A closed list: workers opt in to each, batches say what they contain."""

    VIOLENCE = "violence", _("Violence")
    INJURY = "injury", _("Injuries, blood and death")
    MEDICAL = "medical", _("Medical images")
    HATE = "hate", _("Hate and insults")
    HARASSMENT = "harassment", _("Harassment and threats")
    SELF_HARM = "self_harm", _("Suicide and self-harm")
    SEXUAL = "sexual", _("Nudity and sex")
    ABUSE = "abuse", _("Accounts of abuse")
    EXTREMISM = "extremism", _("Extremism and terror")
    DRUGS = "drugs", _("Drugs")
    ANIMALS = "animals", _("Cruelty to animals")


class Level(models.TextChoices):
    """How well someone knows a language, as they say themselves."""

    BASIC = "basic", _("Basic")
    GOOD = "good", _("Good")
    FLUENT = "fluent", _("Fluent")
    NATIVE = "native", _("First language")


class Worker(models.Model):
    """A person who does tasks: what matching needs to know, and nothing that says who they are.

    `standing` goes up by one whenever something that decides about access changes (profile, skills, decisions, agreements);
    whoever keeps a derived fact about access keeps the standing it was derived at.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.OneToOneField(User, models.PROTECT)
    display_name = models.CharField(max_length=60)
    name_shown = models.BooleanField(default=False, db_default=False)  # may requesters see it beside the alias?
    country = models.CharField(max_length=2, blank=True)  # ISO 3166-1 alpha-2; blank until the profile is filled in
    languages = ArrayField(models.CharField(max_length=12), default=list)  # BCP 47
    language_levels = JSONField(default=dict)  # language → Level, of those languages whose level was said
    time_zone = models.CharField(max_length=40, default="UTC")
    sensitive_accepted = ArrayField(models.CharField(max_length=20, choices=Sensitive.choices), default=list)
    content_chosen_at = models.DateTimeField(null=True)  # when the worker last said which of these they accept, be it none
    working_hours = JSONField(default=list)  # {"weekday": 1-7 (ISO), "begins": "09:00", "ends": "17:00"}, in own zone
    hours_chosen_at = models.DateTimeField(null=True)
    daily_cap_seconds = models.PositiveIntegerField(null=True)  # the most one wants to work in a day; None: no limit of one's own
    weekly_cap_seconds = models.PositiveIntegerField(null=True)
    standing = models.PositiveIntegerField(default=1)
    onboarded_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(country="") | Q(country__regex=r"^[A-Z]{2}$"), name="country_is_two_letters"),
            models.CheckConstraint(
                condition=Q(sensitive_accepted__contained_by=Sensitive.values), name="accepted_content_is_known"
            ),
            models.CheckConstraint(
                condition=(Q(daily_cap_seconds=None) | Q(daily_cap_seconds__range=(900, 12 * 3600)))
                & (Q(weekly_cap_seconds=None) | Q(weekly_cap_seconds__range=(900, 84 * 3600))),
                name="own_caps_are_within_the_platform_s",
            ),
        ]

    def __str__(self) -> str:
        return self.display_name


class WorkerAlias(models.Model):
    """What one organisation calls a worker; kept from when they first took part in something of its, until they are erased.

    Written by `aliases`. The row is what lets the organisation name the worker at all.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, db_index=False)
    worker = models.ForeignKey(Worker, models.PROTECT, db_index=False)
    alias = models.CharField(max_length=40)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "worker aliases"
        constraints = [
            models.UniqueConstraint(F("organization"), F("alias"), name="alias_names_one_worker"),
            models.UniqueConstraint(F("worker"), F("organization"), name="one_alias_per_organization"),
        ]

    def __str__(self) -> str:
        return self.alias


class Usage(models.Model):
    """How much an account or an organisation has used of something that is summed up: files, bytes. Written by `limits`."""

    pk = models.CompositePrimaryKey("owner_id", "kind")
    owner_id = models.UUIDField()  # of an account or an organisation
    kind = models.CharField(max_length=40)
    used = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(used__gte=0), name="usage_is_not_negative")]

    def __str__(self) -> str:
        return f"{self.used} {self.kind}"


class Identity(models.Model):
    """Everything that says who a worker is, encrypted and in one place, so that erasing a person is deleting one row."""

    worker = models.OneToOneField(Worker, models.PROTECT, primary_key=True)
    legal_name = EncryptedTextField(blank=True)
    address = EncryptedTextField(blank=True)
    birth_date = EncryptedTextField(blank=True)  # ISO 8601, or nothing
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "identities"

    def __str__(self) -> str:
        return f"identity of {self.worker_id}"


class AgreementQuerySet(models.QuerySet["Agreement"]):
    """Agreements, by who has accepted them."""

    def current(self) -> Self:
        """The versions in force: the newest of each slug."""
        newest = Agreement.objects.filter(slug=OuterRef("slug")).order_by("-version").values("id")[:1]
        return self.filter(id=Subquery(newest)).order_by("slug")

    def outstanding_for(self, user_id: UUID) -> Self:
        """Of those in force, what the user has yet to accept."""
        return self.current().exclude(id__in=Acceptance.objects.filter(user_id=user_id).values("agreement_id"))


class Agreement(models.Model):
    """One version of a text people must accept (terms, privacy, fair-work rules). A new version is a new row."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(max_length=60)
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=120)
    text = models.TextField()  # Markdown
    published_at = models.DateTimeField()

    objects = AgreementQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(F("slug"), F("version"), name="agreement_version_once")]

    def __str__(self) -> str:
        return f"{self.slug} v{self.version}"


class Acceptance(models.Model):
    """A user accepted that version, then. Append-only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, models.PROTECT)
    agreement = models.ForeignKey(Agreement, models.PROTECT)
    accepted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(F("user"), F("agreement"), name="accepted_once")]

    def __str__(self) -> str:
        return f"{self.user_id} accepted {self.agreement_id}"


class Scope(models.TextChoices):
    """What a token lets a program do as its owner. A session on the site may do all of it."""

    READ = "read", _("Read what you can see")
    WORK = "work", _("Do tasks, exams and courses")
    POST = "post", _("Post work and review it, for your organisations")
    MONEY = "money", _("Move money")
    ADMIN = "admin", _("Manage the account, personal data, tokens, members, and the installation where you operate it")


class ApiToken(MailedOnce):
    """A bearer token, kept as its SHA-256: the token itself is shown once, when it is made.

    It ends by hand, at `expires_at`, with a new password (`User.save`) and with a new second factor (a trigger).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, models.PROTECT)
    name = models.CharField(max_length=60)
    digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope.choices))
    is_provisional = models.BooleanField(default=False)  # made before the address was proven: it proves it, and does nothing else
    used_at = models.DateTimeField(null=True)  # to the hour or so: exact enough to spot a stranger, and few writes
    used_from = models.CharField(max_length=45, blank=True)  # the network then, never a whole address; forgotten after a month
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__lte=F("created_at") + models.Value("365 days", output_field=models.DurationField())),
                name="token_works_a_year_at_most",
            ),
            models.CheckConstraint(
                condition=Q(scopes__contained_by=Scope.values) & Q(scopes__len__gt=0), name="token_has_known_scopes"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.user_id}"


class DecisionQuerySet(models.QuerySet["Decision"]):
    """Decisions, as someone may see them."""

    def visible_to(self, actor: "Actor") -> Self:
        """Those about oneself as a worker, and those made for one's organisations."""
        about_me = Q(worker_id=actor.worker_id) if actor.worker_id else Q(pk=None)
        return self.filter(about_me | Q(organization_id__in=actor.organization_ids))


class Decision(models.Model):
    """Something that changes a person's access or pay, with its receipt: rule, inputs, threshold, reason, appeal. Append-only.

    A decision of a rule (no `decided_by`) that restricts ends within a day: anything longer needs a named human.
    A decision is lifted by a later one that names it in `lifts`.
    """

    class Kind(models.TextChoices):
        PAUSE = "pause", _("Paused: no new tasks for a while")
        LIFT = "lift", _("An earlier decision lifted")
        EXCLUDE = "exclude", _("Excluded for good")  # people only
        REJECT_WORK = "reject_work", _("Work rejected: an answer is not paid")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    worker = models.ForeignKey(Worker, models.PROTECT)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    scope = models.CharField(max_length=120)  # what it is about: `project:<id>`, `assignment:<id>`
    organization = models.ForeignKey(Organization, models.PROTECT, null=True)  # on whose behalf
    decided_by = models.ForeignKey(User, models.PROTECT, null=True)  # the named human
    rule = models.CharField(max_length=60, blank=True)  # or the rule, with its version: `gold-accuracy/1`
    inputs = JSONField(default=dict)  # the numbers the rule saw
    threshold = JSONField(default=dict)  # the numbers it compared them with
    reason = models.TextField()  # in words the worker reads
    lifts = models.OneToOneField("self", models.PROTECT, null=True)
    effective_at = models.DateTimeField()
    effective_until = models.DateTimeField(null=True)
    appeal_until = models.DateTimeField()
    created_at = models.DateTimeField()

    objects = DecisionQuerySet.as_manager()

    class Meta:
        indexes = [models.Index("worker", "scope", "effective_at", name="decision_by_worker")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["pause", "lift", "exclude", "reject_work"]), name="decision_kind_is_known"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="decision_has_a_reason"),
            models.CheckConstraint(condition=Q(decided_by__isnull=False) | ~Q(rule=""), name="decision_has_an_author"),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=False)
                | Q(kind="lift")
                | Q(
                    effective_until__isnull=False,  # a comparison with NULL would let it pass
                    effective_until__lte=F("effective_at") + models.Value("24 hours", output_field=models.DurationField()),
                ),
                name="rule_restricts_a_day_at_most",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["exclude", "reject_work"]) | Q(decided_by__isnull=False), name="human_decides_for_good"
            ),
            models.CheckConstraint(condition=Q(appeal_until__gt=F("effective_at")), name="decision_can_be_appealed"),
            models.CheckConstraint(
                condition=Q(kind="lift", lifts__isnull=False) | ~Q(kind="lift") & Q(lifts=None), name="lift_names_what_it_lifts"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.scope}"

    @staticmethod
    def scope_of_project(project_id: UUID) -> str:
        """How a project is written in `scope`."""
        return f"project:{project_id}"
