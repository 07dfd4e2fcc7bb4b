"""Work, who does it and what was concluded; one file per aggregate."""

from tasks.models.aggregation import AggregationRun, Result, RunSkill
from tasks.models.answering import Answer, Assignment, Review
from tasks.models.publishing import Batch, Enrolment, Guideline, GuidelineReading, Import, Project
from tasks.models.queue import Gold, Task

__all__ = [
    "AggregationRun",
    "Answer",
    "Assignment",
    "Batch",
    "Enrolment",
    "Gold",
    "Guideline",
    "GuidelineReading",
    "Import",
    "Project",
    "Result",
    "Review",
    "RunSkill",
    "Task",
]
