"""What people can do and how well: skills, exams, evidence and the estimate drawn from it."""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from foundation.fields import JSONField
from foundation.ids import new_id
from workforce.access import Actor
from workforce.models import Decision, Organization, User, Worker


class SkillQuerySet(models.QuerySet["Skill"]):
    """Skills, as someone may see them."""

    def visible_to(self, actor: Actor) -> Self:
        """One's own and the platform's; workers see all, as they must know what a job asks for."""
        if actor.worker_id is not None:
            return self.all()
        return self.filter(Q(organization=None) | Q(organization_id__in=actor.organization_ids))


class GrantQuerySet(models.QuerySet["Grant"]):
    """Grants, as someone may see them."""

    def visible_to(self, actor: Actor) -> Self:
        """A worker's own, and those of one's organisations' skills."""
        return self.filter(Q(worker_id=actor.worker_id) | Q(skill__organization_id__in=actor.organization_ids))


class ExamQuerySet(models.QuerySet["Exam"]):
    """Exams, as someone may see them."""

    def visible_to(self, actor: Actor) -> Self:
        """One's own; for workers also every open one."""
        own = Q(organization_id__in=actor.organization_ids)
        return self.filter(own | Q(closed_at=None)) if actor.worker_id is not None else self.filter(own)


class CourseQuerySet(models.QuerySet["Course"]):
    """Courses, as someone may see them."""

    def visible_to(self, actor: Actor) -> Self:
        """One's own; for workers also the open ones and those they have begun or were given."""
        own = Q(organization_id__in=actor.organization_ids)
        if actor.worker_id is None:
            return self.filter(own)
        begun = Exists(Training.objects.filter(course_id=OuterRef("id"), worker_id=actor.worker_id))
        return self.filter(own | Q(published_at__isnull=False, closed_at=None) | begun)


class TrainingQuerySet(models.QuerySet["Training"]):
    """Who takes which course, as someone may see it."""

    def visible_to(self, actor: Actor) -> Self:
        """One's own, and those in one's organisations' courses."""
        mine = Q(worker_id=actor.worker_id) if actor.worker_id else Q(pk=None)
        return self.filter(mine | Q(course__organization_id__in=actor.organization_ids))


class Skill(models.Model):
    """Something a worker can hold a value in, 0 to 100. Owned by a requester, or by the platform (no organisation)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, null=True)
    name = models.CharField(max_length=80)
    description = models.TextField(blank=True)
    created_at = models.DateTimeField()

    objects = SkillQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(F("organization"), F("name"), name="skill_name_once", nulls_distinct=False)]

    def __str__(self) -> str:
        return self.name


class Grant(models.Model):
    """A worker holds a skill at a value, from then until then. A change ends the row and adds another."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    worker = models.ForeignKey(Worker, models.PROTECT)
    skill = models.ForeignKey(Skill, models.PROTECT)
    value = models.PositiveSmallIntegerField()
    source = models.CharField(max_length=120)  # `exam_attempt:<id>`, `user:<id>`
    granted_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = GrantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(F("worker"), F("skill"), condition=Q(revoked_at=None), name="skill_held_once_at_a_time"),
            models.CheckConstraint(condition=Q(value__lte=100), name="skill_value_to_100"),
            models.CheckConstraint(
                condition=Q(expires_at=None) | Q(expires_at__gt=F("granted_at")), name="grant_ends_after_it_starts"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.worker_id} {self.skill_id}={self.value}"


class Exam(models.Model):
    """A timed test that grants a skill. Its questions carry an interface, a payload and the known answer.

    `questions` is a list of {"id", "payload", "solution", "result", "labels", "explanation"}; only the caller who scores knows how
    to read a solution. `result` is the solution as the editor shows it, `labels` the labels that it gives.
    """

    class Review(models.TextChoices):
        NEVER = "never", _("Never")
        AFTER_PASS = "after_pass", _("After passing")
        ALWAYS = "always", _("After every sitting")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT)
    skill = models.ForeignKey(Skill, models.PROTECT)
    title = models.CharField(max_length=120)
    instructions = models.TextField(blank=True)  # Markdown
    interface = models.TextField()  # Label Studio config XML
    questions = JSONField()
    questions_per_attempt = models.PositiveSmallIntegerField()
    pass_percent = models.PositiveSmallIntegerField()
    time_limit_seconds = models.PositiveIntegerField()
    max_attempts = models.PositiveSmallIntegerField()
    retry_delay_seconds = models.PositiveIntegerField()
    valid_days = models.PositiveSmallIntegerField(null=True)  # how long the skill lasts; None: for good
    renewal_days = models.PositiveSmallIntegerField(default=0)  # before it ends, in which fresh attempts are given
    stratified = models.BooleanField(default=False)  # does every label appear in each sitting?
    label_minimums = JSONField(default=dict)  # {"every"?: percent, "labels"?: {label: percent}}
    scoring = JSONField(default=dict)  # an answer key, see qualification.scoring; empty: the mean score in percent
    review_allowed = models.CharField(max_length=20, choices=Review.choices, default=Review.NEVER)  # of one's errors, afterwards
    closed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    objects = ExamQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(pass_percent__gte=1, pass_percent__lte=100), name="exam_pass_percent_1_to_100"),
            models.CheckConstraint(condition=Q(time_limit_seconds__gte=10), name="exam_has_time"),
            models.CheckConstraint(condition=Q(max_attempts__gte=1), name="exam_can_be_tried"),
            models.CheckConstraint(condition=Q(questions_per_attempt__gte=1), name="exam_asks_something"),
            models.CheckConstraint(
                condition=Q(renewal_days=0) | Q(valid_days__isnull=False, renewal_days__lt=F("valid_days")),
                name="exam_renews_what_ends",
            ),
            models.CheckConstraint(
                condition=Q(review_allowed__in=["never", "after_pass", "always"]), name="exam_review_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class ExamAttempt(models.Model):
    """One sitting of an exam: the questions drawn, what was answered, the score."""

    class State(models.TextChoices):
        STARTED = "started"
        PASSED = "passed"
        FAILED = "failed"
        EXPIRED = "expired"  # not handed in within the time limit

    MOVES = {State.STARTED: {State.PASSED, State.FAILED, State.EXPIRED}}

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    exam = models.ForeignKey(Exam, models.PROTECT)
    worker = models.ForeignKey(Worker, models.PROTECT)
    number = models.PositiveSmallIntegerField()  # first try, second try…
    question_ids = ArrayField(models.CharField(max_length=60))  # in the order shown
    saved = JSONField(default=dict)  # question id → result, while it runs: a reload or a crash loses nothing
    saved_at = models.DateTimeField(null=True)
    answers = JSONField(null=True)
    scores = JSONField(null=True)  # question id → 0..1
    labels = JSONField(null=True)  # question id → the labels answered
    short_labels = ArrayField(models.CharField(max_length=200), default=list)  # those under their minimum
    score_percent = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    state = models.CharField(max_length=20, choices=State.choices, default=State.STARTED)
    started_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(F("exam"), F("worker"), F("number"), name="exam_attempt_number_once"),
            models.UniqueConstraint(F("exam"), F("worker"), condition=Q(state="started"), name="exam_sat_once_at_a_time"),
            models.CheckConstraint(
                condition=Q(state__in=["started", "passed", "failed", "expired"]), name="exam_attempt_state_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["passed", "failed"]) | Q(score_percent__isnull=False, submitted_at__isnull=False),
                name="graded_attempt_has_a_score",
            ),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} at {self.exam_id}"


class Course(models.Model):
    """Lessons in an order, made by a requester; finishing it may grant a skill. Written until it is published, and not changed after."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT)
    title = models.CharField(max_length=120)
    description = models.TextField(blank=True)  # Markdown
    skill = models.ForeignKey(Skill, models.PROTECT, null=True)  # what finishing grants
    skill_value = models.PositiveSmallIntegerField(null=True)
    valid_days = models.PositiveSmallIntegerField(null=True)  # how long the skill lasts; None: for good
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)  # takes no new trainings; running ones may finish

    objects = CourseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(skill=None, skill_value=None)
                | Q(skill__isnull=False, skill_value__isnull=False, skill_value__lte=100),
                name="course_grants_a_value",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Lesson(models.Model):
    """One step of a course: something to read, worked examples, and practice with the mastery rule that ends it.

    `examples` and `practice` are lists of {"id", "payload", "solution", "result", "labels", "explanation"}, as an exam's questions.
    Without practice a lesson is read, and that is all.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    course = models.ForeignKey(Course, models.PROTECT)
    position = models.PositiveSmallIntegerField()  # 1 for the first
    title = models.CharField(max_length=120)
    text = models.TextField(blank=True)  # Markdown
    interface = models.TextField(blank=True)  # Label Studio config XML
    examples = JSONField(default=list)
    practice = JSONField(default=list)
    mastery_right = models.PositiveSmallIntegerField()  # so many right
    mastery_window = models.PositiveSmallIntegerField()  # of the last so many that count
    right_percent = models.PositiveSmallIntegerField()  # from which score on an answer is right

    class Meta:
        constraints = [
            models.UniqueConstraint(F("course"), F("position"), name="lesson_position_once"),
            models.CheckConstraint(condition=Q(mastery_right__lte=F("mastery_window")), name="lesson_can_be_mastered"),
            models.CheckConstraint(
                condition=Q(right_percent__gte=1, right_percent__lte=100), name="lesson_right_percent_1_to_100"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Training(models.Model):
    """A worker takes a course, by choice or because it was assigned; then the row is the receipt of that, with its reason.

    Assigned by a rule (with its inputs and threshold) or by a named human. `decision` is the pause that ends when it is finished.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    worker = models.ForeignKey(Worker, models.PROTECT)
    course = models.ForeignKey(Course, models.PROTECT)
    number = models.PositiveSmallIntegerField()  # first time, second time…
    reason = models.TextField(blank=True)  # in words the worker reads; blank: their own choice
    rule = models.CharField(max_length=60, blank=True)
    assigned_by = models.ForeignKey(User, models.PROTECT, null=True)
    inputs = JSONField(default=dict)
    threshold = JSONField(default=dict)
    scope = models.CharField(max_length=120, blank=True)  # what it is for: `project:<id>`
    decision = models.ForeignKey(Decision, models.PROTECT, null=True)
    due_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    used_up_at = models.DateTimeField(null=True)  # ended unfinished: a lesson's practice answers are used up

    objects = TrainingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(F("worker"), F("course"), F("number"), name="training_number_once"),
            models.UniqueConstraint(
                F("worker"), F("course"), condition=Q(finished_at=None, used_up_at=None), name="training_open_once"
            ),
            models.CheckConstraint(condition=Q(finished_at=None) | Q(used_up_at=None), name="training_ends_one_way"),
            models.CheckConstraint(condition=Q(rule="", assigned_by=None) | ~Q(reason=""), name="assigned_training_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.worker_id} takes {self.course_id}"


class LessonProgress(models.Model):
    """How far a training has got in one lesson. Written by `training`, under the training's lock."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    training = models.ForeignKey(Training, models.PROTECT)
    lesson = models.ForeignKey(Lesson, models.PROTECT)
    answered = models.PositiveSmallIntegerField(default=0)
    began_at = models.DateTimeField()
    mastered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(F("training"), F("lesson"), name="lesson_progress_once")]

    def __str__(self) -> str:
        return f"{self.answered} at {self.lesson_id}"


class PracticeAnswer(models.Model):
    """One practice answer and what it scored. Append-only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    progress = models.ForeignKey(LessonProgress, models.PROTECT)
    number = models.PositiveSmallIntegerField()  # 1 for the first
    question_id = models.CharField(max_length=60)
    result = JSONField()  # in the editor's result format
    score = models.FloatField()  # 0 to 1
    right = models.BooleanField()
    counts = models.BooleanField()  # towards mastery: a try again after the solution was shown does not
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(F("progress"), F("number"), name="practice_number_once"),
            models.CheckConstraint(condition=Q(score__gte=0, score__lte=1), name="practice_score_0_to_1"),
        ]

    def __str__(self) -> str:
        return f"{self.score} {self.question_id}"


class Evidence(models.Model):
    """One observation of how well a worker did, 0 wrong to 1 right. Append-only; whoever observed it is named in `source`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    worker = models.ForeignKey(Worker, models.PROTECT)
    scope = models.CharField(max_length=120)  # `project:<id>`, `skill:<id>`
    score = models.FloatField()  # partial credit allowed
    weight = models.FloatField(default=1.0)
    window = models.PositiveIntegerField(default=1)  # the stretch of the scope's life it belongs to, as its observer counts them
    source = models.CharField(max_length=120, unique=True)  # `assignment:<id>`: one observation per fact
    observed_at = models.DateTimeField()
    happened_at = models.DateTimeField(null=True)  # when the work was done that was observed, where that was earlier

    class Meta:
        indexes = [models.Index("worker", "scope", "observed_at", name="evidence_by_worker")]
        constraints = [
            models.CheckConstraint(condition=Q(score__gte=0, score__lte=1), name="evidence_score_0_to_1"),
            models.CheckConstraint(condition=Q(weight__gt=0), name="evidence_weighs_something"),
        ]

    def __str__(self) -> str:
        return f"{self.score} {self.scope}"


class Withdrawal(models.Model):
    """An observation that no longer counts, and why. Append-only; written by `evidence`, which then draws the estimate anew."""

    evidence = models.OneToOneField(Evidence, models.PROTECT, primary_key=True)
    reason = models.CharField(max_length=120)  # `gold_change:<id>`, `decision:<id>`
    withdrawn_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.evidence_id} withdrawn"


class Estimate(models.Model):
    """What the evidence of one window says about a worker in a scope: a Beta posterior of accuracy. Written by `evidence` alone.

    Where what counts as right changes, a new window begins: from the prior, while the estimates of earlier windows stay.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    worker = models.ForeignKey(Worker, models.PROTECT)
    scope = models.CharField(max_length=120)
    window = models.PositiveIntegerField(default=1)
    alpha = models.FloatField()
    beta = models.FloatField()
    observations = models.PositiveIntegerField()
    counted_from = models.DateTimeField(null=True)  # work done up to then no longer counts: it was measured afresh
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(F("worker"), F("scope"), F("window"), name="estimate_once_per_window"),
            models.CheckConstraint(condition=Q(alpha__gt=0, beta__gt=0), name="estimate_is_a_distribution"),
        ]

    def __str__(self) -> str:
        return f"Beta({self.alpha}, {self.beta}) {self.scope}"
