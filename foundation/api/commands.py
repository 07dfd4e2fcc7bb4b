"""The one shape of a command: validate, call one verb, shape the answer, once per Idempotency-Key."""

import hashlib
from abc import abstractmethod
from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

import orjson
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from foundation import idempotency, values
from foundation.api.strictness import check_fields
from foundation.clock import instant_of
from foundation.idempotency import Answer
from foundation.networks import address_of


class Command(APIView):
    """A POST that does one thing. Subclasses name `accepts` and `answers` and write `perform`.

    `perform` gets validated data and `now`, calls one verb and returns what `answers` renders (or None for an empty body).
    With an Idempotency-Key the command runs inside one transaction with the row that remembers it.
    """

    accepts: ClassVar[type[BaseSerializer[Any]] | None] = None
    answers: ClassVar[type[BaseSerializer[Any]] | None] = None
    status: ClassVar[int] = 200
    shaped: ClassVar[bool] = True  # False where `perform` returns the body just as `answers` describes it
    remembered: ClassVar[bool] = True  # False where the verb itself answers a repeat, from the key or from the state it left
    http_method_names = ["post", "options"]

    @abstractmethod
    def perform(self, request: Request, data: dict[str, Any], now: datetime, **path: Any) -> Any:
        """Call the verb and return what `answers` renders."""

    def post(self, request: Request, **path: Any) -> Response:
        """Run the command, or repeat its first answer."""
        now = instant_of(request)
        _ = (
            request.data
        )  # read to its end before any verb, also where nothing is expected in it: a broken or false body does nothing

        def perform() -> Answer:
            result = self.perform(request, self.validated(request), now, **path)
            shape = self.answers if self.shaped else None
            return self.status, shape(result, context={"request": request, "now": now}).data if shape else result

        key = idempotency_key(request) if self.remembered else None
        status, body = perform() if key is None else self._once(request, key, now, perform)
        return Response(body, status=status)

    def validated(self, request: Request) -> dict[str, Any]:
        """The body as `accepts` validates it; an empty dict for commands without a body. Raises UnknownField for what neither knows."""
        if self.accepts is None:
            check_fields(None, request.data)
            return {}
        serializer = self.accepts(data=request.data, context={"request": request})
        check_fields(serializer, request.data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    @staticmethod
    def _once(request: Request, key: str, now: datetime, perform: Callable[[], Answer]) -> Answer:
        actor = str(request.user.id) if request.user else _stranger(request)
        digest = idempotency.digest_of(request.method or "POST", request.get_full_path(), _canonical_body(request))

        def storable() -> Answer:
            status, body = perform()
            return status, orjson.loads(values.encode(body))  # as it is stored, so it is answered

        return idempotency.answer_once(actor_id=actor, key=key, digest=digest, now=now, perform=storable)


def idempotency_key(request: Request) -> str | None:
    """The caller's key for this command, if there is one. Raises BadKey for one that could not be kept."""
    key: str | None = request.headers.get("Idempotency-Key")
    if key is not None and not 1 <= len(key) <= idempotency.KEY_MAX_CHARACTERS:
        raise idempotency.BadKey(field="Idempotency-Key", limit=idempotency.KEY_MAX_CHARACTERS, got=len(key))
    if key is not None:
        values.check_text(key, field="Idempotency-Key")
    return key


def _canonical_body(request: Request) -> bytes:
    return orjson.dumps(request.data, option=orjson.OPT_SORT_KEYS, default=str)


def _stranger(request: Request) -> str:
    """Someone without an account (sign-up, log-in) is known by address, so that two strangers may choose one key."""
    return "address:" + hashlib.sha256(address_of(request).encode()).hexdigest()[:40]
