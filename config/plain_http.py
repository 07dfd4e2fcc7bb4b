"""The API is never spoken without TLS: a program that does so is told, instead of being redirected with its token already sent in the clear."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from config.api import error_body

PROBES = ("/api/healthz", "/api/readyz")  # a load balancer asks them from inside, without TLS


class EncryptedApi:
    """Refuses API requests that came without TLS where the site demands TLS. Stands before the middleware that redirects pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on, or refuse it with 403."""
        plain = settings.SECURE_SSL_REDIRECT and not request.is_secure()
        if plain and request.path.startswith("/api/") and request.path not in PROBES:
            message = "The API needs https. Change the address, and revoke the token that was sent without encryption."
            return JsonResponse(error_body("https_required", message, {}), status=403)
        return self.get_response(request)
