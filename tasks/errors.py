"""What can go wrong with work. Each section belongs to the module it names."""

from foundation.errors import Conflict, Forbidden, Invalid

# ---- assigning ----


class BatchNotOpen(Conflict):
    """No new leases from a batch that is not open."""

    code = "batch_not_open"
    message = "This batch hands out no tasks now. Leases you hold stay yours; GET jobs lists what is open."


class TooManyLeases(Conflict):
    """The worker holds as many tasks as the batch allows."""

    code = "too_many_leases"
    message = "You hold as many tasks of this batch as one person may. Hand one in, or give one back."


class ChoosingNotAllowed(Forbidden):
    """The batch hands out tasks in its own order."""

    code = "choosing_not_allowed"
    message = "Tasks of this batch cannot be chosen; claim without a task_id and you get the next one."


class TaskTaken(Conflict):
    """Every place of the chosen task is taken, or this worker has had it."""

    code = "task_taken"
    message = "You have had this task, or all its places are taken. Claim another."


class LeaseLost(Conflict):
    """The assignment has ended, or another token holds it."""

    code = "lease_lost"
    message = "This lease is no longer yours in that way; `state` says what became of it."


# ---- answering ----

RESULT_MAX_BYTES = 1024 * 1024


class ResultTooLarge(Invalid):
    """An answer over the limit."""

    code = "result_too_large"
    message = "An answer has at most %(limit)s bytes of JSON."


class AnsweredOtherwise(Conflict):
    """A second hand-in with another content."""

    code = "answered_otherwise"
    message = "This task was handed in before with another answer. Answers are not edited; ask for a review instead."


# ---- drafting ----


class DraftOutdated(Conflict):
    """Another page has saved a newer draft; `draft` in the details is that one."""

    code = "draft_outdated"
    message = "This task is open elsewhere, and newer work was saved there. Go on from that, or save over it."


# ---- clocking ----


class BreakNeeded(Conflict):
    """A long day: no new leases unless the worker says that they go on."""

    code = "break_needed"
    message = "You have worked eight hours. Rest, or say that you go on: POST me/time/go-on."


class DayIsFull(Conflict):
    """No new leases before `until`: the day is full, or as long as the worker wanted it to be."""

    code = "day_is_full"
    message = "You have worked as much as one may in a day. `until` says when there are new tasks."


class WeekIsFull(Conflict):
    """No new leases before `until`: the week is as long as the worker wanted it to be."""

    code = "week_is_full"
    message = "You have worked as much as you wanted to in a week. `until` says when there are new tasks."


# ---- enrolling ----


class NotEligible(Forbidden):
    """The worker may not take part in the batch; `missing` says what is missing and how to get it."""

    code = "not_eligible"
    message = "You cannot take part in this batch yet; `missing` says what is missing and how to get it."


# ---- publishing ----


class BadBatch(Invalid):
    """Settings that do not fit together."""

    code = "bad_batch"
    message = "The settings of this batch do not fit together."


class BadGuideline(Invalid):
    """A guideline that cannot be kept; `field` says which part of it."""

    code = "bad_guideline"
    message = "This guideline cannot be kept."


class BatchEmpty(Conflict):
    """Something a batch needs before it can open is not there."""

    code = "batch_incomplete"
    message = "The batch has no tasks yet: POST batches/<id>/tasks."


class GoldStandsOut(Conflict):
    """A worker could tell gold by looking at it: its payloads or suggestions are not like the other tasks'."""

    code = "gold_stands_out"
    message = (
        "Gold can be told from the other tasks by its looks. Give it the same payload fields, of the same types, and a prelabel where the "
        "others have one; then make the batch again."
    )


class BatchStateConflict(Conflict):
    """The batch is not in the state this needs."""

    code = "batch_state"
    message = "The batch is in another state than this needs."


class PriceTooLow(Invalid):
    """The price is under what an hour of this work must bring."""

    code = "price_below_floor"
    message = "At the stated time per task this price is under the pay floor. `limit` is the least price."


class PilotNeeded(Conflict):
    """A large batch that no finished pilot has tried out, published without a word why."""

    code = "pilot_needed"
    message = (
        "A batch this large is first tried out by a small group: POST batches/<id>/pilots. To publish it without, say why in "
        "skip_pilot_reason."
    )


class PilotRuns(Conflict):
    """A pilot of this batch is not through yet."""

    code = "pilot_runs"
    message = "A pilot of this batch is running. Wait for it, or close it, before you begin another."


class PilotUnfinished(Conflict):
    """There is no finished pilot to go by."""

    code = "pilot_unfinished"
    message = "No pilot of this batch is finished, so none suggests a price: five people's answers are needed."


# ---- importing ----


class BadUpload(Invalid):
    """An upload that cannot be read at all."""

    code = "bad_upload"
    message = "The upload cannot be read."


class BadRow(Invalid):
    """One row of an upload that cannot be used."""

    code = "bad_row"
    message = "The row cannot be used."


# ---- media ----


class BadFile(Invalid):
    """A file that tasks cannot show."""

    code = "bad_file"
    message = "This file cannot be kept for tasks to show."


class ForeignFile(Invalid):
    """A payload, lesson, exam or text names a file that is not of its own organisation."""

    code = "foreign_file"
    message = "Only files of your organisation can be shown. Upload this one: POST organizations/<id>/files."


# ---- reviewing ----


class RejectionUnexplained(Invalid):
    """A rejection without reason, explanation or evidence."""

    code = "rejection_unexplained"
    message = "A rejection needs a reason, an explanation and evidence."


class RejectionCap(Forbidden):
    """The batch's share of rejections is used up."""

    code = "rejection_cap"
    message = "Too much of this batch was rejected already. Ask an operator to look at the guideline and the answers with you."


class NotTooFast(Invalid):
    """The answer was not too fast by the rule."""

    code = "not_too_fast"
    message = "This answer was not given faster than the rule for too fast allows."


class TooFewChecks(Invalid):
    """The worker has met too few checks for failing them to mean something."""

    code = "too_few_checks"
    message = "This worker has answered too few tasks with a known answer to be rejected for failing them."


class ReviewConflict(Conflict):
    """The answer is in no state that this verdict fits."""

    code = "review_conflict"
    message = "This answer cannot get that verdict now; `state` says where it stands."


# ---- sitting ----


class BadQuestion(Invalid):
    """A question of an exam that does not fit its interface."""

    code = "bad_question"
    message = "The question does not fit the interface."


# ---- aggregation ----


class BadParameter(Invalid):
    """A method or parameter that does not exist, or a value outside its limits."""

    code = "bad_parameter"
    message = "The method cannot be run with that."


class AggregationRefused(Conflict):
    """The method cannot take this input; the details say why and what fits instead."""

    code = "aggregation_refused"
    message = "This method cannot take these answers."


class MethodUnfit(Invalid):
    """The control's answers are of a kind that the method cannot combine."""

    code = "method_unfit"
    message = (
        "This method cannot combine answers to that control; `known` names the controls it fits, `methods` what fits the control."
    )


class TooManyRuns(Conflict):
    """The batch has as many runs waiting as it may."""

    code = "too_many_runs"
    message = "This batch has several aggregations waiting; let them finish first."


class RunLost(Conflict):
    """Another process has taken the run over, so this one stores nothing."""

    code = "run_lost"
    message = "This run was taken over by another process."


class FlagUnknown(Invalid):
    """A task is flagged for a reason from the list."""

    code = "flag_unknown"
    message = "Choose what is wrong with the task."


class CaseEnded(Conflict):
    """The case was decided, or has ended without."""

    code = "case_ended"
    message = "This case has ended."


class CaseUnexplained(Invalid):
    """A case is decided with a reason that the worker reads."""

    code = "case_unexplained"
    message = "Say why, in 50 to 5000 characters: the worker reads it."


class GoldUnexplained(Invalid):
    """Gold is corrected or retired with a reason."""

    code = "gold_unexplained"
    message = "Say what was wrong, in 10 to 2000 characters."


class GoldUnchanged(Invalid):
    """Nothing about the gold would change."""

    code = "gold_unchanged"
    message = "This task is gold no longer, or its solution is this one already."


class ProgramRefused(Forbidden):
    """The page of a task runs a program of its requester's, and the installation shows none."""

    code = "program_refused"
    message = "The tasks of this job are a page with a program that the requester wrote. This site shows none: it could tell others who works."
