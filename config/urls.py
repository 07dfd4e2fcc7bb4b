"""Every address of the site."""

from django.contrib import admin
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from config.api import page_not_found


def healthz(request: HttpRequest) -> JsonResponse:
    """Does this process answer, and the database behind it?"""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


urlpatterns = [
    path("", RedirectView.as_view(url="/api/docs/")),
    path("api/healthz", healthz),
    path("admin/", admin.site.urls),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("api/v1/", include("workforce.api.urls")),
    path("api/v1/", include("qualification.api.urls")),
    path("api/v1/", include("payments.api.urls")),
    path("api/v1/", include("tasks.api.urls")),
    re_path("^api/", page_not_found),
]

handler404 = "config.api.page_not_found"
handler500 = "config.api.server_error"
