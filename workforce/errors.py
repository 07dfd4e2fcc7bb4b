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
    """An account with that email exists."""

    code = "email_taken"
    message = "There is an account with this email already. Log in with POST tokens."


class BadCredentials(Forbidden):
    """Email and password do not fit. Which of the two is wrong is not told."""

    code = "bad_credentials"
    message = "Email or password is wrong."


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
    message = "This is the last owner. Make someone else an owner first."


class NotLiftable(Conflict):
    """The decision is over, was lifted, or is of a kind that is not lifted."""

    code = "not_liftable"
    message = "This decision has ended or was lifted already."
