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


class BadScoring(Invalid):
    """An answer key or minimum that cannot be used."""

    code = "bad_scoring"
    message = "The scoring cannot be used like this."


class ReviewNotAllowed(Forbidden):
    """The owner of the exam does not show its solutions, or not yet."""

    code = "review_not_allowed"
    message = "This exam does not show its answers after this sitting; `review_allowed` says when it does."


class BadCourse(Invalid):
    """A course or lesson that nobody could finish."""

    code = "bad_course"
    message = "The course cannot be made like this."


class CourseConflict(Conflict):
    """The course is not in the state this needs: being written, open, or closed."""

    code = "course_state"
    message = "The course is in another state than this needs."


class TrainingFinished(Conflict):
    """The lesson is mastered, or the course finished: there is nothing more to practise."""

    code = "training_finished"
    message = "You have mastered this lesson. Go on with the next one."


class PracticeMoved(Conflict):
    """Another page has practised on; `number` and `question_id` say where it stands now."""

    code = "practice_moved"
    message = "You have practised on in another page. Go on from where it stands now."


class PracticeUsedUp(Forbidden):
    """The bound on practice answers in one lesson."""

    code = "practice_used_up"
    message = "You have practised this lesson as often as one may. Write to the requester: something about it needs another look."
