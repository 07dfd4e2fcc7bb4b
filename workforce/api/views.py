"""Accounts, profiles, agreements, organisations and decisions over HTTP."""

from contextlib import suppress
from datetime import datetime
from typing import Any

from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from foundation.api.commands import Command, idempotency_key
from foundation.api.filters import ClosedFilters
from foundation.clock import instant_of
from foundation.errors import NotFound
from foundation.networks import network_of
from workforce import access, accounts, decisions, emails, members, onboarding, recovering, tokens
from workforce.api import serializers as shapes
from workforce.api.aliases import worker_called
from workforce.api.commands import ADMIN, AdminCommand, PostCommand, TalkCommand, WorkCommand
from workforce.api.throttling import Knocking, guessing
from workforce.errors import EmailTaken
from workforce.models import (
    Acceptance,
    Agreement,
    ApiToken,
    Decision,
    Identity,
    MemberInvitation,
    Membership,
    Organization,
    User,
    Worker,
)


class SignUp(Command):
    """Open an account."""

    accepts = shapes.SignUpRequest
    answers = shapes.SignedUp
    status = 201
    open_to_strangers = frozenset({"POST"})
    throttle_classes = [Knocking]

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Open it. The answer never tells whether the address has an account: its owner gets a mail instead."""
        with suppress(EmailTaken):  # where addresses are taken as they are, nothing was opened, and there is nobody to tell
            emails.tell_owner_of(accounts.sign_up(now=now, **data))
        return {"email": data["email"]}


class LogIn(Command):
    """Trade email and password for a token, shown this once."""

    accepts = shapes.LogInRequest
    answers = shapes.NewTokenBody
    status = 201
    open_to_strangers = frozenset({"POST"})
    throttle_classes = [Knocking]
    remembered = False  # a token is never kept; a repeat is answered by deriving it again

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Issue it."""
        with guessing(request, data["email"]):
            row, token = accounts.log_in(now=now, key=idempotency_key(request), network=network_of(request), **data)
        return {"id": row.id, "token": token, "scopes": row.scopes, "expires_at": row.expires_at}


class Tokens(ClosedFilters, ListAPIView[ApiToken], LogIn):
    """GET lists one's tokens, POST issues one."""

    read_scopes = ADMIN

    serializer_class = shapes.TokenBody
    queryset = ApiToken.objects.none()
    http_method_names = ["get", "post", "options"]

    def get_queryset(self) -> Any:
        """Mine, and only mine."""
        self.queryset = ApiToken.objects.filter(user_id=access.actor_of(self.request).id)
        return super().get_queryset()


class RevokeToken(AdminCommand):
    """End a token of one's own, at once."""

    answers = shapes.TokenBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """End it."""
        return tokens.revoke(access.actor_of(request), path["token_id"], now=now)


class Me(APIView):
    """Who am I here, and what is still to do?"""

    open_to_unproven = True

    def get(self, request: Request) -> Response:
        """Account, worker, organisations, missing steps."""
        actor = access.actor_of(request)
        worker = Worker.objects.filter(user_id=actor.id).first()
        return Response(
            {
                "user_id": actor.id,
                "email": emails.address_of(User.objects.get(id=actor.id)),
                "email_is_proven": actor.is_proven,
                "is_operator": actor.is_operator,
                "scopes": sorted(actor.scopes),
                "worker": shapes.WorkerBody(worker).data if worker else None,
                "organizations": [{"id": one, "role": role} for one, role in actor.roles.items()],
                "missing": onboarding.missing_steps(worker.id) if worker else [],
            }
        )


class Profile(WorkCommand):
    """Change what matching knows about me."""

    accepts = shapes.ProfileRequest
    answers = shapes.WorkerBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Change it."""
        return onboarding.update_profile(access.require_worker(access.actor_of(request)), now=now, **data)


class Content(WorkCommand):
    """Say which sensitive content I accept to see."""

    accepts = shapes.ContentRequest
    answers = shapes.WorkerBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Keep it."""
        worker_id = access.require_worker(access.actor_of(request))
        return onboarding.choose_content(worker_id, accepted=data["sensitive_accepted"], now=now)


class Hours(WorkCommand):
    """Say when I usually work, and how much at most."""

    accepts = shapes.HoursRequest
    answers = shapes.WorkerBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Keep it."""
        return onboarding.choose_hours(access.require_worker(access.actor_of(request)), now=now, **data)


class KeepIdentity(AdminCommand):
    """Keep who I am, encrypted and apart from everything else."""

    accepts = shapes.IdentityBody
    answers = shapes.KeptIdentity

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Keep it."""
        return onboarding.update_identity(access.require_worker(access.actor_of(request)), now=now, **data)


class MyIdentity(RetrieveAPIView[Identity], KeepIdentity):
    """GET shows what is kept about who I am, POST keeps it."""

    read_scopes = ADMIN

    serializer_class = shapes.IdentityBody
    http_method_names = ["get", "post", "options"]

    def get_object(self) -> Identity:
        """One's own; an empty one before there is any."""
        worker_id = access.require_worker(access.actor_of(self.request))
        return Identity.objects.filter(worker_id=worker_id).first() or Identity(worker_id=worker_id)


class PublishAgreement(AdminCommand):
    """Put the next version of an agreement in force (operators)."""

    accepts = shapes.NewAgreement
    answers = shapes.AgreementBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Publish it."""
        return onboarding.publish_agreement(access.actor_of(request), now=now, **data)


class Agreements(ClosedFilters, ListAPIView[Agreement], PublishAgreement):
    """GET lists the agreements in force and when I accepted them, POST puts one in force."""

    serializer_class = shapes.AgreementBody
    queryset = Agreement.objects.none()
    http_method_names = ["get", "post", "options"]

    def get_queryset(self) -> Any:
        """The newest version of each."""
        self.queryset = onboarding.current_agreements()
        return super().get_queryset()

    def get_serializer_context(self) -> dict[str, Any]:
        """With the caller's acceptances."""
        accepted = Acceptance.objects.filter(user_id=access.actor_of(self.request).id).values_list("agreement_id", "accepted_at")
        return super().get_serializer_context() | {"accepted": dict(accepted)}


class AcceptAgreement(TalkCommand):
    """Accept a version of an agreement."""

    answers = shapes.AcceptanceBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Accept it."""
        return onboarding.accept_agreement(access.actor_of(request), path["agreement_id"], now=now)


class CreateOrganization(PostCommand):
    """Found an organisation; one becomes its owner."""

    accepts = shapes.OrganizationBody
    answers = shapes.OrganizationBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Found it."""
        return members.create_organization(access.actor_of(request), now=now, **{"kind": Organization.Kind.REQUESTER} | data)


class Organizations(ClosedFilters, ListAPIView[Organization], CreateOrganization):
    """GET lists the organisations one acts for, POST founds one."""

    serializer_class = shapes.OrganizationBody
    queryset = Organization.objects.none()
    filters = {"kind": "kind"}
    http_method_names = ["get", "post", "options"]

    def get_queryset(self) -> Any:
        """One's own."""
        self.queryset = Organization.objects.filter(id__in=access.actor_of(self.request).organization_ids)
        return super().get_queryset()


class OneOrganization(RetrieveAPIView[Organization]):
    """An organisation one acts for."""

    serializer_class = shapes.OrganizationBody
    lookup_url_kwarg = "organization_id"

    def get_queryset(self) -> Any:
        """One's own."""
        return Organization.objects.filter(id__in=access.actor_of(self.request).organization_ids)


class InviteMember(AdminCommand):
    """Invite an address to act for the organisation (owners); whoever it belongs to joins by accepting."""

    accepts = shapes.NewMember
    answers = shapes.MemberInvitationBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Invite them."""
        return members.invite(access.actor_of(request), path["organization_id"], now=now, **data)


class Members(ClosedFilters, ListAPIView[Membership], InviteMember):
    """GET lists who acts for the organisation, POST invites someone."""

    serializer_class = shapes.MemberBody
    queryset = Membership.objects.none()
    filters = {"role": "role"}
    http_method_names = ["get", "post", "options"]

    def get_queryset(self) -> Any:
        """Of an organisation of one's own."""
        organization_id = self.kwargs["organization_id"]
        access.require_role(access.actor_of(self.request), organization_id, at_least=Membership.Role.VIEWER)
        if not Organization.objects.filter(id=organization_id).exists():
            raise NotFound
        self.queryset = Membership.objects.filter(organization_id=organization_id).select_related("user")
        return super().get_queryset()


class MemberInvitations(ClosedFilters, ListAPIView[MemberInvitation]):
    """Who was invited to act for the organisation (owners), newest first. That somebody declined is not told."""

    serializer_class = shapes.MemberInvitationBody
    queryset = MemberInvitation.objects.none()

    def get_queryset(self) -> Any:
        """Of an organisation of one's own."""
        organization_id = self.kwargs["organization_id"]
        access.require_role(access.actor_of(self.request), organization_id, at_least=Membership.Role.OWNER, even_closed=True)
        self.queryset = MemberInvitation.objects.filter(organization_id=organization_id)
        return super().get_queryset()


class RevokeMemberInvitation(AdminCommand):
    """Take an invitation back (owners)."""

    answers = shapes.MemberInvitationBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Revoke it."""
        return members.revoke(access.actor_of(request), path["member_invitation_id"], now=now)


class MyInvitations(ClosedFilters, ListAPIView[MemberInvitation]):
    """The invitations that wait for me: to an address that I have proven to be mine."""

    serializer_class = shapes.MyInvitationBody
    queryset = MemberInvitation.objects.none()

    def get_queryset(self) -> Any:
        """Mine, and only mine."""
        self.queryset = members.waiting_for(access.actor_of(self.request).id, now=instant_of(self.request))
        return super().get_queryset()


class AcceptInvitation(AdminCommand):
    """Join the organisation that invites me, in the role it names."""

    answers = shapes.MemberBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Accept it."""
        return members.accept(access.actor_of(request), path["member_invitation_id"], now=now)


class DeclineInvitation(AdminCommand):
    """Say no to an invitation; the organisation is not told."""

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Decline it."""
        members.decline(access.actor_of(request), path["member_invitation_id"], now=now)
        return {"id": path["member_invitation_id"], "state": MemberInvitation.State.DECLINED}


class EndMembership(AdminCommand):
    """Let someone act for the organisation no longer."""

    answers = shapes.MemberBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """End it."""
        return members.end_membership(access.actor_of(request), path["membership_id"], now=now)


class Decisions(ClosedFilters, ListAPIView[Decision]):
    """The decisions about me, and those my organisations made."""

    serializer_class = shapes.DecisionBody
    queryset = Decision.objects.none()
    filters = {"kind": "kind", "scope": "scope"}
    narrowing = {"worker": worker_called(owner="organization_id")}

    def get_queryset(self) -> Any:
        """As far as one may see them."""
        self.queryset = Decision.objects.visible_to(access.actor_of(self.request))
        return super().get_queryset()


class OneDecision(RetrieveAPIView[Decision]):
    """A decision with its receipt."""

    serializer_class = shapes.DecisionBody
    lookup_url_kwarg = "decision_id"

    def get_queryset(self) -> Any:
        """As far as one may see them."""
        return Decision.objects.visible_to(access.actor_of(self.request))


class LiftDecision(PostCommand):
    """End a restriction early."""

    accepts = shapes.LiftRequest
    answers = shapes.DecisionBody
    status = 201

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Lift it."""
        return decisions.lift(access.actor_of(request), path["decision_id"], now=now, **data)


class RemoveSecondFactors(AdminCommand):
    """Take the second factors off an account whose owner has lost them (operators). Signs it out everywhere; its owner is mailed the reason."""

    accepts = shapes.RecoveryRequest
    answers = shapes.RecoveredBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Remove them."""
        return recovering.remove_second_factors(access.actor_of(request), path["user_id"], now=now, **data)


class SignOutEverywhere(AdminCommand):
    """End every session and token of an account (operators). Its owner is mailed the reason."""

    accepts = shapes.RecoveryRequest
    answers = shapes.RecoveredBody

    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """End them."""
        return recovering.sign_out_everywhere(access.actor_of(request), path["user_id"], now=now, **data)
