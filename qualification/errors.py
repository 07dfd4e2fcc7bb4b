"""What can go wrong with skills, exams and requirements."""

from foundation.errors import Conflict, Forbidden, Invalid


class BadRequirement(Invalid):
    """A requirement that cannot be understood."""

    code = "bad_requirement"
    message = "One of the requirements cannot be understood."


class SkillNameTaken(Conflict):
    """The organisation has a skill of that name."""

    code = "skill_name_taken"
    message = "There is a skill of that name already."


class BadExam(Invalid):
    """An exam that nobody could sit."""

    code = "bad_exam"
    message = "The exam cannot be set like this."


class ExamClosed(Conflict):
    """The exam takes no new attempts."""

    code = "exam_closed"
    message = "This exam is closed."


class NoAttemptsLeft(Forbidden):
    """Every attempt is used up."""

    code = "no_attempts_left"
    message = "You have used every attempt at this exam."


class RetryTooEarly(Forbidden):
    """The next attempt has to wait."""

    code = "retry_too_early"
    message = "You may try this exam again later; `retry_at` says when."


class AttemptEnded(Conflict):
    """The attempt was handed in, or its time is over."""

    code = "attempt_ended"
    message = "This attempt has ended; `state` says how."
