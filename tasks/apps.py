"""Work, answers and conclusions."""

from django.apps import AppConfig


class TasksConfig(AppConfig):
    """Work, answers and conclusions."""

    name = "tasks"

    def ready(self) -> None:
        """Say what steps of onboarding mean that people's own room cannot know of."""
        from tasks import onboarding_steps

        onboarding_steps.register()
