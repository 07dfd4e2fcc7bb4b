"""Workers in lists of organisations: filtered by the alias that they are shown under."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request

from workforce import access, aliases


def worker_called(*, owner: str) -> Callable[[QuerySet[Any], str, Request], QuerySet[Any]]:
    """For `narrowing` of a list: the rows about the worker with that alias; `owner` is their way to the organisation whose alias it is."""

    def narrowed(rows: QuerySet[Any], alias: str, request: Request) -> QuerySet[Any]:
        return aliases.of_worker(rows, alias, access.actor_of(request), owner=owner)

    return narrowed
