"""The OpenAPI document: put together once in the life of a process, and then the same bytes for everybody."""

import hashlib
import threading
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import translation
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.views.decorators.http import require_safe
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.settings import spectacular_settings

KEPT_SECONDS = 300  # in browsers and proxies; after that a look at the ETag is enough
RENDERERS = {"yaml": OpenApiYamlRenderer, "json": OpenApiJsonRenderer}
KIND_OF_TYPE = {
    "application/vnd.oai.openapi": "yaml",
    "application/yaml": "yaml",
    "application/vnd.oai.openapi+json": "json",
    "application/json": "json",
}


@dataclass(frozen=True)
class Document:
    """The document in one notation, as it is sent."""

    body: bytes
    etag: str
    content_type: str


_one_builds = threading.Lock()
_kept: dict[str, Document] = {}


def documents() -> dict[str, Document]:
    """The document in both notations. The first call takes seconds; others that come meanwhile wait for it, and it is made once."""
    if not _kept:
        with _one_builds:
            if not _kept:
                _kept.update(_built())
    return _kept


def _built() -> dict[str, Document]:
    with translation.override("en"):  # whoever asks first does not choose the language for all
        described = spectacular_settings.DEFAULT_GENERATOR_CLASS().get_schema(request=None, public=True)
        bodies = {kind: bytes(renderer().render(described, renderer_context={})) for kind, renderer in RENDERERS.items()}
    return {
        kind: Document(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"', f"{RENDERERS[kind].media_type}; charset=utf-8")
        for kind, body in bodies.items()
    }


@require_safe
def schema(request: HttpRequest) -> HttpResponseBase:
    """The document: as YAML, or as JSON with `?format=json` or to who asks for JSON. 304 to who has it already."""
    kind = request.GET.get("format") or KIND_OF_TYPE.get(request.get_preferred_type(list(KIND_OF_TYPE)) or "", "yaml")
    document = documents()["json" if kind == "json" else "yaml"]
    response = HttpResponse(document.body, content_type=document.content_type)
    response["ETag"] = document.etag
    response["Cache-Control"] = f"public, max-age={KEPT_SECONDS}"
    patch_vary_headers(response, ["Accept"])
    return get_conditional_response(request, etag=document.etag, response=response) or response
