"""Work, who does it and what was concluded; one file per aggregate."""

from tasks.models.aggregation import AggregationRun, Result, RunSkill
from tasks.models.answering import Answer, Assignment, BulkAcceptance, Draft, Review
from tasks.models.counting import Tally
from tasks.models.gold import Case, GoldChange, GoldScore, Look
from tasks.models.learning import Study
from tasks.models.media import MediaFile, ToldOfSite
from tasks.models.publishing import Batch, Enrolment, Guideline, GuidelineReading, Import, Project
from tasks.models.queue import Gold, Prelabel, Task

__all__ = [
    "AggregationRun",
    "Answer",
    "Assignment",
    "Batch",
    "BulkAcceptance",
    "Case",
    "Draft",
    "Enrolment",
    "Gold",
    "GoldChange",
    "GoldScore",
    "Guideline",
    "GuidelineReading",
    "Import",
    "Look",
    "MediaFile",
    "Prelabel",
    "Project",
    "Result",
    "Review",
    "RunSkill",
    "Study",
    "Tally",
    "Task",
    "ToldOfSite",
]
