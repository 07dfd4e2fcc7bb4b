"""Work, answers and conclusions."""

from django.apps import AppConfig


class TasksConfig(AppConfig):
    """Work, answers and conclusions."""

    name = "tasks"
