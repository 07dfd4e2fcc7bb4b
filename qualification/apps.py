"""Skills, exams, evidence and estimates."""

from django.apps import AppConfig


class QualificationConfig(AppConfig):
    """Skills, exams, evidence and estimates."""

    name = "qualification"
