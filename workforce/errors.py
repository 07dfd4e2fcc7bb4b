"""What can go wrong with people and organisations."""

from foundation.errors import Conflict, Forbidden, Invalid


class NotAWorker(Forbidden):
    """The account does not do tasks."""

    code = "not_a_worker"
    message = "This account is not a worker's. Sign up with as_worker to do tasks."


class NotAnOperator(Forbidden):
    """Only operators of the installation may do this."""

    code = "not_an_operator"
    message = "Only an operator of this installation may do that."


class RoleTooLow(Forbidden):
    """A member, but not in a role that may do this."""

    code = "role_too_low"
    message = "Your role in this organisation does not allow that; ask an owner."


class EmailTaken(Conflict):
    """An account with that email exists. Said to programs of the installation; no route answers it (docs/decisions/0029)."""

    code = "email_taken"
    message = "There is an account with this email already."


class BadAddress(Invalid):
    """Not an email address, or one whose spelling could be taken for another."""

    code = "bad_address"
    message = "This email address cannot be used here."


class BadCredentials(Forbidden):
    """Email and password do not fit. Which of the two is wrong is not told."""

    code = "bad_credentials"
    message = "Email or password is wrong."


class SecondFactorNeeded(Forbidden):
    """The password is right, and the account has a second factor."""

    code = "second_factor_needed"
    message = (
        "This account has a second factor: give `code` from the authenticator app, or a recovery code. With a passkey alone, make the "
        "token on the site, under Account."
    )


class WrongSecondFactor(Forbidden):
    """The code of the second factor is wrong, or was used."""

    code = "wrong_second_factor"
    message = "This code is wrong or was used. Wait for the next one, or give a recovery code."


class AddressUnproven(Forbidden):
    """The account has yet to show that its address is its own."""

    code = "address_unproven"
    message = (
        "Prove first that the email address is yours: POST me/email/send-code mails a code, POST me/email/verify takes it. A token that "
        "was made before that works only if it is the one the code comes with; otherwise make another."
    )


class ScopeMissing(Forbidden):
    """The token was not made for this."""

    code = "scope_missing"
    message = "This token does not have the scope for that. Make one that has, with POST tokens or on the site under Account."


class SecondFactorMissing(Forbidden):
    """Operators have a second factor."""

    code = "second_factor_missing"
    message = "Operators need a second factor. Set one up under Account, and sign in again."


class BadCode(Invalid):
    """A code that was mailed, and is wrong, void or too old."""

    code = "bad_code"
    message = "This code is wrong or no longer works. Ask for a new one."


class CodeTooSoon(Conflict):
    """A code was sent a moment ago."""

    code = "code_too_soon"
    message = "A code was sent a moment ago. Look into your mail, or ask again in a minute."


class BadField(Invalid):
    """A value that cannot be kept."""

    code = "bad_field"
    message = "One of the values cannot be kept."


class AlreadyAMember(Conflict):
    """The user acts for the organisation already."""

    code = "already_a_member"
    message = "This person is a member already. End the membership first to change the role."


class LastOwner(Conflict):
    """An organisation keeps at least one owner."""

    code = "last_owner"
    message = (
        "This is the last owner. Make someone else an owner first, or close the organisation: POST organizations/<id>/close."
    )


class OrganizationClosed(Conflict):
    """The organisation was closed, for good: it can be read, and nobody acts for it."""

    code = "organization_closed"
    message = (
        "This organisation is closed. Its members can read what there is; nobody can act for it. Found another one to go on."
    )


class NotSettled(Conflict):
    """An organisation that is to be closed has something left to settle."""

    code = "not_settled"
    message = "Something is left to settle before the organisation can close: `left` says what, and how."


class NotLiftable(Conflict):
    """The decision is over, was lifted, or is of a kind that is not lifted."""

    code = "not_liftable"
    message = "This decision has ended or was lifted already."


class BadMessage(Invalid):
    """A message that is empty or too long."""

    code = "bad_message"
    message = "Write something, of 5000 characters at most."


class TooManyMessages(Conflict):
    """More messages in an hour than anybody reads."""

    code = "too_many_messages"
    message = "You have written a lot within the hour. Wait a little before the next message."


class ThreadFull(Conflict):
    """A conversation has got too long."""

    code = "thread_full"
    message = "This conversation has reached its limit. Start another one."


class ThreadEnded(Conflict):
    """A conversation that is not re-opened: an appeal's, once it is decided."""

    code = "thread_ended"
    message = "This appeal is decided, and its conversation ended with it."


class NothingToClarify(Conflict):
    """Only an answered question about a batch becomes a clarification for everybody."""

    code = "nothing_to_clarify"
    message = "Only a question about a job, once answered, can be published for everybody who works on it."


class NothingToAppeal(Conflict):
    """The decision was lifted, or is not one against anybody."""

    code = "nothing_to_appeal"
    message = "This decision was lifted already, or restricts nobody: there is nothing to appeal."


class AppealTooLate(Conflict):
    """The time to appeal is over."""

    code = "appeal_too_late"
    message = "The time to appeal this decision is over."


class AppealExists(Conflict):
    """One appeal per decision."""

    code = "appeal_exists"
    message = "You have appealed this decision already; each decision can be appealed once."


class AppealEnded(Conflict):
    """The appeal is decided or withdrawn."""

    code = "appeal_ended"
    message = "This appeal has been decided or withdrawn already."


class SamePerson(Forbidden):
    """Whoever decided does not decide the appeal."""

    code = "same_person"
    message = "You made this decision, so somebody else decides its appeal. To give in, lift the decision or accept the answer."


class OwnAccount(Forbidden):
    """An operator's power over others' accounts is no way round the checks on one's own."""

    code = "own_account"
    message = "This is your own account: change how you sign in under Account, or ask another operator."


class AppealUnexplained(Invalid):
    """A verdict on an appeal needs a verdict and a reason."""

    code = "appeal_unexplained"
    message = "Say whether the decision is upheld or overturned, and explain it to the worker in at least 50 characters."


class MoneyLeft(Conflict):
    """Someone to be erased still has money here."""

    code = "money_left"
    message = "There is money of yours here, available or waiting for review. Take it out first, or say that you give it up."


class WorkInHand(Conflict):
    """Someone to be erased still holds tasks."""

    code = "work_in_hand"
    message = "You hold tasks. Hand them in or return them first."


class AlreadyLeaving(Conflict):
    """The erasure is over, one way or the other."""

    code = "not_leaving"
    message = "There is no erasure waiting that could be undone."


class StillOwner(Conflict):
    """The last owner of an organisation cannot be erased."""

    code = "still_owner"
    message = (
        "You are the last owner of an organisation. Make someone else an owner first, or close it: POST organizations/<id>/close."
    )


class BadStep(Invalid):
    """A step that nobody could do, or that cannot be changed that way."""

    code = "bad_step"
    message = "This step cannot stand on a checklist."


class StepTwice(Conflict):
    """The list asks for this already."""

    code = "step_twice"
    message = "This step is on the list already."


class StepNotDone(Conflict):
    """Said to be done, and the facts say otherwise."""

    code = "step_not_done"
    message = "This step is not done yet; its page says what is left."


class NotAVendor(Invalid):
    """Teams belong to vendors."""

    code = "not_a_vendor"
    message = "Only a vendor has a team; this organisation posts work."


class InvitationOver(Conflict):
    """The link was right once: it has expired, was revoked, or all its places are taken."""

    code = "invitation_over"
    message = "This invitation no longer works. Ask the team for a new link."


class BadNote(Invalid):
    """A note to be quoted that is too long or carries a link."""

    code = "bad_note"
    message = "A note has 300 characters at most."


class LimitReached(Conflict):
    """As many as an account or an organisation may have, or may do in a while."""

    code = "limit_reached"
    message = "That is as many as there may be."
