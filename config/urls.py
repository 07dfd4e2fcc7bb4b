"""Every address of the site."""

from csp.decorators import csp_update
from django.contrib import admin
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularSwaggerSplitView

from config import pages, schema
from config.api import page_not_found
from config.readiness import readyz


def healthz(request: HttpRequest) -> JsonResponse:
    """Does this process answer, and the database behind it?"""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


swagger_page = csp_update({"style-src": ["'unsafe-inline'"]})(SpectacularSwaggerSplitView.as_view(url_name="schema"))

urlpatterns = [
    path("", pages.home, name="home"),
    path("account/", pages.account, name="account"),
    path("account/logout/", pages.SignOut.as_view(), name="account_logout"),
    path("account/", include("allauth.urls")),
    path("language/", include("django.conf.urls.i18n")),
    path("", include("workforce.pages.urls")),
    path("", include("tasks.pages.urls")),
    path("api/healthz", healthz),
    path("api/readyz", readyz),
    path("admin/", admin.site.urls),
    path("api/schema/", schema.schema, name="schema"),
    path("api/docs/", swagger_page, name="docs"),
    path("api/v1/", include("workforce.api.urls")),
    path("api/v1/", include("qualification.api.urls")),
    path("api/v1/", include("payments.api.urls")),
    path("api/v1/", include("tasks.api.urls")),
    re_path("^api/", page_not_found),
]

handler404 = "config.pages.not_found"
handler500 = "config.refusals.server_error"
