"""The checklist, the proof of an address, and vendors' teams over HTTP."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import path
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from foundation.api.commands import idempotency_key
from foundation.api.fields import ChoiceField
from foundation.api.filters import ClosedFilters
from foundation.clock import instant_of
from foundation.errors import NotFound
from workforce import access, accounts, checklist, emails, onboarding, teams
from workforce.api.commands import OwnCommand, PostCommand, WorkCommand
from workforce.api.serializers import AgreementBody, WorkerBody
from workforce.models import (
    Acceptance,
    Agreement,
    EmailCode,
    Membership,
    OnboardingStep,
    Organization,
    StepProgress,
    TeamInvitation,
    TeamMember,
    User,
    Worker,
)

# ---- oneself ----


class BecomeWorkerRequest(serializers.Serializer[Any]):
    """The name others see."""

    display_name = serializers.CharField(max_length=60)


class BecomeWorker(WorkCommand):
    """Let my account do tasks."""

    accepts = BecomeWorkerRequest
    answers = WorkerBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Make the worker, or return the one there is."""
        return accounts.become_worker(User.objects.get(id=access.actor_of(request).id), now=now, **data)


class EmailCodeBody(serializers.ModelSerializer[EmailCode]):
    """A code is on its way, or was right."""

    class Meta:
        model = EmailCode
        fields = ["email", "expires_at", "verified_at"]


class CodeRequest(serializers.Serializer[Any]):
    """The code from the mail."""

    code = serializers.CharField(max_length=20)


class SendEmailCode(OwnCommand):
    """Send a code to my address, to prove that it is mine."""

    answers = EmailCodeBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Send it."""
        return emails.send_code(access.actor_of(request), now=now)


class VerifyEmail(OwnCommand):
    """Prove my address with the code that was sent there."""

    accepts = CodeRequest
    answers = EmailCodeBody
    remembered = False  # a wrong try must be counted, and a transaction of the key would take it back

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Prove it."""
        return emails.verify(access.actor_of(request), data["code"], now=now)


class OneAgreement(RetrieveAPIView[Agreement]):
    """One version of an agreement, in force or not."""

    serializer_class = AgreementBody
    queryset = Agreement.objects.all()
    lookup_url_kwarg = "agreement_id"

    def get_serializer_context(self) -> dict[str, Any]:
        """With the caller's acceptance."""
        accepted = Acceptance.objects.filter(user_id=access.actor_of(self.request).id).values_list("agreement_id", "accepted_at")
        return super().get_serializer_context() | {"accepted": dict(accepted)}


class MyAcceptance(serializers.ModelSerializer[Acceptance]):
    """What was accepted, and when."""

    slug = serializers.CharField(source="agreement.slug")
    version = serializers.IntegerField(source="agreement.version")
    title = serializers.CharField(source="agreement.title")

    class Meta:
        model = Acceptance
        fields = ["id", "agreement_id", "slug", "version", "title", "accepted_at"]


class MyAcceptances(ClosedFilters, ListAPIView[Acceptance]):
    """Every version of every agreement I have accepted, newest first."""

    serializer_class = MyAcceptance
    queryset = Acceptance.objects.none()

    def get_queryset(self) -> Any:
        """Mine."""
        self.queryset = Acceptance.objects.filter(user_id=access.actor_of(self.request).id).select_related("agreement")
        return super().get_queryset()


# ---- the checklist ----


class StepBody(serializers.ModelSerializer[OnboardingStep]):
    """A step of a checklist."""

    name = serializers.CharField(read_only=True)

    class Meta:
        model = OnboardingStep
        fields = [
            *("id", "organization_id", "kind", "name", "title", "text", "reference", "position", "required", "paid"),
            *("estimate_seconds", "created_at", "ended_at"),
        ]


class NewStep(serializers.Serializer[Any]):
    """A step to put on a list. What is left out gets a sensible value."""

    kind = ChoiceField(choices=OnboardingStep.Kind.choices)
    title = serializers.CharField(max_length=120, required=False)
    text = serializers.CharField(max_length=200_000, required=False, help_text="Markdown: what to read, or a word on why.")
    reference = serializers.CharField(max_length=120, required=False, help_text="The id of the exam or course.")
    position = serializers.IntegerField(min_value=0, max_value=30_000, required=False)
    required = serializers.BooleanField(required=False, default=True)  # type: ignore[assignment]
    paid = serializers.BooleanField(required=False, default=False, help_text="Its time counts as work.")
    estimate_seconds = serializers.IntegerField(min_value=1, max_value=8 * 3600, required=False)


class StepChange(serializers.Serializer[Any]):
    """Wording, place and what counts; what a step asks never changes."""

    title = serializers.CharField(max_length=120, required=False)
    position = serializers.IntegerField(min_value=0, max_value=30_000, required=False)
    required = serializers.BooleanField(required=False)  # type: ignore[assignment]
    paid = serializers.BooleanField(required=False)
    estimate_seconds = serializers.IntegerField(min_value=1, max_value=8 * 3600, required=False, allow_null=True)


class ProgressBody(serializers.ModelSerializer[StepProgress]):
    """How far one is with a step."""

    class Meta:
        model = StepProgress
        fields = ["id", "step_id", "began_at", "finished_at", "credited_at"]


class MyOnboarding(APIView):
    """My checklists: the platform's, and those of the teams I am in; how far I have got and what is next."""

    def get(self, request: Request) -> Response:
        """As things stand now."""
        worker_id = access.require_worker(access.actor_of(request))
        onboarding.note_onboarded(worker_id, now=instant_of(request))
        worker = Worker.objects.get(id=worker_id)
        return Response({"onboarded_at": worker.onboarded_at, "lists": [_list(each) for each in checklist.lists_of(worker)]})


def _list(each: checklist.ListState) -> dict[str, Any]:
    return {
        "organization_id": each.organization.id if each.organization else None,
        "name": each.organization.name if each.organization else None,
        "done": each.done,
        "total": len(each.steps),
        "is_complete": each.is_complete,
        "seconds_left": each.seconds_left,
        "next": each.next.step.id if each.next else None,
        "steps": [
            StepBody(one.step).data
            | {"is_done": one.is_done, "href": one.href, "began_at": one.began_at, "finished_at": one.finished_at}
            for one in each.steps
        ],
    }


class BeginStep(WorkCommand):
    """Say that you turn to a step: from now on its time counts, where the step is paid."""

    answers = ProgressBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Begin it."""
        return checklist.begin(access.require_worker(access.actor_of(request)), path["step_id"], now=now)


class FinishStep(WorkCommand):
    """Say that you have done a step; a text is confirmed that way."""

    answers = ProgressBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Finish it."""
        worker_id = access.require_worker(access.actor_of(request))
        row = checklist.finish(worker_id, path["step_id"], now=now)
        onboarding.note_onboarded(worker_id, now=now)
        return row


class AddStep(PostCommand):
    """Put a step on a checklist."""

    accepts = NewStep
    answers = StepBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Put it there."""
        return checklist.add_step(access.actor_of(request), path.get("organization_id"), now=now, **data)


class PlatformSteps(ClosedFilters, ListAPIView[OnboardingStep], AddStep):
    """GET lists the steps of the platform's checklist, POST adds one (operators)."""

    serializer_class = StepBody
    queryset = OnboardingStep.objects.filter(organization=None, ended_at=None)
    filters = {"kind": "kind"}
    http_method_names = ["get", "post", "options"]


class VendorSteps(ClosedFilters, ListAPIView[OnboardingStep], AddStep):
    """GET lists the steps of a vendor's checklist, POST adds one."""

    serializer_class = StepBody
    queryset = OnboardingStep.objects.none()
    filters = {"kind": "kind"}
    http_method_names = ["get", "post", "options"]

    def get_queryset(self) -> Any:
        """Of an organisation of one's own."""
        organization_id = _own(self.request, self.kwargs["organization_id"])
        self.queryset = OnboardingStep.objects.filter(organization_id=organization_id, ended_at=None)
        return super().get_queryset()


class ChangeStep(PostCommand):
    """Change the wording, the place, or what counts of a step."""

    accepts = StepChange
    answers = StepBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Change it."""
        return checklist.change_step(access.actor_of(request), path["step_id"], now=now, **data)


class EndStep(PostCommand):
    """Take a step off its checklist."""

    answers = StepBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """End it."""
        return checklist.end_step(access.actor_of(request), path["step_id"], now=now)


# ---- teams ----


class InvitationBody(serializers.ModelSerializer[TeamInvitation]):
    """An invitation without its token."""

    class Meta:
        model = TeamInvitation
        fields = ["id", "organization_id", "name", "max_uses", "uses", "created_at", "expires_at", "revoked_at"]


class NewInvitation(serializers.Serializer[Any]):
    """To whom the link goes, how many may use it, and for how long."""

    name = serializers.CharField(max_length=80)
    max_uses = serializers.IntegerField(min_value=1, max_value=teams.USES_MAX, default=1)
    days = serializers.IntegerField(min_value=1, max_value=teams.DAYS_MAX, default=14)


class MadeInvitation(InvitationBody):
    """A new invitation; its token and address are shown this once."""

    token = serializers.CharField(read_only=True)
    href = serializers.CharField(read_only=True)

    class Meta(InvitationBody.Meta):
        fields = [*InvitationBody.Meta.fields, "token", "href"]


class Invite(PostCommand):
    """Make a link that lets people join the team; it is shown this once."""

    accepts = NewInvitation
    answers = MadeInvitation
    status = 201
    shaped = False
    remembered = False  # a token is never kept; a repeat is answered by deriving it again

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Make it."""
        key = idempotency_key(request)
        row, token = teams.invite(access.actor_of(request), path["organization_id"], now=now, key=key, **data)
        return InvitationBody(row).data | {"token": token, "href": f"{settings.SITE_ADDRESS}/join/{token}/"}


class Invitations(ClosedFilters, ListAPIView[TeamInvitation], Invite):
    """GET lists the invitations to a vendor's team, POST makes one."""

    serializer_class = InvitationBody
    queryset = TeamInvitation.objects.none()
    http_method_names = ["get", "post", "options"]

    def get_queryset(self) -> Any:
        """Of an organisation of one's own."""
        self.queryset = TeamInvitation.objects.filter(organization_id=_own(self.request, self.kwargs["organization_id"]))
        return super().get_queryset()


class RevokeInvitation(PostCommand):
    """Let an invitation work no longer; who joined with it stays."""

    answers = InvitationBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Revoke it."""
        return teams.revoke_invitation(access.actor_of(request), path["invitation_id"], now=now)


class Team(APIView):
    """Who is in a vendor's team, and how far each has got; aliases, never identities."""

    def get(self, request: Request, organization_id: Any) -> Response:
        """All of them."""
        return Response({"results": teams.team_of(_own(request, organization_id))})


class TeamMemberBody(serializers.ModelSerializer[TeamMember]):
    """A place in a team."""

    organization = serializers.CharField(source="organization.name", read_only=True)

    class Meta:
        model = TeamMember
        fields = ["id", "organization_id", "organization", "joined_at", "onboarded_at", "left_at", "end_reason"]


class JoinRequest(serializers.Serializer[Any]):
    """The token of the link."""

    token = serializers.CharField(max_length=100)


class Join(WorkCommand):
    """Join the team that a link invites to."""

    accepts = JoinRequest
    answers = TeamMemberBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Join it."""
        return teams.join(access.actor_of(request), data["token"], now=now)


class MyTeams(ClosedFilters, ListAPIView[TeamMember]):
    """The teams I am or was in, newest first."""

    serializer_class = TeamMemberBody
    queryset = TeamMember.objects.none()

    def get_queryset(self) -> Any:
        """Mine."""
        self.queryset = TeamMember.objects.filter(worker__user_id=access.actor_of(self.request).id).select_related("organization")
        return super().get_queryset()


class LeaveTeam(WorkCommand):
    """Leave a team, at any time and without a reason."""

    answers = TeamMemberBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Leave it."""
        return teams.leave(access.actor_of(request), path["member_id"], now=now)


class EndRequest(serializers.Serializer[Any]):
    """Why; the person reads it."""

    reason = serializers.CharField(max_length=5000)


class EndTeamMember(PostCommand):
    """End someone's place in one's team, with a reason that they read."""

    accepts = EndRequest
    answers = TeamMemberBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """End it."""
        return teams.end(access.actor_of(request), path["member_id"], now=now, **data)


def _own(request: Request, organization_id: Any) -> Any:
    """The organisation, for members of it. Raises NotFound."""
    access.require_role(access.actor_of(request), organization_id, at_least=Membership.Role.VIEWER)
    if not Organization.objects.filter(id=organization_id).exists():
        raise NotFound
    return organization_id


urlpatterns = [
    path("me/worker", BecomeWorker.as_view()),
    path("me/email/send-code", SendEmailCode.as_view()),
    path("me/email/verify", VerifyEmail.as_view()),
    path("me/acceptances", MyAcceptances.as_view()),
    path("me/onboarding", MyOnboarding.as_view()),
    path("me/onboarding/<uuid:step_id>/begin", BeginStep.as_view()),
    path("me/onboarding/<uuid:step_id>/finish", FinishStep.as_view()),
    path("me/teams", MyTeams.as_view()),
    path("me/teams/<uuid:member_id>/leave", LeaveTeam.as_view()),
    path("agreements/<uuid:agreement_id>", OneAgreement.as_view()),
    path("onboarding-steps", PlatformSteps.as_view()),
    path("onboarding-steps/<uuid:step_id>/change", ChangeStep.as_view()),
    path("onboarding-steps/<uuid:step_id>/end", EndStep.as_view()),
    path("organizations/<uuid:organization_id>/onboarding-steps", VendorSteps.as_view()),
    path("organizations/<uuid:organization_id>/invitations", Invitations.as_view()),
    path("organizations/<uuid:organization_id>/team", Team.as_view()),
    path("invitations/<uuid:invitation_id>/revoke", RevokeInvitation.as_view()),
    path("team-members/<uuid:member_id>/end", EndTeamMember.as_view()),
    path("join", Join.as_view()),
]
